//! Ordinals of records that were added in this cycle already, by their address.
//!
//! Many records of a dataset are shared by others, and a program that holds them in an `Arc` adds the same one over and
//! over. The memo answers with the ordinal it got the first time. It holds a clone of the `Arc`: the address stays that
//! of the same, unchanged value. An `Arc` that nobody else holds is not worth remembering and is not held.

use crate::Ordinal;
use hashbrown::HashTable;
use std::any::Any;
use std::sync::Arc;

/// Beyond so many the memo starts anew, so that a program that makes them as it goes does not keep them all in memory.
const MAX_REMEMBERED: usize = 1 << 18;

/// What keeps a shared value where it is.
pub(super) enum Keep {
    Any { _held: Arc<dyn Any + Send + Sync> },
    Text { _held: Arc<str> },
}

impl std::fmt::Debug for Keep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keep")
    }
}

/// A pointer to a value that others may point to as well.
pub(super) trait Shared {
    /// Whether somebody else has one.
    fn is_shared(&self) -> bool;
    /// Where the value is.
    fn address(&self) -> usize;
    /// Keeps it there.
    fn keep(&self) -> Keep;
}

macro_rules! shared {
    ([$($generics:tt)*] $ty:ty, $keep:ident) => {
        impl<$($generics)*> Shared for Arc<$ty> {
            #[inline]
            fn is_shared(&self) -> bool {
                Arc::strong_count(self) > 1
            }

            #[inline]
            fn address(&self) -> usize {
                Arc::as_ptr(self).addr()
            }

            fn keep(&self) -> Keep {
                Keep::$keep { _held: self.clone() }
            }
        }
    };
}
shared!([T: Send + Sync + 'static] T, Any);
shared!([] str, Text);

#[derive(Clone, Copy, Debug)]
struct Remembered {
    address: usize,
    plan: u32,
    ordinal: Ordinal,
}

/// What is remembered; good as long as the records stay in the engine's cycle.
#[derive(Debug, Default)]
pub(super) struct Memo {
    table: HashTable<Remembered>,
    kept: Vec<Keep>,
    variants: Vec<Vec<Option<Ordinal>>>,
}

/// Addresses differ in their middle bits: a multiplication brings them to the top, where the table looks first.
#[inline]
fn hash(address: usize, plan: usize) -> u64 {
    let product = (address as u64 ^ (plan as u64) << 56).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    product ^ product >> 32
}

impl Memo {
    #[inline]
    pub(super) fn get(&self, address: usize, plan: usize) -> Option<Ordinal> {
        let same = |found: &Remembered| found.address == address && found.plan as usize == plan;
        self.table.find(hash(address, plan), same).map(|found| found.ordinal)
    }

    pub(super) fn insert(&mut self, address: usize, plan: usize, ordinal: Ordinal, keep: Keep) {
        if self.table.len() >= MAX_REMEMBERED {
            self.table.clear();
            self.kept.clear();
        }
        let remembered = Remembered {
            address,
            plan: plan as u32,
            ordinal,
        };
        let rehash = |other: &Remembered| hash(other.address, other.plan as usize);
        self.table.insert_unique(hash(address, plan), remembered, rehash);
        self.kept.push(keep);
    }

    #[inline]
    pub(super) fn variant(&self, plan: usize, index: usize) -> Option<Ordinal> {
        *self.variants.get(plan)?.get(index)?
    }

    pub(super) fn set_variant(&mut self, plan: usize, index: usize, ordinal: Ordinal) {
        if self.variants.len() <= plan {
            self.variants.resize_with(plan + 1, Vec::new);
        }
        let of_plan = &mut self.variants[plan];
        if of_plan.len() <= index {
            of_plan.resize(index + 1, None);
        }
        of_plan[index] = Some(ordinal);
    }

    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.kept.clear();
        self.variants.iter_mut().for_each(Vec::clear);
    }
}
