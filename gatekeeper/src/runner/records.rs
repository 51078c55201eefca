//! The records of an evaluation before they have ordinals: each distinct record once, children before parents.
//!
//! Records are recognised by digest, so whatever is added twice is kept once, and the digest of the whole output is known
//! before anything is written.

use super::digest::{self, Digest, Hasher};
use hollow::Ordinal;
use hollow::schema::{Dataset, FieldType, Kind, Schema};
use hollow::write::{FieldValue, ObjectRecord, TypeId, WriteError, WriteStateEngine};
use std::collections::HashMap;

/// A record in [`Records`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(u32);

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// No value. The smallest integers are no value either.
    Null,
    /// For an INT field.
    Int(i32),
    /// For a LONG field.
    Long(i64),
    /// For a BOOLEAN field.
    Boolean(bool),
    /// For a FLOAT field.
    Float(f32),
    /// For a DOUBLE field.
    Double(f64),
    /// For a STRING field.
    Text(Box<str>),
    /// For a BYTES field.
    Bytes(Box<[u8]>),
    /// For a reference: a record added before.
    Record(RecordId),
}

impl Part {
    /// A text.
    pub fn text(text: &str) -> Self {
        Part::Text(text.into())
    }

    /// A LONG, if there is one.
    pub fn long(value: Option<i64>) -> Self {
        value.map_or(Part::Null, Part::Long)
    }
}

/// A record that does not fit the schemas.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// No type of this name and kind.
    #[error("the output dataset has no {kind} type of this name, type={name}")]
    NoSuchType {
        /// The name.
        name: String,
        /// The kind.
        kind: Kind,
    },
    /// Values that are not those of the fields.
    #[error("the record does not fit type={name}: {problem}")]
    Misfit {
        /// The type.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// More than 2^32 records.
    #[error("too many records for one output")]
    TooMany,
}

#[derive(Debug)]
enum Body {
    Object(Box<[Part]>),
    Collection(Box<[RecordId]>),
    Map(Box<[(RecordId, RecordId)]>),
}

/// Distinct records of a dataset, children before parents.
#[derive(Debug)]
pub struct Records {
    dataset: Dataset,
    types: HashMap<String, usize>,
    records: Vec<(usize, Body)>,
    digests: Vec<Digest>,
    known: HashMap<Digest, RecordId>,
    roots: Vec<RecordId>,
}

impl Records {
    /// No records of a dataset.
    pub fn new(dataset: Dataset) -> Self {
        let names = dataset.schemas().iter().enumerate();
        let types = names.map(|(index, schema)| (schema.name().to_owned(), index)).collect();
        Records {
            dataset,
            types,
            records: Vec::new(),
            digests: Vec::new(),
            known: HashMap::new(),
            roots: Vec::new(),
        }
    }

    /// The number of distinct records.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The digest of everything: the same for the state that is written from it.
    pub fn digest(&self) -> Digest {
        digest::of_roots(self.roots.iter().map(|root| self.of(*root)).collect())
    }

