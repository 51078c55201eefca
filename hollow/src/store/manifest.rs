//! The small documents of a store that producers write: manifest and head, JSON with a number for their form.

use super::{BlobKind, Key, Put, Register, Sha256, Staged, Store, StoreError, Token};
use crate::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The number of the form of these documents. Higher numbers are refused.
pub const SCHEMA: u32 = 1;

/// A manifest is a list of a few blobs; anything longer is none of ours.
const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// All there is to know about a published version. Never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Form of this document: [`SCHEMA`].
    pub schema: u32,
    /// The version.
    pub version: Version,
    /// The version before; `None` for the first.
    pub previous: Option<Previous>,
    /// The epoch of the producer that made it.
    pub epoch: u64,
    /// Tells this attempt from every other.
    pub nonce: String,
    /// Random tag of the state, as in its blobs.
    pub tag: i64,
    /// The blobs of this version: a snapshot, a delta from the version before, a reverse delta to it; any may be missing.
    pub blobs: Vec<BlobEntry>,
    /// Header tags of the state.
    pub header_tags: BTreeMap<String, String>,
    /// Hash over the schemas.
    pub schema_hash: i32,
    /// Checksum over all records ([`crate::tools::checksum`]), if it was taken.
    pub record_checksum: Option<i32>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: u64,
    /// What the validators said.
    pub receipts: Vec<Receipt>,
    /// How many records each type has, and what became of those of the version before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, TypeCounts>,
    /// Digest over the root records that changed since the version before ([`crate::producer`]): equal for equal changes,
    /// in whatever order they came. Taken of what was refused, and of what was accepted all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_digest: Option<Sha256>,
    /// What the versions of the last while changed, up to this one, oldest first; as far as validators asked for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<Slot>,
    /// A snapshot of an earlier version that was finished since: see [`LateSnapshot`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_snapshot: Option<LateSnapshot>,
}

/// A snapshot that was written after its version was announced, while later ones were made. The manifest of its own
/// version does not change: the next one names it, and with that one it becomes visible, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateSnapshot {
    /// The version it holds.
    pub version: Version,
    /// Digest of the manifest of that version.
    pub manifest: Sha256,
    /// The snapshot.
    pub blob: BlobEntry,
}

/// The version before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// The version.
    pub version: Version,
    /// Digest of its manifest.
    pub manifest: Sha256,
}

/// A blob as a manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobEntry {
    /// What it does.
    pub kind: BlobKind,
    /// The version it leads from; a snapshot has none.
    pub from: Option<Version>,
    /// The version it leads to.
    pub to: Version,
    /// Its key in the store.
    pub key: String,
    /// How many bytes it has.
    pub length: u64,
    /// The digest of its bytes.
    pub sha256: Sha256,
}

/// What a validator said about a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The validator.
    pub validator: String,
    /// Whether the version passed.
    pub passed: bool,
    /// What it looked at, in words.
    pub details: String,
    /// Who let the version pass all the same, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<String>,
}

impl Receipt {
    /// Whether the version must not be published because of this.
    pub fn refuses(&self) -> bool {
        !self.passed && self.waived.is_none()
    }
}

/// How many records a type has in a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeCounts {
    /// Records of the type.
    pub records: u64,
    /// What became of the records of the version before, by primary key. Counted of root types that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<KeyChanges>,
}

/// What became of the records of a type from one version to the next, by primary key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChanges {
    /// Keys that no record had before.
    pub added: u64,
    /// Keys whose record is another one than before.
    pub changed: u64,
    /// Keys that no record has any more.
    pub removed: u64,
}

/// What some versions that follow each other changed together. Anybody can add it up from [`Manifest::counts`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// When the first of them was made, in milliseconds since 1970.
    pub since: u64,
    /// When the last of them was made.
    pub until: u64,
    /// The changes, by type.
    pub types: BTreeMap<String, SlotCounts>,
    /// The validators that refused the version and were overruled; such a version has a slot of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overruled: Vec<String>,
}

/// What became of the records of one type in a [`Slot`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotCounts {
    /// Records before the first version of the slot.
    pub before: u64,
    /// The most records before any of its versions.
    pub most: u64,
    /// The sums of what its versions added, changed and removed.
    #[serde(flatten)]
    pub changes: KeyChanges,
}

/// The announced version: what the register [`Register::Head`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Form of this document: [`SCHEMA`].
    pub schema: u32,
    /// The announced version.
    pub version: Version,
    /// Digest of its manifest.
    pub manifest: Sha256,
    /// The epoch of the producer that may announce next. A producer with a lower one has been replaced.
    pub epoch: u64,
    /// Tells this attempt from every other.
    pub nonce: String,
    /// When it was announced, in milliseconds since 1970.
    pub announced_at: u64,
}

