//! A whole data state.

use super::reclaim::Types;
use super::type_state::{ListTypeState, MapTypeState, ObjectTypeState, SetTypeState, TypeReadState};
use super::{ContentHash, Filter, LoadOptions, apply, load, tree};
use crate::blob::DecodeError;
use crate::memory::MappedFile;
use crate::record::Value;
use crate::schema::Dataset;
use crate::{Ordinal, Version};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One state of a data set: complete, immutable, cheap to clone and to share between threads.
///
/// A delta makes the next state of it; the two share all pages the delta does not touch.
#[derive(Clone)]
pub struct ReadState {
    pub(super) dataset: Arc<Dataset>,
    pub(super) types: Types, // in the order of the data set
    pub(super) header_tags: Arc<BTreeMap<String, String>>,
    pub(super) origin_tag: i64,
    pub(super) tag: i64,
    pub(super) version: Option<Version>,
    pub(super) lineage: Lineage,
}

/// Why a snapshot's file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be read or mapped.
    #[error("cannot map the file: {0}")]
    Io(#[from] std::io::Error),
    /// The file is not a snapshot.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Which state this is in this process, and of which it was made by a delta.
///
/// Between these two, an ordinal populated in both has the same record. Tags do not say that: a snapshot of the same tag
/// can come from a restored producer that lost the NaNs of the state before.
#[derive(Clone, Copy)]
pub(super) struct Lineage {
    id: u64,
    made_of: Option<u64>,
}

impl Lineage {
    /// A state read from a snapshot.
    pub(super) fn first() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            made_of: None,
        }
    }

    /// A state made of this one by a delta.
    pub(super) fn next(self) -> Self {
        Self {
            made_of: Some(self.id),
            ..Self::first()
        }
    }

    /// Whether one of the two was made of the other.
    pub(super) fn is_next_to(self, other: Self) -> bool {
        self.made_of == Some(other.id) || other.made_of == Some(self.id)
    }
}

