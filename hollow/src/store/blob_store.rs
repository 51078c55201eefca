//! What a store must be able to do with bytes.

use super::{Key, Sha256, StoreError};
use crate::memory::MappedFile;
use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Write-once objects of one dataset. An object is visible whole or not at all, and never changes.
pub trait BlobStore: Send + Sync + fmt::Debug {
    /// Puts an object unless one of this name is there. When it returns, the object is durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] leaves it open whether the object is there.
    fn put(&self, key: &Key, object: &Staged) -> Result<Put, StoreError>;

    /// Opens an object.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if it is not there.
    fn open(&self, key: &Key) -> Result<BlobBytes, StoreError>;

    /// Opens an object that must not be longer than this. A store that has to fetch objects looks at the length first.
    ///
    /// # Errors
    /// As [`open`](BlobStore::open), and [`StoreError::Corrupt`] if it is longer.
    fn open_within(&self, key: &Key, at_most: u64) -> Result<BlobBytes, StoreError> {
        let bytes = self.open(key)?;
        if bytes.len() as u64 > at_most {
            let expected = format!("at most {at_most} bytes");
            return Err(StoreError::corrupt(key, expected, format!("{} bytes", bytes.len())));
        }
        Ok(bytes)
    }

    /// The objects whose names begin with `prefix`, in no order. Only cleaning up may depend on it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot tell.
    fn list(&self, prefix: &str) -> Result<Vec<Key>, StoreError>;

    /// As [`list`](BlobStore::list), with what the store can tell of the objects without opening them.
    ///
    /// # Errors
    /// As [`list`](BlobStore::list).
    fn survey(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        Ok(self.list(prefix)?.into_iter().map(Listed::from).collect())
    }

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be removed.
    fn remove(&self, key: &Key) -> Result<(), StoreError>;

    /// A local directory in which a producer can prepare objects so that putting them needs no copy.
    fn staging(&self) -> Option<PathBuf> {
        None
    }
}

/// Small objects that change, each by compare-and-set.
pub trait Registers: Send + Sync + fmt::Debug {
    /// What the register holds, with the token to compare with; `None` if it was never set.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot tell.
    fn read(&self, register: Register) -> Result<Option<(Vec<u8>, Token)>, StoreError>;

    /// As [`read`](Registers::read), for somebody who has read before and asks whether anything changed: what has not is
    /// not told again. A store that has to be asked over a network answers with a few bytes then.
    ///
    /// # Errors
    /// As [`read`](Registers::read).
    fn read_unless(&self, register: Register, known: &Token) -> Result<ReadUnless, StoreError> {
        Ok(match self.read(register)? {
            Some((_, token)) if token == *known => ReadUnless::Unchanged,
            read => ReadUnless::Changed(read),
        })
    }

    /// Sets the register if it still is as `expected` says (`None`: was never set). When it returns, the change is durable.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the register is not as expected; nothing changed then.
    /// [`StoreError::Unavailable`] leaves it open whether the register changed.
    fn compare_and_set(
        &self,
        register: Register,
        expected: Option<&Token>,
        content: &[u8],
    ) -> Result<Token, StoreError>;

    /// Proves that the store does what [`compare_and_set`](Registers::compare_and_set) promises, also when many write at
    /// once. Whoever publishes asks this first. Stores that see to it themselves have nothing to prove; for others it
    /// takes a few dozen requests, and leaves nothing behind.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the store must not be published to; others if that could not be found out.
    fn prove(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The registers of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Register {
    /// The announced version. Set by the producer only.
    Head,
    /// The versions that consumers are held at ([`Pins`](super::Pins)). Set by operators only.
    Pin,
    /// Whether the producer is to wait. Set by operators only; what it holds is up to the program that produces.
    Hold,
    /// A refused candidate that is to be published all the same. Set by operators only, as [`Register::Hold`].
    Acceptance,
    /// Versions that people found to be bad, or good again ([`Marks`](super::Marks)). Set by operators only.
    Marks,
    /// Names that keep versions ([`Tags`](super::Tags)). Set by operators only.
    Tags,
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Register::Head => "head",
            Register::Pin => "pin",
            Register::Hold => "hold",
            Register::Acceptance => "acceptance",
            Register::Marks => "marks",
            Register::Tags => "tags",
        })
    }
}

/// Stands for one content of a register. What it is made of is up to the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token(pub String);

impl Token {
    pub(super) fn of(content: &[u8]) -> Self {
        Self(Sha256::of(content).to_string())
    }
}

/// What [`Registers::read_unless`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadUnless {
    /// The register holds what the token stands for.
    Unchanged,
    /// It does not: this is what [`Registers::read`] gives.
    Changed(Option<(Vec<u8>, Token)>),
}

/// What became of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The object is there now. Of several that put one name at the same time one is told so; only where an object travels
    /// in parts, to a server that does not check and make it in one step, more than one may be. What is there is whole all
    /// the same, and one of theirs: names of large objects are to tell their content, as those of blobs do.
    Created,
    /// There was one already, and it stays as it is.
    Exists,
}

/// An object as [`BlobStore::survey`] lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub key: Key,
    /// Its length, if the store tells.
    pub bytes: Option<u64>,
    /// When it was put, if the store tells.
    pub modified: Option<SystemTime>,
}

impl From<Key> for Listed {
    fn from(key: Key) -> Self {
        Self {
            key,
            bytes: None,
            modified: None,
        }
    }
}

/// An object that is ready to be put.
#[derive(Clone, Debug)]
pub enum Staged {
    /// A file that nobody writes to any more. A store may link to it.
    File(PathBuf),
    /// Bytes in memory.
    Bytes(Arc<[u8]>),
}

impl Staged {
    /// The bytes of the staged object.
    ///
    /// # Errors
    /// As the file system.
    pub fn open(&self) -> Result<BlobBytes, StoreError> {
        match self {
            Staged::File(path) => BlobBytes::map(path),
            Staged::Bytes(bytes) => Ok(BlobBytes::Memory(bytes.clone())),
        }
    }
}

/// The bytes of an object, in memory or mapped from a local file.
#[derive(Clone, Debug)]
pub enum BlobBytes {
    /// In memory.
    Memory(Arc<[u8]>),
    /// A mapped file.
    Mapped(Arc<MappedFile>),
}

impl BlobBytes {
    /// Maps a file.
    ///
    /// # Errors
    /// As the file system.
    pub fn map(path: &Path) -> Result<Self, StoreError> {
        let map = MappedFile::open(path).map_err(|e| StoreError::io(path.display().to_string(), e))?;
        Ok(Self::Mapped(Arc::new(map)))
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<Arc<MappedFile>> {
        match self {
            Self::Memory(_) => None,
            Self::Mapped(file) => Some(file.clone()),
        }
    }

    /// The bytes, if they are as many as expected and have the digest expected.
    pub(super) fn verified(self, what: &impl fmt::Display, length: u64, sha256: &Sha256) -> Result<Self, StoreError> {
        if self.len() as u64 != length {
            return Err(StoreError::corrupt(
                what,
                format!("{length} bytes"),
                format!("{} bytes", self.len()),
            ));
        }
        let found = Sha256::of(&self);
        if found != *sha256 {
            return Err(StoreError::corrupt(what, format!("sha256 {sha256}"), found));
        }
        Ok(self)
    }
}

impl Deref for BlobBytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            BlobBytes::Memory(bytes) => bytes,
            BlobBytes::Mapped(map) => map,
        }
    }
}
