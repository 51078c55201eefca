//! Text as blobs store it: one variable-length integer per UTF-16 code unit.
//!
//! Unpaired surrogates can occur in blobs, so stored text is not always a Rust string: see [`StoredText`].

use super::hash;
use std::borrow::Cow;
use std::fmt;

/// The stored form of a Rust string.
pub fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    encode_into(&mut out, text);
    out
}

/// Appends the stored form of a Rust string.
pub fn encode_into(out: &mut Vec<u8>, text: &str) {
    if text.is_ascii() {
        return out.extend_from_slice(text.as_bytes());
    }
    out.reserve(text.len() * 3 / 2); // at worst, four bytes become two units of three
    for char in text.chars() {
        let code = u32::from(char);
        match code {
            0..0x80 => out.push(code as u8),
            0x80..0x4000 => out.extend_from_slice(&[(code >> 7) as u8 | 0x80, code as u8 & 0x7F]),
            0x4000..0x1_0000 => out.extend_from_slice(&unit_of_three(code)),
            _ => {
                let mut pair = [0; 2];
                for unit in char.encode_utf16(&mut pair) {
                    out.extend_from_slice(&unit_of_three(u32::from(*unit)));
                }
            }
        }
    }
}

/// The variable-length form of a UTF-16 unit of more than fourteen bits.
#[inline]
fn unit_of_three(unit: u32) -> [u8; 3] {
    [(unit >> 14) as u8 | 0x80, (unit >> 7) as u8 | 0x80, unit as u8 & 0x7F]
}

/// Text in its stored form, borrowed from a state. Comparing and hashing need no decoding.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoredText<'s>(&'s [u8]);

impl<'s> StoredText<'s> {
    /// Text over its stored bytes.
    pub fn new(bytes: &'s [u8]) -> Self {
        Self(bytes)
    }

    /// The stored bytes.
    pub fn bytes(self) -> &'s [u8] {
        self.0
    }

    /// The UTF-16 code units. A truncated last unit is dropped, as Java Hollow does.
    pub fn units(self) -> impl Iterator<Item = u16> + 's {
        let mut bytes = self.0.iter();
        std::iter::from_fn(move || {
            let mut unit = 0u16;
            loop {
                let byte = *bytes.next()?;
                unit = unit << 7 | u16::from(byte & 0x7f);
                if byte < 0x80 {
                    return Some(unit);
                }
            }
        })
    }

    /// The text: borrowed when it is ASCII, else decoded. Unpaired surrogates become U+FFFD.
    pub fn to_str(self) -> Cow<'s, str> {
        match std::str::from_utf8(self.0) {
            Ok(text) if text.is_ascii() => Cow::Borrowed(text),
            _ => Cow::Owned(
                char::decode_utf16(self.units())
                    .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect(),
            ),
        }
    }

    /// The text if it is well formed, `None` if it holds unpaired surrogates.
    pub fn to_well_formed(self) -> Option<Cow<'s, str>> {
        match std::str::from_utf8(self.0) {
            Ok(text) if text.is_ascii() => Some(Cow::Borrowed(text)),
            _ => char::decode_utf16(self.units())
                .collect::<Result<String, _>>()
                .ok()
                .map(Cow::Owned),
        }
    }

    /// Whether this is the stored form of `text`. Does not allocate.
    pub fn is(self, text: &str) -> bool {
        if text.is_ascii() {
            self.0 == text.as_bytes()
        } else {
            self.units().eq(text.encode_utf16())
        }
    }

    /// The hash that places records by text keys in sets and maps.
    pub fn java_hash(self) -> i32 {
        hash::java_string_hash(self.units())
    }
}

impl fmt::Debug for StoredText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl fmt::Display for StoredText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_str())
    }
}
