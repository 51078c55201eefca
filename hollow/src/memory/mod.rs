//! Bits and bytes: packed arrays, variable-length integers, hashes, sets of ordinals.
//!
//! Nothing here knows about schemas, blobs or states.

pub mod bit_array;
pub mod gap_list;
pub mod hash;
pub(crate) mod huge;
mod map;
pub mod mutf8;
mod ordinal_set;
#[cfg(test)]
mod tests;
pub mod text;
pub mod var_int;
pub mod zigzag;

pub use map::MappedFile;
pub use ordinal_set::{OrdinalSet, Ordinals};
