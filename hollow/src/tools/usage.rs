//! Where the bytes are: bits a field takes in a snapshot, and bytes by type and field.
//!
//! The widths are those of a snapshot of just this state (`docs/format.md`, sections 11.3 and 11.4). What a producer
//! writes can be a little wider: records that left with its last cycle count there, too. Memory is packed page by page
//! and is usually smaller; it is told by type only.

use crate::memory::bit_array::bits;
use crate::memory::hash::table_size;
use crate::read::{ObjectTypeState, ReadState, TypeReadState};
use crate::schema::{FieldType, Kind};
use std::collections::BTreeMap;

/// What one type takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeUsage {
    /// The type.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// How many records there are.
    pub records: u64,
    /// Ordinals without a record, below the highest with one.
    pub holes: u64,
    /// How many shards the wire divides the type into.
    pub num_shards: u32,
    /// Bytes in the memory of this process.
    pub memory_bytes: u64,
    /// Bytes in a snapshot, without schema and lengths: those of the parts and of the set of populated ordinals.
    pub snapshot_bytes: u64,
    /// Of these, bytes that holes take.
    pub hole_bytes: u64,
    /// The fields of an object; pointers, sizes and contents of a collection.
    pub parts: Vec<PartUsage>,
}

/// What one field, or one part of a collection, takes in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartUsage {
    /// The field; or `pointer`, `size`, `element`, `key`, `value`.
    pub name: String,
    /// What the field holds, as the schema says it; empty for pointers and sizes.
    pub holds: String,
    /// Bits for each record; for elements, keys and values: for each element or bucket.
    pub bits: u32,
    /// Records in which the field is null. Always zero for collections.
    pub nulls: u64,
    /// Bytes of text and bytes fields, which stand apart from the bits.
    pub variable_bytes: u64,
    /// All bytes, rounded up.
    pub bytes: u64,
}

/// What each type takes, in the order of the state. Looks at every record.
pub fn usage(state: &ReadState) -> Vec<TypeUsage> {
    state.types().map(of_type).collect()
}

fn of_type(ty: &TypeReadState) -> TypeUsage {
    let ordinals = ty.populated().last().map_or(0, |last| u64::from(last.get()) + 1);
    let records = ty.len() as u64;
    let (parts, fixed_bits) = match ty {
        TypeReadState::Object(object) => {
            let parts: Vec<PartUsage> = (0..object.schema().fields.len())
                .map(|at| field(object, at, ordinals))
                .collect();
            let fixed = parts.iter().map(|part| u64::from(part.bits)).sum();
            (parts, fixed)
        }
        _ => collection(ty, ordinals),
    };
    // The wire writes bits of populated ordinals in segments of 16384, one at least.
    let populated_bytes = 4 + 2048 * ordinals.div_ceil(16_384).max(1);
    let holes = ordinals - records;
    TypeUsage {
        name: ty.name().to_owned(),
        kind: ty.schema().kind(),
        records,
        holes,
        num_shards: ty.num_shards(),
        memory_bytes: ty.memory_bytes() as u64,
        snapshot_bytes: parts.iter().map(|part| part.bytes).sum::<u64>() + populated_bytes,
        hole_bytes: (holes * fixed_bits).div_ceil(8),
        parts,
    }
}

