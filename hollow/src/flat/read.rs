//! From bytes to values.

use super::layout::{Bytes, Part, Records, body};
use super::{FlatError, FlatSchemas};
use crate::record::{KeyPaths, KeyValue, Value};
use crate::schema::Schema;

/// What a flat record may cost to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of input.
    pub bytes: usize,
    /// The most records within one another.
    pub depth: usize,
    /// The most values of the tree, null fields included. A value takes 32 bytes of memory and what it points to.
    pub values: usize,
}

impl Limits {
    /// 8 MiB, 64 records deep, a million values.
    pub const DEFAULT: Limits = Limits {
        bytes: 8 << 20,
        depth: 64,
        values: 1 << 20,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A flat record, read.
#[derive(Clone, Debug, PartialEq)]
pub struct FlatRecord {
    /// The type of the top record.
    pub type_name: String,
    /// The top record with all it refers to. Unpaired surrogates in texts became U+FFFD.
    pub value: Value,
}

impl FlatRecord {
    /// The primary key of the top record; `None` if its type has none.
    ///
    /// # Errors
    /// [`FlatError::Key`] if a part of it is null: Java Hollow lets null pass in FLOAT and DOUBLE.
    pub fn key(&self, schemas: &FlatSchemas) -> Result<Option<Vec<KeyValue>>, FlatError> {
        let (_, position, _) = schemas.by_name(&self.type_name)?;
        if schemas.keys[position].is_empty() {
            return Ok(None);
        }
        Ok(Some(
            KeyPaths::resolve(schemas.dataset(), &self.type_name)?.of(&self.value)?,
        ))
    }
}

/// Reads a flat record, within [`Limits::DEFAULT`].
///
/// # Errors
/// [`FlatError::Malformed`] with the first thing that is wrong, [`FlatError::Limit`].
pub fn read(schemas: &FlatSchemas, bytes: &[u8]) -> Result<FlatRecord, FlatError> {
    read_within(schemas, bytes, &Limits::DEFAULT)
}

/// Reads a flat record, within the given limits.
///
/// # Errors
/// As [`read()`].
pub fn read_within(schemas: &FlatSchemas, bytes: &[u8], limits: &Limits) -> Result<FlatRecord, FlatError> {
    if bytes.len() > limits.bytes.min(u32::MAX as usize) {
        let limit = limits.bytes;
        return Err(FlatError::Limit { what: "bytes", limit });
    }
    let records = records(schemas, bytes)?;
    let top = records.starts.len().saturating_sub(1) as u32;
    let (_, schema, _) = records.record(schemas, top)?;
    let type_name = schema.name().to_owned();
    let mut tree = Tree {
        schemas,
        records: &records,
        limits,
        values_left: limits.values,
    };
    let value = tree.record(top, 0)?;
    Ok(FlatRecord { type_name, value })
}

/// Goes over the whole once: every record is well formed, refers to records before it that are of the right type, and the
/// locations of the key are where they must be.
fn records<'b>(schemas: &FlatSchemas, whole: &'b [u8]) -> Result<Records<'b>, FlatError> {
    let mut bytes = Bytes::new(whole);
    let top = bytes.u32("the location of the top record")? as usize;
    let top_length = bytes.u32("the length of the top record")? as usize;
    let data = bytes.at();
    let end = data.saturating_add(top).saturating_add(top_length);
    if end > whole.len() {
        return Err(bytes.malformed("a data section that fits into what is there", end - data));
    }
    let mut records = Records {
        bytes: bytes.up_to(end),
        data,
        starts: Vec::new(),
    };
    let mut types: Vec<u32> = Vec::new(); // position in the data set, by flat ordinal
    let mut rest = records.bytes;
    while !rest.is_empty() {
        let flat = records.starts.len() as u32;
        records.starts.push(rest.at() as u32); // bounded by the limit of bytes
        let (position, schema, mut body_bytes) = records.record(schemas, flat)?;
        body(&mut body_bytes, schema, |part, target, before| {
            let (Part::Record(referred), Some(target)) = (part, target) else {
                return Ok(());
            };
            let found = types.get(referred as usize);
            let found = found.ok_or_else(|| before.malformed("a flat ordinal of a record before", referred))?;
            if schemas.dataset().position(target) == Some(*found as usize) {
                return Ok(());
            }
            let name = schemas
                .dataset()
                .schemas()
                .get(*found as usize)
                .map_or("", Schema::name);
            Err(before.malformed("a record of another type", format!("{name} instead of {target}")))
        })?;
        types.push(position as u32);
        rest = body_bytes;
    }
    let last = records.starts.last().map(|&start| start as usize);
    if last != Some(data + top) {
        return Err(bytes.malformed("the top record as the last one", format!("location {top}")));
    }
    let mut keys = Bytes::new(whole).from(end);
    for location in records.key_locations(schemas)? {
        let before = keys;
        let found = keys.u32("the location of a part of the key")? as usize;
        if location.map(|location| location.offset) != Some(found) {
            return Err(before.malformed("the location of a part of the key", found));
        }
    }
    if !keys.is_empty() {
        return Err(keys.malformed("the end", format!("{} more bytes", keys.remaining())));
    }
    Ok(records)
}

struct Tree<'r, 'b> {
    schemas: &'r FlatSchemas,
    records: &'r Records<'b>,
    limits: &'r Limits,
    values_left: usize,
}

impl Tree<'_, '_> {
    fn take(&mut self, values: usize) -> Result<(), FlatError> {
        let (what, limit) = ("number of values", self.limits.values);
        self.values_left = self
            .values_left
            .checked_sub(values)
            .ok_or(FlatError::Limit { what, limit })?;
        Ok(())
    }

    fn record(&mut self, flat: u32, depth: usize) -> Result<Value, FlatError> {
        if depth >= self.limits.depth {
            let (what, limit) = ("depth of records", self.limits.depth);
            return Err(FlatError::Limit { what, limit });
        }
        self.take(1)?;
        let (_, schema, mut bytes) = self.records.record(self.schemas, flat)?;
        let mut values = Vec::new();
        body(&mut bytes, schema, |part, _, _| {
            // 64 bytes of text count as one more value: a text can be shared by many records.
            self.take(match &part {
                Part::Text(text) => 1 + text.bytes().len() / 64,
                Part::Bytes(bytes) => 1 + bytes.len() / 64,
                _ => 1,
            })?;
            values.push(match part {
                Part::Record(flat) => self.record(flat, depth + 1)?,
                leaf => leaf.value(),
            });
            Ok(())
        })?;
        Ok(match schema {
            Schema::Object(_) => Value::Object(values),
            Schema::List(_) => Value::List(values),
            Schema::Set(_) => Value::Set(values),
            Schema::Map(_) => {
                let mut values = values.into_iter();
                let pairs = std::iter::from_fn(|| Some((values.next()?, values.next()?)));
                Value::Map(pairs.collect())
            }
        })
    }
}