/// Reads one of these documents.
pub(super) fn parse<T: for<'de> Deserialize<'de>>(what: &str, bytes: &[u8]) -> Result<T, StoreError> {
    #[derive(Deserialize)]
    struct Form {
        schema: u32,
    }
    let damaged = |error: serde_json::Error| StoreError::corrupt(what, "a JSON document of this kind", error);
    let form: Form = serde_json::from_slice(bytes).map_err(damaged)?;
    if form.schema != SCHEMA {
        let expected = format!("form {SCHEMA}, the only one this program reads");
        return Err(StoreError::corrupt(what, expected, form.schema));
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

impl Head {
    /// Reads what the register holds.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, StoreError> {
        parse("head", bytes)
    }
}

impl Manifest {
    /// The document.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest has no maps with other keys than texts")
    }

    /// The blob of this kind.
    pub fn blob(&self, kind: BlobKind) -> Option<&BlobEntry> {
        self.blobs.iter().find(|blob| blob.kind == kind)
    }

    /// Whether the document fits together: what its blobs lead from and to is this version and the one before.
    fn check(&self, what: &Key) -> Result<(), StoreError> {
        let previous = self.previous.map(|previous| previous.version);
        for blob in &self.blobs {
            let fits = match blob.kind {
                BlobKind::Snapshot => (blob.from, blob.to) == (None, self.version),
                BlobKind::Delta => previous.is_some() && (blob.from, blob.to) == (previous, self.version),
                BlobKind::ReverseDelta => (blob.from, Some(blob.to)) == (Some(self.version), previous),
            };
            if !fits {
                let expected = format!(
                    "a {} that joins versions {previous:?} and {:?}",
                    blob.kind, self.version
                );
                return Err(StoreError::corrupt(what, expected, &blob.key));
            }
            Key::new(blob.key.as_str())?;
        }
        if let Some(late) = &self.late_snapshot {
            let blob = &late.blob;
            let fits = (blob.kind, blob.from, blob.to) == (BlobKind::Snapshot, None, late.version);
            if !fits || late.version >= self.version {
                let expected = format!("a snapshot of a version before {}", self.version);
                return Err(StoreError::corrupt(what, expected, &blob.key));
            }
            Key::new(blob.key.as_str())?;
        }
        if previous.is_some_and(|previous| previous >= self.version) {
            return Err(StoreError::corrupt(
                what,
                "a version above the one before",
                self.version,
            ));
        }
        Ok(())
    }
}

impl Store {
    /// The announced version and the token to replace it; `None` if nothing was ever announced.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot tell or holds something else.
    pub fn head(&self) -> Result<Option<(Head, Token)>, StoreError> {
        let read = self.registers().read(Register::Head)?;
        read.map(|(bytes, token)| Ok((Head::parse(&bytes)?, token))).transpose()
    }

    /// Announces a version, if the head still is as expected.
    ///
    /// # Errors
    /// As [`Registers::compare_and_set`](super::Registers::compare_and_set).
    pub fn set_head(&self, expected: Option<&Token>, head: &Head) -> Result<Token, StoreError> {
        let bytes = serde_json::to_vec(head).expect("a head is plain data");
        self.registers().compare_and_set(Register::Head, expected, &bytes)
    }

    /// The manifest of a version, with this digest.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if it is not there, [`StoreError::Corrupt`] if it has another digest or form.
    pub fn manifest(&self, version: Version, sha256: &Sha256) -> Result<Manifest, StoreError> {
        let key = Key::manifest(version, sha256);
        let bytes = self.blobs().open_within(&key, MAX_MANIFEST_BYTES as u64)?;
        let length = bytes.len() as u64;
        let bytes = bytes.verified(&key, length, sha256)?;
        let manifest: Manifest = parse(key.as_str(), &bytes)?;
        if manifest.version != version {
            return Err(StoreError::corrupt(
                &key,
                format!("version {version}"),
                manifest.version,
            ));
        }
        manifest.check(&key)?;
        Ok(manifest)
    }

    /// Puts a manifest; returns its digest. It is not announced by that.
    ///
    /// # Errors
    /// As [`BlobStore::put`](super::BlobStore::put).
    pub fn put_manifest(&self, manifest: &Manifest) -> Result<Sha256, StoreError> {
        let bytes = manifest.to_json();
        let sha256 = Sha256::of(&bytes);
        let key = Key::manifest(manifest.version, &sha256);
        match self.blobs().put(&key, &Staged::Bytes(bytes.into()))? {
            Put::Created => {}
            // Put before by an attempt whose answer was lost; the name holds the digest, so it must be the same.
            Put::Exists => drop(self.manifest(manifest.version, &sha256)?),
        }
        Ok(sha256)
    }

    /// The verified bytes of a blob.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if length or digest differ from what the manifest says.
    pub fn blob(&self, entry: &BlobEntry) -> Result<super::BlobBytes, StoreError> {
        let key = Key::new(entry.key.as_str())?;
        self.blobs()
            .open_within(&key, entry.length)?
            .verified(&key, entry.length, &entry.sha256)
    }
}
