//! Applying deltas.

use super::ReadState;
use crate::blob::{Cursor, DecodeError, Header};

pub(super) fn delta(_state: &ReadState, bytes: &[u8], _parts: &[&[u8]]) -> Result<ReadState, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    Header::read(&mut cursor)?;
    Err(cursor.invalid("type states", "a reader", "none yet"))
}
