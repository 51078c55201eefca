//! Consuming: a total near cache that follows what is announced.
//!
//! A [`Consumer`] holds one state at a time. [`refresh`](Consumer::refresh) finds the way from it to the announced
//! version, or to the one pinned, builds the next state aside and swaps it in with one pointer. Readers take an
//! `Arc<ReadState>` once per unit of work and keep it as long as they like: nothing ever changes under them.
//!
//! - A refresh that fails leaves everything as it was and says why. If the best way fails, one other is tried.
//! - Operators hold consumers at a version by [pins](crate::store::Pins), each for the consumers with certain
//!   [labels](ConsumerBuilder::label). A pin counts from the first state on: it also says where a start begins.
//! - In the background a consumer asks once per [interval](ConsumerBuilder::refresh_every), whatever the store does.
//!   Whoever hears of an announcement by other ways wakes it with its [`WakeHandle`].
//! - Nothing goes back unless pinned or asked to: an announcement older than the state at hand is counted and ignored.
//! - Listeners hear of a new state after it is in force; what they do cannot undo it.
//! - With a local [cache](ConsumerBuilder::cache), a start needs no store, and a version that kills the processes that
//!   load it is skipped.
//!
//! In a service, one builder says it all, and [`health`](Consumer::health) says how it goes:
//!
//! ```
//! # use hollow::{producer::Producer, record::Value, schema::Dataset, store::Store};
//! # let dataset = Dataset::parse("Movie @PrimaryKey(id) { int id; }")?;
//! # let store = Store::memory();
//! # let mut producer = Producer::builder(dataset, store.clone()).root("Movie").build()?;
//! # producer.run_cycle(|cycle| Ok(cycle.add("Movie", &Value::Object(vec![Value::Int(1)])).map(drop)?))?;
//! # let directory = tempfile::tempdir()?;
//! use hollow::consumer::Consumer;
//! use std::time::Duration;
//!
//! let consumer = Consumer::builder(store)
//!     .cache(directory.path()) // start from here when the store is away
//!     .refresh_every(Duration::from_secs(5)) // in the background
//!     .max_staleness(Duration::from_secs(600)) // then say "not ready"; the state is still served
//!     .listener(|refreshed| Ok(println!("now at {:?}", refreshed.after.version())))
//!     .start()?; // returns with the first state in force
//! let state = consumer.state().expect("a version is announced"); // once per request: neither waits nor locks
//! assert_eq!(state.object("Movie").map(|movies| movies.len()), Some(1));
//! assert!(consumer.health().is_ready());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asked;
mod background;
mod builder;
mod guard;
mod health;
mod indexes;
mod refresh;
mod start;
#[cfg(test)]
mod tests;

pub use background::WakeHandle;
pub use builder::ConsumerBuilder;
pub use health::{Health, StillHeld};
pub use refresh::{Moved, RefreshError, RefreshOutcome};

use crate::Version;
use crate::index::IndexSpec;
use crate::read::{Filter, History, ReadState};
use crate::store::route::{Chain, Route};
use crate::store::{Labels, LinkRef, LocalCache, Manifest, Pins, Source, StoreError};
use arc_swap::ArcSwapOption;
use asked::{Counted, Known};
use health::Notes;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Any error of a listener.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Clock = dyn Fn() -> SystemTime + Send + Sync;
type Listener = dyn Fn(&Refreshed<'_>) -> Result<(), BoxError> + Send + Sync;

/// What a listener is told: a new state is in force.
#[derive(Clone, Copy, Debug)]
pub struct Refreshed<'a> {
    /// The state before; `None` for the first.
    pub before: Option<&'a Arc<ReadState>>,
    /// The state in force.
    pub after: &'a Arc<ReadState>,
}

/// Follows the states of one dataset. Shared by reference between threads.
pub struct Consumer {
    source: Counted,
    labels: Labels,
    clock: Box<Clock>,
    filter: Filter,
    listeners: Vec<Box<Listener>>,
    indexes: Vec<IndexSpec>,
    cache: Option<LocalCache>,
    max_staleness: Option<Duration>,
    mapped: bool,
    state: ArcSwapOption<ReadState>,
    history: Mutex<History>,
    work: Mutex<Work>,
    notes: Mutex<Notes>,
    regressions: AtomicU64,
    background: background::Wake,
}

