//! One dataset's service: a thread that holds the producer, and folds the topic once per cadence.
//!
//! ```text
//! restore ──► offsets in the state's header tags
//!    ▲               │
//!    │        ┌──────▼───────┐  nothing new: nothing published
//!    │        │ look, plan   │
//!    │        │ read ► fold  │──► dead letters, awaited
//!    │        │ publish with │
//!    │        │ new offsets  │
//!    │        └──────┬───────┘
//!    └── in doubt ───┤ fails: try again, pausing longer each time
//!                    └── needs a person: halt, this dataset only
//! ```
//!
//! Cycles never overlap: there is one thread, and ticks that pass during a cycle are skipped. Several datasets are several
//! services with nothing in common.

mod fold;
mod report;
#[cfg(test)]
mod tests;

pub use report::{Event, Phase, Report, Status};

use crate::Codec;
use crate::config::DatasetConfig;
use crate::dead_letter::{DeadLetterError, DeadLetters, KafkaDeadLetters};
use crate::source::kafka::{KafkaSettings, KafkaSource};
use crate::source::{NewLog, ReadLimits, Source, SourceError};
use fold::Fold;
use hollow::producer::{CycleError, Producer, PublishUnchanged, Retention};
use hollow::store::{Store, StoreError};
use std::error::Error;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// Called with every [`Event`] and the dataset's name, on the service's thread: be quick.
pub type Listener = Arc<dyn Fn(&str, &Event) + Send + Sync>;

/// How a service works.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// The dataset's name.
    pub name: String,
    /// Time from the beginning of a cycle to the beginning of the next.
    pub cadence: Duration,
    /// How much a cycle may read.
    pub limits: ReadLimits,
    /// What to do when the log started anew.
    pub new_log: NewLog,
    /// Publish new offsets without any change once so many messages lie between them and those published.
    pub republish_after_messages: u64,
    /// Publish new offsets without any change once the published ones are so old.
    pub republish_after: Duration,
    /// The pause after a first failure. It doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
}

