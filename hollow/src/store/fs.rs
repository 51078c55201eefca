//! A store in a directory of a local or shared file system.
//!
//! ```text
//! blobs/  manifests/  quarantine/     objects, each linked into place when complete and synced
//! head  pin  marks  tags              registers, replaced by rename
//! lock                                held for the moment in which a register is compared and replaced
//! staging/                            what is not published yet; nothing here is ever read by consumers
//! ```
//!
//! Every file is written under a temporary name, synced, given its name in one step, and the directory synced. Objects
//! get their name by a hard link, which fails if the name is taken: that is what makes "create if absent" atomic.

use super::{BlobBytes, BlobStore, Key, Listed, Put, Register, Registers, Staged, StoreError, Token};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long to wait for another process to finish with a register.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// A register is a small JSON object; anything longer is none of ours.
const MAX_REGISTER_BYTES: u64 = 64 * 1024;

/// A store in a directory.
#[derive(Debug)]
pub struct FsStore {
    directory: PathBuf,
}

impl FsStore {
    /// Opens the store in this directory and creates what is missing.
    ///
    /// # Errors
    /// [`StoreError`] if the directory cannot be made or written to.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let directory = directory.as_ref().to_owned();
        for part in ["blobs", "manifests", "quarantine", "staging"] {
            let path = directory.join(part);
            fs::create_dir_all(&path).map_err(|e| at(&path, e))?;
        }
        remove_leftovers(&directory.join("staging"));
        Ok(Self { directory })
    }

    /// Opens a store that is there already and writes nothing: all a consumer needs.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if the directory holds no store.
    pub fn open_existing(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let directory = directory.as_ref().to_owned();
        if directory.join("manifests").is_dir() {
            Ok(Self { directory })
        } else {
            Err(StoreError::absent(format!(
                "store in directory={}",
                directory.display()
            )))
        }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.directory.join(key.as_str())
    }

    fn temporary(&self) -> PathBuf {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        // The process id alone does not tell processes on two hosts apart; creating the file without replacing one does.
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_nanos());
        self.directory
            .join(format!("staging/put-{}-{count}-{nanos}", std::process::id()))
    }

    /// Runs `work` while no other process or thread works on a register of this store.
    fn locked<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let path = self.directory.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| at(&path, e))?;
        let start = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(at(&path, error)),
                Err(TryLockError::WouldBlock) if start.elapsed() > LOCK_TIMEOUT => {
                    let error = io::Error::new(io::ErrorKind::TimedOut, "another process holds the lock");
                    return Err(at(&path, error));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        let result = work();
        drop(lock); // closing the file lets go of the lock
        result
    }
}

/// Removes what processes left behind that were killed while they wrote. Whatever is being written is younger.
fn remove_leftovers(staging: &Path) {
    const AGE: Duration = Duration::from_secs(24 * 3600);
    for entry in fs::read_dir(staging).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with("put-"));
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        if ours && age.is_some_and(|age| age > AGE) {
            let _ = fs::remove_file(entry.path()); // it only takes room, and the next one to open the store tries again
        }
    }
}

fn at(path: &Path, error: io::Error) -> StoreError {
    StoreError::io(path.display().to_string(), error)
}

/// Makes names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(|e| at(path, e))
}

/// Writes a new file and makes its content durable. A file that could not be finished is removed.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let written = File::create_new(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| {
        if error.kind() != io::ErrorKind::AlreadyExists {
            let _ = fs::remove_file(path);
        }
        at(path, error)
    })
}

