//! What everybody in the demo writes down, for progress lines and the summary.

use crate::freshness::{Freshness, Offsets};
use fixtures::DatasetId;
use gatekeeper::runner::{CycleReport, Outcome};
use incremental_producer::emit::{Delivered, Pace};
use incremental_producer::service::{Event, Report};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared by all threads.
#[derive(Debug, Default)]
pub struct Board(Mutex<Notes>);

/// What was written down.
#[derive(Debug, Default)]
pub struct Notes {
    /// By dataset.
    pub datasets: BTreeMap<String, DatasetNotes>,
    /// By name of the gatekeeper's output dataset.
    pub gatekeepers: BTreeMap<String, GatekeeperNotes>,
    /// How long changes take.
    pub freshness: Freshness,
    /// Everything that went wrong, in words.
    pub errors: Vec<String>,
}

/// One input dataset.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub struct DatasetNotes {
    /// Messages read.
    pub messages: u64,
    /// Records added or changed.
    pub upserts: u64,
    /// Records taken out.
    pub deletes: u64,
    /// Messages that changed nothing.
    pub unchanged: u64,
    /// Messages set aside.
    pub dead_letters: u64,
    /// Cycles.
    pub cycles: u64,
    /// Versions published.
    pub states: u64,
    /// Records of all types in the announced state.
    pub records: u64,
    /// How often the log began anew.
    pub generation: u64,
    /// The version that was announced when the service began; `None` for a new chain.
    pub continued_from: Option<i64>,
    /// The announced version.
    pub version: Option<i64>,
    /// Next offset to write, by partition, as far as acknowledged.
    #[serde(skip)]
    pub delivered: Offsets,
    /// Next offset to fold, by partition.
    #[serde(skip)]
    pub folded: Offsets,
    /// The longest cycle, milliseconds.
    pub longest_cycle_ms: u64,
    /// Failures that passed by themselves: a broker that was away and came back.
    pub healed: u64,
    /// The failure that lasts, if one does.
    pub failing: Option<String>,
}

impl DatasetNotes {
    /// Whether all that was acknowledged is folded.
    pub fn is_caught_up(&self) -> bool {
        self.delivered
            .iter()
            .all(|(partition, next)| self.folded.get(partition).is_some_and(|folded| folded >= next))
    }
}

/// One gatekeeper.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub struct GatekeeperNotes {
    /// Cycles that evaluated.
    pub evaluations: u64,
    /// Versions published.
    pub states: u64,
    /// The announced version.
    pub version: Option<i64>,
    /// Times to evaluate, milliseconds.
    #[serde(skip)]
    pub evaluate_ms: Vec<u64>,
    /// Times to write, check and announce, milliseconds.
    #[serde(skip)]
    pub publish_ms: Vec<u64>,
}

impl Board {
    /// The notes, for as long as the guard lives.
    pub fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something went wrong.
    pub fn error(&self, what: impl Into<String>) {
        let what = what.into();
        eprintln!("error: {what}");
        self.notes().errors.push(what);
    }

    /// A message of a source is in the log.
    pub fn delivered(&self, dataset: &str, message: &Delivered) {
        let mut notes = self.notes();
        let next = notes.dataset(dataset).delivered.entry(message.partition).or_default();
        *next = (*next).max(message.offset + 1);
        if !message.sweep {
            notes
                .freshness
                .delivered(dataset, message.partition, message.offset, message.source_ms);
        }
    }

    /// Something happened to an incremental producer.
    pub fn produced(&self, dataset: &str, event: &Event, topic: &str, pace: &Arc<Pace>) {
        match event {
            Event::Restored { version, position } => {
                let mut notes = self.notes();
                let dataset = notes.dataset(dataset);
                dataset.continued_from = version.map(|version| version.0);
                dataset.version = dataset.continued_from;
                dataset.generation = position.as_ref().map_or(0, |position| position.generation);
            }
            Event::Cycle(report) => {
                if let Some(published) = &report.published_offsets {
                    pace.folded(topic, published);
                }
                self.notes().cycle(dataset, report);
            }
            Event::Retry { error, failures, .. } => {
                if *failures == 3 {
                    eprintln!("{dataset}: fails, and is tried again: {error}");
                }
                self.notes().dataset(dataset).failing = Some(error.clone());
            }
            Event::Halted { error } => self.error(format!("{dataset} is halted: {error}")),
            _ => {}
        }
    }

    /// A gatekeeper finished a cycle. `leads` for PROD, whose outputs count for freshness.
    pub fn evaluated(&self, output: &str, report: &CycleReport, leads: bool, now_ms: i64) {
        let mut notes = self.notes();
        if report.digest.is_none() {
            return;
        }
        let gatekeeper = notes.gatekeepers.entry(output.to_owned()).or_default();
        gatekeeper.evaluations += 1;
        gatekeeper.evaluate_ms.push(report.evaluate.as_millis() as u64);
        let Outcome::Published { version, .. } = &report.outcome else {
            return;
        };
        gatekeeper.states += 1;
        gatekeeper.version = Some(version.0);
        gatekeeper.publish_ms.push(report.publish.as_millis() as u64);
        if leads {
            let inputs = report
                .inputs
                .iter()
                .filter_map(|input| Some((input.name.clone(), input.version?)));
            let inputs: BTreeMap<String, i64> = inputs.collect();
            notes.freshness.evaluated(&inputs, now_ms);
        }
    }
}

impl Notes {
    fn dataset(&mut self, name: &str) -> &mut DatasetNotes {
        self.datasets.entry(name.to_owned()).or_default()
    }

    fn cycle(&mut self, name: &str, report: &Report) {
        let dataset = self.dataset(name);
        dataset.cycles += 1;
        dataset.healed += u64::from(dataset.failing.take().is_some());
        dataset.messages += report.messages;
        dataset.upserts += report.upserts;
        dataset.deletes += report.deletes;
        dataset.unchanged += report.unchanged;
        dataset.dead_letters += report.dead_letters;
        dataset.longest_cycle_ms = dataset.longest_cycle_ms.max(report.took.as_millis() as u64);
        if let Some(position) = &report.position {
            dataset.generation = position.generation;
            dataset.folded = position.offsets.iter().collect();
        }
        let Some(stats) = &report.published else { return };
        dataset.states += 1;
        dataset.records = stats.records;
        dataset.version = report.version.map(|version| version.0);
        if let (Some(version), Some(offsets)) = (report.version, &report.published_offsets) {
            self.freshness.published(name, version.0, offsets.iter().collect());
        }
    }

    /// Whether every dataset has folded all that was acknowledged.
    pub fn is_caught_up(&self) -> bool {
        self.datasets.values().all(DatasetNotes::is_caught_up)
    }

    /// Whether every dataset has come as far as its log, and nothing fails.
    pub fn is_settled(&self) -> bool {
        let works = |dataset: &DatasetNotes| dataset.cycles > 0 && dataset.failing.is_none();
        self.is_caught_up() && self.datasets.len() == DatasetId::ALL.len() && self.datasets.values().all(works)
    }
}
