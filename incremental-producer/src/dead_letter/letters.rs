//! Dead letters, to look at and to send back.
//!
//! *Sending back* writes the original messages to their topic again, behind everything that is there: for a dataset whose
//! source or schema was mended. What was sent back is remembered as the committed offsets of a consumer group on the topic
//! of the letters; a crash between sending and committing sends some twice, which folding does not notice.
//!
//! A message that is sent back counts as new. Where a newer one for its key was folded meanwhile, the older value is back
//! until the source changes the record again, or sweeps. One that still means nothing becomes a dead letter once more.

use super::{REASON, SET_ASIDE_MS, SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC};
use crate::Offsets;
use crate::client::{ClientSettings, LogContext};
use crate::emit::{EmitError, Emitter};
use crate::figures::Client;
use crate::source::kafka::{KafkaSettings, KafkaSource};
use crate::source::{ReadLimits, Record, Source, SourceError};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::HashSet;
use std::time::Duration;

/// How long to wait for an answer about the group.
const ANSWER: Duration = Duration::from_secs(10);
/// How long messages sent back may take to be acknowledged.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many letters are sent back before that is committed.
const BATCH: u64 = 500;

const OURS: [&str; 5] = [SOURCE_TOPIC, SOURCE_PARTITION, SOURCE_OFFSET, REASON, SET_ASIDE_MS];

/// Where the letters of a dataset are.
#[derive(Clone, Debug)]
pub struct LetterBox {
    /// Brokers to ask first.
    pub bootstrap_servers: String,
    /// The topic of the messages.
    pub topic: String,
    /// The topic of the letters.
    pub dead_letter_topic: String,
    /// The consumer group that remembers what was sent back.
    pub group: String,
    /// Further client settings.
    pub client: ClientSettings,
}

/// A dead letter as it lies in its topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The topic the message was read from.
    pub topic: String,
    /// Its partition there.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// When it was set aside, in epoch milliseconds.
    pub set_aside_ms: Option<i64>,
    /// Why it means nothing.
    pub reason: String,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its payload.
    pub payload: Option<Vec<u8>>,
    /// The headers it had.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Whether it was sent back.
    pub sent_back: bool,
}

/// What sending back came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentBack {
    /// Messages sent.
    pub sent: u64,
    /// Letters that repeat one that was sent.
    pub repeated: u64,
    /// Letters left alone: their headers do not say that they come from the dataset's topic.
    pub foreign: u64,
}

/// Why letters cannot be read or sent back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LettersError {
    /// The letters cannot be read.
    #[error("cannot read the dead letters")]
    Read(#[from] SourceError),
    /// The topic did not deliver what it says it has.
    #[error("dead letters do not arrive, topic={topic} partitions={partitions:?}")]
    Stalled {
        /// The topic.
        topic: String,
        /// The partitions.
        partitions: Vec<i32>,
    },
    /// What was sent back is not known, or cannot be written down.
    #[error("cannot {doing} what was sent back, group={group}")]
    Group {
        /// What failed.
        doing: &'static str,
        /// The group.
        group: String,
        /// What the client said.
        #[source]
        source: KafkaError,
    },
    /// A message cannot be sent.
    #[error("cannot send messages back")]
    Emit(#[from] EmitError),
}

impl Letter {
    fn of(record: &Record<'_>) -> Option<Self> {
        let text = |name| record.header(name).and_then(|value| std::str::from_utf8(value).ok());
        let theirs = record.headers.iter().filter(|(name, _)| !OURS.contains(name));
        Some(Self {
            topic: text(SOURCE_TOPIC)?.to_owned(),
            partition: text(SOURCE_PARTITION)?
                .parse()
                .ok()
                .filter(|&partition| partition >= 0)?,
            offset: text(SOURCE_OFFSET)?.parse().ok()?,
            set_aside_ms: text(SET_ASIDE_MS).and_then(|text| text.parse().ok()),
            reason: String::from_utf8_lossy(record.header(REASON).unwrap_or_default()).into_owned(),
            key: record.key.map(<[u8]>::to_vec),
            payload: record.payload.map(<[u8]>::to_vec),
            headers: theirs
                .map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)))
                .collect(),
            sent_back: false,
        })
    }

    fn id(&self) -> (i32, i64) {
        (self.partition, self.offset)
    }
}

impl LetterBox {
    fn source(&self) -> KafkaSource {
        KafkaSource::new(KafkaSettings {
            bootstrap_servers: self.bootstrap_servers.clone(),
            topic: self.dead_letter_topic.clone(),
            log: Some("letters".to_owned()), // nobody asks
            group: self.group.clone(),
            client: self.client.clone(),
        })
    }

