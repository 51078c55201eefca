//! Messages that mean nothing are set aside, with the reason, and the others go on.
//!
//! A dead letter must be safe before the version is published whose offsets cover the message, or it would be lost for
//! good: [`DeadLetters::settle`] is called in between, and its failure fails the cycle. A cycle that fails later repeats its
//! dead letters, so their topic holds each at least once; topic, partition and offset in the headers tell repetitions.

use crate::client::{ClientSettings, log_line};
use crate::source::Record;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, ProducerContext};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Header of a dead letter: the topic the message was read from.
pub const SOURCE_TOPIC: &str = "source-topic";
/// Header of a dead letter: the partition the message was read from.
pub const SOURCE_PARTITION: &str = "source-partition";
/// Header of a dead letter: the offset of the message.
pub const SOURCE_OFFSET: &str = "source-offset";
/// Header of a dead letter: why the message means nothing.
pub const REASON: &str = "reason";

/// A dead letter could not be made safe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot deliver dead letters, topic={topic} undelivered={undelivered}: {reason}")]
pub struct DeadLetterError {
    /// The topic of the dead letters.
    pub topic: String,
    /// How many of this cycle are not known to be safe.
    pub undelivered: u64,
    /// What went wrong.
    pub reason: String,
}

/// Where messages go that mean nothing.
pub trait DeadLetters: Send {
    /// Sets a message aside.
    ///
    /// # Errors
    /// [`DeadLetterError`] if it cannot be taken on.
    fn put(&mut self, topic: &str, record: &Record<'_>, reason: &str) -> Result<(), DeadLetterError>;

    /// Waits until everything that was put is safe.
    ///
    /// # Errors
    /// [`DeadLetterError`] if something is not; it is forgotten then, for the cycle will put it again.
    fn settle(&mut self) -> Result<(), DeadLetterError>;
}

/// A topic of dead letters.
pub struct KafkaDeadLetters {
    servers: String,
    topic: String,
    client: ClientSettings,
    patience: Duration,
    open: Option<Open>,
}

struct Open {
    producer: BaseProducer<Deliveries>,
    counts: Arc<Counts>,
    sent: u64,
}

#[derive(Default)]
struct Counts {
    delivered: AtomicU64,
    failed: AtomicU64,
    last_error: Mutex<Option<String>>,
}

struct Deliveries {
    topic: String,
    counts: Arc<Counts>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(&self.topic, level, facility, message);
    }
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(client = %self.topic, %error, reason, "Kafka client");
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();
    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => self.counts.delivered.fetch_add(1, SeqCst),
            Err((error, _)) => {
                let mut last = self.counts.last_error.lock().unwrap_or_else(PoisonError::into_inner);
                *last = Some(error.to_string());
                self.counts.failed.fetch_add(1, SeqCst)
            }
        };
    }
}

impl Open {
    fn undelivered(&self) -> u64 {
        self.sent.saturating_sub(self.counts.delivered.load(SeqCst))
    }

    fn unknown(&self) -> u64 {
        self.undelivered().saturating_sub(self.counts.failed.load(SeqCst))
    }
}

impl KafkaDeadLetters {
    /// Dead letters to this topic. Nothing is connected before the first one.
    pub fn new(servers: &str, topic: &str, client: ClientSettings) -> Self {
        Self {
            servers: servers.to_owned(),
            topic: topic.to_owned(),
            client,
            patience: Duration::from_secs(30),
            open: None,
        }
    }

    fn error(&self, undelivered: u64, reason: impl ToString) -> DeadLetterError {
        DeadLetterError {
            topic: self.topic.clone(),
            undelivered,
            reason: reason.to_string(),
        }
    }

    fn open(&self) -> Result<Open, DeadLetterError> {
        let timeout = self.patience.as_millis().to_string();
        let config = self.client.client(
            &self.servers,
            &[("linger.ms", "5"), ("compression.type", "zstd")],
            &[
                ("enable.idempotence", "true"),
                ("acks", "all"),
                ("partitioner", "murmur2_random"),
                ("message.timeout.ms", &timeout),
            ],
        );
        let counts = Arc::<Counts>::default();
        let context = Deliveries {
            topic: self.topic.clone(),
            counts: counts.clone(),
        };
        let producer = config
            .create_with_context(context)
            .map_err(|error| self.error(0, error))?;
        Ok(Open {
            producer,
            counts,
            sent: 0,
        })
    }
}

impl DeadLetters for KafkaDeadLetters {
    fn put(&mut self, topic: &str, record: &Record<'_>, reason: &str) -> Result<(), DeadLetterError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.open()?,
        };
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len() + 4);
        for &(key, value) in record.headers {
            headers = headers.insert(Header { key, value });
        }
        let (partition, offset) = (record.partition.to_string(), record.offset.to_string());
        for (key, value) in [
            (SOURCE_TOPIC, topic),
            (SOURCE_PARTITION, &partition),
            (SOURCE_OFFSET, &offset),
            (REASON, reason),
        ] {
            headers = headers.insert(Header {
                key,
                value: Some(value),
            });
        }
        let mut letter = BaseRecord::<[u8], [u8]>::to(&self.topic).headers(headers);
        letter.key = record.key;
        letter.payload = record.payload;
        let deadline = Instant::now() + self.patience;
        loop {
            match open.producer.send(letter) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if Instant::now() < deadline =>
                {
                    letter = back;
                    open.producer.poll(Duration::from_millis(5));
                }
                Err((error, _)) => return Err(self.error(open.undelivered() + 1, error)),
            }
        }
        open.sent += 1;
        self.open = Some(open);
        Ok(())
    }

    fn settle(&mut self) -> Result<(), DeadLetterError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let deadline = Instant::now() + self.patience + Duration::from_secs(5);
        while open.unknown() > 0 && Instant::now() < deadline {
            open.producer.poll(Duration::from_millis(2));
        }
        match open.undelivered() {
            0 => {
                self.open = Some(open);
                Ok(())
            }
            undelivered => {
                let last = open
                    .counts
                    .last_error
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
                Err(self.error(undelivered, last.unwrap_or_else(|| "no answer in time".to_owned())))
            }
        }
    }
}

/// A dead letter as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The topic the message was read from.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The payload.
    pub payload: Option<Vec<u8>>,
    /// Why it means nothing.
    pub reason: String,
}

/// Dead letters in memory, for tests. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryDeadLetters {
    letters: Arc<Mutex<Vec<DeadLetter>>>,
    failing: Arc<AtomicU64>,
}

impl MemoryDeadLetters {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// All of them.
    pub fn letters(&self) -> Vec<DeadLetter> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the next so many calls of [`DeadLetters::settle`] fail.
    pub fn fail_next(&self, times: u64) {
        self.failing.store(times, SeqCst);
    }
}

impl DeadLetters for MemoryDeadLetters {
    fn put(&mut self, topic: &str, record: &Record<'_>, reason: &str) -> Result<(), DeadLetterError> {
        self.letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(DeadLetter {
                topic: topic.to_owned(),
                partition: record.partition,
                offset: record.offset,
                key: record.key.map(<[u8]>::to_vec),
                payload: record.payload.map(<[u8]>::to_vec),
                reason: reason.to_owned(),
            });
        Ok(())
    }

    fn settle(&mut self) -> Result<(), DeadLetterError> {
        let failing = self.failing.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1));
        failing.map_or(Ok(()), |_| {
            Err(DeadLetterError {
                topic: "memory".to_owned(),
                undelivered: 1,
                reason: "told to fail".to_owned(),
            })
        })
    }
}