impl ServiceSettings {
    /// Settings for a dataset of this name: every 30 seconds, and the defaults of the configuration file.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            cadence: Duration::from_secs(30),
            limits: ReadLimits::default(),
            new_log: NewLog::Halt,
            republish_after_messages: 100_000,
            republish_after: Duration::from_secs(300),
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// Why a service cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The store cannot be opened.
    #[error("cannot open the store, dataset={dataset} store={store}")]
    Store {
        /// The dataset.
        dataset: String,
        /// Where.
        store: String,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The schemas do not make a producer.
    #[error("cannot make a producer, dataset={dataset}")]
    Producer {
        /// The dataset.
        dataset: String,
        /// Why.
        #[source]
        source: CycleError,
    },
    /// No thread could be started.
    #[error("cannot start a thread, dataset={dataset}")]
    Thread {
        /// The dataset.
        dataset: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A dataset's service, not yet started.
pub struct DatasetService {
    fold: Fold,
    listener: Listener,
}

impl DatasetService {
    /// A service of these parts. The producer must publish when header tags differ
    /// ([`PublishUnchanged::WhenTagsDiffer`]), and its dataset be the codec's.
    pub fn new(
        settings: ServiceSettings,
        codec: Codec,
        producer: Producer,
        source: Box<dyn Source>,
        dead_letters: Box<dyn DeadLetters>,
    ) -> Self {
        Self {
            fold: Fold {
                settings,
                codec,
                producer,
                source,
                dead_letters,
                position: None,
                published: None,
                published_at: Instant::now(),
            },
            listener: Arc::new(|_, _| {}),
        }
    }

    /// The service of a configured dataset.
    ///
    /// # Errors
    /// [`ServiceError`]. Kafka is not asked yet.
    pub fn open(config: &DatasetConfig) -> Result<Self, ServiceError> {
        let store = Store::fs(&config.store).map_err(|source| ServiceError::Store {
            dataset: config.settings.name.clone(),
            store: config.store.display().to_string(),
            source,
        })?;
        Self::open_with(config, store)
    }

    /// The service of a configured dataset, publishing to this store instead of the configured directory.
    ///
    /// # Errors
    /// [`ServiceError`]. Kafka is not asked yet.
    pub fn open_with(config: &DatasetConfig, store: Store) -> Result<Self, ServiceError> {
        let name = config.settings.name.as_str();
        let mut builder = Producer::builder(config.codec.dataset().clone(), store)
            .name(name)
            .root(config.codec.root())
            .snapshot_every(config.snapshot_every)
            .publish_unchanged(PublishUnchanged::WhenTagsDiffer);
        if let Some(versions) = config.keep_versions {
            builder = builder.retention(Retention::versions(versions));
        }
        let producer = builder.build().map_err(|source| ServiceError::Producer {
            dataset: name.to_owned(),
            source,
        })?;
        let source = KafkaSource::new(KafkaSettings {
            bootstrap_servers: config.bootstrap_servers.clone(),
            topic: config.topic.clone(),
            log: config.log.clone(),
            group: format!("fold-{name}"),
            client: config.client.clone(),
        });
        let dead_letters = KafkaDeadLetters::new(
            &config.bootstrap_servers,
            &config.dead_letter_topic,
            config.client.clone(),
        );
        Ok(Self::new(
            config.settings.clone(),
            config.codec.clone(),
            producer,
            Box::new(source),
            Box::new(dead_letters),
        ))
    }

    /// Tells this listener what happens.
    pub fn listener(mut self, listener: Listener) -> Self {
        self.listener = listener;
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// [`ServiceError::Thread`].
    pub fn start(self) -> Result<DatasetHandle, ServiceError> {
        let name = self.fold.settings.name.clone();
        let shared = Arc::<Shared>::default();
        let worker = Worker {
            fold: self.fold,
            listener: self.listener,
            shared: shared.clone(),
        };
        let thread = std::thread::Builder::new()
            .name(format!("fold-{name}"))
            .spawn(move || worker.run());
        match thread {
            Ok(thread) => Ok(DatasetHandle {
                name,
                shared,
                thread: Some(thread),
            }),
            Err(source) => Err(ServiceError::Thread { dataset: name, source }),
        }
    }
}

/// A running service. Dropping it stops the service and waits for it.
#[derive(Debug)]
pub struct DatasetHandle {
    name: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl DatasetHandle {
    /// The dataset's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the service stands.
    pub fn status(&self) -> Status {
        self.shared.status().clone()
    }

    /// Begins the next cycle, or the next try, without waiting for its time.
    pub fn cycle_now(&self) {
        self.shared.signal(|signals| signals.now = true);
    }

    /// Asks the service to stop: it finishes the cycle it is in. Does not wait.
    pub fn stop(&self) {
        self.shared.signal(|signals| signals.stop = true);
    }

    /// Whether the thread has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until the service has stopped, which [`stop`](DatasetHandle::stop) or a halt brings about.
    pub fn join(mut self) {
        self.wait();
    }

    fn wait(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic has been put into the status already.
            let _ = thread.join();
        }
    }
}

impl Drop for DatasetHandle {
    fn drop(&mut self) {
        self.stop();
        self.wait();
    }
}

/// What thread and handle share.
#[derive(Debug, Default)]
struct Shared {
    status: Mutex<Status>,
    signals: Mutex<Signals>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Signals {
    stop: bool,
    now: bool,
}

impl Shared {
    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self, set: impl FnOnce(&mut Signals)) {
        set(&mut self.signals.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits until that time, or for a signal; whether to go on.
    fn wait_until(&self, time: Instant) -> bool {
        let mut signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = time.saturating_duration_since(Instant::now());
            if signals.stop || signals.now || left.is_zero() {
                signals.now = false;
                return !signals.stop;
            }
            signals = self
                .changed
                .wait_timeout(signals, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// What the thread runs.
struct Worker {
    fold: Fold,
    listener: Listener,
    shared: Arc<Shared>,
}

impl Worker {
    fn tell(&self, event: &Event) {
        (self.listener)(&self.fold.settings.name, event);
    }

    fn run(mut self) {
        let _guard = PanicGuard(self.shared.clone());
        let cadence = self.fold.settings.cadence;
        let mut restored = false;
        let (mut failures, mut ours) = (0, 0);
        let mut next = Instant::now();
        while self.shared.wait_until(next) {
            // A cycle that was asked for earlier begins a new rhythm.
            let tick = next.min(Instant::now());
            let result = if restored {
                self.fold.cycle().map(Some)
            } else {
                self.fold.restore().map(|()| None)
            };
            match result {
                Ok(None) => {
                    restored = true;
                    self.restored();
                    next = Instant::now();
                }
                Ok(Some(report)) => {
                    (failures, ours) = (0, 0);
                    // Ticks that passed are skipped, unless there is more than one cycle may read.
                    let now = Instant::now();
                    let more = report.behind > 0 && report.messages > 0 && report.stalled.is_empty();
                    next = if more { now } else { next_tick(tick, cadence, now) };
                    self.cycled(report);
                }
                Err(failure) => {
                    failures += 1;
                    ours = if failure.is_ours { ours + 1 } else { 0 };
                    restored &= !failure.needs_restore;
                    if failure.is_final || ours > 1 {
                        return self.halted(failure.text);
                    }
                    let pause = self.pause(failures);
                    next = Instant::now() + pause;
                    self.failed(failure.text, failures, pause);
                }
            }
        }
        self.shared.status().phase = Phase::Stopped;
        self.tell(&Event::Stopped);
    }

    fn pause(&self, failures: u32) -> Duration {
        let settings = &self.fold.settings;
        let doubled = settings
            .first_pause
            .saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        doubled.min(settings.longest_pause)
    }

    fn restored(&self) {
        let version = self.fold.producer.version();
        let position = self.fold.position.clone();
        let mut status = self.shared.status();
        status.phase = Phase::Folding;
        status.version = version;
        status.position.clone_from(&position);
        drop(status);
        self.tell(&Event::Restored { version, position });
    }

    fn cycled(&self, report: Report) {
        let mut status = self.shared.status();
        status.phase = Phase::Folding;
        status.version = report.version;
        status.position.clone_from(&report.position);
        status.behind = report.behind;
        status.last_error = (!report.stalled.is_empty()).then(|| {
            format!(
                "partitions did not deliver what the log says they have, partitions={:?}",
                report.stalled
            )
        });
        status.failures = 0;
        status.last_cycle = Some(SystemTime::now());
        status.cycles += 1;
        status.messages += report.messages;
        status.dead_letters += report.dead_letters;
        if report.published.is_some() {
            status.versions += 1;
            status.last_published = status.last_cycle;
        }
        drop(status);
        self.tell(&Event::Cycle(Box::new(report)));
    }

    fn failed(&self, error: String, failures: u32, pause: Duration) {
        let mut status = self.shared.status();
        status.phase = Phase::Retrying;
        status.last_error = Some(error.clone());
        status.failures = failures;
        drop(status);
        self.tell(&Event::Retry { error, failures, pause });
    }

    fn halted(&self, error: String) {
        let mut status = self.shared.status();
        status.phase = Phase::Halted;
        status.last_error = Some(error.clone());
        drop(status);
        self.tell(&Event::Halted { error });
    }
}

/// The first tick after `now` in the rhythm that `last` began.
fn next_tick(last: Instant, cadence: Duration, now: Instant) -> Instant {
    let next = last + cadence;
    if next > now || cadence.is_zero() {
        return next;
    }
    let late = now.duration_since(next).as_nanos() % cadence.as_nanos();
    now + (cadence - Duration::from_nanos(u64::try_from(late).unwrap_or_default()))
}

/// Puts a panic of the thread where people look.
struct PanicGuard(Arc<Shared>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut status = self.0.status();
            status.phase = Phase::Halted;
            status.last_error = Some("the service panicked; see the log".to_owned());
        }
    }
}

/// Why a cycle failed, by what to do next.
#[derive(Debug)]
struct Failure {
    text: String,
    /// Nothing helps but a person.
    is_final: bool,
    /// A mistake of this program or of its configuration: the same input fails the same way.
    is_ours: bool,
    needs_restore: bool,
}

impl Failure {
    fn new(error: &dyn Error) -> Self {
        let mut texts = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            texts.push(error.to_string());
            cause = error.source();
        }
        texts.dedup(); // transparent errors repeat their source
        Self {
            text: texts.join(": "),
            is_final: false,
            is_ours: false,
            needs_restore: false,
        }
    }

    fn halt(error: &dyn Error) -> Self {
        Self {
            is_final: true,
            ..Self::new(error)
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Settings { .. } => Self::halt(&error),
            SourceError::Fold(inner) => Self::from_box(inner),
            other => Self::new(&other),
        }
    }
}

impl Failure {
    fn from_box(error: crate::source::BoxError) -> Self {
        let error = match error.downcast::<SourceError>() {
            Ok(error) => return (*error).into(),
            Err(error) => error,
        };
        let error = match error.downcast::<CycleError>() {
            Ok(error) => return (*error).into(),
            Err(error) => error,
        };
        match error.downcast::<DeadLetterError>() {
            Ok(error) => Self::new(&*error),
            Err(error) => Self {
                is_ours: true,
                ..Self::new(&*error)
            },
        }
    }
}

impl From<CycleError> for Failure {
    fn from(error: CycleError) -> Self {
        let failure = Self::new(&error);
        match error {
            CycleError::Populate(inner) => Self::from_box(inner),
            CycleError::Store { .. } | CycleError::Rejected { .. } => failure,
            CycleError::Unresolved { .. } | CycleError::NeedsRestore => Self {
                needs_restore: true,
                ..failure
            },
            CycleError::Fenced { .. } | CycleError::Restore { .. } | CycleError::Interrupted(_) => Self {
                is_final: true,
                ..failure
            },
            _ => Self {
                is_ours: true,
                ..failure
            },
        }
    }
}
