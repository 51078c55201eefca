//! A published chain, as its manifests have it, and a walk over all of its states.

use anyhow::{Context, Result, ensure};
use hollow::Version;
use hollow::read::{Filter, ReadState};
use hollow::store::route::Route;
use hollow::store::{BlobKind, BlobRef, FsStore, Manifest, Sha256, Store, StoreError, load};
use hollow::tools::checksum::Checksums;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The versions that the head of a store reaches, oldest first.
#[derive(Clone, Debug)]
pub struct Chain {
    store: Store,
    /// Manifests with their digests.
    links: Vec<(Manifest, Sha256)>,
}

impl Chain {
    /// Reads the manifests from the head back to the first version. No versions if nothing is announced.
    ///
    /// # Errors
    /// When a manifest that is named is not there, or not what its digest says.
    pub fn read(store: &Store) -> Result<Self> {
        let mut links = Vec::new();
        let mut next = store.head()?.map(|(head, _)| (head.version, head.manifest));
        while let Some((version, sha256)) = next {
            let manifest = store
                .manifest(version, &sha256)
                .with_context(|| format!("the manifest of version={version} is named and not there"))?;
            next = manifest.previous.map(|previous| (previous.version, previous.manifest));
            links.push((manifest, sha256));
        }
        links.reverse();
        let store = store.clone();
        Ok(Self { store, links })
    }

    /// As [`read`](Chain::read), from a directory that need not hold a store yet. Writes nothing.
    ///
    /// # Errors
    /// As [`read`](Chain::read).
    pub fn read_directory(directory: &Path) -> Result<Self> {
        match FsStore::open_existing(directory) {
            Ok(store) => Self::read(&store.into()),
            Err(StoreError::Absent { .. }) => Ok(Self {
                store: Store::memory(),
                links: Vec::new(),
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// The manifests, oldest first.
    pub fn manifests(&self) -> impl DoubleEndedIterator<Item = &Manifest> + ExactSizeIterator {
        self.links.iter().map(|(manifest, _)| manifest)
    }

    /// The announced version.
    pub fn tip(&self) -> Option<&Manifest> {
        self.manifests().next_back()
    }

    /// The manifest of a version.
    pub fn get(&self, version: Version) -> Option<&Manifest> {
        let at = self
            .links
            .binary_search_by_key(&version, |(manifest, _)| manifest.version);
        at.ok().map(|at| &self.links[at].0)
    }

    /// Whether this chain goes on from an earlier one: the same manifests, and perhaps more.
    pub fn continues(&self, earlier: &Chain) -> bool {
        let digests = |chain: &Chain| chain.links.iter().map(|(_, sha256)| *sha256).collect::<Vec<_>>();
        digests(self).starts_with(&digests(earlier))
    }

    /// Checks that this is one chain: a snapshot first, then every version reached by a delta from the one before, which
    /// a reverse delta leads back to.
    ///
    /// # Errors
    /// Says which version breaks it.
    pub fn check_linear(&self) -> Result<()> {
        let mut before: Option<Version> = None;
        for (manifest, _) in &self.links {
            let version = manifest.version;
            let previous = manifest.previous.map(|previous| previous.version);
            ensure!(
                previous == before,
                "version={version} follows {previous:?} and not {before:?}"
            );
            let has = |kind| manifest.blob(kind).is_some();
            if previous.is_none() {
                ensure!(has(BlobKind::Snapshot), "the first version={version} has no snapshot");
            } else {
                ensure!(has(BlobKind::Delta), "no delta leads to version={version}");
                ensure!(
                    has(BlobKind::ReverseDelta),
                    "no reverse delta leads back from version={version}"
                );
            }
            before = Some(version);
        }
        Ok(())
    }

    /// Walks from the first snapshot over every delta to the last version, hands each state to `each`, and walks back over
    /// the reverse deltas. On both ways every state must have the same records, those of its own snapshot if there is one,
    /// and the checksum and header tags of its manifest.
    ///
    /// # Errors
    /// Says which version is not as it should be; and what `each` says.
    pub fn walk(&self, mut each: impl FnMut(&Manifest, &ReadState) -> Result<()>) -> Result<()> {
        self.check_linear()?;
        let mut state: Option<Arc<ReadState>> = None;
        let mut sums: Vec<Checksums> = Vec::new();
        for (manifest, _) in &self.links {
            let version = manifest.version;
            let kind = state.as_ref().map_or(BlobKind::Snapshot, |_| BlobKind::Delta);
            let next = self.step(state.as_deref(), manifest, kind, version)?;
            let sum = Checksums::of(&next);
            if let Some(recorded) = manifest.record_checksum {
                ensure!(
                    sum.total == recorded,
                    "version={version} has another checksum than its manifest"
                );
            }
            ensure!(
                next.header_tags() == &manifest.header_tags,
                "version={version} has other header tags than its manifest"
            );
            if state.is_some() && manifest.blob(BlobKind::Snapshot).is_some() {
                let snapshot = self.step(None, manifest, BlobKind::Snapshot, version)?;
                ensure!(
                    Checksums::of(&snapshot) == sum && snapshot.header_tags() == next.header_tags(),
                    "version={version} is something else by its snapshot than by its delta"
                );
            }
            each(manifest, &next).with_context(|| format!("at version={version}"))?;
            sums.push(sum);
            state = Some(Arc::new(next));
        }
        for (at, (manifest, _)) in self.links.iter().enumerate().skip(1).rev() {
            let to = self.links[at - 1].0.version;
            let before = self.step(state.as_deref(), manifest, BlobKind::ReverseDelta, to)?;
            ensure!(
                Checksums::of(&before) == sums[at - 1],
                "version={to} is something else on the way back"
            );
            state = Some(Arc::new(before));
        }
        Ok(())
    }

    /// The state of the announced version, over all deltas.
    ///
    /// # Errors
    /// As [`walk`](Chain::walk); and when nothing is announced.
    pub fn last_state(&self) -> Result<ReadState> {
        let mut last = None;
        self.walk(|_, state| {
            last = Some(state.clone());
            Ok(())
        })?;
        last.context("nothing is announced")
    }

    fn step(&self, from: Option<&ReadState>, manifest: &Manifest, kind: BlobKind, to: Version) -> Result<ReadState> {
        let entry = manifest
            .blob(kind)
            .with_context(|| format!("no {kind} of version={to}"))?;
        let blob = BlobRef::from(entry);
        let route = match kind {
            BlobKind::Snapshot => Route {
                snapshot: Some((to, blob)),
                steps: Vec::new(),
            },
            _ => Route {
                snapshot: None,
                steps: vec![(to, blob)],
            },
        };
        load(&self.store, &route, from, &Filter::everything()).with_context(|| format!("the {kind} to version={to}"))
    }
}

/// The header tags of the announced version of a chain; none if nothing is announced.
pub fn tags(chain: &Chain) -> BTreeMap<String, String> {
    chain
        .tip()
        .map(|manifest| manifest.header_tags.clone())
        .unwrap_or_default()
}
