//! The serialized form of records: the bytes by which an engine knows them. See `docs/format.md`, section 5.
//!
//! Two records of a type are the same record if and only if these bytes are equal. The form is not part of blobs, and
//! everything read back here was written here: the readers below take malformed bytes for the end of the record.

use super::{FieldValue, TypeId};
use crate::Ordinal;
use crate::memory::{hash, text, var_int, zigzag};
use crate::schema::FieldType;

/// The bit pattern that stands for null in FLOAT fields.
pub(crate) const NULL_FLOAT: u32 = 0x7FC0_0001;
/// The bit pattern that stands for null in DOUBLE fields.
pub(crate) const NULL_DOUBLE: u64 = 0x7FF8_0000_0000_0001;
const NAN_FLOAT: u32 = 0x7FC0_0000;
const NAN_DOUBLE: u64 = 0x7FF8_0000_0000_0000;

/// What a field holds, as far as its bytes are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Int,
    Long,
    Boolean,
    Float,
    Double,
    Text,
    Bytes,
    /// A record of this type; `None` if the type is not registered.
    Reference(Option<TypeId>),
}

impl FieldKind {
    pub(crate) fn of(ty: &FieldType, resolve: impl Fn(&str) -> Option<TypeId>) -> Self {
        match ty {
            FieldType::Int => FieldKind::Int,
            FieldType::Long => FieldKind::Long,
            FieldType::Boolean => FieldKind::Boolean,
            FieldType::Float => FieldKind::Float,
            FieldType::Double => FieldKind::Double,
            FieldType::String => FieldKind::Text,
            FieldType::Bytes => FieldKind::Bytes,
            FieldType::Reference(name) => FieldKind::Reference(resolve(name)),
        }
    }
}

/// The kind of a type, with the types it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Object(Vec<FieldKind>),
    List(Option<TypeId>),
    Set(Option<TypeId>),
    Map(Option<TypeId>, Option<TypeId>),
}

/// A field as it stands in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored<'a> {
    Null,
    /// The unsigned zig-zag value, 0 or 1, bits of a floating point number, or an ordinal. FLOAT and DOUBLE have their
    /// null among the bits.
    Number(u64),
    Bytes(&'a [u8]),
}

pub(crate) fn push_null(out: &mut Vec<u8>, kind: FieldKind) {
    match kind {
        FieldKind::Float => out.extend_from_slice(&NULL_FLOAT.to_be_bytes()),
        FieldKind::Double => out.extend_from_slice(&NULL_DOUBLE.to_be_bytes()),
        _ => out.push(var_int::NULL),
    }
}

pub(crate) fn push_int(out: &mut Vec<u8>, value: i32) {
    match value {
        i32::MIN => out.push(var_int::NULL),
        _ => var_int::write_u32(out, zigzag::encode32(value)),
    }
}

pub(crate) fn push_long(out: &mut Vec<u8>, value: i64) {
    match value {
        i64::MIN => out.push(var_int::NULL),
        _ => var_int::write_u64(out, zigzag::encode64(value)),
    }
}

pub(crate) fn push_float(out: &mut Vec<u8>, value: f32) {
    let bits = if value.is_nan() { NAN_FLOAT } else { value.to_bits() };
    out.extend_from_slice(&bits.to_be_bytes());
}

pub(crate) fn push_double(out: &mut Vec<u8>, value: f64) {
    let bits = if value.is_nan() { NAN_DOUBLE } else { value.to_bits() };
    out.extend_from_slice(&bits.to_be_bytes());
}

pub(crate) fn push_text(out: &mut Vec<u8>, value: &str) {
    if value.is_ascii() {
        push_bytes(out, value.as_bytes());
    } else {
        push_bytes(out, &text::encode(value));
    }
}

pub(crate) fn push_bytes(out: &mut Vec<u8>, value: &[u8]) {
    var_int::write_u64(out, value.len() as u64);
    out.extend_from_slice(value);
}

pub(crate) fn push_ordinal(out: &mut Vec<u8>, ordinal: Ordinal) {
    var_int::write_u32(out, ordinal.get());
}

/// Appends a field; `false` if the value does not fit it.
pub(crate) fn push_field(out: &mut Vec<u8>, kind: FieldKind, value: FieldValue<'_>) -> bool {
    match (kind, value) {
        (_, FieldValue::Null) => push_null(out, kind),
        (FieldKind::Int, FieldValue::Int(value)) => push_int(out, value),
        (FieldKind::Long, FieldValue::Long(value)) => push_long(out, value),
        (FieldKind::Boolean, FieldValue::Boolean(value)) => out.push(value.into()),
        (FieldKind::Float, FieldValue::Float(value)) => push_float(out, value),
        (FieldKind::Double, FieldValue::Double(value)) => push_double(out, value),
        (FieldKind::Text, FieldValue::Text(value)) => push_text(out, value),
        (FieldKind::Text, FieldValue::StoredText(value)) => push_bytes(out, value),
        (FieldKind::Bytes, FieldValue::Bytes(value)) => push_bytes(out, value),
        (FieldKind::Reference(_), FieldValue::Reference(ordinal)) => push_ordinal(out, ordinal),
        _ => return false,
    }
    true
}

