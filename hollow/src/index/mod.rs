//! Finding records by their values.
//!
//! An index belongs to the state it was built from: ask it together with that state, and it never disagrees with the
//! data.

mod unique_key;

pub use unique_key::{DuplicateKey, UniqueKey};
