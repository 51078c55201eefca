//! Which records a type has in this cycle and which it had in the one before, at the cost of the difference.
//!
//! ```text
//! cycle begins        both sets hold the same bits; those of this cycle do not count yet (vacant)
//! all carried over    they count; from here on a log names every ordinal that may differ
//! anything else first they are cleared, and only a comparison of all bits tells the difference
//! ```
//!
//! So a cycle that carries everything over and changes ten records looks at ten ordinals, however many there are.

use super::populated::{Populated, highest_absent};
use crate::Ordinal;
use crate::memory::OrdinalSet;
use std::sync::OnceLock;

/// The records of this cycle and of the previous one.
#[derive(Debug, Default)]
pub(super) struct Membership {
    current: Populated,
    previous: Populated,
    /// Nothing is part of this cycle, although the bits of `current` are those of `previous`.
    vacant: bool,
    /// Since everything was carried over: ordinals that may be in one set only, or in neither.
    log: Option<Vec<Ordinal>>,
}

/// The records that came with a cycle and those that went, each ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Records of this cycle that the one before did not have.
    pub added: Vec<Ordinal>,
    /// Records of the previous cycle that this one does not have.
    pub removed: Vec<Ordinal>,
}

impl Changes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// Each of these once.
fn ascending(ordinals: &[Ordinal]) -> Vec<Ordinal> {
    let Some(&highest) = ordinals.iter().max() else {
        return Vec::new();
    };
    // Bits need no sorting, if there are not too many of them for that.
    if highest.index() / 64 <= ordinals.len() {
        let mut set = OrdinalSet::new();
        set.insert(highest);
        for &ordinal in ordinals {
            set.insert(ordinal);
        }
        return set.iter().collect();
    }
    let mut sorted = ordinals.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

fn nothing() -> &'static OrdinalSet {
    static NOTHING: OnceLock<OrdinalSet> = OnceLock::new();
    NOTHING.get_or_init(OrdinalSet::new)
}

impl Membership {
    /// The records of this cycle.
    pub(super) fn current(&self) -> &OrdinalSet {
        if self.vacant { nothing() } else { self.current.set() }
    }

    /// The records of the previous cycle.
    pub(super) fn previous(&self) -> &OrdinalSet {
        self.previous.set()
    }

    #[inline]
    pub(super) fn has_current(&self, ordinal: Ordinal) -> bool {
        !self.vacant && self.current.contains(ordinal)
    }

    #[inline]
    pub(super) fn has_previous(&self, ordinal: Ordinal) -> bool {
        self.previous.contains(ordinal)
    }

    /// Takes a record into this cycle.
    #[inline]
    pub(super) fn insert(&mut self, ordinal: Ordinal) {
        self.settle();
        // A new record was noted just before.
        if self.current.insert(ordinal)
            && let Some(log) = &mut self.log
            && log.last() != Some(&ordinal)
        {
            log.push(ordinal);
        }
    }

    /// Takes many records into this cycle.
    pub(super) fn insert_all(&mut self, ordinals: &OrdinalSet) {
        self.settle();
        if let Some(last) = ordinals.last() {
            self.current.touch(last);
        }
        match &mut self.log {
            Some(log) => log.extend(ordinals.iter().filter(|&ordinal| self.current.insert(ordinal))),
            None => self.current.insert_all(ordinals),
        }
    }

    /// Takes a record out of this cycle; true if it was in.
    pub(super) fn remove(&mut self, ordinal: Ordinal) -> bool {
        self.settle();
        let was_there = self.current.remove(ordinal);
        if let Some(log) = self.log.as_mut().filter(|_| was_there) {
            log.push(ordinal);
        }
        was_there
    }

    /// Notes a record that got its ordinal in this cycle and need not be part of it.
    #[inline]
    pub(super) fn note(&mut self, ordinal: Ordinal) {
        if let Some(log) = &mut self.log {
            log.push(ordinal);
        }
    }

    /// Takes a record into the previous cycle, for states that are put together by hand.
    pub(super) fn insert_previous(&mut self, ordinal: Ordinal) {
        self.settle();
        self.log = None;
        self.previous.insert(ordinal);
    }

    /// Carries every record of the previous cycle over.
    pub(super) fn carry_all(&mut self) {
        self.current.make_as_large_as(&self.previous);
        if self.vacant {
            self.vacant = false;
            self.log = Some(Vec::new());
        } else if let Some(log) = &mut self.log {
            let gone: Vec<Ordinal> = log.iter().copied().filter(|&o| self.previous.contains(o)).collect();
            log.extend(gone.into_iter().filter(|&ordinal| self.current.insert(ordinal)));
        } else {
            self.current.insert_all(self.previous.set());
        }
    }

    /// Takes everything out of this cycle.
    pub(super) fn clear_current(&mut self) {
        self.settle();
        self.current.clear();
        self.log = None;
    }

    /// Back to where the cycle began.
    pub(super) fn reset(&mut self) {
        match self.log.take() {
            _ if self.vacant => {}
            Some(log) => self.current.align(&self.previous, &log),
            None => self.current.copy_bits(&self.previous),
        }
        self.vacant = true;
    }

    /// The next cycle begins: this one becomes the previous one.
    pub(super) fn advance(&mut self) {
        let log = self.log.take();
        if self.vacant {
            self.current.clear();
        }
        std::mem::swap(&mut self.current, &mut self.previous);
        match log {
            Some(log) => self.current.align(&self.previous, &log),
            None => self.current.copy_bits(&self.previous),
        }
        self.vacant = true;
    }

    /// Whether the two sets differ.
    pub(super) fn has_changed(&self) -> bool {
        match &self.log {
            Some(log) => log.iter().any(|&ordinal| self.differs(ordinal)),
            None => self.current() != self.previous(),
        }
    }

