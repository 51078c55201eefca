//! The client that source applications write with: records in order and once, with the headers that readers expect.
//!
//! Deliveries are idempotent and acknowledged by all replicas; a key always goes to the same partition as with the Java
//! client. A [`Pace`] keeps writers from running further ahead of the folding than the log can hold.

mod outgoing;
mod pace;

pub use pace::Pace;

use crate::client::{ClientSettings, log_line};
use crate::sweep::{MarkError, SweepMark};
use outgoing::Outgoing;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A message that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// When the source made the change, in epoch milliseconds.
    pub source_ms: i64,
    /// Whether it is part of a sweep.
    pub sweep: bool,
}

/// Called for each delivery, on the client's thread: be quick.
pub type OnDelivery = Arc<dyn Fn(&Delivered) + Send + Sync>;

/// Why a message was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The client could not be made.
    #[error("cannot make a Kafka client, servers={servers}")]
    Client {
        /// The brokers.
        servers: String,
        /// What the client said.
        #[source]
        source: KafkaError,
    },
    /// The client refuses the message.
    #[error("cannot send, topic={topic}")]
    Send {
        /// The topic.
        topic: String,
        /// What the client said.
        #[source]
        source: KafkaError,
    },
    /// The mark is none that readers take.
    #[error("cannot mark a sweep, topic={topic}")]
    Mark {
        /// The topic.
        topic: String,
        /// What is wrong with it.
        #[source]
        source: MarkError,
    },
    /// [`Pace::close`] was called while waiting.
    #[error("the pace was closed, topic={topic}")]
    Closed {
        /// The topic.
        topic: String,
    },
    /// Messages did not reach the log.
    #[error("messages are not delivered, failed={failed} waiting={waiting} last error={last}")]
    Undelivered {
        /// How many failed since the emitter was made.
        failed: u64,
        /// How many have no answer yet.
        waiting: u64,
        /// The last error.
        last: String,
    },
}

/// What an [`Emitter`] has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmitCounts {
    /// Messages taken on.
    pub sent: u64,
    /// Messages in the log.
    pub delivered: u64,
    /// Messages that did not get there.
    pub failed: u64,
    /// Bytes of keys and payloads in the log.
    pub bytes: u64,
}

/// Writes records of a source application. Shared by reference between threads.
pub struct Emitter {
    producer: ThreadedProducer<Context>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    sent: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    bytes: AtomicU64,
    last_error: Mutex<Option<String>>,
    pace: Option<Arc<Pace>>,
}

struct Context {
    shared: Arc<Shared>,
    on_delivery: Option<OnDelivery>,
}

/// What a delivery report is about.
struct Sent {
    source_ms: i64,
    sweep: bool,
    bytes: u64,
    paced: u64,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line("emitter", level, facility, message);
    }
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(client = "emitter", %error, reason, "Kafka client");
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<Sent>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Box<Sent>) {
        let shared = &self.shared;
        match result {
            Ok(message) => {
                if let Some(pace) = &shared.pace {
                    pace.delivered(message.topic(), message.partition(), message.offset(), sent.paced);
                }
                if let Some(on_delivery) = &self.on_delivery {
                    on_delivery(&Delivered {
                        topic: message.topic().to_owned(),
                        partition: message.partition(),
                        offset: message.offset(),
                        source_ms: sent.source_ms,
                        sweep: sent.sweep,
                    });
                }
                shared.bytes.fetch_add(sent.bytes, SeqCst);
                shared.delivered.fetch_add(1, SeqCst);
            }
            Err((error, message)) => {
                if let Some(pace) = &shared.pace {
                    pace.failed(message.topic(), sent.paced);
                }
                *shared.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                shared.failed.fetch_add(1, SeqCst);
            }
        }
    }
}

