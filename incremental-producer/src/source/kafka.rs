//! A Kafka topic as a [`Source`].
//!
//! All partitions are assigned by hand, with explicit offsets, in one call, on a client made for it: no group can take a
//! partition away in the middle of a cycle, and none of the client's ways to choose an offset by itself is ever in force. A
//! reading that begins anywhere but where the last one ended gets a new client, since seeking and assigning again race with
//! what the old one still has in flight.
//!
//! Looking at the log takes a client of its own. A broker answers the requests of a connection one after the other, so each
//! question would first wait for the fetch before it, once per partition.
//!
//! A topic can be deleted and created again while it is read, and the client goes on in the new one at the old offsets. So
//! the topic's id is asked for before offsets are, and again when all is read: what was read is of that topic only if it is
//! still the same.
//!
//! A partition has reached the cut when a message at or beyond it arrives, which is kept for the next cycle, or when the
//! client's position says so. Waiting for the message before the cut would wait for ever: control records, aborted
//! transactions and compaction leave offsets that no message ever has.

use super::topic_id::topic_id;
use super::{BoxError, LogView, ReadLimits, Reading, Record, Source, SourceError};
use crate::Offsets;
use crate::client::{ClientSettings, LogContext, hear};
use crate::figures::{Client as Counted, STATISTICS};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Headers, Message, OwnedMessage};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::{ClientConfig, Offset};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// How long to wait for an answer about the topic.
const ANSWER: Duration = Duration::from_secs(10);
/// How long one poll may wait.
const POLL: Duration = Duration::from_millis(20);
/// The most bytes of messages beyond the cut that are kept for the next cycle; then this one ends early.
const MOST_HELD_BYTES: usize = 32 << 20;

/// A message with no more headers than these needs no memory of its own for them.
const FEW_HEADERS: usize = 4;

const DEFAULTS: &[(&str, &str)] = &[
    ("fetch.wait.max.ms", "20"),
    ("fetch.queue.backoff.ms", "20"),
    ("queued.max.messages.kbytes", "32768"),
    ("topic.metadata.refresh.interval.ms", "30000"),
];

const FIXED: &[(&str, &str)] = &[
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("auto.offset.reset", "error"),
    ("enable.partition.eof", "true"),
    ("isolation.level", "read_committed"),
    ("allow.auto.create.topics", "false"),
    ("check.crcs", "true"),
];

/// What a [`KafkaSource`] is to read.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// Brokers to ask first, `host:port,…`.
    pub bootstrap_servers: String,
    /// The topic.
    pub topic: String,
    /// The identity of the log; none takes the cluster's id.
    pub log: Option<String>,
    /// Name of the consumer group that the client claims. No group is ever joined.
    pub group: String,
    /// Further client settings.
    pub client: ClientSettings,
}

impl KafkaSettings {
    /// What the clients of a source are made with: the settings given, and those that are in force whatever is given.
    /// Holds any secrets that the settings hold.
    pub fn client_config(&self) -> ClientConfig {
        let mut config = self.client.client(&self.bootstrap_servers, DEFAULTS, FIXED);
        config.set("group.id", &self.group);
        config
    }
}

/// Reads a Kafka topic.
pub struct KafkaSource {
    settings: KafkaSettings,
    /// Asks, and never fetches.
    looker: Option<BaseConsumer<LogContext>>,
    /// What the last look found.
    looked: Looked,
    /// Fetches.
    client: Option<Client>,
}

#[derive(Clone, Default)]
struct Looked {
    topic_id: Option<String>,
    /// A broker that must know the topic: the leader of one of its partitions.
    leader: i32,
}

struct Client {
    consumer: BaseConsumer<LogContext>,
    /// Where the assigned partitions stand: what was handed over, and no further.
    reached: Offsets,
    /// Messages that came before their cycle, in the order in which they came.
    held: VecDeque<OwnedMessage>,
}

