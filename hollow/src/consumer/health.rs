//! How a consumer is doing.

use crate::Version;
use crate::read::ReadState;
use crate::store::LinkRef;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

/// How a consumer is doing, for a readiness probe, a metric or a status page. Taken at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Health {
    /// The version in force; `None` before the first.
    pub version: Option<Version>,
    /// The version that was wanted at the last refresh: the one pinned, else the one announced.
    pub wanted: Option<Version>,
    /// The version this consumer is held at: its own pin, else the source's at the last refresh.
    pub pinned: Option<Version>,
    /// How long the state has been in force.
    pub in_force_for: Option<Duration>,
    /// How long ago the source said, last, that the state in force is the one to have. For a state of the local cache
    /// that was before this process began.
    pub confirmed: Option<Duration>,
    /// Whether that is longer ago than [`ConsumerBuilder::max_staleness`](super::ConsumerBuilder::max_staleness) allows.
    pub stale: bool,
    /// Whether the state in force was loaded without the source, from the local cache.
    pub from_cache: bool,
    /// Why the last refresh failed, with all causes; `None` if it did not.
    pub last_error: Option<String>,
    /// How many refreshes have failed one after the other, up to now.
    pub failures: u32,
    /// What listeners complained about at the last move.
    pub listener_errors: Vec<String>,
    /// How often an announcement was older than the state at hand, and ignored.
    pub regressions: u64,
    /// How often the source was asked for anything, since this consumer was made.
    pub requests: u64,
    /// Why the local cache could not be written to, if so.
    pub cache_error: Option<String>,
    /// States that were replaced and that somebody still holds an `Arc` of, the oldest first. They take memory for what
    /// changed since; one that is minutes old is a reader that should take [`state`](super::Consumer::state) anew.
    pub still_held: Vec<StillHeld>,
}

/// A state that is not in force any more and is held all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StillHeld {
    /// Its version.
    pub version: Option<Version>,
    /// How long ago another state took its place.
    pub replaced_for: Duration,
    /// Bytes held for this state alone, that the state in force does not need.
    pub bytes: usize,
}

impl Health {
    /// Whether there is a state to serve, and not too old a one. A refresh that failed alone does not change that.
    pub fn is_ready(&self) -> bool {
        self.version.is_some() && !self.stale
    }

    /// Whether the state in force is the one wanted, and the last refresh did not fail.
    pub fn is_current(&self) -> bool {
        self.version.is_some() && self.version == self.wanted && self.last_error.is_none()
    }
}

/// What a consumer notes about itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    pub(super) wanted: Option<Version>,
    pub(super) pinned: Option<Version>,
    pub(super) in_force_since: Option<SystemTime>,
    pub(super) confirmed_at: Option<SystemTime>,
    pub(super) from_cache: bool,
    pub(super) last_error: Option<String>,
    pub(super) failures: u32,
    pub(super) listener_errors: Vec<String>,
    pub(super) cache_error: Option<String>,
    /// States that were in force, while somebody holds them.
    replaced: Vec<(Weak<ReadState>, SystemTime)>,
}

impl Notes {
    /// Another state took the place of this one.
    pub(super) fn replaced(&mut self, before: Option<&Arc<ReadState>>, at: SystemTime) {
        self.replaced.retain(|(state, _)| state.strong_count() > 0);
        self.replaced.extend(before.map(|state| (Arc::downgrade(state), at)));
    }

    /// The source was asked what to have.
    pub(super) fn asked(&mut self, pinned: Option<Version>, announced: Option<&LinkRef>) {
        self.pinned = pinned;
        self.wanted = pinned.or(announced.map(|announced| announced.version));
    }

    pub(super) fn health(
        &self,
        current: Option<&ReadState>,
        (regressions, requests): (u64, u64),
        max_staleness: Option<Duration>,
    ) -> Health {
        let version = current.and_then(ReadState::version);
        // A clock that was set back makes nothing stale.
        let since = |at: Option<SystemTime>| at.map(|at| at.elapsed().unwrap_or_default());
        let confirmed = since(self.confirmed_at);
        let held = self.replaced.iter().filter_map(|(state, at)| {
            let state = state.upgrade()?;
            Some(StillHeld {
                version: state.version(),
                replaced_for: at.elapsed().unwrap_or_default(),
                bytes: current.map_or_else(|| state.memory_bytes(), |current| state.bytes_beside(current)),
            })
        });
        let too_old = |max: Duration| confirmed.is_none_or(|confirmed| confirmed > max);
        Health {
            version,
            wanted: self.wanted,
            pinned: self.pinned,
            in_force_for: since(self.in_force_since),
            confirmed,
            stale: version.is_some() && max_staleness.is_some_and(too_old),
            from_cache: self.from_cache,
            last_error: self.last_error.clone(),
            failures: self.failures,
            listener_errors: self.listener_errors.clone(),
            regressions,
            requests,
            cache_error: self.cache_error.clone(),
            still_held: held.collect(),
        }
    }
}
