//! States rebuilt as they were: records at given ordinals, elements in given buckets. For tools over whole states.
//!
//! Where the records come from is not known here: `copy` and `tools` serialize them.

use super::restore::RecordSource;
use super::{TypeId, WriteError, WriteStateEngine, adding};
use crate::Ordinal;

impl WriteStateEngine {
    /// Elements of sets and maps stay in the buckets that their records name, whatever hash keys say: for records that
    /// were read from blobs. Holds for all blobs of this engine.
    pub fn keep_buckets(&mut self) {
        self.keep_buckets = true;
    }

    /// Puts a serialized record at an ordinal of this cycle. When all are placed, call
    /// [`WriteStateEngine::recalculate_free_ordinals`] before anything is added.
    ///
    /// The bytes must be a record of the type in serialized form (`docs/format.md`, section 5).
    ///
    /// # Errors
    /// [`WriteError::OrdinalTaken`] if another record of this or the previous cycle is there; [`WriteError::SizeLimit`],
    /// [`WriteError::WrongPhase`].
    pub(crate) fn place(&mut self, ty: TypeId, ordinal: Ordinal, record: &[u8]) -> Result<(), WriteError> {
        self.require_adding("place a record")?;
        let ty = &mut self.types[ty.index()];
        if !ty.records.is(ordinal, record) {
            ty.map_at(ordinal, record)?;
        }
        ty.members.insert(ordinal);
        Ok(())
    }

    /// Puts records of a source at their ordinals; see [`WriteStateEngine::place`].
    ///
    /// # Errors
    /// As [`WriteStateEngine::place`].
    pub(crate) fn take_records(
        &mut self,
        ty: TypeId,
        from: &dyn RecordSource,
        ordinals: impl Iterator<Item = Ordinal>,
    ) -> Result<(), WriteError> {
        let mut record = Vec::new();
        for ordinal in ordinals {
            record.clear();
            from.serialize(ordinal, &mut record);
            self.place(ty, ordinal, &record)?;
        }
        Ok(())
    }

    /// Adds a serialized record and gives its ordinal; see [`WriteStateEngine::place`].
    ///
    /// # Errors
    /// [`WriteError::OrdinalLimit`], [`WriteError::SizeLimit`], [`WriteError::WrongPhase`].
    pub(crate) fn add_record(&mut self, ty: TypeId, record: &[u8]) -> Result<Ordinal, WriteError> {
        self.require_adding("add a record")?;
        adding::told(self.types[ty.index()].add(record))
    }

    /// Divides a type into so many shards from this cycle on, whatever its size. The number must be a power of two.
    pub(crate) fn set_num_shards(&mut self, ty: TypeId, num_shards: u32) {
        let ty = &mut self.types[ty.index()];
        ty.num_shards = Some(num_shards);
        // Until a first blob is written there is nothing that the number changes from.
        if ty.layout.is_none() {
            ty.num_shards_before = Some(num_shards);
        }
    }

    /// Names the state before this one, which need not be known otherwise: what the blobs of this state lead from.
    pub(crate) fn set_origin_tag(&mut self, tag: i64) {
        self.previous_tag = tag;
    }

    /// Replaces all header tags of the state being filled or written.
    pub(crate) fn replace_header_tags<'t>(&mut self, tags: impl ExactSizeIterator<Item = (&'t String, &'t String)>) {
        self.tags
            .refill(tags.map(|(key, value)| (key.as_str(), value.as_str())));
    }
}
