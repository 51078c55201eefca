//! Where states are published: blobs, a manifest for each version, and one small object that says which version counts.
//!
//! ```text
//! head ──► manifests/<v>-<digest> ──► blobs/snapshot-<v>-<digest>, delta-<u>-<v>-<digest>, reversedelta-<v>-<u>-<digest>
//!                   │ previous
//!                   ▼
//!          manifests/<u>-<digest> ──► …
//! ```
//!
//! - Blobs and manifests are written once and named by content. [`BlobStore`] holds them; it knows bytes only.
//! - `head` is the commit point: it names version and digest of the newest manifest and moves by compare-and-set
//!   ([`Registers`]). What `head` does not reach does not exist for a reader, whatever lies in the store.
//! - A manifest lists every blob with length and SHA-256; nothing is parsed before both agree.
//! - A snapshot belongs to the cycle that publishes its version, or is finished later, in the background. The manifest of
//!   its version never changes; a late snapshot is named by the manifest of the version published next
//!   ([`LateSnapshot`]), so it becomes visible with that one's commit. [`route::Chain`] puts it where it belongs.
//!
//! Planning a way through the chain stands in [`route`]; it works on any [`Source`], also on a directory in the layout of
//! Java Hollow ([`JavaDirectory`]). What to write when is the producer's business.

mod blob_store;
mod cache;
mod error;
mod fs;
pub mod gc;
mod java;
mod key;
mod load;
mod location;
mod manifest;
mod memory;
mod metered;
mod mirror;
mod operators;
pub mod route;
#[cfg(feature = "s3")]
mod s3;
mod source;
#[cfg(test)]
mod tests;
pub mod verify;

pub use blob_store::{BlobBytes, BlobStore, Listed, Put, ReadUnless, Register, Registers, Staged, Token};
pub(crate) use cache::LocalCache;
pub use error::StoreError;
pub use fs::FsStore;
pub use java::JavaDirectory;
pub use key::{BlobKind, Key, Sha256};
pub(crate) use load::load_with;
pub use load::{LoadError, load};
pub use manifest::{
    BlobEntry, Head, KeyChanges, LateSnapshot, Manifest, Previous, Receipt, SCHEMA, Slot, SlotCounts, TypeCounts,
};
pub use memory::MemoryStore;
pub use metered::{Operation, Outcome, StoreMeter};
pub use mirror::FsMirror;
pub use operators::{Document, Labels, Mark, Marks, Pin, Pins, Tag, Tags, Verdict, bad_ancestor};
#[cfg(feature = "s3")]
pub use s3::{S3Checksums, S3Credentials, S3Settings, S3Store};
pub(crate) use source::now_ms;
pub use source::{Answer, BlobRef, Link, LinkRef, PartRef, Source};

use std::path::Path;
use std::sync::Arc;

/// A place to publish to and to read from: blobs and registers of one dataset. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    blobs: Arc<dyn BlobStore>,
    registers: Arc<dyn Registers>,
}

impl Store {
    /// A store of these two parts.
    pub fn new(blobs: Arc<dyn BlobStore>, registers: Arc<dyn Registers>) -> Self {
        Self { blobs, registers }
    }

    /// The store in a directory; see [`FsStore::open`].
    ///
    /// # Errors
    /// As [`FsStore::open`].
    pub fn fs(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        Ok(FsStore::open(directory)?.into())
    }

    /// A store in the memory of this process.
    pub fn memory() -> Self {
        MemoryStore::new().into()
    }

    /// The blobs.
    pub fn blobs(&self) -> &dyn BlobStore {
        self.blobs.as_ref()
    }

    /// The registers.
    pub fn registers(&self) -> &dyn Registers {
        self.registers.as_ref()
    }
}

impl<S: BlobStore + Registers + 'static> From<S> for Store {
    fn from(store: S) -> Self {
        let store = Arc::new(store);
        Self::new(store.clone(), store)
    }
}
