//! A state as text that gives the very same state again: ordinals, shards, buckets, bits, tags.
//!
//! ```text
//! {"hollow":"state","form":1,"tag":7,"origin_tag":-1,"version":null,"header_tags":{},"types":[
//!     {"schema":{"name":"Movie","kind":"OBJECT","fields":[{"name":"id","type":"LONG"},{"name":"in","type":"REFERENCE","to":"Set"}]},
//!      "num_shards":1,"records":1}, ..]}                                 all in one line
//! ["Movie",0,[1,4]]                  an object: its fields in the order of the schema
//! ["List",0,[3,3]]                   a list: ordinals of its elements
//! ["Set",4,[[1,3],[2,5]]]            a set: bucket and ordinal of each element
//! ["Map",0,[[0,3,5]]]                a map: bucket, key and value of each entry
//! ```
//!
//! Records stand in the order of types and ordinals; references are ordinals, so data that goes round in circles is no
//! trouble, and lines of two states can be compared. How single values are written:
//!
//! | field | JSON |
//! |---|---|
//! | null, or never set: blobs do not tell them apart | `null` |
//! | INT, LONG | integer |
//! | BOOLEAN | `true`, `false` |
//! | FLOAT, DOUBLE | the hexadecimal digits of their bits: `"3fc00000"` |
//! | STRING | text; with unpaired surrogates `{"utf16": [units]}`; bytes that no text encodes to `{"stored": "80"}` |
//! | BYTES | hexadecimal digits |
//!
//! What blobs do not keep for good is not kept: content of ordinals that are not populated, and widths.

use super::{ImportError, ImportReason, Lines, SchemaDoc};
use crate::read::{ObjectTypeState, ReadState, TypeReadState};
use crate::record::json::exact::{self, Hex};
use crate::schema::{Dataset, FieldType, Schema};
use crate::write::record_form::{self, Buckets, FieldKind};
use crate::write::{TypeId, WriteConfig, WriteStateEngine};
use crate::{Ordinal, Version};
use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::io::{self, BufRead, Write};

/// What stands first in the first line.
pub const KIND: &str = "state";
const FORM: u32 = 1;

/// Types are not divided further; each shard takes room in every blob.
const MAX_SHARDS: u32 = 1 << 16;

/// A record may leave so many ordinals free before it, and this many more for each record before it: a snapshot has room
/// for every ordinal below the highest.
const MAX_GAP: u32 = 1 << 20;
const MAX_GAP_PER_RECORD: u32 = 1 << 8;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    hollow: String,
    form: u32,
    tag: i64,
    origin_tag: i64,
    version: Option<Version>,
    header_tags: BTreeMap<String, String>,
    types: Vec<TypeHead>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeHead {
    schema: SchemaDoc,
    num_shards: u32,
    records: u64,
}

/// Writes a state. Holds one record at a time.
///
/// # Errors
/// Those of `out`.
pub fn write(state: &ReadState, out: &mut impl Write) -> io::Result<()> {
    let head = Head {
        hollow: KIND.to_owned(),
        form: FORM,
        tag: state.tag(),
        origin_tag: state.origin_tag(),
        version: state.version(),
        header_tags: state.header_tags().clone(),
        types: state
            .types()
            .map(|ty| TypeHead {
                schema: ty.schema().into(),
                num_shards: ty.num_shards(),
                records: ty.len() as u64,
            })
            .collect(),
    };
    serde_json::to_writer(&mut *out, &head)?;
    out.write_all(b"\n")?;
    for ty in state.types() {
        let name = json!(ty.name());
        for ordinal in ty.populated() {
            writeln!(out, "[{name},{ordinal},{}]", record(ty, ordinal))?;
        }
    }
    Ok(())
}

/// The content of a record, as it stands in its line; null if there is none.
pub fn record(ty: &TypeReadState, ordinal: Ordinal) -> Json {
    match ty {
        TypeReadState::Object(object) if ty.is_populated(ordinal) => (0..object.schema().fields.len())
            .map(|at| field(object, ordinal, at))
            .collect(),
        // Ordinals and buckets have one form only.
        _ => crate::tools::dump::record(ty, ordinal),
    }
}

