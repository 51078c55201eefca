//! Adding several records of a type at once.
//!
//! Looking for a record in a large table waits for memory three times: for tags, for a slot, for the record itself. Where
//! several records are there to look for, the processor waits for all of them together:
//!
//! ```text
//! tags of all  ->  slots of all that have a tag alike  ->  records of all that have a slot  ->  one after the other
//! ```
//!
//! What comes out is what adding one after the other gives.

use super::record_store::Place;
use super::type_state::TypeState;
use super::{TypeId, WriteError, WriteStateEngine, adding};
use crate::Ordinal;
use std::hint::black_box;

/// A type whose records take less than this lies in caches near by, and there is nothing to wait for.
const NEAR_BYTES: u64 = 1 << 20;

/// Serialized records, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct RecordList {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl RecordList {
    pub(crate) fn push(&mut self, record: &[u8]) {
        self.bytes.extend_from_slice(record);
        self.ends.push(self.bytes.len());
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all records.
    pub(crate) fn num_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The record at a position; nothing if there is none.
    #[inline]
    pub(super) fn get(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before));
        match (start, self.ends.get(at)) {
            (Some(&start), Some(&end)) => self.bytes.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let record = self.bytes.get(start..end).unwrap_or_default();
            start = end;
            record
        })
    }
}

/// Room to look for several records, used over and over.
#[derive(Debug, Default)]
pub(super) struct Looking {
    hashes: Vec<u64>,
    places: Vec<Place>,
}

impl WriteStateEngine {
    /// Adds serialized records of a type in this order and appends their ordinals.
    pub(crate) fn add_records(
        &mut self,
        ty: TypeId,
        records: &RecordList,
        ordinals: &mut Vec<Ordinal>,
    ) -> Result<(), WriteError> {
        self.require_adding("add a record")?;
        self.types[ty.index()].add_all(records, &mut self.looking, ordinals)
    }
}

impl TypeState {
    /// Adds records in this order and appends their ordinals.
    pub(super) fn add_all(
        &mut self,
        records: &RecordList,
        looking: &mut Looking,
        ordinals: &mut Vec<Ordinal>,
    ) -> Result<(), WriteError> {
        if self.restored.is_some() || self.partitions.len() > 1 || self.records.live_bytes() < NEAR_BYTES {
            for record in records.iter() {
                ordinals.push(adding::told(self.add(record))?);
            }
            return Ok(());
        }
        self.come_closer(records, looking);
        for (record, &hash) in records.iter().zip(&looking.hashes) {
            ordinals.push(adding::told(self.add_hashed(0, hash, record))?);
        }
        Ok(())
    }

    /// Brings close what looking for these records will read, and leaves their hashes.
    fn come_closer(&self, records: &RecordList, looking: &mut Looking) {
        let Looking { hashes, places } = looking;
        let table = &self.partitions[0].table;
        hashes.clear();
        hashes.extend(records.iter().map(|record| self.hasher.hash(record)));
        // The sum is of no use, but has to be read for.
        let mut read: u64 = hashes
            .iter()
            .map(|&hash| table.tags_at(hash))
            .fold(0, u64::wrapping_add);
        read = read.wrapping_add(
            hashes
                .iter()
                .map(|&hash| table.slot_at(hash))
                .fold(0, u64::wrapping_add),
        );
        places.clear();
        places.extend(hashes.iter().filter_map(|&hash| table.find(hash, Some)));
        let something = places.iter().map(|&place| self.records.touch(place));
        black_box(something.fold(read, u64::wrapping_add));
    }
}
