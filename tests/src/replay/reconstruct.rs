//! A cycle from its result: what must have been done for a state to come out of the one before.

use hollow::Ordinal;
use hollow::read::{ObjectTypeState, ReadState, TypeReadState};
use hollow::schema::FieldType;
use hollow::write::{FieldValue, ObjectRecord, TypeId, WriteError, WriteStateEngine};

/// Carries the records whose ordinals both states have, and adds the others in ascending order, type by type. That is
/// what any single-threaded producer does whose free ordinals come lowest first.
pub(super) fn reconstruct(engine: &mut WriteStateEngine, state: &ReadState) -> Result<(), WriteError> {
    for ty in engine.type_ids() {
        let name = engine.dataset().schemas()[ty.index()].name().to_owned();
        let Some(from) = state.ty(&name) else {
            continue;
        };
        for ordinal in from.populated() {
            if engine.previous_populated(ty).contains(ordinal) {
                engine.carry(ty, ordinal)?;
            } else {
                add(engine, ty, from, ordinal)?;
            }
        }
    }
    Ok(())
}

fn add(
    engine: &mut WriteStateEngine,
    ty: TypeId,
    from: &TypeReadState,
    ordinal: Ordinal,
) -> Result<Ordinal, WriteError> {
    match from {
        TypeReadState::Object(from) => engine.add_object(ty, &object(from, ordinal)),
        TypeReadState::List(from) => engine.add_list(ty, &from.elements(ordinal).collect::<Vec<_>>()),
        TypeReadState::Set(from) => engine.add_set(ty, &from.elements(ordinal).collect::<Vec<_>>()),
        TypeReadState::Map(from) => engine.add_map(ty, &from.entries(ordinal).collect::<Vec<_>>()),
    }
}

fn object(from: &ObjectTypeState, ordinal: Ordinal) -> ObjectRecord<'_> {
    let fields = from.schema().fields.iter().enumerate();
    fields
        .map(|(position, field)| {
            let value = match field.ty {
                FieldType::Int => from.int(ordinal, position).map(FieldValue::Int),
                FieldType::Long => from.long(ordinal, position).map(FieldValue::Long),
                FieldType::Boolean => from.boolean(ordinal, position).map(FieldValue::Boolean),
                FieldType::Float => from.float(ordinal, position).map(FieldValue::Float),
                FieldType::Double => from.double(ordinal, position).map(FieldValue::Double),
                FieldType::String => from
                    .text(ordinal, position)
                    .map(|text| FieldValue::StoredText(text.bytes())),
                FieldType::Bytes => from.bytes(ordinal, position).map(FieldValue::Bytes),
                FieldType::Reference(_) => from.reference(ordinal, position).map(FieldValue::Reference),
            };
            value.unwrap_or(FieldValue::Null)
        })
        .collect()
}