impl KafkaSource {
    /// A source. Nothing is connected before the first look.
    pub fn new(settings: KafkaSettings) -> Self {
        Self {
            settings,
            looker: None,
            looked: Looked::default(),
            client: None,
        }
    }

    fn unavailable(&self, doing: &'static str, reason: impl ToString) -> SourceError {
        SourceError::Unavailable {
            doing,
            topic: self.settings.topic.clone(),
            servers: self.settings.bootstrap_servers.clone(),
            reason: reason.to_string(),
        }
    }

    fn moved(&self, reason: impl ToString) -> SourceError {
        SourceError::Moved {
            topic: self.settings.topic.clone(),
            reason: reason.to_string(),
        }
    }

    fn connect(&self, more: &[(&str, &str)]) -> Result<BaseConsumer<LogContext>, SourceError> {
        let settings = &self.settings;
        let what = format!("source of {}", settings.topic);
        let mut config = settings.client_config();
        for (name, value) in more {
            config.set(*name, *value);
        }
        config
            .create_with_context(settings.client.context(what, Counted::Source))
            .map_err(|error| SourceError::Settings {
                topic: settings.topic.clone(),
                reason: error.to_string(),
            })
    }

    fn look_with(&self, client: &BaseConsumer<LogContext>) -> Result<(LogView, Looked), SourceError> {
        let topic = self.settings.topic.as_str();
        let ask = "ask for the topic";
        let metadata = client
            .fetch_metadata(Some(topic), ANSWER)
            .map_err(|e| self.unavailable(ask, e))?;
        let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
            return Err(self.unavailable(ask, "the cluster does not name it"));
        };
        if let Some(error) = found.error() {
            return Err(self.unavailable(ask, RDKafkaErrorCode::from(error)));
        }
        let log = match &self.settings.log {
            Some(log) => log.clone(),
            None => match client.client().fetch_cluster_id(ANSWER) {
                Some(id) if !id.is_empty() => id,
                _ => return Err(self.unavailable("ask for the cluster's id", "no answer; give the dataset a `log` id")),
            },
        };
        let leaders = found.partitions().iter().map(|partition| partition.leader());
        let leader = leaders.into_iter().find(|leader| *leader >= 0);
        let leader = leader.ok_or_else(|| self.unavailable(ask, "no partition has a leader"))?;
        let topic_id = self.topic_id(client, leader)?;
        let mut view = LogView {
            log,
            topic_id: topic_id.clone(),
            partitions: BTreeMap::new(),
        };
        for partition in found.partitions() {
            let id = partition.id();
            let (low, high) = client
                .fetch_watermarks(topic, id, ANSWER)
                .map_err(|e| self.unavailable("ask for the offsets of a partition", e))?;
            if low < 0 || high < low {
                return Err(self.unavailable(
                    "ask for the offsets of a partition",
                    format!("they make no sense, partition={id} low={low} high={high}"),
                ));
            }
            view.partitions.insert(id, low..high);
        }
        if view.partitions.is_empty() || view.partitions.keys().copied().ne(0..view.partitions.len() as i32) {
            let found = view.partitions.keys();
            return Err(self.unavailable(ask, format!("the cluster names only the partitions {found:?}")));
        }
        Ok((view, Looked { topic_id, leader }))
    }

    fn topic_id(&self, client: &BaseConsumer<LogContext>, broker: i32) -> Result<Option<String>, SourceError> {
        topic_id(client.client(), &self.settings.topic, broker, ANSWER)
            .map_err(|reason| self.unavailable("ask for the topic's id", reason))
    }

    /// An error if what was read is of another topic than the one that was looked at.
    fn must_be_the_same(&self) -> Result<(), SourceError> {
        let (Some(looker), Some(before)) = (&self.looker, &self.looked.topic_id) else {
            return Ok(());
        };
        match self.topic_id(looker, self.looked.leader)? {
            Some(now) if now != *before => Err(self.moved("it was deleted and created again")),
            _ => Ok(()),
        }
    }

    /// The client, standing at `from`.
    fn client_at(&mut self, from: &Offsets) -> Result<Client, SourceError> {
        match self.client.take() {
            Some(client) if client.reached == *from => return Ok(client),
            _ => {}
        }
        let consumer = self.connect(&[])?;
        let mut assignment = TopicPartitionList::with_capacity(from.len());
        for (partition, offset) in from.iter() {
            assignment
                .add_partition_offset(&self.settings.topic, partition, Offset::Offset(offset))
                .map_err(|e| self.unavailable("assign partitions", e))?;
        }
        consumer
            .assign(&assignment)
            .map_err(|e| self.unavailable("assign partitions", e))?;
        Ok(Client {
            consumer,
            reached: from.clone(),
            held: VecDeque::new(),
        })
    }
}

