//! Which pages two states do not share, and which slots of a page they share have other records over it.

use super::kind::RecordKind;
use super::log::Shared;
use super::overlay::{self, Overlay};
use super::records::Records;
use super::slots::{NO_SLOTS, SlotBits, set};
use super::table::Entry;
use std::sync::Arc;

/// A page that two states do not share, or not with all that lies over it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Differing {
    pub(super) number: u32,
    /// The slots that may differ; all of them if there is nothing. Others have one record that both states share.
    pub(super) slots: Option<SlotBits>,
}

/// Two states of a type.
struct Pair<'a, K: RecordKind> {
    one: &'a Records<K>,
    other: &'a Records<K>,
    same_file: bool,
    log: Shared,
}

impl<K: RecordKind> Records<K> {
    /// The pages that the two do not share, ascending. Between neighbours of a chain that costs what changed, and four bytes
    /// for each record that lies over one of these pages.
    pub(super) fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Differing> + 'a {
        let file = |records: &Self| records.mapped.as_ref().map(Arc::as_ptr);
        let pair = Pair {
            one: self,
            other,
            same_file: file(self) == file(other),
            log: self.log.shared(&other.log),
        };
        let mut all = 0..self.num_pages().max(other.num_pages());
        let mut pages = self.pages.differences(&other.pages).peekable();
        let mut overlays = self.overlays.differences(&other.overlays).peekable();
        let numbers = std::iter::from_fn(move || {
            if !pair.same_file {
                return all.next();
            }
            let next = pages.peek().into_iter().chain(overlays.peek()).min().copied()?;
            pages.next_if_eq(&next);
            overlays.next_if_eq(&next);
            Some(next)
        });
        numbers.map(move |number| Differing {
            number,
            slots: pair.touched(number),
        })
    }
}

impl<'a, K: RecordKind> Pair<'a, K> {
    /// The slots of a page that may differ, when both have the same page below: those that only one of them has a record
    /// over, or each another one. `None` if the pages are not the same.
    fn touched(&self, number: u32) -> Option<SlotBits> {
        let (a, b) = (self.one.pages.get(number), self.other.pages.get(number));
        if a.map(Entry::id) != b.map(Entry::id) || a.is_none() && !self.same_file {
            return None;
        }
        let overlay = |records: &'a Records<K>| records.overlays.get(number).map_or(&[][..], |overlay| overlay);
        Some(self.unlike(overlay(self.one), overlay(self.other)))
    }

    /// The slots of entries that are not the same in both. Where an entry is, it speaks of the same record if the logs share
    /// its place; that a slot is empty is always the same.
    fn unlike(&self, mut one: &Overlay, mut other: &Overlay) -> SlotBits {
        let mut touched = NO_SLOTS;
        let is_shared = |entry| overlay::place_of(entry).is_none_or(|place| self.log.contains(place));
        while let (Some((&a, rest_of_one)), Some((&b, rest_of_other))) = (one.split_first(), other.split_first()) {
            let (first, second) = (overlay::slot_of(a), overlay::slot_of(b));
            if first <= second {
                one = rest_of_one;
            }
            if second <= first {
                other = rest_of_other;
            }
            if a != b || !is_shared(a) {
                set(&mut touched, first.min(second), true);
            }
        }
        for &entry in one.iter().chain(other) {
            set(&mut touched, overlay::slot_of(entry), true);
        }
        touched
    }
}
