//! Topics of a real Kafka, as tests see to them: created, read by nobody's code but a plain consumer's, deleted.

use super::{PATIENCE, wait_for};
use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::metadata::MetadataPartition;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// A message as it lies in a topic.
#[derive(Clone, Debug)]
pub struct Lying {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key; empty if it has none.
    pub key: Vec<u8>,
    /// Its payload.
    pub payload: Option<Vec<u8>>,
    /// Its headers as text; of several with one name the last.
    pub headers: BTreeMap<String, String>,
}

/// The first offset of each partition of a topic, and the next to be written. Waits until all brokers have heard of a topic
/// that is new, and know who leads its partitions after one of them went.
///
/// # Errors
/// When they never do.
pub fn offsets(client: &BaseConsumer, topic: &str) -> Result<BTreeMap<i32, Range<i64>>> {
    wait_for(&format!("the partitions of {topic}"), || {
        let Ok(metadata) = client.fetch_metadata(Some(topic), PATIENCE) else {
            return Ok(None);
        };
        let found = metadata.topics().first().filter(|found| found.error().is_none());
        let partitions = found.map_or(&[][..], |found| found.partitions());
        let range = |partition: &MetadataPartition| {
            let (low, high) = client.fetch_watermarks(topic, partition.id(), PATIENCE).ok()?;
            Some((partition.id(), low..high))
        };
        let all: Option<BTreeMap<i32, Range<i64>>> = partitions.iter().map(range).collect();
        Ok(all.filter(|all| !all.is_empty()))
    })
}

/// Creates, deletes, reads topics.
pub struct Admin {
    servers: String,
    client: AdminClient<DefaultClientContext>,
    runtime: tokio::runtime::Runtime,
}

impl Admin {
    /// A client of these brokers.
    ///
    /// # Errors
    /// When the client refuses them.
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

    /// Creates a topic; waits while one of that name is still being deleted. As many replicas as the brokers think right.
    ///
    /// # Errors
    /// When the brokers refuse it, or do not answer in time.
    pub fn create(&self, topic: &str, partitions: i32) -> Result<()> {
        const AS_CONFIGURED: i32 = -1;
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(AS_CONFIGURED));
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

    /// Gives a topic more partitions, so many in all.
    ///
    /// # Errors
    /// As [`create`](Admin::create).
    pub fn grow(&self, topic: &str, partitions: usize) -> Result<()> {
        let new = NewPartitions::new(topic, partitions);
        let results = self
            .runtime
            .block_on(self.client.create_partitions([&new], &Self::options()))?;
        for result in results {
            result.map_err(|(topic, code)| anyhow::anyhow!("cannot grow {topic}: {code}"))?;
        }
        Ok(())
    }

    /// Deletes a topic.
    ///
    /// # Errors
    /// As [`create`](Admin::create).
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
    ///
    /// # Errors
    /// As [`create`](Admin::create).
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
    ///
    /// # Errors
    /// When it cannot be read to the end in time.
    pub fn read(&self, topic: &str) -> Result<Vec<Lying>> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.servers)
            .set("group.id", "oracle")
            .set("enable.auto.commit", "false")
            .create()?;
        let mut list = TopicPartitionList::new();
        let mut expected = 0;
        for (partition, Range { start, end }) in offsets(&consumer, topic)? {
            expected += usize::try_from(end - start)?;
            list.add_partition_offset(topic, partition, Offset::Beginning)?;
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