fn field(ty: &ObjectTypeState, ordinal: Ordinal, at: usize) -> Json {
    match ty.schema().fields[at].ty {
        FieldType::Int => json!(ty.int(ordinal, at)),
        FieldType::Long => json!(ty.long(ordinal, at)),
        FieldType::Boolean => json!(ty.boolean(ordinal, at)),
        FieldType::Float => json!(ty.float(ordinal, at).map(|v| format!("{:08x}", v.to_bits()))),
        FieldType::Double => json!(ty.double(ordinal, at).map(|v| format!("{:016x}", v.to_bits()))),
        FieldType::String => ty.text(ordinal, at).map_or(Json::Null, exact::text),
        FieldType::Bytes => ty.bytes(ordinal, at).map_or(Json::Null, exact::bytes),
        FieldType::Reference(_) => json!(ty.reference(ordinal, at).map(Ordinal::get)),
    }
}

/// Reads a state. Besides the state there is one line in memory at a time.
///
/// # Errors
/// [`ImportError`] with the first line that is not as [`write()`] writes it.
pub fn read(input: impl BufRead) -> Result<ReadState, ImportError> {
    let mut lines = Lines::new(input);
    let Some(first) = lines.next()? else {
        return Err(ImportReason::syntax(HEAD, "the text is empty").at(1));
    };
    let head = parse_head(first).map_err(|reason| reason.at(lines.line))?;
    let mut rebuilding = Rebuilding::new(head).map_err(|reason| reason.at(lines.line))?;
    while let Some(line) = lines.next()? {
        let placed = rebuilding.record(line);
        placed.map_err(|reason| reason.at(lines.line))?;
    }
    rebuilding.finish().map_err(|reason| reason.at(lines.line))
}

const HEAD: &str = "the line that a state begins with";

fn parse_head(line: &[u8]) -> Result<Head, ImportReason> {
    let head: Head = serde_json::from_slice(line).map_err(|error| ImportReason::syntax(HEAD, error))?;
    if head.hollow != KIND || head.form != FORM {
        let found = format!("found {} in form {}", head.hollow, head.form);
        return Err(ImportReason::syntax(
            "a state in form 1, the only one this program reads",
            found,
        ));
    }
    Ok(head)
}

/// A state that is being read.
struct Rebuilding {
    engine: WriteStateEngine,
    types: HashMap<String, Expected>,
    version: Option<Version>,
    buffer: Vec<u8>,
}

/// What is known about the records of a type.
struct Expected {
    id: TypeId,
    schema: Schema,
    records: u64,
    placed: u64,
    last: Option<u32>,
}

/// A line with a record.
#[derive(Deserialize)]
struct Line<'l>(
    #[serde(borrow)] std::borrow::Cow<'l, str>,
    u32,
    #[serde(borrow)] &'l RawValue,
);

impl Rebuilding {
    fn new(head: Head) -> Result<Self, ImportReason> {
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        engine.keep_buckets();
        let mut types = HashMap::new();
        let mut schemas = Vec::new();
        for ty in head.types {
            let schema = Schema::try_from(ty.schema)?;
            if ty.num_shards > MAX_SHARDS {
                let found = format!("found {}, type={}", ty.num_shards, schema.name());
                return Err(ImportReason::syntax("at most 65536 shards", found));
            }
            let id = engine.add_type(schema.clone(), Some(ty.num_shards))?;
            let expected = Expected {
                id,
                schema: schema.clone(),
                records: ty.records,
                placed: 0,
                last: None,
            };
            types.insert(schema.name().to_owned(), expected);
            schemas.push(schema);
        }
        Dataset::new(schemas)?;
        engine.set_origin_tag(head.origin_tag);
        engine.set_next_tag(head.tag);
        for (key, value) in &head.header_tags {
            engine.set_header_tag(key, value);
        }
        Ok(Self {
            engine,
            types,
            version: head.version,
            buffer: Vec::new(),
        })
    }