/// Takes the next field off the front of the bytes.
#[inline]
pub(crate) fn take_field<'a>(bytes: &mut &'a [u8], kind: FieldKind) -> Stored<'a> {
    match kind {
        FieldKind::Float => Stored::Number(take_array(bytes).map_or(0, |b| u32::from_be_bytes(b).into())),
        FieldKind::Double => Stored::Number(take_array(bytes).map_or(0, u64::from_be_bytes)),
        FieldKind::Text | FieldKind::Bytes => match take_number(bytes) {
            Some(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len());
                let (value, rest) = bytes.split_at(length);
                *bytes = rest;
                Stored::Bytes(value)
            }
            None => Stored::Null,
        },
        FieldKind::Int | FieldKind::Long | FieldKind::Boolean | FieldKind::Reference(_) => {
            take_number(bytes).map_or(Stored::Null, Stored::Number)
        }
    }
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (value, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*value)
}

/// Takes a variable-length integer off the front; `None` for null.
#[inline]
pub(crate) fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    if let Some((&first, rest)) = bytes.split_first()
        && first < 0x80
    {
        *bytes = rest;
        return Some(first.into());
    }
    match var_int::read_u64(bytes) {
        var_int::Decoded::Value(value, length) => {
            *bytes = &bytes[length..];
            Some(value)
        }
        var_int::Decoded::Null => {
            *bytes = &bytes[1..];
            None
        }
        _ => {
            *bytes = &[];
            None
        }
    }
}

/// Appends a list.
pub(crate) fn push_list(out: &mut Vec<u8>, elements: &[Ordinal]) {
    var_int::write_u64(out, elements.len() as u64);
    elements.iter().for_each(|&element| push_ordinal(out, element));
}

/// What becomes of the hashes of elements and keys in the serialized form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buckets {
    /// The bucket is computed from the mixed hash: records added by their hashes.
    Mixed,
    /// The bucket is computed from the hash as it is: records copied with their buckets.
    Unmixed,
}

impl Buckets {
    fn place(self, hash: i32, mask: u32) -> u32 {
        match self {
            Buckets::Mixed => hash::hash_int(hash).cast_unsigned() & mask,
            Buckets::Unmixed => hash.cast_unsigned() & mask,
        }
    }
}

/// Appends a set, after sorting its elements; `false` if it has more than the format allows.
pub(crate) fn push_set(out: &mut Vec<u8>, elements: &mut [(Ordinal, i32)], buckets: Buckets) -> bool {
    let Some(size) = u32::try_from(elements.len()).ok().and_then(hash::table_size) else {
        return false;
    };
    elements.sort_unstable_by_key(|&(ordinal, hash)| (ordinal, hash.cast_unsigned()));
    var_int::write_u64(out, elements.len() as u64);
    let mut previous = 0;
    for &(ordinal, hash) in &*elements {
        var_int::write_u32(out, ordinal.get() - previous);
        var_int::write_u32(out, buckets.place(hash, size - 1));
        previous = ordinal.get();
    }
    true
}

/// Appends a map, after sorting its entries (key, value, hash of the key); `false` if it has more than the format
/// allows.
pub(crate) fn push_map(out: &mut Vec<u8>, entries: &mut [(Ordinal, Ordinal, i32)], buckets: Buckets) -> bool {
    let Some(size) = u32::try_from(entries.len()).ok().and_then(hash::table_size) else {
        return false;
    };
    entries.sort_by_key(|&(key, value, _)| (key, value));
    var_int::write_u64(out, entries.len() as u64);
    let mut previous = 0;
    for &(key, value, hash) in &*entries {
        var_int::write_u32(out, key.get() - previous);
        var_int::write_u32(out, value.get());
        var_int::write_u32(out, buckets.place(hash, size - 1));
        previous = key.get();
    }
    true
}

/// The number of elements or entries of a serialized collection, and what follows it.
#[inline]
pub(crate) fn collection(mut bytes: &[u8]) -> (u32, &[u8]) {
    let size = take_number(&mut bytes).unwrap_or(0);
    (u32::try_from(size).unwrap_or(0), bytes)
}

/// The elements of a serialized list.
pub(crate) fn list_elements(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let (size, mut rest) = collection(bytes);
    (0..size).map_while(move |_| take_u32(&mut rest))
}

/// The elements of a serialized set with their buckets, ascending.
pub(crate) fn set_elements(bytes: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    let (size, mut rest) = collection(bytes);
    let mut element = 0u32;
    (0..size).map_while(move |_| {
        element = element.wrapping_add(take_u32(&mut rest)?);
        Some((element, take_u32(&mut rest)?))
    })
}

