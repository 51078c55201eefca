//! The serialized form of records: the bytes by which an engine knows them. See `docs/format.md`, section 5.
//!
//! Two records of a type are the same record if and only if these bytes are equal. The form is not part of blobs, and
//! everything read back here was written here: the readers below take malformed bytes for the end of the record.

mod collection;
mod references;

pub(crate) use collection::{
    Buckets, collection, list_elements, map_entries, push_list, push_map, push_set, set_elements,
};
pub(crate) use references::{copy, for_each_reference};

use super::{FieldValue, TypeId};
use crate::Ordinal;
use crate::memory::{text, var_int, zigzag};
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

/// Records in serialized form, wherever they are kept.
pub(crate) trait Records {
    /// The record at this ordinal; more bytes may follow it.
    fn get(&mut self, ordinal: Ordinal) -> Option<&[u8]>;
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
        _ => push_number(out, zigzag::encode32(value).into()),
    }
}

pub(crate) fn push_long(out: &mut Vec<u8>, value: i64) {
    match value {
        i64::MIN => out.push(var_int::NULL),
        _ => push_number(out, zigzag::encode64(value)),
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
        return push_bytes(out, value.as_bytes());
    }
    // The length is known when the text is there. Most are short and need one byte for it.
    let start = out.len();
    out.push(0);
    text::encode_into(out, value);
    let length = out.len() - start - 1;
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => out[start] = short,
        _ => {
            let mut prefix = Vec::new();
            push_number(&mut prefix, length as u64);
            out.splice(start..=start, prefix);
        }
    }
}

pub(crate) fn push_bytes(out: &mut Vec<u8>, value: &[u8]) {
    push_number(out, value.len() as u64);
    out.extend_from_slice(value);
}

pub(crate) fn push_ordinal(out: &mut Vec<u8>, ordinal: Ordinal) {
    push_number(out, ordinal.get().into());
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
    if let Some(window) = bytes.first_chunk::<8>()
        && window[0] != var_int::NULL
    {
        let window = u64::from_be_bytes(*window);
        let last = !window & CONTINUED;
        if last != 0 {
            let length = last.leading_zeros() / 8 + 1;
            *bytes = &bytes[length as usize..];
            return Some(gather(window >> (64 - 8 * length)));
        }
    }
    take_long_number(bytes)
}

/// As [`take_number`], with something to stand for null; gives what is left as well. For fields that are null now and
/// then, which cannot be guessed, and for readers that keep what is left in registers.
#[inline]
pub(crate) fn split_number_or(bytes: &[u8], null: u64) -> (u64, &[u8]) {
    if let Some((&first, rest)) = bytes.split_first()
        && first < 0x80
    {
        return (first.into(), rest);
    }
    if let Some(window) = bytes.first_chunk::<8>() {
        let is_null = window[0] == var_int::NULL;
        let window = u64::from_be_bytes(*window);
        let last = !window & CONTINUED;
        if last != 0 || is_null {
            let length = if is_null { 1 } else { last.leading_zeros() / 8 + 1 };
            let rest = &bytes[length as usize..];
            let value = gather(window >> (64 - 8 * length));
            return (if is_null { null } else { value }, rest);
        }
    }
    split_long_number_or(bytes, null)
}

#[cold]
fn split_long_number_or(bytes: &[u8], null: u64) -> (u64, &[u8]) {
    let mut rest = bytes;
    let value = take_long_number(&mut rest);
    (value.unwrap_or(null), rest)
}

/// The bit of each byte that says that the number goes on.
const CONTINUED: u64 = 0x8080_8080_8080_8080;

/// Moves the low seven bits of each byte together.
#[inline]
fn gather(groups: u64) -> u64 {
    let sevens = groups & !CONTINUED;
    let pairs = (sevens & 0x007F_007F_007F_007F) | (sevens & 0x7F00_7F00_7F00_7F00) >> 1;
    let quads = (pairs & 0x0000_3FFF_0000_3FFF) | (pairs & 0x3FFF_0000_3FFF_0000) >> 2;
    (quads & 0x0FFF_FFFF) | (quads & 0x0FFF_FFFF_0000_0000) >> 4
}

/// A number at the end of a record, of more than eight bytes, or null.
#[inline(never)]
fn take_long_number(bytes: &mut &[u8]) -> Option<u64> {
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

/// Appends a variable-length integer.
#[inline]
pub(crate) fn push_number(out: &mut Vec<u8>, value: u64) {
    match value {
        0..0x80 => out.push(value as u8),
        0x80..0x4000 => out.extend_from_slice(&[(value >> 7) as u8 | 0x80, value as u8 & 0x7F]),
        0x4000..0x100_0000_0000_0000 => {
            let length = var_int::size_of_u64(value);
            let groups = scatter(value) | CONTINUED & !0x80;
            // A copy of known length is the quickest.
            let end = out.len() + length;
            out.extend_from_slice(&(groups << (64 - 8 * length)).to_be_bytes());
            out.truncate(end);
        }
        _ => var_int::write_u64(out, value),
    }
}

/// Moves groups of seven bits to the low bits of a byte each: what [`gather`] undoes.
#[inline]
fn scatter(value: u64) -> u64 {
    let quads = (value & 0x0FFF_FFFF) | (value & 0x00FF_FFFF_F000_0000) << 4;
    let pairs = (quads & 0x0000_3FFF_0000_3FFF) | (quads & 0x0FFF_C000_0FFF_C000) << 2;
    (pairs & 0x007F_007F_007F_007F) | (pairs & 0x3F80_3F80_3F80_3F80) << 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_is_its_utf16_units(text in "([a-z]|[à-ž]|[一-龥]|[\\x{10000}-\\x{10FFFF}]){0,90}") {
            let (mut out, mut units) = (vec![1], Vec::new());
            push_text(&mut out, &text);
            text.encode_utf16().for_each(|unit| var_int::write_u32(&mut units, unit.into()));
            let mut plain = vec![1];
            push_bytes(&mut plain, &units);
            prop_assert_eq!(out, plain);
        }

        #[test]
        fn numbers_read_back_wherever_they_stand(values in prop::collection::vec((any::<u64>(), 0u32..64, any::<bool>()), 0..40)) {
            let values: Vec<Option<u64>> = values
                .into_iter()
                .map(|(value, shift, is_null)| (!is_null).then_some(value >> shift))
                .collect();
            let (mut out, mut plain) = (Vec::new(), Vec::new());
            for value in &values {
                match value {
                    Some(value) => {
                        push_number(&mut out, *value);
                        var_int::write_u64(&mut plain, *value);
                    }
                    None => {
                        out.push(var_int::NULL);
                        plain.push(var_int::NULL);
                    }
                }
            }
            prop_assert_eq!(&out, &plain);
            let (mut rest, mut same) = (&out[..], &out[..]);
            for value in values {
                prop_assert_eq!(take_number(&mut rest), value);
                let (number, left) = split_number_or(same, 7);
                prop_assert_eq!(number, value.unwrap_or(7));
                same = left;
            }
            prop_assert!(rest.is_empty() && same.is_empty());
        }
    }
}
