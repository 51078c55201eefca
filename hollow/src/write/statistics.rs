//! What the widths of a blob follow from, kept up to date record by record. See `docs/format.md`, section 11.
//!
//! Counted are the records of the current and the previous state. For each field there is a histogram of the bits its
//! values need, and totals where sums matter; a record is added when it becomes counted and subtracted before its bytes
//! go. The cost of a cycle is therefore a look at two bit sets, and the records that came or went.

use super::membership::Membership;
use super::record_form::{self, FieldKind, Shape, Stored};
use super::record_store::RecordStore;
use crate::Ordinal;
use crate::memory::bit_array::bits;
use crate::memory::{OrdinalSet, hash};

/// How many values need how many bits.
#[derive(Clone, Debug)]
pub(super) struct Histogram(Box<[u32; 65]>);

impl Default for Histogram {
    fn default() -> Self {
        Self(Box::new([0; 65]))
    }
}

impl Histogram {
    fn count(&mut self, width_bits: u32, sign: Sign) {
        let count = &mut self.0[width_bits as usize];
        match sign {
            Sign::Add => *count += 1,
            Sign::Subtract => *count -= 1,
        }
    }

    /// The most bits that any value needs, 0 if there is none.
    pub(super) fn max(&self) -> u32 {
        self.0.iter().rposition(|&count| count > 0).unwrap_or(0) as u32
    }
}

/// A sum for each shard of some division of the type.
#[derive(Clone, Debug)]
pub(super) struct ShardSums(Vec<u64>);

impl Default for ShardSums {
    fn default() -> Self {
        Self(vec![0])
    }
}

impl ShardSums {
    fn count(&mut self, ordinal: Ordinal, amount: u64, sign: Sign) {
        let shard = ordinal.index() & (self.0.len() - 1);
        sign.apply(&mut self.0[shard], amount);
    }

    fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The sums of a coarser division: shards come together whose ordinals share the low bits.
    fn folded(&self, num_shards: u32) -> Vec<u64> {
        let mut sums = vec![0; num_shards as usize];
        self.0
            .iter()
            .enumerate()
            .for_each(|(shard, &sum)| sums[shard & (num_shards as usize - 1)] += sum);
        sums
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Add,
    Subtract,
}

impl Sign {
    fn apply(self, sum: &mut u64, amount: u64) {
        match self {
            Sign::Add => *sum += amount,
            Sign::Subtract => *sum -= amount,
        }
    }
}

/// What is known of one field of an object type.
#[derive(Clone, Debug)]
pub(super) enum FieldCounter {
    /// BOOLEAN, FLOAT, DOUBLE: the width is given, if there is a record.
    Fixed(u32),
    /// INT, LONG, REFERENCE.
    Number(Histogram),
    /// STRING, BYTES: the bytes of all values together.
    Variable(u64),
}

/// What is known of the counted records, by kind of type. All maxima are of bits.
#[derive(Clone, Debug)]
pub(super) enum Counters {
    Object(Vec<FieldCounter>),
    List {
        element: Histogram,
    },
    Set {
        element: Histogram,
        size: Histogram,
    },
    Map {
        key: Histogram,
        value: Histogram,
        size: Histogram,
    },
}

/// The statistics of one type.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    counted: OrdinalSet,
    num_counted: u64,
    counters: Counters,
    entries: ShardSums, // elements of lists, buckets of sets and maps
    /// Whether, when a cycle begins, the records of the previous one are counted.
    is_complete: bool,
    buffer: Vec<u8>,
}

impl Statistics {
    /// Of no records.
    pub(super) fn new(shape: &Shape) -> Self {
        let counters = match shape {
            Shape::Object(fields) => Counters::Object(fields.iter().map(|&kind| FieldCounter::new(kind)).collect()),
            Shape::List(_) => Counters::List {
                element: Histogram::default(),
            },
            Shape::Set(_) => Counters::Set {
                element: Histogram::default(),
                size: Histogram::default(),
            },
            Shape::Map(..) => Counters::Map {
                key: Histogram::default(),
                value: Histogram::default(),
                size: Histogram::default(),
            },
        };
        Self {
            counted: OrdinalSet::new(),
            num_counted: 0,
            counters,
            entries: ShardSums::default(),
            is_complete: false,
            buffer: Vec::new(),
        }
    }

    /// How many records are counted.
    pub(super) fn num_counted(&self) -> u64 {
        self.num_counted
    }

    /// Field by field, or collection by collection.
    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The elements of all lists, or the buckets of all sets or maps.
    pub(super) fn total_entries(&self) -> u64 {
        self.entries.sum()
    }

    /// The same for each shard. Looks at every record if there are more shards than ever before.
    pub(super) fn entries_per_shard(&mut self, num_shards: u32, records: &RecordStore) -> Vec<u64> {
        if num_shards as usize > self.entries.0.len() {
            let mut finer = ShardSums(vec![0; num_shards as usize]);
            for ordinal in &self.counted {
                let record = records.get(ordinal, &mut self.buffer).unwrap_or_default();
                finer.count(ordinal, entries_of(&self.counters, record), Sign::Add);
            }
            self.entries = finer;
        }
        self.entries.folded(num_shards)
    }

    /// Sums for so many shards are kept from now on; to be told before anything is counted.
    pub(super) fn divide(&mut self, num_shards: u32) {
        if self.num_counted == 0 && num_shards as usize > self.entries.0.len() {
            self.entries = ShardSums(vec![0; num_shards as usize]);
        }
    }

