//! The hash of values in a state, and of the same values in a key.

use super::hash::KeyHasher;
use crate::memory::text;
use crate::read::Part;
use crate::record::KeyValue;

/// Mixes in a value that stands in a state.
#[inline]
pub(super) fn hash_part(part: Part<'_>, hasher: &mut KeyHasher<'_>) {
    match part {
        Part::Int(n) => hasher.word(u64::from(n.cast_unsigned())),
        Part::Long(n) => hasher.word(n.cast_unsigned()),
        Part::Boolean(b) => hasher.word(u64::from(b)),
        Part::Float(bits) => hasher.word(u64::from(bits)),
        Part::Double(bits) => hasher.word(bits),
        Part::Text(text) => hasher.bytes(text.bytes()),
        Part::Bytes(bytes) => hasher.bytes(bytes),
    }
}

/// Mixes in a value as [`hash_part`] does if it stands in a state. Allocates for text beyond ASCII only.
#[inline]
pub(super) fn hash_value(value: &KeyValue, hasher: &mut KeyHasher<'_>) {
    match value {
        KeyValue::Text(text) => hash_text(text, hasher),
        value => hash_part(Part::of(value), hasher),
    }
}

/// As [`hash_value`], for text.
#[inline]
pub(super) fn hash_text(text: &str, hasher: &mut KeyHasher<'_>) {
    if text.is_ascii() {
        hasher.bytes(text.as_bytes());
    } else {
        hasher.bytes(&text::encode(text));
    }
}
