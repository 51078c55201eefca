//! Ways to a state: which snapshot to load, which deltas to apply.
//!
//! A [`Chain`] is walked from its newest version back, as far as a question needs. A [`Route`] begins at a snapshot or at
//! the state at hand and takes one delta, or one reverse delta, per version. A version without a delta breaks the chain:
//! no route leads over it, and a reader begins again with a snapshot on its other side.

use super::{BlobRef, LateSnapshot, Link, LinkRef, Source, StoreError};
use crate::Version;
use std::cmp::Ordering;

/// What opening one more blob costs, in bytes of blobs: a request takes time however little it brings.
pub(crate) const COST_OF_A_BLOB: u64 = 64 * 1024;

/// Which way to go to a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// The cheapest way.
    #[default]
    Best,
    /// Its own snapshot.
    Snapshot,
    /// The earliest snapshot from which deltas lead to it, and those deltas.
    Deltas,
    /// The latest snapshot from which reverse deltas lead to it, and those reverse deltas.
    Reverse,
}

/// A way to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The snapshot to begin with and its version; `None` to begin with the state at hand.
    pub snapshot: Option<(Version, BlobRef)>,
    /// The blobs to apply, each with the version it leads to.
    pub steps: Vec<(Version, BlobRef)>,
}

impl Route {
    /// What the route costs, in bytes of deltas. A snapshot counts twice: all its records have to be read, and nothing is
    /// shared with the state at hand.
    pub fn cost(&self) -> u64 {
        let deltas = self
            .steps
            .iter()
            .map(|(_, blob)| cost_of(blob))
            .fold(0, u64::saturating_add);
        let snapshot = self.snapshot.as_ref().map_or(0, |(_, blob)| cost_of(blob));
        deltas.saturating_add(snapshot).saturating_add(snapshot)
    }
}

fn cost_of(blob: &BlobRef) -> u64 {
    blob.length.saturating_add(COST_OF_A_BLOB)
}

/// The versions of a source from the newest back, as far as they were asked for.
#[derive(Debug)]
pub struct Chain<'s> {
    source: &'s dyn Source,
    links: Vec<Link>,
    next: Option<LinkRef>,
    /// Snapshots of versions not read yet, named by later ones.
    late: Vec<LateSnapshot>,
}

impl<'s> Chain<'s> {
    /// The chain that ends at `tip`. Nothing is read yet.
    pub fn new(source: &'s dyn Source, tip: Option<LinkRef>) -> Self {
        Self {
            source,
            links: Vec::new(),
            next: tip,
            late: Vec::new(),
        }
    }

    /// The versions read so far, newest first.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Reads one more version; false at the end of the chain.
    ///
    /// # Errors
    /// [`StoreError`] if the version cannot be read. The chain simply ends where older versions were removed.
    pub fn extend(&mut self) -> Result<bool, StoreError> {
        let Some(next) = self.next.take() else {
            return Ok(false);
        };
        let link = match self.source.link(&next) {
            Err(StoreError::Absent { .. }) if !self.links.is_empty() => return Ok(false),
            Err(error) => {
                self.next = Some(next);
                return Err(error);
            }
            Ok(link) => link,
        };
        let link = self.with_late_snapshot(link, &next);
        if link.previous.is_some_and(|previous| previous.version >= link.version) {
            let previous = link.previous.map(|p| p.version.to_string()).unwrap_or_default();
            return Err(StoreError::corrupt(
                format!("version={}", link.version),
                "an earlier version before it",
                previous,
            ));
        }
        self.next = link.previous;
        self.links.push(link);
        Ok(true)
    }

    /// Adds the snapshot that a later version names, and remembers the one that this version names.
    fn with_late_snapshot(&mut self, mut link: Link, at: &LinkRef) -> Link {
        let names = link
            .manifest
            .as_ref()
            .and_then(|manifest| manifest.late_snapshot.clone());
        self.late.extend(names);
        if link.snapshot.is_none() {
            let of_this = |late: &&LateSnapshot| late.version == at.version && Some(late.manifest) == at.manifest;
            link.snapshot = self.late.iter().find(of_this).map(|late| BlobRef::from(&late.blob));
        }
        self.late.retain(|late| late.version < at.version);
        link
    }

    /// Reads all there is.
    ///
    /// # Errors
    /// As [`extend`](Chain::extend).
    pub fn extend_to_end(&mut self) -> Result<(), StoreError> {
        while self.extend()? {}
        Ok(())
    }

    /// The position of a version, reading on as far as needed.
    fn find(&mut self, version: Version) -> Result<Option<usize>, StoreError> {
        while self.links.last().is_none_or(|last| last.version > version) && self.extend()? {}
        Ok(self.links.iter().position(|link| link.version == version))
    }

