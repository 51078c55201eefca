//! A state whose records have moved into holes, and the deltas that lead there.

use super::ToolError;
use super::rewrite::{Deltas, new_engine};
use crate::copy::HashPositions;
use crate::read::{ReadState, TypeReadState};
use crate::schema::FieldType;
use crate::write::CompactionConfig;
use std::collections::BTreeMap;

/// What compacting came to.
#[derive(Clone, Debug)]
pub struct Compacted {
    /// The state, with the schemas and header tags of the one before.
    pub state: ReadState,
    /// What leads there, and back.
    pub deltas: Deltas,
    /// How many records moved.
    pub moved: usize,
}

/// Compacts the types of a state that are worth it; `None` if none is. The result has this random tag.
///
/// A type is compacted if no other type that is leads to it in the same step: doing it again may find more. Records that
/// refer to moved ones are replaced. Costs looks at every record, and holds them twice.
///
/// # Errors
/// [`ToolError::LosesNan`] if a record would have to be copied that has a NaN: as in Java Hollow, that would be null then.
pub fn compact(state: &ReadState, config: CompactionConfig, tag: i64) -> Result<Option<Compacted>, ToolError> {
    let mut engine = new_engine(state.dataset())?;
    engine.recreate(state, HashPositions::Verbatim)?;
    engine.prepare_for_next_cycle(tag);
    let moved = engine.compact(config)?;
    if moved == 0 {
        return Ok(None);
    }
    let mut snapshot = Vec::new();
    engine.write_snapshot(&mut snapshot)?;
    let mut deltas = Deltas {
        delta: Vec::new(),
        reverse_delta: Vec::new(),
    };
    engine.write_delta(&mut deltas.delta)?;
    engine.write_reverse_delta(&mut deltas.reverse_delta)?;
    let compacted = ReadState::from_snapshot(&snapshot)?;
    let (before, after) = (nans(state), nans(&compacted));
    if let Some((type_name, _)) = before.iter().find(|(name, count)| after.get(*name) != Some(*count)) {
        return Err(ToolError::LosesNan {
            type_name: (*type_name).to_owned(),
        });
    }
    Ok(Some(Compacted {
        state: compacted,
        deltas,
        moved,
    }))
}

/// How many NaNs the records of each type have.
fn nans(state: &ReadState) -> BTreeMap<&str, u64> {
    let mut counts = BTreeMap::new();
    for ty in state.types() {
        let TypeReadState::Object(object) = ty else { continue };
        for (at, field) in object.schema().fields.iter().enumerate() {
            let is_nan = |record| match field.ty {
                FieldType::Float => object.float(record, at).is_some_and(f32::is_nan),
                FieldType::Double => object.double(record, at).is_some_and(f64::is_nan),
                _ => false,
            };
            if matches!(field.ty, FieldType::Float | FieldType::Double) {
                let count = object.populated().filter(|record| is_nan(*record)).count();
                *counts.entry(ty.name()).or_default() += count as u64;
            }
        }
    }
    counts
}
