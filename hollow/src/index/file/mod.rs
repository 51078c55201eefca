//! Indexes stored beside a snapshot, so that a start need not make them.
//!
//! ```text
//! "HIX3" and 12 zeros | frame | frame | ..  | SHA-256 of all before
//! frame                 length: 8 bytes, little-endian, and 8 zeros | an rkyv archive, padded to 16 bytes
//! ```
//!
//! The first frame names the state by its tag; then for each index a frame with what it was declared as, and some with
//! its pages. Frames are small, so neither writing nor reading needs much memory beside the index: where the file is
//! mapped, archives are read where they lie.
//!
//! A file is a shortcut and nothing more. One of another state or version, cut short, damaged or with anything in it
//! that cannot be is refused as a whole or for the index concerned, and that index is made from the records. The digest
//! tells damage from data, not friend from foe: keep the file where only the service can write, since who can write
//! it can leave records out. What a forged file cannot do is name a record that is not there, take memory beyond its
//! own length, or break the process. It holds the secrets of the indexes' hashes, so nobody else should read it either.

mod frames;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{IndexFile, IndexFileError, Restored};

/// The first bytes of a file; the digit is the version of everything in it, the hash functions included.
const MAGIC: &[u8; 16] = b"HIX3\0\0\0\0\0\0\0\0\0\0\0\0";
/// What archives are aligned to, in a file that is.
const ALIGNMENT: usize = 16;
