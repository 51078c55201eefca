//! How much memory a delta may take.
//!
//! The records of a page take as many bits each as the widest value of every field, null included, and a page holds a
//! few bytes for each field. A delta can lack fields that the state has, so with few bytes it could call for very much.
//! What it may call for is bounded by its own bytes and by the pages it changes.
//!
//! A delta that has all fields is never refused. Its records have at least a bit of each field. A page has 1,024 of them at
//! most and becomes as wide as the old page and one added record together, so it takes no more than its old records, 65
//! times the added ones (a bit that becomes as wide as a LONG or the end of a text) and 1,024 times one added record. A
//! page where there was none takes 16 bytes for each field besides, which the same bits pay for.

use std::cell::Cell;

/// For each byte of the delta.
const EACH_BYTE: u64 = 256;
/// For each byte of fixed-length data of added records.
const EACH_ADDED_BYTE: u64 = 2048;
/// For each byte of records in the pages that are changed.
const EACH_OLD_BYTE: u64 = 4;
/// For any delta.
const BASE: u64 = 16 << 20;

/// Bytes of memory that may still be taken for pages.
#[derive(Debug)]
pub(super) struct Budget {
    left: Cell<u64>,
}

/// More memory is needed than is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OverBudget {
    pub(super) needed: u64,
    pub(super) left: u64,
}

impl Budget {
    /// For a delta of so many bytes, parts included.
    pub(super) fn of_delta(bytes: usize) -> Self {
        Self {
            left: Cell::new(BASE.saturating_add((bytes as u64).saturating_mul(EACH_BYTE))),
        }
    }

    /// For snapshots: they have every field they make, and all bits of every record.
    pub(super) fn unlimited() -> Self {
        Self {
            left: Cell::new(u64::MAX),
        }
    }

    /// A page with so many bytes of records is changed, and records of so many bits are added to it.
    pub(super) fn add_page(&self, old_bytes: u64, added_bits: u64) {
        let added = added_bits.saturating_mul(EACH_ADDED_BYTE / 8);
        let more = old_bytes.saturating_mul(EACH_OLD_BYTE).saturating_add(added);
        self.left.set(self.left.get().saturating_add(more));
    }

    /// Takes so many bytes.
    pub(super) fn take(&self, needed: u64) -> Result<(), OverBudget> {
        let left = self.left.get();
        self.left
            .set(left.checked_sub(needed).ok_or(OverBudget { needed, left })?);
        Ok(())
    }
}