/// What only one refresh at a time may touch.
#[derive(Debug, Default)]
struct Work {
    pinned: Option<Version>,
    announced: Known<Option<LinkRef>>,
    pins: Known<Pins>,
    /// Whether a pin counted at the last refresh.
    held: bool,
    /// Blobs that have the right digest and still make no state: there is no use in trying them again.
    unreadable: HashSet<String>,
    /// The blobs in the cache that make the state in force.
    cached: Option<(Version, Route)>,
}

impl Consumer {
    /// Begins to describe a consumer of a [`Store`](crate::store::Store), or of any other source.
    pub fn builder(source: impl Source + 'static) -> ConsumerBuilder {
        ConsumerBuilder::new(Box::new(source))
    }

    /// The state in force; `None` before the first refresh that found one. Neither waits nor locks.
    pub fn state(&self) -> Option<Arc<ReadState>> {
        self.state.load_full()
    }

    /// The version in force.
    pub fn version(&self) -> Option<Version> {
        self.state.load().as_ref().and_then(|state| state.version())
    }

    /// The last states that were in force, the one in force included, with how long each was and what it costs to hold:
    /// as many as [`ConsumerBuilder::history`] says. The copy shares all memory with the states.
    pub fn history(&self) -> History {
        self.held().clone()
    }

    /// Holds this consumer at a version, from the next refresh on, whatever is announced or pinned for all.
    pub fn pin(&self, version: Version) {
        self.work().pinned = Some(version);
    }

    /// Lets this consumer follow the others again, from the next refresh on.
    pub fn unpin(&self) {
        self.work().pinned = None;
    }

    /// The version this consumer is held at by [`pin`](Consumer::pin).
    pub fn pinned(&self) -> Option<Version> {
        self.work().pinned
    }

    /// How often an announcement was older than the state at hand, and ignored.
    pub fn regressions(&self) -> u64 {
        self.regressions.load(Ordering::Relaxed)
    }

    /// How this consumer is doing. Asks nobody and waits for no refresh.
    pub fn health(&self) -> Health {
        let notes = self.notes().clone(); // a refresh must not wait for the sizes of held states
        let counts = (self.regressions(), self.source.requests());
        notes.health(self.state.load().as_deref(), counts, self.max_staleness)
    }

    /// The announced version. Asks the source.
    ///
    /// # Errors
    /// [`StoreError`] if the source cannot tell.
    pub fn announced(&self) -> Result<Option<Version>, StoreError> {
        Ok(self.source.announced()?.map(|announced| announced.version))
    }

    /// The versions that can be asked for, newest first. Reads the whole chain.
    ///
    /// # Errors
    /// [`StoreError`] if the chain cannot be read.
    pub fn versions(&self) -> Result<Vec<Version>, StoreError> {
        let chain = self.chain(usize::MAX)?;
        Ok(chain.into_iter().map(|link| link.version).collect())
    }

    /// What is known about the newest `count` versions, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the chain cannot be read.
    pub fn chain(&self, count: usize) -> Result<Vec<crate::store::Link>, StoreError> {
        let mut chain = Chain::new(&self.source, self.tip()?);
        while chain.links().len() < count && chain.extend()? {}
        Ok(chain.links().to_vec())
    }

    /// The manifest of a version, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the chain cannot be read that far.
    pub fn manifest(&self, version: Version) -> Result<Option<Manifest>, StoreError> {
        let mut chain = Chain::new(&self.source, self.tip()?);
        while chain.links().last().is_none_or(|link| link.version > version) && chain.extend()? {}
        let link = chain.links().iter().find(|link| link.version == version);
        Ok(link.and_then(|link| link.manifest.clone()))
    }

    fn tip(&self) -> Result<Option<LinkRef>, StoreError> {
        self.source.tip()
    }

    fn held(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread that panicked while it refreshed left the work as it was before.
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consumer")
            .field("source", &self.source)
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}
