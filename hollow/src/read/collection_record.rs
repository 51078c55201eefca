//! List, set and map records that are found once and gone over.

use super::kind::{Buckets, CollectionPlace, Entries};
use super::type_state::{ListTypeState, MapTypeState, SetTypeState};
use crate::Ordinal;

/// A list, set or map record, found once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CollectionRecord<'s>(CollectionPlace<'s>);

impl CollectionRecord<'_> {
    /// How many elements or entries there are.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.0.size()
    }

    /// Hands over place, key and value of each entry, in their order.
    #[inline(always)]
    pub(crate) fn for_each(&self, mut each: impl FnMut(u32, Ordinal, Ordinal)) {
        match self.0.entries() {
            Buckets::Block(span) => span.for_each(|place, key, value| {
                if let (Some(key), Some(value)) = (Ordinal::new(key as u32), Ordinal::new(value as u32)) {
                    each(place, key, value);
                }
            }),
            Buckets::Blob(_) => Entries::of(self.0).for_each(|entry| each(entry.place, entry.key, entry.value)),
        }
    }
}

macro_rules! collection_record {
    ($($name:ident)*) => {$(
        impl $name {
            /// A record, found once.
            #[inline]
            pub(crate) fn record(&self, ordinal: Ordinal) -> Option<CollectionRecord<'_>> {
                self.records.locate(ordinal).map(CollectionRecord)
            }
        }
    )*};
}

collection_record!(ListTypeState SetTypeState MapTypeState);