    /// Adds a record of an object type, with a value for each field in the order of the schema.
    ///
    /// # Errors
    /// [`RecordsError`] if it does not fit.
    pub fn object(&mut self, ty: &str, mut parts: Vec<Part>) -> Result<RecordId, RecordsError> {
        let (index, schema) = self.ty(ty, Kind::Object)?;
        let Schema::Object(schema) = schema else {
            return Err(self.no_type(ty, Kind::Object));
        };
        let misfit = |problem: String| RecordsError::Misfit {
            name: ty.to_owned(),
            problem,
        };
        if parts.len() != schema.fields.len() {
            return Err(misfit(format!(
                "{} values for {} fields",
                parts.len(),
                schema.fields.len()
            )));
        }
        let mut hasher = Hasher::new(b'O', ty);
        for (field, part) in schema.fields.iter().zip(&mut parts) {
            match (&*part, &field.ty) {
                (Part::Null, _) => hasher.null(),
                (Part::Int(i32::MIN), FieldType::Int) | (Part::Long(i64::MIN), FieldType::Long) => {
                    *part = Part::Null;
                    hasher.null();
                }
                (Part::Int(value), FieldType::Int) => hasher.int(*value),
                (Part::Long(value), FieldType::Long) => hasher.long(*value),
                (Part::Boolean(value), FieldType::Boolean) => hasher.boolean(*value),
                (Part::Float(value), FieldType::Float) => hasher.float(*value),
                (Part::Double(value), FieldType::Double) => hasher.double(*value),
                (Part::Text(value), FieldType::String) => hasher.text(value),
                (Part::Bytes(value), FieldType::Bytes) => hasher.raw(value),
                (Part::Record(id), FieldType::Reference(to)) if self.is_of(*id, to) => {
                    hasher.reference(&self.of(*id));
                }
                (part, expected) => {
                    return Err(misfit(format!("field={} is {expected:?}, found={part:?}", field.name)));
                }
            }
        }
        self.insert(index, Body::Object(parts.into()), hasher.finish())
    }

    /// Adds a list.
    ///
    /// # Errors
    /// [`RecordsError`] if it does not fit.
    pub fn list(&mut self, ty: &str, elements: Vec<RecordId>) -> Result<RecordId, RecordsError> {
        let index = self.collection(ty, Kind::List, &elements)?;
        let digests: Vec<Digest> = elements.iter().map(|element| self.of(*element)).collect();
        let digest = digest::list_digest(ty, &digests);
        self.insert(index, Body::Collection(elements.into()), digest)
    }

    /// Adds a set. Elements that occur twice count once.
    ///
    /// # Errors
    /// [`RecordsError`] if it does not fit.
    pub fn set(&mut self, ty: &str, mut elements: Vec<RecordId>) -> Result<RecordId, RecordsError> {
        elements.sort_unstable();
        elements.dedup();
        let index = self.collection(ty, Kind::Set, &elements)?;
        let digest = digest::set_digest(ty, elements.iter().map(|element| self.of(*element)).collect());
        self.insert(index, Body::Collection(elements.into()), digest)
    }

    /// Adds a map. Of entries with one key the last counts.
    ///
    /// # Errors
    /// [`RecordsError`] if it does not fit.
    pub fn map(&mut self, ty: &str, entries: Vec<(RecordId, RecordId)>) -> Result<RecordId, RecordsError> {
        let (index, schema) = self.ty(ty, Kind::Map)?;
        let Schema::Map(schema) = schema else {
            return Err(self.no_type(ty, Kind::Map));
        };
        if let Some((key, value)) = entries
            .iter()
            .find(|(key, value)| !self.is_of(*key, &schema.key) || !self.is_of(*value, &schema.value))
        {
            return Err(RecordsError::Misfit {
                name: ty.to_owned(),
                problem: format!("entry={key:?} {value:?} is not of its types"),
            });
        }
        let entries: std::collections::BTreeMap<RecordId, RecordId> = entries.into_iter().collect();
        let digests = entries.iter().map(|(key, value)| (self.of(*key), self.of(*value)));
        let digest = digest::map_digest(ty, digests.collect());
        self.insert(index, Body::Map(entries.into_iter().collect()), digest)
    }

    /// Makes a record one of the roots: those that nothing refers to.
    pub fn root(&mut self, record: RecordId) {
        self.roots.push(record);
    }

