//! Records made ready to be added before they meet their producer: on another thread, without a tree of values.
//!
//! ```text
//! JSON, columns ── Preparer ──► PreparedRecords ── IncrementalCycle::upsert_prepared ──► ordinals
//!                    └ parts by their text            └ parts by their number
//! ```
//!
//! A record in the engine's form lacks only the ordinals of what it refers to, so that is what a [`Preparer`] writes: bytes
//! with gaps, children before what refers to them. Most of what records refer to is the same again and again: a list of
//! countries, a language. Such a *part* is known by its text: read once, it has a number from then on, and whoever adds
//! records keeps the ordinal that belongs to it.
//!
//! Only what is plain is prepared: records as writers write them, fields in the order of the schema. Of everything else,
//! whatever is wrong with it, a preparer says no more than that, and the reader of values decides, such as
//! [`json::parse`](crate::record::json::parse). So there is one place that knows what records may look like and
//! what is told of those that are not, and the way there is merely longer; what is prepared means exactly what it finds.
//!
//! Input is hostile: what is longer than [`MOST_BYTES`] is not plain, depth and number of values are those of
//! [`Limits::DEFAULT`], a list of records takes tens of megabytes at most, and parts are forgotten when there are many.

mod building;
pub mod columns;
mod forms;
mod found;
mod json;
mod key;
mod parts;
mod plan;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use forms::{Form, Forms, Link};
pub(crate) use found::{Found, FoundRecord};
pub use plan::RecordPlan;

use crate::record::KeyValue;
use crate::record::json::Limits;
use crate::record::key_bytes::key_of_bytes;
use crate::write::TypeId;
use building::Building;
use columns::Columns;
use json::Reading;
use parts::Parts;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Longer texts are not plain.
pub const MOST_BYTES: usize = 64 << 10;
/// With about so many bytes in one list of records, nothing more is plain.
const MOST_LIST_BYTES: usize = 64 << 20;

/// Reads records of one type, and remembers the parts they have in common.
#[derive(Debug)]
pub struct Preparer {
    plan: RecordPlan,
    parts: Parts,
    room: Room,
    /// Tells the parts of one preparer from those of others, and from those it has forgotten.
    age: u64,
}

/// Room to put records together in, used over and over.
#[derive(Debug, Default)]
struct Room {
    bytes: Vec<u8>,
    children: Vec<forms::Child>,
    text: Vec<u8>,
    /// Where the parts of the primary key stand in the record's JSON, or in `key`.
    key_spans: Vec<Range<usize>>,
    /// Where they stand in the key's JSON.
    given_spans: Vec<Range<usize>>,
    /// Parts of the record's key, in the bytes by which keys are compared.
    key: Vec<u8>,
}

/// Records that are ready, and the parts that they are the first to have. To be taken in the order in which they were
/// made.
#[derive(Debug, Default)]
pub struct PreparedRecords {
    age: u64,
    plan: Option<RecordPlan>,
    /// The number of the first part that is new here.
    first_part: u32,
    parts: Forms,
    own: Forms,
    keys: Vec<u8>,
    records: Vec<Record>,
    found: Found,
}

#[derive(Debug)]
struct Record {
    key: Range<u32>,
    /// None: the key is all there is.
    root: Option<Link>,
}

impl PreparedRecords {
    fn num_bytes(&self) -> usize {
        self.parts.num_bytes() + self.own.num_bytes() + self.keys.len()
    }

    /// Number of records and keys.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The primary key of the record or key at this position; none if there is none.
    pub fn key_values(&self, index: usize) -> Option<Vec<KeyValue>> {
        key_of_bytes(self.key(index)?)
    }

    pub(crate) fn age(&self) -> u64 {
        self.age
    }

    /// What the records were prepared for.
    pub(crate) fn plan(&self) -> Option<&RecordPlan> {
        self.plan.as_ref()
    }

    pub(crate) fn first_part(&self) -> u32 {
        self.first_part
    }

    pub(crate) fn parts(&self) -> &Forms {
        &self.parts
    }

    pub(crate) fn own(&self) -> &Forms {
        &self.own
    }

    /// The primary key of a record, in the bytes by which keys are compared.
    pub(crate) fn key(&self, index: usize) -> Option<&[u8]> {
        let key = &self.records.get(index)?.key;
        self.keys.get(key.start as usize..key.end as usize)
    }

    pub(crate) fn root(&self, index: usize) -> Option<Link> {
        self.records.get(index)?.root
    }

    /// What the announced state has under their keys, if it was looked up for this cycle, as keys of this type.
    pub(crate) fn found_for(&self, cycle: u64, ty: TypeId) -> Option<&Found> {
        Some(&self.found).filter(|found| found.sought == Some((cycle, ty)))
    }

