//! The frame around type states: blob keys, bounded reading, headers and schemas in binary form.

mod cursor;
mod header;
mod schema_codec;

pub use cursor::{Cursor, DecodeError, DecodeErrorKind};
pub use header::{Header, PartHeader};
pub use schema_codec::{read_schema, write_schema};

/// The text of a name or header tag as the wire has it: a 16-bit length, then modified UTF-8.
///
/// # Errors
/// The text if it takes more than 65,535 bytes.
pub fn write_utf<'t>(out: &mut Vec<u8>, text: &'t str) -> Result<(), TooLong<'t>> {
    let bytes = crate::memory::mutf8::encode(text);
    let length = u16::try_from(bytes.len()).map_err(|_| TooLong(text))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&bytes);
    Ok(())
}

/// A name or header tag that takes more than 65,535 bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name or header tag may take 65,535 bytes at most, starts={:?}", .0.chars().take(40).collect::<String>())]
pub struct TooLong<'t>(pub &'t str);