fn field(ty: &ObjectTypeState, at: usize, ordinals: u64) -> PartUsage {
    let held = &ty.schema().fields[at];
    let (mut nulls, mut variable_bytes, mut widest) = (0, 0, 0);
    for record in ty.populated() {
        let stored = match held.ty {
            FieldType::String => ty.text(record, at).map(|text| text.bytes().len() as u64),
            FieldType::Bytes => ty.bytes(record, at).map(|bytes| bytes.len() as u64),
            FieldType::Float => ty.float(record, at).map(|_| 0),
            FieldType::Double => ty.double(record, at).map(|_| 0),
            _ => ty.stored_bits(record, at),
        };
        match stored {
            None => nulls += 1,
            Some(length) if held.ty.is_variable_length() => variable_bytes += length,
            Some(value) => widest = widest.max(bits(value.saturating_add(1))),
        }
    }
    let bits = match held.ty {
        FieldType::String | FieldType::Bytes => bits(variable_bytes + 1) + 1,
        _ if ty.is_empty() => 0,
        FieldType::Boolean => 2,
        FieldType::Float => 32,
        FieldType::Double => 64,
        FieldType::Int | FieldType::Long | FieldType::Reference(_) => widest.max(1), // null takes a bit, too
    };
    PartUsage {
        name: held.name.clone(),
        holds: held.ty.to_string(),
        bits,
        nulls,
        variable_bytes,
        bytes: (ordinals * u64::from(bits)).div_ceil(8) + variable_bytes,
    }
}

/// What is counted over the records of a collection type.
#[derive(Default)]
struct Counted {
    /// Elements or buckets by shard.
    entries: BTreeMap<u32, u64>,
    largest: u64,
    highest: [u64; 2],
}

impl Counted {
    fn over(ty: &TypeReadState) -> Self {
        let mut counted = Self::default();
        let shard_mask = ty.num_shards() - 1;
        for record in ty.populated() {
            let mut size = 0;
            let mut each = |first: u32, second: u32| {
                size += 1;
                counted.highest[0] = counted.highest[0].max(first.into());
                counted.highest[1] = counted.highest[1].max(second.into());
            };
            match ty {
                TypeReadState::Object(_) => {}
                TypeReadState::List(list) => list.elements(record).for_each(|e| each(e.get(), 0)),
                TypeReadState::Set(set) => set.elements(record).for_each(|e| each(e.get(), 0)),
                TypeReadState::Map(map) => map.entries(record).for_each(|(k, v)| each(k.get(), v.get())),
            }
            counted.largest = counted.largest.max(size);
            let places = match ty {
                TypeReadState::List(_) => size,
                _ => u32::try_from(size).ok().and_then(table_size).map_or(size, u64::from),
            };
            *counted.entries.entry(record.get() & shard_mask).or_default() += places;
        }
        counted
    }
}

/// The parts of a collection type, and the bits that a hole takes.
fn collection(ty: &TypeReadState, ordinals: u64) -> (Vec<PartUsage>, u64) {
    let counted = Counted::over(ty);
    let fullest = counted.entries.values().copied().max().unwrap_or(0);
    let total: u64 = counted.entries.values().sum();
    let part = |name: &str, holds: &str, bits: u32, times: u64| PartUsage {
        name: name.to_owned(),
        holds: holds.to_owned(),
        bits,
        nulls: 0,
        variable_bytes: 0,
        bytes: (times * u64::from(bits)).div_ceil(8),
    };
    let [first, second] = counted.highest;
    let parts = match ty {
        TypeReadState::Object(_) => Vec::new(),
        TypeReadState::List(list) => vec![
            part("pointer", "", bits(fullest).max(1), ordinals),
            part("element", &list.schema().element, bits(first).max(1), total),
        ],
        // One pattern is kept for empty buckets.
        TypeReadState::Set(set) => vec![
            part("pointer", "", bits(fullest), ordinals),
            part("size", "", bits(counted.largest), ordinals),
            part("element", &set.schema().element, bits(first + 1), total),
        ],
        TypeReadState::Map(map) => vec![
            part("pointer", "", bits(fullest), ordinals),
            part("size", "", bits(counted.largest), ordinals),
            part("key", &map.schema().key, bits(first + 1), total),
            part("value", &map.schema().value, bits(second).max(1), total),
        ],
    };
    let fixed = parts.iter().filter(|part| part.holds.is_empty());
    let fixed_bits = fixed.map(|part| u64::from(part.bits)).sum();
    (parts, fixed_bits)
}
