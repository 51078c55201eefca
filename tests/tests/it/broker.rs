//! A real Kafka for a test, and what tests do to it besides writing and folding.

use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tests::harness::{PATIENCE, wait_for};
use xtask::kafka::{Kafka, StartOptions};

/// A broker that tests share while any of them uses it; `None` when the test must be skipped, which is then said.
pub fn shared(what: &str) -> Result<Option<Arc<Kafka>>> {
    static RUNNING: Mutex<Weak<Kafka>> = Mutex::new(Weak::new());
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kafka) = running.upgrade() {
        return Ok(Some(kafka));
    }
    let started = Kafka::start_or_skip(what, StartOptions::default())?.map(Arc::new);
    if let Some(kafka) = &started {
        *running = Arc::downgrade(kafka);
    }
    Ok(started)
}

/// A message as it lies in a topic.
#[derive(Clone, Debug)]
pub struct Lying {
    pub partition: i32,
    pub offset: i64,
    pub key: Vec<u8>,
    pub payload: Option<Vec<u8>>,
    pub headers: BTreeMap<String, String>,
}

/// Creates, deletes, reads topics.
pub struct Admin {
    servers: String,
    client: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
}

impl Admin {
    pub fn new(servers: &str) -> Result<Self> {
        Ok(Self {
            servers: servers.to_owned(),
            client: ClientConfig::new().set("bootstrap.servers", servers).create()?,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        })
    }

    fn options() -> AdminOptions {
        AdminOptions::new()
            .operation_timeout(Some(PATIENCE))
            .request_timeout(Some(PATIENCE))
    }

    /// Creates a topic; waits while one of that name is still being deleted.
    pub fn create(&self, topic: &str, partitions: i32) -> Result<()> {
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        wait_for(&format!("topic {topic} to be created"), || {
            let results = self
                .runtime
                .block_on(self.client.create_topics([&new], &Self::options()))?;
            match results.into_iter().next().context("no answer")? {
                Ok(_) => Ok(Some(())),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => Ok(None),
                Err((topic, code)) => bail!("cannot create {topic}: {code}"),
            }
        })
    }

    pub fn delete(&self, topic: &str) -> Result<()> {
        let results = self
            .runtime
            .block_on(self.client.delete_topics(&[topic], &Self::options()))?;
        for result in results {
            result.map_err(|(topic, code)| anyhow::anyhow!("cannot delete {topic}: {code}"))?;
        }
        Ok(())
    }

    /// Removes what lies before an offset, as retention does.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Result<()> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(before))?;
        let answer = self
            .runtime
            .block_on(self.client.delete_records(&list, &Self::options()))?;
        for element in answer.elements() {
            element.error()?;
        }
        Ok(())
    }

    /// Everything in a topic, by partition and offset, read with a client of its own.
    pub fn read(&self, topic: &str) -> Result<Vec<Lying>> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.servers)
            .set("group.id", "oracle")
            .set("enable.auto.commit", "false")
            .create()?;
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
        let found = metadata.topics().first().context("no such topic")?;
        let mut list = TopicPartitionList::new();
        let mut expected = 0;
        for partition in found.partitions() {
            let (low, high) = consumer.fetch_watermarks(topic, partition.id(), PATIENCE)?;
            expected += usize::try_from(high - low)?;
            list.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
        }
        consumer.assign(&list)?;
        let mut messages = Vec::new();
        wait_for(&format!("{expected} messages of {topic}"), || {
            while messages.len() < expected
                && let Some(message) = consumer.poll(Duration::from_millis(100))
            {
                let message = message?;
                let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
                let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
                messages.push(Lying {
                    partition: message.partition(),
                    offset: message.offset(),
                    key: message.key().unwrap_or_default().to_vec(),
                    payload: message.payload().map(<[u8]>::to_vec),
                    headers: headers
                        .map(|header| (header.key.to_owned(), text(header.value)))
                        .collect(),
                });
            }
            Ok((messages.len() == expected).then_some(()))
        })?;
        messages.sort_by_key(|message| (message.partition, message.offset));
        Ok(messages)
    }
}
