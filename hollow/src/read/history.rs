//! States that followed on each other, held for as long as one likes.

use super::ReadState;
use crate::Version;
use std::collections::VecDeque;
use std::time::SystemTime;

/// The last states of a chain. Each costs what the next one changed of it, so hundreds can be held.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let case = fixtures::vectors::case("large-random");
/// # let (from, to) = case.deltas()[0];
/// # let snapshot = case.snapshot(from).ok_or("no snapshot")?;
/// # let delta = case.delta(from, to).ok_or("no delta")?;
/// use hollow::read::{History, ReadState};
/// use std::time::SystemTime;
///
/// let mut history = History::with_limit(100);
/// let state = ReadState::from_snapshot(snapshot)?;
/// history.push(state.clone(), SystemTime::now());
/// history.push(state.apply_delta(delta)?, SystemTime::now());
/// for held in history.versions() {
///     println!("{:?} since {:?}: {} bytes", held.version, held.since, held.bytes);
/// }
/// assert_eq!(history.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct History {
    states: VecDeque<(ReadState, SystemTime)>,
    limit: usize,
}

/// What holding a state means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldVersion {
    /// The version, if the state was given one.
    pub version: Option<Version>,
    /// When the state became the current one.
    pub since: SystemTime,
    /// When the next one did; `None` for the current one.
    pub until: Option<SystemTime>,
    /// Bytes held for this state that the next one does not need; for the current one, all its bytes. What all states
    /// take together is the sum.
    pub bytes: usize,
}

impl History {
    /// Holds so many states, the current one included; at least that one.
    pub fn with_limit(states: usize) -> Self {
        Self {
            states: VecDeque::new(),
            limit: states.max(1),
        }
    }

    /// Makes a state the current one. Gives back the oldest if there are too many.
    pub fn push(&mut self, state: ReadState, since: SystemTime) -> Option<ReadState> {
        self.states.push_back((state, since));
        (self.states.len() > self.limit)
            .then(|| self.states.pop_front())?
            .map(|(state, _)| state)
    }

    /// How many states are held.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// The states, the oldest first.
    pub fn states(&self) -> impl ExactSizeIterator<Item = &ReadState> + DoubleEndedIterator {
        self.states.iter().map(|(state, _)| state)
    }

    /// The current state.
    pub fn current(&self) -> Option<&ReadState> {
        self.states.back().map(|(state, _)| state)
    }

    /// The state of this version.
    pub fn version(&self, version: Version) -> Option<&ReadState> {
        self.states().rev().find(|state| state.version() == Some(version))
    }

    /// The state that was the current one at this moment; `None` if that one is not held.
    pub fn at(&self, moment: SystemTime) -> Option<&ReadState> {
        let held = self.states.iter().rev().find(|(_, since)| *since <= moment);
        held.map(|(state, _)| state)
    }

    /// Drops all states that were replaced before this moment.
    pub fn drop_before(&mut self, moment: SystemTime) {
        while self.states.get(1).is_some_and(|(_, since)| *since <= moment) {
            self.states.pop_front();
        }
    }

    /// What is held, the oldest first. Compares the tables of neighbours, so the cost grows with the number of pages.
    pub fn versions(&self) -> impl Iterator<Item = HeldVersion> + '_ {
        self.states.iter().enumerate().map(|(at, (state, since))| {
            let next = self.states.get(at + 1);
            HeldVersion {
                version: state.version(),
                since: *since,
                until: next.map(|(_, since)| *since),
                bytes: next.map_or_else(|| state.memory_bytes(), |(next, _)| state.bytes_beside(next)),
            }
        })
    }

    /// Bytes held for all states.
    pub fn memory_bytes(&self) -> usize {
        self.versions().map(|held| held.bytes).sum()
    }
}