impl Source for KafkaSource {
    fn topic(&self) -> &str {
        &self.settings.topic
    }

    fn look(&mut self) -> Result<LogView, SourceError> {
        // A client that failed is not asked again.
        let looker = match self.looker.take() {
            Some(looker) => looker,
            None => self.connect(&[STATISTICS])?,
        };
        hear(&looker);
        let begin = Instant::now();
        let found = self.look_with(&looker);
        let (view, looked) = found.map_err(|error| {
            hear(&looker);
            error.because(looker.context().complaint_since(begin))
        })?;
        (self.looker, self.looked) = (Some(looker), looked);
        Ok(view)
    }

    fn read(
        &mut self,
        from: &Offsets,
        cut: &Offsets,
        limits: &ReadLimits,
        fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
    ) -> Result<Reading, SourceError> {
        // After any error the client is gone: nobody knows what it had handed out.
        let mut client = self.client_at(from)?;
        let mut pass = Pass {
            source: self,
            cut,
            limits,
            fold,
            waiting: cut
                .iter()
                .filter(|(p, end)| from.get(*p).is_some_and(|offset| offset < *end))
                .map(|(p, _)| p)
                .collect(),
            reading: Reading {
                offsets: from.clone(),
                ..Reading::default()
            },
            held_bytes: 0,
        };
        pass.take_held(&mut client)?;
        pass.poll(&mut client)?;
        let mut reading = pass.reading;
        reading.complete = pass.waiting.is_empty();
        client.reached.clone_from(&reading.offsets);
        if reading.messages > 0 {
            self.must_be_the_same()?;
        }
        if reading.stalled.is_empty() {
            self.client = Some(client);
        }
        Ok(reading)
    }
}

/// One reading.
struct Pass<'a> {
    source: &'a KafkaSource,
    cut: &'a Offsets,
    limits: &'a ReadLimits,
    fold: &'a mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
    /// Partitions that have not reached the cut.
    waiting: BTreeSet<i32>,
    reading: Reading,
    held_bytes: usize,
}

