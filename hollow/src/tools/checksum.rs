//! A number over all records of a state, equal to Java Hollow's for the same state. See `docs/format.md`, section 14.
//!
//! It covers ordinals, numbers of shards and bucket positions, but neither widths nor unpopulated records: a state has
//! the same checksum by whichever snapshot or deltas it was reached. It detects mistakes, not forgery.

use crate::Ordinal;
use crate::memory::hash::{hash_int, hash_long, murmur};
use crate::read::{
    FieldKind, ListTypeState, MapTypeState, ObjectTypeState, Populated, ReadState, SetTypeState, TypeReadState,
};
use crate::schema::ObjectSchema;
use crate::schema::dataset::Utf16;
use std::collections::BTreeMap;
use std::fmt;

/// Stands for null.
const NULL: i32 = i32::MAX;

/// Mixed values that are kept while records of several shards are gone over together.
const KEPT: usize = 8 << 20;

/// The checksums of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums {
    /// Over all types.
    pub total: i32,
    /// Of each type, by name.
    pub types: BTreeMap<String, i32>,
}

impl Checksums {
    /// The checksums of a state. Reads every record.
    pub fn of(state: &ReadState) -> Self {
        Self::from_types(state.types().map(|ty| (ty.name(), of_type(ty, None))))
    }

    /// The checksums of two states over what both schemas have: types of the same name, and of object types the fields
    /// of the same name. Equal numbers mean equal records there.
    ///
    /// List, set and map types whose schemas differ are left out.
    pub fn common(a: &ReadState, b: &ReadState) -> (Self, Self) {
        let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
        for (ty, other) in a.types().filter_map(|ty| Some((ty, b.ty(ty.name())?))) {
            let fields = match (ty, other) {
                (TypeReadState::Object(x), TypeReadState::Object(y)) => {
                    let (x, y) = (x.schema(), y.schema());
                    Some((shared_fields(x, y), shared_fields(y, x)))
                }
                _ if ty.schema() == other.schema() => None,
                _ => continue,
            };
            let (x, y) = fields.unzip();
            of_a.push((ty.name(), of_type(ty, x)));
            of_b.push((ty.name(), of_type(other, y)));
        }
        (Self::from_types(of_a.into_iter()), Self::from_types(of_b.into_iter()))
    }

    fn from_types<'n>(types: impl Iterator<Item = (&'n str, i32)>) -> Self {
        let mut sorted: Vec<(&str, i32)> = types.collect();
        sorted.sort_by_key(|(name, _)| Utf16(name));
        let mut total = Checksum::default();
        sorted.iter().for_each(|(_, sum)| total.apply_int(*sum));
        Self {
            total: total.value(),
            types: sorted.into_iter().map(|(name, sum)| (name.to_owned(), sum)).collect(),
        }
    }
}

/// `TOTAL number`, then `TYPE name number` for each type.
impl fmt::Display for Checksums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "TOTAL {}", self.total)?;
        self.types
            .iter()
            .try_for_each(|(name, sum)| writeln!(f, "TYPE {name} {sum}"))
    }
}

/// A running checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum(i32);

impl Checksum {
    /// Mixes in 32 bits.
    #[inline]
    pub fn apply_int(&mut self, value: i32) {
        self.apply_mixed(hash_int(value));
    }

    /// Mixes in 64 bits.
    #[inline]
    pub fn apply_long(&mut self, value: i64) {
        self.apply_mixed(hash_long(value));
    }

    #[inline]
    fn apply_mixed(&mut self, mixed: i32) {
        self.0 = hash_int(self.0 ^ mixed);
    }

    /// The checksum so far.
    pub fn value(self) -> i32 {
        self.0
    }
}

/// The values of records, mixed but not summed up yet: that part does not depend on what came before.
#[derive(Default)]
struct Mixed(Vec<i32>);

impl Mixed {
    #[inline]
    fn int(&mut self, value: i32) {
        self.0.push(hash_int(value));
    }

    #[inline]
    fn long(&mut self, value: i64) {
        self.0.push(hash_long(value));
    }

    #[inline]
    fn ordinal(&mut self, ordinal: Ordinal) {
        self.int(ordinal.get().cast_signed());
    }
}

