//! Ascending ordinals as variable-length gaps. See `docs/format.md`, section 6.1.

use super::var_int::{self, Decoded};

/// Appends ascending ordinals.
pub fn write(out: &mut Vec<u8>, ordinals: impl IntoIterator<Item = u32>) {
    let mut previous = 0;
    for ordinal in ordinals {
        var_int::write_u32(out, ordinal.wrapping_sub(previous));
        previous = ordinal;
    }
}

/// Why bytes are not a gap list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GapListError {
    /// Not a variable-length integer.
    #[error("malformed gap at byte={0}")]
    Malformed(usize),
    /// The same ordinal twice.
    #[error("ordinals are not strictly ascending at byte={0}")]
    NotAscending(usize),
    /// Above what the caller allows.
    #[error("ordinal={ordinal} is above the maximum={max}")]
    TooLarge {
        /// The ordinal found.
        ordinal: u64,
        /// The highest one allowed.
        max: i64,
    },
}

/// Reads strictly ascending ordinals of at most `max` (-1: none are allowed).
pub fn read(bytes: &[u8], max: i64) -> Result<Vec<u32>, GapListError> {
    let mut ordinals = Vec::with_capacity(len(bytes));
    read_each(bytes, max, |ordinal| ordinals.push(ordinal))?;
    Ok(ordinals)
}

/// How many ordinals these bytes hold if they are a gap list.
pub fn len(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte < 0x80).count()
}

/// Hands over strictly ascending ordinals of at most `max` (-1: none are allowed), those before an error too.
pub fn read_each(bytes: &[u8], max: i64, mut each: impl FnMut(u32)) -> Result<(), GapListError> {
    let mut previous = 0u64;
    let mut at = 0;
    while at < bytes.len() {
        let Decoded::Value(gap, length) = var_int::read_u32(&bytes[at..]) else {
            return Err(GapListError::Malformed(at));
        };
        if gap == 0 && at > 0 {
            return Err(GapListError::NotAscending(at));
        }
        previous += gap;
        if i64::try_from(previous).is_ok_and(|p| p > max) {
            return Err(GapListError::TooLarge { ordinal: previous, max });
        }
        each(previous as u32);
        at += length;
    }
    Ok(())
}