    /// What came and went. Costs what was touched if everything was carried over at first, else a look at all bits.
    pub(super) fn changes(&self) -> Changes {
        match &self.log {
            Some(_) => {
                let touched = self.touched().unwrap_or_default();
                let (added, removed) = touched
                    .into_iter()
                    .filter(|&ordinal| self.differs(ordinal))
                    .partition(|&ordinal| self.current.contains(ordinal));
                Changes { added, removed }
            }
            None => Changes {
                added: self.current().difference(self.previous()).iter().collect(),
                removed: self.previous().difference(self.current()).iter().collect(),
            },
        }
    }

    /// The ordinals, ascending, outside of which the two sets agree and no record is new; `None` if that can be any.
    pub(super) fn touched(&self) -> Option<Vec<Ordinal>> {
        self.log.as_deref().map(ascending)
    }

    fn differs(&self, ordinal: Ordinal) -> bool {
        self.current.contains(ordinal) != self.previous.contains(ordinal)
    }

    /// Makes the bits of this cycle count, without any.
    #[inline]
    fn settle(&mut self) {
        if self.vacant {
            self.current.clear();
            self.vacant = false;
        }
    }

    /// Words on the wire of the set of this cycle.
    pub(super) fn num_words(&self) -> u32 {
        self.current.num_words()
    }

    /// Makes room for this ordinal in the set of this cycle.
    pub(super) fn touch_current(&mut self, ordinal: Ordinal) {
        self.current.touch(ordinal);
    }

    /// Makes room for this ordinal in the set of the previous cycle.
    pub(super) fn touch_previous(&mut self, ordinal: Ordinal) {
        self.previous.touch(ordinal);
    }

    /// Grows the sets as the decision on a layout does: the previous one to the highest ordinal that this one lacks.
    pub(super) fn touch_for_layout(&mut self, max: Ordinal) {
        self.current.touch(max);
        let from = self.previous.room();
        if let Some(absent) = highest_absent(self.current(), from, max) {
            self.previous.touch(absent);
        }
    }

    /// Grows the sets as the writing of a delta does: both ways it looks for records that one state has and the other
    /// has not, at first in the one it comes from, then in the one it goes to.
    pub(super) fn touch_for_delta(&mut self, reverse: bool, max: Ordinal, changes: &Changes) {
        let added = if reverse { &changes.removed } else { &changes.added };
        let mut absent = Some(max);
        let above = added.iter().rev().skip_while(|&&ordinal| ordinal > max);
        for &ordinal in above {
            if absent != Some(ordinal) {
                break;
            }
            absent = ordinal.get().checked_sub(1).and_then(Ordinal::new);
        }
        if self.vacant {
            self.settle();
            self.log = None;
        }
        let (from, to) = match reverse {
            false => (&mut self.previous, &mut self.current),
            true => (&mut self.current, &mut self.previous),
        };
        if let Some(ordinal) = absent {
            from.touch(ordinal);
        }
        if let Some(last) = from.set().last() {
            to.touch(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn ordinal(number: u32) -> Ordinal {
        Ordinal::new(number).expect("small")
    }

    /// What the two sets are, kept in the plainest way.
    #[derive(Default)]
    struct Model {
        current: BTreeSet<u32>,
        previous: BTreeSet<u32>,
    }

    fn numbers(set: &OrdinalSet) -> BTreeSet<u32> {
        set.iter().map(Ordinal::get).collect()
    }

    proptest! {
        #[test]
        fn both_sets_and_their_difference_are_those_of_plain_sets(
            steps in prop::collection::vec((0u8..8, 0u32..300), 0..120)
        ) {
            let (mut membership, mut model) = (Membership::default(), Model::default());
            for (step, number) in steps {
                match step {
                    0 | 1 => {
                        membership.insert(ordinal(number));
                        model.current.insert(number);
                    }
                    2 => prop_assert_eq!(membership.remove(ordinal(number)), model.current.remove(&number)),
                    3 => {
                        membership.carry_all();
                        model.current.extend(&model.previous);
                    }
                    4 if number < 30 => {
                        membership.clear_current();
                        model.current.clear();
                    }
                    5 if number < 100 => {
                        membership.reset();
                        model.current.clear();
                    }
                    6 | 7 => {
                        membership.advance();
                        model.previous = std::mem::take(&mut model.current);
                    }
                    _ => membership.note(ordinal(number)),
                }
                prop_assert_eq!(&numbers(membership.current()), &model.current);
                prop_assert_eq!(&numbers(membership.previous()), &model.previous);
                prop_assert_eq!(membership.has_changed(), model.current != model.previous);
                let changes = membership.changes();
                let plain = |of: &[Ordinal]| of.iter().map(|o| o.get()).collect::<Vec<_>>();
                let minus = |a: &BTreeSet<u32>, b: &BTreeSet<u32>| a.difference(b).copied().collect::<Vec<_>>();
                prop_assert_eq!(plain(&changes.added), minus(&model.current, &model.previous));
                prop_assert_eq!(plain(&changes.removed), minus(&model.previous, &model.current));
            }
        }
    }

    #[test]
    fn a_carried_cycle_touches_what_it_changes() {
        let mut membership = Membership::default();
        (0..1000).for_each(|number| membership.insert(ordinal(number)));
        assert_eq!(membership.touched(), None);
        membership.advance();
        membership.carry_all();
        membership.remove(ordinal(7));
        membership.insert(ordinal(1000));
        membership.insert(ordinal(5));
        assert_eq!(membership.touched(), Some(vec![ordinal(7), ordinal(1000)]));
        membership.reset();
        membership.carry_all();
        assert_eq!(membership.touched(), Some(Vec::new()));
        assert!(!membership.has_changed());
    }
}
