//! The compact form: a record as a flat list of values in the order of its schema, in an rkyv archive.
//!
//! ```text
//! HRK1 | archive of { layout, schema, tags, lengths, ints, longs, text, bytes }
//! ```
//!
//! `tags` holds one byte for each value, a record before what it refers to, fields in schema order. The numbers, lengths
//! and texts that belong to the tags stand in columns of their own, in the same order. Nothing in the archive refers to
//! another part of it, so validating it takes no recursion, and depth is bounded when the values are put together.
//!
//! Fields are known by position: `schema` is the hash of the writer's schemas, and a reader with others refuses.

use hollow::record::Value;
use hollow::record::json::Limits;
use hollow::schema::{Dataset, FieldType, Schema};
use rkyv::rancor;
use rkyv::util::AlignedVec;

/// The first bytes of a payload in the compact form.
pub const MAGIC: [u8; 4] = *b"HRK1";

/// The layout of the columns below.
const LAYOUT: u16 = 1;

/// Why bytes are no record in the compact form, or a record cannot be written so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompactError {
    /// The archive is damaged, or none.
    #[error("not a valid archive: {0}")]
    Archive(String),
    /// A layout this program does not know.
    #[error("unknown layout, found={found} known={LAYOUT}")]
    Layout {
        /// The layout found.
        found: u16,
    },
    /// The writer had other schemas.
    #[error("written with other schemas, expected hash={expected} found={found}")]
    Schema {
        /// The hash of the reader's schemas.
        expected: i32,
        /// The hash of the writer's.
        found: i32,
    },
    /// A value of another kind than the schema has at its place.
    #[error("value number {at} does not fit the schema, expected={expected}")]
    WrongShape {
        /// How many values stand before it.
        at: usize,
        /// What the schema has there.
        expected: String,
    },
    /// A column ends too early or too late, or is cut within a character.
    #[error("the column of {0} does not fit the values")]
    Column(&'static str),
    /// More than the limits allow.
    #[error("too {what}, limit={limit}")]
    Limit {
        /// Long, deep or many.
        what: &'static str,
        /// The most allowed.
        limit: usize,
    },
}

#[derive(Default, rkyv::Archive, rkyv::Serialize)]
struct Columns {
    layout: u16,
    schema: i32,
    tags: Vec<u8>,
    /// Elements of collections, bytes of texts and of byte strings.
    lengths: Vec<u32>,
    /// INT values and the bits of FLOAT values.
    ints: Vec<i32>,
    /// LONG values and the bits of DOUBLE values.
    longs: Vec<i64>,
    text: String,
    bytes: Vec<u8>,
}

const NULL: u8 = 0;
const PRESENT: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;

