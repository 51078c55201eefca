//! A total, high-density near cache: whole datasets, bit-packed, in the memory of every process that needs them.

pub mod blob;
pub mod memory;
mod ordinal;
pub mod record;
pub mod schema;
pub mod store;
mod version;
pub mod write;

pub use ordinal::Ordinal;
pub use version::Version;
