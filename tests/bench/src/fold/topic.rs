//! Topics, and messages in them.
//!
//! The parts of a topic lie in partitions of their own, [`PARTITIONS`] each: a part can be opened to a reader when its turn
//! has come, and its end is an end of partitions, as it is where a cycle meets the end of a log.

use anyhow::Context as _;
use incremental_producer::Offsets;
use incremental_producer::client::ClientSettings;
use incremental_producer::source::SOURCE_MS;
use incremental_producer::source::kafka::KafkaSettings;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// Partitions of a part.
pub(crate) const PARTITIONS: i32 = 4;
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a topic with so many parts.
pub(crate) fn create(servers: &str, topic: &str, parts: i32) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", servers).create()?;
    let new = NewTopic::new(topic, parts * PARTITIONS, TopicReplication::Fixed(1))
        .set("retention.ms", "-1")
        .set("retention.bytes", "-1")
        .set("segment.bytes", "268435456");
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for result in runtime.block_on(admin.create_topics([&new], &options))? {
        result.map_err(|(topic, error)| anyhow::anyhow!("cannot create the topic {topic}: {error}"))?;
    }
    Ok(())
}

/// What the incremental producer reads a topic with.
pub(crate) fn settings(servers: &str, topic: &str) -> KafkaSettings {
    KafkaSettings {
        bootstrap_servers: servers.to_owned(),
        topic: topic.to_owned(),
        log: None,
        group: format!("fold-{topic}"),
        client: ClientSettings::default(),
    }
}

/// The partitions of a part.
pub(crate) fn partitions(part: i32) -> Range<i32> {
    part * PARTITIONS..(part + 1) * PARTITIONS
}

/// Called with what was given to [`Writer::send`] when the broker has the message, on the client's thread.
type OnDelivery = Box<dyn Fn(u64) + Send + Sync>;

/// Writes messages. How many are in each partition is known from the answers.
pub(crate) struct Writer {
    producer: ThreadedProducer<Context>,
    counts: Arc<Counts>,
    topic: String,
    sent: u64,
}

#[derive(Default)]
struct Counts {
    delivered: AtomicU64,
    failed: AtomicU64,
}

struct Context {
    counts: Arc<Counts>,
    on_delivery: OnDelivery,
}

impl ClientContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<u64>;

    fn delivery(&self, result: &DeliveryResult<'_>, given: Box<u64>) {
        match result {
            Ok(_) => {
                (self.on_delivery)(*given);
                self.counts.delivered.fetch_add(1, SeqCst);
            }
            Err(_) => {
                self.counts.failed.fetch_add(1, SeqCst);
            }
        }
    }
}

impl Writer {
    pub(crate) fn new(servers: &str, topic: &str, on_delivery: OnDelivery) -> anyhow::Result<Self> {
        let counts = Arc::<Counts>::default();
        // As sources write: see `incremental_producer::emit`.
        let producer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "5")
            .set("queue.buffering.max.kbytes", "65536")
            .create_with_context(Context {
                counts: counts.clone(),
                on_delivery,
            })?;
        Ok(Self {
            producer,
            counts,
            topic: topic.to_owned(),
            sent: 0,
        })
    }

    /// Sends a message to a part; waits while the client has too many.
    pub(crate) fn send(
        &mut self,
        part: i32,
        key: &[u8],
        payload: &[u8],
        source_ms: i64,
        given: u64,
    ) -> anyhow::Result<()> {
        let mut hash = crate::data::Fnv::new();
        hash.update(key);
        let partition = partitions(part).start + (hash.0 >> 33) as i32 % PARTITIONS;
        let time = source_ms.to_string();
        let headers = OwnedHeaders::new_with_capacity(1).insert(Header {
            key: SOURCE_MS,
            value: Some(&time),
        });
        let mut record = BaseRecord::with_opaque_to(&self.topic, Box::new(given))
            .partition(partition)
            .key(key)
            .payload(payload)
            .headers(headers);
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err((error, _)) => return Err(error).context("sending a message"),
            }
        }
        self.sent += 1;
        Ok(())
    }

    /// Waits until the broker has all messages.
    pub(crate) fn flush(&self) -> anyhow::Result<()> {
        self.producer.flush(PATIENCE)?;
        let (delivered, failed) = (self.counts.delivered.load(SeqCst), self.counts.failed.load(SeqCst));
        anyhow::ensure!(
            failed == 0 && delivered == self.sent,
            "messages are not delivered, sent={} delivered={delivered} failed={failed}",
            self.sent
        );
        Ok(())
    }
}

/// Where the parts before `part` end, and where that one does: from where to where it is read.
pub(crate) fn bounds(ends: &Offsets, part: i32) -> (Offsets, Offsets) {
    let (before, until) = (partitions(part).start, partitions(part).end);
    let to: Offsets = ends.iter().filter(|(partition, _)| *partition < until).collect();
    let from = to
        .iter()
        .map(|(partition, end)| (partition, if partition < before { end } else { 0 }))
        .collect();
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_from_the_ends_of_those_before_it() {
        let ends: Offsets = (0..12)
            .map(|partition| (partition, 10 + i64::from(partition)))
            .collect();
        let (from, to) = bounds(&ends, 1);
        assert_eq!(from.to_string(), "0:10,1:11,2:12,3:13,4:0,5:0,6:0,7:0");
        assert_eq!(to.to_string(), "0:10,1:11,2:12,3:13,4:14,5:15,6:16,7:17");
        assert_eq!(bounds(&ends, 0).0.distance_from(&Offsets::new()), 0);
    }
}
