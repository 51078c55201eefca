//! The records of one type in one state, by kind.

use super::column::{Column, ColumnValue};
use super::content::ContentHash;
use super::kind::{Collections, Entries, ObjectPlace, Objects};
use super::object_block::{FieldKind, NULL_DOUBLE, NULL_FLOAT};
use super::reader::TextReader;
use super::records::{Populated, Records};
use super::slots::SlotBits;
use crate::Ordinal;
use crate::memory::text::StoredText;
use crate::memory::zigzag;
use crate::schema::{Kind, ListSchema, MapSchema, ObjectSchema, Schema, SetSchema};
use std::sync::Arc;

macro_rules! type_state {
    ($(#[$doc:meta])* $name:ident, $records:ident, $kind:ident, $schema:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            schema: Arc<Schema>, // of this kind
            pub(super) records: Records<$records>,
        }

        impl $name {
            /// `None` if the schema is of another kind.
            pub(super) fn new(schema: Arc<Schema>, records: Records<$records>) -> Option<Self> {
                (schema.kind() == Kind::$kind).then_some(Self { schema, records })
            }

            /// The same type with other records.
            pub(super) fn with_records(&self, records: Records<$records>) -> Self {
                Self { schema: Arc::clone(&self.schema), records }
            }

            /// The type's schema.
            pub fn schema(&self) -> &$schema {
                match &*self.schema {
                    Schema::$kind(schema) => schema,
                    _ => unreachable!("made with a schema of this kind"),
                }
            }

            /// How many shards the wire divides the type into; a power of two. Memory does not know them.
            pub fn num_shards(&self) -> u32 {
                self.records.num_shards
            }

            /// The highest ordinal the writer had in use; that record need not be populated.
            pub fn max_ordinal(&self) -> Option<Ordinal> {
                self.records.max_ordinal
            }

            /// The populated ordinals, ascending.
            pub fn populated(&self) -> Populated<'_> {
                self.records.populated()
            }

            /// Whether there is a record with this ordinal.
            pub fn is_populated(&self, ordinal: Ordinal) -> bool {
                self.records.is_populated(ordinal)
            }

            /// How many records there are.
            pub fn len(&self) -> usize {
                self.records.len()
            }

            /// Whether there are none.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Bytes held in memory for the records, those shared with other states included. Walks over the pages.
            pub fn memory_bytes(&self) -> usize {
                self.records.memory_bytes()
            }

            /// The hash of all records: see [`ContentHash`]. Reads them all when it is first asked for; states made of
            /// this one by deltas then carry it on at the cost of what they change.
            pub fn content_hash(&self) -> ContentHash {
                self.records.content_hash()
            }

            /// The hash of the records of each page of [`PAGE_ORDINALS`](super::PAGE_ORDINALS) ordinals, from the first
            /// page on. Reads what it hashes.
            pub fn page_hashes(&self) -> impl Iterator<Item = ContentHash> + '_ {
                (0..self.records.num_pages()).map(|number| self.records.page_hash(number))
            }
        }
    };
}

type_state!(
    /// The records of an object type. Fields are named by their position in the schema.
    ///
    /// Accessors are total: null, no such record, no such field and a field of another type are all `None`. They
    /// neither allocate nor lock.
    ///
    /// An accessor finds record and field anew each time. Whoever reads one field of many records takes the field first:
    /// [`ObjectTypeState::column`] to go over all records, its [`reader`](Column::reader) to read thousands in any order,
    /// [`ObjectTypeState::text_reader`] for texts.
    ObjectTypeState,
    Objects,
    Object,
    ObjectSchema
);
type_state!(
    /// The records of a list type. What is asked of a record that is not there is empty.
    ListTypeState,
    Collections,
    List,
    ListSchema
);
type_state!(
    /// The records of a set type. What is asked of a record that is not there is empty.
    SetTypeState,
    Collections,
    Set,
    SetSchema
);
type_state!(
    /// The records of a map type. What is asked of a record that is not there is empty.
    MapTypeState,
    Collections,
    Map,
    MapSchema
);

