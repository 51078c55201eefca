//! Elements of sets and entries of maps by their hash key.
//!
//! A set or map type with a hash key has its elements (or keys) in buckets by the hash of that key, so looking one up
//! reads a bucket or two. See `docs/format.md`, section 2.1.

use super::kind::Collections;
use super::records::Records;
use super::{Part, ReadState, Route, TypeReadState};
use crate::Ordinal;
use crate::memory::hash::{hash_int, murmur};
use crate::memory::text::{self, StoredText};
use crate::record::KeyValue;
use crate::schema::{Kind, PathError, Schema, SchemaError};

/// How to look up elements of the sets, or entries of the maps, of a type by their hash key.
///
/// Made once for a state; good for all states with the same schemas, as those made of it by deltas.
///
/// ```
/// use hollow::read::{HashKeyLookup, ReadState};
/// use hollow::record::KeyValue;
///
/// # fn statuses(state: &ReadState, map: hollow::Ordinal) -> Option<()> {
/// let by_country = HashKeyLookup::of(state, "MapOfCountryToStatus").ok()?;
/// let (_country, status) = by_country.find_entry(state, map, &[KeyValue::Text("DE".into())])?;
/// # let _ = status; Some(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HashKeyLookup {
    ty: usize,
    routes: Vec<Route>,
}

impl HashKeyLookup {
    /// For the sets or maps of a type.
    ///
    /// # Errors
    /// [`SchemaError`] if there is no such set or map type, or it has no hash key that leads to values.
    pub fn of(state: &ReadState, type_name: &str) -> Result<Self, SchemaError> {
        let dataset = state.dataset();
        let unknown = || SchemaError::UnknownType(type_name.to_owned());
        let ty = dataset.position(type_name).ok_or_else(unknown)?;
        let (element, key) = match &dataset.schemas()[ty] {
            Schema::Set(schema) => (&schema.element, &schema.hash_key),
            Schema::Map(schema) => (&schema.key, &schema.hash_key),
            other => {
                return Err(SchemaError::WrongKind {
                    name: type_name.to_owned(),
                    expected: Kind::Set,
                    found: other.kind(),
                });
            }
        };
        let paths = key.iter().flat_map(|key| key.paths());
        let routes = paths.map(|path| Route::of(dataset, &dataset.resolve(element, path)?));
        let routes = routes.collect::<Result<Vec<_>, SchemaError>>()?;
        if routes.is_empty() {
            return Err(SchemaError::Path(PathError::NotTraversable {
                path: "hash key".to_owned(),
                through: type_name.to_owned(),
            }));
        }
        Ok(Self { ty, routes })
    }

    /// The element of a set with this key; `None` if it has none. The parts stand in the order of the key's paths.
    pub fn find_element(&self, state: &ReadState, set: Ordinal, key: &[KeyValue]) -> Option<Ordinal> {
        match state.types.get(self.ty)? {
            TypeReadState::Set(sets) => self.find(state, &sets.records, set, key).map(|(element, _)| element),
            _ => None,
        }
    }

    /// Key and value of the entry of a map with this key; `None` if it has none.
    pub fn find_entry(&self, state: &ReadState, map: Ordinal, key: &[KeyValue]) -> Option<(Ordinal, Ordinal)> {
        match state.types.get(self.ty)? {
            TypeReadState::Map(maps) => self.find(state, &maps.records, map, key),
            _ => None,
        }
    }

    fn find(
        &self,
        state: &ReadState,
        records: &Records<Collections>,
        record: Ordinal,
        key: &[KeyValue],
    ) -> Option<(Ordinal, Ordinal)> {
        if key.len() != self.routes.len() {
            return None;
        }
        let hash = key
            .iter()
            .try_fold(0i32, |hash, part| Some(hash.wrapping_mul(31) ^ hash_int(code(part))))?;
        let buckets = records.locate(record)?.entries();
        let len = buckets.len();
        // A power of two, unless the file lies: then some other bucket is looked at first.
        let start = hash.cast_unsigned() & len.checked_sub(1)?;
        for number in (start..len).chain(0..start) {
            let entry = buckets.get(number)?; // an empty bucket ends the search
            let mut parts = self.routes.iter().zip(key);
            if parts.all(|(route, part)| route.leads_to(state, entry.key, part)) {
                return Some((entry.key, entry.value));
            }
        }
        None
    }
}

/// The code of a value that goes into the hash.
fn code(value: &KeyValue) -> i32 {
    let fold = |bits: u64| ((bits ^ bits >> 32) as u32).cast_signed();
    if let KeyValue::Text(text) = value
        && !text.is_ascii()
    {
        return StoredText::new(&text::encode(text)).java_hash();
    }
    match Part::of(value) {
        Part::Int(n) => n,
        Part::Long(n) => fold(n.cast_unsigned()),
        Part::Boolean(b) => 1237 - 6 * i32::from(b),
        Part::Float(bits) => bits.cast_signed(),
        Part::Double(bits) => fold(bits),
        Part::Text(text) => text.java_hash(),
        Part::Bytes(bytes) => murmur(bytes),
    }
}