    /// The newest letters, oldest first, each once.
    ///
    /// # Errors
    /// [`LettersError`] if Kafka does not answer.
    pub fn newest(&self, most: usize) -> Result<Vec<Letter>, LettersError> {
        let mut source = self.source();
        let view = source.look()?;
        let sent_back = self.position(view.partitions.keys().copied())?;
        let most_offsets = i64::try_from(most).unwrap_or(i64::MAX);
        let ranges = view.partitions.iter();
        let from = ranges.map(|(&p, range)| (p, range.start.max(range.end.saturating_sub(most_offsets))));
        let cut: Offsets = view.partitions.iter().map(|(&p, range)| (p, range.end)).collect();
        let (mut found, mut known, mut from) = (Vec::new(), HashSet::new(), from.collect::<Offsets>());
        loop {
            let reading = source.read(&from, &cut, &ReadLimits::default(), &mut |record| {
                if let Some(mut letter) = Letter::of(record)
                    && known.insert((letter.topic.clone(), letter.id()))
                {
                    letter.sent_back = sent_back.get(record.partition).is_some_and(|next| record.offset < next);
                    found.push(letter);
                }
                Ok(())
            })?;
            if reading.complete {
                break;
            }
            self.check_stalled(&reading.stalled)?;
            from = reading.offsets;
        }
        found.sort_by_key(|letter: &Letter| (letter.set_aside_ms, letter.partition, letter.offset));
        Ok(found.split_off(found.len().saturating_sub(most)))
    }

    /// Sends what was not sent back yet to the dataset's topic, at most so many letters.
    ///
    /// # Errors
    /// [`LettersError`]; what was sent so far is remembered, but for a batch.
    pub fn send_back(&self, most: u64) -> Result<SentBack, LettersError> {
        let mut source = self.source();
        let view = source.look()?;
        let before = self.position(view.partitions.keys().copied())?;
        let start = |(&p, range): (&i32, &std::ops::Range<i64>)| {
            (p, before.get(p).unwrap_or(range.start).clamp(range.start, range.end))
        };
        let mut from: Offsets = view.partitions.iter().map(start).collect();
        let cut: Offsets = view.partitions.iter().map(|(&p, range)| (p, range.end)).collect();
        let emitter = Emitter::new(&self.bootstrap_servers, &self.client, None, None)?;
        let partitions = emitter.partitions(&self.topic)?;
        let (mut done, mut left, mut known) = (SentBack::default(), most, HashSet::new());
        while left > 0 && from != cut {
            let limits = ReadLimits {
                messages: left.min(BATCH),
                ..ReadLimits::default()
            };
            let mut letters = Vec::new();
            let reading = source.read(&from, &cut, &limits, &mut |record| {
                letters.push(Letter::of(record));
                Ok(())
            })?;
            for letter in &letters {
                let Some(letter) = letter.as_ref().filter(|letter| letter.topic == self.topic) else {
                    done.foreign += 1;
                    continue;
                };
                if !known.insert(letter.id()) {
                    done.repeated += 1;
                    continue;
                }
                // Where it was, so that it stays in order with what is sent back beside it.
                let partition = usize::try_from(letter.partition).ok().filter(|&p| p < partitions);
                emitter.emit_again(
                    &self.topic,
                    partition.map(|_| letter.partition),
                    letter.key.as_deref(),
                    letter.payload.as_deref(),
                    &letter.headers,
                )?;
                done.sent += 1;
            }
            emitter.flush(PATIENCE)?;
            self.commit(&reading.offsets)?;
            self.check_stalled(&reading.stalled)?;
            left = left.saturating_sub(reading.messages);
            from = reading.offsets;
        }
        Ok(done)
    }

    fn check_stalled(&self, partitions: &[i32]) -> Result<(), LettersError> {
        match partitions {
            [] => Ok(()),
            _ => Err(LettersError::Stalled {
                topic: self.dead_letter_topic.clone(),
                partitions: partitions.to_vec(),
            }),
        }
    }

    fn group_error(&self, doing: &'static str) -> impl Fn(KafkaError) -> LettersError + '_ {
        move |source| LettersError::Group {
            doing,
            group: self.group.clone(),
            source,
        }
    }

    fn consumer(&self) -> Result<BaseConsumer<LogContext>, KafkaError> {
        let fixed = [("enable.auto.commit", "false"), ("allow.auto.create.topics", "false")];
        let mut config = self.client.client(&self.bootstrap_servers, &[], &fixed);
        config.set("group.id", &self.group);
        config.create_with_context(
            self.client
                .context(format!("group {}", self.group), Client::DeadLetters),
        )
    }

    /// How far letters were sent back.
    fn position(&self, partitions: impl Iterator<Item = i32>) -> Result<Offsets, LettersError> {
        let failed = self.group_error("read");
        let mut list = TopicPartitionList::new();
        partitions.for_each(|partition| {
            list.add_partition(&self.dead_letter_topic, partition);
        });
        let consumer = self.consumer().map_err(&failed)?;
        let committed = consumer.committed_offsets(list, ANSWER).map_err(&failed)?;
        let offsets = committed.elements().into_iter();
        Ok(offsets
            .filter_map(|element| match element.offset() {
                Offset::Offset(offset) => Some((element.partition(), offset)),
                _ => None,
            })
            .collect())
    }

    fn commit(&self, offsets: &Offsets) -> Result<(), LettersError> {
        let failed = self.group_error("write down");
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets.iter() {
            list.add_partition_offset(&self.dead_letter_topic, partition, Offset::Offset(offset))
                .map_err(&failed)?;
        }
        let consumer = self.consumer().map_err(&failed)?;
        consumer.commit(&list, CommitMode::Sync).map_err(&failed)
    }
}
