//! Flat records: one record with all it refers to in one byte string. See `docs/format.md`, section 16.

use hollow::Ordinal;
use hollow::memory::var_int::{Decoded, read_u64};
use hollow::schema::{FieldType, Schema};
use hollow::write::{FieldValue, ObjectRecord, WriteStateEngine};
use std::collections::BTreeMap;

/// Adds the records of a flat record to an engine, translating references.
pub(super) fn dump_flat_record(
    engine: &mut WriteStateEngine,
    bytes: &[u8],
    schema_ids: &BTreeMap<u32, String>,
) -> Result<(), String> {
    let mut rest = Bytes(bytes);
    let top = rest.number()?;
    let top_length = rest.number()?;
    let mut data = Bytes(rest.take((top + top_length) as usize)?);
    let mut ordinals: Vec<Option<Ordinal>> = Vec::new();
    while !data.0.is_empty() {
        let id = data.number()? as u32;
        let name = schema_ids.get(&id).ok_or(format!("no schema of this id, id={id}"))?;
        let ty = engine.type_id(name).ok_or(format!("no such type, name={name}"))?;
        let schema = engine.dataset().schemas()[ty.index()].clone();
        let flat = |number: u64| -> Result<Ordinal, String> {
            let ordinal = ordinals.get(number as usize).copied().flatten();
            ordinal.ok_or(format!(
                "reference to a record that is not there, flat ordinal={number}"
            ))
        };
        let ordinal = match schema {
            Schema::Object(schema) => {
                let record: ObjectRecord<'_> = schema
                    .fields
                    .iter()
                    .map(|field| data.field(&field.ty, flat))
                    .collect::<Result<_, _>>()?;
                engine.add_object(ty, &record)
            }
            Schema::List(_) => {
                let size = data.number()?;
                let elements: Vec<Ordinal> = (0..size).map(|_| flat(data.number()?)).collect::<Result<_, _>>()?;
                engine.add_list(ty, &elements)
            }
            Schema::Set(_) => {
                let size = data.number()?;
                let mut element = 0;
                let elements: Vec<Ordinal> = (0..size)
                    .map(|_| {
                        element += data.number()?;
                        flat(element)
                    })
                    .collect::<Result<_, _>>()?;
                engine.add_set(ty, &elements)
            }
            Schema::Map(_) => {
                let size = data.number()?;
                let mut key = 0;
                let entries: Vec<(Ordinal, Ordinal)> = (0..size)
                    .map(|_| {
                        key += data.number()?;
                        Ok((flat(key)?, flat(data.number()?)?))
                    })
                    .collect::<Result<_, String>>()?;
                engine.add_map(ty, &entries)
            }
        };
        ordinals.push(Some(ordinal.map_err(|error| error.to_string())?));
    }
    Ok(())
}

struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("flat record ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn nullable(&mut self) -> Result<Option<u64>, String> {
        match read_u64(self.0) {
            Decoded::Value(value, length) => self.take(length).map(|_| Some(value)),
            Decoded::Null => self.take(1).map(|_| None),
            other => Err(format!("malformed number in flat record, {other:?}")),
        }
    }

    fn number(&mut self) -> Result<u64, String> {
        self.nullable()?.ok_or("null where a number must be".to_owned())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| "flat record ends too early".to_owned())
    }

    fn field(
        &mut self,
        ty: &FieldType,
        flat: impl Fn(u64) -> Result<Ordinal, String>,
    ) -> Result<FieldValue<'b>, String> {
        use hollow::memory::zigzag::{decode32, decode64};
        match ty {
            FieldType::Float => {
                let bits = u32::from_be_bytes(self.array()?);
                return Ok(match bits {
                    0x7FC0_0001 => FieldValue::Null,
                    _ => FieldValue::Float(f32::from_bits(bits)),
                });
            }
            FieldType::Double => {
                let bits = u64::from_be_bytes(self.array()?);
                return Ok(match bits {
                    0x7FF8_0000_0000_0001 => FieldValue::Null,
                    _ => FieldValue::Double(f64::from_bits(bits)),
                });
            }
            _ => {}
        }
        let Some(number) = self.nullable()? else {
            return Ok(FieldValue::Null);
        };
        Ok(match ty {
            FieldType::Int => FieldValue::Int(decode32(number as u32)),
            FieldType::Long => FieldValue::Long(decode64(number)),
            FieldType::Boolean => FieldValue::Boolean(number != 0),
            FieldType::String => FieldValue::StoredText(self.take(number as usize)?),
            FieldType::Bytes => FieldValue::Bytes(self.take(number as usize)?),
            FieldType::Reference(_) => FieldValue::Reference(flat(number)?),
            FieldType::Float | FieldType::Double => FieldValue::Null, // handled above
        })
    }
}
