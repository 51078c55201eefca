//! Adding whole trees of values: children first, each at the place where its schema expects it.

use super::adding::{self, Added, Sink, default_hash, with_record};
use super::record_form::{self, FieldKind, Shape};
use super::{FieldValue, TypeId, WriteError};
use crate::Ordinal;
use crate::record::Value;
use crate::schema::{FieldType, Kind};

/// How deep the records of one addition may be nested.
const MAX_DEPTH: usize = 128;

/// Adds a record with all it refers to.
pub(super) fn add<S: Sink>(sink: &mut S, type_name: &str, value: &Value) -> Added {
    sink.require_adding()?;
    let ty = sink
        .type_id(type_name)
        .ok_or_else(|| Box::new(WriteError::UnknownType(type_name.to_owned())))?;
    add_value(sink, ty, value, MAX_DEPTH).map_err(|error| Box::new(error.at(type_name)))
}

fn add_value<S: Sink>(sink: &mut S, ty: TypeId, value: &Value, depth: usize) -> Added {
    if depth == 0 {
        let at = String::new();
        return Err(Box::new(WriteError::TooDeep { at, limit: MAX_DEPTH }));
    }
    match (sink.schema(ty).kind(), value) {
        (Kind::Object, Value::Object(fields)) => add_object_value(sink, ty, fields, depth - 1),
        (Kind::List, Value::List(elements)) => {
            let elements = add_elements(sink, ty, elements, depth - 1)?;
            adding::add_list(sink, ty, &elements)
        }
        (Kind::Set, Value::Set(elements)) => {
            let mut elements = add_elements(sink, ty, elements, depth - 1)?;
            elements.sort_unstable();
            elements.dedup();
            let hashed = elements.into_iter().map(|element| (element, default_hash(element)));
            adding::add_set(sink, ty, hashed)
        }
        (Kind::Map, Value::Map(entries)) => add_map_value(sink, ty, entries, depth - 1),
        (kind, _) => Err(Box::new(WriteError::mismatch(kind.to_string(), describe(value)))),
    }
}

fn add_object_value<S: Sink>(sink: &mut S, ty: TypeId, values: &[Value], depth: usize) -> Added {
    let num_fields = match sink.shape(ty) {
        Shape::Object(kinds) => kinds.len(),
        _ => 0,
    };
    if values.len() != num_fields {
        let expected = format!("{num_fields} fields");
        let found = format!("{} fields", values.len());
        return Err(Box::new(WriteError::mismatch(expected, found)));
    }
    with_record(sink, |sink, out| {
        for (index, value) in values.iter().enumerate() {
            push_value(sink, ty, index, value, depth, out).map_err(|error| {
                let object = sink.schema(ty).as_object();
                let name = object.map_or("", |object| object.fields[index].name.as_str());
                Box::new(error.at(name))
            })?;
        }
        sink.add_serialized(ty, out)
    })
}

/// Appends a field of an object, after adding what it refers to.
fn push_value<S: Sink>(
    sink: &mut S,
    ty: TypeId,
    index: usize,
    value: &Value,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), Box<WriteError>> {
    let kind = match sink.shape(ty) {
        Shape::Object(kinds) => kinds[index],
        _ => return Ok(()),
    };
    let field = match (kind, value) {
        (_, Value::Null) => FieldValue::Null,
        (FieldKind::Reference(Some(target)), value) => {
            FieldValue::Reference(add_value(sink, target, value, depth)?.ordinal())
        }
        (_, Value::Int(value)) => FieldValue::Int(*value),
        (_, Value::Long(value)) => FieldValue::Long(*value),
        (_, Value::Boolean(value)) => FieldValue::Boolean(*value),
        (_, Value::Float(value)) => FieldValue::Float(*value),
        (_, Value::Double(value)) => FieldValue::Double(*value),
        (_, Value::String(value)) => FieldValue::Text(value),
        (_, Value::Bytes(value)) => FieldValue::Bytes(value),
        _ => return Err(Box::new(field_mismatch(sink, ty, index, value))),
    };
    if record_form::push_field(out, kind, field) {
        Ok(())
    } else {
        Err(Box::new(field_mismatch(sink, ty, index, value)))
    }
}