impl ReadState {
    /// Reads a snapshot.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not a snapshot; says what was expected where.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::from_snapshot_with(bytes, &LoadOptions::default())
    }

    /// Reads a snapshot with some of its optional parts, or only some of its types and fields.
    ///
    /// # Errors
    /// As [`ReadState::from_snapshot`]; offsets of errors in a part count from the start of that part.
    pub fn from_snapshot_with(bytes: &[u8], options: &LoadOptions<'_>) -> Result<Self, DecodeError> {
        load::snapshot(bytes, options)
    }

    /// Opens a snapshot's file and reads it where it lies: the cost grows with the number of types and shards, not with
    /// the records. A page of the file is read by the operating system when a record in it is first asked for.
    ///
    /// Deltas apply as to any state: what they change is kept in memory. Only lengths are looked at now. What a damaged
    /// file says of records is found when they are read: then it is nothing, or another value, but never a failure.
    /// Verify the file by its manifest first, or load it with [`ReadState::from_snapshot`], if that matters.
    ///
    /// The file must not change while the state, or one made of it, lives. Blobs are written once, under names of their
    /// own, so replacing or deleting the file is all right; if somebody truncates it, the operating system ends the
    /// process when a missing page is read (`SIGBUS`).
    ///
    /// # Errors
    /// [`OpenError`] if the file cannot be mapped or is not a snapshot.
    pub fn open_mapped(path: &Path) -> Result<Self, OpenError> {
        Self::open_mapped_with(path, &[], &Filter::everything())
    }

    /// As [`ReadState::open_mapped`], with the files of some optional parts, or only some of the types and fields.
    ///
    /// # Errors
    /// As [`ReadState::open_mapped`].
    pub fn open_mapped_with(path: &Path, parts: &[&Path], filter: &Filter) -> Result<Self, OpenError> {
        let file = Arc::new(MappedFile::open(path)?);
        let parts = parts.iter().map(|part| MappedFile::open(part).map(Arc::new));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(load::mapped(&file, &parts, filter)?)
    }

    /// As [`ReadState::open_mapped_with`], over files that are mapped already.
    ///
    /// # Errors
    /// [`DecodeError`] if the file is not a snapshot.
    pub fn from_mapped(
        file: &Arc<MappedFile>,
        parts: &[Arc<MappedFile>],
        filter: &Filter,
    ) -> Result<Self, DecodeError> {
        load::mapped(file, parts, filter)
    }

    /// Whether one delta or reverse delta led from one of the two to the other, in this process.
    ///
    /// Then what the delta left alone is the same in both, references included: a writer removes a record only when
    /// nothing refers to it, and one delta cannot give a freed ordinal to another record.
    pub fn is_next_to(&self, other: &Self) -> bool {
        self.lineage.is_next_to(other.lineage)
    }

    /// The state that a delta or reverse delta leads to from this one. It has no version yet.
    ///
    /// Types and fields that this state does not have are left out; fields that the delta does not have are null in
    /// the records it adds. The cost grows with the records changed, not with those stored.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not a delta, or lead from another state.
    pub fn apply_delta(&self, bytes: &[u8]) -> Result<Self, DecodeError> {
        self.apply_delta_with(bytes, &[])
    }

    /// As [`ReadState::apply_delta`], with optional parts of the delta.
    ///
    /// # Errors
    /// As [`ReadState::apply_delta`]; offsets of errors in a part count from the start of that part.
    pub fn apply_delta_with(&self, bytes: &[u8], parts: &[&[u8]]) -> Result<Self, DecodeError> {
        apply::delta(self, bytes, parts)
    }

    /// The version under which the state is published, if it was given with [`ReadState::with_version`]: blobs do
    /// not say.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// The same state under this version.
    pub fn with_version(self, version: Version) -> Self {
        Self {
            version: Some(version),
            ..self
        }
    }

    /// The random tag that tells this state from all others. A delta applies if it leads from this tag.
    pub fn tag(&self) -> i64 {
        self.tag
    }

    /// The tag of the state that the blob this one was read from leads from.
    pub fn origin_tag(&self) -> i64 {
        self.origin_tag
    }

    /// The header tags.
    pub fn header_tags(&self) -> &BTreeMap<String, String> {
        &self.header_tags
    }

    /// The schemas of the types in this state, in the producer's order (types of optional parts last).
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// The types, in the order of the data set.
    pub fn types(&self) -> std::slice::Iter<'_, TypeReadState> {
        self.types.iter()
    }

    /// The type with this name.
    pub fn ty(&self, name: &str) -> Option<&TypeReadState> {
        self.types.get(self.dataset.position(name)?)
    }

    /// The object type with this name.
    pub fn object(&self, name: &str) -> Option<&ObjectTypeState> {
        self.ty(name)?.as_object()
    }

    /// The list type with this name.
    pub fn list(&self, name: &str) -> Option<&ListTypeState> {
        self.ty(name)?.as_list()
    }

    /// The set type with this name.
    pub fn set(&self, name: &str) -> Option<&SetTypeState> {
        self.ty(name)?.as_set()
    }

    /// The map type with this name.
    pub fn map(&self, name: &str) -> Option<&MapTypeState> {
        self.ty(name)?.as_map()
    }

    /// A whole record with everything it refers to; `None` if there is no such record.
    ///
    /// What is missing in a corrupt or filtered state is null, and so is what lies deeper than
    /// [`MAX_DEPTH`](super::MAX_DEPTH) references or beyond the first [`MAX_VALUES`](super::MAX_VALUES) values: data can
    /// go round in circles.
    pub fn value(&self, type_name: &str, ordinal: Ordinal) -> Option<Value> {
        tree::value(self, type_name, ordinal)
    }

    /// Bytes held in memory for the records of all types, those shared with other states included; nothing for what lies
    /// in a mapped file. Walks over the pages.
    pub fn memory_bytes(&self) -> usize {
        self.types().map(TypeReadState::memory_bytes).sum()
    }

    /// Bytes held in memory for records that are not shared with `other`.
    pub fn bytes_beside(&self, other: &Self) -> usize {
        let types = self.types().map(|ty| match other.ty(ty.name()) {
            Some(other) => ty.bytes_beside(other),
            None => ty.memory_bytes(),
        });
        types.sum()
    }

    /// The hash of all records of all types: equal for equal records in the same ordinals, however the state came about.
    /// See [`ObjectTypeState::content_hash`] for the cost.
    pub fn content_hash(&self) -> ContentHash {
        let types = self.types().map(|ty| ty.content_hash().of_type(ty.name()));
        types.fold(ContentHash::default(), ContentHash::plus)
    }
}

impl fmt::Debug for ReadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadState")
            .field("version", &self.version)
            .field("tag", &self.tag)
            .field("types", &self.types.len())
            .finish_non_exhaustive()
    }
}
