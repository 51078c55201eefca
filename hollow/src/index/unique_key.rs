//! Records of an object type by their key.

#[cfg(test)]
mod tests;

use crate::Ordinal;
use crate::memory::text::{self, StoredText};
use crate::read::{ObjectTypeState, ReadState, TypeReadState};
use crate::record::KeyValue;
use crate::schema::{Dataset, FieldPath, FieldType, Kind, PathError, SchemaError};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::Arc;

/// Finds the record with a key: open addressing over ordinals, eight bytes a place, keys read from the state.
///
/// Keys should be unique, but nothing enforces it: the lowest ordinal is found, and [`UniqueKey::duplicates`] names the
/// others. Records with a null in their key cannot be found. The hash is keyed anew for each index, so that data cannot
/// be made to collide; what is found does not depend on it.
#[derive(Clone, Debug)]
pub struct UniqueKey {
    dataset: Arc<Dataset>,
    paths: Vec<FieldPath>,
    routes: Vec<Route>,
    hasher: RandomState,
    /// The high half of the hash, then the ordinal plus one; zero is an empty place. Never full.
    places: Box<[u64]>,
    len: usize,
    incomplete: usize,
    duplicates: Vec<DuplicateKey>,
}

/// Two records of one type with the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The record that is found.
    pub found: Ordinal,
    /// A record that is not, having a higher ordinal.
    pub hidden: Ordinal,
}

/// A field path as positions in the data set: the references to follow, then the field with the value.
#[derive(Clone, Debug)]
struct Route {
    /// Type and field of each reference on the way.
    through: Vec<(usize, usize)>,
    /// The type that has the value.
    ty: usize,
    /// The field that holds it.
    field: usize,
}

impl UniqueKey {
    /// Indexes a type by its declared primary key. Reads the keys of all records.
    ///
    /// # Errors
    /// [`SchemaError`] if there is no such object type or no path of its key leads to values. For a type without a
    /// primary key the error is that of an empty path.
    pub fn build(state: &ReadState, type_name: &str) -> Result<Self, SchemaError> {
        let paths = state.dataset().primary_key(type_name)?;
        if paths.is_empty() {
            return Self::build_on(state, type_name, &[""]);
        }
        Self::over(state, type_name, paths)
    }

    /// Indexes a type by these field paths instead of its primary key.
    ///
    /// # Errors
    /// [`SchemaError`] if there is no such object type or a path does not lead to values.
    pub fn build_on(state: &ReadState, type_name: &str, paths: &[&str]) -> Result<Self, SchemaError> {
        let resolved = paths.iter().map(|path| state.dataset().resolve(type_name, path));
        let resolved = resolved.collect::<Result<_, _>>()?;
        Self::over(state, type_name, resolved)
    }

    fn over(state: &ReadState, type_name: &str, paths: Vec<FieldPath>) -> Result<Self, SchemaError> {
        let dataset = Arc::clone(state.dataset());
        let unknown = || SchemaError::UnknownType(type_name.to_owned());
        let records = match state.ty(type_name) {
            Some(TypeReadState::Object(records)) => records,
            other => {
                return Err(SchemaError::WrongKind {
                    name: type_name.to_owned(),
                    expected: Kind::Object,
                    found: other.ok_or_else(unknown)?.schema().kind(),
                });
            }
        };
        let routes = paths
            .iter()
            .map(|path| route(&dataset, path))
            .collect::<Result<_, _>>()?;
        let capacity = (records.len() + records.len() / 2 + 1).next_power_of_two(); // at most two thirds full
        let mut index = Self {
            dataset,
            paths,
            routes,
            hasher: RandomState::new(),
            places: vec![0; capacity].into(),
            len: 0,
            incomplete: 0,
            duplicates: Vec::new(),
        };
        for ordinal in records.populated() {
            index.insert(state, ordinal);
        }
        Ok(index)
    }

    fn insert(&mut self, state: &ReadState, ordinal: Ordinal) {
        let Some(key) = self.key_of(state, ordinal) else {
            self.incomplete += 1;
            return;
        };
        let hash = self.hash(&key);
        match self.probe(hash, |other| self.key_of(state, other).is_some_and(|k| k == key)) {
            Ok(found) => self.duplicates.push(DuplicateKey { found, hidden: ordinal }),
            Err(place) => {
                self.places[place] = hash >> 32 << 32 | u64::from(ordinal.get() + 1);
                self.len += 1;
            }
        }
    }

    /// The record with this key: its parts in the order of the paths. `state` is the one the index was built from.
    ///
    /// `None` if there is none, or if the parts are not as many and of the types as the key has. Allocates for
    /// text beyond ASCII only.
    pub fn find(&self, state: &ReadState, key: &[KeyValue]) -> Option<Ordinal> {
        if key.len() != self.routes.len() || !self.belongs_to(state) {
            return None;
        }
        let hash = self.hash_values(key);
        let same = |ordinal| {
            let mut parts = self.routes.iter().zip(key);
            parts.all(|(route, value)| part(state, ordinal, route).is_some_and(|part| part.is(value)))
        };
        self.probe(hash, same).ok()
    }

