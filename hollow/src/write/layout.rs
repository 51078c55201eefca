//! The widths and shard counts of one cycle's blobs. See `docs/format.md`, sections 11.3 to 11.5.
//!
//! Snapshot, delta and reverse delta of a cycle share one layout; if the number of shards changed, the reverse delta
//! has a division of its own.

use super::record_store::RecordStore;
use super::statistics::{Counters, FieldCounter, Statistics};
use crate::Ordinal;
use crate::memory::bit_array::bits;

/// The most shards a type can have.
pub(super) const MAX_SHARDS: u32 = 1 << 29;

/// Widths in bits that all shards and all blobs of a cycle share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Widths {
    Object { fields: Vec<u32> },
    List { element: u32 },
    Set { size: u32, element: u32 },
    Map { size: u32, key: u32, value: u32 },
}

impl Widths {
    fn of(statistics: &Statistics) -> Self {
        match statistics.counters() {
            Counters::Object(fields) => {
                let any = statistics.num_counted() > 0;
                Widths::Object {
                    fields: fields.iter().map(|field| field_width(field, any)).collect(),
                }
            }
            Counters::List { element } => Widths::List {
                element: element.max().max(1),
            },
            Counters::Set { element, size } => Widths::Set {
                size: size.max(),
                element: element.max().max(1),
            },
            Counters::Map { key, value, size } => Widths::Map {
                size: size.max(),
                key: key.max().max(1),
                value: value.max().max(1),
            },
        }
    }

    /// The bits of an object, or of an element, bucket or entry.
    pub(super) fn record_bits(&self) -> u64 {
        match self {
            Widths::Object { fields } => fields.iter().map(|&width| u64::from(width)).sum(),
            Widths::List { element } | Widths::Set { element, .. } => (*element).into(),
            Widths::Map { key, value, .. } => (key + value).into(),
        }
    }

    /// The bits of the size beside a pointer.
    fn size_bits(&self) -> u64 {
        match self {
            Widths::Object { .. } | Widths::List { .. } => 0,
            Widths::Set { size, .. } | Widths::Map { size, .. } => (*size).into(),
        }
    }

    fn pointer_bits(&self, max_entries: u64) -> u32 {
        match self {
            Widths::Object { .. } => 0,
            Widths::List { .. } => bits(max_entries).max(1),
            Widths::Set { .. } | Widths::Map { .. } => bits(max_entries),
        }
    }
}

fn field_width(field: &FieldCounter, any_record: bool) -> u32 {
    match field {
        FieldCounter::Fixed(width) if any_record => *width,
        FieldCounter::Fixed(_) => 0,
        FieldCounter::Number(histogram) => histogram.max(),
        FieldCounter::Variable(total) => bits(total + 1) + 1,
    }
}

/// How a type is divided into shards, with what depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Division {
    pub(super) num_shards: u32,
    /// Width of pointers into the elements or buckets.
    pub(super) pointer_bits: u32,
    /// Elements or buckets of each shard, over the records of this and the previous state.
    pub(super) entries: Vec<u64>,
}

impl Division {
    fn new(num_shards: u32, widths: &Widths, statistics: &mut Statistics, records: &RecordStore) -> Self {
        if matches!(widths, Widths::Object { .. }) {
            return Self {
                num_shards,
                pointer_bits: 0,
                entries: Vec::new(),
            };
        }
        let entries = statistics.entries_per_shard(num_shards, records);
        let max = entries.iter().copied().max().unwrap_or(0);
        Self {
            num_shards,
            pointer_bits: widths.pointer_bits(max),
            entries,
        }
    }
}

/// Everything the emission of a type's blobs needs to know besides the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The highest ordinal of any record of this or the previous state, or added and withdrawn in this cycle.
    pub(super) max_ordinal: Option<Ordinal>,
    pub(super) widths: Widths,
    /// For snapshot and delta.
    pub(super) forward: Division,
    /// For the reverse delta, if its number of shards is another.
    pub(super) backward: Option<Division>,
    /// Bytes of all STRING and BYTES values of an object type.
    variable_bytes: u64,
}

