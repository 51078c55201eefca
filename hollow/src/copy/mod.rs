//! Records of a read state in the form in which a write engine takes them.
//!
//! The schemas may differ: fields are matched by name, fields the read state does not have are null, fields the engine
//! does not have are left out. As in Java Hollow, copying turns NaN into null unless told otherwise. See
//! `docs/format.md`, section 12.

mod place;
mod restore;

use crate::Ordinal;
use crate::memory::OrdinalSet;
use crate::read::{MapTypeState, ObjectTypeState, SetTypeState, TypeReadState};
use crate::schema::{FieldType, ObjectSchema, Schema};
use crate::write::record_form::{self, Buckets, FieldKind};
use crate::write::restore::RecordSource;

/// What becomes of the buckets of sets and maps that are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashPositions {
    /// Elements and entries keep the buckets they have.
    Preserve,
    /// Buckets are computed from the ordinals again. Makes a difference only where a hash other than the ordinal was
    /// given and the type has no hash key.
    Rehash,
    /// As [`HashPositions::Rehash`], and NaN stays NaN: the records are those that adding the same content to the engine
    /// gives, so what is added again later is recognised. Java Hollow has no such mode.
    AsAdded,
    /// As [`HashPositions::Preserve`], and every NaN stays the one it is: the records as they are, bit by bit. Java Hollow
    /// has no such mode.
    Verbatim,
}

impl HashPositions {
    fn keeps_buckets(self) -> bool {
        matches!(self, HashPositions::Preserve | HashPositions::Verbatim)
    }
}

/// Copies the records of one type.
#[derive(Debug)]
struct Copier<'s> {
    from: &'s TypeReadState,
    fields: Vec<CopiedField>,
    positions: HashPositions,
}

#[derive(Clone, Copy, Debug)]
struct CopiedField {
    kind: FieldKind,
    position: Option<usize>, // in the schema copied from
}

impl<'s> Copier<'s> {
    /// From a read state's type to the schema of an engine.
    ///
    /// # Errors
    /// The reason, if records of the one cannot become records of the other.
    fn new(from: &'s TypeReadState, to: &Schema, positions: HashPositions) -> Result<Self, String> {
        let fields = match (from, to) {
            (TypeReadState::Object(from), Schema::Object(to)) => match_fields(from.schema(), to)?,
            (TypeReadState::List(_), Schema::List(_))
            | (TypeReadState::Set(_), Schema::Set(_))
            | (TypeReadState::Map(_), Schema::Map(_)) => Vec::new(),
            _ => return Err(format!("the type is {} now and was another kind before", to.kind())),
        };
        Ok(Self {
            from,
            fields,
            positions,
        })
    }

    fn object(&self, from: &ObjectTypeState, ordinal: Ordinal, out: &mut Vec<u8>) {
        for field in &self.fields {
            let copied = field
                .position
                .and_then(|position| push_copy(from, ordinal, position, field.kind, self.positions, out));
            if copied.is_none() {
                record_form::push_null(out, field.kind);
            }
        }
    }
}

impl RecordSource for Copier<'_> {
    fn num_shards(&self) -> u32 {
        self.from.num_shards()
    }

    fn populated(&self) -> OrdinalSet {
        self.from.populated().collect()
    }

    fn shared_fields(&self) -> Vec<bool> {
        self.fields.iter().map(|field| field.position.is_some()).collect()
    }

    fn serialize(&self, ordinal: Ordinal, out: &mut Vec<u8>) {
        match self.from {
            TypeReadState::Object(from) => self.object(from, ordinal, out),
            TypeReadState::List(from) => {
                let elements: Vec<Ordinal> = from.elements(ordinal).collect();
                record_form::push_list(out, &elements);
            }
            TypeReadState::Set(from) => set(from, ordinal, self.positions, out),
            TypeReadState::Map(from) => map(from, ordinal, self.positions, out),
        }
    }
}