    /// The places to look at for a hash: the ordinal for which `same` says so, or the place where it would go.
    fn probe(&self, hash: u64, same: impl Fn(Ordinal) -> bool) -> Result<Ordinal, usize> {
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let place = self.places[at];
            let Some(ordinal) = (place as u32).checked_sub(1).and_then(Ordinal::new) else {
                return Err(at);
            };
            if place >> 32 == hash >> 32 && same(ordinal) {
                return Ok(ordinal);
            }
            at = (at + 1) & mask;
        }
    }

    fn belongs_to(&self, state: &ReadState) -> bool {
        Arc::ptr_eq(&self.dataset, state.dataset()) || self.dataset == *state.dataset()
    }

    fn key_of<'s>(&self, state: &'s ReadState, ordinal: Ordinal) -> Option<Vec<Part<'s>>> {
        let parts = self.routes.iter();
        parts.map(|route| part(state, ordinal, route)).collect()
    }

    fn hash(&self, key: &[Part<'_>]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        key.iter().for_each(|part| part.hash(&mut hasher));
        hasher.finish()
    }

    fn hash_values(&self, key: &[KeyValue]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for value in key {
            match value {
                KeyValue::Text(text) if !text.is_ascii() => {
                    Part::Text(StoredText::new(&text::encode(text))).hash(&mut hasher);
                }
                value => Part::of(value).hash(&mut hasher),
            }
        }
        hasher.finish()
    }

    /// The paths of the key, in order.
    pub fn paths(&self) -> &[FieldPath] {
        &self.paths
    }

    /// How many records can be found.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none can.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many records cannot be found because a part of their key is null or missing.
    pub fn incomplete(&self) -> usize {
        self.incomplete
    }

    /// The records that cannot be found because a record with a lower ordinal has their key; in ascending order.
    pub fn duplicates(&self) -> &[DuplicateKey] {
        &self.duplicates
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        size_of_val(&*self.places) + size_of_val(&*self.duplicates)
    }
}

fn route(dataset: &Dataset, path: &FieldPath) -> Result<Route, SchemaError> {
    let not_a_value = || PathError::NotTraversable {
        path: path.full_name(),
        through: path.root.clone(),
    };
    if let FieldType::Reference(name) = &path.ty {
        return Err(SchemaError::Path(PathError::NotExpandable {
            path: path.full_name(),
            name: name.clone(),
        }));
    }
    let mut through = Vec::with_capacity(path.steps.len());
    for step in &path.steps {
        through.push((dataset.position(&step.type_name).ok_or_else(not_a_value)?, step.field));
    }
    let (ty, field) = through.pop().ok_or_else(not_a_value)?;
    Ok(Route { through, ty, field })
}

/// The value at the end of a route, borrowed from a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part<'s> {
    Int(i32),
    Long(i64),
    Boolean(bool),
    Float(u32),
    Double(u64),
    Text(StoredText<'s>),
    Bytes(&'s [u8]),
}

impl<'s> Part<'s> {
    /// The part for an ASCII text or any other value.
    fn of(value: &'s KeyValue) -> Self {
        match value {
            KeyValue::Int(n) => Part::Int(*n),
            KeyValue::Long(n) => Part::Long(*n),
            KeyValue::Boolean(b) => Part::Boolean(*b),
            KeyValue::Float(n) => Part::Float(n.to_bits()),
            KeyValue::Double(n) => Part::Double(n.to_bits()),
            KeyValue::Text(text) => Part::Text(StoredText::new(text.as_bytes())),
            KeyValue::Bytes(bytes) => Part::Bytes(bytes),
        }
    }

    fn is(self, value: &KeyValue) -> bool {
        match (self, value) {
            (Part::Text(text), KeyValue::Text(other)) => text.is(other),
            (_, KeyValue::Text(_)) => false,
            _ => self == Part::of(value),
        }
    }
}

fn part<'s>(state: &'s ReadState, record: Ordinal, route: &Route) -> Option<Part<'s>> {
    let object = |ty: usize| -> Option<&'s ObjectTypeState> { state.types().as_slice().get(ty)?.as_object() };
    let mut record = record;
    for &(ty, field) in &route.through {
        record = object(ty)?.reference(record, field)?;
    }
    let (ty, field) = (object(route.ty)?, route.field);
    match ty.schema().fields.get(field)?.ty {
        FieldType::Int => ty.int(record, field).map(Part::Int),
        FieldType::Long => ty.long(record, field).map(Part::Long),
        FieldType::Boolean => ty.boolean(record, field).map(Part::Boolean),
        FieldType::Float => ty.float(record, field).map(|v| Part::Float(v.to_bits())),
        FieldType::Double => ty.double(record, field).map(|v| Part::Double(v.to_bits())),
        FieldType::String => ty.text(record, field).map(Part::Text),
        FieldType::Bytes => ty.bytes(record, field).map(Part::Bytes),
        FieldType::Reference(_) => None,
    }
}
