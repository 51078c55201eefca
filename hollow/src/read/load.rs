//! Reading snapshots.

use super::kind::{Objects, RecordKind};
use super::mapped::Mapped;
use super::object_block::FieldKind;
use super::records::Records;
use super::state::Lineage;
use super::type_state::{ListTypeState, MapTypeState, ObjectTypeState, SetTypeState, TypeReadState};
use super::wire::{Depth, Form, Frame};
use super::{Filter, LoadOptions, ReadState, rebuild};
use crate::blob::{Cursor, DecodeError, Header, PartHeader};
use crate::memory::MappedFile;
use crate::schema::{Dataset, ObjectSchema, Schema};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Reads a snapshot; see [`ReadState::from_snapshot_with`].
pub(super) fn snapshot(bytes: &[u8], options: &LoadOptions<'_>) -> Result<ReadState, DecodeError> {
    let mut types: Vec<TypeReadState> = Vec::new();
    let header = each_frame(bytes, &options.parts, Form::Snapshot, Depth::Elements, |frame, _| {
        if !options.filter.keeps_type(frame.schema.name()) {
            return frame.check_texts(None);
        }
        types.push(type_state(frame, &options.filter, &InMemory)?);
        Ok(())
    })?;
    Ok(state(header, types))
}

/// Opens a snapshot in place; see [`ReadState::open_mapped_with`].
pub(super) fn mapped(
    file: &Arc<MappedFile>,
    parts: &[Arc<MappedFile>],
    filter: &Filter,
) -> Result<ReadState, DecodeError> {
    let mut types: Vec<TypeReadState> = Vec::new();
    let part_bytes: Vec<&[u8]> = parts.iter().map(|part| &***part).collect();
    let header = each_frame(file, &part_bytes, Form::Snapshot, Depth::Lengths, |frame, part| {
        if filter.keeps_type(frame.schema.name()) {
            let file = part.and_then(|at| parts.get(at)).unwrap_or(file);
            types.push(type_state(frame, filter, &InPlace(file))?);
        }
        Ok(())
    })?;
    Ok(state(header, types))
}

fn state(header: Header, types: Vec<TypeReadState>) -> ReadState {
    let schemas = types.iter().map(|ty| ty.schema().clone()).collect();
    let dataset = Dataset::new(schemas).unwrap_or_default(); // that names stand once has been seen to
    ReadState {
        dataset: Arc::new(dataset),
        types: types.into(),
        header_tags: Arc::new(header.tags.into_iter().collect()),
        origin_tag: header.origin_tag,
        tag: header.destination_tag,
        version: None,
        lineage: Lineage::first(),
    }
}

/// Reads a blob with its parts to the end and hands over each type state as soon as it is read, with the number of the
/// part it is in.
pub(super) fn each_frame<'b>(
    bytes: &'b [u8],
    parts: &[&'b [u8]],
    form: Form,
    depth: Depth,
    mut visit: impl FnMut(&mut Frame<'b>, Option<usize>) -> Result<(), DecodeError>,
) -> Result<Header, DecodeError> {
    let mut names = HashSet::new();
    let mut frames = |cursor: &mut Cursor<'b>, count: usize, listed: &[Schema], part: Option<usize>| {
        let listed: HashMap<&str, &Schema> = listed.iter().map(|schema| (schema.name(), schema)).collect();
        let blob = part.and_then(|at| parts.get(at).copied()).unwrap_or(bytes);
        for _ in 0..count {
            let mut frame = Frame::read(blob, cursor, form, depth, &listed)?;
            if !names.insert(frame.schema.name().to_owned()) {
                return Err(cursor.invalid("name of a type", "a name that stands once", frame.schema.name()));
            }
            visit(&mut frame, part)?;
        }
        cursor.finish()
    };
    let mut cursor = Cursor::new(bytes);
    let header = Header::read(&mut cursor)?;
    frames(
        &mut cursor,
        header.num_type_states,
        header.schemas.as_deref().unwrap_or_default(),
        None,
    )?;
    let mut part_names = HashSet::new();
    for (at, part) in parts.iter().enumerate() {
        let mut cursor = Cursor::new(part);
        let part = PartHeader::read(&mut cursor)?;
        let tags = (part.origin_tag, part.destination_tag);
        if tags != (header.origin_tag, header.destination_tag) {
            let expected = format!("{} to {}", header.origin_tag, header.destination_tag);
            let found = format!("{} to {}", tags.0, tags.1);
            return Err(cursor.invalid("tags of an optional part", expected, found));
        }
        frames(&mut cursor, part.num_type_states, &part.schemas, Some(at))?;
        if let Some(name) = part_names.replace(part.name) {
            return Err(cursor.invalid("name of an optional part", "each part once", name));
        }
    }
    Ok(header)
}

/// What becomes of the records of a snapshot.
trait Destination {
    fn records<K: RecordKind>(
        &self,
        frame: &Frame<'_>,
        wire: K::Wire,
        plan: K::Plan,
    ) -> Result<Records<K>, DecodeError>;
}

/// They are copied to memory.
struct InMemory;

impl Destination for InMemory {
    fn records<K: RecordKind>(
        &self,
        frame: &Frame<'_>,
        wire: K::Wire,
        plan: K::Plan,
    ) -> Result<Records<K>, DecodeError> {
        rebuild::records(frame, &wire, &Records::empty(plan))
    }
}

/// They stay where they are.
struct InPlace<'f>(&'f Arc<MappedFile>);

impl Destination for InPlace<'_> {
    fn records<K: RecordKind>(
        &self,
        frame: &Frame<'_>,
        wire: K::Wire,
        plan: K::Plan,
    ) -> Result<Records<K>, DecodeError> {
        let mut records = Records::empty(plan);
        records.num_shards = frame.num_shards;
        records.max_ordinal = frame.max_ordinal;
        records.mapped = Some(Arc::new(Mapped::new(Arc::clone(self.0), frame, wire)));
        Ok(records)
    }
}

fn type_state(
    frame: &mut Frame<'_>,
    filter: &Filter,
    destination: &impl Destination,
) -> Result<TypeReadState, DecodeError> {
    let made = match &frame.schema {
        Schema::Object(schema) => {
            let (kept, columns) = kept_fields(schema, filter);
            let plan = field_kinds(&kept).into();
            let wire = rebuild::wire_objects(frame, columns)?;
            let records = destination.records::<Objects>(frame, wire, plan)?;
            ObjectTypeState::new(Arc::new(Schema::Object(kept)), records).map(TypeReadState::Object)
        }
        schema => {
            let schema = Arc::new(schema.clone());
            let wire = rebuild::wire_collections(frame)?;
            let records = destination.records(frame, wire, schema.kind())?;
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
