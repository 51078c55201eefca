//! List, set and map records of a page, found one after the other and gone over.

use super::kind::{Buckets, CollectionPlace, Entries};
use super::overlay;
use super::slots::{PAGE_BITS, SlotBits, iter_bits};
use super::type_state::{ListTypeState, MapTypeState, SetTypeState};
use crate::Ordinal;
use std::ops::Range;

/// A list, set or map record, found by its ordinal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FoundCollection<'s>(CollectionPlace<'s>);

impl FoundCollection<'_> {
    /// How many elements or entries there are.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.0.size()
    }

    /// Hands over key and value of each entry, in their order; an element is a key.
    #[inline(always)]
    pub(crate) fn for_each(&self, mut each: impl FnMut(Ordinal, Ordinal)) {
        Entries::of(self.0).for_each(|entry| each(entry.key, entry.value));
    }
}

/// A list, set or map record of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CollectionRecord<'s>(Buckets<'s>);

impl CollectionRecord<'_> {
    /// How many entries there are: elements of a list, buckets of a set or map.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.0.len()
    }

    /// Hands over number, key and value of these entries, and whether there is one: empty buckets are handed over too, so
    /// that nothing is to be decided from one to the next, which could hardly be guessed.
    #[inline(always)]
    pub(crate) fn for_each(&self, numbers: Range<u32>, mut each: impl FnMut(u32, u32, u32, bool)) {
        match &self.0 {
            Buckets::Block(span) => span.for_each(numbers, |number, key, value, is_there| {
                each(number, key as u32, value as u32, is_there);
            }),
            Buckets::Blob(_) => {
                for entry in numbers.filter_map(|number| self.0.get(number)) {
                    each(entry.place, entry.key.get(), entry.value.get(), true);
                }
            }
        }
    }
}

macro_rules! collection_records {
    ($($name:ident)*) => {$(
        impl $name {
            /// A record, found once.
            #[inline]
            pub(crate) fn record(&self, ordinal: Ordinal) -> Option<FoundCollection<'_>> {
                self.records.locate(ordinal).map(FoundCollection)
            }

            /// Hands over the records of a page in these slots, ascending.
            #[inline(always)]
            pub(crate) fn for_each(
                &self,
                number: u32,
                slots: &SlotBits,
                mut each: impl FnMut(Ordinal, CollectionRecord<'_>),
            ) {
                let mut over = self.records.overlays.get(number).map_or(&[][..], |overlay| overlay);
                for slot in iter_bits(slots) {
                    while let Some((&entry, rest)) = over.split_first()
                        && overlay::slot_of(entry) < slot
                    {
                        over = rest;
                    }
                    let place = match over.first() {
                        Some(&entry) if overlay::slot_of(entry) == slot => {
                            let found = overlay::place_of(entry).and_then(|place| self.records.log.get(place));
                            found.map(|(block, position)| CollectionPlace::Block(block, position))
                        }
                        _ => self.records.below(number, slot),
                    };
                    if let (Some(ordinal), Some(place)) = (Ordinal::new((number << PAGE_BITS) + slot), place) {
                        each(ordinal, CollectionRecord(place.entries()));
                    }
                }
            }
        }
    )*};
}

collection_records!(ListTypeState SetTypeState MapTypeState);
