//! The consumer's side: hearing that something was announced.

use crate::client::{ClientSettings, LogContext};
use crate::figures::Client;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::TopicPartitionList;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long one poll may wait, and so how long the end may take.
const POLL: Duration = Duration::from_millis(100);
/// How long to wait for an answer about the topic.
const ANSWER: Duration = Duration::from_secs(5);
/// The pause after a first failure; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// More than this is not spreading but sleeping.
const LONGEST_SPREAD: Duration = Duration::from_secs(3600);

const DEFAULTS: &[(&str, &str)] = &[
    ("fetch.wait.max.ms", "500"),
    ("queued.max.messages.kbytes", "1024"),
    ("topic.metadata.refresh.interval.ms", "60000"),
];

/// Where to begin does not matter: what was announced before is read in the store.
const FIXED: &[(&str, &str)] = &[
    ("group.id", "announcements"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("auto.offset.reset", "latest"),
    ("allow.auto.create.topics", "false"),
];

/// The topic of announcements.
#[derive(Clone, Debug)]
pub struct AnnouncementTopic {
    /// Brokers to ask first, `host:port,…`.
    pub bootstrap_servers: String,
    /// The topic.
    pub topic: String,
    /// Further client settings.
    pub client: ClientSettings,
    /// The longest pause between hearing of a version and waking whoever wants to know; each has a random one. See
    /// [`SPREAD`](AnnouncementTopic::SPREAD).
    pub spread: Duration,
}

impl AnnouncementTopic {
    /// The spread if none is given.
    ///
    /// All who listen hear of a version within a few milliseconds, and each then makes some three requests to the store:
    /// for the head, the manifest, the delta. The spread is the time over which a fleet's requests are spread, so it
    /// should be at least `3 × consumers ÷ requests a second that the store allows`: a thousand consumers of a bucket that
    /// allows 5500 a second want 0.6 s, ten thousand 6 s. None ([`Duration::ZERO`]) is right for a few consumers.
    ///
    /// It costs freshness: half of it on average, all of it at worst. At a cadence of 500 ms a change waits up to 500 ms
    /// for its cycle; with a tenth of a second here, 400 ms remain for the cycle, the hint and the refresh until it is a
    /// second old, whatever chance says. That is enough for some 180 consumers of such a bucket: larger fleets choose
    /// between a longer spread and a store that stands more.
    pub const SPREAD: Duration = Duration::from_millis(100);

    /// A topic with these brokers to ask first, no further client settings, and the default spread.
    pub fn new(bootstrap_servers: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            topic: topic.into(),
            client: ClientSettings::default(),
            spread: Self::SPREAD,
        }
    }
}

/// Nobody listens.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the thread that listens to announcements, topic={topic}")]
pub struct ListenError {
    /// The topic.
    pub topic: String,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

/// Listens to the announcements of a dataset and wakes somebody with each. Ends when it is dropped.
///
/// ```no_run
/// # use hollow::{consumer::Consumer, store::Store};
/// # use incremental_producer::announce::{AnnouncementTopic, KafkaAnnouncements};
/// # fn follow(store: Store, topic: AnnouncementTopic) -> Result<(), Box<dyn std::error::Error>> {
/// let consumer = Consumer::builder(store)
///     .refresh_every(std::time::Duration::from_secs(300)) // in case a hint is lost
///     .start()?;
/// let handle = consumer.wake_handle();
/// let listening = KafkaAnnouncements::listen(topic, "titles", move || handle.wake())?;
/// # drop(listening);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct KafkaAnnouncements {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: Mutex<bool>,
    stopped: Condvar,
    listening: AtomicBool,
    heard: AtomicU64,
}

impl Shared {
    /// Waits; false if it is over.
    fn pause(&self, pause: Duration) -> bool {
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.stopped.wait_timeout_while(stop, pause, |stop| !*stop);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn goes_on(&self) -> bool {
        self.pause(Duration::ZERO)
    }
}

impl KafkaAnnouncements {
    /// Starts to listen. `wake` is called after every announcement of this dataset, and whenever listening begins or begins
    /// anew, since something may have been missed: each time after a random part of [`AnnouncementTopic::spread`], and
    /// once for all that is heard meanwhile. It must be quick.
    ///
    /// Brokers that cannot be reached, or a topic that does not exist, are no error: it is tried again, with pauses.
    ///
    /// # Errors
    /// [`ListenError`] if there is no thread.
    pub fn listen(
        topic: AnnouncementTopic,
        dataset: &str,
        wake: impl Fn() + Send + 'static,
    ) -> Result<Self, ListenError> {
        let shared = Arc::<Shared>::default();
        let name = topic.topic.clone();
        let ear = Ear {
            topic,
            dataset: dataset.to_owned(),
            shared: shared.clone(),
            wake: Box::new(wake),
        };
        let thread = std::thread::Builder::new().name(format!("announced-{dataset}"));
        match thread.spawn(move || ear.run()) {
            Ok(thread) => Ok(Self {
                shared,
                thread: Some(thread),
            }),
            Err(source) => Err(ListenError { topic: name, source }),
        }
    }

