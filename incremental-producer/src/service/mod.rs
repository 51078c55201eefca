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
//! Before each cycle the store is asked whether it may begin at all, and what is refused again and again is held for a
//! person: [`control`](crate::control).
//!
//! Cycles never overlap: there is one thread, and ticks that pass during a cycle are skipped. Several datasets are several
//! services with nothing in common.

mod ahead;
mod failure;
mod fold;
mod handle;
mod report;
mod stopping;
#[cfg(test)]
mod sweeps;
#[cfg(test)]
mod tests;
mod worker;

pub use handle::DatasetHandle;
pub use report::{Event, Phase, Report, Status};

use crate::Codec;
use crate::announce::KafkaAnnouncer;
use crate::config::DatasetConfig;
use crate::control::Control;
use crate::crash_points;
use crate::dead_letter::{Caps, DeadLetters, KafkaDeadLetters, LetterSettings};
use crate::figures::{Figures, counted};
use crate::share::Share;
use crate::source::kafka::{KafkaSettings, KafkaSource};
use crate::source::{NewLog, Policy, ReadLimits, Source};
use crate::sweep::Sweeps;
use fold::Fold;
use handle::Shared;
use hollow::producer::{CycleError, Producer, ProducerBuilder, PublishUnchanged, Retention};
use hollow::store::{Store, StoreError};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use stopping::UntilStopped;
use worker::Worker;

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
    /// Go on behind messages that were lost, once. A person's word: never of a configuration file.
    pub accept_gap: bool,
    /// Go on with partitions that were added, once. A person's word, too.
    pub accept_repartition: bool,
    /// What may be set aside.
    pub letters: LetterSettings,
    /// The largest share of its range that a sweep may remove.
    pub most_removed: Share,
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
            accept_gap: false,
            accept_repartition: false,
            letters: LetterSettings::default(),
            most_removed: Share::of_a_million(100_000),
            republish_after_messages: 100_000,
            republish_after: Duration::from_secs(300),
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(30),
        }
    }

    /// What is allowed now.
    fn policy(&self) -> Policy {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Policy {
            new_log: self.new_log,
            accept_gap: self.accept_gap,
            accept_repartition: self.accept_repartition,
            now: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
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
        source: Box<StoreError>,
    },
    /// The schemas do not make a producer.
    #[error("cannot make a producer, dataset={dataset}")]
    Producer {
        /// The dataset.
        dataset: String,
        /// Why.
        #[source]
        source: Box<CycleError>,
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
    announcer: Option<KafkaAnnouncer>,
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
                sweeps: Sweeps::new(settings.most_removed),
                caps: Caps::new(settings.letters),
                settings,
                codec,
                producer,
                source,
                dead_letters,
                position: None,
                published: None,
                published_at: Instant::now(),
                accepting: None,
            },
            listener: Arc::new(|_, _| {}),
            announcer: None,
        }
    }

    /// The service of a configured dataset.
    ///
    /// # Errors
    /// [`ServiceError`]. Kafka is not asked yet.
    pub fn open(config: &DatasetConfig) -> Result<Self, ServiceError> {
        Self::open_counted(config, &Figures::default())
    }

    /// The service of a configured dataset, counted in [these figures](crate::observe::Observer::figures).
    ///
    /// # Errors
    /// [`ServiceError`]. Kafka is not asked yet.
    pub fn open_counted(config: &DatasetConfig, figures: &Figures) -> Result<Self, ServiceError> {
        let store = figures.meter(open_store(config, &config.store)?);
        Self::build(config, store, figures, |builder| builder)
    }

    /// The service of a configured dataset, publishing to this store instead of the configured one.
    ///
    /// # Errors
    /// [`ServiceError`]. Kafka is not asked yet.
    pub fn open_with(config: &DatasetConfig, store: Store) -> Result<Self, ServiceError> {
        Self::open_built(config, store, |builder| builder)
    }

    /// As [`open_with`](DatasetService::open_with), with a say in how the producer is built: the place for validators of
    /// one's own.
    ///
    /// # Errors
    /// [`ServiceError`]. Kafka is not asked yet.
    pub fn open_built(
        config: &DatasetConfig,
        store: Store,
        build: impl FnOnce(ProducerBuilder) -> ProducerBuilder,
    ) -> Result<Self, ServiceError> {
        Self::build(config, store, &Figures::default(), build)
    }

    fn build(
        config: &DatasetConfig,
        store: Store,
        figures: &Figures,
        build: impl FnOnce(ProducerBuilder) -> ProducerBuilder,
    ) -> Result<Self, ServiceError> {
        let name = config.settings.name.as_str();
        let client = config.client.clone().counted(figures);
        let mut builder = Producer::builder(config.codec.dataset().clone(), store.clone())
            .name(name)
            .root(config.codec.root())
            .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
            .validators(counted(config.checks.validators(config.codec.root()), figures))
            .keep_refused(config.checks.keep_refused);
        if let Some(versions) = config.snapshot_every {
            builder = builder.snapshot_every(versions);
        }
        if let Some(versions) = config.keep_versions {
            builder = builder.retention(Retention::versions(versions).grace(config.announce.grace));
        }
        for derived in &config.announce.derived {
            builder = builder.derived(open_store(config, derived)?);
        }
        let producer = crash_points::arm(build(builder))
            .build()
            .map_err(|source| ServiceError::Producer {
                dataset: name.to_owned(),
                source: Box::new(source),
            })?;
        let source = KafkaSource::new(KafkaSettings {
            bootstrap_servers: config.bootstrap_servers.clone(),
            topic: config.topic.clone(),
            log: config.log.clone(),
            group: format!("fold-{name}"),
            client: client.clone(),
        });
        let dead_letters = KafkaDeadLetters::new(&config.bootstrap_servers, &config.dead_letter_topic, client.clone());
        let mut service = Self::new(
            config.settings.clone(),
            config.codec.clone(),
            producer,
            Box::new(source),
            Box::new(dead_letters),
        );
        service.announcer = config.announce.topic.as_deref().map(|topic| {
            let servers = config.bootstrap_servers.as_str();
            KafkaAnnouncer::start(name, servers, topic, &client, store)
        });
        Ok(service)
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
        let mut fold = self.fold;
        fold.source = Box::new(UntilStopped::new(fold.source, shared.clone()));
        let worker = Worker {
            control: Control::new(fold.producer.store().clone()),
            fold,
            listener: match self.announcer {
                Some(announcer) => announcer.before(self.listener),
                None => self.listener,
            },
            shared: shared.clone(),
        };
        let thread = std::thread::Builder::new()
            .name(format!("fold-{name}"))
            .spawn(move || worker.run());
        match thread {
            Ok(thread) => Ok(DatasetHandle::new(name, shared, thread)),
            Err(source) => Err(ServiceError::Thread { dataset: name, source }),
        }
    }
}

fn open_store(config: &DatasetConfig, location: &str) -> Result<Store, ServiceError> {
    Store::open_at(location).map_err(|source| ServiceError::Store {
        dataset: config.settings.name.clone(),
        store: location.to_owned(),
        source: Box::new(source),
    })
}