impl ObjectTypeState {
    /// The position of the field with this name.
    pub fn position(&self, field: &str) -> Option<usize> {
        self.schema().position(field)
    }

    /// The value of an INT field.
    #[inline]
    pub fn int(&self, ordinal: Ordinal, field: usize) -> Option<i32> {
        let raw = self.raw_of(ordinal, field, FieldKind::Int)?;
        Some(zigzag::decode32(raw as u32))
    }

    /// The value of a LONG field.
    #[inline]
    pub fn long(&self, ordinal: Ordinal, field: usize) -> Option<i64> {
        self.raw_of(ordinal, field, FieldKind::Long).map(zigzag::decode64)
    }

    /// The value of a BOOLEAN field.
    #[inline]
    pub fn boolean(&self, ordinal: Ordinal, field: usize) -> Option<bool> {
        self.raw_of(ordinal, field, FieldKind::Boolean).map(|raw| raw == 1)
    }

    /// The value of a FLOAT field. NaN is a value.
    #[inline]
    pub fn float(&self, ordinal: Ordinal, field: usize) -> Option<f32> {
        let raw = self.raw_of(ordinal, field, FieldKind::Float)?;
        Some(f32::from_bits(raw as u32))
    }

    /// The value of a DOUBLE field. NaN is a value.
    #[inline]
    pub fn double(&self, ordinal: Ordinal, field: usize) -> Option<f64> {
        self.raw_of(ordinal, field, FieldKind::Double).map(f64::from_bits)
    }

    /// The value of a STRING field, as it is stored.
    #[inline]
    pub fn text(&self, ordinal: Ordinal, field: usize) -> Option<StoredText<'_>> {
        self.bytes_of(ordinal, field, FieldKind::Text).map(StoredText::new)
    }

    /// The value of a BYTES field.
    #[inline]
    pub fn bytes(&self, ordinal: Ordinal, field: usize) -> Option<&[u8]> {
        self.bytes_of(ordinal, field, FieldKind::Bytes)
    }

    /// The ordinal in a REFERENCE field. In a corrupt blob the type referred to may have no such record.
    #[inline]
    pub fn reference(&self, ordinal: Ordinal, field: usize) -> Option<Ordinal> {
        let raw = self.raw_of(ordinal, field, FieldKind::Reference)?;
        Ordinal::new(raw as u32)
    }

    /// The values of a field in all records, read page by page: several times as fast as asking for each record.
    /// [`Column::reader`] reads them in any order. `None` if there is no such field or it does not hold a `T`.
    ///
    /// ```
    /// # let case = fixtures::vectors::case("large-random");
    /// # let bytes = case.snapshot(case.versions()[0]).expect("a golden file");
    /// # let state = hollow::read::ReadState::from_snapshot(bytes).expect("a snapshot");
    /// # let (ty, at) = state.types().find_map(|ty| {
    /// #     let ty = ty.as_object()?;
    /// #     Some((ty, ty.schema().fields.iter().position(|f| f.ty == hollow::schema::FieldType::Int)?))
    /// # }).expect("a field of ints");
    /// let sum = ty.column::<i32>(at).map(|column| {
    ///     column.fold(0, |sum, _ordinal, value| sum + i64::from(value.unwrap_or(0)))
    /// });
    /// # assert!(sum.is_some() && ty.column::<bool>(at).is_none());
    /// ```
    pub fn column<T: ColumnValue>(&self, field: usize) -> Option<Column<'_, T>> {
        Column::new(&self.records, field)
    }

    /// A STRING field made ready for reading many records at random. `None` if there is no such field or it holds
    /// something else.
    pub fn text_reader(&self, field: usize) -> Option<TextReader<'_>> {
        TextReader::new(&self.records, field)
    }

    /// A record, found once for reading several of its fields.
    #[inline]
    pub(crate) fn record(&self, ordinal: Ordinal) -> Option<ObjectRecord<'_>> {
        self.records.locate(ordinal).map(ObjectRecord)
    }

    /// The bits of a field as they are stored: see [`ObjectRecord::stored_bits`].
    pub(crate) fn stored_bits(&self, ordinal: Ordinal, field: usize) -> Option<u64> {
        let kind = *self.records.plan.get(field)?;
        self.record(ordinal)?.stored_bits(field, kind)
    }

    #[inline(always)]
    fn raw_of(&self, ordinal: Ordinal, field: usize, kind: FieldKind) -> Option<u64> {
        match self.records.in_block(ordinal) {
            Some((block, position)) => block.value(position, field, kind),
            None if self.records.is_mapped() => self.records.locate_mapped(ordinal)?.value_of(field, kind),
            None => None,
        }
    }

    #[inline(always)]
    fn bytes_of(&self, ordinal: Ordinal, field: usize, kind: FieldKind) -> Option<&[u8]> {
        match self.records.in_block(ordinal) {
            Some((block, position)) => block.text(position, field, kind),
            None if self.records.is_mapped() => self.records.locate_mapped(ordinal)?.bytes_of(field, kind),
            None => None,
        }
    }
}

