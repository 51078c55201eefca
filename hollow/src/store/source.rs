//! What a reader needs to know of a place that states are published to.

use super::operators::Document;
use super::{
    BlobBytes, BlobEntry, BlobKind, Head, Key, Labels, Manifest, Pin, Pins, ReadUnless, Register, Sha256, Store,
    StoreError, Token,
};
use crate::Version;
use std::fmt;
use std::time::SystemTime;

/// A place to read a chain of states from: a [`Store`], or a directory written by Java Hollow.
pub trait Source: Send + Sync + fmt::Debug {
    /// The announced version; `None` if nothing was announced yet.
    ///
    /// # Errors
    /// [`StoreError`] if the source cannot tell.
    fn announced(&self) -> Result<Option<LinkRef>, StoreError>;

    /// The version that operators hold consumers at that have no labels.
    ///
    /// # Errors
    /// [`StoreError`] if the source cannot tell.
    fn pinned(&self) -> Result<Option<Version>, StoreError>;

    /// All pins; see [`Pins`]. A source that knows one only has one for everybody.
    ///
    /// # Errors
    /// [`StoreError`] if the source cannot tell.
    fn pins(&self) -> Result<Pins, StoreError> {
        let pin = self.pinned()?.map(|version| Pin::everybody(version, "", 0));
        Ok(pin.into_iter().collect())
    }

    /// As [`announced`](Source::announced), for somebody who asks again and again, and has the token of the last answer.
    ///
    /// # Errors
    /// As [`announced`](Source::announced).
    fn announced_unless(&self, known: Option<&Token>) -> Result<Answer<Option<LinkRef>>, StoreError> {
        let _ = known; // a source without tokens tells everything every time
        Ok(Answer::Changed(self.announced()?, None))
    }

    /// As [`pins`](Source::pins), for somebody who asks again and again, and has the token of the last answer.
    ///
    /// # Errors
    /// As [`pins`](Source::pins).
    fn pins_unless(&self, known: Option<&Token>) -> Result<Answer<Pins>, StoreError> {
        let _ = known; // as above
        Ok(Answer::Changed(self.pins()?, None))
    }

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

/// What a source tells somebody who has asked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// The same as before.
    Unchanged,
    /// This, and what to ask with the next time.
    Changed(T, Option<Token>),
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

impl From<&Head> for LinkRef {
    fn from(head: &Head) -> Self {
        Self {
            version: head.version,
            manifest: Some(head.manifest),
        }
    }
}

impl Store {
    /// Reads a register as a document, if it does not hold what the token stands for.
    fn read_as<T>(
        &self,
        register: Register,
        known: Option<&Token>,
        read: impl FnOnce(&[u8]) -> Result<T, StoreError>,
    ) -> Result<Answer<Option<T>>, StoreError> {
        let found = match known {
            Some(known) => self.registers().read_unless(register, known)?,
            None => ReadUnless::Changed(self.registers().read(register)?),
        };
        Ok(match found {
            ReadUnless::Unchanged => Answer::Unchanged,
            ReadUnless::Changed(None) => Answer::Changed(None, None),
            ReadUnless::Changed(Some((bytes, token))) => Answer::Changed(Some(read(&bytes)?), Some(token)),
        })
    }
}

impl Source for Store {
    fn announced(&self) -> Result<Option<LinkRef>, StoreError> {
        Ok(self.head()?.map(|(head, _)| LinkRef::from(&head)))
    }

    fn announced_unless(&self, known: Option<&Token>) -> Result<Answer<Option<LinkRef>>, StoreError> {
        self.read_as(Register::Head, known, |bytes| {
            Head::parse(bytes).map(|head| LinkRef::from(&head))
        })
    }

    fn pinned(&self) -> Result<Option<Version>, StoreError> {
        let pins = self.pins()?;
        let pin = pins.for_consumer(&Labels::new(), now_ms(SystemTime::now()));
        Ok(pin.map(|pin| pin.version))
    }

    fn pins(&self) -> Result<Pins, StoreError> {
        Ok(self.document()?.0)
    }

    fn pins_unless(&self, known: Option<&Token>) -> Result<Answer<Pins>, StoreError> {
        Ok(match self.read_as(Register::Pin, known, Pins::parse)? {
            Answer::Unchanged => Answer::Unchanged,
            Answer::Changed(pins, token) => Answer::Changed(pins.unwrap_or_default(), token),
        })
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

/// Milliseconds since 1970.
pub(crate) fn now_ms(now: SystemTime) -> u64 {
    let since = now.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