    /// Makes the records of this cycle and the previous one the counted ones. Costs a look at what the cycle touched, if
    /// it carried everything over and those of the previous cycle are counted already.
    pub(super) fn refresh(&mut self, members: &Membership, shape: &Shape, records: &RecordStore) {
        let Some(touched) = members.touched().filter(|_| self.is_complete) else {
            let mut wanted = members.current().clone();
            wanted.union_with(members.previous());
            return self.recount(wanted, shape, records);
        };
        for ordinal in touched {
            if !members.has_current(ordinal) && !members.has_previous(ordinal) {
                self.forget(ordinal, shape, records);
            } else if self.counted.insert(ordinal) {
                self.count(ordinal, shape, records, Sign::Add);
            }
        }
    }

    /// Makes these records the counted ones.
    pub(super) fn recount(&mut self, wanted: OrdinalSet, shape: &Shape, records: &RecordStore) {
        for ordinal in &self.counted.difference(&wanted) {
            self.forget(ordinal, shape, records);
        }
        for ordinal in &wanted.difference(&self.counted) {
            self.count(ordinal, shape, records, Sign::Add);
        }
        self.counted = wanted;
        self.is_complete = true;
    }

    /// Takes a record out, if it is counted, before its bytes go.
    pub(super) fn forget(&mut self, ordinal: Ordinal, shape: &Shape, records: &RecordStore) {
        if self.counted.remove(ordinal) {
            self.count(ordinal, shape, records, Sign::Subtract);
        }
    }

    /// As [`Statistics::forget`], of a record that is at hand.
    pub(super) fn forget_record(&mut self, ordinal: Ordinal, shape: &Shape, record: &[u8]) {
        if self.counted.remove(ordinal) {
            self.count_record(ordinal, shape, record, Sign::Subtract);
        }
    }

    /// Counts a record that will be part of this cycle or the previous one, if it is not counted.
    pub(super) fn include(&mut self, ordinal: Ordinal, shape: &Shape, record: &[u8]) {
        if self.counted.insert(ordinal) {
            self.count_record(ordinal, shape, record, Sign::Add);
        }
    }

    fn count(&mut self, ordinal: Ordinal, shape: &Shape, records: &RecordStore, sign: Sign) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let record = records.get(ordinal, &mut buffer).unwrap_or_default();
        self.count_record(ordinal, shape, record, sign);
        self.buffer = buffer;
    }

    fn count_record(&mut self, ordinal: Ordinal, shape: &Shape, record: &[u8], sign: Sign) {
        sign.apply(&mut self.num_counted, 1);
        self.entries.count(ordinal, entries_of(&self.counters, record), sign);
        match (&mut self.counters, shape) {
            (Counters::Object(counters), Shape::Object(fields)) => {
                let mut rest = record;
                for (counter, &kind) in counters.iter_mut().zip(fields) {
                    counter.count(record_form::take_field(&mut rest, kind), sign);
                }
            }
            (Counters::List { element }, _) => {
                let max = record_form::list_elements(record).max().unwrap_or(0);
                element.count(bits(max.into()), sign);
            }
            (Counters::Set { element, size }, _) => {
                let max = record_form::set_elements(record)
                    .last()
                    .map_or(0, |(element, _)| element);
                element.count(bits(u64::from(max) + 1), sign);
                size.count(bits(record_form::collection(record).0.into()), sign);
            }
            (Counters::Map { key, value, size }, _) => {
                let (mut max_key, mut max_value) = (0, 0);
                for (key, value, _) in record_form::map_entries(record) {
                    max_key = key;
                    max_value = max_value.max(value);
                }
                key.count(bits(u64::from(max_key) + 1), sign);
                value.count(bits(max_value.into()), sign);
                size.count(bits(record_form::collection(record).0.into()), sign);
            }
            (Counters::Object(_), _) => {}
        }
    }
}

impl FieldCounter {
    fn new(kind: FieldKind) -> Self {
        match kind {
            FieldKind::Boolean => FieldCounter::Fixed(2),
            FieldKind::Float => FieldCounter::Fixed(32),
            FieldKind::Double => FieldCounter::Fixed(64),
            FieldKind::Text | FieldKind::Bytes => FieldCounter::Variable(0),
            FieldKind::Int | FieldKind::Long | FieldKind::Reference(_) => FieldCounter::Number(Histogram::default()),
        }
    }

    fn count(&mut self, stored: Stored<'_>, sign: Sign) {
        match (self, stored) {
            (FieldCounter::Number(histogram), Stored::Number(value)) => {
                histogram.count(bits(value.saturating_add(1)), sign);
            }
            (FieldCounter::Number(histogram), _) => histogram.count(1, sign),
            (FieldCounter::Variable(total), Stored::Bytes(value)) => sign.apply(total, value.len() as u64),
            _ => {}
        }
    }
}

/// The elements of a list, the buckets of a set or map.
fn entries_of(counters: &Counters, record: &[u8]) -> u64 {
    let size = || record_form::collection(record).0;
    match counters {
        Counters::Object(_) => 0,
        Counters::List { .. } => size().into(),
        Counters::Set { .. } | Counters::Map { .. } => hash::table_size(size()).map_or(0, u64::from),
    }
}

#[cfg(test)]
mod tests;
