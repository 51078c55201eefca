//! Comparing two states page by page, by the hashes of what their pages hold.
//!
//! ```text
//! the two share page and overlay            the same, without a look at them
//! they share the page, not what lies over   the records that lie over it, in either
//! they do not share the page                all its records, in both
//! ```
//!
//! So between neighbours of a chain it costs what changed, and between a state and one read from a blob it is a look at
//! every record of both.

use super::TypeReadState;
use super::content::ContentHash;
use super::differing::Differing;
use super::kind::RecordKind;
use super::records::Records;
use super::slots::{PAGE_BITS, SlotBits, iter_bits};
use crate::Ordinal;

/// What two states hold in a page that they do not share. Records that they share are in neither hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DifferingPage {
    /// The number of the page: its ordinals divided by [`PAGE_ORDINALS`](super::PAGE_ORDINALS).
    pub(crate) number: u32,
    pub(crate) before: ContentHash,
    pub(crate) after: ContentHash,
}

/// The number of the page that an ordinal lies in.
pub(crate) fn page_of(ordinal: Ordinal) -> u32 {
    ordinal.get() >> PAGE_BITS
}

impl TypeReadState {
    /// The pages that this state and a later one do not share, ascending; `None` if the two are of different kinds.
    pub(crate) fn differing_pages(&self, after: &Self) -> Option<Vec<DifferingPage>> {
        match (self, after) {
            (Self::Object(a), Self::Object(b)) => Some(differing(&a.records, &b.records)),
            (Self::List(a), Self::List(b)) => Some(differing(&a.records, &b.records)),
            (Self::Set(a), Self::Set(b)) => Some(differing(&a.records, &b.records)),
            (Self::Map(a), Self::Map(b)) => Some(differing(&a.records, &b.records)),
            _ => None,
        }
    }

    /// The hash of one record; `None` if there is no such record.
    pub(crate) fn record_hash(&self, ordinal: Ordinal) -> Option<ContentHash> {
        match self {
            Self::Object(ty) => hash_of(&ty.records, ordinal),
            Self::List(ty) => hash_of(&ty.records, ordinal),
            Self::Set(ty) => hash_of(&ty.records, ordinal),
            Self::Map(ty) => hash_of(&ty.records, ordinal),
        }
    }
}

fn hash_of<K: RecordKind>(records: &Records<K>, ordinal: Ordinal) -> Option<ContentHash> {
    let row = records.locate(ordinal)?;
    Some(records.record_hash(ordinal.get(), row))
}

fn differing<K: RecordKind>(before: &Records<K>, after: &Records<K>) -> Vec<DifferingPage> {
    let pages = before
        .differing(after)
        .map(|Differing { number, slots }| DifferingPage {
            number,
            before: hash_of_some(before, number, slots.as_ref()),
            after: hash_of_some(after, number, slots.as_ref()),
        });
    pages.collect()
}

/// The hash of the records that are in these slots, or in all.
fn hash_of_some<K: RecordKind>(records: &Records<K>, number: u32, some: Option<&SlotBits>) -> ContentHash {
    let Some(some) = some else {
        return records.page_hash(number);
    };
    let of_slot = |slot| hash_of(records, Ordinal::new((number << PAGE_BITS) + slot)?);
    iter_bits(some)
        .filter_map(of_slot)
        .fold(ContentHash::default(), ContentHash::plus)
}
