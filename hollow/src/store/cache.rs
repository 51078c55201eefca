//! Blobs kept in a local directory, and what of them makes the last state that was good.
//!
//! ```text
//! blobs/<sha256>     blobs as the source has them, named by their digest and checked by it whenever they are read
//! last               the last good state: the snapshot to begin with and the deltas to apply; a digest, then JSON
//! loading-<v>-<n>    somebody is loading version v, or died while doing so (see `consumer::guard`)
//! ```
//!
//! Nothing here is needed to be right: what is missing or damaged is fetched again, and a cache that cannot be written
//! to is done without. Several processes can share a directory: blobs are written aside and renamed, `last` too,
//! and who writes it last wins. What `last` does not name is removed when it is old enough that nobody is fetching it.

use super::fs::write_synced;
use super::route::Route;
use super::{BlobBytes, BlobKind, BlobRef, Link, LinkRef, Pins, SCHEMA, Sha256, Source, StoreError};
use crate::Version;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// A blob that nothing names is kept this long: another process may be about to name it.
const GRACE: Duration = Duration::from_secs(600);
/// `last` lists a few hundred blobs at most; anything longer is none of ours.
const MAX_RECORD_BYTES: u64 = 1 << 20;

/// The directory.
#[derive(Debug)]
pub(crate) struct LocalCache {
    directory: PathBuf,
}

/// The last state that was good, as the blobs that make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastGood {
    /// Its version.
    pub(crate) version: Version,
    /// How to make it.
    pub(crate) route: Route,
    /// When it was in force.
    pub(crate) saved_at: SystemTime,
}

/// `last`.
#[derive(Serialize, Deserialize)]
struct Record {
    schema: u32,
    saved_at: u64, // milliseconds since 1970
    snapshot: Entry,
    steps: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    version: Version,
    kind: BlobKind,
    name: String,
    length: u64,
    sha256: Sha256,
}

impl Entry {
    fn of((version, blob): &(Version, BlobRef)) -> Option<Self> {
        Some(Self {
            version: *version,
            kind: blob.kind,
            name: blob.name.clone(),
            length: blob.length,
            sha256: blob.sha256?,
        })
    }

    fn into_step(self) -> (Version, BlobRef) {
        let blob = BlobRef {
            kind: self.kind,
            name: self.name,
            length: self.length,
            sha256: Some(self.sha256),
            parts: Vec::new(),
        };
        (self.version, blob)
    }
}

