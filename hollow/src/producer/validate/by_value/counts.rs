//! The records of a type by value, carried from state to state at the cost of what changes.

use crate::index::ValuePath;
use crate::read::{Part, ReadState, Transition};
use crate::{Ordinal, Version};
use std::collections::HashMap;

/// More values than this are not counted: a field that tells its records apart is not one to count by.
const MOST_VALUES: usize = 100_000;

/// A state, as far as a producer can tell one from another: an announced state is the last that was judged under its
/// version and tag.
type Id = (Option<Version>, i64);

fn id(state: &ReadState) -> Id {
    (state.version(), state.tag())
}

/// What was counted last: the announced state, and the candidate that may come to be announced.
#[derive(Debug, Default)]
pub(super) struct Known {
    announced: Option<Id>,
    counts: HashMap<String, u64>,
    candidate: Option<(Id, Next)>,
}

/// The counts of a candidate.
#[derive(Debug)]
enum Next {
    /// What it makes of those before.
    Changes(HashMap<String, i64>),
    /// All of them: nothing led from the state before.
    Whole(HashMap<String, u64>),
}

/// The counts of a candidate beside those of the announced state.
pub(super) struct Counts<'k> {
    before: &'k HashMap<String, u64>,
    next: &'k Next,
}

impl Known {
    /// Counts a candidate. `previous` is the announced state, with the path in it if it has the field.
    pub(super) fn follow(
        &mut self,
        type_name: &str,
        previous: Option<(&ReadState, Option<ValuePath>)>,
        (state, path): (&ReadState, &ValuePath),
    ) -> Result<Counts<'_>, String> {
        let candidate = self.candidate.take();
        let announced = previous.as_ref().map(|(previous, _)| id(previous));
        match (candidate, &previous) {
            _ if announced.is_some() && self.announced == announced => {}
            (Some((candidate, next)), _) if Some(candidate) == announced => self.go_on(next),
            (_, Some((previous, Some(path)))) => {
                self.announced = None; // should counting fail
                self.counts = count_all(previous, path, type_name)?;
            }
            _ => self.counts = HashMap::new(),
        }
        self.announced = announced;
        let next = match previous {
            Some((previous, Some(before))) if state.is_next_to(previous) => {
                Next::Changes(count_changes((previous, &before), (state, path), type_name)?)
            }
            _ => Next::Whole(count_all(state, path, type_name)?),
        };
        let (_, next) = self.candidate.insert((id(state), next));
        Ok(Counts {
            before: &self.counts,
            next,
        })
    }

    /// The candidate is announced.
    fn go_on(&mut self, next: Next) {
        match next {
            Next::Whole(counts) => self.counts = counts,
            Next::Changes(changes) => {
                for (value, change) in changes {
                    let count = self
                        .counts
                        .get(&value)
                        .copied()
                        .unwrap_or(0)
                        .saturating_add_signed(change);
                    match count {
                        0 => drop(self.counts.remove(&value)),
                        count => drop(self.counts.insert(value, count)),
                    }
                }
            }
        }
    }
}

impl<'k> Counts<'k> {
    /// How many records the announced state has with this value.
    pub(super) fn before(&self, value: &str) -> u64 {
        self.before.get(value).copied().unwrap_or(0)
    }

    /// How many the candidate has.
    pub(super) fn now(&self, value: &str) -> u64 {
        match self.next {
            Next::Whole(counts) => counts.get(value).copied().unwrap_or(0),
            Next::Changes(changes) => {
                let change = changes.get(value).copied().unwrap_or(0);
                self.before(value).saturating_add_signed(change)
            }
        }
    }

    /// The values of which the candidate has fewer records.
    pub(super) fn fallen(&self) -> Vec<&'k str> {
        let fell = |&value: &&'k str| self.now(value) < self.before(value);
        match self.next {
            Next::Whole(_) => self.before.keys().map(String::as_str).filter(fell).collect(),
            Next::Changes(changes) => changes.keys().map(String::as_str).filter(fell).collect(),
        }
    }
}

/// Counts by value, each record once, whatever leads it to the value.
struct Tally<'s> {
    state: &'s ReadState,
    path: &'s ValuePath,
    counts: HashMap<Part<'s>, (u64, Ordinal)>,
}

impl<'s> Tally<'s> {
    fn of(state: &'s ReadState, path: &'s ValuePath, records: impl Iterator<Item = Ordinal>) -> Result<Self, String> {
        let mut this = Self {
            state,
            path,
            counts: HashMap::new(),
        };
        for record in records {
            this.add(record)?;
        }
        Ok(this)
    }

    fn add(&mut self, record: Ordinal) -> Result<(), String> {
        let counts = &mut self.counts;
        self.path.each(self.state, record, &mut |value| {
            let (count, last) = counts.entry(value).or_insert((0, record));
            if *count == 0 || *last != record {
                (*count, *last) = (*count + 1, record);
            }
        });
        match self.counts.len() {
            ..=MOST_VALUES => Ok(()),
            _ => Err(format!(
                "the field has more than {MOST_VALUES} values: it is not one to count by"
            )),
        }
    }

    fn into_texts(self) -> impl Iterator<Item = (String, u64)> {
        let counts = self.counts.into_iter();
        counts.filter_map(|(value, (count, _))| Some((text(value)?, count)))
    }
}

/// A value as it is written in limits; nothing for those that are not counted by.
fn text(value: Part<'_>) -> Option<String> {
    match value {
        Part::Int(number) => Some(number.to_string()),
        Part::Long(number) => Some(number.to_string()),
        Part::Boolean(value) => Some(value.to_string()),
        Part::Text(text) => Some(text.to_string()),
        Part::Float(_) | Part::Double(_) | Part::Bytes(_) => None,
    }
}

fn count_all(state: &ReadState, path: &ValuePath, type_name: &str) -> Result<HashMap<String, u64>, String> {
    let records = state.ty(type_name).into_iter().flat_map(|ty| ty.populated());
    Ok(Tally::of(state, path, records)?.into_texts().collect())
}

/// What leads from a state to the next. A record that stays leads where it led: what it refers to stays as long.
fn count_changes(
    (before, path_before): (&ReadState, &ValuePath),
    (after, path): (&ReadState, &ValuePath),
    type_name: &str,
) -> Result<HashMap<String, i64>, String> {
    let changes = Transition::of_type(before, after, type_name);
    let removed = Tally::of(before, path_before, changes.removed.iter().filter_map(Ordinal::new))?;
    let added = Tally::of(after, path, changes.added.iter().filter_map(Ordinal::new))?;
    let mut sums: HashMap<String, i64> = HashMap::new();
    for (value, count) in removed.into_texts() {
        let sum = sums.entry(value).or_default();
        *sum = sum.saturating_sub_unsigned(count);
    }
    for (value, count) in added.into_texts() {
        let sum = sums.entry(value).or_default();
        *sum = sum.saturating_add_unsigned(count);
    }
    sums.retain(|_, sum| *sum != 0);
    Ok(sums)
}
