//! A directory in the layout of Java Hollow, to read from. See `docs/format.md`, section 17.

use super::{BlobBytes, BlobKind, BlobRef, Key, Link, LinkRef, PartRef, Source, StoreError};
use crate::Version;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What `announced.version` may hold; it is a number of at most 20 characters.
const MAX_ANNOUNCEMENT_BYTES: u64 = 4096;

/// A directory with files `snapshot-V`, `delta-FROM-TO`, `reversedelta-FROM-TO` and `announced.version`.
///
/// There are no manifests, hence no digests: what the files say is checked by reading them only. Versions are matched as
/// whole numbers. The directory is listed when the announced version or the tip is asked for.
#[derive(Debug)]
pub struct JavaDirectory {
    directory: PathBuf,
    listing: Mutex<Arc<Listing>>,
}

/// The chain that the names of the files make.
#[derive(Debug, Default)]
struct Listing {
    links: BTreeMap<Version, Link>,
}

/// The file name of a blob, taken apart.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileName {
    pub(super) kind: BlobKind,
    pub(super) part: Option<String>,
    /// A snapshot has none.
    pub(super) from: Option<Version>,
    pub(super) to: Version,
}

impl FileName {
    /// Takes a name apart; `None` if it is not that of a published blob.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let kinds = [BlobKind::Snapshot, BlobKind::Delta, BlobKind::ReverseDelta];
        let (kind, rest) = kinds
            .into_iter()
            .find_map(|kind| Some((kind, name.strip_prefix(&kind.to_string())?)))?;
        let (rest, to) = rest.rsplit_once('-')?;
        let (rest, from) = match kind {
            BlobKind::Snapshot => (rest, None),
            _ => rest.rsplit_once('-').map(|(rest, from)| (rest, Some(from)))?,
        };
        let part = match rest {
            "" => None,
            part => Some(part.strip_prefix('_').filter(|part| !part.is_empty())?.to_owned()),
        };
        let from = match from {
            Some(from) => Some(number(from)?),
            None => None,
        };
        Some(Self {
            kind,
            part,
            from,
            to: number(to)?,
        })
    }

    /// The version of the state whose cycle made the blob.
    fn version(&self) -> Version {
        self.from.map_or(self.to, |from| from.max(self.to))
    }

    /// The version before that one, if the blob says.
    fn previous(&self) -> Option<Version> {
        self.from.map(|from| from.min(self.to))
    }
}

/// A version: digits only, and written the one way Java writes it.
fn number(text: &str) -> Option<Version> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(Version(number))
}

/// Collects the parts of each blob, then the blobs of each version.
fn chain(files: Vec<(FileName, String, u64)>) -> BTreeMap<Version, Link> {
    let mut blobs: BTreeMap<(BlobKind, Option<Version>, Version), BlobRef> = BTreeMap::new();
    for (file, name, length) in files.iter().filter(|(file, ..)| file.part.is_none()) {
        blobs.insert(
            (file.kind, file.from, file.to),
            BlobRef {
                kind: file.kind,
                name: name.clone(),
                length: *length,
                sha256: None,
                parts: Vec::new(),
            },
        );
    }
    for (file, name, length) in files {
        if let (Some(part), Some(blob)) = (file.part, blobs.get_mut(&(file.kind, file.from, file.to))) {
            blob.parts.push(PartRef { part, name });
            blob.length = blob.length.saturating_add(length);
        }
    }
    let mut links: BTreeMap<Version, Link> = BTreeMap::new();
    for ((kind, from, to), mut blob) in blobs {
        blob.parts.sort();
        let file = FileName {
            kind,
            part: None,
            from,
            to,
        };
        let forward = match kind {
            BlobKind::Snapshot => None,
            BlobKind::Delta => Some(from < Some(to)),
            BlobKind::ReverseDelta => Some(from > Some(to)),
        };
        if forward == Some(false) {
            continue; // leads to itself or the wrong way
        }
        for version in file.previous().into_iter().chain([file.version()]) {
            links.entry(version).or_insert_with(|| Link {
                version,
                previous: None,
                snapshot: None,
                delta: None,
                reverse_delta: None,
                manifest: None,
            });
        }
        let Some(link) = links.get_mut(&file.version()) else {
            continue;
        };
        // A rolled back producer can leave two deltas to one version; the nearest version before it is the chain's.
        let known = link.previous.map(|previous| previous.version);
        if file.previous() > known {
            link.previous = file.previous().map(|version| LinkRef {
                version,
                manifest: None,
            });
            (link.delta, link.reverse_delta) = (None, None);
        } else if file.previous().is_some() && file.previous() < known {
            continue;
        }
        match kind {
            BlobKind::Snapshot => link.snapshot = Some(blob),
            BlobKind::Delta => link.delta = Some(blob),
            BlobKind::ReverseDelta => link.reverse_delta = Some(blob),
        }
    }
    // Where no delta leads on, the chain is broken; the versions before are still there.
    let mut before: Option<Version> = None;
    for (version, link) in &mut links {
        link.previous = link.previous.or(before.map(|version| LinkRef {
            version,
            manifest: None,
        }));
        before = Some(*version);
    }
    links
}

