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

mod decode;
mod encode;

pub(super) use decode::{decode, prepare};
pub(super) use encode::encode;

use hollow::prepared::columns::{self, FALSE, NULL, PRESENT, TRUE};
use hollow::record::json::Limits;
use rkyv::rancor;

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
    /// Elements of collections, bytes of texts and of byte strings: seven bits a byte, the lowest first, the top bit set in
    /// all but the last byte of a length.
    lengths: Vec<u8>,
    /// INT values and the bits of FLOAT values.
    ints: Vec<i32>,
    /// LONG values and the bits of DOUBLE values.
    longs: Vec<i64>,
    text: String,
    bytes: Vec<u8>,
}

impl columns::Columns for ArchivedColumns {
    fn tags(&self) -> &[u8] {
        &self.tags
    }
    fn lengths(&self) -> &[u8] {
        &self.lengths
    }
    fn int(&self, at: usize) -> Option<i32> {
        self.ints.get(at).map(|n| n.to_native())
    }
    fn long(&self, at: usize) -> Option<i64> {
        self.longs.get(at).map(|n| n.to_native())
    }
    fn numbers(&self) -> [usize; 2] {
        [self.ints.len(), self.longs.len()]
    }
    fn text(&self) -> &str {
        &self.text
    }
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What is wrong, without where: addresses in memory say nothing to whoever reads the reason, and are others each time.
fn archive_error(error: rancor::Error) -> CompactError {
    let text = error.to_string();
    let what = text.split([':', '\n']).next().unwrap_or_default();
    CompactError::Archive(what.trim().to_owned())
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