/// The number of shards a type had and has; `None` is undecided.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShardCounts {
    /// At the beginning of the cycle.
    pub(super) before: Option<u32>,
    pub(super) now: Option<u32>,
    /// The size in bytes that a shard should not exceed.
    pub(super) target_bytes: u64,
    /// Whether the number may follow the size.
    pub(super) may_change: bool,
}

impl Layout {
    /// The layout for the counted records.
    pub(super) fn new(
        max_ordinal: Option<Ordinal>,
        shards: ShardCounts,
        statistics: &mut Statistics,
        records: &RecordStore,
    ) -> Self {
        let widths = Widths::of(statistics);
        let projected = || projected_shards(&widths, max_ordinal, statistics, shards.target_bytes);
        let num_shards = match shards.now {
            None => projected(),
            Some(now) if shards.may_change => match projected().cmp(&now) {
                std::cmp::Ordering::Greater => (now * 2).min(MAX_SHARDS),
                std::cmp::Ordering::Less => now / 2,
                std::cmp::Ordering::Equal => now,
            },
            Some(now) => now,
        };
        let forward = Division::new(num_shards, &widths, statistics, records);
        let backward = shards
            .before
            .filter(|&before| before != num_shards)
            .map(|before| Division::new(before, &widths, statistics, records));
        Self {
            max_ordinal,
            widths,
            forward,
            backward,
            variable_bytes: variable_bytes(statistics),
        }
    }

    /// About what the shards of a snapshot take together, for so many ordinals.
    pub(super) fn packed_bytes(&self, count: u32) -> u64 {
        let fixed = u64::from(count) * self.fixed_bits() / 8;
        let entries = match self.widths {
            Widths::Object { .. } => self.variable_bytes,
            _ => self.forward.entries.iter().sum::<u64>() * self.widths.record_bits() / 8,
        };
        fixed + entries
    }

    /// The bits of a record in the array that has one entry per ordinal, in a snapshot.
    pub(super) fn fixed_bits(&self) -> u64 {
        match self.widths {
            Widths::Object { .. } => self.widths.record_bits(),
            _ => u64::from(self.forward.pointer_bits) + self.widths.size_bits(),
        }
    }
}

fn projected_shards(widths: &Widths, max_ordinal: Option<Ordinal>, statistics: &Statistics, target_bytes: u64) -> u32 {
    let size = projected_bytes(widths, max_ordinal, statistics);
    let mut num_shards = 1u32;
    while num_shards < MAX_SHARDS && target_bytes.max(1).saturating_mul(num_shards.into()) < size {
        num_shards *= 2;
    }
    num_shards
}

/// The size of the type by the formulas that decide its number of shards, oddities included.
fn projected_bytes(widths: &Widths, max_ordinal: Option<Ordinal>, statistics: &Statistics) -> u64 {
    let num_ordinals = max_ordinal.map_or(0, |max| u64::from(max.get()) + 1);
    let total = statistics.total_entries();
    let pointer_bits = u64::from(widths.pointer_bits(total));
    let entry_bytes = widths.record_bits() * total / 8;
    match widths {
        Widths::Object { .. } => widths.record_bits() * num_ordinals / 8 + variable_bytes(statistics),
        // The one belongs to the ordinal, but is added to the bits.
        Widths::List { .. } => entry_bytes + (pointer_bits * num_ordinals.saturating_sub(1) + 1) / 8,
        _ => (widths.size_bits() + pointer_bits) * num_ordinals / 8 + entry_bytes,
    }
}

/// The bytes of all STRING and BYTES values.
fn variable_bytes(statistics: &Statistics) -> u64 {
    let Counters::Object(fields) = statistics.counters() else {
        return 0;
    };
    let bytes = fields.iter().map(|field| match field {
        FieldCounter::Variable(total) => *total,
        FieldCounter::Fixed(_) | FieldCounter::Number(_) => 0,
    });
    bytes.sum()
}
