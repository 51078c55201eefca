//! Continuing a chain of deltas from a state that was read. See `docs/format.md`, sections 12.1 and 12.2.

use super::restored::{Common, Restored};
use super::type_state::TypeState;
use super::{WriteError, WriteStateEngine};
use crate::copy::{Copier, HashPositions};
use crate::memory::OrdinalSet;
use crate::read::{ReadState, TypeReadState};
use crate::schema::Kind;

impl WriteStateEngine {
    /// Makes a read state the previous one of this engine, which must be new but for its types.
    ///
    /// In the first cycle a record that is added gets the ordinal of the same record in the state read; fields that
    /// only one of the two schemas has, and buckets of sets and maps, do not count. Types that the engine does not have
    /// end: consumers keep their last content. Costs a look at every record.
    ///
    /// # Errors
    /// [`WriteError::CannotRestore`] if the engine was used, or a type's kind, field types or configured number of
    /// shards differ. The engine is as before then.
    pub fn restore(&mut self, state: &ReadState) -> Result<(), WriteError> {
        let pairs = self.pair_types(state)?;
        let copiers = pairs
            .iter()
            .map(|(index, from)| copier(&self.types[*index], from))
            .collect::<Result<Vec<_>, _>>()?;
        for ((index, from), copier) in pairs.iter().zip(copiers) {
            let ty = &mut self.types[*index];
            let populated: OrdinalSet = from.populated().collect();
            let mut record = Vec::new();
            for ordinal in &populated {
                record.clear();
                copier.serialize(ordinal, HashPositions::Preserve, &mut record);
                ty.records.insert(ordinal, &record);
                ty.previous.insert(ordinal);
            }
            ty.recalculate_free_from(&populated);
            ty.set_num_shards(from.num_shards());
            let common = common_form(ty, &copier);
            ty.restored = Some(Restored::new(
                &populated,
                common,
                ty.partitions.len(),
                &ty.shape,
                &ty.records,
                ty.hasher(),
            ));
        }
        self.end_missing_types(state);
        self.previous_tag = state.tag();
        self.has_previous = true;
        self.previous_tags.refill(tags_of(state));
        Ok(())
    }

    /// Makes a read state the current one of this engine, which must be new but for its types, as if the engine had
    /// just written it: the next step is [`WriteStateEngine::prepare_for_next_cycle`]. Costs a look at every record.
    ///
    /// # Errors
    /// As [`WriteStateEngine::restore`].
    pub fn recreate(&mut self, state: &ReadState, positions: HashPositions) -> Result<(), WriteError> {
        let pairs = self.pair_types(state)?;
        let copiers = pairs
            .iter()
            .map(|(index, from)| copier(&self.types[*index], from))
            .collect::<Result<Vec<_>, _>>()?;
        for ((index, from), copier) in pairs.iter().zip(copiers) {
            let ty = &mut self.types[*index];
            let mut record = Vec::new();
            for ordinal in from.populated() {
                record.clear();
                copier.serialize(ordinal, positions, &mut record);
                ty.map_at(ordinal, &record)?;
                ty.current.insert(ordinal);
            }
            ty.recalculate_free();
            ty.set_num_shards(from.num_shards());
        }
        self.end_missing_types(state);
        self.next_tag = Some(state.tag());
        self.tags.refill(tags_of(state));
        self.previous_tags.refill(tags_of(state));
        self.end_adding(false);
        Ok(())
    }

    /// The types that both have: position in the engine, and the type read.
    fn pair_types<'s>(&self, state: &'s ReadState) -> Result<Vec<(usize, &'s TypeReadState)>, WriteError> {
        let refuse = |type_name: &str, why: String| WriteError::CannotRestore {
            type_name: type_name.to_owned(),
            why,
        };
        self.require_adding("restore")?;
        if self.has_previous || self.types.iter().any(TypeState::is_used) {
            return Err(refuse("", "the engine was used before".to_owned()));
        }
        let mut pairs = Vec::new();
        for (index, ty) in self.types.iter().enumerate() {
            let Some(from) = state.ty(ty.name()) else {
                continue;
            };
            if let Some(configured) = ty.num_shards
                && configured != from.num_shards()
            {
                let why = format!(
                    "{configured} shards are configured and the state has {}",
                    from.num_shards()
                );
                return Err(refuse(ty.name(), why));
            }
            pairs.push((index, from));
        }
        Ok(pairs)
    }

    fn end_missing_types(&mut self, state: &ReadState) {
        self.ended_types = state
            .types()
            .map(|ty| ty.name().to_owned())
            .filter(|name| self.dataset.get(name).is_none())
            .collect();
    }
}

fn copier<'s>(ty: &TypeState, from: &'s TypeReadState) -> Result<Copier<'s>, WriteError> {
    Copier::new(from, &ty.schema).map_err(|why| WriteError::CannotRestore {
        type_name: ty.name().to_owned(),
        why,
    })
}

fn common_form(ty: &TypeState, copier: &Copier<'_>) -> Common {
    match ty.schema.kind() {
        Kind::Set | Kind::Map => Common::WithoutBuckets,
        Kind::List => Common::Whole,
        Kind::Object => {
            let shared = copier.shared_fields();
            match shared.iter().all(|&is_shared| is_shared) {
                true => Common::Whole,
                false => Common::Fields(shared),
            }
        }
    }
}

fn tags_of(state: &ReadState) -> impl ExactSizeIterator<Item = (&str, &str)> {
    state
        .header_tags()
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
}
