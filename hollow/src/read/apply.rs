//! Applying deltas.

use super::load::each_frame;
use super::type_state::TypeReadState;
use super::wire::{Depth, Form, Frame};
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
    let mut types = state.types.to_vec();
    let header = each_frame(bytes, parts, Form::Delta, Depth::Ends, |frame, _| {
        let position = state.dataset.position(frame.schema.name());
        if let Some(ty) = position.and_then(|at| types.get_mut(at)) {
            *ty = next_type_state(ty, frame)?;
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
    };
    Ok(next.derived_from(state))
}

fn next_type_state(ty: &TypeReadState, frame: &mut Frame<'_>) -> Result<TypeReadState, DecodeError> {
    let different = |frame: &Frame<'_>| frame.invalid("schema of a type", ty.schema().to_string(), &frame.schema);
    if let TypeReadState::Object(ty) = ty {
        let Schema::Object(schema) = &frame.schema else {
            return Err(different(frame));
        };
        let columns = columns(ty.schema(), schema).ok_or_else(|| different(frame))?;
        let wire = rebuild::wire_objects(frame, columns)?;
        let records = rebuild::records(frame, &wire, &ty.records)?;
        return Ok(TypeReadState::Object(ty.with_records(records)));
    }
    if *ty.schema() != frame.schema {
        return Err(different(frame));
    }
    let wire = rebuild::wire_collections(frame)?;
    Ok(match ty {
        TypeReadState::List(ty) => TypeReadState::List(ty.with_records(rebuild::records(frame, &wire, &ty.records)?)),
        TypeReadState::Set(ty) => TypeReadState::Set(ty.with_records(rebuild::records(frame, &wire, &ty.records)?)),
        TypeReadState::Map(ty) => TypeReadState::Map(ty.with_records(rebuild::records(frame, &wire, &ty.records)?)),
        TypeReadState::Object(_) => return Err(different(frame)),
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