fn field_mismatch<S: Sink>(sink: &S, ty: TypeId, index: usize, value: &Value) -> WriteError {
    let fields = sink.schema(ty).as_object().map(|object| &object.fields);
    match fields.map(|fields| &fields[index].ty) {
        Some(FieldType::Reference(name)) if sink.type_id(name).is_none() => WriteError::UnknownType(name.clone()),
        ty => WriteError::mismatch(ty.map_or_else(String::new, ToString::to_string), describe(value)),
    }
}

fn add_elements<S: Sink>(
    sink: &mut S,
    ty: TypeId,
    elements: &[Value],
    depth: usize,
) -> Result<Vec<Ordinal>, Box<WriteError>> {
    let target = element_type(sink, ty, false)?;
    let add = |(index, element)| match add_value(sink, target, element, depth) {
        Ok(known) => Ok(known.ordinal()),
        Err(error) => Err(Box::new(error.at_index(index))),
    };
    elements.iter().enumerate().map(add).collect()
}

fn add_map_value<S: Sink>(sink: &mut S, ty: TypeId, entries: &[(Value, Value)], depth: usize) -> Added {
    let (key_type, value_type) = (element_type(sink, ty, false)?, element_type(sink, ty, true)?);
    let mut added = Vec::with_capacity(entries.len());
    for (index, (key, value)) in entries.iter().enumerate() {
        let key = add_value(sink, key_type, key, depth).map_err(|error| Box::new(error.at("key").at_index(index)))?;
        let value =
            add_value(sink, value_type, value, depth).map_err(|error| Box::new(error.at("value").at_index(index)))?;
        added.push((key.ordinal(), value.ordinal()));
    }
    added.sort_unstable();
    added.dedup();
    if let Some(twice) = added.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Box::new(WriteError::DuplicateKey {
            type_name: sink.schema(ty).name().to_owned(),
            key: twice[0].0,
        }));
    }
    let hashed = added.into_iter().map(|(key, value)| (key, value, default_hash(key)));
    adding::add_map(sink, ty, hashed)
}

/// The type of elements or keys, or of the values of a map.
fn element_type<S: Sink>(sink: &S, ty: TypeId, of_values: bool) -> Result<TypeId, Box<WriteError>> {
    let resolved = match *sink.shape(ty) {
        Shape::List(element) | Shape::Set(element) => element,
        Shape::Map(_, value) if of_values => value,
        Shape::Map(key, _) => key,
        Shape::Object(_) => None,
    };
    resolved.ok_or_else(|| {
        let references = sink.schema(ty).references();
        let name = references.get(usize::from(of_values)).copied().unwrap_or("");
        Box::new(WriteError::UnknownType(name.to_owned()))
    })
}

fn describe(value: &Value) -> String {
    let what = match value {
        Value::Null => "null",
        Value::Int(_) => "int",
        Value::Long(_) => "long",
        Value::Boolean(_) => "boolean",
        Value::Float(_) => "float",
        Value::Double(_) => "double",
        Value::String(_) => "string",
        Value::Bytes(_) => "bytes",
        Value::Object(_) => "OBJECT",
        Value::List(_) => "LIST",
        Value::Set(_) => "SET",
        Value::Map(_) => "MAP",
    };
    what.to_owned()
}

impl WriteError {
    pub(super) fn mismatch(expected: String, found: String) -> Self {
        WriteError::Mismatch {
            at: String::new(),
            expected,
            found,
        }
    }

    /// Says in which field of an object, or in which record, the error is.
    pub(super) fn at(mut self, name: &str) -> Self {
        if let WriteError::Mismatch { at, .. } | WriteError::TooDeep { at, .. } = &mut self {
            let separator = if at.is_empty() || at.starts_with('[') { "" } else { "." };
            *at = format!("{name}{separator}{at}");
        }
        self
    }

    /// Says in which element the error is.
    fn at_index(mut self, index: usize) -> Self {
        if let WriteError::Mismatch { at, .. } | WriteError::TooDeep { at, .. } = &mut self {
            let separator = if at.is_empty() || at.starts_with('[') { "" } else { "." };
            *at = format!("[{index}]{separator}{at}");
        }
        self
    }
}
