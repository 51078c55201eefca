//! Type states as blobs have them: parsed and checked, records still in the blob's bytes.
//!
//! Parsing allocates for what is per shard and per changed ordinal only, after the length was held against what remains
//! of the blob. It checks everything that later reads rely on; `docs/format.md`, section 20, lists the checks. What is in
//! the records themselves is checked when they go into a page.

mod collection;
mod object;

pub(super) use collection::{BlobCollection, CollectionBody};
pub(super) use object::{BlobRow, Columns, ObjectBody};

use super::bits::WireWords;
use crate::Ordinal;
use crate::blob::{Cursor, DecodeError, read_schema};
use crate::memory::gap_list;
use crate::schema::{Kind, Schema};
use std::collections::HashMap;

/// Snapshots hold every record, deltas those that were added and the ordinals of those removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Snapshot,
    Delta,
}

/// One type state in a blob.
#[derive(Debug)]
pub(super) struct Frame<'b> {
    pub(super) schema: Schema,
    pub(super) num_shards: u32,
    pub(super) max_ordinal: Option<Ordinal>,
    pub(super) body: Body<'b>,
    pub(super) contents: Contents<'b>,
    /// Where the frame ends, for errors found in its records.
    pub(super) end: u64,
}

/// The packed records of a type state.
#[derive(Debug)]
pub(super) enum Body<'b> {
    Object(ObjectBody<'b>),
    Collection(CollectionBody<'b>),
}

/// Which ordinals the records of a type state belong to.
#[derive(Debug)]
pub(super) enum Contents<'b> {
    /// The populated ordinals, one bit each. None is above the highest ordinal.
    Snapshot(WireWords<'b>),
    /// The changes, ascending by ordinal.
    Delta(Vec<Change>),
}

/// An ordinal that a delta adds or removes. There can be one for each byte of a delta, so it is kept small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change(u32); // the ordinal, and a bit for what it is

impl Change {
    fn added(ordinal: u32) -> Self {
        Self(ordinal << 1 | 1)
    }

    fn removed(ordinal: u32) -> Self {
        Self(ordinal << 1)
    }

    pub(super) fn ordinal(self) -> u32 {
        self.0 >> 1
    }

    /// Whether a record is added; the k-th one of its shard has the shard's k-th record in the blob.
    pub(super) fn is_added(self) -> bool {
        self.0 & 1 != 0
    }
}

impl<'b> Frame<'b> {
    /// Reads a type state. The schema in the frame must be the one that the blob's header lists under its name.
    pub(super) fn read(
        cursor: &mut Cursor<'b>,
        form: Form,
        listed: &HashMap<&str, &Schema>,
    ) -> Result<Self, DecodeError> {
        let schema = read_schema(cursor)?;
        let name = schema.name().to_owned();
        if let Some(&other) = listed.get(name.as_str())
            && *other != schema
        {
            let error = cursor.invalid("schema of a type state", format!("{other} as in the header"), schema);
            return Err(error.in_type(&name));
        }
        Self::read_state(cursor, form, schema).map_err(|error| error.in_type(&name))
    }

    fn read_state(cursor: &mut Cursor<'b>, form: Form, schema: Schema) -> Result<Self, DecodeError> {
        let mut body = Body::new(&schema);
        let num_shards = read_num_shards(cursor, body.min_shard_bytes())?;
        body.reserve(num_shards as usize);
        let mut max = if num_shards > 1 {
            Some(read_max(cursor, "highest ordinal")?)
        } else {
            None
        };
        let mut changes = Vec::new();
        for shard in 0..num_shards {
            let found = read_max(cursor, "highest ordinal of a shard")?;
            let count = *max.get_or_insert(found) + 1;
            let n = i64::from(num_shards);
            let expected = count / n - 1 + i64::from(i64::from(shard) < count % n);
            if found != expected {
                return Err(cursor.invalid("highest ordinal of a shard", expected.to_string(), found));
            }
            let num_records = match form {
                Form::Snapshot => (found + 1).unsigned_abs(),
                Form::Delta => read_changes(cursor, &mut changes, found, shard, num_shards)?,
            };
            match &mut body {
                Body::Object(body) => body.read_shard(cursor, num_records)?,
                Body::Collection(body) => body.read_shard(cursor, num_records)?,
            }
        }
        let max = max.unwrap_or(-1);
        let contents = match form {
            Form::Snapshot => Contents::Snapshot(read_populated(cursor, max)?),
            Form::Delta => {
                changes.sort_unstable();
                Contents::Delta(changes)
            }
        };
        let max_ordinal = u32::try_from(max).ok().and_then(Ordinal::new);
        Ok(Self {
            schema,
            num_shards,
            max_ordinal,
            body,
            contents,
            end: cursor.offset(),
        })
    }

    /// The error for a record that cannot be; the best offset there is, is that of the whole type state.
    pub(super) fn invalid(&self, what: &'static str, expected: impl Into<String>, found: impl ToString) -> DecodeError {
        let kind = crate::blob::DecodeErrorKind::Invalid {
            what,
            expected: expected.into(),
            found: found.to_string(),
        };
        DecodeError {
            offset: self.end,
            type_name: Some(self.schema.name().to_owned()),
            field: None,
            kind,
        }
    }
}

impl Body<'_> {
    fn new(schema: &Schema) -> Self {
        match schema {
            Schema::Object(schema) => Body::Object(ObjectBody::new(schema)),
            Schema::List(_) => Body::Collection(CollectionBody::new(Kind::List)),
            Schema::Set(_) => Body::Collection(CollectionBody::new(Kind::Set)),
            Schema::Map(_) => Body::Collection(CollectionBody::new(Kind::Map)),
        }
    }

    /// The fewest bytes that a shard takes.
    fn min_shard_bytes(&self) -> u64 {
        match self {
            Body::Object(body) => body.min_shard_bytes(),
            Body::Collection(_) => CollectionBody::MIN_SHARD_BYTES,
        }
    }

    fn reserve(&mut self, num_shards: usize) {
        match self {
            Body::Object(body) => body.reserve(num_shards),
            Body::Collection(body) => body.reserve(num_shards),
        }
    }
}

