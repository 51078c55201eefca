//! Whole states taken into an engine as they are.

use super::{Copier, HashPositions};
use crate::Ordinal;
use crate::read::{ReadState, TypeReadState};
use crate::write::{TypeId, WriteError, WriteStateEngine};

impl WriteStateEngine {
    /// Makes the records of a state those of this cycle: at the ordinals, in the buckets and, if it is the first cycle,
    /// in the shards that they have. Fields go by name; types that the engine does not have are left out. From then on
    /// the engine keeps buckets as records name them ([`WriteStateEngine::keep_buckets`]).
    ///
    /// Costs a look at every record.
    ///
    /// # Errors
    /// [`WriteError::OrdinalTaken`] if another record of the previous cycle has one of the ordinals,
    /// [`WriteError::CannotRestore`] if kinds or field types differ; some records are part of the cycle then.
    pub fn add_state(&mut self, state: &ReadState) -> Result<(), WriteError> {
        self.keep_buckets();
        for from in state.types() {
            let Some((id, copier)) = self.verbatim_copier(from)? else {
                continue;
            };
            self.take_records(id, &copier, from.populated())?;
            if !self.has_previous_state() {
                self.set_num_shards(id, from.num_shards());
            }
            self.recalculate_free_ordinals(id);
        }
        Ok(())
    }

    /// Fills this cycle with the records of a state, each at its ordinal. Those that the state before has at the same
    /// ordinal must be the same and are carried over: that state must be the previous one of this engine. Fields go by
    /// name; of types that only the engine has, nothing becomes part of the cycle.
    ///
    /// Costs a look at the records that come, and at the ordinals of all.
    ///
    /// # Errors
    /// As [`WriteStateEngine::add_state`].
    pub fn follow(&mut self, before: &ReadState, after: &ReadState) -> Result<(), WriteError> {
        self.keep_buckets();
        for from in after.types() {
            let Some((id, copier)) = self.verbatim_copier(from)? else {
                continue;
            };
            let old = before.ty(from.name());
            let is_new = |ordinal: &Ordinal| !old.is_some_and(|old| old.is_populated(*ordinal));
            self.take_records(id, &copier, from.populated().filter(is_new))?;
            for ordinal in from.populated().filter(|ordinal| !is_new(ordinal)) {
                self.carry(id, ordinal)?;
            }
            self.recalculate_free_ordinals(id);
        }
        Ok(())
    }

    /// What copies the records of a type as they are; `None` if the engine does not have the type.
    fn verbatim_copier<'s>(&self, from: &'s TypeReadState) -> Result<Option<(TypeId, Copier<'s>)>, WriteError> {
        let (Some(id), Some(schema)) = (self.type_id(from.name()), self.dataset().get(from.name())) else {
            return Ok(None);
        };
        let copier = Copier::new(from, schema, HashPositions::Verbatim);
        let copier = copier.map_err(|why| WriteError::CannotRestore {
            type_name: from.name().to_owned(),
            why,
        })?;
        Ok(Some((id, copier)))
    }
}
