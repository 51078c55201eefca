//! Text as blobs store it: one variable-length integer per UTF-16 code unit.
//!
//! Unpaired surrogates can occur in blobs, so stored text is not always a Rust string: see [`StoredText`].

use super::{hash, var_int};
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
        out.extend_from_slice(text.as_bytes());
    } else {
        text.encode_utf16()
            .for_each(|unit| var_int::write_u32(out, u32::from(unit)));
    }
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
