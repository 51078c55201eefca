//! Type states as blobs have them: parsed and checked, records still in the blob's bytes.
//!
//! Parsing allocates for what is per shard and per changed ordinal only, after the length was held against what remains
//! of the blob. It checks all lengths; `docs/format.md`, section 20, lists the checks. Whether the ends of elements ascend
//! is checked as well, and those of texts for a delta; for a snapshot these are when its records go into pages, so that
//! they are read once. If the blob is to be read where it lies no record is looked at, and every read holds what it finds
//! against the lengths. What is in the records themselves is checked when they go into a block.
//!
//! What is parsed names places of the blob and does not borrow it, so that it can be kept beside a mapped file.

mod collection;
mod object;

pub(super) use collection::{BlobCollection, CollectionBody};
pub(super) use object::{BlobRow, Columns, ObjectBody, WireField};

/// A stretch of a blob.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    start: usize,
    len: usize,
}

impl Extent {
    /// The next so many bytes.
    fn take(cursor: &mut Cursor<'_>, what: &'static str, length: u64) -> Result<Self, DecodeError> {
        let start = cursor.offset() as usize;
        let len = cursor.take(what, length)?.len();
        Ok(Self { start, len })
    }

    /// Its bytes.
    #[inline]
    pub(super) fn of(self, blob: &[u8]) -> &[u8] {
        blob.get(self.start..self.start + self.len).unwrap_or_default()
    }

    /// Its words.
    #[inline]
    pub(super) fn words(self, blob: &[u8]) -> WireWords<'_> {
        WireWords::new(self.of(blob))
    }

    pub(super) fn len(self) -> usize {
        self.len
    }

    /// The offset behind it.
    fn end(self) -> u64 {
        (self.start + self.len) as u64
    }

    fn len_bits(self) -> u64 {
        (self.len / 8) as u64 * 64
    }
}

/// Whether records are looked at while parsing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// The ends of texts and of elements are checked.
    Ends,
    /// The ends of elements are checked; those of texts are by who makes pages of all records.
    Elements,
    /// Lengths only: the blob is read where it lies.
    Lengths,
}

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
    /// The blob, or the optional part, that the frame is in.
    pub(super) blob: &'b [u8],
    pub(super) schema: Schema,
    pub(super) num_shards: u32,
    pub(super) max_ordinal: Option<Ordinal>,
    /// Until it is taken out.
    pub(super) body: Option<Body>,
    pub(super) contents: Contents,
    /// Where the frame ends, for errors found in its records.
    pub(super) end: u64,
}

/// The packed records of a type state.
#[derive(Debug)]
pub(super) enum Body {
    Object(ObjectBody),
    Collection(CollectionBody),
}

/// Which ordinals the records of a type state belong to.
#[derive(Debug)]
pub(super) enum Contents {
    /// The words of the populated ordinals, one bit each. None is above the highest ordinal.
    Snapshot(Extent),
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
        blob: &'b [u8],
        cursor: &mut Cursor<'b>,
        form: Form,
        depth: Depth,
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
        Self::read_state(blob, cursor, form, depth, schema).map_err(|error| error.in_type(&name))
    }

    fn read_state(
        blob: &'b [u8],
        cursor: &mut Cursor<'b>,
        form: Form,
        depth: Depth,
        schema: Schema,
    ) -> Result<Self, DecodeError> {
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
            match (&body, depth) {
                (Body::Object(body), Depth::Ends) => body.check_ends(blob, shard as usize, 0..num_records)?,
                (Body::Collection(body), Depth::Ends | Depth::Elements) => {
                    body.check_ends(blob, cursor, num_records)?;
                }
                (_, Depth::Lengths) | (Body::Object(_), Depth::Elements) => {}
            }
        }
        let max = max.unwrap_or(-1);
        let contents = match form {
            Form::Snapshot => Contents::Snapshot(read_populated(blob, cursor, max)?),
            Form::Delta => {
                sort(&mut changes, max, cursor.offset());
                Contents::Delta(changes)
            }
        };
        let max_ordinal = u32::try_from(max).ok().and_then(Ordinal::new);
        Ok(Self {
            blob,
            schema,
            num_shards,
            max_ordinal,
            body: Some(body),
            contents,
            end: cursor.offset(),
        })
    }

    /// Checks the ends of all texts of a snapshot: those of its body, or of one that was taken out.
    pub(super) fn check_texts(&self, taken: Option<&ObjectBody>) -> Result<(), DecodeError> {
        let body = match (&self.body, taken) {
            (_, Some(body)) | (Some(Body::Object(body)), None) => body,
            _ => return Ok(()),
        };
        let ordinals = self.max_ordinal.map_or(0, |max| u64::from(max.get()) + 1);
        for shard in 0..u64::from(self.num_shards) {
            let num_records = ordinals.saturating_sub(shard).div_ceil(self.num_shards.into());
            let checked = body.check_ends(self.blob, shard as usize, 0..num_records);
            checked.map_err(|error| error.in_type(self.schema.name()))?;
        }
        Ok(())
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

impl Body {
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

/// Sorts the changes of all shards of a blob of so many bytes, each shard's being sorted and none there twice.
fn sort(changes: &mut Vec<Change>, max: i64, blob_len: u64) {
    let (len, ordinals) = (changes.len() as u64, (max + 1).unsigned_abs());
    // The ways that are faster take memory of their own.
    if len * 16 > blob_len {
        changes.sort_unstable();
    } else if len * 32 < ordinals {
        changes.sort();
    } else {
        let mut words = vec![[0u64; 2]; ordinals.div_ceil(64) as usize]; // of removed ordinals and of added ones
        for change in changes.iter() {
            if let Some(word) = words.get_mut((change.ordinal() >> 6) as usize) {
                word[usize::from(change.is_added())] |= 1 << (change.ordinal() & 63);
            }
        }
        changes.clear();
        for (first, [removed, added]) in (0u32..).step_by(64).zip(words) {
            let mut left = removed | added;
            while left != 0 {
                let bit = left.trailing_zeros();
                left &= left - 1;
                if removed >> bit & 1 != 0 {
                    changes.push(Change::removed(first + bit));
                }
                if added >> bit & 1 != 0 {
                    changes.push(Change::added(first + bit));
                }
            }
        }
    }
}

fn read_populated(blob: &[u8], cursor: &mut Cursor<'_>, max: i64) -> Result<Extent, DecodeError> {
    const WHAT: &str = "populated ordinals";
    let num_words = cursor.i32(WHAT)?;
    let length = u64::try_from(num_words).map_err(|_| cursor.invalid(WHAT, "a number of words", num_words))?;
    let extent = Extent::take(cursor, WHAT, length * 8)?;
    let words = extent.words(blob);
    let last = (0..words.len()).rev().find(|&at| words.word(at) != 0);
    let highest = last.map(|at| at as i64 * 64 + 63 - i64::from(words.word(at).leading_zeros()));
    match highest {
        Some(highest) if highest > max => Err(cursor.invalid(WHAT, format!("at most {max}"), highest)),
        _ => Ok(extent),
    }
}

/// Reads the words of a packed array that has to hold this many bits.
fn read_words(cursor: &mut Cursor<'_>, what: &'static str, needed_bits: u64) -> Result<Extent, DecodeError> {
    let num_words = cursor.var_u64(what)?;
    let remaining = cursor.remaining() / 8;
    if num_words > remaining {
        return Err(cursor.invalid(what, format!("at most {remaining} words"), num_words));
    }
    let words = Extent::take(cursor, what, num_words * 8)?;
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
