//! Keys as they stand in a state: hashed and compared without taking them out.

use crate::Ordinal;
use crate::index::hash::Seeds;
use crate::index::table::{Glance, Keyed, Lookup};
use crate::index::values::{hash_part, hash_text, hash_value};
use crate::read::{ColumnReader, ObjectTypeState, Part, ReadState, Route, TypeReadState, object};
use crate::record::KeyValue;
use crate::schema::FieldType;

/// Keys looked up together.
pub(in crate::index) const TOGETHER: usize = 16;

/// Where the parts of a key are. Single values in the record itself, the common case, have short ways.
#[derive(Debug)]
pub(super) enum Shape {
    /// One LONG field of the record: its type and position.
    Long(usize, usize),
    /// One INT field of the record.
    Int(usize, usize),
    /// Anything else.
    Parts(Vec<Route>),
}

impl Shape {
    pub(super) fn of(routes: Vec<Route>) -> Self {
        if let [only] = routes.as_slice()
            && let Some((ty, field)) = only.direct()
        {
            match only.holds() {
                FieldType::Long => return Self::Long(ty, field),
                FieldType::Int => return Self::Int(ty, field),
                _ => {}
            }
        }
        Self::Parts(routes)
    }
}

/// The keys of the records of one state.
#[derive(Clone, Copy)]
pub(in crate::index) struct Keys<'a> {
    state: &'a ReadState,
    seeds: &'a Seeds,
    fields: Fields<'a>,
}

