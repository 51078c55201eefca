//! Keys as bytes: for each part a byte that says whether it is there, then its value. Equal keys have equal bytes.

use super::HashIndex;
use crate::Ordinal;
use crate::index::paths::Leaf;
use crate::memory::text;
use crate::read::{Part, ReadState, object};
use crate::record::KeyValue;
use crate::schema::FieldType;

impl HashIndex {
    /// What the parts of the key are.
    pub(super) fn leaves(&self) -> &[Leaf] {
        self.paths.leaves().get(..self.parts).unwrap_or_default()
    }

    /// A key as bytes; `None` if it is none that a record could have.
    pub(super) fn key_bytes(&self, key: &[Option<KeyValue>]) -> Option<Vec<u8>> {
        let leaves = self.leaves();
        if leaves.len() != key.len() {
            return None;
        }
        let mut out = Vec::with_capacity(16 * key.len());
        for (leaf, value) in leaves.iter().zip(key) {
            match (value, &leaf.holds) {
                (None, _) => out.push(0),
                (Some(KeyValue::Text(text)), FieldType::String) => variable(&mut out, &text::encode(text)),
                (Some(value @ KeyValue::Bytes(_)), FieldType::Bytes)
                | (Some(value @ KeyValue::Int(_)), FieldType::Int)
                | (Some(value @ KeyValue::Long(_)), FieldType::Long)
                | (Some(value @ KeyValue::Boolean(_)), FieldType::Boolean)
                | (Some(value @ KeyValue::Float(_)), FieldType::Float)
                | (Some(value @ KeyValue::Double(_)), FieldType::Double) => push(Part::of(value), &mut out),
                _ => return None,
            }
        }
        Some(out)
    }
}

fn fixed(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(1);
    out.extend_from_slice(bytes);
}

fn variable(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(1);
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Appends the key whose parts stand in these records; a part without a record, or with a null in it, is null.
pub(super) fn encode(state: &ReadState, leaves: &[Leaf], ends: &[Option<Ordinal>], out: &mut Vec<u8>) {
    for (leaf, end) in leaves.iter().zip(ends) {
        let part = end.and_then(|end| Part::read(object(state, leaf.ty)?, &leaf.holds, end, leaf.field));
        match part {
            None => out.push(0),
            Some(part) => push(part, out),
        }
    }
}

fn push(part: Part<'_>, out: &mut Vec<u8>) {
    match part {
        Part::Int(n) => fixed(out, &n.to_le_bytes()),
        Part::Long(n) => fixed(out, &n.to_le_bytes()),
        Part::Boolean(b) => fixed(out, &[u8::from(b)]),
        Part::Float(bits) => fixed(out, &bits.to_le_bytes()),
        Part::Double(bits) => fixed(out, &bits.to_le_bytes()),
        Part::Text(text) => variable(out, text.bytes()),
        Part::Bytes(bytes) => variable(out, bytes),
    }
}

/// A key that is a single LONG.
#[inline]
pub(super) fn long(leaves: &[Leaf], key: i64) -> Option<[u8; 9]> {
    let [
        Leaf {
            holds: FieldType::Long, ..
        },
    ] = leaves
    else {
        return None;
    };
    let mut out = [1; 9];
    out[1..].copy_from_slice(&key.to_le_bytes());
    Some(out)
}

/// A key that is a single INT.
#[inline]
pub(super) fn int(leaves: &[Leaf], key: i32) -> Option<[u8; 5]> {
    let [
        Leaf {
            holds: FieldType::Int, ..
        },
    ] = leaves
    else {
        return None;
    };
    let mut out = [1; 5];
    out[1..].copy_from_slice(&key.to_le_bytes());
    Some(out)
}

/// A key that is a single STRING of little ASCII.
#[inline]
pub(super) fn short_text<'b>(leaves: &[Leaf], key: &str, buffer: &'b mut [u8; 64]) -> Option<&'b [u8]> {
    let [
        Leaf {
            holds: FieldType::String,
            ..
        },
    ] = leaves
    else {
        return None;
    };
    if !key.is_ascii() || key.len() > buffer.len() - 5 {
        return None;
    }
    let end = 5 + key.len();
    buffer[0] = 1;
    buffer[1..5].copy_from_slice(&(key.len() as u32).to_le_bytes());
    buffer[5..end].copy_from_slice(key.as_bytes());
    Some(&buffer[..end])
}
