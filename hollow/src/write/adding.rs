//! Adding single records, by the ordinals of what they refer to.
//!
//! What takes records is an engine or one of the threads that fill it together (`parallel`): a [`Sink`]. The methods are
//! the same on both and are written once, by [`adding_methods`].

use super::record_form::{self, Buckets, FieldKind, Shape};
use super::{FieldValue, ObjectRecord, TypeId, WriteError, WriteStateEngine, adding, tree};
use crate::Ordinal;
use crate::record::Value;
use crate::schema::{Kind, ObjectSchema, Schema};

/// What becomes of a record that is added. Of two words, which functions hand on in registers: a result that goes through
/// memory keeps the processor from beginning with the next record while it waits for the place of this one.
pub(super) type Added = Result<Known, Box<WriteError>>;

/// The ordinal of a record, as wide as the pointer to an error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known(usize);

impl From<Ordinal> for Known {
    #[inline]
    fn from(ordinal: Ordinal) -> Self {
        Self(ordinal.index())
    }
}

impl Known {
    #[inline]
    pub(super) fn ordinal(self) -> Ordinal {
        Ordinal::new(self.0 as u32).expect("made of an ordinal")
    }
}

/// As callers outside get it.
#[inline]
pub(super) fn told(added: Added) -> Result<Ordinal, WriteError> {
    match added {
        Ok(known) => Ok(known.ordinal()),
        Err(error) => Err(*error),
    }
}

/// Takes serialized records.
pub(super) trait Sink {
    fn type_id(&self, name: &str) -> Option<TypeId>;
    fn schema(&self, ty: TypeId) -> &Schema;
    fn shape(&self, ty: TypeId) -> &Shape;
    /// Fails unless records can be added now.
    fn require_adding(&self) -> Result<(), Box<WriteError>>;
    /// The ordinal of a record, an old one if it is known; it becomes part of the cycle.
    fn add_serialized(&mut self, ty: TypeId, record: &[u8]) -> Added;
    fn buffers(&mut self) -> &mut Buffers;
}

/// Room to build records in, used over and over.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// One for each level of nesting.
    records: Vec<Vec<u8>>,
    elements: Vec<(Ordinal, i32)>,
    entries: Vec<(Ordinal, Ordinal, i32)>,
}

impl Sink for WriteStateEngine {
    #[inline]
    fn type_id(&self, name: &str) -> Option<TypeId> {
        WriteStateEngine::type_id(self, name)
    }

    #[inline]
    fn schema(&self, ty: TypeId) -> &Schema {
        &self.types[ty.index()].schema
    }

    #[inline]
    fn shape(&self, ty: TypeId) -> &Shape {
        &self.types[ty.index()].shape
    }

    #[inline]
    fn require_adding(&self) -> Result<(), Box<WriteError>> {
        Ok(WriteStateEngine::require_adding(self, "add a record")?)
    }

    #[inline]
    fn add_serialized(&mut self, ty: TypeId, record: &[u8]) -> Added {
        self.types[ty.index()].add(record)
    }

    #[inline]
    fn buffers(&mut self) -> &mut Buffers {
        &mut self.buffers
    }
}

