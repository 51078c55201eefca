//! Reading snapshots.

use super::budget::Budget;
use super::object_page::{FieldKind, ObjectPage};
use super::state::Lineage;
use super::table::Records;
use super::type_state::{ListTypeState, MapTypeState, ObjectTypeState, SetTypeState, TypeReadState};
use super::wire::{Form, Frame};
use super::{Filter, LoadOptions, ReadState, rebuild};
use crate::blob::{Cursor, DecodeError, Header, PartHeader};
use crate::schema::{Dataset, ObjectSchema, Schema};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Reads a snapshot; see [`ReadState::from_snapshot_with`].
pub(super) fn snapshot(bytes: &[u8], options: &LoadOptions<'_>) -> Result<ReadState, DecodeError> {
    let mut types: Vec<TypeReadState> = Vec::new();
    let header = each_frame(bytes, &options.parts, Form::Snapshot, |frame| {
        if options.filter.keeps_type(frame.schema.name()) {
            types.push(type_state(frame, &options.filter)?);
        }
        Ok(())
    })?;
    let schemas = types.iter().map(|ty| ty.schema().clone()).collect();
    let dataset = Dataset::new(schemas).unwrap_or_default(); // that names stand once has been seen to
    Ok(ReadState {
        dataset: Arc::new(dataset),
        types: types.into(),
        header_tags: Arc::new(header.tags.into_iter().collect()),
        origin_tag: header.origin_tag,
        tag: header.destination_tag,
        version: None,
        lineage: Lineage::first(),
        derived: None,
    })
}

/// Reads a blob with its parts to the end and hands over each type state as soon as it is read.
pub(super) fn each_frame<'b>(
    bytes: &'b [u8],
    parts: &[&'b [u8]],
    form: Form,
    mut visit: impl FnMut(&Frame<'b>) -> Result<(), DecodeError>,
) -> Result<Header, DecodeError> {
    let mut names = HashSet::new();
    let mut frames = |cursor: &mut Cursor<'b>, count: usize, listed: &[Schema]| {
        let listed: HashMap<&str, &Schema> = listed.iter().map(|schema| (schema.name(), schema)).collect();
        for _ in 0..count {
            let frame = Frame::read(cursor, form, &listed)?;
            if !names.insert(frame.schema.name().to_owned()) {
                return Err(cursor.invalid("name of a type", "a name that stands once", frame.schema.name()));
            }
            visit(&frame)?;
        }
        cursor.finish()
    };
    let mut cursor = Cursor::new(bytes);
    let header = Header::read(&mut cursor)?;
    frames(
        &mut cursor,
        header.num_type_states,
        header.schemas.as_deref().unwrap_or_default(),
    )?;
    let mut part_names = HashSet::new();
    for part in parts {
        let mut cursor = Cursor::new(part);
        let part = PartHeader::read(&mut cursor)?;
        let tags = (part.origin_tag, part.destination_tag);
        if tags != (header.origin_tag, header.destination_tag) {
            let expected = format!("{} to {}", header.origin_tag, header.destination_tag);
            let found = format!("{} to {}", tags.0, tags.1);
            return Err(cursor.invalid("tags of an optional part", expected, found));
        }
        frames(&mut cursor, part.num_type_states, &part.schemas)?;
        if let Some(name) = part_names.replace(part.name) {
            return Err(cursor.invalid("name of an optional part", "each part once", name));
        }
    }
    Ok(header)
}

fn type_state(frame: &Frame<'_>, filter: &Filter) -> Result<TypeReadState, DecodeError> {
    let made = match &frame.schema {
        Schema::Object(schema) => {
            let (kept, columns) = kept_fields(schema, filter);
            let kinds = field_kinds(&kept);
            let (none, budget) = (Records::<ObjectPage>::empty(), Budget::unlimited());
            let records = rebuild::objects(frame, &none, &kinds, &columns, &budget)?;
            ObjectTypeState::new(Arc::new(Schema::Object(kept)), records).map(TypeReadState::Object)
        }
        schema => {
            let schema = Arc::new(schema.clone());
            let records = rebuild::collections(frame, &Records::empty())?;
            match *schema {
                Schema::List(_) => ListTypeState::new(schema, records).map(TypeReadState::List),
                Schema::Set(_) => SetTypeState::new(schema, records).map(TypeReadState::Set),
                _ => MapTypeState::new(schema, records).map(TypeReadState::Map),
            }
        }
    };
    Ok(made.expect("the state is made for the kind of the schema"))
}

/// What field positions hold.
pub(super) fn field_kinds(schema: &ObjectSchema) -> Vec<FieldKind> {
    schema.fields.iter().map(|field| FieldKind::of(&field.ty)).collect()
}

/// The schema without the fields that are dropped, and the positions in the blob of those that stay.
fn kept_fields(schema: &ObjectSchema, filter: &Filter) -> (ObjectSchema, Vec<Option<usize>>) {
    let mut columns = Vec::with_capacity(schema.fields.len());
    let fields = schema.fields.iter().enumerate();
    let kept = fields.filter(|(_, field)| filter.keeps_field(&schema.name, &field.name));
    let fields = kept.map(|(at, field)| {
        columns.push(Some(at));
        field.clone()
    });
    let kept = ObjectSchema {
        name: schema.name.clone(),
        fields: fields.collect(),
        primary_key: schema.primary_key.clone(),
    };
    (kept, columns)
}
