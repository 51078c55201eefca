//! What is remembered of one dataset.

use super::escape::bounded;
use super::{Moment, epoch_ms};
use crate::service::{Event, Report};
use serde::Serialize;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many cycles are remembered.
const CYCLES: usize = 20;

#[derive(Debug)]
pub(super) struct Memory {
    pub(super) cadence: Duration,
    /// Whether the announced state was ever loaded.
    pub(super) restored: bool,
    pub(super) last_success: Option<Instant>,
    /// The last cycles, oldest first.
    pub(super) cycles: VecDeque<CycleNote>,
}

/// One cycle, as far as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CycleNote {
    /// When it began, or when it failed, in epoch milliseconds.
    pub at_ms: u64,
    /// `published`, `unchanged`, `failed` or `halted`.
    pub result: &'static str,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// The version it published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Messages read.
    pub messages: u64,
    /// Records new or changed.
    pub upserts: u64,
    /// Records taken out.
    pub deletes: u64,
    /// Messages that changed nothing.
    pub unchanged: u64,
    /// Messages set aside.
    pub dead_letters: u64,
    /// Offsets left to read.
    pub behind: u64,
    /// What failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Memory {
    pub(super) fn new(cadence: Duration) -> Self {
        Self {
            cadence,
            restored: false,
            last_success: None,
            cycles: VecDeque::with_capacity(CYCLES),
        }
    }

    pub(super) fn note(&mut self, event: &Event, now: Moment) {
        match event {
            Event::Restored { .. } => self.restored = true,
            Event::Cycle(report) => {
                self.last_success = Some(now.instant);
                self.push(CycleNote::of(report));
            }
            Event::Retry { error, .. } => self.push(CycleNote::failed("failed", error, now)),
            Event::Halted { error } => self.push(CycleNote::failed("halted", error, now)),
            _ => {}
        }
    }

    fn push(&mut self, note: CycleNote) {
        if self.cycles.len() == CYCLES {
            self.cycles.pop_front();
        }
        self.cycles.push_back(note);
    }
}

impl CycleNote {
    fn of(report: &Report) -> Self {
        let published = report.published.is_some();
        Self {
            at_ms: epoch_ms(report.at),
            result: if published { "published" } else { "unchanged" },
            took_ms: u64::try_from(report.took.as_millis()).ok(),
            version: report.version.filter(|_| published).map(|version| version.0),
            messages: report.messages,
            upserts: report.upserts,
            deletes: report.deletes,
            unchanged: report.unchanged,
            dead_letters: report.dead_letters,
            behind: report.behind,
            error: None,
        }
    }

    fn failed(result: &'static str, error: &str, now: Moment) -> Self {
        Self {
            at_ms: epoch_ms(now.clock),
            result,
            took_ms: None,
            version: None,
            messages: 0,
            upserts: 0,
            deletes: 0,
            unchanged: 0,
            dead_letters: 0,
            behind: 0,
            error: Some(bounded(error)),
        }
    }
}
