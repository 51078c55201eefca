//! Blobs written anew: a snapshot of any state, and the deltas between any two states of one chain.

use super::ToolError;
use crate::copy::HashPositions;
use crate::read::ReadState;
use crate::schema::Dataset;
use crate::write::{WriteConfig, WriteError, WriteStateEngine};
use std::io;

/// What leads from one state to another and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deltas {
    /// Leads forward.
    pub delta: Vec<u8>,
    /// Leads back.
    pub reverse_delta: Vec<u8>,
}

/// Writes a snapshot of a state: the same records at the same ordinals, in the same shards and buckets, under the same
/// tags. Deltas that apply to the state apply to what is loaded from the snapshot.
///
/// Holds a second copy of the records. Writes in small pieces: give a buffered stream.
///
/// # Errors
/// [`ToolError::Write`], above all that of the stream.
pub fn snapshot(state: &ReadState, out: &mut impl io::Write) -> Result<(), ToolError> {
    let mut engine = new_engine(state.dataset())?;
    engine.add_state(state)?;
    engine.set_origin_tag(state.origin_tag());
    engine.set_next_tag(state.tag());
    for (key, value) in state.header_tags() {
        engine.set_header_tag(key, value);
    }
    Ok(engine.write_snapshot(out)?)
}

/// Writes the delta from one state to another, and the delta back. Ordinals that both states have must have the same
/// record in both, as in states that follow on each other, or were filtered alike. Schemas can differ: deltas have the
/// types and fields of both, and readers keep those that they know.
///
/// Holds the records of both states a second time.
///
/// # Errors
/// [`ToolError::Contradiction`] if an ordinal has another record, [`ToolError::Disagreement`] if schemas do not go
/// together.
pub fn deltas(before: &ReadState, after: &ReadState) -> Result<Deltas, ToolError> {
    let dataset = super::union::of(&[before.dataset(), after.dataset()])?;
    let mut engine = new_engine(&dataset)?;
    engine.keep_buckets();
    engine.recreate(before, HashPositions::Verbatim)?;
    engine.prepare_for_next_cycle(after.tag());
    engine.add_state(after).map_err(|error| match error {
        WriteError::OrdinalTaken { type_name, ordinal } => ToolError::Contradiction { type_name, ordinal },
        error => error.into(),
    })?;
    for ty in after.types() {
        if let Some(id) = engine.type_id(ty.name()) {
            engine.set_num_shards(id, ty.num_shards());
        }
    }
    engine.prepare_for_write()?;
    // The tags are those of the state, without what the engine has to say about shards.
    engine.replace_header_tags(after.header_tags().iter());
    let mut deltas = Deltas {
        delta: Vec::new(),
        reverse_delta: Vec::new(),
    };
    engine.write_delta(&mut deltas.delta)?;
    engine.write_reverse_delta(&mut deltas.reverse_delta)?;
    Ok(deltas)
}

/// An engine with these types and nothing in it.
pub(super) fn new_engine(dataset: &Dataset) -> Result<WriteStateEngine, ToolError> {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in dataset.schemas() {
        engine.add_type(schema.clone(), None)?;
    }
    Ok(engine)
}

/// The state that an engine holds.
pub(super) fn state_of(mut engine: WriteStateEngine) -> Result<ReadState, ToolError> {
    let mut snapshot = Vec::new();
    engine.write_snapshot(&mut snapshot)?;
    drop(engine);
    Ok(ReadState::from_snapshot(&snapshot)?)
}
