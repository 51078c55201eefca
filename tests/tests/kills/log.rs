//! A log that is known beforehand: message n of a seed is the same whenever it is asked for. What it means is known from
//! the seed, not from its bytes, so a mistake in reading messages cannot hide in the comparison.

use anyhow::{Context, Result, ensure};
use fixtures::rng::Rng;
use hollow::record::Value;
use hollow::schema::Dataset;
use incremental_producer::Codec;
use incremental_producer::message::MAGIC;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tests::harness::{PATIENCE, topics};

/// Items refer to groups and tags that others refer to as well, or nobody else.
pub const SCHEMA: &str = "
    Item @PrimaryKey(id) { long id; string name; Group group; Tags tags; }
    Group { string name; }
    Tag { string name; }
    Tags Set<Tag> @HashKey(name);";

/// The header with the number of a message.
const NUMBER: &str = "number";

/// An item without its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub group: String,
    pub tags: BTreeSet<String>,
}

/// What a message means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    Upsert(i64, Row),
    Delete(i64),
    /// It is to be set aside.
    Nothing,
}

fn row(id: i64, change: u64) -> Row {
    let tags = (0..change % 4).map(|tag| format!("tag {}", (change / 4 + tag * 7) % 23));
    Row {
        name: format!("item {id} change {change}"),
        group: match change % 10 {
            0 => format!("group of {id}"),
            _ => format!("group {}", change % 12),
        },
        tags: tags.collect(),
    }
}

/// Message `number` of the log of `seed`, as what it means and as draws for its form.
fn draw(seed: u64, number: u64) -> (i64, Meaning, Rng) {
    let mut rng = Rng::stream(seed, &[number]);
    // A few items get a third of all messages.
    let id = match rng.below(3) {
        0 => rng.between(0, 4),
        _ => rng.between(5, 300),
    };
    let meaning = match rng.below(100) {
        0..=3 => Meaning::Nothing,
        4..=15 => Meaning::Delete(id),
        16..=25 => Meaning::Upsert(id, row(id, 0)), // often what it is already
        _ => Meaning::Upsert(id, row(id, number + 1)),
    };
    (id, meaning, rng)
}

/// What message `number` of the log of `seed` means.
pub fn meaning(seed: u64, number: u64) -> Meaning {
    draw(seed, number).1
}

fn codec() -> Result<Codec> {
    Ok(Codec::new(Dataset::parse(SCHEMA)?, "Item")?)
}

fn json(id: i64, row: &Row) -> Vec<u8> {
    let Row { name, group, tags } = row;
    serde_json::json!({ "id": id, "name": name, "group": group, "tags": tags })
        .to_string()
        .into_bytes()
}

fn value(id: i64, row: &Row) -> Value {
    let named = |name: &String| Value::Object(vec![Value::String(name.clone())]);
    Value::Object(vec![
        Value::Long(id),
        Value::String(row.name.clone()),
        named(&row.group),
        Value::Set(row.tags.iter().map(named).collect()),
    ])
}

/// Key and payload of a message.
fn bytes(codec: &Codec, seed: u64, number: u64) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
    let (id, meaning, mut rng) = draw(seed, number);
    let key = format!("[{id}]").into_bytes();
    Ok(match meaning {
        Meaning::Delete(_) => (key, None),
        Meaning::Upsert(_, row) if rng.below(2) == 0 => (key, Some(codec.encode_rkyv(&value(id, &row))?)),
        Meaning::Upsert(_, row) => (key, Some(json(id, &row))),
        Meaning::Nothing => match rng.below(5) {
            0 => (key, Some(b"no record".to_vec())),
            1 => (key, Some(format!("{{\"id\":{id},\"nmae\":\"x\"}}").into_bytes())),
            2 => (b"no key".to_vec(), Some(json(id, &row(id, 1)))),
            3 => (key, Some(json(id + 1, &row(id, 1)))),
            _ => (key, Some([&MAGIC[..], b"no archive"].concat())),
        },
    })
}

/// Writes the log at a steady rate, until it is told to finish.
pub struct Writer {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<u64>>,
}

#[derive(Default)]
struct Deliveries(AtomicU64);

impl rdkafka::ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();
    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.fetch_add(1, SeqCst);
        }
    }
}

impl Writer {
    /// Begins with message `from` of the log of `seed`.
    pub fn start(servers: &str, topic: &str, seed: u64, from: u64, per_second: u64) -> Result<Self> {
        // In order and once, whatever happens to the brokers meanwhile.
        let producer: ThreadedProducer<Deliveries> = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "5")
            .create_with_context(Deliveries::default())?;
        let (topic, codec) = (topic.to_owned(), codec()?);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let (begin, mut number) = (Instant::now(), from);
            while !stopped.load(SeqCst) {
                let due = from + begin.elapsed().as_millis() as u64 * per_second / 1000;
                for number in number..due {
                    send(&producer, &topic, &codec, seed, number)?;
                }
                number = due.max(number);
                std::thread::sleep(Duration::from_millis(10));
            }
            producer.flush(PATIENCE)?;
            let failed = producer.context().0.load(SeqCst);
            ensure!(failed == 0, "{failed} messages were not delivered");
            Ok(number)
        });
        Ok(Self { stop, thread })
    }

    /// Writes no more. Gives the number of the message after the last one, once all are delivered.
    pub fn finish(self) -> Result<u64> {
        self.stop.store(true, SeqCst);
        self.thread.join().map_err(|_| anyhow::anyhow!("the writer panicked"))?
    }
}

