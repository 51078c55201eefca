//! Describing a consumer.

use super::asked::Counted;
use super::background::{Schedule, Wake};
use super::health::Notes;
use super::{BoxError, Clock, Consumer, Listener, RefreshError, Refreshed, Work};
use crate::index::IndexSpec;
use crate::read::{Filter, History};
use crate::store::{Labels, LocalCache, Source, StoreError};
use arc_swap::ArcSwapOption;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// Describes a consumer; made by [`Consumer::builder`].
pub struct ConsumerBuilder {
    source: Box<dyn Source>,
    labels: Labels,
    clock: Box<Clock>,
    instance: Option<String>,
    filter: Filter,
    listeners: Vec<Box<Listener>>,
    indexes: Vec<IndexSpec>,
    cache: Option<PathBuf>,
    max_staleness: Option<Duration>,
    interval: Option<Duration>,
    mapped: bool,
    history: usize,
}

impl ConsumerBuilder {
    pub(super) fn new(source: Box<dyn Source>) -> Self {
        Self {
            source,
            labels: Labels::new(),
            clock: Box::new(SystemTime::now),
            instance: None,
            filter: Filter::everything(),
            listeners: Vec::new(),
            indexes: Vec::new(),
            cache: None,
            max_staleness: None,
            interval: None,
            mapped: false,
            history: 1,
        }
    }

    /// Says something of this consumer that pins may be for: `region`, `application`, `instance`, whatever is agreed on.
    /// See [`Pins`](crate::store::Pins). Another value for the same key takes its place.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The name of this consumer among those of its dataset, for example its host and port: consumers with other names
    /// ask at other moments of an [interval](ConsumerBuilder::refresh_every). Without one the moment is random.
    pub fn instance(mut self, name: &str) -> Self {
        self.instance = Some(name.to_owned());
        self
    }

    /// Tells the time by which pins expire. Default: the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Keeps only some types and fields in memory.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Adds a listener. Listeners are called one after the other, by the thread that refreshes, when the new state is in
    /// force. What one returns as error, or panics with, is reported and does no harm.
    pub fn listener(
        mut self,
        listener: impl Fn(&Refreshed<'_>) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// Makes every state have this index; see [`index`](crate::index). It is made when a snapshot is loaded, which takes
    /// time and memory of its own, and carried along by deltas at the cost of the changes. With a
    /// [cache](ConsumerBuilder::cache) it is kept there too, so that a start finds it made.
    pub fn index(mut self, spec: IndexSpec) -> Self {
        self.indexes.push(spec);
        self
    }

    /// Keeps the blobs that make the state in force in this directory (made if it is missing, for this user only), so
    /// that [`start`](ConsumerBuilder::start) finds them when the store is away, and fetches less when it is not. Takes
    /// the room of a snapshot and of deltas that are together about as long.
    ///
    /// The directory is also where the crash-loop guard keeps count: a version during whose loading two processes died
    /// is not loaded by a third; see [`RefreshError::Guarded`]. Processes that consume the same dataset may share it.
    ///
    /// Only blobs whose digest is known are kept: those of a [`Store`](crate::store::Store), not those of a
    /// [`JavaDirectory`](crate::store::JavaDirectory).
    pub fn cache(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache = Some(directory.into());
        self
    }

    /// Reads snapshots where their files lie instead of loading them: a start costs reading a file once (its digest is
    /// checked), and records take memory that the operating system can take back. What deltas change is in memory, as
    /// ever. Reading a record is slower until its part of the file is in memory; so is making indexes.
    ///
    /// That is for snapshots that are files: of a store in the file system, or of any store with a
    /// [cache](ConsumerBuilder::cache). Others are loaded. See [`ReadState::open_mapped`](crate::read::ReadState::open_mapped)
    /// for what must not happen to such a file.
    pub fn mapped(mut self) -> Self {
        self.mapped = true;
        self
    }

    /// Keeps this many states, the one in force included, each at the cost of what the next one changed of it; see
    /// [`Consumer::history`]. Not set, it is the one in force.
    pub fn history(mut self, states: usize) -> Self {
        self.history = states;
        self
    }

    /// From when on [`Health::is_ready`](super::Health::is_ready) says no: when the source has not said for so long that
    /// the state in force is the one to have. The state is served all the same; whether to take traffic with it is up to
    /// the service. Not set, a state is never too old.
    pub fn max_staleness(mut self, age: Duration) -> Self {
        self.max_staleness = Some(age);
        self
    }

    /// Makes [`start`](ConsumerBuilder::start) refresh in the background, with one question to the source in every
    /// interval, give or take a tenth: by turns what is announced and what is pinned, so that either is known after two
    /// intervals. While refreshing fails the pauses grow, up to 16 intervals, and the source is never asked more often.
    /// Wake it with a [`WakeHandle`](super::WakeHandle) to be faster than that; then the interval may be long.
    pub fn refresh_every(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// The consumer, without a state yet, and without a thread: it moves when [`Consumer::refresh`] is called.
    ///
    /// # Errors
    /// [`StoreError`] if the cache directory cannot be made.
    pub fn build(self) -> Result<Consumer, StoreError> {
        let cache = self.cache.map(|directory| LocalCache::open(&directory)).transpose()?;
        Ok(Consumer {
            source: Counted::new(self.source),
            labels: self.labels,
            clock: self.clock,
            filter: self.filter,
            listeners: self.listeners,
            indexes: self.indexes,
            cache,
            max_staleness: self.max_staleness,
            mapped: self.mapped,
            history: Mutex::new(History::with_limit(self.history)),
            state: ArcSwapOption::empty(),
            work: Mutex::new(Work::default()),
            notes: Mutex::new(Notes::default()),
            regressions: AtomicU64::new(0),
            background: Wake::default(),
        })
    }

    /// The consumer, with a state in force if there is any to be had, following in the background if an
    /// [interval](ConsumerBuilder::refresh_every) is set. Returns when the first state is in force; it is
    ///
    /// 1. the one pinned or announced; else
    /// 2. if that one cannot be loaded, one of the three before it (unless it is pinned); else
    /// 3. the last one that was in force with this [cache](ConsumerBuilder::cache).
    ///
    /// For 2 and 3, [`health`](Consumer::health) says why. If nothing is announced yet there is no state, and no error.
    /// The thread ends when the last handle to the consumer is dropped.
    ///
    /// # Errors
    /// Why 1 failed, if 2 and 3 failed too.
    pub fn start(self) -> Result<Arc<Consumer>, RefreshError> {
        let instance = self.instance.clone();
        let schedule = self.interval.map(|interval| Schedule { interval, instance });
        let consumer = Arc::new(self.build()?);
        consumer.start()?;
        if let Some(schedule) = schedule {
            consumer.follow_in_background(schedule).map_err(RefreshError::Thread)?;
        }
        Ok(consumer)
    }
}