impl JavaDirectory {
    /// Opens a directory.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be listed.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let this = Self {
            directory: directory.as_ref().to_owned(),
            listing: Mutex::default(),
        };
        this.list()?;
        Ok(this)
    }

    /// Whether a directory has a blob under one of Java's names.
    pub fn is_one(directory: &Path) -> bool {
        let names = fs::read_dir(directory).into_iter().flatten().flatten();
        names.into_iter().any(|entry| {
            entry
                .file_name()
                .to_str()
                .is_some_and(|name| FileName::parse(name).is_some())
        })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn error(&self, error: std::io::Error) -> StoreError {
        StoreError::io(self.directory.display().to_string(), error)
    }

    fn list(&self) -> Result<Arc<Listing>, StoreError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(|e| self.error(e))? {
            let entry = entry.map_err(|e| self.error(e))?;
            let name = entry.file_name();
            let Some((file, name)) = name
                .to_str()
                .and_then(|name| Some((FileName::parse(name)?, name.to_owned())))
            else {
                continue;
            };
            let length = match entry.metadata() {
                Ok(metadata) if metadata.is_file() => metadata.len(),
                Ok(_) => continue,
                // Removed since it was listed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(self.error(error)),
            };
            files.push((file, name, length));
        }
        let listing = Arc::new(Listing { links: chain(files) });
        *self.listing.lock().unwrap_or_else(PoisonError::into_inner) = listing.clone();
        Ok(listing)
    }

    fn announcement(&self) -> Result<Option<Version>, StoreError> {
        let path = self.directory.join("announced.version");
        let what = path.display().to_string();
        match fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io(what, error)),
            Ok(metadata) if metadata.len() > MAX_ANNOUNCEMENT_BYTES => {
                return Err(StoreError::corrupt(
                    what,
                    "a version",
                    format!("{} bytes", metadata.len()),
                ));
            }
            Ok(_) => {}
        }
        let text = fs::read_to_string(&path).map_err(|e| StoreError::io(what.as_str(), e))?;
        let line = text.lines().next().unwrap_or_default().trim();
        let version = line.parse().map_err(|_| StoreError::corrupt(what, "a version", line))?;
        Ok(Some(Version(version)))
    }
}

impl Source for JavaDirectory {
    fn announced(&self) -> Result<Option<LinkRef>, StoreError> {
        self.list()?;
        let announced = self.announcement()?;
        Ok(announced.map(|version| LinkRef {
            version,
            manifest: None,
        }))
    }

    fn pinned(&self) -> Result<Option<Version>, StoreError> {
        Ok(None)
    }

    fn tip(&self) -> Result<Option<LinkRef>, StoreError> {
        let listing = self.list()?;
        let newest = listing.links.keys().next_back();
        Ok(newest.map(|&version| LinkRef {
            version,
            manifest: None,
        }))
    }

    fn link(&self, at: &LinkRef) -> Result<Link, StoreError> {
        let listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let link = listing.links.get(&at.version).cloned();
        link.ok_or_else(|| StoreError::absent(format!("version={} in {}", at.version, self.directory.display())))
    }

    fn open(&self, blob: &BlobRef) -> Result<Vec<BlobBytes>, StoreError> {
        let names = std::iter::once(&blob.name).chain(blob.parts.iter().map(|part| &part.name));
        names
            .map(|name| {
                // Names come from a listing, but a blob can be made up by anybody.
                FileName::parse(name)
                    .filter(|_| Key::new(name.as_str()).is_ok() && !name.contains('/'))
                    .ok_or_else(|| StoreError::absent(name))?;
                // Java overwrites files in place, which must never happen under a mapping.
                let path = self.directory.join(name);
                let bytes = fs::read(&path).map_err(|e| StoreError::io(path.display().to_string(), e))?;
                Ok(BlobBytes::Memory(bytes.into()))
            })
            .collect()
    }

    fn inventory(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(|e| self.error(e))? {
            let name = entry.map_err(|e| self.error(e))?.file_name();
            let blob = name.to_str().filter(|name| FileName::parse(name).is_some());
            names.extend(blob.map(str::to_owned));
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_whole() {
        let name = |kind, part: Option<&str>, from: Option<i64>, to| FileName {
            kind,
            part: part.map(str::to_owned),
            from: from.map(Version),
            to: Version(to),
        };
        use BlobKind::*;
        assert_eq!(FileName::parse("snapshot-17"), Some(name(Snapshot, None, None, 17)));
        assert_eq!(FileName::parse("delta-1-17"), Some(name(Delta, None, Some(1), 17)));
        assert_eq!(
            FileName::parse("reversedelta-17-1"),
            Some(name(ReverseDelta, None, Some(17), 1))
        );
        assert_eq!(
            FileName::parse("delta_a-b_c-1-2"),
            Some(name(Delta, Some("a-b_c"), Some(1), 2))
        );
        for other in [
            "snapshot-17.1a2b",
            "snapshot-",
            "snapshot-+17",
            "snapshot-017",
            "snapshot_-17",
            "delta-17",
            "header-17",
            "delta-1-x",
            "snapshot-1-2",
            "snapshot17",
            "announced.version",
            "snapshot-99999999999999999999",
        ] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_chain_prefers_the_nearest_version_and_goes_on_behind_a_gap() {
        let files = [
            "snapshot-1",
            "delta-1-2",
            "reversedelta-2-1",
            "delta-1-3",
            "delta-2-3",
            "delta-9-4",
            "snapshot-7",
        ];
        let files = files.map(|name| (FileName::parse(name).expect("a blob"), name.to_owned(), 1));
        let links = chain(files.into());
        let previous = |v| links[&Version(v)].previous.map(|p| p.version.0);
        assert_eq!(
            (previous(1), previous(2), previous(3), previous(7)),
            (None, Some(1), Some(2), Some(3))
        );
        assert_eq!(
            links[&Version(3)].delta.as_ref().map(|b| b.name.as_str()),
            Some("delta-2-3")
        );
        assert!(links[&Version(7)].delta.is_none() && !links.contains_key(&Version(4)));
    }
}
