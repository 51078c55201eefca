//! The service seen from outside: whether it lives, whether it is ready, where it stands, what it has done.
//!
//! ```text
//! services ── Event ──► Observer ── remembers: counters, the last cycles
//!     ▲                    │
//!     └──── Sight ◄────────┴──► /live  /ready  /status  /metrics
//! ```
//!
//! An [`Observer`] is told every [`Event`] and looks at the services only when it is asked ([`Sight`]). It asks neither
//! Kafka nor the store: an answer never waits for them, and what is said about them is as old as the last cycle. Nothing
//! here holds a service up, and no answer shows a secret or the content of a record.
//!
//! - [`serve`] answers HTTP, within bounds that no request can widen;
//! - [`Lines`] writes the log, one line for each event, whatever is in it.

pub(crate) mod escape;
mod health;
mod http;
mod lines;
mod made_at;
mod memory;
mod metrics;
mod process;
mod status;
#[cfg(test)]
mod tests;

pub use health::{Health, Problem};
pub use http::{Looker, serve};
pub use lines::{Lines, LogFormat};
pub use memory::CycleNote;
pub use status::{Counts, DatasetStatus, LogStatus, PartitionStatus, StatusPage};

use crate::Figures;
use crate::config::Config;
use crate::service::{DatasetHandle, Event, Status};
use memory::Memory;
use metrics::Metrics;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// What is seen of one dataset's service at one moment.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// The dataset's name.
    pub dataset: String,
    /// Where its service says it stands.
    pub status: Status,
    /// Whether its thread has ended.
    pub is_finished: bool,
    /// How long the thread has been at work without a pause; none while it waits for its next cycle.
    pub busy_for: Option<Duration>,
}

impl Sight {
    /// What is seen of this service now.
    pub fn of(handle: &DatasetHandle) -> Self {
        // In this order: a thread that ends in between has put its last word into the status.
        let (is_finished, busy_for) = (handle.is_finished(), handle.busy_for());
        Self {
            dataset: handle.name().to_owned(),
            status: handle.status(),
            is_finished,
            busy_for,
        }
    }
}

/// A point in time, by the clock that people read and by the one that never jumps.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// By the clock.
    pub clock: SystemTime,
    /// By the one that only goes forward: ages are measured with it where that is possible.
    pub instant: Instant,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        Self {
            clock: SystemTime::now(),
            instant: Instant::now(),
        }
    }
}

/// Remembers what happened, and says how things stand. Clones are the same observer.
#[derive(Clone)]
pub struct Observer(Arc<Inner>);

struct Inner {
    began: Moment,
    stuck_after: Duration,
    datasets: Mutex<BTreeMap<String, Memory>>,
    metrics: Metrics,
    stopping: AtomicBool,
}

impl Observer {
    /// An observer of the datasets of this configuration.
    pub fn new(config: &Config) -> Self {
        let metrics = Metrics::new();
        let mut datasets = BTreeMap::new();
        for dataset in &config.datasets {
            metrics.begin(&dataset.settings.name, dataset.settings.cadence);
            let checks = dataset.checks.validators(dataset.codec.root());
            let names: Vec<String> = checks.iter().map(|check| check.name()).collect();
            metrics
                .figures(&dataset.settings.name)
                .begin(names.iter().map(String::as_str));
            datasets.insert(dataset.settings.name.clone(), Memory::new(dataset.settings.cadence));
        }
        Self(Arc::new(Inner {
            began: Moment::now(),
            stuck_after: config.observe.stuck_after,
            datasets: Mutex::new(datasets),
            metrics,
            stopping: AtomicBool::new(false),
        }))
    }

    /// Takes note of what happened to a dataset. One that the configuration does not name is left out, so that nothing
    /// grows.
    pub fn event(&self, dataset: &str, event: &Event) {
        let now = Moment::now();
        if let Some(memory) = self.datasets().get_mut(dataset) {
            memory.note(event, now);
            self.0.metrics.note(dataset, event, now);
        }
    }

    /// What the parts of this dataset's service are to count in; see
    /// [`DatasetService::open_counted`](crate::service::DatasetService::open_counted). It shows among the metrics, so the
    /// dataset must be one of the configuration.
    pub fn figures(&self, dataset: &str) -> Figures {
        self.0.metrics.figures(dataset)
    }

    /// The process was told to stop: it is not ready any more.
    pub fn stopping(&self) {
        self.0.stopping.store(true, Relaxed);
    }

    /// Whether every thread makes progress, or waits as it should.
    pub fn live(&self, sights: &[Sight]) -> Health {
        Health::of(sights, |sight| health::why_not_live(sight, self.0.stuck_after))
    }

    /// Whether every dataset is restored and folded.
    pub fn ready(&self, sights: &[Sight]) -> Health {
        let datasets = self.datasets();
        Health::of(sights, |sight| {
            let restored = datasets.get(&sight.dataset).is_some_and(|memory| memory.restored);
            health::why_not_ready(sight, restored, self.0.stopping.load(Relaxed))
        })
    }

    /// Everything about every dataset.
    pub fn status(&self, sights: &[Sight], now: Moment) -> StatusPage {
        let (live, ready) = (self.live(sights), self.ready(sights));
        StatusPage::new(sights, &self.datasets(), self.0.began, now, &live, &ready)
    }

    /// Metrics in the text format of OpenMetrics 1.0, which Prometheus reads.
    pub fn metrics(&self, sights: &[Sight], now: Moment) -> String {
        let datasets = self.datasets(); // held throughout: one scrape at a time
        let ready = |sight: &Sight| {
            let restored = datasets.get(&sight.dataset).is_some_and(|memory| memory.restored);
            health::why_not_ready(sight, restored, self.0.stopping.load(Relaxed)).is_none()
        };
        self.0.metrics.text(sights, &datasets, &ready, self.0.began, now)
    }

    fn datasets(&self) -> MutexGuard<'_, BTreeMap<String, Memory>> {
        self.0.datasets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a build calls itself: its version, and what its packager gave as `INCREMENTAL_PRODUCER_BUILD` when compiling.
pub const BUILD: &str = match option_env!("INCREMENTAL_PRODUCER_BUILD") {
    Some(build) => build,
    None => env!("CARGO_PKG_VERSION"),
};

/// Epoch milliseconds; 0 for times before.
fn epoch_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