impl BlobStore for FsStore {
    fn put(&self, key: &Key, object: &Staged) -> Result<Put, StoreError> {
        let path = self.path(key);
        let parent = path.parent().unwrap_or(&self.directory);
        fs::create_dir_all(parent).map_err(|e| at(parent, e))?;
        if let Staged::File(staged) = object {
            // Linking needs no copy but works within one file system only.
            File::open(staged)
                .and_then(|file| file.sync_all())
                .map_err(|e| at(staged, e))?;
            match fs::hard_link(staged, &path) {
                Ok(()) => return sync_directory(parent).map(|()| Put::Created),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Put::Exists),
                Err(_) => {}
            }
        }
        let temporary = self.temporary();
        write_synced(&temporary, &object.open()?)?;
        let linked = fs::hard_link(&temporary, &path);
        let _ = fs::remove_file(&temporary); // it only costs room, and the producer sweeps the staging directory
        match linked {
            Ok(()) => sync_directory(parent).map(|()| Put::Created),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Put::Exists),
            Err(error) => Err(at(&path, error)),
        }
    }

    fn open(&self, key: &Key) -> Result<BlobBytes, StoreError> {
        let path = self.path(key);
        match BlobBytes::map(&path) {
            Err(StoreError::Absent { .. }) => Err(StoreError::absent(key)),
            other => other,
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<Key>, StoreError> {
        let mut keys = Vec::new();
        for part in ["blobs", "manifests", "quarantine"] {
            // Only directories that can hold names with this prefix.
            let common = part.len().min(prefix.len());
            if part.as_bytes()[..common] != prefix.as_bytes()[..common] {
                continue;
            }
            let directory = self.directory.join(part);
            for entry in fs::read_dir(&directory).map_err(|e| at(&directory, e))? {
                let name = entry.map_err(|e| at(&directory, e))?.file_name();
                // Names that are no keys are not ours.
                let key = name.to_str().and_then(|name| Key::new(format!("{part}/{name}")).ok());
                keys.extend(key.filter(|key| key.as_str().starts_with(prefix)));
            }
        }
        Ok(keys)
    }

    fn survey(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let look = |key: Key| match fs::metadata(self.path(&key)) {
            Ok(metadata) => Some(Ok(Listed {
                bytes: Some(metadata.len()),
                modified: metadata.modified().ok(),
                key,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None, // removed meanwhile
            Err(error) => Some(Err(at(&self.path(&key), error))),
        };
        self.list(prefix)?.into_iter().filter_map(look).collect()
    }

    fn remove(&self, key: &Key) -> Result<(), StoreError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&path, error)),
            _ => Ok(()),
        }
    }

    fn staging(&self) -> Option<PathBuf> {
        Some(self.directory.join("staging"))
    }
}

impl Registers for FsStore {
    fn read(&self, register: Register) -> Result<Option<(Vec<u8>, Token)>, StoreError> {
        let path = self.directory.join(register.to_string());
        let length = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path, error)),
        };
        if length > MAX_REGISTER_BYTES {
            let expected = format!("at most {MAX_REGISTER_BYTES} bytes");
            return Err(StoreError::corrupt(path.display(), expected, format!("{length} bytes")));
        }
        let bytes = fs::read(&path).map_err(|e| at(&path, e))?;
        let token = Token::of(&bytes);
        Ok(Some((bytes, token)))
    }

    fn compare_and_set(
        &self,
        register: Register,
        expected: Option<&Token>,
        content: &[u8],
    ) -> Result<Token, StoreError> {
        // What takes long is done before and after. A process that is stopped while it holds the lock holds up all others
        // until it goes on: there are but two calls in which that can happen.
        let temporary = self.temporary();
        write_synced(&temporary, content)?;
        let path = self.directory.join(register.to_string());
        let replaced = self.locked(|| {
            let current = self.read(register)?.map(|(_, token)| token);
            if current.as_ref() != expected {
                return Err(StoreError::Conflict {
                    what: register.to_string(),
                });
            }
            fs::rename(&temporary, &path).map_err(|e| at(&path, e))
        });
        if let Err(error) = replaced {
            let _ = fs::remove_file(&temporary); // whoever opens the store one day later tries again
            return Err(error);
        }
        // Somebody may have replaced it meanwhile: then this makes both names durable, or they did, in their order.
        sync_directory(&self.directory)?;
        Ok(Token::of(content))
    }
}
