//! How a record gets its ordinal. See `docs/format.md`, sections 10.2 to 10.4 and 12.1.

use super::WriteError;
use super::adding::Added;
use super::record_store::Place;
use super::restored::Restored;
use super::type_state::TypeState;
use crate::Ordinal;

/// The most bytes of serialized records that one ordinal map may hold.
const MAX_MAP_BYTES: u64 = 1 << 35;
/// The most bytes of one serialized record.
const MAX_RECORD_BYTES: u64 = i32::MAX as u64;

impl TypeState {
    /// The ordinal of a record, an old one if the record is known; it becomes part of this cycle.
    pub(super) fn add(&mut self, record: &[u8]) -> Added {
        if self.restored.is_some() {
            let ordinal = self.add_restored(record)?.ordinal();
            self.members.insert(ordinal);
            return Ok(ordinal.into());
        }
        self.add_hashed(self.home_of(record), self.hasher.hash(record), record)
    }

    /// As [`TypeState::add`] where nothing waits for being recognised, of a record whose partition and hash are known.
    #[inline]
    pub(super) fn add_hashed(&mut self, home: usize, hash: u64, record: &[u8]) -> Added {
        let ordinal = match self.find(home, hash, record) {
            Some(ordinal) => ordinal,
            None => self.assign(home, hash, record)?.ordinal(),
        };
        self.members.insert(ordinal);
        Ok(ordinal.into())
    }

    #[cold]
    fn add_restored(&mut self, record: &[u8]) -> Added {
        match self.restored.take() {
            Some(mut restored) => {
                let ordinal = self.find_or_claim(&mut restored, record);
                self.restored = Some(restored);
                ordinal
            }
            None => self.assign(self.home_of(record), self.hasher.hash(record), record),
        }
    }

    /// The ordinal of a record that is in a table.
    #[inline]
    fn find(&self, home: usize, hash: u64, record: &[u8]) -> Option<Ordinal> {
        let num_partitions = self.partitions.len();
        (0..num_partitions).find_map(|step| self.find_in((home + step) % num_partitions, hash, record))
    }

    #[inline]
    fn find_in(&self, partition: usize, hash: u64, record: &[u8]) -> Option<Ordinal> {
        let table = &self.partitions[partition].table;
        table.find(hash, |place| self.records.recognise(place, record))
    }

    /// As [`TypeState::add`] in the first cycle after a restore: a record that looks like one of the restored state
    /// takes over its ordinal.
    fn find_or_claim(&mut self, restored: &mut Restored, record: &[u8]) -> Added {
        let preferred = restored.find(record, &self.shape, &self.records, &self.hasher);
        let partition = preferred.map_or_else(|| self.home_of(record), |ordinal| self.partition_of(ordinal));
        let hash = self.hasher.hash(record);
        if let Some(ordinal) = self.find_in(partition, hash, record) {
            return Ok(ordinal.into());
        }
        match preferred {
            Some(ordinal) if restored.claim(ordinal, record, &mut self.records) => {
                self.enter(ordinal);
                Ok(ordinal.into())
            }
            _ => self.assign(partition, hash, record),
        }
    }

    /// Gives a new record a free ordinal.
    fn assign(&mut self, partition: usize, hash: u64, record: &[u8]) -> Added {
        self.check_size(record, self.records.live_bytes())?;
        let step = self.partitions.len() as u32;
        let limit = (Ordinal::MAX - partition as u32) / step;
        let ordinal = self.partitions[partition]
            .free
            .take(limit)
            .and_then(|local| Ordinal::new(local * step + partition as u32))
            .ok_or_else(|| self.no_ordinal())?;
        let place = self.records.insert(ordinal, record);
        self.partitions[partition].table.insert(hash, place);
        self.live.insert(ordinal);
        self.members.note(ordinal);
        Ok(ordinal.into())
    }

    #[cold]
    pub(super) fn no_ordinal(&self) -> Box<WriteError> {
        Box::new(WriteError::OrdinalLimit {
            type_name: self.name().to_owned(),
        })
    }

    /// Puts a record at an ordinal of the caller's choice. Free ordinals do not know of it.
    pub(super) fn map_at(&mut self, ordinal: Ordinal, record: &[u8]) -> Result<(), WriteError> {
        self.check_room(ordinal, record)?;
        let place = self.records.insert(ordinal, record);
        self.enter_at(ordinal, record, place);
        Ok(())
    }

    /// Whether a record can be put at an ordinal.
    pub(super) fn check_room(&self, ordinal: Ordinal, record: &[u8]) -> Result<(), WriteError> {
        self.check_size(record, self.records.live_bytes())
            .map_err(|error| *error)?;
        if self.records.has(ordinal) {
            return Err(WriteError::OrdinalTaken {
                type_name: self.name().to_owned(),
                ordinal,
            });
        }
        Ok(())
    }

    /// Makes a record whose bytes are in the store one that the table finds.
    pub(super) fn enter(&mut self, ordinal: Ordinal) {
        let hash = self.hasher.hash(self.records.own(ordinal).unwrap_or_default());
        if let Some(place) = self.records.place_of(ordinal) {
            self.enter_hashed(ordinal, hash, place);
        }
    }

    /// Makes a record one that the table finds at this place.
    pub(super) fn enter_at(&mut self, ordinal: Ordinal, record: &[u8], place: Place) {
        self.enter_hashed(ordinal, self.hasher.hash(record), place);
    }

    fn enter_hashed(&mut self, ordinal: Ordinal, hash: u64, place: Place) {
        let partition = self.partition_of(ordinal);
        self.partitions[partition].table.insert(hash, place);
        self.live.insert(ordinal);
        self.members.note(ordinal);
    }

    /// Whether a record has room beside so many bytes of others.
    #[inline]
    pub(super) fn check_size(&self, record: &[u8], others: u64) -> Result<(), Box<WriteError>> {
        let size = record.len() as u64;
        let limit = MAX_MAP_BYTES * self.partitions.len() as u64;
        if size > MAX_RECORD_BYTES {
            return Err(self.too_large("record", size, MAX_RECORD_BYTES));
        }
        if others + size > limit {
            return Err(self.too_large("type", others + size, limit));
        }
        Ok(())
    }

    #[cold]
    fn too_large(&self, what: &'static str, size: u64, limit: u64) -> Box<WriteError> {
        Box::new(WriteError::SizeLimit {
            what,
            type_name: self.name().to_owned(),
            size,
            limit,
        })
    }
}
