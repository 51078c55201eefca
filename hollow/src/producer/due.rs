//! When a snapshot is due.
//!
//! A snapshot costs what the dataset is large, a delta what changed. Written every so many versions, the snapshots of a
//! large dataset with few changes are nearly all of a producer's work; written too seldom, a consumer that starts has to
//! follow a long chain. So by default what a consumer needs decides: the chain from the last snapshot may grow until
//! following it costs a share of loading that snapshot.
//!
//! ```text
//! due  <=  versions >= 10  and  ( cost of the deltas >= snapshot / 8  or  versions >= 240 )
//! ```

use crate::store::route::COST_OF_A_BLOB;

/// By length: fewer versions than this are never worth a snapshot.
const AT_LEAST: u32 = 10;
/// By length: as many versions as this always are. Two hours at a cadence of 30 seconds.
const AT_MOST: u32 = 240;
/// By length: the part of the snapshot's length that its deltas may reach.
const SHARE: u64 = 8;
/// A version has a manifest and a delta to be asked for.
const COST_OF_A_VERSION: u64 = 2 * COST_OF_A_BLOB;

/// Which versions have a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Interval {
    /// See above.
    #[default]
    ByLength,
    /// Every so many versions.
    Versions(u32),
}

/// What was published since the last snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SinceSnapshot {
    /// Length of the snapshot.
    snapshot: u64,
    versions: u32,
    /// What it costs to follow them: bytes of deltas, and what asking for them is worth in bytes.
    cost: u64,
}

impl SinceSnapshot {
    /// Nothing but a snapshot of so many bytes.
    pub(super) fn new(snapshot_bytes: u64) -> Self {
        Self {
            snapshot: snapshot_bytes,
            ..Self::default()
        }
    }

    /// A version more, with a delta of so many bytes.
    pub(super) fn and(self, delta_bytes: u64) -> Self {
        let cost = delta_bytes.saturating_add(COST_OF_A_VERSION);
        Self {
            versions: self.versions.saturating_add(1),
            cost: self.cost.saturating_add(cost),
            ..self
        }
    }

    /// How many versions.
    pub(super) fn versions(&self) -> u32 {
        self.versions
    }

    /// The same versions behind a snapshot of so many bytes.
    pub(super) fn behind(self, snapshot_bytes: u64) -> Self {
        Self {
            snapshot: snapshot_bytes,
            ..self
        }
    }

    /// Whether the last version counted is to have a snapshot.
    pub(super) fn is_due(&self, interval: Interval) -> bool {
        match interval {
            Interval::Versions(every) => self.versions >= every,
            Interval::ByLength => {
                let long = self.cost >= self.snapshot / SHARE || self.versions >= AT_MOST;
                self.versions >= AT_LEAST && long
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many versions with such deltas follow a snapshot before one has a snapshot of its own.
    fn versions_between(interval: Interval, snapshot: u64, delta: u64) -> u32 {
        let mut since = SinceSnapshot::new(snapshot);
        (1..)
            .find(|_| {
                since = since.and(delta);
                since.is_due(interval)
            })
            .expect("some version is")
    }

    #[test]
    fn a_number_of_versions_is_what_it_says_whatever_their_length() {
        for (snapshot, delta) in [(0, 0), (1 << 30, 1), (1, 1 << 40)] {
            for every in [1, 3, 10] {
                assert_eq!(versions_between(Interval::Versions(every), snapshot, delta), every);
            }
        }
    }

    #[test]
    fn by_length_the_deltas_reach_an_eighth_of_the_snapshot_within_bounds() {
        let by_length = |snapshot, delta| versions_between(Interval::ByLength, snapshot, delta);
        const MB: u64 = 1 << 20;
        // 64 KiB each for manifest and delta: eight versions without content are a MiB.
        assert_eq!(by_length(200 * MB, 0), 200);
        assert_eq!(by_length(200 * MB, MB - (128 << 10)), 25);
        assert_eq!(by_length(200 * MB, 20 * MB), 10, "large deltas");
        assert_eq!(by_length(1 << 40, 0), 240, "a large dataset");
        assert_eq!(by_length(1000, 10), 10, "a small one");
        assert_eq!(by_length(u64::MAX, u64::MAX), 10);
    }
}
