//! Where messages go.

use crate::config::KafkaSettings;
use incremental_producer::emit::{EmitError, Emitter};
use incremental_producer::sweep::SweepMark;
use std::time::Duration;

/// A message of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// Where it goes.
    pub topic: &'a str,
    /// Its key.
    pub key: &'a [u8],
    /// The record; none: the key is gone.
    pub payload: Option<&'a [u8]>,
    /// When the source made the change, in epoch milliseconds.
    pub source_ms: i64,
    /// A version that only grows for the key.
    pub source_version: i64,
    /// The sweep it is part of.
    pub sweep: Option<&'a str>,
}

/// Writes messages in order. Made anew after an error.
pub trait Sink {
    /// Takes a message on; it may not be in the log yet.
    ///
    /// # Errors
    /// [`EmitError`].
    fn send(&self, message: &Outgoing<'_>) -> Result<(), EmitError>;

    /// Takes the marks of a sweep on, one for each partition of the topic.
    ///
    /// # Errors
    /// [`EmitError`].
    fn mark(&self, topic: &str, mark: &SweepMark) -> Result<(), EmitError>;

    /// Waits until everything taken on is acknowledged.
    ///
    /// # Errors
    /// [`EmitError`] if anything is not in the log.
    fn flush(&self) -> Result<(), EmitError>;

    /// How many partitions a topic has.
    ///
    /// # Errors
    /// [`EmitError`] if the cluster does not say.
    fn partitions(&self, topic: &str) -> Result<usize, EmitError>;
}

/// Makes sinks.
pub type MakeSink = dyn Fn() -> Result<Box<dyn Sink>, EmitError> + Send + Sync;

/// How long everything taken on may take to be acknowledged, before it is sent again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kafka.
pub struct KafkaSink {
    emitter: Emitter,
}

impl KafkaSink {
    /// A client of these brokers.
    ///
    /// # Errors
    /// [`EmitError`] if the settings are refused.
    pub fn new(kafka: &KafkaSettings) -> Result<Self, EmitError> {
        Ok(Self {
            emitter: Emitter::new(&kafka.bootstrap_servers, &kafka.client, None, None)?,
        })
    }
}

impl Sink for KafkaSink {
    fn send(&self, message: &Outgoing<'_>) -> Result<(), EmitError> {
        let Outgoing {
            topic,
            key,
            payload,
            source_ms,
            ..
        } = *message;
        let version = Some(message.source_version);
        match message.sweep {
            None => self.emitter.emit_change(topic, key, payload, source_ms, version),
            Some(sweep) => self.emitter.emit_sweep(topic, key, payload, source_ms, version, sweep),
        }
    }

    fn mark(&self, topic: &str, mark: &SweepMark) -> Result<(), EmitError> {
        (0..mark.partitions).try_for_each(|partition| self.emitter.emit_sweep_mark(topic, partition, mark))
    }

    fn flush(&self) -> Result<(), EmitError> {
        self.emitter.flush(PATIENCE)
    }

    fn partitions(&self, topic: &str) -> Result<usize, EmitError> {
        self.emitter.partitions(topic)
    }
}