/// The methods by which records are added, for a type that is a [`Sink`].
macro_rules! adding_methods {
    () => {
        /// Adds a record of an object type and gives its ordinal.
        ///
        /// # Errors
        /// [`WriteError::WrongKind`], [`WriteError::Mismatch`], [`WriteError::OrdinalLimit`], [`WriteError::WrongPhase`].
        pub fn add_object(&mut self, ty: TypeId, record: &ObjectRecord<'_>) -> Result<Ordinal, WriteError> {
            adding::told(adding::add_fields(self, ty, record.fields()))
        }

        /// As [`add_object`](Self::add_object), with the values of the fields in schema order. Values left out at the end
        /// are null. Does not allocate.
        ///
        /// # Errors
        /// As [`add_object`](Self::add_object).
        pub fn add_fields(&mut self, ty: TypeId, values: &[FieldValue<'_>]) -> Result<Ordinal, WriteError> {
            adding::told(adding::add_fields(self, ty, values))
        }

        /// Adds a list of records added before.
        ///
        /// # Errors
        /// As [`add_object`](Self::add_object).
        pub fn add_list(&mut self, ty: TypeId, elements: &[Ordinal]) -> Result<Ordinal, WriteError> {
            adding::told(adding::add_list(self, ty, elements))
        }

        /// Adds a set of records added before. An element given twice is stored twice.
        ///
        /// # Errors
        /// As [`add_object`](Self::add_object), and [`WriteError::SizeLimit`].
        pub fn add_set(&mut self, ty: TypeId, elements: &[Ordinal]) -> Result<Ordinal, WriteError> {
            adding::told(adding::add_set(
                self,
                ty,
                elements
                    .iter()
                    .map(|&element| (element, adding::default_hash(element))),
            ))
        }

        /// Adds a set with a hash for each element, which decides its bucket unless the type has a hash key.
        ///
        /// # Errors
        /// As [`add_set`](Self::add_set).
        pub fn add_set_hashed(&mut self, ty: TypeId, elements: &[(Ordinal, i32)]) -> Result<Ordinal, WriteError> {
            adding::told(adding::add_set(self, ty, elements.iter().copied()))
        }

        /// Adds a map of keys and values added before. A key given twice is stored twice.
        ///
        /// # Errors
        /// As [`add_set`](Self::add_set).
        pub fn add_map(&mut self, ty: TypeId, entries: &[(Ordinal, Ordinal)]) -> Result<Ordinal, WriteError> {
            let hashed = entries
                .iter()
                .map(|&(key, value)| (key, value, adding::default_hash(key)));
            adding::told(adding::add_map(self, ty, hashed))
        }

        /// Adds a map with a hash for each key, which decides its bucket unless the type has a hash key.
        ///
        /// # Errors
        /// As [`add_set`](Self::add_set).
        pub fn add_map_hashed(
            &mut self,
            ty: TypeId,
            entries: &[(Ordinal, Ordinal, i32)],
        ) -> Result<Ordinal, WriteError> {
            adding::told(adding::add_map(self, ty, entries.iter().copied()))
        }

        /// Adds a record with all it refers to, children first, and gives its ordinal.
        ///
        /// Equal elements of a set become one. The smallest INT and LONG are null; every NaN is the same one.
        ///
        /// # Errors
        /// [`WriteError::Mismatch`] names the place where the value does not fit the schema. What was added before stays.
        pub fn add(&mut self, type_name: &str, value: &Value) -> Result<Ordinal, WriteError> {
            adding::told(tree::add(self, type_name, value))
        }
    };
}
pub(super) use adding_methods;

impl WriteStateEngine {
    adding_methods!();

    /// Places a record of an object type at an ordinal, as part of the previous state, this one, both or none. When all
    /// are placed, call [`WriteStateEngine::recalculate_free_ordinals`].
    ///
    /// Memory grows with the ordinal, not with the number of records.
    ///
    /// # Errors
    /// As [`WriteStateEngine::add_object`], and [`WriteError::OrdinalTaken`].
    pub fn map_object(
        &mut self,
        ty: TypeId,
        record: &ObjectRecord<'_>,
        ordinal: Ordinal,
        in_previous: bool,
        in_current: bool,
    ) -> Result<(), WriteError> {
        WriteStateEngine::require_adding(self, "place a record")?;
        check_kind(self, ty, Kind::Object).map_err(|error| *error)?;
        let mut out = Vec::new();
        serialize_fields(self, ty, record.fields(), &mut out).map_err(|error| *error)?;
        let ty = &mut self.types[ty.index()];
        ty.map_at(ordinal, &out)?;
        if in_previous {
            ty.members.insert_previous(ordinal);
        }
        if in_current {
            ty.members.insert(ordinal);
        }
        Ok(())
    }
}

/// Adds an object.
pub(super) fn add_fields<S: Sink>(sink: &mut S, ty: TypeId, values: &[FieldValue<'_>]) -> Added {
    sink.require_adding()?;
    check_kind(sink, ty, Kind::Object)?;
    with_record(sink, |sink, out| {
        serialize_fields(sink, ty, values, out)?;
        sink.add_serialized(ty, out)
    })
}

/// Adds a list.
pub(super) fn add_list<S: Sink>(sink: &mut S, ty: TypeId, elements: &[Ordinal]) -> Added {
    sink.require_adding()?;
    check_kind(sink, ty, Kind::List)?;
    with_record(sink, |sink, out| {
        record_form::push_list(out, elements);
        sink.add_serialized(ty, out)
    })
}

/// Adds a set.
pub(super) fn add_set<S: Sink>(sink: &mut S, ty: TypeId, elements: impl Iterator<Item = (Ordinal, i32)>) -> Added {
    sink.require_adding()?;
    check_kind(sink, ty, Kind::Set)?;
    let mut sorted = std::mem::take(&mut sink.buffers().elements);
    sorted.clear();
    sorted.extend(elements);
    let added = with_record(sink, |sink, out| {
        let fits = record_form::push_set(out, &mut sorted, Buckets::Mixed);
        check_collection(sink, ty, fits, sorted.len())?;
        sink.add_serialized(ty, out)
    });
    sink.buffers().elements = sorted;
    added
}

/// Adds a map.
pub(super) fn add_map<S: Sink>(
    sink: &mut S,
    ty: TypeId,
    entries: impl Iterator<Item = (Ordinal, Ordinal, i32)>,
) -> Added {
    sink.require_adding()?;
    check_kind(sink, ty, Kind::Map)?;
    let mut sorted = std::mem::take(&mut sink.buffers().entries);
    sorted.clear();
    sorted.extend(entries);
    let added = with_record(sink, |sink, out| {
        let fits = record_form::push_map(out, &mut sorted, Buckets::Mixed);
        check_collection(sink, ty, fits, sorted.len())?;
        sink.add_serialized(ty, out)
    });
    sink.buffers().entries = sorted;
    added
}

/// Lends an empty buffer.
#[inline]
pub(super) fn with_record<S: Sink, T>(sink: &mut S, work: impl FnOnce(&mut S, &mut Vec<u8>) -> T) -> T {
    let mut record = sink.buffers().records.pop().unwrap_or_default();
    record.clear();
    let result = work(sink, &mut record);
    sink.buffers().records.push(record);
    result
}

#[inline]
fn check_kind<S: Sink>(sink: &S, ty: TypeId, found: Kind) -> Result<(), Box<WriteError>> {
    let schema = sink.schema(ty);
    if schema.kind() == found {
        return Ok(());
    }
    Err(Box::new(WriteError::WrongKind {
        type_name: schema.name().to_owned(),
        expected: schema.kind(),
        found,
    }))
}

fn check_collection<S: Sink>(sink: &S, ty: TypeId, fits: bool, size: usize) -> Result<(), Box<WriteError>> {
    if fits {
        return Ok(());
    }
    Err(Box::new(WriteError::SizeLimit {
        what: "collection",
        type_name: sink.schema(ty).name().to_owned(),
        size: size as u64,
        limit: crate::memory::hash::MAX_COLLECTION_SIZE.into(),
    }))
}

#[inline]
fn serialize_fields<S: Sink>(
    sink: &S,
    ty: TypeId,
    values: &[FieldValue<'_>],
    out: &mut Vec<u8>,
) -> Result<(), Box<WriteError>> {
    let (Schema::Object(schema), Shape::Object(kinds)) = (sink.schema(ty), sink.shape(ty)) else {
        return Ok(()); // the kind was checked
    };
    if values.len() > kinds.len() {
        let expected = format!("{} fields", kinds.len());
        let error = WriteError::mismatch(expected, format!("{}", values.len()));
        return Err(Box::new(error.at(&schema.name)));
    }
    for (&kind, &value) in kinds.iter().zip(values) {
        if !record_form::push_field(out, kind, value) {
            return Err(Box::new(misfit(schema, kinds, values)));
        }
    }
    for &kind in &kinds[values.len()..] {
        record_form::push_null(out, kind);
    }
    Ok(())
}

/// The first value that does not fit its field.
#[cold]
fn misfit(schema: &ObjectSchema, kinds: &[FieldKind], values: &[FieldValue<'_>]) -> WriteError {
    let mut fields = kinds.iter().zip(&schema.fields).zip(values);
    let wrong = fields.find(|((kind, _), value)| !record_form::push_field(&mut Vec::new(), **kind, **value));
    match wrong {
        Some(((_, field), value)) => {
            let error = WriteError::mismatch(field.ty.to_string(), describe_field(value));
            error.at(&field.name).at(&schema.name)
        }
        None => WriteError::mismatch(String::new(), String::new()).at(&schema.name),
    }
}

/// Without a hash of the caller's, an ordinal is its own.
#[inline]
pub(super) fn default_hash(ordinal: Ordinal) -> i32 {
    ordinal.get().cast_signed()
}

fn describe_field(value: &FieldValue<'_>) -> String {
    let what = match value {
        FieldValue::Null => "null",
        FieldValue::Int(_) => "int",
        FieldValue::Long(_) => "long",
        FieldValue::Boolean(_) => "boolean",
        FieldValue::Float(_) => "float",
        FieldValue::Double(_) => "double",
        FieldValue::Text(_) | FieldValue::StoredText(_) => "string",
        FieldValue::Bytes(_) => "bytes",
        FieldValue::Reference(_) => "a reference",
    };
    what.to_owned()
}
