//! Reading untrusted bytes: every length is checked against what remains before anything is allocated.

use crate::memory::mutf8::{self, Mutf8Error};
use crate::memory::var_int::{self, Decoded};

/// What is wrong with a blob, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}, at byte={offset}{}", context(.type_name, .field))]
pub struct DecodeError {
    /// Byte offset in the blob.
    pub offset: u64,
    /// The type whose state was being read.
    pub type_name: Option<String>,
    /// The field or part of the type state that was being read.
    pub field: Option<String>,
    /// What is wrong.
    pub kind: DecodeErrorKind,
}

fn context(type_name: &Option<String>, field: &Option<String>) -> String {
    let mut text = String::new();
    for (label, value) in [("type", type_name), ("field", field)] {
        if let Some(value) = value {
            text.push_str(&format!(", {label}={value}"));
        }
    }
    text
}

impl DecodeError {
    /// Adds the type that was being read, unless it is known already.
    pub fn in_type(mut self, name: &str) -> Self {
        self.type_name.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Adds the field that was being read, unless it is known already.
    pub fn in_field(mut self, name: &str) -> Self {
        self.field.get_or_insert_with(|| name.to_owned());
        self
    }
}

/// What can be wrong with the bytes of a blob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes end too early.
    #[error("truncated: needed={needed} bytes of {what}, remaining={remaining}")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// How many bytes it takes.
        needed: u64,
        /// How many are left.
        remaining: u64,
    },
    /// A variable-length integer that is null, too long or does not fit.
    #[error("malformed variable-length integer for {0}")]
    VarInt(&'static str),
    /// A name or header tag that is not modified UTF-8.
    #[error(transparent)]
    Text(#[from] Mutf8Error),
    /// A value outside of what can be.
    #[error("{what}: expected {expected}, found={found}")]
    Invalid {
        /// What was being read.
        what: &'static str,
        /// What it could be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A delta that leads from another state than the one it is applied to.
    #[error("the delta leads from another state, expected={expected} found={found}")]
    WrongOrigin {
        /// The tag of the state.
        expected: i64,
        /// The tag that the delta leads from.
        found: i64,
    },
    /// Bytes after the end.
    #[error("{0} bytes are left over after the last type state")]
    TrailingBytes(u64),
}

/// Walks over the bytes of a blob. Every read advances or fails.
#[derive(Clone, Debug)]
pub struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Cursor<'b> {
    /// Starts at the first byte.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were read.
    pub fn offset(&self) -> u64 {
        self.at as u64
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    /// An error of this kind at the current offset.
    pub fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError {
            offset: self.offset(),
            type_name: None,
            field: None,
            kind,
        }
    }

    /// A value that cannot be, at the current offset.
    pub fn invalid(&self, what: &'static str, expected: impl Into<String>, found: impl ToString) -> DecodeError {
        self.error(DecodeErrorKind::Invalid {
            what,
            expected: expected.into(),
            found: found.to_string(),
        })
    }

    /// The next `length` bytes.
    pub fn take(&mut self, what: &'static str, length: u64) -> Result<&'b [u8], DecodeError> {
        if length > self.remaining() {
            let remaining = self.remaining();
            return Err(self.error(DecodeErrorKind::Truncated {
                what,
                needed: length,
                remaining,
            }));
        }
        let start = self.at;
        self.at += length as usize;
        Ok(&self.bytes[start..self.at])
    }

    /// A byte.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    /// A 16-bit big-endian value.
    pub fn i16(&mut self, what: &'static str) -> Result<i16, DecodeError> {
        self.array(what).map(i16::from_be_bytes)
    }

    /// A 32-bit big-endian value.
    pub fn i32(&mut self, what: &'static str) -> Result<i32, DecodeError> {
        self.array(what).map(i32::from_be_bytes)
    }

    /// A 64-bit big-endian value.
    pub fn i64(&mut self, what: &'static str) -> Result<i64, DecodeError> {
        self.array(what).map(i64::from_be_bytes)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let bytes = self.take(what, N as u64)?;
        Ok(bytes.try_into().expect("as many bytes as were asked for"))
    }

    /// A variable-length integer of 32 bits, as an unsigned pattern.
    pub fn var_u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.var_int(what, var_int::read_u32).map(|value| value as u32)
    }

    /// A variable-length integer of 32 bits, signed: -1 arrives as five bytes.
    pub fn var_i32(&mut self, what: &'static str) -> Result<i32, DecodeError> {
        self.var_u32(what).map(u32::cast_signed)
    }

    /// A variable-length integer of 64 bits.
    pub fn var_u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.var_int(what, var_int::read_u64)
    }

    fn var_int(&mut self, what: &'static str, read: fn(&[u8]) -> Decoded) -> Result<u64, DecodeError> {
        match read(&self.bytes[self.at..]) {
            Decoded::Value(value, length) => {
                self.at += length;
                Ok(value)
            }
            Decoded::Truncated => {
                let remaining = self.remaining();
                Err(self.error(DecodeErrorKind::Truncated {
                    what,
                    needed: remaining + 1,
                    remaining,
                }))
            }
            Decoded::Null | Decoded::TooLong => Err(self.error(DecodeErrorKind::VarInt(what))),
        }
    }

    /// A count of things that take at least `min_bytes` each: refused if they cannot all be there.
    pub fn count(&mut self, what: &'static str, min_bytes: u64) -> Result<usize, DecodeError> {
        let count = self.var_u32(what)?;
        if u64::from(count) > self.remaining() / min_bytes.max(1) {
            return Err(self.invalid(what, format!("at most {}", self.remaining() / min_bytes.max(1)), count));
        }
        Ok(count as usize)
    }

    /// A text: 16-bit length, then modified UTF-8.
    pub fn utf(&mut self, what: &'static str) -> Result<String, DecodeError> {
        let length = self.i16(what)?.cast_unsigned();
        let bytes = self.take(what, u64::from(length))?;
        mutf8::decode(bytes).map_err(|error| self.error(error.into()))
    }

    /// A name: a text that is not empty.
    pub fn name(&mut self, what: &'static str) -> Result<String, DecodeError> {
        let name = self.utf(what)?;
        if name.is_empty() {
            return Err(self.invalid(what, "a name", "\"\""));
        }
        Ok(name)
    }

    /// Fails if anything is left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            left => Err(self.error(DecodeErrorKind::TrailingBytes(left))),
        }
    }
}
