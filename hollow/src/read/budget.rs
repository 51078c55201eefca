//! How much memory a delta may take.
//!
//! The records of a page take as many bits each as the widest value of every field, null included, and a page holds a
//! few bytes for each field. A delta can lack fields that the state has, so with few bytes it could call for very much.
//! What it may call for is bounded by its own bytes and by the pages it changes. The factors are far above what a delta
//! needs that has most of the fields: a value that is one bit wide can become 64 wide in a page it comes to.

use std::cell::Cell;

/// For each byte of the delta.
const EACH_BYTE: u64 = 256;
/// For each byte of records in the pages that are changed.
const EACH_OLD_BYTE: u64 = 64;
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

    /// A page with so many bytes of records is changed.
    pub(super) fn add_old(&self, bytes: u64) {
        let more = bytes.saturating_mul(EACH_OLD_BYTE);
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
