//! Keeping a directory in Java Hollow's layout up to date with a store, for consumers written in Java.

use super::fs::{sync_directory, write_synced};
use super::java::FileName;
use super::route::Chain;
use super::{BlobRef, Link, Source, StoreError};
use crate::Version;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A directory that follows a store. Nothing but copies stands in it: it can be deleted and made again.
#[derive(Clone, Debug)]
pub struct FsMirror {
    directory: PathBuf,
}

impl FsMirror {
    /// A mirror in this directory, which is created if missing.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be created.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let directory = directory.as_ref().to_owned();
        fs::create_dir_all(&directory).map_err(|e| StoreError::io(directory.display().to_string(), e))?;
        Ok(Self { directory })
    }

    /// Copies what is missing up to the announced version, then announces it; returns that version.
    ///
    /// Goes back to the newest version that is there already, or to a snapshot to begin with. Doing it again, also after
    /// a crash half way, gives the same directory.
    ///
    /// # Errors
    /// [`StoreError`] of either side. What was announced before stays announced.
    pub fn sync(&self, source: &dyn Source) -> Result<Option<Version>, StoreError> {
        let Some(announced) = source.announced()? else {
            return Ok(None);
        };
        let mut chain = Chain::new(source, Some(announced));
        while chain.extend()? {
            let begins = chain.links().last().is_some_and(|link| link.snapshot.is_some());
            let known = chain.links().last().is_some_and(|link| self.has(link));
            if known || (begins && !self.knows_before(&chain)) {
                break;
            }
        }
        for link in chain.links().iter().rev() {
            self.copy(source, link)?;
            // Its version may have been copied before.
            if let Some(late) = link
                .manifest
                .as_ref()
                .and_then(|manifest| manifest.late_snapshot.as_ref())
            {
                self.copy_blob(
                    source,
                    &format!("snapshot-{}", late.version),
                    &BlobRef::from(&late.blob),
                )?;
            }
        }
        self.write("announced.version", announced.version.to_string().as_bytes(), true)?;
        Ok(Some(announced.version))
    }

    /// Whether the version before the last one read has a file here that leads on.
    fn knows_before(&self, chain: &Chain<'_>) -> bool {
        let previous = chain.links().last().and_then(|link| link.previous);
        previous.is_some_and(|previous| {
            let names = fs::read_dir(&self.directory).into_iter().flatten().flatten();
            names
                .filter_map(|entry| FileName::parse(entry.file_name().to_str()?))
                .any(|file| file.to <= previous.version && file.from.is_none_or(|from| from < file.to))
        })
    }

    /// Whether everything of this version is here.
    fn has(&self, link: &Link) -> bool {
        blobs(link).all(|(name, _)| self.directory.join(name).exists())
    }

    fn copy(&self, source: &dyn Source, link: &Link) -> Result<(), StoreError> {
        for (name, blob) in blobs(link) {
            self.copy_blob(source, &name, blob)?;
        }
        Ok(())
    }

    fn copy_blob(&self, source: &dyn Source, name: &str, blob: &BlobRef) -> Result<(), StoreError> {
        if self.directory.join(name).exists() {
            return Ok(());
        }
        for bytes in source.open(blob)?.iter().take(1) {
            self.write(name, bytes, false)?;
        }
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8], replace: bool) -> Result<(), StoreError> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let path = self.directory.join(name);
        if !replace && path.exists() {
            return Ok(());
        }
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_nanos());
        let temporary = self.directory.join(format!("{name}.{count:x}{nanos:x}"));
        write_synced(&temporary, bytes)?;
        fs::rename(&temporary, &path).map_err(|e| StoreError::io(path.display().to_string(), e))?;
        sync_directory(&self.directory)
    }
}

/// The blobs of a version with their names in Java's layout.
fn blobs(link: &Link) -> impl Iterator<Item = (String, &BlobRef)> {
    let version = link.version;
    let previous = link.previous.map(|previous| previous.version);
    let snapshot = link.snapshot.as_ref().map(|blob| (format!("snapshot-{version}"), blob));
    let delta = link.delta.as_ref().zip(previous);
    let reverse = link.reverse_delta.as_ref().zip(previous);
    snapshot
        .into_iter()
        .chain(delta.map(|(blob, previous)| (format!("delta-{previous}-{version}"), blob)))
        .chain(reverse.map(|(blob, previous)| (format!("reversedelta-{version}-{previous}"), blob)))
}
