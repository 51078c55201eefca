//! The service of a dataset as it runs in production, and what it reports; only which parts of the topic it sees is told.

use super::topic;
use anyhow::Context as _;
use hollow::producer::{Producer, PublishUnchanged};
use hollow::schema::Dataset;
use hollow::store::Store;
use incremental_producer::dead_letter::{DeadLetterError, DeadLetters};
use incremental_producer::service::{DatasetHandle, DatasetService, Event, Report, ServiceSettings};
use incremental_producer::source::kafka::{KafkaSettings, KafkaSource};
use incremental_producer::source::{BoxError, LogView, ReadLimits, Reading, Record, Source, SourceError};
use incremental_producer::{Codec, Offsets};
use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// So long a cycle may take, the first after a start with millions of records included.
const PATIENCE: Duration = Duration::from_secs(180);
/// Cycles come when they are asked for.
pub(crate) const WHEN_ASKED: Duration = Duration::from_secs(86_400);

/// A running service.
pub(crate) struct Folding {
    handle: DatasetHandle,
    parts: Arc<AtomicI32>,
    cycles: Receiver<Result<Cycle, String>>,
}

/// A cycle, as its report has it.
#[derive(Debug)]
pub(crate) struct Cycle {
    pub(crate) report: Box<Report>,
    /// CPU time of the service's thread.
    pub(crate) cpu: Duration,
}

/// What messages came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Folded {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    /// Time in the cycles that did not go into reading and folding: encoding, checking, publishing, announcing.
    pub(crate) publishing: Duration,
}

impl Folding {
    /// Starts the service. It sees the first part of the topic. `change` is for settings of the producer.
    pub(crate) fn start(
        codec: &Codec,
        kafka: KafkaSettings,
        store: Store,
        cadence: Duration,
        change: impl FnOnce(hollow::producer::ProducerBuilder) -> hollow::producer::ProducerBuilder,
    ) -> anyhow::Result<Self> {
        let producer = Producer::builder(Dataset::clone(codec.dataset()), store)
            .root(codec.root())
            .publish_unchanged(PublishUnchanged::WhenTagsDiffer);
        let parts = Arc::new(AtomicI32::new(1));
        let source = Parts {
            inner: KafkaSource::new(kafka.clone()),
            settings: kafka,
            open: parts.clone(),
            seen: 1,
        };
        let mut settings = ServiceSettings::new("fold");
        settings.cadence = cadence;
        let (sender, cycles) = channel();
        let service = DatasetService::new(
            settings,
            codec.clone(),
            change(producer).build()?,
            Box::new(source),
            Box::new(NoDeadLetters),
        );
        let handle = service
            .listener(Arc::new(move |_, event| {
                let told = match event {
                    Event::Cycle(report) => Ok(Cycle {
                        report: report.clone(),
                        cpu: thread_cpu_since_last(),
                    }),
                    Event::Retry { error, .. } | Event::Halted { error } => Err(error.clone()),
                    _ => return,
                };
                // Nobody listens once the benchmark is over.
                let _ = sender.send(told);
            }))
            .start()?;
        Ok(Self { handle, parts, cycles })
    }

    /// Asks for a cycle and waits for it.
    pub(crate) fn cycle(&self) -> anyhow::Result<Cycle> {
        self.handle.cycle_now();
        self.next()
    }

    /// The next cycle.
    pub(crate) fn next(&self) -> anyhow::Result<Cycle> {
        match self.cycles.recv_timeout(PATIENCE) {
            Ok(told) => told.map_err(|error| anyhow::anyhow!("the service fails: {error}")),
            Err(error) => Err(error).context("the service does not report"),
        }
    }

    /// Opens the topic up to this part, and waits until all of its messages are folded and announced.
    pub(crate) fn fold(&self, part: i32, messages: u64) -> anyhow::Result<Folded> {
        self.parts.store(part + 1, SeqCst);
        self.handle.cycle_now();
        self.until(messages)
    }

    /// Waits until so many messages are folded and announced.
    pub(crate) fn until(&self, messages: u64) -> anyhow::Result<Folded> {
        let mut folded = Folded::default();
        while folded.messages < messages {
            let report = self.next()?.report;
            anyhow::ensure!(
                report.unchanged == 0,
                "messages changed nothing, count={}",
                report.unchanged
            );
            folded.messages += report.messages;
            folded.bytes += report.bytes;
            folded.publishing += report.published.as_ref().map_or(Duration::ZERO, |stats| {
                stats.encode + stats.check + stats.validate + stats.publish
            });
        }
        anyhow::ensure!(
            folded.messages == messages,
            "more was folded than was written, folded={} written={messages}",
            folded.messages
        );
        Ok(folded)
    }

    /// Ends the service.
    pub(crate) fn stop(self) {
        self.handle.stop();
        self.handle.join();
    }
}

/// CPU time of this thread since it last asked.
fn thread_cpu_since_last() -> Duration {
    thread_local!(static LAST: Cell<Duration> = const { Cell::new(Duration::ZERO) });
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let now = Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32);
    now.saturating_sub(LAST.replace(now))
}

/// A topic of which only the first parts are seen: the others look as if they were empty.
struct Parts {
    inner: KafkaSource,
    settings: KafkaSettings,
    open: Arc<AtomicI32>,
    seen: i32,
}

impl Source for Parts {
    fn topic(&self) -> &str {
        self.inner.topic()
    }

    fn look(&mut self) -> Result<LogView, SourceError> {
        let open = self.open.load(SeqCst);
        if open != std::mem::replace(&mut self.seen, open) {
            // The raw reading begins with a new client too. The old one takes its time to end, which is nobody's.
            let old = std::mem::replace(&mut self.inner, KafkaSource::new(self.settings.clone()));
            std::thread::spawn(move || drop(old));
        }
        let mut view = self.inner.look()?;
        let closed = view.partitions.range_mut(topic::partitions(open).start..);
        closed.for_each(|(_, range)| range.end = range.start);
        Ok(view)
    }

    fn read(
        &mut self,
        from: &Offsets,
        cut: &Offsets,
        limits: &ReadLimits,
        fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
    ) -> Result<Reading, SourceError> {
        // The client is not to fetch what is not to be seen yet.
        let closed = topic::partitions(self.seen).start;
        let open = |offsets: &Offsets| offsets.iter().filter(|(partition, _)| *partition < closed).collect();
        let mut reading = self.inner.read(&open(from), &open(cut), limits, fold)?;
        let rest = from.iter().filter(|(partition, _)| *partition >= closed);
        rest.for_each(|(partition, offset)| reading.offsets.set(partition, offset));
        Ok(reading)
    }
}

/// All messages here mean something.
struct NoDeadLetters;

impl DeadLetters for NoDeadLetters {
    fn put(&mut self, topic: &str, _: &Record<'_>, reason: &str) -> Result<(), DeadLetterError> {
        Err(DeadLetterError {
            topic: topic.to_owned(),
            undelivered: 1,
            reason: reason.to_owned(),
        })
    }

    fn settle(&mut self) -> Result<(), DeadLetterError> {
        Ok(())
    }
}
