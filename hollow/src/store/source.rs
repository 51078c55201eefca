//! What a reader needs to know of a place that states are published to.

use super::{BlobBytes, BlobEntry, BlobKind, Key, Manifest, Sha256, Store, StoreError};
use crate::Version;
use std::fmt;

/// A place to read a chain of states from: a [`Store`], or a directory written by Java Hollow.
pub trait Source: Send + Sync + fmt::Debug {
    /// The announced version; `None` if nothing was announced yet.
    ///
    /// # Errors
    /// [`StoreError`] if the source cannot tell.
    fn announced(&self) -> Result<Option<LinkRef>, StoreError>;

    /// The version that operators hold consumers at.
    ///
    /// # Errors
    /// [`StoreError`] if the source cannot tell.
    fn pinned(&self) -> Result<Option<Version>, StoreError>;

    /// The newest version a reader may ask for. That is the announced one, unless announcing is not what makes versions
    /// count here.
    ///
    /// # Errors
    /// As [`announced`](Source::announced).
    fn tip(&self) -> Result<Option<LinkRef>, StoreError> {
        self.announced()
    }

    /// What is known about a version.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if the version is not there (any more).
    fn link(&self, at: &LinkRef) -> Result<Link, StoreError>;

    /// The bytes of a blob, verified if there is anything to verify them by: first the main stream, then its parts.
    ///
    /// # Errors
    /// [`StoreError`], above all [`StoreError::Corrupt`] if the bytes are not those of the blob.
    fn open(&self, blob: &BlobRef) -> Result<Vec<BlobBytes>, StoreError>;

    /// The names of all blobs and manifests there are, announced or not, in no order. For cleaning up and checking only.
    /// Empty if the source cannot tell.
    ///
    /// # Errors
    /// [`StoreError`] if the source should be able to tell and is not.
    fn inventory(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

/// Names a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkRef {
    /// The version.
    pub version: Version,
    /// The digest of its manifest, where there are manifests.
    pub manifest: Option<Sha256>,
}

/// A version in a chain, with the blobs that lead to it and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The version.
    pub version: Version,
    /// The version before.
    pub previous: Option<LinkRef>,
    /// Holds this state.
    pub snapshot: Option<BlobRef>,
    /// Leads from the version before to this one.
    pub delta: Option<BlobRef>,
    /// Leads from this version to the one before.
    pub reverse_delta: Option<BlobRef>,
    /// What the manifest says besides.
    pub manifest: Option<Manifest>,
}

/// A blob that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRef {
    /// What it does.
    pub kind: BlobKind,
    /// Its name in the source.
    pub name: String,
    /// How many bytes it has, with its parts.
    pub length: u64,
    /// The digest of its bytes, if known.
    pub sha256: Option<Sha256>,
    /// Its optional parts.
    pub parts: Vec<PartRef>,
}

/// An optional part of a blob.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartRef {
    /// Name of the part.
    pub part: String,
    /// Its name in the source.
    pub name: String,
}

impl From<&BlobEntry> for BlobRef {
    fn from(entry: &BlobEntry) -> Self {
        Self {
            kind: entry.kind,
            name: entry.key.clone(),
            length: entry.length,
            sha256: Some(entry.sha256),
            parts: Vec::new(),
        }
    }
}

impl From<Manifest> for Link {
    fn from(manifest: Manifest) -> Self {
        let blob = |kind| manifest.blob(kind).map(BlobRef::from);
        Self {
            version: manifest.version,
            previous: manifest.previous.map(|previous| LinkRef {
                version: previous.version,
                manifest: Some(previous.manifest),
            }),
            snapshot: blob(BlobKind::Snapshot),
            delta: blob(BlobKind::Delta),
            reverse_delta: blob(BlobKind::ReverseDelta),
            manifest: Some(manifest),
        }
    }
}

impl Source for Store {
    fn announced(&self) -> Result<Option<LinkRef>, StoreError> {
        Ok(self.head()?.map(|(head, _)| LinkRef {
            version: head.version,
            manifest: Some(head.manifest),
        }))
    }

    fn pinned(&self) -> Result<Option<Version>, StoreError> {
        Ok(self.pin()?.and_then(|(pin, _)| pin.version))
    }

    fn link(&self, at: &LinkRef) -> Result<Link, StoreError> {
        // Manifests are found by digest only: a version alone could be an attempt that was never announced.
        let sha256 = at
            .manifest
            .ok_or_else(|| StoreError::absent(format!("version={}", at.version)))?;
        self.manifest(at.version, &sha256).map(Link::from)
    }

    fn open(&self, blob: &BlobRef) -> Result<Vec<BlobBytes>, StoreError> {
        let key = Key::new(blob.name.as_str())?;
        let bytes = self.blobs().open_within(&key, blob.length)?;
        match &blob.sha256 {
            Some(sha256) => Ok(vec![bytes.verified(&key, blob.length, sha256)?]),
            None => Err(StoreError::corrupt(&key, "a blob with a known digest", "none")),
        }
    }

    fn inventory(&self) -> Result<Vec<String>, StoreError> {
        let mut keys = self.blobs().list("blobs/")?;
        keys.extend(self.blobs().list("manifests/")?);
        Ok(keys.iter().map(|key| key.as_str().to_owned()).collect())
    }
}