    pub(crate) fn found_mut(&mut self) -> &mut Found {
        &mut self.found
    }
}

impl Preparer {
    /// Reads records by this plan.
    pub fn new(plan: RecordPlan) -> Self {
        Self {
            plan,
            parts: Parts::default(),
            room: Room::default(),
            age: next_age(),
        }
    }

    /// Empties `records` and makes it the next to be filled. What was filled before is full now.
    pub fn begin(&mut self, records: &mut PreparedRecords) {
        if self.parts.are_many() {
            self.parts.clear();
            self.age = next_age();
        }
        records.age = self.age;
        records.plan = Some(self.plan.clone());
        records.first_part = self.parts.len();
        records.parts.clear();
        records.own.clear();
        records.keys.clear();
        records.records.clear();
        records.found.clear();
    }

    /// Reads a primary key and the record that has it, both as JSON. Gives the record's position in `records`, which must
    /// be the one begun last; none if they are not plain, or do not belong together.
    pub fn json(&mut self, key: &[u8], json: &[u8], records: &mut PreparedRecords) -> Option<usize> {
        self.either(key, records, |this, records| {
            if json.len() > MOST_BYTES {
                return None;
            }
            let plan = this.plan.inner();
            let building = Building::new(&mut this.parts, &mut this.room, records, &Limits::DEFAULT);
            let root = Reading::new(plan, json, building).root()?;
            // Where the same text stands in a key and in its record, it is the same value. If another text does it may well
            // be the same too, but then somebody else has to say so.
            let mut spans = this.room.key_spans.iter().zip(&this.room.given_spans);
            let same = spans.all(|(inside, given)| json.get(inside.clone()) == key.get(given.clone()));
            same.then_some(root)
        })
    }

    /// As [`json`](Preparer::json), of a record in columns.
    pub fn columns<C: Columns>(&mut self, key: &[u8], columns: &C, records: &mut PreparedRecords) -> Option<usize> {
        let first_byte = records.keys.len();
        self.either(key, records, |this, records| {
            if columns.tags().len() > MOST_BYTES || columns.text().len() > MOST_BYTES {
                return None;
            }
            let plan = this.plan.inner();
            let building = Building::new(&mut this.parts, &mut this.room, records, &Limits::DEFAULT);
            let root = columns::Reading::new(plan, columns, building).root()?;
            let mut given = records.keys.get(first_byte..)?;
            for inside in &this.room.key_spans {
                given = given.strip_prefix(this.room.key.get(inside.clone())?)?;
            }
            given.is_empty().then_some(root)
        })
    }

    /// Reads a key, then the record, and takes everything back if either is not plain.
    fn either(
        &mut self,
        key: &[u8],
        records: &mut PreparedRecords,
        read: impl FnOnce(&mut Self, &mut PreparedRecords) -> Option<Link>,
    ) -> Option<usize> {
        let (own, first_byte) = (records.own.mark(), records.keys.len());
        if records.num_bytes() + self.parts.num_bytes() > MOST_LIST_BYTES {
            return None;
        }
        self.room.clear(self.plan.inner().key.len());
        let root =
            key::read(self.plan.inner(), key, &mut self.room, &mut records.keys).and_then(|()| read(self, records));
        if root.is_none() {
            records.own.truncate(own);
            records.keys.truncate(first_byte);
        }
        Some(records.push(first_byte, Some(root?)))
    }

    /// Reads a primary key alone, as JSON, as of a record that is to go. Gives its position in `records`, which must be
    /// the one begun last; none if it is not plain.
    pub fn key(&mut self, key: &[u8], records: &mut PreparedRecords) -> Option<usize> {
        let first_byte = records.keys.len();
        if key::read(self.plan.inner(), key, &mut self.room, &mut records.keys).is_none() {
            records.keys.truncate(first_byte);
            return None;
        }
        Some(records.push(first_byte, None))
    }
}

impl Room {
    fn clear(&mut self, key_parts: usize) {
        self.bytes.clear();
        self.children.clear();
        self.key.clear();
        self.key_spans.clear();
        self.key_spans.resize(key_parts, 0..0);
    }
}

impl PreparedRecords {
    fn push(&mut self, first_byte: usize, root: Option<Link>) -> usize {
        self.records.push(Record {
            key: first_byte as u32..self.keys.len() as u32,
            root,
        });
        self.records.len() - 1
    }
}

fn next_age() -> u64 {
    static AGES: AtomicU64 = AtomicU64::new(1);
    AGES.fetch_add(1, Relaxed)
}