    /// Adds all records to an engine that has the dataset's types.
    ///
    /// # Errors
    /// [`WriteError`] if the engine refuses one.
    pub fn write(&self, engine: &mut WriteStateEngine) -> Result<(), WriteError> {
        let ids: Vec<Option<TypeId>> = self
            .dataset
            .schemas()
            .iter()
            .map(|s| engine.type_id(s.name()))
            .collect();
        let mut ordinals: Vec<Ordinal> = Vec::with_capacity(self.records.len());
        for (index, body) in &self.records {
            let schema = &self.dataset.schemas()[*index];
            let unknown = || hollow::schema::SchemaError::UnknownType(schema.name().to_owned());
            let id = ids[*index].ok_or_else(unknown)?;
            let at = |record: &RecordId| ordinals[record.0 as usize];
            let ordinal = match body {
                Body::Object(parts) => {
                    let fields = parts.iter().map(|part| field_value(part, &ordinals));
                    engine.add_object(id, &fields.collect::<ObjectRecord<'_>>())?
                }
                Body::Collection(elements) => {
                    let elements: Vec<Ordinal> = elements.iter().map(at).collect();
                    if schema.kind() == Kind::List {
                        engine.add_list(id, &elements)?
                    } else {
                        engine.add_set(id, &elements)?
                    }
                }
                Body::Map(entries) => {
                    let entries: Vec<_> = entries.iter().map(|(key, value)| (at(key), at(value))).collect();
                    engine.add_map(id, &entries)?
                }
            };
            ordinals.push(ordinal);
        }
        Ok(())
    }

    fn ty(&self, name: &str, kind: Kind) -> Result<(usize, &Schema), RecordsError> {
        let index = self.types.get(name).copied();
        let found = index.and_then(|index| Some((index, self.dataset.schemas().get(index)?)));
        let found = found.filter(|(_, schema)| schema.kind() == kind);
        found.ok_or_else(|| self.no_type(name, kind))
    }

    fn no_type(&self, name: &str, kind: Kind) -> RecordsError {
        RecordsError::NoSuchType {
            name: name.to_owned(),
            kind,
        }
    }

    fn collection(&self, ty: &str, kind: Kind, elements: &[RecordId]) -> Result<usize, RecordsError> {
        let (index, schema) = self.ty(ty, kind)?;
        let element = match schema {
            Schema::List(schema) => &schema.element,
            Schema::Set(schema) => &schema.element,
            Schema::Object(_) | Schema::Map(_) => return Err(self.no_type(ty, kind)),
        };
        match elements.iter().find(|id| !self.is_of(**id, element)) {
            None => Ok(index),
            Some(id) => Err(RecordsError::Misfit {
                name: ty.to_owned(),
                problem: format!("element={id:?} is not of type={element}"),
            }),
        }
    }

    fn is_of(&self, id: RecordId, type_name: &str) -> bool {
        let record = self.records.get(id.0 as usize);
        record.is_some_and(|(index, _)| self.dataset.schemas()[*index].name() == type_name)
    }

    fn of(&self, id: RecordId) -> Digest {
        self.digests.get(id.0 as usize).copied().unwrap_or_default()
    }

    fn insert(&mut self, index: usize, body: Body, digest: Digest) -> Result<RecordId, RecordsError> {
        if let Some(known) = self.known.get(&digest) {
            return Ok(*known);
        }
        let id = RecordId(u32::try_from(self.records.len()).map_err(|_| RecordsError::TooMany)?);
        self.records.push((index, body));
        self.digests.push(digest);
        self.known.insert(digest, id);
        Ok(id)
    }
}

fn field_value<'p>(part: &'p Part, ordinals: &[Ordinal]) -> FieldValue<'p> {
    match part {
        Part::Null => FieldValue::Null,
        Part::Int(value) => FieldValue::Int(*value),
        Part::Long(value) => FieldValue::Long(*value),
        Part::Boolean(value) => FieldValue::Boolean(*value),
        Part::Float(value) => FieldValue::Float(*value),
        Part::Double(value) => FieldValue::Double(*value),
        Part::Text(value) => FieldValue::Text(value),
        Part::Bytes(value) => FieldValue::Bytes(value),
        Part::Record(id) => FieldValue::Reference(ordinals[id.0 as usize]),
    }
}