fn send(producer: &ThreadedProducer<Deliveries>, topic: &str, codec: &Codec, seed: u64, number: u64) -> Result<()> {
    let (key, payload) = bytes(codec, seed, number)?;
    let number = number.to_string();
    let headers = OwnedHeaders::new().insert(Header {
        key: NUMBER,
        value: Some(&number),
    });
    let mut record = BaseRecord::to(topic).key(key.as_slice()).headers(headers);
    record.payload = payload.as_deref();
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                std::thread::sleep(Duration::from_millis(2));
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

/// What lies at an offset.
pub trait Log {
    /// The meaning of the message there.
    fn at(&mut self, partition: i32, offset: i64) -> Result<Meaning>;
}

/// The log as it lies in Kafka, read by a consumer of its own.
pub struct KafkaLog {
    consumer: BaseConsumer,
    topic: String,
    seed: u64,
    /// Numbers of messages by offset, of each partition.
    partitions: Vec<Vec<u64>>,
}

impl KafkaLog {
    pub fn open(servers: &str, topic: &str, seed: u64) -> Result<Self> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("group.id", "verifier")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "50")
            .create()?;
        let partitions = topics::offsets(&consumer, topic)?.len();
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition_offset(topic, i32::try_from(partition)?, Offset::Offset(0))?;
        }
        consumer.assign(&list)?;
        Ok(Self {
            consumer,
            topic: topic.to_owned(),
            seed,
            partitions: vec![Vec::new(); partitions],
        })
    }

    /// The next offset to be written, of each partition.
    pub fn ends(&self) -> Result<BTreeMap<i32, i64>> {
        let offsets = topics::offsets(&self.consumer, &self.topic)?;
        let ends = offsets.into_iter().map(|(partition, range)| (partition, range.end));
        Ok(ends.take(self.partitions.len()).collect())
    }

    fn read(&mut self, partition: i32, end: i64) -> Result<()> {
        let (index, end) = (usize::try_from(partition)?, usize::try_from(end)?);
        let deadline = Instant::now() + PATIENCE;
        while self.partitions.get(index).context("no such partition")?.len() < end {
            ensure!(
                Instant::now() < deadline,
                "waited in vain for partition={partition} to reach {end}"
            );
            let Some(message) = self.consumer.poll(Duration::from_millis(100)) else {
                continue;
            };
            // Brokers that go and come back: the client goes on by itself.
            let Ok(message) = message else { continue };
            let numbers = &mut self.partitions[usize::try_from(message.partition())?];
            ensure!(
                usize::try_from(message.offset())? == numbers.len(),
                "the log has a hole, partition={} offset={}",
                message.partition(),
                message.offset()
            );
            let headers = message.headers().context("a message without headers")?;
            let number = headers.iter().find(|header| header.key == NUMBER).and_then(|h| h.value);
            numbers.push(std::str::from_utf8(number.context("a message without number")?)?.parse()?);
        }
        Ok(())
    }

    /// Makes sure that what was read are the messages before `count`, each once.
    pub fn must_hold(&self, count: u64) -> Result<()> {
        let mut numbers: Vec<u64> = self.partitions.iter().flatten().copied().collect();
        numbers.sort_unstable();
        ensure!(
            numbers.iter().copied().eq(0..count),
            "the log does not hold {count} messages once each: {}",
            numbers.len()
        );
        Ok(())
    }

    /// Where the messages lie, of those read, that are to be set aside.
    pub fn to_be_set_aside(&self) -> BTreeSet<(i32, i64)> {
        let of_partition = |(partition, numbers): (i32, &Vec<u64>)| {
            let means_nothing = |(_, number): &(i64, &u64)| meaning(self.seed, **number) == Meaning::Nothing;
            let offsets = (0_i64..).zip(numbers).filter(means_nothing);
            offsets.map(|(offset, _)| (partition, offset)).collect::<Vec<_>>()
        };
        (0..).zip(&self.partitions).flat_map(of_partition).collect()
    }
}

impl Log for KafkaLog {
    fn at(&mut self, partition: i32, offset: i64) -> Result<Meaning> {
        self.read(partition, offset + 1)?;
        let number = self.partitions[usize::try_from(partition)?][usize::try_from(offset)?];
        Ok(meaning(self.seed, number))
    }
}