/// The number of shards: a power of two, and not more than can be there.
fn read_num_shards(cursor: &mut Cursor<'_>, min_shard_bytes: u64) -> Result<u32, DecodeError> {
    if cursor.var_u32("compatibility marker")? == 0 {
        return Ok(1); // before Hollow 2.1.0
    }
    let skip = cursor.var_u32("room for future data")?;
    cursor.take("room for future data", skip.into())?;
    let num_shards = cursor.count("number of shards", min_shard_bytes)? as u32;
    if !num_shards.is_power_of_two() {
        return Err(cursor.invalid("number of shards", "a power of two", num_shards));
    }
    Ok(num_shards)
}

/// A highest ordinal, -1 if there is none.
fn read_max(cursor: &mut Cursor<'_>, what: &'static str) -> Result<i64, DecodeError> {
    let max = cursor.var_i32(what)?;
    if max < -1 || max > Ordinal::MAX.cast_signed() {
        return Err(cursor.invalid(what, format!("-1 to {}", Ordinal::MAX), max));
    }
    Ok(max.into())
}

/// Reads removals and additions of a shard; gives the number of additions.
fn read_changes(
    cursor: &mut Cursor<'_>,
    changes: &mut Vec<Change>,
    shard_max: i64,
    shard: u32,
    num_shards: u32,
) -> Result<u64, DecodeError> {
    let mut read = |what, change: fn(u32) -> Change| -> Result<u64, DecodeError> {
        let length = cursor.var_u64(what)?;
        let bytes = cursor.take(what, length)?;
        let number = gap_list::len(bytes);
        changes.reserve(number);
        // The shard's highest ordinal was held against that of the type, so these do not overflow.
        let push = |local| changes.push(change(local * num_shards + shard));
        let read = gap_list::read_each(bytes, shard_max, push);
        read.map_err(|error| cursor.invalid(what, "ascending ordinals", error))?;
        Ok(number as u64)
    };
    read("removed ordinals", Change::removed)?;
    read("added ordinals", Change::added)
}

fn read_populated<'b>(cursor: &mut Cursor<'b>, max: i64) -> Result<WireWords<'b>, DecodeError> {
    const WHAT: &str = "populated ordinals";
    let num_words = cursor.i32(WHAT)?;
    let length = u64::try_from(num_words).map_err(|_| cursor.invalid(WHAT, "a number of words", num_words))?;
    let words = WireWords::new(cursor.take(WHAT, length * 8)?);
    let last = (0..words.len()).rev().find(|&at| words.word(at) != 0);
    let highest = last.map(|at| at as i64 * 64 + 63 - i64::from(words.word(at).leading_zeros()));
    match highest {
        Some(highest) if highest > max => Err(cursor.invalid(WHAT, format!("at most {max}"), highest)),
        _ => Ok(words),
    }
}

/// Reads the words of a packed array that has to hold this many bits.
fn read_words<'b>(cursor: &mut Cursor<'b>, what: &'static str, needed_bits: u64) -> Result<WireWords<'b>, DecodeError> {
    let num_words = cursor.var_u64(what)?;
    let remaining = cursor.remaining() / 8;
    if num_words > remaining {
        return Err(cursor.invalid(what, format!("at most {remaining} words"), num_words));
    }
    let words = WireWords::new(cursor.take(what, num_words * 8)?);
    if words.len_bits() < needed_bits {
        return Err(cursor.invalid(what, format!("at least {needed_bits} bits"), words.len_bits()));
    }
    Ok(words)
}

/// Reads the width of a packed value.
fn read_width(cursor: &mut Cursor<'_>, what: &'static str, min: u32, max: u32) -> Result<u32, DecodeError> {
    let width = cursor.var_u32(what)?;
    if width < min || width > max {
        return Err(cursor.invalid(what, format!("{min} to {max}"), width));
    }
    Ok(width)
}
