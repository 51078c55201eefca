//! The form in which an engine knows a record, made of the same record in a read state, or compared with it.
//!
//! It is that of a record that was added: elements in the buckets of their own hashes, wherever the blob had to put them.
//! Numbers are taken bit by bit. See `docs/format.md`, section 5.

use crate::Ordinal;
use crate::memory::hash;
use crate::read::{FieldKind, ObjectTypeState, TypeReadState};
use crate::schema::Schema;
use crate::write::record_form::{
    self, Buckets, collection, list_elements, map_entries, push_bytes, push_number, set_elements, take_field,
};
use std::cell::RefCell;

/// A type's records in the form that an engine with the same schema has them in.
#[derive(Clone, Debug)]
pub(crate) struct EngineForm {
    /// Of objects: by field.
    kinds: Vec<(FieldKind, record_form::FieldKind)>,
}

thread_local! {
    /// Entries of a set or map being compared: keys above values.
    static ENTRIES: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl EngineForm {
    pub(crate) fn of(schema: &Schema) -> Self {
        let fields = schema.as_object().map_or(&[][..], |object| &object.fields);
        let kinds = fields
            .iter()
            .map(|field| (FieldKind::of(&field.ty), super::super::kind_of(&field.ty)));
        Self { kinds: kinds.collect() }
    }

    /// Appends a record; nothing if there is none.
    pub(crate) fn push(&self, ty: &TypeReadState, ordinal: Ordinal, out: &mut Vec<u8>) {
        match ty {
            TypeReadState::Object(ty) => self.push_object(ty, ordinal, out),
            TypeReadState::List(ty) => {
                let Some(record) = ty.record(ordinal) else { return };
                push_number(out, record.size() as u64);
                record.for_each(|element, _| record_form::push_ordinal(out, element));
            }
            TypeReadState::Set(ty) => {
                let Some(record) = ty.record(ordinal) else { return };
                let mut elements = Vec::with_capacity(record.size());
                record.for_each(|element, _| elements.push((element, own_hash(element))));
                record_form::push_set(out, &mut elements, Buckets::Mixed);
            }
            TypeReadState::Map(ty) => {
                let Some(record) = ty.record(ordinal) else { return };
                let mut entries = Vec::with_capacity(record.size());
                record.for_each(|key, value| entries.push((key, value, own_hash(key))));
                record_form::push_map(out, &mut entries, Buckets::Mixed);
            }
        }
    }

    fn push_object(&self, ty: &ObjectTypeState, ordinal: Ordinal, out: &mut Vec<u8>) {
        let Some(record) = ty.record(ordinal) else { return };
        for (field, &(kind, in_engine)) in self.kinds.iter().enumerate() {
            match kind {
                FieldKind::Text | FieldKind::Bytes => match record.stored_bytes(field, kind) {
                    Some(value) => push_bytes(out, value),
                    None => record_form::push_null(out, in_engine),
                },
                // Null is a pattern of theirs, and all ones are told as nothing.
                FieldKind::Float => {
                    let bits = record.stored_bits(field, kind).map_or(u32::MAX, |bits| bits as u32);
                    out.extend_from_slice(&bits.to_be_bytes());
                }
                FieldKind::Double => {
                    let bits = record.stored_bits(field, kind).unwrap_or(u64::MAX);
                    out.extend_from_slice(&bits.to_be_bytes());
                }
                _ => match record.stored_bits(field, kind) {
                    Some(value) => push_number(out, value),
                    None => record_form::push_null(out, in_engine),
                },
            }
        }
    }

    /// Whether a record has this form. Does not allocate, but for the largest set or map so far.
    pub(crate) fn is(&self, ty: &TypeReadState, ordinal: Ordinal, form: &[u8]) -> bool {
        match ty {
            TypeReadState::Object(ty) => self.is_object(ty, ordinal, form),
            TypeReadState::List(ty) => {
                let Some(record) = ty.record(ordinal) else { return false };
                let mut same = record.size() == collection(form).0 as usize;
                if same {
                    let mut elements = list_elements(form);
                    record.for_each(|element, _| same &= elements.next() == Some(element.get()));
                    same &= elements.next().is_none();
                }
                same
            }
            TypeReadState::Set(ty) => {
                let Some(record) = ty.record(ordinal) else { return false };
                let mask = mask_of(record.size());
                let elements = set_elements(form).map(|(element, bucket)| (entry(element, 0), element, bucket));
                record.size() == collection(form).0 as usize
                    && same_entries(elements, mask, |each| {
                        record.for_each(|element, _| each(entry(element.get(), 0)));
                    })
            }
            TypeReadState::Map(ty) => {
                let Some(record) = ty.record(ordinal) else { return false };
                let mask = mask_of(record.size());
                let entries = map_entries(form).map(|(key, value, bucket)| (entry(key, value), key, bucket));
                record.size() == collection(form).0 as usize
                    && same_entries(entries, mask, |each| {
                        record.for_each(|key, value| each(entry(key.get(), value.get())));
                    })
            }
        }
    }

    fn is_object(&self, ty: &ObjectTypeState, ordinal: Ordinal, form: &[u8]) -> bool {
        let Some(record) = ty.record(ordinal) else { return false };
        let mut rest = form;
        let same = self.kinds.iter().enumerate().all(|(field, &(kind, in_engine))| {
            use record_form::Stored::{Bytes, Null, Number};
            match (kind, take_field(&mut rest, in_engine)) {
                (FieldKind::Text | FieldKind::Bytes, Bytes(value)) => record.stored_bytes(field, kind) == Some(value),
                (FieldKind::Text | FieldKind::Bytes, _) => record.stored_bytes(field, kind).is_none(),
                (FieldKind::Float, Number(bits)) => record.stored_bits(field, kind).unwrap_or(u32::MAX.into()) == bits,
                (FieldKind::Double, Number(bits)) => record.stored_bits(field, kind).unwrap_or(u64::MAX) == bits,
                (_, Number(value)) => record.stored_bits(field, kind) == Some(value),
                (_, Null) => record.stored_bits(field, kind).is_none(),
                (_, Bytes(_)) => false,
            }
        });
        same && rest.is_empty()
    }

    /// Something of a record, for bringing it close: a bit of each of the first fields, or where the entries are.
    pub(crate) fn touch(&self, ty: &TypeReadState, ordinal: Ordinal) -> u64 {
        match ty {
            TypeReadState::Object(ty) => ty.record(ordinal).map_or(0, |record| {
                let fields = self.kinds.iter().enumerate();
                let touched = fields.map(|(field, &(kind, _))| match kind {
                    FieldKind::Text | FieldKind::Bytes => {
                        let bytes = record.stored_bytes(field, kind).and_then(|bytes| bytes.first());
                        bytes.copied().map_or(0, u64::from)
                    }
                    _ => record.stored_bits(field, kind).unwrap_or(0),
                });
                touched.fold(0, u64::wrapping_add)
            }),
            TypeReadState::List(ty) => ty.record(ordinal).map_or(0, |record| record.size() as u64),
            TypeReadState::Set(ty) => ty.record(ordinal).map_or(0, |record| record.size() as u64),
            TypeReadState::Map(ty) => ty.record(ordinal).map_or(0, |record| record.size() as u64),
        }
    }
}

/// Without a hash of the caller's, an ordinal is its own.
fn own_hash(ordinal: Ordinal) -> i32 {
    ordinal.get().cast_signed()
}

/// The mask of bucket numbers of a set or map of this size.
fn mask_of(size: usize) -> u32 {
    let buckets = u32::try_from(size).ok().and_then(hash::table_size);
    buckets.map_or(0, |buckets| buckets - 1)
}

fn entry(key: u32, value: u32) -> u64 {
    u64::from(key) << 32 | u64::from(value)
}

/// Whether entries, ascending, each with key and bucket, are those that `read` hands over in any order, and in the
/// buckets of their own hashes.
fn same_entries(
    told: impl Iterator<Item = (u64, u32, u32)>,
    mask: u32,
    read: impl FnOnce(&mut dyn FnMut(u64)),
) -> bool {
    ENTRIES.with_borrow_mut(|entries| {
        entries.clear();
        read(&mut |entry| entries.push(entry));
        entries.sort_unstable();
        let mut left = entries.iter();
        for (entry, key, bucket) in told {
            let own = hash::hash_int(key.cast_signed()).cast_unsigned() & mask;
            if left.next() != Some(&entry) || bucket != own {
                return false;
            }
        }
        left.next().is_none()
    })
}
