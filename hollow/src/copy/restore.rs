//! Continuing a chain of deltas from a read state.

use super::{Copier, HashPositions};
use crate::read::ReadState;
use crate::write::restore::{RecordSource, Source};
use crate::write::{WriteError, WriteStateEngine};

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
        let source = source(self, state, HashPositions::Preserve)?;
        self.restore_from(&source)
    }

    /// Makes a read state the current one of this engine, which must be new but for its types, as if the engine had
    /// just written it: the next step is [`WriteStateEngine::prepare_for_next_cycle`]. Costs a look at every record.
    ///
    /// # Errors
    /// As [`WriteStateEngine::restore`].
    pub fn recreate(&mut self, state: &ReadState, positions: HashPositions) -> Result<(), WriteError> {
        let source = source(self, state, positions)?;
        self.recreate_from(&source, None)
    }
}

pub(super) fn source<'s>(
    engine: &WriteStateEngine,
    state: &'s ReadState,
    positions: HashPositions,
) -> Result<Source<'s>, WriteError> {
    let mut types = Vec::new();
    let mut ended_types = Vec::new();
    for from in state.types() {
        let (Some(id), Some(schema)) = (engine.type_id(from.name()), engine.dataset().get(from.name())) else {
            ended_types.push(from.name().to_owned());
            continue;
        };
        let copier = Copier::new(from, schema, positions).map_err(|why| WriteError::CannotRestore {
            type_name: from.name().to_owned(),
            why,
        })?;
        let copier: Box<dyn RecordSource + 's> = Box::new(copier);
        types.push((id, copier));
    }
    Ok(Source {
        tag: state.tag(),
        header_tags: state
            .header_tags()
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect(),
        types,
        ended_types,
    })
}