impl LocalCache {
    /// Opens the cache in this directory and makes what is missing; only this user can read what it makes.
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        let blobs = directory.join("blobs");
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&blobs).map_err(|e| at(&blobs, e))?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// The directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// This source, with blobs taken from the cache where it has them and put there where it has not.
    pub(crate) fn before<'s>(&'s self, source: &'s dyn Source) -> impl Source + 's {
        Cached {
            cache: self,
            source: Some(source),
        }
    }

    /// The blobs of the cache, and nothing else.
    pub(crate) fn alone(&self) -> impl Source + '_ {
        Cached {
            cache: self,
            source: None,
        }
    }

    /// What `last` says; `None` if there is none, or none that can be relied on.
    pub(crate) fn last(&self) -> Option<LastGood> {
        let path = self.directory.join("last");
        if fs::metadata(&path).ok()?.len() > MAX_RECORD_BYTES {
            return None;
        }
        let text = fs::read_to_string(&path).ok()?;
        let (sha256, json) = text.split_once('\n')?;
        if Sha256::of(json.as_bytes()).to_string() != sha256 {
            return None;
        }
        let record: Record = serde_json::from_str(json).ok()?;
        if record.schema != SCHEMA || record.snapshot.kind != BlobKind::Snapshot {
            return None;
        }
        let saved_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(record.saved_at))?;
        let version = record.steps.last().unwrap_or(&record.snapshot).version;
        let route = Route {
            snapshot: Some(record.snapshot.into_step()),
            steps: record.steps.into_iter().map(Entry::into_step).collect(),
        };
        Some(LastGood {
            version,
            route,
            saved_at,
        })
    }

    /// Writes `last` for a route whose blobs are all here, and removes the blobs it does not need.
    pub(crate) fn save(&self, route: &Route) -> Result<(), StoreError> {
        let unfit = || StoreError::absent("digest of a blob, by which the cache could tell that it is the same");
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let record = Record {
            schema: SCHEMA,
            saved_at: now.as_millis() as u64,
            snapshot: route.snapshot.as_ref().and_then(Entry::of).ok_or_else(unfit)?,
            steps: route
                .steps
                .iter()
                .map(Entry::of)
                .collect::<Option<_>>()
                .ok_or_else(unfit)?,
        };
        let needed = record.steps.iter().chain([&record.snapshot]);
        let needed: HashSet<String> = needed.map(|entry| entry.sha256.to_string()).collect();
        let json = serde_json::to_string(&record).expect("a record is plain data");
        let text = format!("{}\n{json}", Sha256::of(json.as_bytes()));
        self.write(&self.directory.join("last"), text.as_bytes())?;
        self.prune(&needed);
        Ok(())
    }

    fn prune(&self, needed: &HashSet<String>) {
        for entry in fs::read_dir(self.directory.join("blobs"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| modified.elapsed().ok());
            let unneeded = entry.file_name().to_str().is_none_or(|name| !needed.contains(name));
            if unneeded && age.is_some_and(|age| age > GRACE) {
                let _ = fs::remove_file(entry.path()); // it only takes room, and is tried again the next time
            }
        }
    }

    fn path(&self, sha256: &Sha256) -> PathBuf {
        self.directory.join("blobs").join(sha256.to_string())
    }

    /// The blob with this digest, if it is here and good.
    fn get(&self, length: u64, sha256: &Sha256) -> Option<BlobBytes> {
        let path = self.path(sha256);
        match BlobBytes::map(&path).ok()?.verified(&path.display(), length, sha256) {
            Ok(bytes) => Some(bytes),
            Err(_) => {
                let _ = fs::remove_file(&path); // fetched again; if it cannot be removed it is refused again
                None
            }
        }
    }

    /// Writes a file aside and gives it its name in one step.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let nanos = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_nanos());
        let name = format!("blobs/.writing-{}-{count}-{nanos}", std::process::id());
        let temporary = self.directory.join(name);
        write_synced(&temporary, bytes)?;
        fs::rename(&temporary, path).map_err(|e| at(path, e))
    }
}

fn at(path: &Path, error: std::io::Error) -> StoreError {
    StoreError::io(path.display().to_string(), error)
}

/// A source whose blobs are looked for in the cache first.
#[derive(Debug)]
struct Cached<'s> {
    cache: &'s LocalCache,
    source: Option<&'s dyn Source>,
}

impl Cached<'_> {
    fn source(&self) -> Result<&dyn Source, StoreError> {
        self.source
            .ok_or_else(|| StoreError::absent("source besides the local cache"))
    }
}

impl Source for Cached<'_> {
    fn announced(&self) -> Result<Option<LinkRef>, StoreError> {
        self.source()?.announced()
    }

    fn pinned(&self) -> Result<Option<Version>, StoreError> {
        self.source()?.pinned()
    }

    fn pins(&self) -> Result<Pins, StoreError> {
        self.source()?.pins()
    }

    fn link(&self, at: &LinkRef) -> Result<Link, StoreError> {
        self.source()?.link(at)
    }

    fn open(&self, blob: &BlobRef) -> Result<Vec<BlobBytes>, StoreError> {
        // Without a digest, or with parts that have none, nobody could tell an old blob from a new one of that name.
        let Some(sha256) = blob.sha256.filter(|_| blob.parts.is_empty()) else {
            return self.source()?.open(blob);
        };
        if let Some(bytes) = self.cache.get(blob.length, &sha256) {
            return Ok(vec![bytes]);
        }
        let Some(source) = self.source else {
            return Err(StoreError::absent(format!("blob={} in the local cache", blob.name)));
        };
        let bytes = source.open(blob)?;
        if let [bytes] = &bytes[..] {
            // A full disk must not keep anybody from loading; the next start then finds an older state, or none.
            let path = self.cache.path(&sha256);
            if self.cache.write(&path, bytes).is_ok()
                && let Ok(file) = BlobBytes::map(&path)
            {
                return Ok(vec![file]); // the same bytes, which the operating system can take back
            }
        }
        Ok(bytes)
    }
}
