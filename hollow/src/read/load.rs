//! Reading snapshots.

use super::{LoadOptions, ReadState};
use crate::blob::{Cursor, DecodeError, Header};

pub(super) fn snapshot(bytes: &[u8], _options: &LoadOptions<'_>) -> Result<ReadState, DecodeError> {
    let mut cursor = Cursor::new(bytes);
    Header::read(&mut cursor)?;
    Err(cursor.invalid("type states", "a reader", "none yet"))
}