/// The positions of the fields that the other schema has too.
fn shared_fields(schema: &ObjectSchema, other: &ObjectSchema) -> Vec<usize> {
    let known = other.positions();
    let fields = schema.fields.iter().enumerate();
    fields
        .filter(|(_, field)| known.contains_key(field.name.as_str()))
        .map(|(at, _)| at)
        .collect()
}

fn of_type(ty: &TypeReadState, fields: Option<Vec<usize>>) -> i32 {
    match ty {
        TypeReadState::Object(ty) => {
            let mut fields = fields.unwrap_or_else(|| (0..ty.schema().fields.len()).collect());
            fields.sort_by_key(|&at| Utf16(&ty.schema().fields[at].name));
            let kind = |at: usize| FieldKind::of(&ty.schema().fields[at].ty);
            let fields: Vec<Field> = fields.into_iter().map(|at| (at, kind(at))).collect();
            let values = ty.len() * (1 + fields.len());
            by_shard(ty.num_shards(), values, ty.populated(), |out, o| {
                of_object(out, ty, o, &fields)
            })
        }
        TypeReadState::List(ty) => by_shard(ty.num_shards(), ty.memory_bytes(), ty.populated(), |out, o| {
            of_list(out, ty, o)
        }),
        TypeReadState::Set(ty) => by_shard(ty.num_shards(), ty.memory_bytes(), ty.populated(), |out, o| {
            of_set(out, ty, o)
        }),
        TypeReadState::Map(ty) => by_shard(ty.num_shards(), ty.memory_bytes(), ty.populated(), |out, o| {
            of_map(out, ty, o)
        }),
    }
}

/// Sums up the populated ordinals as the wire has them: shard by shard, ascending within each.
///
/// Memory has the ordinals of all shards next to each other, so they are gone over once for as many shards as their about
/// `values` values fit the memory that may be taken, and each shard's values are summed up when it is its turn.
fn by_shard(
    num_shards: u32,
    values: usize,
    populated: Populated<'_>,
    mut visit: impl FnMut(&mut Mixed, Ordinal),
) -> i32 {
    let mut sum = Checksum::default();
    if num_shards == 1 {
        let mut mixed = Mixed::default();
        for ordinal in populated {
            visit(&mut mixed, ordinal);
            mixed.0.drain(..).for_each(|value| sum.apply_mixed(value));
        }
        return sum.value();
    }
    let together = (KEPT / (values / num_shards as usize).max(1)).clamp(1, num_shards as usize) as u32;
    let mut kept: Vec<Mixed> = Vec::new();
    kept.resize_with(together as usize, Mixed::default);
    for first in (0..num_shards).step_by(together as usize) {
        for ordinal in populated.clone() {
            let shard = ordinal.get() & (num_shards - 1);
            if let Some(mixed) = kept.get_mut(shard.wrapping_sub(first) as usize) {
                visit(mixed, ordinal);
            }
        }
        for mixed in &mut kept {
            mixed.0.drain(..).for_each(|value| sum.apply_mixed(value));
        }
    }
    sum.value()
}

/// A field to sum up: its position and what it holds.
type Field = (usize, FieldKind);

fn of_object(out: &mut Mixed, ty: &ObjectTypeState, number: Ordinal, fields: &[Field]) {
    let Some(record) = ty.record(number) else { return };
    out.ordinal(number);
    for &(at, kind) in fields {
        if matches!(kind, FieldKind::Text | FieldKind::Bytes) {
            out.int(record.stored_bytes(at, kind).map_or(-1, murmur));
            continue;
        }
        match record.stored_bits(at, kind) {
            Some(bits) => out.long(bits.cast_signed()),
            None => out.int(NULL),
        }
    }
}

fn of_list(out: &mut Mixed, ty: &ListTypeState, record: Ordinal) {
    out.ordinal(record);
    ty.elements(record).for_each(|element| out.ordinal(element));
}

fn of_set(out: &mut Mixed, ty: &SetTypeState, record: Ordinal) {
    out.ordinal(record);
    for (bucket, element) in ty.buckets(record) {
        out.int(bucket.cast_signed());
        out.ordinal(element);
    }
}

fn of_map(out: &mut Mixed, ty: &MapTypeState, record: Ordinal) {
    out.ordinal(record);
    for (bucket, key, value) in ty.buckets(record) {
        out.int(bucket.cast_signed());
        out.ordinal(key);
        out.ordinal(value);
    }
}
