//! The raw consume rate: the client of the incremental producer with its settings, and nothing done with the messages.

use crate::measure::{Sample, Stopwatch};
use anyhow::Context as _;
use incremental_producer::Offsets;
use incremental_producer::source::kafka::KafkaSettings;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::TopicPartitionList;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Reads what lies between two lists of offsets: a client is made, and each message is polled and its key and payload are
/// gone through once.
pub(crate) fn read(settings: &KafkaSettings, from: &Offsets, to: &Offsets) -> anyhow::Result<Sample> {
    let mut seen = Seen::default();
    let mut watch = Stopwatch::default();
    let consumer = watch.time(|| seen.read(settings, from, to))?;
    drop(consumer); // takes its time, and is nothing that a reader waits for
    Ok(watch.sample(seen.messages, seen.bytes, seen.sum))
}

#[derive(Default)]
struct Seen {
    messages: u64,
    bytes: u64,
    sum: u64,
}

impl Seen {
    fn read(&mut self, settings: &KafkaSettings, from: &Offsets, to: &Offsets) -> anyhow::Result<BaseConsumer> {
        let consumer: BaseConsumer = settings.client_config().create()?;
        let mut assignment = TopicPartitionList::new();
        for (partition, offset) in from.iter() {
            assignment.add_partition_offset(&settings.topic, partition, Offset::Offset(offset))?;
        }
        consumer.assign(&assignment)?;
        let mut waiting: BTreeSet<i32> = to
            .iter()
            .filter(|(partition, end)| from.get(*partition).unwrap_or(0) < *end)
            .map(|(partition, _)| partition)
            .collect();
        let begin = Instant::now();
        while !waiting.is_empty() {
            match consumer.poll(Duration::from_millis(20)) {
                Some(Ok(message)) => {
                    let touched = [message.key(), message.payload()].into_iter().flatten();
                    for bytes in touched {
                        self.bytes += bytes.len() as u64;
                        let sum: u64 = bytes.iter().map(|&byte| u64::from(byte)).sum();
                        self.sum = self.sum.wrapping_add(sum);
                    }
                    self.messages += 1;
                    if to.get(message.partition()) == Some(message.offset() + 1) {
                        waiting.remove(&message.partition());
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) => return Err(error).context("reading the topic without folding"),
                None => anyhow::ensure!(begin.elapsed() < PATIENCE, "no messages, partitions={waiting:?}"),
            }
        }
        Ok(consumer)
    }
}
