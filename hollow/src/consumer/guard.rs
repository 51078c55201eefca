//! The crash-loop guard: a version that has killed processes while they loaded it is not loaded again.
//!
//! Whoever loads a version holds a lock on a file `loading-<version>-<n>` of its own in the cache directory and removes
//! it when the load has ended, well or not. A file that nobody holds was left by a process that died; locks end with
//! their process, whatever it died of, so processes that share the directory do not mistake each other for dead.

use super::RefreshError;
use crate::Version;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// So many deaths while loading a version are enough.
const ENOUGH: usize = 2;

/// Says while it lives that a version is being loaded.
#[derive(Debug)]
pub(super) struct Loading {
    path: PathBuf,
    _lock: File,
    dead: Vec<PathBuf>,
}

impl Loading {
    /// Begins to load a version. Without a directory that can be written to there is no guard.
    ///
    /// # Errors
    /// [`RefreshError::Guarded`] if processes died of it before.
    pub(super) fn begin(directory: &Path, version: Version) -> Result<Option<Self>, RefreshError> {
        let prefix = format!("loading-{version}-");
        let mut dead = Vec::new();
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix));
            let path = entry.path();
            if ours && File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
                dead.push(path);
            }
        }
        if dead.len() >= ENOUGH {
            return Err(RefreshError::Guarded {
                version,
                deaths: dead.len(),
                directory: directory.to_owned(),
            });
        }
        let nanos = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_nanos());
        let name = format!("{prefix}{}-{nanos}", std::process::id());
        let (unlocked, path) = (directory.join(format!(".{name}")), directory.join(name));
        // It gets its name when it is locked: before, it would look like one of the dead.
        let lock = File::create_new(&unlocked).ok().filter(|lock| lock.try_lock().is_ok());
        let lock = lock.filter(|_| fs::rename(&unlocked, &path).is_ok());
        Ok(lock.map(|lock| Self {
            path,
            _lock: lock,
            dead,
        }))
    }

    /// The version was loaded: nobody dies of it any more.
    pub(super) fn succeeded(self) {
        for path in &self.dead {
            let _ = fs::remove_file(path); // one that stays counts as a death; two of them need a hand
        }
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path); // as above
    }
}