    /// How many announcements of the dataset were heard.
    pub fn heard(&self) -> u64 {
        self.shared.heard.load(Ordering::Relaxed)
    }

    /// Whether the topic is being listened to. If not, it is tried to.
    pub fn is_listening(&self) -> bool {
        self.shared.listening.load(Ordering::Relaxed)
    }
}

impl Drop for KafkaAnnouncements {
    fn drop(&mut self) {
        *self.shared.stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.stopped.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // it has nothing to say
        }
    }
}

/// What the thread runs.
struct Ear {
    topic: AnnouncementTopic,
    dataset: String,
    shared: Arc<Shared>,
    wake: Box<dyn Fn() + Send>,
}

impl Ear {
    fn run(&self) {
        let mut pause = FIRST_PAUSE;
        while self.shared.goes_on() {
            match self.connect() {
                Ok(client) => {
                    pause = FIRST_PAUSE;
                    self.shared.listening.store(true, Ordering::Relaxed);
                    let error = self.hear(&client);
                    self.shared.listening.store(false, Ordering::Relaxed);
                    let Some(error) = error else { return };
                    tracing::warn!(topic = %self.topic.topic, %error, "listens anew to announcements");
                }
                Err(error) => {
                    tracing::warn!(topic = %self.topic.topic, %error, "cannot listen to announcements");
                }
            }
            if !self.shared.pause(pause) {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// All partitions, from their ends.
    fn connect(&self) -> Result<BaseConsumer<LogContext>, KafkaError> {
        let topic = self.topic.topic.as_str();
        let config = self.topic.client.client(&self.topic.bootstrap_servers, DEFAULTS, FIXED);
        let context = self
            .topic
            .client
            .context(format!("announcements in {topic}"), Client::Announcements);
        let client: BaseConsumer<LogContext> = config.create_with_context(context)?;
        let metadata = client.fetch_metadata(Some(topic), ANSWER)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let error = match found {
            None => Some(RDKafkaErrorCode::UnknownTopicOrPartition),
            Some(found) => {
                // Of a topic that is new not every broker has heard; and who listens to nothing hears nothing.
                let none = found.partitions().is_empty();
                let error = found.error().map(RDKafkaErrorCode::from);
                error.or(none.then_some(RDKafkaErrorCode::LeaderNotAvailable))
            }
        };
        if let Some(error) = error {
            return Err(KafkaError::MetadataFetch(error));
        }
        let mut partitions = TopicPartitionList::new();
        for partition in found.iter().flat_map(|found| found.partitions()) {
            partitions.add_partition_offset(topic, partition.id(), Offset::End)?;
        }
        client.assign(&partitions)?;
        Ok(client)
    }

    /// Until it is over, or the client cannot go on; then why.
    fn hear(&self, client: &BaseConsumer<LogContext>) -> Option<KafkaError> {
        // Something may have been missed before. All who listen begin anew together when a broker comes back.
        let mut due = Some(self.moment());
        while self.shared.goes_on() {
            let wait = due.map_or(POLL, |due| due.saturating_duration_since(Instant::now()).min(POLL));
            match client.poll(wait) {
                Some(Ok(message)) if message.key() == Some(self.dataset.as_bytes()) => {
                    self.shared.heard.fetch_add(1, Ordering::Relaxed);
                    // What is read then is the newest, however many were heard.
                    due.get_or_insert_with(|| self.moment());
                }
                // Brokers that come and go: the client goes on trying, and the consumer asks by itself meanwhile.
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Some(error),
                Some(Err(KafkaError::MessageConsumption(
                    code @ (RDKafkaErrorCode::UnknownTopicOrPartition
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::UnknownPartition),
                ))) => return Some(KafkaError::MessageConsumption(code)),
                _ => {}
            }
            if due.is_some_and(|due| due <= Instant::now()) {
                due = None;
                (self.wake)();
            }
        }
        None
    }

    /// When to wake somebody for what is heard now.
    fn moment(&self) -> Instant {
        Instant::now() + self.topic.spread.min(LONGEST_SPREAD).mul_f64(random())
    }
}

/// From 0 to 1, another one for each process and each time.
fn random() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}
