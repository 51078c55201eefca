//! Field values of recorded records.

use super::ReplayError;
use hollow::Ordinal;
use hollow::schema::FieldType;
use hollow::write::{FieldValue, TypeId, WriteStateEngine};
use serde_json::Value as Json;

/// A field value that owns its bytes.
pub(super) enum OwnedField {
    Plain(FieldValue<'static>),
    Text(String),
    StoredText(Vec<u8>),
    Bytes(Vec<u8>),
}

impl OwnedField {
    pub(super) fn borrow(&self) -> FieldValue<'_> {
        match self {
            OwnedField::Plain(value) => *value,
            OwnedField::Text(value) => FieldValue::Text(value),
            OwnedField::StoredText(value) => FieldValue::StoredText(value),
            OwnedField::Bytes(value) => FieldValue::Bytes(value),
        }
    }
}

/// The fields of a record, by the schema of its type.
pub(super) fn field_values(
    engine: &WriteStateEngine,
    ty: TypeId,
    fields: &[Json],
    json: &Json,
) -> Result<Vec<OwnedField>, ReplayError> {
    let refuse = |what: String| ReplayError::Operation {
        what,
        operation: json.to_string(),
    };
    let schema = engine.dataset().schemas()[ty.index()]
        .as_object()
        .ok_or_else(|| refuse("not an object type".to_owned()))?;
    schema
        .fields
        .iter()
        .zip(fields)
        .map(|(field, value)| {
            field_value(&field.ty, value).ok_or_else(|| refuse(format!("field={} value={value}", field.name)))
        })
        .collect()
}

fn field_value(ty: &FieldType, value: &Json) -> Option<OwnedField> {
    if value.is_null() {
        return Some(OwnedField::Plain(FieldValue::Null));
    }
    if value.get("setNull").is_some() {
        // Java stores a null set explicitly as one byte that is no text.
        return Some(match ty {
            FieldType::String => OwnedField::StoredText(vec![0x80]),
            FieldType::Bytes => OwnedField::Bytes(vec![0x80]),
            _ => OwnedField::Plain(FieldValue::Null),
        });
    }
    let plain = match ty {
        FieldType::Int => FieldValue::Int(i32::try_from(value.as_i64()?).ok()?),
        FieldType::Long => FieldValue::Long(value.as_i64()?),
        FieldType::Boolean => FieldValue::Boolean(value.as_bool()?),
        FieldType::Float => FieldValue::Float(f32::from_bits(u32::from_str_radix(value.as_str()?, 16).ok()?)),
        FieldType::Double => FieldValue::Double(f64::from_bits(u64::from_str_radix(value.as_str()?, 16).ok()?)),
        FieldType::Reference(_) => FieldValue::Reference(Ordinal::new(u32::try_from(value.as_u64()?).ok()?)?),
        FieldType::String => {
            return Some(match value.get("utf16") {
                Some(units) => {
                    let mut stored = Vec::new();
                    for unit in units.as_array()? {
                        let unit = u16::try_from(unit.as_u64()?).ok()?;
                        hollow::memory::var_int::write_u32(&mut stored, unit.into());
                    }
                    OwnedField::StoredText(stored)
                }
                None => OwnedField::Text(value.as_str()?.to_owned()),
            });
        }
        FieldType::Bytes => return hex(value.as_str()?).map(OwnedField::Bytes),
    };
    Some(OwnedField::Plain(plain))
}

/// The bytes of a text of hexadecimal digits.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
