//! A total, high-density near cache: whole datasets, bit-packed, in the memory of every process that needs them.

pub mod blob;
pub mod consumer;
pub mod copy;
pub mod index;
pub mod memory;
mod ordinal;
pub mod producer;
pub mod read;
pub mod record;
pub mod schema;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tools;
mod version;
pub mod write;

pub use ordinal::Ordinal;
pub use version::Version;