impl Emitter {
    /// A client of these brokers.
    ///
    /// # Errors
    /// [`EmitError::Client`] if the settings are refused.
    pub fn new(
        servers: &str,
        client: &ClientSettings,
        pace: Option<Arc<Pace>>,
        on_delivery: Option<OnDelivery>,
    ) -> Result<Self, EmitError> {
        let config = client.client(
            servers,
            &[("linger.ms", "5"), ("compression.type", "none")],
            &[
                ("enable.idempotence", "true"),
                ("acks", "all"),
                ("partitioner", "murmur2_random"),
                // Bounds what can be in flight, and so how precisely a pace is kept.
                ("queue.buffering.max.kbytes", "65536"),
            ],
        );
        let shared = Arc::new(Shared {
            pace,
            ..Shared::default()
        });
        let context = Context {
            shared: shared.clone(),
            on_delivery,
        };
        let producer = config
            .create_with_context(context)
            .map_err(|source| EmitError::Client {
                servers: servers.to_owned(),
                source,
            })?;
        Ok(Self { producer, shared })
    }

    /// Writes a record under its key, or, without a payload, its end. Waits while the pace does not allow more, or the
    /// client's queue is full; returns before the message is delivered.
    ///
    /// `source_ms` is when the source made the change; `sweep` names the sweep the message is part of.
    ///
    /// # Errors
    /// [`EmitError::Send`] and [`EmitError::Closed`]. Failed deliveries show in [`Emitter::flush`] and
    /// [`Emitter::counts`].
    pub fn emit(
        &self,
        topic: &str,
        key: &[u8],
        payload: Option<&[u8]>,
        source_ms: i64,
        sweep: Option<&str>,
    ) -> Result<(), EmitError> {
        self.send(&Outgoing {
            sweep,
            ..Outgoing::new(topic, key, payload, source_ms)
        })
    }

    /// As [`emit`](Emitter::emit), a live change with the version the record has at the source: a number that only grows
    /// for one key. A value of a sweep that is older than a live change then loses, whichever comes first.
    ///
    /// # Errors
    /// As [`emit`](Emitter::emit).
    pub fn emit_change(
        &self,
        topic: &str,
        key: &[u8],
        payload: Option<&[u8]>,
        source_ms: i64,
        source_version: Option<i64>,
    ) -> Result<(), EmitError> {
        self.send(&Outgoing {
            source_version,
            ..Outgoing::new(topic, key, payload, source_ms)
        })
    }

    /// As [`emit`](Emitter::emit), a record as a sweep found it, between the marks of that sweep.
    ///
    /// # Errors
    /// As [`emit`](Emitter::emit).
    pub fn emit_sweep(
        &self,
        topic: &str,
        key: &[u8],
        payload: Option<&[u8]>,
        source_ms: i64,
        source_version: Option<i64>,
        sweep_id: &str,
    ) -> Result<(), EmitError> {
        self.send(&Outgoing {
            source_version,
            sweep: Some(sweep_id),
            ..Outgoing::new(topic, key, payload, source_ms)
        })
    }

    /// Writes the mark of a sweep to a partition. See [`SweepMark`] for the order that makes a sweep: all begin marks are
    /// acknowledged ([`flush`](Emitter::flush)) before the first record is read, all records before the end marks.
    ///
    /// # Errors
    /// As [`emit`](Emitter::emit), and [`EmitError::Mark`] if no reader would take it.
    pub fn emit_sweep_mark(&self, topic: &str, partition: i32, mark: &SweepMark) -> Result<(), EmitError> {
        let (key, payload) = (mark.key(partition), mark.payload());
        SweepMark::decode(Some(&key), Some(&payload)).map_err(|source| EmitError::Mark {
            topic: topic.to_owned(),
            source,
        })?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        self.send(&Outgoing {
            sweep: Some(&mark.sweep),
            mark: Some((mark.mark.as_str(), partition)),
            ..Outgoing::new(topic, &key, Some(&payload), now)
        })
    }

    fn send(&self, outgoing: &Outgoing<'_>) -> Result<(), EmitError> {
        let headers = outgoing.headers();
        let partition = outgoing.mark.map(|(_, partition)| partition);
        self.send_as_is(outgoing, partition, Some(outgoing.key), headers)
    }

