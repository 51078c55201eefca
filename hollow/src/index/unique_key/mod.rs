//! Records of an object type by their key.

mod carry;
mod keys;
#[cfg(test)]
mod tests;

use super::KeyView;
use super::hash::Seeds;
use super::ordered::Ordered;
use super::table::{Filler, Keyed, Lookup, Table};
use crate::Ordinal;
use crate::read::{ReadState, Route, TypeReadState};
use crate::record::KeyValue;
use crate::schema::{Dataset, FieldPath, Kind, SchemaError};
use keys::Shape;
pub(super) use keys::{Keys, TOGETHER};
use std::sync::Arc;

/// Finds the record with a key.
///
/// A hash table of ordinals and a few bits of their hash, some seven bytes a record; keys are read from the state. A key
/// that is there takes one line of the processor's cache and the record, one that is not there one line.
///
/// Keys should be unique, but nothing enforces it: the lowest ordinal is found, and [`UniqueKey::duplicates`] names the
/// others. Records with a null in their key cannot be found. The hash has secrets of its own for each index, so that
/// data cannot be made to collide; what is found does not depend on it.
///
/// An index is an immutable value that belongs to the state it was made from. Declared with
/// [`ReadState::with_indexes`], it is part of that state, and of every state made of it by deltas, at the cost of the
/// changes; see the [module](super).
///
/// ```
/// # fn example(state: &hollow::read::ReadState) -> Result<(), Box<dyn std::error::Error>> {
/// use hollow::index::UniqueKey;
/// use hollow::record::KeyValue;
///
/// let by_key = UniqueKey::build(state, "Movie")?; // reads the keys of all movies
/// let movie = by_key.find(state, &[KeyValue::Long(1)]);
/// let movies = by_key.view(state); // for many look-ups
/// assert_eq!(movies.find_long(1), movie); // the same, without a list of values
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct UniqueKey {
    dataset: Arc<Dataset>,
    type_name: Arc<str>,
    paths: Arc<[FieldPath]>,
    /// The type, as position in the data set.
    ty: usize,
    shape: Arc<Shape>,
    seeds: Seeds,
    table: Table,
    incomplete: usize,
    /// Records that are not in the table because one with a lower ordinal has their key; by hash, then ordinal.
    hidden: Ordered,
}

/// Two records of one type with the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The record that is found.
    pub found: Ordinal,
    /// A record that is not, having a higher ordinal.
    pub hidden: Ordinal,
}

impl UniqueKey {
    /// Indexes a type by its declared primary key. Reads the keys of all records.
    ///
    /// # Errors
    /// [`SchemaError`] if there is no such object type or no path of its key leads to values. For a type without a
    /// primary key the error is that of an empty path.
    pub fn build(state: &ReadState, type_name: &str) -> Result<Self, SchemaError> {
        Ok(Self::empty(state, type_name, None)?.rebuilt(state))
    }

    /// Indexes a type by these field paths instead of its primary key.
    ///
    /// # Errors
    /// [`SchemaError`] if there is no such object type or a path does not lead to values.
    pub fn build_on(state: &ReadState, type_name: &str, paths: &[&str]) -> Result<Self, SchemaError> {
        Ok(Self::empty(state, type_name, Some(paths))?.rebuilt(state))
    }

    /// An index on these paths or the primary key, without any records.
    pub(super) fn empty(state: &ReadState, type_name: &str, paths: Option<&[&str]>) -> Result<Self, SchemaError> {
        let resolve = |paths: &[&str]| -> Result<Vec<FieldPath>, SchemaError> {
            let resolved = paths.iter().map(|path| state.dataset().resolve(type_name, path));
            Ok(resolved.collect::<Result<_, _>>()?)
        };
        let paths = match paths {
            Some(paths) => resolve(paths)?,
            None => match state.dataset().primary_key(type_name)? {
                none if none.is_empty() => resolve(&[""])?,
                paths => paths,
            },
        };
        Self::over(state, type_name, paths)
    }

    fn over(state: &ReadState, type_name: &str, paths: Vec<FieldPath>) -> Result<Self, SchemaError> {
        let dataset = Arc::clone(state.dataset());
        let unknown = || SchemaError::UnknownType(type_name.to_owned());
        let ty = dataset.position(type_name).ok_or_else(unknown)?;
        match state.ty(type_name).ok_or_else(unknown)? {
            TypeReadState::Object(_) => {}
            other => {
                return Err(SchemaError::WrongKind {
                    name: type_name.to_owned(),
                    expected: Kind::Object,
                    found: other.schema().kind(),
                });
            }
        }
        let routes = paths.iter().map(|path| Route::of(&dataset, path));
        let shape = Shape::of(routes.collect::<Result<_, _>>()?);
        Ok(Self {
            dataset,
            type_name: type_name.into(),
            paths: paths.into(),
            ty,
            shape: Arc::new(shape),
            seeds: Seeds::random(),
            table: Table::with_capacity(0),
            incomplete: 0,
            hidden: Ordered::default(),
        })
    }