/// An object record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectRecord<'s>(ObjectPlace<'s>);

impl<'s> ObjectRecord<'s> {
    pub(super) fn new(place: ObjectPlace<'s>) -> Self {
        Self(place)
    }

    /// The bits of a field of this kind as they are stored: INT and LONG zig-zagged, BOOLEAN 0 or 1, REFERENCE the
    /// ordinal, FLOAT and DOUBLE their pattern, which for null is a value too. `None` for all other nulls, and for
    /// patterns of all ones.
    #[inline]
    pub(crate) fn stored_bits(&self, field: usize, kind: FieldKind) -> Option<u64> {
        let stored = self.0.value_of(field, kind);
        match kind {
            FieldKind::Float => Some(stored.unwrap_or(NULL_FLOAT.into())).filter(|&bits| bits != u64::from(u32::MAX)),
            FieldKind::Double => Some(stored.unwrap_or(NULL_DOUBLE)).filter(|&bits| bits != u64::MAX),
            _ => stored,
        }
    }

    /// The stored bytes of a STRING or BYTES field.
    #[inline]
    pub(crate) fn stored_bytes(&self, field: usize, kind: FieldKind) -> Option<&'s [u8]> {
        self.0.bytes_of(field, kind)
    }
}

impl ListTypeState {
    /// How many elements a list has.
    #[inline]
    pub fn len_of(&self, ordinal: Ordinal) -> usize {
        size_of_record(&self.records, ordinal)
    }

    /// The elements of a list, in order.
    pub fn elements(&self, ordinal: Ordinal) -> impl Iterator<Item = Ordinal> + '_ {
        entries(&self.records, ordinal).map(|entry| entry.key)
    }
}

impl SetTypeState {
    /// How many elements a set has.
    #[inline]
    pub fn len_of(&self, ordinal: Ordinal) -> usize {
        size_of_record(&self.records, ordinal)
    }

    /// The elements of a set, in the order of their buckets.
    pub fn elements(&self, ordinal: Ordinal) -> impl Iterator<Item = Ordinal> + '_ {
        entries(&self.records, ordinal).map(|entry| entry.key)
    }

    /// The elements of a set, each with the number of its bucket.
    pub fn buckets(&self, ordinal: Ordinal) -> impl Iterator<Item = (u32, Ordinal)> + '_ {
        entries(&self.records, ordinal).map(|entry| (entry.place, entry.key))
    }
}

impl MapTypeState {
    /// How many entries a map has.
    #[inline]
    pub fn len_of(&self, ordinal: Ordinal) -> usize {
        size_of_record(&self.records, ordinal)
    }

    /// Keys and values of a map, in the order of their buckets.
    pub fn entries(&self, ordinal: Ordinal) -> impl Iterator<Item = (Ordinal, Ordinal)> + '_ {
        entries(&self.records, ordinal).map(|entry| (entry.key, entry.value))
    }

    /// Keys and values of a map, each with the number of its bucket.
    pub fn buckets(&self, ordinal: Ordinal) -> impl Iterator<Item = (u32, Ordinal, Ordinal)> + '_ {
        entries(&self.records, ordinal).map(|entry| (entry.place, entry.key, entry.value))
    }
}