    /// Sends a message again that was in the log before, with all its headers.
    pub(crate) fn emit_again(
        &self,
        topic: &str,
        partition: Option<i32>,
        key: Option<&[u8]>,
        payload: Option<&[u8]>,
        headers: &[(String, Option<Vec<u8>>)],
    ) -> Result<(), EmitError> {
        let outgoing = Outgoing::new(topic, key.unwrap_or_default(), payload, 0);
        let own = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| {
            all.insert(Header {
                key,
                value: value.as_deref(),
            })
        });
        self.send_as_is(&outgoing, partition, key, own)
    }

    fn send_as_is(
        &self,
        outgoing: &Outgoing<'_>,
        partition: Option<i32>,
        key: Option<&[u8]>,
        headers: OwnedHeaders,
    ) -> Result<(), EmitError> {
        let topic = outgoing.topic;
        let bytes = outgoing.key.len() as u64 + outgoing.payload.map_or(0, <[u8]>::len) as u64;
        let paced = bytes + OVERHEAD;
        if let Some(pace) = &self.shared.pace
            && !pace.wait(topic, paced)
        {
            return Err(EmitError::Closed {
                topic: topic.to_owned(),
            });
        }
        let sent = Box::new(Sent {
            source_ms: outgoing.source_ms,
            sweep: outgoing.sweep.is_some(),
            bytes,
            paced,
        });
        let mut record = BaseRecord::with_opaque_to(topic, sent).headers(headers);
        record.key = key;
        record.payload = outgoing.payload;
        record.partition = partition;
        self.shared.sent.fetch_add(1, SeqCst);
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err((source, _)) => {
                    self.shared.sent.fetch_sub(1, SeqCst);
                    if let Some(pace) = &self.shared.pace {
                        pace.failed(topic, paced);
                    }
                    return Err(EmitError::Send {
                        topic: topic.to_owned(),
                        source,
                    });
                }
            }
        }
    }

    /// Waits until every message has its answer.
    ///
    /// # Errors
    /// [`EmitError::Undelivered`] if some failed, ever, or have no answer when the time is over.
    pub fn flush(&self, patience: Duration) -> Result<(), EmitError> {
        let deadline = Instant::now() + patience;
        loop {
            let counts = self.counts();
            let waiting = counts.sent.saturating_sub(counts.delivered + counts.failed);
            if waiting == 0 && counts.failed == 0 {
                return Ok(());
            }
            if waiting == 0 || Instant::now() >= deadline {
                let last = self
                    .shared
                    .last_error
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                return Err(EmitError::Undelivered {
                    failed: counts.failed,
                    waiting,
                    last: last.unwrap_or_else(|| "none".to_owned()),
                });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What was done so far.
    pub fn counts(&self) -> EmitCounts {
        EmitCounts {
            // Answers before questions: a message between the two loads then counts as waiting, never as surplus.
            delivered: self.shared.delivered.load(SeqCst),
            failed: self.shared.failed.load(SeqCst),
            bytes: self.shared.bytes.load(SeqCst),
            sent: self.shared.sent.load(SeqCst),
        }
    }

    /// How many partitions a topic has.
    ///
    /// # Errors
    /// [`EmitError::Send`] if the cluster does not say.
    pub fn partitions(&self, topic: &str) -> Result<usize, EmitError> {
        let failed = |source| EmitError::Send {
            topic: topic.to_owned(),
            source,
        };
        let metadata = self.producer.client();
        let metadata = metadata.fetch_metadata(Some(topic), Duration::from_secs(10));
        let metadata = metadata.map_err(failed)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        // Of a topic that is new not every broker has heard.
        let error = found.map_or(Some(RDKafkaErrorCode::UnknownTopicOrPartition), |found| {
            found.error().map(RDKafkaErrorCode::from)
        });
        match (error, found.map_or(0, |found| found.partitions().len())) {
            (Some(error), _) => Err(failed(KafkaError::MetadataFetch(error))),
            (None, 0) => Err(failed(KafkaError::MetadataFetch(RDKafkaErrorCode::LeaderNotAvailable))),
            (None, partitions) => Ok(partitions),
        }
    }
}

/// What a message takes in the log besides key and payload: its headers, and its part of a batch of one.
const OVERHEAD: u64 = 160;
