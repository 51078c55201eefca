//! Primary keys as bytes: equal keys have equal bytes, and no two others do.

use super::KeyValue;

/// The bytes of a key.
pub(crate) fn key_bytes(key: &[KeyValue]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 * key.len());
    key.iter().for_each(|part| push_part(&mut out, part));
    out
}

/// The key these bytes were made of.
pub(crate) fn key_of_bytes(mut bytes: &[u8]) -> Option<Vec<KeyValue>> {
    let mut key = Vec::new();
    while let Some((tag, rest)) = bytes.split_first() {
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (part, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        key.push(match *tag {
            INT => KeyValue::Int(i32::from_le_bytes(part.try_into().ok()?)),
            LONG => KeyValue::Long(i64::from_le_bytes(part.try_into().ok()?)),
            BOOLEAN => KeyValue::Boolean(*part.first()? != 0),
            FLOAT => KeyValue::Float(f32::from_bits(u32::from_le_bytes(part.try_into().ok()?))),
            DOUBLE => KeyValue::Double(f64::from_bits(u64::from_le_bytes(part.try_into().ok()?))),
            TEXT => KeyValue::Text(String::from_utf8(part.to_vec()).ok()?),
            _ => KeyValue::Bytes(part.to_vec()),
        });
    }
    Some(key)
}

/// Appends a part of a key.
pub(crate) fn push_part(out: &mut Vec<u8>, part: &KeyValue) {
    match part {
        KeyValue::Int(n) => push_int(out, *n),
        KeyValue::Long(n) => push_long(out, *n),
        KeyValue::Boolean(b) => push_boolean(out, *b),
        // All NaNs are one value when stored.
        KeyValue::Float(n) => push(
            out,
            FLOAT,
            &if n.is_nan() { f32::NAN } else { *n }.to_bits().to_le_bytes(),
        ),
        KeyValue::Double(n) => push(
            out,
            DOUBLE,
            &if n.is_nan() { f64::NAN } else { *n }.to_bits().to_le_bytes(),
        ),
        KeyValue::Text(text) => push_text(out, text),
        KeyValue::Bytes(bytes) => push(out, BYTES, bytes),
    }
}

pub(crate) fn push_int(out: &mut Vec<u8>, n: i32) {
    push(out, INT, &n.to_le_bytes());
}

pub(crate) fn push_long(out: &mut Vec<u8>, n: i64) {
    push(out, LONG, &n.to_le_bytes());
}

pub(crate) fn push_boolean(out: &mut Vec<u8>, b: bool) {
    push(out, BOOLEAN, &[u8::from(b)]);
}

pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    push(out, TEXT, text.as_bytes());
}

const INT: u8 = 0;
const LONG: u8 = 1;
const BOOLEAN: u8 = 2;
const FLOAT: u8 = 3;
const DOUBLE: u8 = 4;
const TEXT: u8 = 5;
const BYTES: u8 = 6;

#[inline]
fn push(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_can_be_read_from_its_bytes() {
        let key = [
            KeyValue::Int(-7),
            KeyValue::Long(i64::MIN),
            KeyValue::Boolean(true),
            KeyValue::Float(0.5),
            KeyValue::Double(-0.5),
            KeyValue::Text("größe".into()),
            KeyValue::Bytes(vec![0, 255]),
            KeyValue::Text(String::new()),
        ];
        assert_eq!(key_of_bytes(&key_bytes(&key)).as_deref(), Some(key.as_slice()));
        assert_eq!(key_of_bytes(&[1, 8]), None);
    }
}
