//! What a service says about its work.

use crate::source::LogPosition;
use crate::sweep::SweepEvent;
use crate::{Offsets, source};
use hollow::Version;
use hollow::producer::CycleStats;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

/// What one cycle came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// When it began.
    pub at: SystemTime,
    /// The version in force after it.
    pub version: Option<Version>,
    /// What publishing took, if this cycle published.
    pub published: Option<CycleStats>,
    /// Messages read.
    pub messages: u64,
    /// Bytes of their keys and payloads.
    pub bytes: u64,
    /// Of the messages, those that belong to a sweep.
    pub sweep_messages: u64,
    /// Records that are new or changed.
    pub upserts: u64,
    /// Records taken out.
    pub deletes: u64,
    /// Messages that changed nothing: records as they were already, deletes of what is not there.
    pub unchanged: u64,
    /// Messages that mean nothing and were set aside.
    pub dead_letters: u64,
    /// Messages of a sweep that were older than what their key had seen, and changed nothing.
    pub stale: u64,
    /// Of the records taken out, those that a sweep did not show.
    pub swept: u64,
    /// Marks of sweeps.
    pub sweep_marks: u64,
    /// What happened to sweeps.
    pub sweeps: Vec<SweepEvent>,
    /// Source times, in epoch milliseconds, of the messages that are not part of a sweep: earliest and latest.
    pub source_ms: Option<RangeInclusive<i64>>,
    /// How far the log is folded.
    pub position: Option<LogPosition>,
    /// How far the log is folded in the announced state: where a restart begins.
    pub published_offsets: Option<Offsets>,
    /// Why a new generation began, if one did.
    pub started_anew: Option<String>,
    /// The ends of the log as the cycle began.
    pub ends: Option<Offsets>,
    /// Offsets between what is folded and the ends of the log as the cycle began.
    pub behind: u64,
    /// Partitions that did not deliver what the log says they have.
    pub stalled: Vec<i32>,
    /// How long it took from first to last step.
    pub took: Duration,
}

impl Report {
    pub(super) fn new(at: SystemTime) -> Self {
        Self {
            at,
            version: None,
            published: None,
            messages: 0,
            bytes: 0,
            sweep_messages: 0,
            upserts: 0,
            deletes: 0,
            unchanged: 0,
            dead_letters: 0,
            stale: 0,
            swept: 0,
            sweep_marks: 0,
            sweeps: Vec::new(),
            source_ms: None,
            position: None,
            published_offsets: None,
            started_anew: None,
            ends: None,
            behind: 0,
            stalled: Vec::new(),
            took: Duration::ZERO,
        }
    }

    pub(super) fn count(&mut self, record: &source::Record<'_>) {
        self.messages += 1;
        self.bytes += record.bytes() as u64;
        self.sweep_marks += u64::from(record.is_sweep_mark());
        if record.is_sweep() {
            self.sweep_messages += 1;
        } else if let Some(ms) = record.source_ms() {
            let range = self.source_ms.take().unwrap_or(ms..=ms);
            self.source_ms = Some(ms.min(*range.start())..=ms.max(*range.end()));
        }
    }
}

/// Something that happened to a dataset's service.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The announced state is loaded and folding goes on from it.
    Restored {
        /// Its version; none if nothing was announced yet.
        version: Option<Version>,
        /// How far it has folded the log; none if it says nothing of a log.
        position: Option<LogPosition>,
    },
    /// A cycle went well. (Boxed, for it is large.)
    Cycle(Box<Report>),
    /// Something failed, and is tried again.
    Retry {
        /// What failed.
        error: String,
        /// How often in a row.
        failures: u32,
        /// How long until the next try.
        pause: Duration,
    },
    /// Nothing is folded for now: a person wants it so, or has to decide. Told once for each reason.
    Held {
        /// Why, and what to do.
        reason: String,
    },
    /// A person accepted a candidate, and that is for nothing.
    AcceptanceIgnored {
        /// The candidate.
        candidate: String,
        /// Why.
        reason: String,
    },
    /// A person is needed. Nothing more happens to this dataset until the service is started again.
    Halted {
        /// Why.
        error: String,
    },
    /// It was told to stop, and has.
    Stopped,
}

/// What a service is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Loading the announced state.
    #[default]
    Starting,
    /// Folding.
    Folding,
    /// Waiting to try again what failed.
    Retrying,
    /// Waiting for a person, who can let it go on from outside: by a release or an acceptance.
    Held,
    /// Waiting for a person to put something right and start it again.
    Halted,
    /// Stopped.
    Stopped,
}

impl Phase {
    /// One word for it, as metrics and answers name it.
    pub fn word(self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Folding => "folding",
            Phase::Retrying => "retrying",
            Phase::Held => "held",
            Phase::Halted => "halted",
            Phase::Stopped => "stopped",
        }
    }
}

/// Where a service stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// What it is doing.
    pub phase: Phase,
    /// The announced version.
    pub version: Option<Version>,
    /// The epoch under which it announces; 0 before it has taken over.
    pub epoch: u64,
    /// Deltas that a consumer follows after the last snapshot.
    pub versions_since_snapshot: u32,
    /// How far the log is folded.
    pub position: Option<LogPosition>,
    /// The ends of the log, when it was last looked at.
    pub ends: Option<Offsets>,
    /// Offsets between that and the ends of the log, when it was last looked at.
    pub behind: u64,
    /// Why nothing is folded for now, if it is [held](Phase::Held).
    pub held: Option<String>,
    /// The last error; gone with the next cycle that goes well.
    pub last_error: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// When a cycle last went well, whether it published or not.
    pub last_cycle: Option<SystemTime>,
    /// When a version was last published by this process.
    pub last_published: Option<SystemTime>,
    /// Cycles that went well.
    pub cycles: u64,
    /// Versions published.
    pub versions: u64,
    /// Messages folded.
    pub messages: u64,
    /// Messages set aside.
    pub dead_letters: u64,
}

impl Status {
    /// How long ago a cycle last went well: how old what is announced can be at most, compared to the log.
    pub fn age(&self, now: SystemTime) -> Option<Duration> {
        self.last_cycle.map(|at| now.duration_since(at).unwrap_or_default())
    }
}
