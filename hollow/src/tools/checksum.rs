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

/// With more shards than this, going over the populated ordinals for each takes longer than sorting them.
const MAX_PASSES: u32 = 64;

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
        self.0 = hash_int(self.0 ^ hash_int(value));
    }

    /// Mixes in 64 bits.
    #[inline]
    pub fn apply_long(&mut self, value: i64) {
        self.0 = hash_int(self.0 ^ hash_long(value));
    }

    /// The checksum so far.
    pub fn value(self) -> i32 {
        self.0
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
    let mut sum = Checksum::default();
    match ty {
        TypeReadState::Object(ty) => {
            let mut fields = fields.unwrap_or_else(|| (0..ty.schema().fields.len()).collect());
            fields.sort_by_key(|&at| Utf16(&ty.schema().fields[at].name));
            let kind = |at: usize| FieldKind::of(&ty.schema().fields[at].ty);
            let fields: Vec<Field> = fields.into_iter().map(|at| (at, kind(at))).collect();
            each_by_shard(
                ty.num_shards(),
                || ty.populated(),
                |o| of_object(&mut sum, ty, o, &fields),
            );
        }
        TypeReadState::List(ty) => {
            each_by_shard(ty.num_shards(), || ty.populated(), |o| of_list(&mut sum, ty, o));
        }
        TypeReadState::Set(ty) => {
            each_by_shard(ty.num_shards(), || ty.populated(), |o| of_set(&mut sum, ty, o));
        }
        TypeReadState::Map(ty) => {
            each_by_shard(ty.num_shards(), || ty.populated(), |o| of_map(&mut sum, ty, o));
        }
    }
    sum.value()
}

/// Visits the populated ordinals as the wire has them: shard by shard, ascending within each.
fn each_by_shard<'s>(num_shards: u32, populated: impl Fn() -> Populated<'s>, mut visit: impl FnMut(Ordinal)) {
    if num_shards == 1 {
        return populated().for_each(visit);
    }
    // One pass over the bits for each shard if there are few, else all ordinals sorted.
    if num_shards <= MAX_PASSES {
        for shard in 0..num_shards {
            populated().of_shard(shard, num_shards).for_each(&mut visit);
        }
        return;
    }
    let mut ordinals: Vec<Ordinal> = populated().collect();
    ordinals.sort_by_key(|o| (o.get() & (num_shards - 1), o.get()));
    ordinals.into_iter().for_each(&mut visit);
}

fn ordinal(sum: &mut Checksum, ordinal: Ordinal) {
    sum.apply_int(ordinal.get().cast_signed());
}

/// A field to sum up: its position and what it holds.
type Field = (usize, FieldKind);

fn of_object(sum: &mut Checksum, ty: &ObjectTypeState, number: Ordinal, fields: &[Field]) {
    let Some(record) = ty.record(number) else { return };
    ordinal(sum, number);
    for &(at, kind) in fields {
        if matches!(kind, FieldKind::Text | FieldKind::Bytes) {
            sum.apply_int(record.stored_bytes(at, kind).map_or(-1, murmur));
            continue;
        }
        match record.stored_bits(at, kind) {
            Some(bits) => sum.apply_long(bits.cast_signed()),
            None => sum.apply_int(NULL),
        }
    }
}

fn of_list(sum: &mut Checksum, ty: &ListTypeState, record: Ordinal) {
    ordinal(sum, record);
    ty.elements(record).for_each(|element| ordinal(sum, element));
}

fn of_set(sum: &mut Checksum, ty: &SetTypeState, record: Ordinal) {
    ordinal(sum, record);
    for (bucket, element) in ty.buckets(record) {
        sum.apply_int(bucket.cast_signed());
        ordinal(sum, element);
    }
}

fn of_map(sum: &mut Checksum, ty: &MapTypeState, record: Ordinal) {
    ordinal(sum, record);
    for (bucket, key, value) in ty.buckets(record) {
        sum.apply_int(bucket.cast_signed());
        ordinal(sum, key);
        ordinal(sum, value);
    }
}
