//! A topic of dead letters.

use super::{DeadLetterError, DeadLetters, REASON, SET_ASIDE_MS, SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC};
use crate::client::{ClientSettings, LogContext};
use crate::figures::Client;
use crate::source::Record;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, ProducerContext};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
    log: LogContext,
    counts: Arc<Counts>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.log.log(level, facility, message);
    }
    fn error(&self, error: KafkaError, reason: &str) {
        self.log.error(error, reason);
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
            &[
                ("linger.ms", "5"),
                ("compression.type", "zstd"),
                // Whatever the topic of the messages took.
                ("message.max.bytes", "268435456"),
            ],
            &[
                ("enable.idempotence", "true"),
                ("acks", "all"),
                ("partitioner", "murmur2_random"),
                ("message.timeout.ms", &timeout),
            ],
        );
        let counts = Arc::<Counts>::default();
        let context = Deliveries {
            log: self.client.context(self.topic.clone(), Client::DeadLetters),
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
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len() + 5);
        for &(key, value) in record.headers {
            headers = headers.insert(Header { key, value });
        }
        let (partition, offset) = (record.partition.to_string(), record.offset.to_string());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = now.as_millis().to_string();
        for (key, value) in [
            (SOURCE_TOPIC, topic),
            (SOURCE_PARTITION, &partition),
            (SOURCE_OFFSET, &offset),
            (REASON, reason),
            (SET_ASIDE_MS, &now),
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
