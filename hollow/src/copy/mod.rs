//! Records of a read state in the form in which a write engine takes them.
//!
//! The schemas may differ: fields are matched by name, fields the read state does not have are null, fields the engine
//! does not have are left out. As in Java Hollow, copying turns NaN into null unless told otherwise. See
//! `docs/format.md`, section 12.

pub(crate) mod lent;
mod place;
mod records;
mod restore;
mod snapshot;

pub use records::{CopyError, RecordCopier};

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
pub(crate) struct Copier<'s> {
    from: &'s TypeReadState,
    fields: Vec<CopiedField<'s>>,
    /// By position in the schema copied from: whether the field is copied.
    kept: Vec<bool>,
    positions: HashPositions,
}

#[derive(Clone, Copy, Debug)]
struct CopiedField<'s> {
    kind: FieldKind,
    /// In the schema copied from.
    position: Option<usize>,
    /// What a reference leads to, in the schema copied from.
    leads_to: &'s str,
}

/// Where the records are that a copied record refers to: by their type and the ordinal they had.
pub(crate) type Moves<'m> = dyn Fn(&str, Ordinal) -> Ordinal + 'm;

impl<'s> Copier<'s> {
    /// From a read state's type to the schema of an engine.
    ///
    /// # Errors
    /// The reason, if records of the one cannot become records of the other.
    pub(crate) fn new(from: &'s TypeReadState, to: &Schema, positions: HashPositions) -> Result<Self, String> {
        let fields = match (from, to) {
            (TypeReadState::Object(from), Schema::Object(to)) => match_fields(from.schema(), to)?,
            (TypeReadState::List(_), Schema::List(_))
            | (TypeReadState::Set(_), Schema::Set(_))
            | (TypeReadState::Map(_), Schema::Map(_)) => Vec::new(),
            _ => return Err(format!("the type is {} now and was another kind before", to.kind())),
        };
        let mut kept = vec![false; from.schema().as_object().map_or(0, |object| object.fields.len())];
        for position in fields.iter().filter_map(|field| field.position) {
            kept[position] = true;
        }
        Ok(Self {
            from,
            fields,
            kept,
            positions,
        })
    }

    /// Whether the field at this position, in the schema copied from, is copied.
    fn keeps(&self, position: usize) -> bool {
        self.kept.get(position).copied().unwrap_or(false)
    }

    /// Appends a record that refers to where `moves` says. Where buckets are not kept, elements of a set that have become
    /// the same stand once; so do entries of a map whose keys have, the one with the lowest value being kept.
    pub(crate) fn serialize_moved(&self, ordinal: Ordinal, moves: &Moves<'_>, out: &mut Vec<u8>) {
        self.copy(ordinal, moves, true, out);
    }

    fn copy(&self, ordinal: Ordinal, moves: &Moves<'_>, distinct: bool, out: &mut Vec<u8>) {
        let distinct = distinct && !self.positions.keeps_buckets();
        match self.from {
            TypeReadState::Object(from) => self.object(from, ordinal, moves, out),
            TypeReadState::List(from) => {
                let element = from.schema().element.as_str();
                let elements: Vec<Ordinal> = from.elements(ordinal).map(|to| moves(element, to)).collect();
                record_form::push_list(out, &elements);
            }
            TypeReadState::Set(from) => set(from, ordinal, self.positions, moves, distinct, out),
            TypeReadState::Map(from) => map(from, ordinal, self.positions, moves, distinct, out),
        }
    }

    fn object(&self, from: &ObjectTypeState, ordinal: Ordinal, moves: &Moves<'_>, out: &mut Vec<u8>) {
        for field in &self.fields {
            let copied = field.position.and_then(|position| match field.kind {
                FieldKind::Reference(_) => {
                    let to = moves(field.leads_to, from.reference(ordinal, position)?);
                    record_form::push_ordinal(out, to);
                    Some(())
                }
                kind => push_copy(from, ordinal, position, kind, self.positions, out),
            });
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
        self.copy(ordinal, &|_, to| to, false, out);
    }
}

fn match_fields<'s>(from: &'s ObjectSchema, to: &ObjectSchema) -> Result<Vec<CopiedField<'s>>, String> {
    let positions = from.positions();
    let copied = |field: &crate::schema::Field| {
        let position = positions.get(field.name.as_str()).copied();
        match position.map(|position| &from.fields[position].ty) {
            Some(before) if *before != field.ty => Err(format!(
                "field {} is {} now and was {before} before",
                field.name, field.ty
            )),
            _ => Ok(CopiedField {
                kind: kind_of(&field.ty),
                position,
                leads_to: position
                    .and_then(|at| from.fields[at].ty.reference())
                    .unwrap_or_default(),
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

fn own_hash(ordinal: Ordinal) -> i32 {
    ordinal.get().cast_signed()
}

fn set(
    from: &SetTypeState,
    ordinal: Ordinal,
    positions: HashPositions,
    moves: &Moves<'_>,
    distinct: bool,
    out: &mut Vec<u8>,
) {
    let name = from.schema().element.as_str();
    let elements = from.buckets(ordinal).map(|(bucket, to)| (bucket, moves(name, to)));
    let _fits = match positions.keeps_buckets() {
        true => {
            let mut elements: Vec<_> = elements.map(|(bucket, to)| (to, bucket.cast_signed())).collect();
            record_form::push_set(out, &mut elements, Buckets::Unmixed)
        }
        false => {
            let mut elements: Vec<_> = elements.map(|(_, to)| (to, own_hash(to))).collect();
            if distinct {
                elements.sort_unstable();
                elements.dedup();
            }
            record_form::push_set(out, &mut elements, Buckets::Mixed)
        }
    };
    debug_assert!(_fits, "a set that was read has room in its table");
}

fn map(
    from: &MapTypeState,
    ordinal: Ordinal,
    positions: HashPositions,
    moves: &Moves<'_>,
    distinct: bool,
    out: &mut Vec<u8>,
) {
    let (key_name, value_name) = (from.schema().key.as_str(), from.schema().value.as_str());
    let buckets = from.buckets(ordinal);
    let entries = buckets.map(|(bucket, key, value)| (bucket, moves(key_name, key), moves(value_name, value)));
    let _fits = match positions.keeps_buckets() {
        true => {
            let mut entries: Vec<_> = entries
                .map(|(bucket, key, value)| (key, value, bucket.cast_signed()))
                .collect();
            record_form::push_map(out, &mut entries, Buckets::Unmixed)
        }
        false => {
            let mut entries: Vec<_> = entries.map(|(_, key, value)| (key, value, own_hash(key))).collect();
            if distinct {
                entries.sort_unstable();
                entries.dedup_by_key(|(key, ..)| *key);
            }
            record_form::push_map(out, &mut entries, Buckets::Mixed)
        }
    };
    debug_assert!(_fits, "a map that was read has room in its table");
}
