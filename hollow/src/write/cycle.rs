//! The phases of a cycle: what is carried over, dropped and made free. See `docs/format.md`, section 10.

use super::emit::HashKeys;
use super::engine::Phase;
use super::lent::Lender;
use super::{TypeId, WriteError, WriteStateEngine};
use crate::Ordinal;

/// Header tag in which shard counts that changed are told, as `Type:(old,new)`.
const RESHARDING_TAG: &str = "hollow.type.resharding.invoked";

impl WriteStateEngine {
    /// Takes every record of the previous cycle into this one. Costs nothing to speak of at the beginning of a cycle, and
    /// what the cycle costs from then on follows from what it changes; later a word operation for 64 records.
    ///
    /// # Errors
    /// [`WriteError::WrongPhase`].
    pub fn add_all_from_previous_cycle(&mut self) -> Result<(), WriteError> {
        self.require_adding("take over records")?;
        self.types.iter_mut().for_each(|ty| ty.members.carry_all());
        Ok(())
    }

    /// Takes every record of a type from the previous cycle into this one.
    ///
    /// # Errors
    /// [`WriteError::WrongPhase`].
    pub fn add_all_of_type_from_previous_cycle(&mut self, ty: TypeId) -> Result<(), WriteError> {
        self.require_adding("take over records")?;
        self.types[ty.index()].members.carry_all();
        Ok(())
    }

    /// Takes one record of the previous cycle into this one.
    ///
    /// # Errors
    /// [`WriteError::NotInPreviousState`], [`WriteError::WrongPhase`].
    pub fn carry(&mut self, ty: TypeId, ordinal: Ordinal) -> Result<(), WriteError> {
        self.require_adding("take over a record")?;
        let ty = &mut self.types[ty.index()];
        ty.members.touch_previous(ordinal);
        if !ty.members.has_previous(ordinal) {
            return Err(WriteError::NotInPreviousState {
                type_name: ty.name().to_owned(),
                ordinal,
            });
        }
        ty.members.insert(ordinal);
        Ok(())
    }

    /// Takes a record out of this cycle; true if it was in. Its ordinal stays taken until the next cycle.
    ///
    /// # Errors
    /// [`WriteError::WrongPhase`].
    pub fn remove(&mut self, ty: TypeId, ordinal: Ordinal) -> Result<bool, WriteError> {
        self.require_adding("remove a record")?;
        Ok(self.types[ty.index()].members.remove(ordinal))
    }

    /// Takes every record of a type out of this cycle.
    ///
    /// # Errors
    /// [`WriteError::WrongPhase`].
    pub fn remove_all_of_type(&mut self, ty: TypeId) -> Result<(), WriteError> {
        self.require_adding("remove records")?;
        self.types[ty.index()].members.clear_current();
        Ok(())
    }

    /// Back to where this cycle began: records added in it are forgotten and their ordinals free again, in whichever
    /// phase the engine is. Header tags and the tag of the state stay as they are.
    pub fn reset(&mut self) {
        let config = self.config;
        self.types.iter_mut().for_each(|ty| ty.reset(&config));
        self.phase = Phase::Adding;
    }

    /// Ends the phase of adding: shard counts and widths are decided. The first blob written does so by itself; calling
    /// it before allows to see and change the header tags in between.
    ///
    /// Costs a look at two bit sets for each type, and at the records that came or went.
    ///
    /// # Errors
    /// What would make every blob fail: names and tags that are too long or too many, hash keys that cannot be
    /// followed. The engine goes on adding then.
    pub fn prepare_for_write(&mut self) -> Result<(), WriteError> {
        if self.phase == Phase::Adding {
            self.check_header()?;
            for ty in &self.types {
                HashKeys::resolve(ty, &self.types, &self.dataset, self.keep_buckets)?;
            }
            self.end_adding(true);
        }
        Ok(())
    }

    pub(super) fn end_adding(&mut self, may_reshard: bool) {
        if self.phase == Phase::Writing {
            return;
        }
        let config = self.config;
        for ty in &mut self.types {
            let before = ty.num_shards_before;
            ty.prepare_for_write(&config, may_reshard);
            if let (Some(before), Some(now)) = (before, ty.num_shards)
                && before != now
            {
                let entry = format!("{}:({before},{now})", ty.name());
                let told = match self.tags.get(RESHARDING_TAG) {
                    Some(others) => format!("{others} {entry}"),
                    None => entry,
                };
                self.tags.insert(RESHARDING_TAG, &told);
            }
        }
        self.phase = Phase::Writing;
    }

    /// Begins the next cycle, whose state will have this tag. What is not part of the cycle that ends is dropped, and
    /// its ordinals are free.
    ///
    /// If no blob was written since the last cycle began, that cycle goes on and only the tag is replaced.
    pub fn prepare_for_next_cycle(&mut self, next_tag: i64) {
        self.begin_next_cycle(next_tag, None);
    }

    /// As [`WriteStateEngine::prepare_for_next_cycle`]; the state just written may be lent.
    pub(super) fn begin_next_cycle(&mut self, next_tag: i64, state: Option<&dyn Lender>) {
        if self.phase == Phase::Writing {
            let config = self.config;
            for ty in &mut self.types {
                let lent = state.and_then(|state| state.lend(&ty.schema));
                ty.prepare_for_next_cycle(&config, lent);
            }
            self.previous_tag = self.next_tag.unwrap_or(self.previous_tag);
            self.has_previous = true;
            let tags: Vec<(&str, &str)> = self.tags.iter().collect();
            self.previous_tags.refill(tags.into_iter());
            self.phase = Phase::Adding;
        }
        self.next_tag = Some(next_tag);
    }

    /// Makes free every ordinal of a type below the highest used one, the highest coming first until the next cycle. To
    /// be called when all records have been placed by [`WriteStateEngine::map_object`].
    pub fn recalculate_free_ordinals(&mut self, ty: TypeId) {
        self.types[ty.index()].recalculate_free();
    }
}
