//! Continuing a chain of deltas from a state that exists. See `docs/format.md`, sections 12.1 and 12.2.
//!
//! Where the records come from is not known here: `copy` reads them out of a read state and offers the methods.

use super::engine::Phase;
use super::lent::{Lender, LentRecords};
use super::restored::{Common, Restored};
use super::type_state::TypeState;
use super::{TypeId, WriteError, WriteStateEngine};
use crate::Ordinal;
use crate::memory::OrdinalSet;
use crate::schema::Kind;

/// The records of one type of the state to continue from, in the form of the engine's schema.
pub(crate) trait RecordSource {
    /// The number of shards.
    fn num_shards(&self) -> u32;
    /// The records there are.
    fn populated(&self) -> OrdinalSet;
    /// Which fields of the engine's schema the state has; empty for collections.
    fn shared_fields(&self) -> Vec<bool>;
    /// Appends a record in serialized form.
    fn serialize(&self, ordinal: Ordinal, out: &mut Vec<u8>);
}

/// The state to continue from.
pub(crate) struct Source<'s> {
    /// Its random tag.
    pub(crate) tag: i64,
    /// Its header tags.
    pub(crate) header_tags: Vec<(&'s str, &'s str)>,
    /// The types that the engine has too.
    pub(crate) types: Vec<(TypeId, Box<dyn RecordSource + 's>)>,
    /// The types that the engine has not.
    pub(crate) ended_types: Vec<String>,
}

impl WriteStateEngine {
    /// Makes the state the previous one of this engine.
    pub(crate) fn restore_from(&mut self, source: &Source<'_>) -> Result<(), WriteError> {
        self.check_restorable(source)?;
        for (id, from) in &source.types {
            let ty = &mut self.types[id.index()];
            let populated = from.populated();
            let mut record = Vec::new();
            for ordinal in &populated {
                record.clear();
                from.serialize(ordinal, &mut record);
                ty.records.insert(ordinal, &record);
                ty.members.insert_previous(ordinal);
            }
            ty.recalculate_free_from(&populated);
            ty.set_num_shards(from.num_shards());
            let common = common_form(ty, from.shared_fields());
            ty.restored = Some(Restored::new(
                &populated,
                common,
                ty.partitions.len(),
                &ty.shape,
                &ty.records,
                &ty.hasher,
            ));
        }
        self.previous_tag = source.tag;
        self.has_previous = true;
        self.take_tags(source);
        Ok(())
    }

    /// Makes the state the current one of this engine, as if it was just written. Records that it lends are not copied.
    pub(crate) fn recreate_from(&mut self, source: &Source<'_>, lender: Option<&dyn Lender>) -> Result<(), WriteError> {
        self.check_restorable(source)?;
        for (id, from) in &source.types {
            let ty = &mut self.types[id.index()];
            let lent = lender.and_then(|lender| lender.lend(&ty.schema));
            ty.take_over(&**from, lent)?;
            ty.recalculate_free();
            ty.set_num_shards(from.num_shards());
        }
        self.next_tag = Some(source.tag);
        self.take_tags(source);
        self.tags.refill(source.header_tags.iter().copied());
        self.end_adding(false);
        debug_assert_eq!(self.phase, Phase::Writing);
        Ok(())
    }

    fn take_tags(&mut self, source: &Source<'_>) {
        self.previous_tags.refill(source.header_tags.iter().copied());
        self.ended_types.clone_from(&source.ended_types);
    }

    fn check_restorable(&self, source: &Source<'_>) -> Result<(), WriteError> {
        self.require_adding("restore")?;
        if self.has_previous || self.types.iter().any(TypeState::is_used) {
            return Err(WriteError::CannotRestore {
                type_name: String::new(),
                why: "the engine was used before".to_owned(),
            });
        }
        for (id, from) in &source.types {
            let ty = &self.types[id.index()];
            if let Some(configured) = ty.num_shards
                && configured != from.num_shards()
            {
                let found = from.num_shards();
                return Err(WriteError::CannotRestore {
                    type_name: ty.name().to_owned(),
                    why: format!("{configured} shards are configured and the state has {found}"),
                });
            }
        }
        Ok(())
    }
}

impl TypeState {
    /// Makes the records of a source those of this cycle, without a copy of those that are lent.
    fn take_over(&mut self, from: &dyn RecordSource, lent: Option<Box<dyn LentRecords>>) -> Result<(), WriteError> {
        let mut record = Vec::new();
        self.statistics.divide(from.num_shards());
        for ordinal in &from.populated() {
            record.clear();
            from.serialize(ordinal, &mut record);
            match lent.as_ref().is_some_and(|lent| lent.is(ordinal, &record)) {
                true => self.map_lent_at(ordinal, &record)?,
                false => self.map_at(ordinal, &record)?,
            }
            self.members.insert(ordinal);
        }
        if let Some(lent) = lent {
            self.records.lend(lent);
        }
        Ok(())
    }
}

fn common_form(ty: &TypeState, shared_fields: Vec<bool>) -> Common {
    match ty.schema.kind() {
        Kind::Set | Kind::Map => Common::WithoutBuckets,
        Kind::List => Common::Whole,
        Kind::Object if shared_fields.iter().all(|&is_shared| is_shared) => Common::Whole,
        Kind::Object => Common::Fields(shared_fields),
    }
}
