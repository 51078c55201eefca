//! The source applications: a sweep at the start, then changes at a rate, and a sweep now and then.
//!
//! A change stands in the source's journal before it is sent, so what a killed demo did not send, the sweep after its
//! next start sends. Records go out as JSON or, where there are many, in the compact form.

use anyhow::{Context, Result};
use fixtures::source::{Message, Sweep};
use fixtures::{DatasetId, SourceDb};
use hollow::record::json;
use incremental_producer::Codec;
use incremental_producer::emit::{EmitError, Emitter};
use incremental_producer::sweep::{MarkKind, SweepMark};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// How long the log may take to acknowledge what was sent.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the sources have done, readable while they run.
#[derive(Debug, Default)]
pub struct Progress {
    /// Messages of sweeps sent.
    pub swept: AtomicU64,
    /// Sweeps finished.
    pub sweeps: AtomicU64,
    /// Changes sent.
    pub changes: AtomicU64,
    /// Whether live changes may begin: everything of the first sweep is folded.
    pub loaded: AtomicBool,
    /// Whether to stop.
    pub stop: AtomicBool,
}

/// How the sources behave.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    /// Changes per second.
    pub rate: f64,
    /// Time from the end of one sweep to the beginning of the next.
    pub sweep_every: Duration,
}

/// The source applications and their way to Kafka.
pub struct Sources {
    /// Their database.
    pub db: SourceDb,
    /// The client they write with.
    pub emitter: Arc<Emitter>,
    /// How records of each dataset are written; datasets in `compact` in the compact form.
    pub codecs: HashMap<DatasetId, Codec>,
    /// Datasets whose sources are written in Rust.
    pub compact: Vec<DatasetId>,
    /// The topic of each dataset.
    pub topics: HashMap<DatasetId, String>,
    /// What they have done.
    pub progress: Arc<Progress>,
}

impl Sources {
    /// Runs until told to stop; gives the database back.
    pub fn run(mut self, habits: Habits) -> Result<SourceDb> {
        match self.work(habits) {
            Err(error) if is_closed(&error) => Ok(self.db), // told to stop while waiting for the pace
            Err(error) => Err(error),
            Ok(()) => Ok(self.db),
        }
    }

    fn work(&mut self, habits: Habits) -> Result<()> {
        let progress = self.progress.clone();
        let stopped = || progress.stop.load(SeqCst);
        self.sweep("start", |_| Ok(()))?;
        self.emitter
            .flush(PATIENCE)
            .context("the first sweep did not reach Kafka")?;
        while !progress.loaded.load(SeqCst) && !stopped() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut changes = Ticker::new(habits.rate);
        let mut next_sweep = Instant::now() + habits.sweep_every;
        while !stopped() {
            self.change(&mut changes)?;
            if Instant::now() >= next_sweep {
                let number = progress.sweeps.load(SeqCst);
                self.sweep(&number.to_string(), |sources| sources.change(&mut changes))?;
                next_sweep = Instant::now() + habits.sweep_every;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Sends everything there is, calling `between` now and then so that changes do not wait. What a dataset has besides
    /// goes with the end marks.
    fn sweep(&mut self, id: &str, mut between: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        // No two sweeps have one id, in this run or another.
        let id = &format!("{id}-{}", now_ms());
        for dataset in DatasetId::ALL {
            self.mark(dataset, id, MarkKind::Begin)?;
            let mut sweep = Sweep::new(dataset);
            while let Some(message) = sweep.next(&self.db) {
                self.send(&message, Some(id))?;
                if self.progress.swept.fetch_add(1, SeqCst).is_multiple_of(256) {
                    if self.progress.stop.load(SeqCst) {
                        return Ok(());
                    }
                    between(self)?;
                }
            }
            self.mark(dataset, id, MarkKind::End)?;
        }
        self.progress.sweeps.fetch_add(1, SeqCst);
        Ok(())
    }

    /// Marks a sweep in every partition, behind all that was sent before, and waits until the marks are in the log.
    fn mark(&self, dataset: DatasetId, id: &str, kind: MarkKind) -> Result<()> {
        let topic = &self.topics[&dataset];
        let partitions = i32::try_from(self.emitter.partitions(topic)?)?;
        let mark = SweepMark::everything(id, kind, partitions);
        self.emitter.flush(PATIENCE)?;
        for partition in 0..partitions {
            self.emitter.emit_sweep_mark(topic, partition, &mark)?;
        }
        Ok(self.emitter.flush(PATIENCE)?)
    }

    /// Makes and sends the changes that are due.
    fn change(&mut self, ticker: &mut Ticker) -> Result<()> {
        for _ in 0..ticker.due() {
            let change = self
                .db
                .next_change(now_ms())
                .context("a source cannot write its journal")?;
            self.send(&Message::from(&change), None)?;
            self.progress.changes.fetch_add(1, SeqCst);
        }
        Ok(())
    }

    fn send(&self, message: &Message, sweep: Option<&str>) -> Result<()> {
        let codec = &self.codecs[&message.dataset];
        let compact = match &message.payload {
            Some(payload) if self.compact.contains(&message.dataset) => {
                let record =
                    json::parse(codec.dataset(), codec.root(), payload).context("a source made a bad record")?;
                Some(codec.encode_rkyv(&record).context("a source made a bad record")?)
            }
            _ => None,
        };
        let payload = compact.as_deref().or(message.payload.as_deref());
        let topic = &self.topics[&message.dataset];
        // A sweep says what is, not what changed: its time is the record's, and it is not counted as a change.
        Ok(self
            .emitter
            .emit(topic, &message.key, payload, message.changed_at, sweep)?)
    }
}

fn is_closed(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<EmitError>(), Some(EmitError::Closed { .. }))
}

/// Epoch milliseconds.
pub fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// Says how many of a steady flow of events are due.
struct Ticker {
    per_second: f64,
    begun: Instant,
    done: u64,
}

impl Ticker {
    fn new(per_second: f64) -> Self {
        Self {
            per_second,
            begun: Instant::now(),
            done: 0,
        }
    }

    fn due(&mut self) -> u64 {
        let total = (self.begun.elapsed().as_secs_f64() * self.per_second) as u64;
        let due = total.saturating_sub(self.done).min(1_000);
        self.done = total;
        due
    }
}
