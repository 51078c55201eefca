//! The first cycle after a restore: records of the restored state wait for being recognised.
//!
//! See `docs/format.md`, section 12.1. The records of the restored state lie in the [`RecordStore`] at their ordinals,
//! in the form they take if nobody claims them, but no table finds them. A record that is added is compared with them
//! in a form that leaves out what the old state cannot know: new fields, and buckets of sets and maps.

use super::ordinal_table::OrdinalTable;
use super::record_form::{self, Shape};
use super::record_hash::RecordHasher;
use super::record_store::{Place, RecordStore};
use super::type_state::home_partition;
use crate::Ordinal;
use crate::memory::{OrdinalSet, var_int};
use std::borrow::Cow;

/// How records are compared with those of the restored state.
#[derive(Clone, Debug)]
pub(super) enum Common {
    /// By all their bytes.
    Whole,
    /// By those fields of an object that both schemas have.
    Fields(Vec<bool>),
    /// By elements or entries, without buckets.
    WithoutBuckets,
}

impl Common {
    fn form<'r>(&self, shape: &Shape, record: &'r [u8]) -> Cow<'r, [u8]> {
        match (self, shape) {
            (Common::Fields(shared), Shape::Object(fields)) => {
                let mut out = Vec::with_capacity(record.len());
                let mut rest = record;
                for (&kind, &is_shared) in fields.iter().zip(shared) {
                    let before = rest;
                    record_form::take_field(&mut rest, kind);
                    if is_shared {
                        out.extend_from_slice(&before[..before.len() - rest.len()]);
                    }
                }
                out.into()
            }
            (Common::WithoutBuckets, Shape::Set(_)) => {
                let mut out = Vec::with_capacity(record.len());
                var_int::write_u32(&mut out, record_form::collection(record).0);
                let mut previous = 0;
                for (element, _) in record_form::set_elements(record) {
                    var_int::write_u32(&mut out, element - previous);
                    previous = element;
                }
                out.into()
            }
            (Common::WithoutBuckets, Shape::Map(..)) => {
                let mut out = Vec::with_capacity(record.len());
                var_int::write_u32(&mut out, record_form::collection(record).0);
                let mut previous = 0;
                for (key, value, _) in record_form::map_entries(record) {
                    var_int::write_u32(&mut out, key - previous);
                    var_int::write_u32(&mut out, value);
                    previous = key;
                }
                out.into()
            }
            _ => record.into(),
        }
    }
}

/// The hash that the tables of this module hold.
fn table_hash(hasher: &RecordHasher, form: &[u8]) -> u32 {
    (hasher.hash(form) >> 32) as u32
}

/// What is kept of the restored state until the first cycle ends.
#[derive(Debug)]
pub(super) struct Restored {
    common: Common,
    lookup: Vec<OrdinalTable>, // one for each partition, by the common form
    unclaimed: OrdinalSet,
    replaced: Vec<(Ordinal, Place)>, // what a claim put aside, for a reset
}

impl Restored {
    /// Of records that are in the store already, at the ordinals populated in the restored state.
    pub(super) fn new(
        populated: &OrdinalSet,
        common: Common,
        num_partitions: usize,
        shape: &Shape,
        records: &RecordStore,
        hasher: &RecordHasher,
    ) -> Self {
        let mut lookup: Vec<OrdinalTable> = (0..num_partitions).map(|_| OrdinalTable::default()).collect();
        for ordinal in populated {
            let form = common.form(shape, records.own(ordinal).unwrap_or_default());
            let hash = table_hash(hasher, &form);
            let table = &mut lookup[ordinal.index() % num_partitions];
            // Of records that look alike, the lowest ordinal stands for all.
            let known = table.find(hash, |other| {
                common.form(shape, records.own(other).unwrap_or_default()) == form
            });
            if known.is_none() {
                table.insert(hash, ordinal);
            }
        }
        Self {
            common,
            lookup,
            unclaimed: populated.clone(),
            replaced: Vec::new(),
        }
    }

    /// The ordinal at which the restored state had a record that looks like this one.
    pub(super) fn find(
        &self,
        record: &[u8],
        shape: &Shape,
        records: &RecordStore,
        hasher: &RecordHasher,
    ) -> Option<Ordinal> {
        let form = self.common.form(shape, record);
        let hash = table_hash(hasher, &form);
        let home = home_partition(&form, self.lookup.len());
        (0..self.lookup.len()).find_map(|step| {
            self.lookup[(home + step) % self.lookup.len()].find(hash, |ordinal| {
                records
                    .own(ordinal)
                    .is_some_and(|stored| self.common.form(shape, stored) == form)
            })
        })
    }

    /// Makes an ordinal of the restored state that of this record; `false` if another one has it already.
    pub(super) fn claim(&mut self, ordinal: Ordinal, record: &[u8], records: &mut RecordStore) -> bool {
        if !self.unclaimed.remove(ordinal) {
            return false;
        }
        if records.own(ordinal) != Some(record) {
            if let Some(place) = records.detach(ordinal) {
                self.replaced.push((ordinal, place));
            }
            records.insert(ordinal, record);
        }
        true
    }

    /// The records that nobody claimed.
    pub(super) fn give_up_unclaimed(&mut self) -> OrdinalSet {
        std::mem::take(&mut self.unclaimed)
    }

    /// Puts back what claims replaced. The caller empties its tables.
    pub(super) fn undo(&mut self, populated: &OrdinalSet, records: &mut RecordStore) {
        for (ordinal, place) in self.replaced.drain(..) {
            records.remove_own(ordinal);
            records.reattach(ordinal, place);
        }
        self.unclaimed = populated.clone();
    }

    /// The first cycle is over.
    pub(super) fn end(self, records: &mut RecordStore) {
        self.replaced.into_iter().for_each(|(_, place)| records.discard(place));
    }
}
