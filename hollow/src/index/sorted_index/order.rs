//! The order of values, and its first eight bytes.
//!
//! Numbers by size; `false` before `true`; FLOAT and DOUBLE in the total order of IEEE 754 (`-0.0` before `0.0`, NaN
//! last); BYTES byte by byte; text by Unicode scalar values, the order of `str` (Java's `compareTo` differs for
//! characters beyond U+FFFF). Unpaired surrogates stand where their number puts them.

use crate::memory::text::StoredText;
use crate::read::Part;
use crate::record::KeyValue;
use std::cmp::Ordering;

const SIGN: u64 = 1 << 63;

/// What values of an index are compared with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// A number, by its head.
    Head(u64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// All texts that begin so.
    Prefix(&'a str),
}

impl<'a> Target<'a> {
    pub(super) fn of(value: &'a KeyValue) -> Self {
        match value {
            KeyValue::Text(text) => Self::Text(text),
            KeyValue::Bytes(bytes) => Self::Bytes(bytes),
            value => Self::Head(head(Part::of(value))),
        }
    }

    /// The head of the first value that the target can be equal to, or of the last.
    pub(super) fn head(self, last: bool) -> u64 {
        match self {
            Self::Head(head) => head,
            Self::Text(text) => first_bytes(text.as_bytes(), 0),
            Self::Bytes(bytes) => first_bytes(bytes, 0),
            Self::Prefix(text) => first_bytes(text.as_bytes(), if last { 0xFF } else { 0 }),
        }
    }

    /// How a value with the same head compares with the target. What begins with a prefix is equal to it.
    pub(super) fn cmp(self, part: Part<'_>) -> Ordering {
        match (part, self) {
            (Part::Text(text), Self::Text(other)) => cmp_str(text, other),
            (Part::Text(text), Self::Prefix(prefix)) => cmp_prefix(text, prefix),
            (Part::Bytes(bytes), Self::Bytes(other)) => bytes.cmp(other),
            _ => Ordering::Equal,
        }
    }
}

/// The first eight bytes of a value: where they differ, so do values, and in the same order.
pub(super) fn head(part: Part<'_>) -> u64 {
    match part {
        Part::Int(n) => i64::from(n).cast_unsigned() ^ SIGN,
        Part::Long(n) => n.cast_unsigned() ^ SIGN,
        Part::Boolean(b) => u64::from(b),
        Part::Float(bits) if bits >> 31 == 1 => u64::from(!bits),
        Part::Float(bits) => u64::from(bits | 1 << 31),
        Part::Double(bits) if bits & SIGN != 0 => !bits,
        Part::Double(bits) => bits | SIGN,
        Part::Bytes(bytes) => first_bytes(bytes, 0),
        Part::Text(text) => {
            let stored = text.bytes();
            let first = stored.get(..8).unwrap_or(stored);
            if first.is_ascii() {
                return first_bytes(first, 0);
            }
            let mut bytes = Vec::with_capacity(12);
            for point in points(text) {
                push_point(&mut bytes, point);
                if bytes.len() >= 8 {
                    break;
                }
            }
            first_bytes(&bytes, 0)
        }
    }
}

fn first_bytes(bytes: &[u8], filled_with: u8) -> u64 {
    let mut first = [filled_with; 8];
    first.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(first)
}

/// How two values of one field with the same head compare.
pub(super) fn cmp(a: Part<'_>, b: Part<'_>) -> Ordering {
    match (a, b) {
        (Part::Text(a), Part::Text(b)) if a.bytes().is_ascii() && b.bytes().is_ascii() => a.bytes().cmp(b.bytes()),
        (Part::Text(a), Part::Text(b)) => points(a).cmp(points(b)),
        (Part::Bytes(a), Part::Bytes(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

fn cmp_str(text: StoredText<'_>, other: &str) -> Ordering {
    if text.bytes().is_ascii() {
        return text.bytes().cmp(other.as_bytes());
    }
    points(text).cmp(other.chars().map(u32::from))
}

fn cmp_prefix(text: StoredText<'_>, prefix: &str) -> Ordering {
    let stored = text.bytes();
    if stored.is_ascii() {
        return stored.get(..prefix.len()).unwrap_or(stored).cmp(prefix.as_bytes());
    }
    let number = prefix.chars().count();
    points(text).take(number).cmp(prefix.chars().map(u32::from))
}

/// The code points of a text; an unpaired surrogate is one of its own.
fn points(text: StoredText<'_>) -> impl Iterator<Item = u32> + '_ {
    char::decode_utf16(text.units()).map(|point| match point {
        Ok(point) => u32::from(point),
        Err(unpaired) => u32::from(unpaired.unpaired_surrogate()),
    })
}

/// Appends a code point as UTF-8 would have it, surrogates too.
fn push_point(out: &mut Vec<u8>, point: u32) {
    match char::from_u32(point) {
        Some(point) => out.extend_from_slice(point.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            let low = |shift: u32| 0x80 | (point >> shift & 0x3F) as u8;
            out.extend([0xE0 | (point >> 12) as u8, low(6), low(0)]);
        }
    }
}
