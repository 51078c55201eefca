//! The write state engine.

use super::{ObjectRecord, WriteConfig, WriteError};
use crate::Ordinal;
use crate::memory::OrdinalSet;
use crate::record::Value;
use crate::schema::{Dataset, Schema};
use std::io;

/// A type registered with a [`WriteStateEngine`]: its position in the order of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(super) u32);

/// A stream for an optional part of a blob, with the types that go there instead of into the main stream.
pub struct BlobPart<'w> {
    /// The part's name.
    pub name: &'w str,
    /// The names of the types in it. Names of types that are not registered are ignored.
    pub types: &'w [&'w str],
    /// Where the part goes.
    pub out: &'w mut dyn io::Write,
}

/// Takes the records of a cycle, gives them ordinals, and writes the state as blobs.
pub struct WriteStateEngine {
    dataset: Dataset,
}

#[expect(unused_variables, reason = "signatures first")]
impl WriteStateEngine {
    /// An engine without types, in the phase of adding.
    pub fn new(config: WriteConfig) -> Self {
        todo!()
    }
    /// Registers a type behind those there are; `num_shards` pins its number of shards.
    pub fn add_type(&mut self, schema: Schema, num_shards: Option<u32>) -> Result<TypeId, WriteError> {
        todo!()
    }
    /// The type of this name.
    pub fn type_id(&self, name: &str) -> Option<TypeId> {
        todo!()
    }
    /// The registered types, in order.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }
    /// The ids of the registered types, in order.
    pub fn type_ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.dataset.len() as u32).map(TypeId)
    }

    /// Adds a record with all it refers to, children first.
    pub fn add(&mut self, type_name: &str, value: &Value) -> Result<Ordinal, WriteError> {
        todo!()
    }
    /// Adds a record of an object type.
    pub fn add_object(&mut self, ty: TypeId, record: &ObjectRecord<'_>) -> Result<Ordinal, WriteError> {
        todo!()
    }
    /// Adds a list.
    pub fn add_list(&mut self, ty: TypeId, elements: &[Ordinal]) -> Result<Ordinal, WriteError> {
        todo!()
    }
    /// Adds a set.
    pub fn add_set(&mut self, ty: TypeId, elements: &[Ordinal]) -> Result<Ordinal, WriteError> {
        todo!()
    }
    /// Adds a set with a hash for each element.
    pub fn add_set_hashed(&mut self, ty: TypeId, elements: &[(Ordinal, i32)]) -> Result<Ordinal, WriteError> {
        todo!()
    }
    /// Adds a map of keys and values.
    pub fn add_map(&mut self, ty: TypeId, entries: &[(Ordinal, Ordinal)]) -> Result<Ordinal, WriteError> {
        todo!()
    }
    /// Adds a map of keys, values and a hash for each key.
    pub fn add_map_hashed(&mut self, ty: TypeId, entries: &[(Ordinal, Ordinal, i32)]) -> Result<Ordinal, WriteError> {
        todo!()
    }

    /// Takes every record of the previous cycle into this one.
    pub fn add_all_from_previous_cycle(&mut self) -> Result<(), WriteError> {
        todo!()
    }
    /// Takes every record of a type from the previous cycle into this one.
    pub fn add_all_of_type_from_previous_cycle(&mut self, ty: TypeId) -> Result<(), WriteError> {
        todo!()
    }
    /// Takes one record of the previous cycle into this one.
    pub fn carry(&mut self, ty: TypeId, ordinal: Ordinal) -> Result<(), WriteError> {
        todo!()
    }
    /// Takes a record out of this cycle; true if it was in.
    pub fn remove(&mut self, ty: TypeId, ordinal: Ordinal) -> Result<bool, WriteError> {
        todo!()
    }
    /// Takes every record of a type out of this cycle.
    pub fn remove_all_of_type(&mut self, ty: TypeId) -> Result<(), WriteError> {
        todo!()
    }
    /// Back to where this cycle began; header tags and the next tag stay.
    pub fn reset(&mut self) -> Result<(), WriteError> {
        todo!()
    }

    /// Sets a header tag.
    pub fn set_header_tag(&mut self, key: &str, value: &str) {
        todo!()
    }
    /// Removes a header tag.
    pub fn remove_header_tag(&mut self, key: &str) {
        todo!()
    }
    /// The header tag of this key.
    pub fn header_tag(&self, key: &str) -> Option<&str> {
        todo!()
    }
    /// The header tags, in the order in which blobs have them.
    pub fn header_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        std::iter::empty()
    }

    /// Gives the state being filled its random tag.
    pub fn set_next_tag(&mut self, tag: i64) {
        todo!()
    }
    /// The tag of the state before, -1 if there is none.
    pub fn previous_tag(&self) -> i64 {
        todo!()
    }
    /// The tag of the state being filled or written, if it has one.
    pub fn next_tag(&self) -> Option<i64> {
        todo!()
    }
    /// Changes the size in bytes that a shard should not exceed.
    pub fn set_target_max_type_shard_size_bytes(&mut self, bytes: u64) {
        todo!()
    }

    /// Ends the phase of adding; the first blob written does so by itself.
    pub fn prepare_for_write(&mut self) -> Result<(), WriteError> {
        todo!()
    }
    /// Begins the next cycle. Does nothing if no blob was written since the last one began.
    pub fn prepare_for_next_cycle(&mut self, next_tag: i64) {
        todo!()
    }
    /// Whether the records of this cycle differ from those of the previous one, or a shard count changed.
    pub fn has_changed(&self) -> bool {
        todo!()
    }

    /// Writes the state.
    pub fn write_snapshot(&mut self, out: &mut impl io::Write) -> Result<(), WriteError> {
        todo!()
    }
    /// Writes what leads from the previous state to this one.
    pub fn write_delta(&mut self, out: &mut impl io::Write) -> Result<(), WriteError> {
        todo!()
    }
    /// Writes what leads from this state to the previous one.
    pub fn write_reverse_delta(&mut self, out: &mut impl io::Write) -> Result<(), WriteError> {
        todo!()
    }
    /// As `write_snapshot`, with some types in optional parts.
    pub fn write_snapshot_in_parts(
        &mut self,
        out: &mut impl io::Write,
        parts: &mut [BlobPart<'_>],
    ) -> Result<(), WriteError> {
        todo!()
    }
    /// As `write_delta`, with some types in optional parts.
    pub fn write_delta_in_parts(
        &mut self,
        out: &mut impl io::Write,
        parts: &mut [BlobPart<'_>],
    ) -> Result<(), WriteError> {
        todo!()
    }
    /// As `write_reverse_delta`, with some types in optional parts.
    pub fn write_reverse_delta_in_parts(
        &mut self,
        out: &mut impl io::Write,
        parts: &mut [BlobPart<'_>],
    ) -> Result<(), WriteError> {
        todo!()
    }
    /// Writes the header of the state's snapshot alone.
    pub fn write_header_blob(&mut self, out: &mut impl io::Write) -> Result<(), WriteError> {
        todo!()
    }

    /// The records of this cycle.
    pub fn populated(&self, ty: TypeId) -> &OrdinalSet {
        todo!()
    }
    /// The records of the previous cycle.
    pub fn previous_populated(&self, ty: TypeId) -> &OrdinalSet {
        todo!()
    }
    /// The serialized form of a record of this or the previous cycle (docs/format.md, section 5).
    pub fn record_bytes(&self, ty: TypeId, ordinal: Ordinal) -> Option<&[u8]> {
        todo!()
    }
    /// The records that a record of this or the previous cycle refers to, in order, repeated as often as they appear.
    pub fn references_of(&self, ty: TypeId, ordinal: Ordinal) -> Vec<(TypeId, Ordinal)> {
        todo!()
    }
    /// The number of shards of a type, if decided.
    pub fn num_shards(&self, ty: TypeId) -> Option<u32> {
        todo!()
    }
    /// Makes free ordinals of all below the highest used one, highest first. For use after `map_object`.
    pub fn recalculate_free_ordinals(&mut self, ty: TypeId) {
        todo!()
    }
    /// Places a record at an ordinal.
    pub fn map_object(
        &mut self,
        ty: TypeId,
        record: &ObjectRecord<'_>,
        ordinal: Ordinal,
        mark_previous: bool,
        mark_current: bool,
    ) -> Result<(), WriteError> {
        todo!()
    }
}
