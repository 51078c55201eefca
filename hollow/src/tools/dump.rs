//! All records of a state as JSON, one record a line.

use crate::Ordinal;
use crate::read::{ObjectTypeState, ReadState, TypeReadState};
use crate::schema::FieldType;
use crate::schema::dataset::Utf16;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Writes all records of a state:
///
/// ```text
/// {"Movie": {"kind": "OBJECT", "fields": ["id", "title"], "records": {
///   "0": [1, "A"],
///   "1": [2, null]}},
/// "Movies": {"kind": "SET", "records": {
///   "0": [[1, 0], [3, 1]]}}}
/// ```
///
/// Types are in alphabetical order. Objects are arrays of their fields in schema order: FLOAT and DOUBLE as the
/// hexadecimal digits of their bits, BYTES as hexadecimal digits, references as ordinals, text that is not well formed
/// as `{"utf16": [units]}`. Lists are arrays of ordinals, sets of `[bucket, element]`, maps of `[bucket, key, value]`.
/// Holds one field or element at a time.
///
/// # Errors
/// Those of `out`.
pub fn write_json(state: &ReadState, out: &mut impl Write) -> io::Result<()> {
    let mut types: Vec<&TypeReadState> = state.types().collect();
    types.sort_by_key(|ty| Utf16(ty.name()));
    out.write_all(b"{")?;
    for (index, ty) in types.into_iter().enumerate() {
        if index > 0 {
            out.write_all(b",\n")?;
        }
        write_type(ty, out)?;
    }
    out.write_all(b"}\n")
}

fn write_type(ty: &TypeReadState, out: &mut impl Write) -> io::Result<()> {
    write!(out, "{}: {{\"kind\": \"{}\"", json!(ty.name()), ty.schema().kind())?;
    if let TypeReadState::Object(object) = ty {
        let names: Vec<&str> = object.schema().fields.iter().map(|f| f.name.as_str()).collect();
        write!(out, ", \"fields\": {}", json!(names))?;
    }
    out.write_all(b", \"records\": {")?;
    for (index, ordinal) in ty.populated().enumerate() {
        out.write_all(if index > 0 { b",\n" } else { b"\n" })?;
        write!(out, "  \"{ordinal}\": ")?;
        write_record(ty, ordinal, out)?;
    }
    out.write_all(b"}}")
}

/// Writes a record that is there, one field or element after the other: a collection can have very many.
fn write_record(ty: &TypeReadState, ordinal: Ordinal, out: &mut impl Write) -> io::Result<()> {
    match ty {
        TypeReadState::Object(ty) => {
            let fields = 0..ty.schema().fields.len();
            write_list(out, fields, |field, out| {
                write!(out, "{}", object_field(ty, ordinal, field))
            })
        }
        TypeReadState::List(ty) => write_list(out, ty.elements(ordinal), |element, out| write!(out, "{element}")),
        TypeReadState::Set(ty) => write_list(out, ty.buckets(ordinal), |(bucket, element), out| {
            write!(out, "[{bucket},{element}]")
        }),
        TypeReadState::Map(ty) => write_list(out, ty.buckets(ordinal), |(bucket, key, value), out| {
            write!(out, "[{bucket},{key},{value}]")
        }),
    }
}

fn write_list<T, W: Write>(
    out: &mut W,
    items: impl Iterator<Item = T>,
    mut write: impl FnMut(T, &mut W) -> io::Result<()>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        write(item, out)?;
    }
    out.write_all(b"]")
}

/// A record in the form of [`write_json`]; null if it is not there.
pub fn record(ty: &TypeReadState, ordinal: Ordinal) -> Value {
    if !ty.is_populated(ordinal) {
        return Value::Null;
    }
    match ty {
        TypeReadState::Object(ty) => (0..ty.schema().fields.len())
            .map(|field| object_field(ty, ordinal, field))
            .collect(),
        TypeReadState::List(ty) => ty.elements(ordinal).map(|element| json!(element.get())).collect(),
        TypeReadState::Set(ty) => ty
            .buckets(ordinal)
            .map(|(bucket, element)| json!([bucket, element.get()]))
            .collect(),
        TypeReadState::Map(ty) => ty
            .buckets(ordinal)
            .map(|(bucket, key, value)| json!([bucket, key.get(), value.get()]))
            .collect(),
    }
}

fn object_field(ty: &ObjectTypeState, ordinal: Ordinal, field: usize) -> Value {
    match &ty.schema().fields[field].ty {
        FieldType::Int => json!(ty.int(ordinal, field)),
        FieldType::Long => json!(ty.long(ordinal, field)),
        FieldType::Boolean => json!(ty.boolean(ordinal, field)),
        FieldType::Float => json!(ty.float(ordinal, field).map(|v| format!("{:08x}", v.to_bits()))),
        FieldType::Double => json!(ty.double(ordinal, field).map(|v| format!("{:016x}", v.to_bits()))),
        FieldType::Bytes => json!(ty.bytes(ordinal, field).map(hex)),
        FieldType::Reference(_) => json!(ty.reference(ordinal, field).map(Ordinal::get)),
        FieldType::String => match ty.text(ordinal, field) {
            None => Value::Null,
            Some(text) => match text.to_well_formed() {
                Some(text) => json!(text),
                None => json!({"utf16": text.units().collect::<Vec<u16>>()}),
            },
        },
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