    /// The ways to `target` that need the least reading of manifests, best first. With [`Preference::Best`] that is the
    /// one that begins at `current`, if deltas lead from there, and one that begins with a snapshot.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if the version, or every way to it, is missing.
    pub fn routes(
        &mut self,
        current: Option<Version>,
        target: Version,
        preference: Preference,
    ) -> Result<Vec<Route>, StoreError> {
        let Some(to) = self.find(target)? else {
            return Err(StoreError::absent(format!("version={target}")));
        };
        let routes = match preference {
            Preference::Best => {
                let mut routes = Vec::new();
                if let Some(current) = current {
                    routes.extend(self.onward(current, to)?);
                }
                // The nearest snapshot is worth a look for only if nothing else leads there or it was seen on the way.
                let read_on = routes.is_empty();
                routes.extend(self.by_snapshots(to, 1, read_on)?);
                routes.sort_by_key(Route::cost);
                routes
            }
            Preference::Snapshot => Vec::from_iter(self.by_snapshot(to, to)),
            Preference::Deltas => {
                self.extend_to_end()?;
                let start = self.unbroken(to, |link| link.delta.is_some());
                Vec::from_iter((to..=start).rev().find_map(|from| self.by_snapshot(from, to)))
            }
            Preference::Reverse => Vec::from_iter((0..=to).find_map(|from| self.by_snapshot(from, to))),
        };
        if routes.is_empty() {
            return Err(StoreError::absent(format!("way to version={target}")));
        }
        Ok(routes)
    }

    /// The last position that can be reached from `from` towards older versions while every link passed `has` its blob.
    fn unbroken(&self, from: usize, has: impl Fn(&Link) -> bool) -> usize {
        let mut at = from;
        while at + 1 < self.links.len() && has(&self.links[at]) {
            at += 1;
        }
        at
    }

    /// The blobs between two versions, in the order to apply them.
    fn steps(&self, from: usize, to: usize) -> Option<Vec<(Version, BlobRef)>> {
        match from.cmp(&to) {
            Ordering::Equal => Some(Vec::new()),
            // Older versions have higher positions.
            Ordering::Greater => (to..from)
                .rev()
                .map(|at| Some((self.links[at].version, self.links[at].delta.clone()?)))
                .collect(),
            Ordering::Less => (from..to)
                .map(|at| Some((self.links[at + 1].version, self.links[at].reverse_delta.clone()?)))
                .collect(),
        }
    }

    fn by_snapshot(&self, from: usize, to: usize) -> Option<Route> {
        let link = &self.links[from];
        Some(Route {
            snapshot: Some((link.version, link.snapshot.clone()?)),
            steps: self.steps(from, to)?,
        })
    }

    /// The way from the state at hand, unless it is longer than a snapshot seen on the way.
    fn onward(&mut self, current: Version, to: usize) -> Result<Option<Route>, StoreError> {
        let mut cost = 0_u64;
        let mut cheapest_snapshot = u64::MAX;
        let mut at = to;
        while at < self.links.len() && self.links[at].version > current {
            let link = &self.links[at];
            if let Some(snapshot) = &link.snapshot {
                let snapshot = cost_of(snapshot).saturating_mul(2);
                cheapest_snapshot = cheapest_snapshot.min(cost.saturating_add(snapshot));
            }
            let Some(delta) = &link.delta else {
                return Ok(None);
            };
            cost = cost.saturating_add(cost_of(delta));
            if cost > cheapest_snapshot {
                return Ok(None);
            }
            at += 1;
            if at == self.links.len() {
                self.extend()?;
            }
        }
        let from = self.links.iter().position(|link| link.version == current);
        Ok(from.and_then(|from| {
            Some(Route {
                snapshot: None,
                steps: self.steps(from, to)?,
            })
        }))
    }

    /// Other ways to `target`, for when the first choice failed: from the two nearest snapshots before it, or from
    /// later ones by reverse deltas.
    ///
    /// # Errors
    /// As [`routes`](Chain::routes), but no way is no error.
    pub fn alternatives(&mut self, target: Version) -> Result<Vec<Route>, StoreError> {
        match self.find(target)? {
            Some(to) => self.by_snapshots(to, 2, true),
            None => Ok(Vec::new()),
        }
    }

    /// Up to `count` ways from the nearest snapshots, preferring those before the target.
    fn by_snapshots(&mut self, to: usize, count: usize, read_on: bool) -> Result<Vec<Route>, StoreError> {
        let mut routes = Vec::new();
        let mut at = to;
        while routes.len() < count && (at < self.links.len() || (read_on && self.extend()?)) {
            routes.extend(self.by_snapshot(at, to));
            if self.links[at].delta.is_none() {
                break;
            }
            at += 1;
        }
        let later = (0..to).rev().filter_map(|from| self.by_snapshot(from, to));
        let later: Vec<Route> = later.take(count.saturating_sub(routes.len())).collect();
        routes.extend(later);
        Ok(routes)
    }
}