    fn record(&mut self, line: &[u8]) -> Result<(), ImportReason> {
        const RECORD: &str = "a record [type, ordinal, content]";
        let Line(name, number, content) =
            serde_json::from_slice(line).map_err(|error| ImportReason::syntax(RECORD, error))?;
        let Some(ty) = self.types.get_mut(&*name) else {
            return Err(ImportReason::UnknownType(name.into_owned()));
        };
        let ordinal = ty.next_ordinal(number)?;
        self.buffer.clear();
        let serialized = serialize(&ty.schema, content.get(), &mut self.buffer);
        serialized.map_err(|problem| {
            let place = format!("{problem}, type={name} ordinal={number}");
            ImportReason::syntax("content by the schema of the type", place)
        })?;
        ty.placed += 1;
        Ok(self.engine.place(ty.id, ordinal, &self.buffer)?)
    }

    fn finish(mut self) -> Result<ReadState, ImportReason> {
        for (name, ty) in self.types {
            if ty.placed != ty.records {
                return Err(ImportReason::Count {
                    type_name: name,
                    expected: ty.records,
                    found: ty.placed,
                });
            }
        }
        let mut snapshot = Vec::new();
        self.engine.write_snapshot(&mut snapshot)?;
        let state = ReadState::from_snapshot(&snapshot)?;
        Ok(match self.version {
            Some(version) => state.with_version(version),
            None => state,
        })
    }
}

impl Expected {
    /// The ordinal of the next record, if it can have this one.
    fn next_ordinal(&mut self, number: u32) -> Result<Ordinal, ImportReason> {
        let refused = |what| ImportReason::Place {
            what,
            type_name: self.schema.name().to_owned(),
            ordinal: number,
        };
        let allowance = u32::try_from(self.placed)
            .unwrap_or(u32::MAX)
            .saturating_mul(MAX_GAP_PER_RECORD);
        if number > MAX_GAP.saturating_add(allowance) {
            return Err(refused("the ordinal is too far from those of the other records"));
        }
        if self.last.is_some_and(|last| last >= number) {
            return Err(refused("ordinals must ascend"));
        }
        let ordinal = Ordinal::new(number).ok_or_else(|| refused("the ordinal is above 2^29 - 1"))?;
        self.last = Some(number);
        Ok(ordinal)
    }
}

/// Appends the serialized form of a record.
fn serialize(schema: &Schema, content: &str, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    match schema {
        Schema::Object(object) => {
            let mut deserializer = serde_json::Deserializer::from_str(content);
            let fields: Vec<&FieldType> = object.fields.iter().map(|field| &field.ty).collect();
            Fields { fields, out }.deserialize(&mut deserializer)?;
            deserializer.end()
        }
        Schema::List(_) => {
            let elements: Vec<u32> = serde_json::from_str(content)?;
            let elements: Vec<Ordinal> = elements.into_iter().map(to_ordinal).collect::<Result<_, _>>()?;
            record_form::push_list(out, &elements);
            Ok(())
        }
        Schema::Set(_) => {
            let elements: Vec<[u32; 2]> = serde_json::from_str(content)?;
            check_buckets(elements.len(), elements.iter().map(|[bucket, _]| *bucket))?;
            let elements = elements.into_iter();
            let elements = elements.map(|[bucket, element]| Ok((to_ordinal(element)?, bucket.cast_signed())));
            let mut elements = elements.collect::<Result<Vec<_>, serde_json::Error>>()?;
            record_form::push_set(out, &mut elements, Buckets::Unmixed);
            Ok(())
        }
        Schema::Map(_) => {
            let entries: Vec<[u32; 3]> = serde_json::from_str(content)?;
            check_buckets(entries.len(), entries.iter().map(|[bucket, ..]| *bucket))?;
            let entries = entries.into_iter();
            let entries =
                entries.map(|[bucket, key, value]| Ok((to_ordinal(key)?, to_ordinal(value)?, bucket.cast_signed())));
            let mut entries = entries.collect::<Result<Vec<_>, serde_json::Error>>()?;
            record_form::push_map(out, &mut entries, Buckets::Unmixed);
            Ok(())
        }
    }
}