#[derive(Clone, Copy)]
enum Fields<'a> {
    Long(&'a ObjectTypeState, usize),
    Int(&'a ObjectTypeState, usize),
    Parts(&'a [Route]),
    /// The state has no such type.
    Nothing,
}

impl<'a> Keys<'a> {
    /// No keys at all: for a state that is not that of the index.
    pub(super) fn none(seeds: &'a Seeds, state: &'a ReadState) -> Self {
        let fields = Fields::Nothing;
        Self { state, seeds, fields }
    }

    pub(super) fn new(shape: &'a Shape, seeds: &'a Seeds, state: &'a ReadState) -> Self {
        let fields = match *shape {
            Shape::Long(ty, field) => object(state, ty).map(|ty| Fields::Long(ty, field)),
            Shape::Int(ty, field) => object(state, ty).map(|ty| Fields::Int(ty, field)),
            Shape::Parts(ref routes) => Some(Fields::Parts(routes)),
        };
        let fields = fields.unwrap_or(Fields::Nothing);
        Self { state, seeds, fields }
    }

    #[inline]
    fn hash_word(&self, word: u64) -> u64 {
        let mut hasher = self.seeds.hasher();
        hasher.word(word);
        hasher.finish()
    }

    /// The hash of a key that is a single LONG.
    #[inline]
    pub(in crate::index) fn hash_long(&self, key: i64) -> u64 {
        self.hash_word(key.cast_unsigned())
    }

    /// The keys of all records, if they are single LONGs of the records themselves.
    pub(in crate::index) fn long_column(&self) -> Option<ColumnReader<'a, i64>> {
        let Fields::Long(ty, field) = self.fields else {
            return None;
        };
        Some(ty.column(field)?.reader())
    }

    /// The hash of a record's key; `None` if a part of it is null or missing.
    #[inline]
    pub(super) fn hash_of(&self, ordinal: Ordinal) -> Option<u64> {
        match self.fields {
            Fields::Long(ty, field) => ty.long(ordinal, field).map(|key| self.hash_long(key)),
            Fields::Int(ty, field) => {
                let key = ty.int(ordinal, field)?.cast_unsigned();
                Some(self.hash_word(u64::from(key)))
            }
            Fields::Parts(routes) => {
                let mut hasher = self.seeds.hasher();
                for route in routes {
                    hash_part(route.part(self.state, ordinal)?, &mut hasher);
                }
                Some(hasher.finish())
            }
            Fields::Nothing => None,
        }
    }

    /// Hands over each of these records with the hash of its key, ascending.
    pub(super) fn for_each_hash(&self, records: Option<&TypeReadState>, mut each: impl FnMut(Ordinal, Option<u64>)) {
        match self.fields {
            Fields::Long(ty, field) if let Some(column) = ty.column::<i64>(field) => {
                let hash = |key: i64| self.hash_long(key);
                column.for_each(|ordinal, key| each(ordinal, key.map(hash)));
            }
            Fields::Int(ty, field) if let Some(column) = ty.column::<i32>(field) => {
                let hash = |key: i32| self.hash_word(u64::from(key.cast_unsigned()));
                column.for_each(|ordinal, key| each(ordinal, key.map(hash)));
            }
            _ => {
                let records = records.into_iter().flat_map(TypeReadState::populated);
                records.for_each(|ordinal| each(ordinal, self.hash_of(ordinal)));
            }
        }
    }

    /// The hash of a key.
    fn hash_values(&self, key: &[KeyValue]) -> u64 {
        let mut hasher = self.seeds.hasher();
        key.iter().for_each(|value| hash_value(value, &mut hasher));
        hasher.finish()
    }

    /// The record with this key.
    pub(in crate::index) fn find(&self, table: &Lookup<'_>, key: &[KeyValue]) -> Option<Ordinal> {
        match *key {
            [KeyValue::Long(key)] => return self.find_long(table, key),
            [KeyValue::Int(key)] => return self.find_int(table, key),
            [KeyValue::Text(ref key)] => return self.find_str(table, key),
            _ => {}
        }
        let Fields::Parts(routes) = self.fields else {
            return None;
        };
        if key.len() != routes.len() {
            return None;
        }
        table.find(self.hash_values(key), |ordinal| {
            let mut parts = routes.iter().zip(key);
            parts.all(|(route, value)| route.leads_to(self.state, ordinal, value))
        })
    }

    #[inline]
    pub(in crate::index) fn find_long(&self, table: &Lookup<'_>, key: i64) -> Option<Ordinal> {
        let Fields::Long(ty, field) = self.fields else {
            return self.find_by_route(table, &KeyValue::Long(key));
        };
        let hash = self.hash_long(key);
        table.find(hash, |ordinal| ty.long(ordinal, field) == Some(key))
    }

    /// Looks up a few keys together: first all lines of the table, then all records, so that their misses of the cache
    /// overlap. Only as many as there is room for.
    #[inline]
    pub(in crate::index) fn find_longs(&self, table: &Lookup<'_>, keys: &[i64]) -> [Option<Ordinal>; TOGETHER] {
        let mut found = [None; TOGETHER];
        let Fields::Long(ty, field) = self.fields else {
            let single = keys.iter().map(|&key| self.find_long(table, key));
            found.iter_mut().zip(single).for_each(|(to, entry)| *to = entry);
            return found;
        };
        let mut glances = [const { Glance::Nowhere }; TOGETHER];
        for (glance, &key) in glances.iter_mut().zip(keys) {
            *glance = table.glance(self.hash_long(key));
        }
        for ((to, glance), &key) in found.iter_mut().zip(glances).zip(keys) {
            let same = |ordinal| ty.long(ordinal, field) == Some(key);
            *to = match glance {
                Glance::Nowhere => None,
                Glance::Perhaps(entry) if same(entry) => Some(entry),
                _ => table.search(self.hash_long(key), same),
            };
        }
        found
    }

    #[inline]
    pub(in crate::index) fn find_int(&self, table: &Lookup<'_>, key: i32) -> Option<Ordinal> {
        let Fields::Int(ty, field) = self.fields else {
            return self.find_by_route(table, &KeyValue::Int(key));
        };
        let hash = self.hash_word(u64::from(key.cast_unsigned()));
        table.find(hash, |ordinal| ty.int(ordinal, field) == Some(key))
    }

    pub(in crate::index) fn find_str(&self, table: &Lookup<'_>, key: &str) -> Option<Ordinal> {
        let Fields::Parts([route]) = self.fields else {
            return None;
        };
        let mut hasher = self.seeds.hasher();
        hash_text(key, &mut hasher);
        table.find(
            hasher.finish(),
            |ordinal| matches!(route.part(self.state, ordinal), Some(Part::Text(text)) if text.is(key)),
        )
    }

    /// A single number behind references, or one asked for as what the key is not.
    fn find_by_route(&self, table: &Lookup<'_>, key: &KeyValue) -> Option<Ordinal> {
        let Fields::Parts([route]) = self.fields else {
            return None;
        };
        let hash = self.hash_values(std::slice::from_ref(key));
        table.find(hash, |ordinal| route.leads_to(self.state, ordinal, key))
    }
}

impl Keyed for Keys<'_> {
    /// Whether two records have the same key. False if either has a null in it.
    #[inline]
    fn same(&self, a: Ordinal, b: Ordinal) -> bool {
        match self.fields {
            Fields::Long(ty, field) => ty.long(a, field).is_some_and(|key| ty.long(b, field) == Some(key)),
            Fields::Int(ty, field) => ty.int(a, field).is_some_and(|key| ty.int(b, field) == Some(key)),
            Fields::Parts(routes) => routes.iter().all(|route| {
                let part = route.part(self.state, a);
                part.is_some() && part == route.part(self.state, b)
            }),
            Fields::Nothing => false,
        }
    }
}