/// The entries of a serialized map, key, value and bucket, by ascending key.
pub(crate) fn map_entries(bytes: &[u8]) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
    let (size, mut rest) = collection(bytes);
    let mut key = 0u32;
    (0..size).map_while(move |_| {
        key = key.wrapping_add(take_u32(&mut rest)?);
        Some((key, take_u32(&mut rest)?, take_u32(&mut rest)?))
    })
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    take_number(bytes).and_then(|value| u32::try_from(value).ok())
}

/// What a record refers to, in order, as often as it appears.
pub(crate) fn for_each_reference(shape: &Shape, bytes: &[u8], mut each: impl FnMut(TypeId, Ordinal)) {
    let mut visit = |ty: Option<TypeId>, ordinal: u32| {
        if let (Some(ty), Some(ordinal)) = (ty, Ordinal::new(ordinal)) {
            each(ty, ordinal);
        }
    };
    match shape {
        Shape::Object(fields) => {
            let mut rest = bytes;
            for &kind in fields {
                let stored = take_field(&mut rest, kind);
                if let (FieldKind::Reference(ty), Stored::Number(ordinal)) = (kind, stored) {
                    visit(ty, u32::try_from(ordinal).unwrap_or(u32::MAX));
                }
            }
        }
        Shape::List(ty) => list_elements(bytes).for_each(|element| visit(*ty, element)),
        Shape::Set(ty) => set_elements(bytes).for_each(|(element, _)| visit(*ty, element)),
        Shape::Map(key_ty, value_ty) => map_entries(bytes).for_each(|(key, value, _)| {
            visit(*key_ty, key);
            visit(*value_ty, value);
        }),
    }
}

/// Appends a copy of a record, with references moved to where `moved_to` says (`None`: they stay). NaN becomes null.
///
/// If a set or map has a reference that moved, its buckets are computed from the ordinals anew.
pub(crate) fn copy(shape: &Shape, record: &[u8], moved_to: impl Fn(TypeId, u32) -> Option<Ordinal>, out: &mut Vec<u8>) {
    let moved = |ty: Option<TypeId>, ordinal: u32| -> (Option<Ordinal>, bool) {
        match ty.and_then(|ty| moved_to(ty, ordinal)) {
            Some(to) => (Some(to), true),
            None => (Ordinal::new(ordinal), false),
        }
    };
    let own_hash = |ordinal: Ordinal| ordinal.get().cast_signed();
    match shape {
        Shape::Object(kinds) => copy_object(kinds, record, moved, out),
        Shape::List(ty) => {
            let elements: Vec<Ordinal> = list_elements(record)
                .filter_map(|element| moved(*ty, element).0)
                .collect();
            push_list(out, &elements);
        }
        Shape::Set(ty) => {
            let mut any_moved = false;
            let mut elements: Vec<(Ordinal, i32)> = set_elements(record)
                .filter_map(|(element, _)| {
                    let (element, has_moved) = moved(*ty, element);
                    any_moved |= has_moved;
                    element.map(|element| (element, own_hash(element)))
                })
                .collect();
            match any_moved {
                true => _ = push_set(out, &mut elements, Buckets::Mixed),
                false => out.extend_from_slice(record),
            }
        }
        Shape::Map(key_ty, value_ty) => {
            let mut any_moved = false;
            let mut entries: Vec<(Ordinal, Ordinal, i32)> = map_entries(record)
                .filter_map(|(key, value, _)| {
                    let ((key, key_moved), (value, value_moved)) = (moved(*key_ty, key), moved(*value_ty, value));
                    any_moved |= key_moved || value_moved;
                    key.zip(value).map(|(key, value)| (key, value, own_hash(key)))
                })
                .collect();
            match any_moved {
                true => _ = push_map(out, &mut entries, Buckets::Mixed),
                false => out.extend_from_slice(record),
            }
        }
    }
}

fn copy_object(
    kinds: &[FieldKind],
    record: &[u8],
    moved: impl Fn(Option<TypeId>, u32) -> (Option<Ordinal>, bool),
    out: &mut Vec<u8>,
) {
    let mut rest = record;
    for &kind in kinds {
        let before = rest;
        let stored = take_field(&mut rest, kind);
        let as_it_is = &before[..before.len() - rest.len()];
        match (kind, stored) {
            (FieldKind::Reference(ty), Stored::Number(ordinal)) => {
                match moved(ty, u32::try_from(ordinal).unwrap_or(u32::MAX)).0 {
                    Some(ordinal) => push_ordinal(out, ordinal),
                    None => out.extend_from_slice(as_it_is),
                }
            }
            (FieldKind::Float, Stored::Number(bits)) if bits == u64::from(NAN_FLOAT) => push_null(out, kind),
            (FieldKind::Double, Stored::Number(NAN_DOUBLE)) => push_null(out, kind),
            _ => out.extend_from_slice(as_it_is),
        }
    }
}