fn to_ordinal(number: u32) -> Result<Ordinal, serde_json::Error> {
    Ordinal::new(number).ok_or_else(|| serde_json::Error::custom("an ordinal above 2^29 - 1"))
}

/// Each element has a bucket of its own, and there are as many buckets as the size asks for.
fn check_buckets(size: usize, buckets: impl Iterator<Item = u32>) -> Result<(), serde_json::Error> {
    let size = u32::try_from(size).ok().and_then(crate::memory::hash::table_size);
    let size = size.ok_or_else(|| serde_json::Error::custom("a collection larger than the format allows"))?;
    let mut taken = HashSet::new();
    for bucket in buckets {
        if bucket >= size || !taken.insert(bucket) {
            let problem = format!("expected buckets below {size}, each once, found {bucket}");
            return Err(serde_json::Error::custom(problem));
        }
    }
    Ok(())
}

/// The fields of an object, appended in serialized form as they are read.
struct Fields<'a> {
    fields: Vec<&'a FieldType>,
    out: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {} fields", self.fields.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for (at, ty) in self.fields.iter().enumerate() {
            let raw: &RawValue = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(at, &self))?;
            push_field(ty, raw.get(), self.out)
                .map_err(|error| A::Error::custom(format!("field {at}, which is {ty}: {error}")))?;
        }
        match seq.next_element::<serde::de::IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(A::Error::invalid_length(self.fields.len() + 1, &self)),
        }
    }
}

fn push_field(ty: &FieldType, json: &str, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let kind = FieldKind::of(ty, |_| None); // what a reference leads to does not matter for its bytes
    let smallest = || serde_json::Error::custom("the smallest number stands for null");
    let pushed = match ty {
        FieldType::Int => match serde_json::from_str::<Option<i32>>(json)? {
            Some(i32::MIN) => return Err(smallest()),
            value => value.map(|value| record_form::push_int(out, value)),
        },
        FieldType::Long => match serde_json::from_str::<Option<i64>>(json)? {
            Some(i64::MIN) => return Err(smallest()),
            value => value.map(|value| record_form::push_long(out, value)),
        },
        FieldType::Boolean => serde_json::from_str::<Option<bool>>(json)?.map(|value| out.push(value.into())),
        FieldType::Float => bits::<4>(json)?.map(|bits| out.extend_from_slice(&bits)),
        FieldType::Double => bits::<8>(json)?.map(|bits| out.extend_from_slice(&bits)),
        FieldType::String => exact::parse_text(json)?.map(|bytes| record_form::push_bytes(out, &bytes)),
        FieldType::Bytes => {
            let bytes: Option<Hex> = serde_json::from_str(json)?;
            bytes.map(|bytes| record_form::push_bytes(out, &bytes.0))
        }
        FieldType::Reference(_) => {
            let number: Option<u32> = serde_json::from_str(json)?;
            let ordinal = number.map(to_ordinal).transpose()?;
            ordinal.map(|ordinal| record_form::push_ordinal(out, ordinal))
        }
    };
    if pushed.is_none() {
        record_form::push_null(out, kind);
    }
    Ok(())
}

/// The bits of a floating point number, most significant byte first.
fn bits<const N: usize>(json: &str) -> Result<Option<[u8; N]>, serde_json::Error> {
    let digits: Option<Hex> = serde_json::from_str(json)?;
    let exact = digits.map(|digits| {
        let problem = |_| serde_json::Error::custom(format!("expected {} hexadecimal digits", 2 * N));
        <[u8; N]>::try_from(digits.0).map_err(problem)
    });
    exact.transpose()
}