    /// What is stored besides the paths: secrets, incomplete records, the table, hidden records.
    pub(super) fn stored(&self) -> ([u64; 4], u64, &Table, &Ordered) {
        (self.seeds.0, self.incomplete as u64, &self.table, &self.hidden)
    }

    /// The same index with what was stored.
    pub(super) fn of_stored(self, seeds: [u64; 4], table: Table, incomplete: usize, hidden: Ordered) -> Self {
        Self {
            seeds: Seeds::of(seeds),
            table,
            incomplete,
            hidden,
            ..self
        }
    }

    /// The same index made from all records of a state.
    pub(super) fn rebuilt(&self, state: &ReadState) -> Self {
        let keys = self.keys(state);
        let records = state.types().as_slice().get(self.ty);
        let mut filler = Filler::new(records.map_or(0, TypeReadState::len));
        let mut incomplete = 0;
        keys.for_each_hash(records, |ordinal, hash| match hash {
            Some(hash) => filler.push(hash, ordinal, &keys),
            None => incomplete += 1,
        });
        let (table, mut twice) = filler.finish(&keys, |ordinal| keys.hash_of(ordinal));
        twice.sort_unstable();
        let twice: Vec<_> = twice.into_iter().map(carry::entry).collect();
        Self {
            table,
            incomplete,
            hidden: Ordered::build(&twice),
            ..self.clone()
        }
    }

    fn keys<'a>(&'a self, state: &'a ReadState) -> Keys<'a> {
        Keys::new(&self.shape, &self.seeds, state)
    }

    /// The index together with the state it belongs to, made ready for looking up many keys. With any other state it finds
    /// nothing.
    pub fn view<'s>(&'s self, state: &'s ReadState) -> KeyView<'s> {
        let belongs = Arc::ptr_eq(&self.dataset, state.dataset()) || self.dataset == *state.dataset();
        let keys = match belongs {
            true => self.keys(state),
            false => Keys::none(&self.seeds, state),
        };
        KeyView::new(state, self, keys)
    }

    pub(super) fn lookup(&self) -> Lookup<'_> {
        self.table.lookup()
    }

    /// The record with this key: its parts in the order of the paths. `state` is the one the index belongs to.
    ///
    /// `None` if there is none, or if the parts are not as many and of the types as the key has. Allocates for
    /// text beyond ASCII only. For many keys take a [`view`](UniqueKey::view) first: it does once what this does each time.
    pub fn find(&self, state: &ReadState, key: &[KeyValue]) -> Option<Ordinal> {
        self.view(state).find(key)
    }

    /// As [`UniqueKey::find`] for a key that is a single LONG. Allocates nothing.
    pub fn find_long(&self, state: &ReadState, key: i64) -> Option<Ordinal> {
        self.view(state).find_long(key)
    }

    /// As [`UniqueKey::find`] for a key that is a single INT. Allocates nothing.
    pub fn find_int(&self, state: &ReadState, key: i32) -> Option<Ordinal> {
        self.view(state).find_int(key)
    }

    /// As [`UniqueKey::find`] for a key that is a single STRING. Allocates for text beyond ASCII only.
    pub fn find_str(&self, state: &ReadState, key: &str) -> Option<Ordinal> {
        self.view(state).find_str(key)
    }

    /// The paths of the key, in order.
    pub fn paths(&self) -> &[FieldPath] {
        &self.paths
    }

    /// How many records can be found.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether none can.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many records cannot be found because a part of their key is null or missing.
    pub fn incomplete(&self) -> usize {
        self.incomplete
    }

    /// How many records cannot be found because a record with a lower ordinal has their key.
    pub fn num_duplicates(&self) -> usize {
        self.hidden.len()
    }

    /// The records that cannot be found because a record with a lower ordinal has their key; in ascending order.
    /// Looks each of them up.
    pub fn duplicates(&self, state: &ReadState) -> Vec<DuplicateKey> {
        let keys = self.keys(state);
        let mut duplicates: Vec<_> = self
            .hidden
            .iter()
            .filter_map(|entry| {
                let found = self.table.find(entry.head, |other| keys.same(other, entry.ordinal))?;
                let hidden = entry.ordinal;
                Some(DuplicateKey { found, hidden })
            })
            .collect();
        duplicates.sort_unstable_by_key(|duplicate| duplicate.hidden);
        duplicates
    }

    /// Bytes held, those shared with indexes of other states included. Walks over the pages.
    pub fn memory_bytes(&self) -> usize {
        self.table.memory_bytes() + self.hidden.memory_bytes()
    }
}