impl Pass<'_> {
    fn is_full(&self) -> bool {
        self.reading.messages >= self.limits.messages
            || self.reading.bytes >= self.limits.bytes
            || self.held_bytes >= MOST_HELD_BYTES
    }

    fn reach_cut(&mut self, partition: i32) {
        if self.waiting.remove(&partition)
            && let Some(end) = self.cut.get(partition)
        {
            self.reading.offsets.set(partition, end);
        }
    }

    /// Hands over a message that lies before the cut; gives back whether it did.
    fn take<M: Message>(&mut self, message: &M) -> Result<bool, SourceError> {
        let (partition, offset) = (message.partition(), message.offset());
        let (Some(next), Some(end)) = (self.reading.offsets.get(partition), self.cut.get(partition)) else {
            return Err(self
                .source
                .moved(format!("a message of partition={partition}, which is not assigned")));
        };
        if offset >= end {
            self.reach_cut(partition);
            return Ok(false);
        }
        if offset < next {
            return Ok(true); // it came twice
        }
        // Most messages have few; those need no room of their own.
        let found = message.headers();
        let mut few = [("", None); FEW_HEADERS];
        let mut many = Vec::new();
        let headers = found.iter().flat_map(|headers| headers.iter());
        let headers = headers.map(|header| (header.key, header.value));
        let headers: &[_] = match found.map_or(0, |headers| headers.count()) {
            count @ 0..=FEW_HEADERS => {
                few.iter_mut().zip(headers).for_each(|(place, header)| *place = header);
                &few[..count]
            }
            _ => {
                many.extend(headers);
                &many
            }
        };
        let record = Record {
            partition,
            offset,
            key: message.key(),
            payload: message.payload(),
            headers,
        };
        self.reading.messages += 1;
        self.reading.bytes += record.bytes() as u64;
        (self.fold)(&record).map_err(SourceError::Fold)?;
        self.reading.offsets.set(partition, offset + 1);
        if offset + 1 >= end {
            self.waiting.remove(&partition);
        }
        Ok(true)
    }

    /// Messages that an earlier reading kept.
    fn take_held(&mut self, client: &mut Client) -> Result<(), SourceError> {
        let mut kept = VecDeque::new();
        while let Some(message) = client.held.pop_front() {
            // Behind a full stop everything stays, in its order.
            if self.is_full() || !self.take(&message)? {
                self.held_bytes += held_bytes(&message);
                kept.push_back(message);
            }
        }
        client.held = kept;
        Ok(())
    }

    fn poll(&mut self, client: &mut Client) -> Result<(), SourceError> {
        self.settle(client)?;
        // Since when nothing comes. Whoever folds may take his time: that is not the log's.
        let mut idle_since = None;
        let mut last_error = None;
        while !self.waiting.is_empty() && !self.is_full() {
            match client.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    idle_since = None;
                    if !self.take(&message)? {
                        let message = message.detach();
                        self.held_bytes += held_bytes(&message);
                        client.held.push_back(message);
                    }
                    continue;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) => self.judge(error, &mut last_error)?,
                None => {}
            }
            self.settle(client)?;
            let idle = idle_since.get_or_insert_with(Instant::now).elapsed();
            if idle >= self.limits.stall && !self.waiting.is_empty() {
                return self.give_up(last_error);
            }
        }
        Ok(())
    }

    /// Lets go of partitions whose cut was reached without a message.
    fn settle(&mut self, client: &Client) -> Result<(), SourceError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let positions = client
            .consumer
            .position()
            .map_err(|e| self.source.unavailable("ask the client's position", e))?;
        for element in positions.elements() {
            // The position is behind everything the client handed out, so also behind all that was folded.
            if let (Offset::Offset(position), Some(end)) = (element.offset(), self.cut.get(element.partition()))
                && position >= end
            {
                self.reach_cut(element.partition());
            }
        }
        Ok(())
    }

    fn judge(&self, error: KafkaError, last: &mut Option<KafkaError>) -> Result<(), SourceError> {
        match &error {
            KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                Err(self.source.moved(error))
            }
            KafkaError::MessageConsumptionFatal(_) => Err(self.source.unavailable("go on reading", error)),
            _ => {
                // Brokers that cannot be reached and the like: the client goes on trying, and the stall ends it.
                *last = Some(error);
                Ok(())
            }
        }
    }

    fn give_up(&mut self, last_error: Option<KafkaError>) -> Result<(), SourceError> {
        if self.reading.messages > 0 {
            self.reading.stalled = self.waiting.iter().copied().collect();
            return Ok(());
        }
        Err(SourceError::Stalled {
            topic: self.source.settings.topic.clone(),
            partitions: self.waiting.iter().copied().collect(),
            seconds: self.limits.stall.as_secs(),
            last: last_error.map_or_else(|| "none".to_owned(), |error| error.to_string()),
        })
    }
}

fn held_bytes(message: &OwnedMessage) -> usize {
    256 + message.key().map_or(0, <[u8]>::len) + message.payload().map_or(0, <[u8]>::len)
}
