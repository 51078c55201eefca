//! S11: removing versions that nobody can need any more.

use super::Producer;
use crate::Version;
use crate::store::route::Chain;
use crate::store::{BlobKind, Key, LinkRef, Source, StoreError};
use std::collections::HashSet;

/// Which versions to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    keep_versions: usize,
}

impl Retention {
    /// Keeps the newest `count` versions (at least one), the pinned one, and whatever it takes to load them.
    pub fn versions(count: usize) -> Self {
        Self {
            keep_versions: count.max(1),
        }
    }
}

/// When to look again for versions that can go: walking the chain with every version would cost more than the version.
#[derive(Debug, Default)]
pub(super) struct Cleaning {
    /// As it was when the chain was walked.
    pinned: Option<Version>,
    /// Versions until a snapshot that was seen becomes old enough for all before it to go.
    wait: usize,
}

impl Cleaning {
    /// There is a snapshot that was not seen yet.
    pub(super) fn look_again(&mut self) {
        self.wait = 0;
    }
}

impl Producer {
    /// Removes what [`Producer::remove_unneeded`] does, with the versions that may make a difference.
    pub(super) fn clean(&mut self, retention: Retention) -> Result<(), StoreError> {
        let pinned = self.store.pinned()?;
        if self.cleaning.wait > 0 && self.cleaning.pinned == pinned {
            self.cleaning.wait -= 1;
            return Ok(());
        }
        let wait = self.remove_unneeded(retention, pinned)?;
        self.cleaning = Cleaning { pinned, wait };
        Ok(())
    }

    /// Removes blobs and manifests of versions up to the announced one that are not to be kept: those of older versions,
    /// and those of attempts that were never announced. Gives how many versions to wait before looking again.
    fn remove_unneeded(&self, retention: Retention, pinned: Option<Version>) -> Result<usize, StoreError> {
        let Some(published) = &self.published else {
            return Ok(0);
        };
        let announced = LinkRef {
            version: published.head.version,
            manifest: Some(published.head.manifest),
        };
        let mut chain = Chain::new(&self.store, Some(announced));
        let mut loadable = false;
        while chain.extend()? {
            let links = chain.links();
            let Some(last) = links.last() else { break };
            // A snapshot below all that is kept makes everything above it loadable.
            loadable = last.snapshot.is_some()
                && links.len() >= retention.keep_versions
                && pinned.is_none_or(|pinned| last.version <= pinned);
            if loadable {
                break;
            }
        }
        // The next that can become the oldest kept.
        let mut young = chain.links().iter().take(retention.keep_versions - 1);
        let next = young.rposition(|link| link.snapshot.is_some());
        let wait = next.map_or(usize::MAX, |at| retention.keep_versions - 2 - at);
        if !loadable {
            return Ok(wait); // the whole chain is needed
        }
        let mut kept: HashSet<Key> = HashSet::new();
        for (at, link) in chain.links().iter().enumerate() {
            let manifest = if at == 0 {
                announced.manifest
            } else {
                chain.links()[at - 1].previous.and_then(|p| p.manifest)
            };
            kept.extend(manifest.map(|sha256| Key::manifest(link.version, &sha256)));
            let entries = link.manifest.iter().flat_map(|manifest| &manifest.blobs);
            kept.extend(entries.filter_map(|entry| Key::new(entry.key.as_str()).ok()));
            kept.extend(
                link.snapshot
                    .iter()
                    .filter_map(|blob| Key::new(blob.name.as_str()).ok()),
            );
        }
        // What is written in the background is named by no manifest yet.
        let unnamed = self
            .background
            .version()
            .map(|version| format!("blobs/{}-{version}-", BlobKind::Snapshot));
        let is_unnamed = |key: &Key| unnamed.as_ref().is_some_and(|prefix| key.as_str().starts_with(prefix));
        for prefix in ["manifests/", "blobs/"] {
            for key in self.store.blobs().list(prefix)? {
                let old = key
                    .newest_version()
                    .is_some_and(|version: Version| version <= announced.version);
                if old && !kept.contains(&key) && !is_unnamed(&key) {
                    // Only whoever holds the head may remove anything.
                    if !self.still_in_charge()? {
                        return Ok(wait);
                    }
                    self.store.blobs().remove(&key)?;
                }
            }
        }
        Ok(wait)
    }

    fn still_in_charge(&self) -> Result<bool, StoreError> {
        let head = self.store.head()?;
        let ours = self.published.as_ref().map(|published| &published.head.nonce);
        Ok(head.map(|(head, _)| head.nonce).as_ref() == ours)
    }
}
