//! From a record to an archive.

use super::{Columns, CompactError, FALSE, LAYOUT, MAGIC, NULL, PRESENT, TRUE, archive_error, too_deep, too_many};
use hollow::record::Value;
use hollow::record::json::Limits;
use hollow::schema::{Dataset, FieldType, Schema};
use rkyv::rancor;

pub(in crate::message) fn encode(
    dataset: &Dataset,
    root: &str,
    schema_hash: i32,
    record: &Value,
    limits: &Limits,
) -> Result<Vec<u8>, CompactError> {
    let mut writing = Writing {
        dataset,
        limits,
        depth: 0,
        columns: Columns {
            layout: LAYOUT,
            schema: schema_hash,
            ..Columns::default()
        },
    };
    writing.record(root, record)?;
    let archive = rkyv::to_bytes::<rancor::Error>(&writing.columns).map_err(archive_error)?;
    let length = MAGIC.len() + archive.len();
    if length > limits.bytes {
        return Err(CompactError::Limit {
            what: "long",
            limit: limits.bytes,
        });
    }
    let mut payload = Vec::with_capacity(length);
    payload.extend_from_slice(&MAGIC);
    payload.extend_from_slice(&archive);
    Ok(payload)
}

struct Writing<'a> {
    dataset: &'a Dataset,
    limits: &'a Limits,
    depth: usize,
    columns: Columns,
}

impl Writing<'_> {
    fn tag(&mut self, tag: u8) -> Result<(), CompactError> {
        if self.columns.tags.len() >= self.limits.values {
            return Err(too_many(self.limits));
        }
        self.columns.tags.push(tag);
        Ok(())
    }

    fn length(&mut self, length: usize) -> Result<(), CompactError> {
        let mut rest = u32::try_from(length).map_err(|_| too_many(self.limits))?;
        while rest >= 0x80 {
            self.columns.lengths.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.columns.lengths.push(rest as u8);
        Ok(())
    }

    fn wrong_shape(&self, expected: &str) -> CompactError {
        CompactError::WrongShape {
            at: self.columns.tags.len(),
            expected: expected.to_owned(),
        }
    }

    fn record(&mut self, type_name: &str, value: &Value) -> Result<(), CompactError> {
        let schema = self.dataset.get(type_name).ok_or_else(|| self.wrong_shape(type_name))?;
        if self.depth >= self.limits.depth {
            return Err(too_deep(self.limits));
        }
        self.depth += 1;
        match (schema, value) {
            (Schema::Object(object), Value::Object(fields)) if fields.len() == object.fields.len() => {
                self.tag(PRESENT)?;
                for (field, value) in object.fields.iter().zip(fields) {
                    match (field.ty.reference(), value) {
                        (_, Value::Null) => self.tag(NULL)?,
                        (Some(type_name), value) => self.record(type_name, value)?,
                        (None, value) => self.leaf(&field.ty, value)?,
                    }
                }
            }
            (Schema::List(list), Value::List(elements)) => self.elements(&list.element, elements)?,
            (Schema::Set(set), Value::Set(elements)) => self.elements(&set.element, elements)?,
            (Schema::Map(map), Value::Map(entries)) => {
                self.tag(PRESENT)?;
                self.length(entries.len())?;
                for (key, value) in entries {
                    self.record(&map.key, key)?;
                    self.record(&map.value, value)?;
                }
            }
            _ => return Err(self.wrong_shape(type_name)),
        }
        self.depth -= 1;
        Ok(())
    }

    fn elements(&mut self, element: &str, elements: &[Value]) -> Result<(), CompactError> {
        self.tag(PRESENT)?;
        self.length(elements.len())?;
        elements.iter().try_for_each(|value| self.record(element, value))
    }

    fn leaf(&mut self, ty: &FieldType, value: &Value) -> Result<(), CompactError> {
        match (ty, value) {
            (FieldType::Boolean, Value::Boolean(b)) => return self.tag(if *b { TRUE } else { FALSE }),
            (FieldType::Int, Value::Int(n)) => self.columns.ints.push(*n),
            (FieldType::Float, Value::Float(n)) => self.columns.ints.push(n.to_bits().cast_signed()),
            (FieldType::Long, Value::Long(n)) => self.columns.longs.push(*n),
            (FieldType::Double, Value::Double(n)) => self.columns.longs.push(n.to_bits().cast_signed()),
            (FieldType::String, Value::String(text)) => {
                self.length(text.len())?;
                self.columns.text.push_str(text);
            }
            (FieldType::Bytes, Value::Bytes(bytes)) => {
                self.length(bytes.len())?;
                self.columns.bytes.extend_from_slice(bytes);
            }
            _ => return Err(self.wrong_shape(&ty.to_string())),
        }
        self.tag(PRESENT)
    }
}