fn match_fields(from: &ObjectSchema, to: &ObjectSchema) -> Result<Vec<CopiedField>, String> {
    let copied = |field: &crate::schema::Field| {
        let position = from.position(&field.name);
        match position.map(|position| &from.fields[position].ty) {
            Some(before) if *before != field.ty => Err(format!(
                "field {} is {} now and was {before} before",
                field.name, field.ty
            )),
            _ => Ok(CopiedField {
                kind: kind_of(&field.ty),
                position,
            }),
        }
    };
    to.fields.iter().map(copied).collect()
}

fn kind_of(ty: &FieldType) -> FieldKind {
    FieldKind::of(ty, |_| None) // what a reference leads to does not matter for its bytes
}

/// Appends a value; `None` if it is null, or a NaN that is not to be kept, and nothing is appended.
fn push_copy(
    from: &ObjectTypeState,
    ordinal: Ordinal,
    position: usize,
    kind: FieldKind,
    positions: HashPositions,
    out: &mut Vec<u8>,
) -> Option<()> {
    let keep_nan = positions == HashPositions::AsAdded;
    match kind {
        FieldKind::Float if positions == HashPositions::Verbatim => {
            out.extend_from_slice(&from.float(ordinal, position)?.to_bits().to_be_bytes());
        }
        FieldKind::Double if positions == HashPositions::Verbatim => {
            out.extend_from_slice(&from.double(ordinal, position)?.to_bits().to_be_bytes());
        }
        FieldKind::Int => record_form::push_int(out, from.int(ordinal, position)?),
        FieldKind::Long => record_form::push_long(out, from.long(ordinal, position)?),
        FieldKind::Boolean => out.push(from.boolean(ordinal, position)?.into()),
        FieldKind::Float => {
            record_form::push_float(out, from.float(ordinal, position).filter(|v| keep_nan || !v.is_nan())?)
        }
        FieldKind::Double => {
            record_form::push_double(out, from.double(ordinal, position).filter(|v| keep_nan || !v.is_nan())?)
        }
        FieldKind::Text => record_form::push_bytes(out, from.text(ordinal, position)?.bytes()),
        FieldKind::Bytes => record_form::push_bytes(out, from.bytes(ordinal, position)?),
        FieldKind::Reference(_) => record_form::push_ordinal(out, from.reference(ordinal, position)?),
    }
    Some(())
}

fn set(from: &SetTypeState, ordinal: Ordinal, positions: HashPositions, out: &mut Vec<u8>) {
    let buckets = from.buckets(ordinal);
    let _fits = match positions.keeps_buckets() {
        true => {
            let mut elements: Vec<_> = buckets
                .map(|(bucket, element)| (element, bucket.cast_signed()))
                .collect();
            record_form::push_set(out, &mut elements, Buckets::Unmixed)
        }
        false => {
            let mut elements: Vec<_> = buckets
                .map(|(_, element)| (element, element.get().cast_signed()))
                .collect();
            record_form::push_set(out, &mut elements, Buckets::Mixed)
        }
    };
    debug_assert!(_fits, "a set that was read has room in its table");
}

fn map(from: &MapTypeState, ordinal: Ordinal, positions: HashPositions, out: &mut Vec<u8>) {
    let buckets = from.buckets(ordinal);
    let _fits = match positions.keeps_buckets() {
        true => {
            let mut entries: Vec<_> = buckets
                .map(|(bucket, key, value)| (key, value, bucket.cast_signed()))
                .collect();
            record_form::push_map(out, &mut entries, Buckets::Unmixed)
        }
        false => {
            let mut entries: Vec<_> = buckets
                .map(|(_, key, value)| (key, value, key.get().cast_signed()))
                .collect();
            record_form::push_map(out, &mut entries, Buckets::Mixed)
        }
    };
    debug_assert!(_fits, "a map that was read has room in its table");
}
