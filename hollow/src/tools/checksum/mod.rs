//! A number over all records of a state, equal to Java Hollow's for the same state. See `docs/format.md`, section 14.
//!
//! It covers ordinals, numbers of shards and bucket positions, but neither widths nor unpopulated records: a state has
//! the same checksum by whichever snapshot or deltas it was reached. It detects mistakes, not forgery.

mod collections;
mod objects;
mod shards;
#[cfg(test)]
mod tests;

use crate::Ordinal;
use crate::memory::hash::{hash_int, hash_long};
use crate::read::{FieldKind, ReadState, TypeReadState};
use crate::schema::ObjectSchema;
use crate::schema::dataset::Utf16;
use std::collections::BTreeMap;
use std::fmt;

/// The checksums of a state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums {
    /// Over all types.
    pub total: i32,
    /// Of each type, by name.
    pub types: BTreeMap<String, i32>,
}

impl Checksums {
    /// The checksums of a state. Reads every record. While it goes over an object type that has several shards it takes
    /// up to half of the memory that the type takes, or 32 MiB.
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

    #[inline(always)]
    fn apply_all(&mut self, mixed: &[i32]) {
        let mut sum = *self;
        mixed.iter().for_each(|&mixed| sum.apply_mixed(mixed));
        *self = sum;
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
    let sum = match ty {
        TypeReadState::Object(object) => {
            let schema = object.schema();
            let mut fields = fields.unwrap_or_else(|| (0..schema.fields.len()).collect());
            fields.sort_by_key(|&at| Utf16(&schema.fields[at].name));
            let kind = |at: usize| FieldKind::of(&schema.fields[at].ty);
            let fields: Vec<_> = fields.into_iter().map(|at| (at, kind(at))).collect();
            objects::sum_up(ty, object, &fields)
        }
        TypeReadState::List(list) => collections::sum_up_list(ty, list),
        TypeReadState::Set(set) => collections::sum_up_set(ty, set),
        TypeReadState::Map(map) => collections::sum_up_map(ty, map),
    };
    sum.value()
}

#[inline]
fn of_ordinal(ordinal: Ordinal) -> i32 {
    hash_int(ordinal.get().cast_signed())
}
