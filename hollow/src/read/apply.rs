//! Applying deltas.

use super::budget::Budget;
use super::load::{each_frame, field_kinds};
use super::type_state::TypeReadState;
use super::wire::{Form, Frame};
use super::{ReadState, rebuild};
use crate::blob::{Cursor, DecodeError, DecodeErrorKind, Header};
use crate::schema::{ObjectSchema, Schema};
use std::sync::Arc;

/// Applies a delta or reverse delta; see [`ReadState::apply_delta_with`].
pub(super) fn delta(state: &ReadState, bytes: &[u8], parts: &[&[u8]]) -> Result<ReadState, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    let origin = Header::read(&mut cursor)?.origin_tag;
    if origin != state.tag {
        return Err(cursor.error(DecodeErrorKind::WrongOrigin {
            expected: state.tag,
            found: origin,
        }));
    }
    let budget = Budget::of_delta(bytes.len() + parts.iter().map(|part| part.len()).sum::<usize>());
    let mut types = state.types.to_vec();
    let header = each_frame(bytes, parts, Form::Delta, |frame| {
        let position = state.dataset.position(frame.schema.name());
        if let Some(ty) = position.and_then(|at| types.get_mut(at)) {
            *ty = next_type_state(ty, frame, &budget)?;
        }
        Ok(())
    })?;
    let next = ReadState {
        dataset: Arc::clone(&state.dataset),
        types: types.into(),
        header_tags: Arc::new(header.tags.into_iter().collect()),
        origin_tag: header.origin_tag,
        tag: header.destination_tag,
        version: None,
        lineage: state.lineage.next(),
        derived: None,
    };
    Ok(next.derived_from(state))
}

fn next_type_state(ty: &TypeReadState, frame: &Frame<'_>, budget: &Budget) -> Result<TypeReadState, DecodeError> {
    let different = || frame.invalid("schema of a type", ty.schema().to_string(), &frame.schema);
    Ok(match (ty, &frame.schema) {
        (TypeReadState::Object(ty), Schema::Object(schema)) => {
            let columns = columns(ty.schema(), schema).ok_or_else(different)?;
            let kinds = field_kinds(ty.schema());
            TypeReadState::Object(ty.with_records(rebuild::objects(frame, &ty.records, &kinds, &columns, budget)?))
        }
        (ty, schema) if ty.schema() != schema => return Err(different()),
        (TypeReadState::List(ty), _) => TypeReadState::List(ty.with_records(rebuild::collections(frame, &ty.records)?)),
        (TypeReadState::Set(ty), _) => TypeReadState::Set(ty.with_records(rebuild::collections(frame, &ty.records)?)),
        (TypeReadState::Map(ty), _) => TypeReadState::Map(ty.with_records(rebuild::collections(frame, &ty.records)?)),
        (TypeReadState::Object(_), _) => return Err(different()),
    })
}

/// For each of our fields the position of the field of the same name in the delta; `None` if a field of that name is
/// there but holds something else.
fn columns(ours: &ObjectSchema, theirs: &ObjectSchema) -> Option<Vec<Option<usize>>> {
    let positions = theirs.positions();
    let columns = ours
        .fields
        .iter()
        .map(|field| match positions.get(field.name.as_str()).copied() {
            Some(at) if theirs.fields[at].ty != field.ty => None,
            position => Some(position),
        });
    columns.collect()
}
