//! All the types of a data set.

use super::{FieldPath, PathError, Schema, SchemaError, parse};
use crate::memory::hash;
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};

/// The schemas of a data set, in the producer's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    schemas: Vec<Schema>,
    by_name: HashMap<String, usize>,
}

impl Dataset {
    /// A data set of these types.
    ///
    /// Types that are referred to may be missing: an optional part or a filter can take them away.
    ///
    /// # Errors
    /// [`SchemaError::Duplicate`] if a name stands twice.
    pub fn new(schemas: Vec<Schema>) -> Result<Self, SchemaError> {
        let mut by_name = HashMap::with_capacity(schemas.len());
        for (index, schema) in schemas.iter().enumerate() {
            if by_name.insert(schema.name().to_owned(), index).is_some() {
                return Err(SchemaError::Duplicate {
                    what: "type",
                    name: schema.name().to_owned(),
                });
            }
        }
        Ok(Self { schemas, by_name })
    }

    /// A data set from the text form of its schemas; see [`parse`].
    ///
    /// # Errors
    /// As [`parse`], and [`SchemaError::UnknownType`] if a type is referred to that the text does not declare.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let dataset = Self::new(parse(text)?)?;
        for name in dataset.schemas.iter().flat_map(Schema::references) {
            if dataset.get(name).is_none() {
                return Err(SchemaError::UnknownType(name.to_owned()));
            }
        }
        Ok(dataset)
    }

    /// The schema of a type.
    pub fn get(&self, name: &str) -> Option<&Schema> {
        self.by_name.get(name).map(|&index| &self.schemas[index])
    }

    /// The position of a type in the producer's order.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The schemas, in the producer's order.
    pub fn schemas(&self) -> &[Schema] {
        &self.schemas
    }

    /// How many types there are.
    pub fn len(&self) -> usize {
        self.schemas.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.schemas.is_empty()
    }

    /// Resolves a field path from a root type: for a primary key the object type itself, for a hash key the element
    /// type of the set or the key type of the map.
    ///
    /// A path that ends at a reference goes on to the single value behind it, unless it is written with a final `!`.
    ///
    /// # Errors
    /// [`PathError`] if it leads nowhere.
    pub fn resolve(&self, root: &str, path: &str) -> Result<FieldPath, PathError> {
        super::path::resolve(self, root, path)
    }

    /// The primary key of an object type, resolved.
    ///
    /// # Errors
    /// [`SchemaError`] if there is no such object type, or a path of its key leads nowhere. A type without a primary key
    /// gives an empty list.
    pub fn primary_key(&self, name: &str) -> Result<Vec<FieldPath>, SchemaError> {
        let schema = self
            .get(name)
            .ok_or_else(|| SchemaError::UnknownType(name.to_owned()))?;
        let object = schema.as_object().ok_or_else(|| SchemaError::WrongKind {
            name: name.to_owned(),
            expected: super::Kind::Object,
            found: schema.kind(),
        })?;
        let paths = object.primary_key.iter().flat_map(|key| key.paths());
        Ok(paths.map(|path| self.resolve(name, path)).collect::<Result<_, _>>()?)
    }

    /// The names of the types, each after those it refers to. Types on a circle come last, in alphabetical order.
    pub fn dependency_order(&self) -> Vec<&str> {
        let mut waiting: BTreeMap<Utf16<'_>, usize> = BTreeMap::new(); // with how many types each waits for
        let mut waited_for: HashMap<&str, Vec<Utf16<'_>>> = HashMap::new();
        for schema in &self.schemas {
            let name = Utf16(schema.name());
            let needs: BTreeSet<&str> = schema.references().into_iter().collect();
            let needs = needs.into_iter().filter(|needed| self.get(needed).is_some());
            let number = needs.inspect(|needed| waited_for.entry(needed).or_default().push(name));
            waiting.insert(name, number.count());
        }
        let ready = waiting.iter().filter(|(_, needs)| **needs == 0);
        let mut ready: BTreeSet<Utf16<'_>> = ready.map(|(name, _)| *name).collect();
        let mut order = Vec::with_capacity(self.schemas.len());
        while let Some(next) = ready.pop_first() {
            waiting.remove(&next);
            order.push(next.0);
            for name in waited_for.remove(next.0).unwrap_or_default() {
                if let Some(needs) = waiting.get_mut(&name) {
                    *needs -= 1;
                    if *needs == 0 {
                        ready.insert(name);
                    }
                }
            }
        }
        order.extend(waiting.keys().map(|name| name.0));
        order
    }

    /// The number published as header tag `hollow.schema.hash`: equal for equal schemas in any order.
    pub fn schema_hash(&self) -> i32 {
        let mut sorted: Vec<&Schema> = self.schemas.iter().collect();
        sorted.sort_by_key(|schema| Utf16(schema.name()));
        hash::murmur_str(&sorted.iter().map(|schema| schema.to_string()).collect::<String>())
    }
}

/// A name ordered as Java orders strings: by UTF-16 code units.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Utf16<'a>(pub(crate) &'a str);

impl PartialOrd for Utf16<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Utf16<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.encode_utf16().cmp(other.0.encode_utf16())
    }
}