pub(super) fn encode(
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

pub(super) fn decode(
    dataset: &Dataset,
    root: &str,
    schema_hash: i32,
    archive: &[u8],
    limits: &Limits,
) -> Result<Value, CompactError> {
    if MAGIC.len() + archive.len() > limits.bytes {
        return Err(CompactError::Limit {
            what: "long",
            limit: limits.bytes,
        });
    }
    // A message lies at any address; an archive must be aligned.
    let mut aligned = AlignedVec::<16>::with_capacity(archive.len());
    aligned.extend_from_slice(archive);
    let columns = rkyv::access::<ArchivedColumns, rancor::Error>(&aligned).map_err(archive_error)?;
    if columns.layout != LAYOUT {
        return Err(CompactError::Layout {
            found: columns.layout.into(),
        });
    }
    if columns.schema != schema_hash {
        return Err(CompactError::Schema {
            expected: schema_hash,
            found: columns.schema.into(),
        });
    }
    let mut reading = Reading {
        dataset,
        limits,
        depth: 0,
        columns,
        tag: 0,
        length: 0,
        int: 0,
        long: 0,
        text: 0,
        byte: 0,
    };
    let record = reading.record(root)?;
    if record == Value::Null {
        return Err(reading.wrong_shape(root));
    }
    reading.end()?;
    Ok(record)
}

fn archive_error(error: rancor::Error) -> CompactError {
    CompactError::Archive(error.to_string().lines().next().unwrap_or_default().to_owned())
}

fn too_deep(limits: &Limits) -> CompactError {
    CompactError::Limit {
        what: "deep",
        limit: limits.depth,
    }
}

fn too_many(limits: &Limits) -> CompactError {
    CompactError::Limit {
        what: "many values",
        limit: limits.values,
    }
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
        let length = u32::try_from(length).map_err(|_| too_many(self.limits))?;
        self.columns.lengths.push(length);
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

/// A walk along the columns; the numbers are positions in them.
struct Reading<'a> {
    dataset: &'a Dataset,
    limits: &'a Limits,
    columns: &'a ArchivedColumns,
    depth: usize,
    tag: usize,
    length: usize,
    int: usize,
    long: usize,
    text: usize,
    byte: usize,
}

impl Reading<'_> {
    fn wrong_shape(&self, expected: &str) -> CompactError {
        CompactError::WrongShape {
            at: self.tag.saturating_sub(1),
            expected: expected.to_owned(),
        }
    }

    fn next_tag(&mut self) -> Result<u8, CompactError> {
        let tag = self.columns.tags.get(self.tag).copied();
        self.tag += 1;
        if self.tag > self.limits.values {
            return Err(too_many(self.limits));
        }
        tag.ok_or(CompactError::Column("tags"))
    }

    fn next_length(&mut self) -> Result<usize, CompactError> {
        let length = self.columns.lengths.get(self.length);
        let length = length.ok_or(CompactError::Column("lengths"))?.to_native();
        self.length += 1;
        usize::try_from(length).map_err(|_| CompactError::Column("lengths"))
    }

    fn next_int(&mut self) -> Result<i32, CompactError> {
        let n = self.columns.ints.get(self.int).ok_or(CompactError::Column("ints"))?;
        self.int += 1;
        Ok(n.to_native())
    }

    fn next_long(&mut self) -> Result<i64, CompactError> {
        let n = self.columns.longs.get(self.long).ok_or(CompactError::Column("longs"))?;
        self.long += 1;
        Ok(n.to_native())
    }

    fn record(&mut self, type_name: &str) -> Result<Value, CompactError> {
        match self.next_tag()? {
            NULL => return Ok(Value::Null),
            PRESENT => {}
            _ => return Err(self.wrong_shape(type_name)),
        }
        let schema = self.dataset.get(type_name).ok_or_else(|| self.wrong_shape(type_name))?;
        if self.depth >= self.limits.depth {
            return Err(too_deep(self.limits));
        }
        self.depth += 1;
        let value = match schema {
            Schema::Object(object) => {
                // Each field has a tag, so a type with many fields costs no more memory than its message.
                let mut fields = Vec::with_capacity(object.fields.len().min(self.tags_left()));
                for field in &object.fields {
                    fields.push(match field.ty.reference() {
                        Some(type_name) => self.record(type_name)?,
                        None => self.leaf(&field.ty)?,
                    });
                }
                Value::Object(fields)
            }
            Schema::List(list) => Value::List(self.elements(&list.element)?),
            Schema::Set(set) => Value::Set(self.elements(&set.element)?),
            Schema::Map(map) => {
                let length = self.next_length()?;
                let mut entries = Vec::with_capacity(length.min(self.tags_left()));
                for _ in 0..length {
                    entries.push((self.element(&map.key)?, self.element(&map.value)?));
                }
                Value::Map(entries)
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    fn tags_left(&self) -> usize {
        self.columns.tags.len().saturating_sub(self.tag)
    }

    fn elements(&mut self, element: &str) -> Result<Vec<Value>, CompactError> {
        let length = self.next_length()?;
        let mut elements = Vec::with_capacity(length.min(self.tags_left()));
        for _ in 0..length {
            elements.push(self.element(element)?);
        }
        Ok(elements)
    }

    /// A record in a collection: never null.
    fn element(&mut self, type_name: &str) -> Result<Value, CompactError> {
        match self.record(type_name)? {
            Value::Null => Err(self.wrong_shape(type_name)),
            value => Ok(value),
        }
    }

    fn leaf(&mut self, ty: &FieldType) -> Result<Value, CompactError> {
        let tag = self.next_tag()?;
        Ok(match (ty, tag) {
            (_, NULL) => Value::Null,
            (FieldType::Boolean, FALSE) => Value::Boolean(false),
            (FieldType::Boolean, TRUE) => Value::Boolean(true),
            (FieldType::Int, PRESENT) => match self.next_int()? {
                i32::MIN => return Err(self.wrong_shape("an int above the one that stands for null")),
                n => Value::Int(n),
            },
            (FieldType::Long, PRESENT) => match self.next_long()? {
                i64::MIN => return Err(self.wrong_shape("a long above the one that stands for null")),
                n => Value::Long(n),
            },
            (FieldType::Float, PRESENT) => Value::Float(f32::from_bits(self.next_int()?.cast_unsigned())),
            (FieldType::Double, PRESENT) => Value::Double(f64::from_bits(self.next_long()?.cast_unsigned())),
            (FieldType::String, PRESENT) => {
                let length = self.next_length()?;
                let text = self.columns.text.get(self.text..self.text.saturating_add(length));
                let text = text.ok_or(CompactError::Column("text"))?;
                self.text += length;
                Value::String(text.to_owned())
            }
            (FieldType::Bytes, PRESENT) => {
                let length = self.next_length()?;
                let bytes = self.columns.bytes.get(self.byte..self.byte.saturating_add(length));
                let bytes = bytes.ok_or(CompactError::Column("bytes"))?;
                self.byte += length;
                Value::Bytes(bytes.to_vec())
            }
            _ => return Err(self.wrong_shape(&ty.to_string())),
        })
    }

    /// Everything must have been used.
    fn end(&self) -> Result<(), CompactError> {
        let columns = self.columns;
        for (name, used, length) in [
            ("tags", self.tag, columns.tags.len()),
            ("lengths", self.length, columns.lengths.len()),
            ("ints", self.int, columns.ints.len()),
            ("longs", self.long, columns.longs.len()),
            ("text", self.text, columns.text.len()),
            ("bytes", self.byte, columns.bytes.len()),
        ] {
            if used != length {
                return Err(CompactError::Column(name));
            }
        }
        Ok(())
    }
}