fn size_of_record(records: &Records<Collections>, ordinal: Ordinal) -> usize {
    records.locate(ordinal).map_or(0, |record| record.size())
}

fn entries(records: &Records<Collections>, ordinal: Ordinal) -> std::iter::Flatten<std::option::IntoIter<Entries<'_>>> {
    let found = records.locate(ordinal).map(Entries::of);
    found.into_iter().flatten()
}

/// The records of one type in one state. Immutable; a clone shares everything.
#[derive(Clone, Debug)]
pub enum TypeReadState {
    /// An object type.
    Object(ObjectTypeState),
    /// A list type.
    List(ListTypeState),
    /// A set type.
    Set(SetTypeState),
    /// A map type.
    Map(MapTypeState),
}

macro_rules! each {
    ($state:expr, $inner:ident => $value:expr) => {
        match $state {
            TypeReadState::Object($inner) => $value,
            TypeReadState::List($inner) => $value,
            TypeReadState::Set($inner) => $value,
            TypeReadState::Map($inner) => $value,
        }
    };
}

impl TypeReadState {
    /// The type's schema.
    pub fn schema(&self) -> &Schema {
        each!(self, state => &state.schema)
    }

    /// The type's name.
    pub fn name(&self) -> &str {
        self.schema().name()
    }

    /// How many shards the wire divides the type into; a power of two. Memory does not know them.
    pub fn num_shards(&self) -> u32 {
        each!(self, state => state.num_shards())
    }

    /// The highest ordinal the writer had in use; that record need not be populated.
    pub fn max_ordinal(&self) -> Option<Ordinal> {
        each!(self, state => state.max_ordinal())
    }

    /// The populated ordinals, ascending.
    pub fn populated(&self) -> Populated<'_> {
        each!(self, state => state.populated())
    }

    /// Whether there is a record with this ordinal.
    pub fn is_populated(&self, ordinal: Ordinal) -> bool {
        each!(self, state => state.is_populated(ordinal))
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        each!(self, state => state.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held for the records, those shared with other states included. Walks over the pages.
    pub fn memory_bytes(&self) -> usize {
        each!(self, state => state.memory_bytes())
    }

    /// How many pages there are at most.
    pub(crate) fn num_pages(&self) -> u32 {
        each!(self, state => state.records.num_pages())
    }

    /// The populated slots of a page.
    pub(crate) fn slots(&self, number: u32) -> SlotBits {
        each!(self, state => state.records.slots(number))
    }

    /// The hash of all records; see [`ObjectTypeState::content_hash`].
    pub fn content_hash(&self) -> ContentHash {
        each!(self, state => state.content_hash())
    }

    /// Bytes held in memory that are not shared with `other`; all of them if it is of another kind.
    pub fn bytes_beside(&self, other: &Self) -> usize {
        match (self, other) {
            (Self::Object(a), Self::Object(b)) => a.records.bytes_beside(&b.records),
            (Self::List(a), Self::List(b)) => a.records.bytes_beside(&b.records),
            (Self::Set(a), Self::Set(b)) => a.records.bytes_beside(&b.records),
            (Self::Map(a), Self::Map(b)) => a.records.bytes_beside(&b.records),
            _ => self.memory_bytes(),
        }
    }

    /// The object state, if it is one.
    pub fn as_object(&self) -> Option<&ObjectTypeState> {
        if let Self::Object(state) = self {
            Some(state)
        } else {
            None
        }
    }

    /// The list state, if it is one.
    pub fn as_list(&self) -> Option<&ListTypeState> {
        if let Self::List(state) = self {
            Some(state)
        } else {
            None
        }
    }

    /// The set state, if it is one.
    pub fn as_set(&self) -> Option<&SetTypeState> {
        if let Self::Set(state) = self { Some(state) } else { None }
    }

    /// The map state, if it is one.
    pub fn as_map(&self) -> Option<&MapTypeState> {
        if let Self::Map(state) = self { Some(state) } else { None }
    }
}
