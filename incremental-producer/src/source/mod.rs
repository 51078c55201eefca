//! Where messages come from: a log of several partitions, read in cuts.
//!
//! A *cut* is an offset for each partition: the end the log had when a cycle began. Reading up to a cut, not "what is
//! there", makes a cycle repeatable: the same offsets give the same messages in the same order within each partition, and
//! order across partitions does not matter, since a record's messages share one.
//!
//! A [`Source`] only looks and reads. Whether what it sees may be read at all, and from where, is decided by [`plan()`].

pub mod kafka;
pub mod memory;
pub mod plan;
mod topic_id;

pub use plan::{Gap, Halt, LogPosition, NewLog, Plan, Policy, plan};

use crate::Offsets;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// Any error of the one who folds.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One message, as it lies in the log. Borrowed from the client: copy what is to stay.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its offset in the partition.
    pub offset: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its payload; none deletes.
    pub payload: Option<&'a [u8]>,
    /// Its headers.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// Header with the time of the change at its source, decimal epoch milliseconds.
pub const SOURCE_MS: &str = "source-ms";
/// Header with the id of the sweep that a message is part of; on its marks too.
pub const SWEEP: &str = "sweep";
/// Header of a sweep's marks: `begin` or `end`. See [`crate::sweep::SweepMark`].
pub const SWEEP_MARK: &str = "sweep-mark";
/// Header with the version of the record at its source: a decimal number that only grows for one key, such as a log
/// sequence number or the time of the last change.
pub const SOURCE_VERSION: &str = "source-version";

impl<'a> Record<'a> {
    /// The last header of this name.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        let found = self.headers.iter().rev().find(|(header, _)| *header == name);
        found.and_then(|(_, value)| *value)
    }

    /// When the source made the change, in epoch milliseconds, if the message says so.
    pub fn source_ms(&self) -> Option<i64> {
        std::str::from_utf8(self.header(SOURCE_MS)?).ok()?.parse().ok()
    }

    /// The version of the record at its source, if the message says so.
    pub fn source_version(&self) -> Option<i64> {
        std::str::from_utf8(self.header(SOURCE_VERSION)?).ok()?.parse().ok()
    }

    /// Whether the message says where a sweep begins or ends, and nothing of a record.
    pub fn is_sweep_mark(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == SWEEP_MARK)
    }

    /// Whether the message is part of a sweep.
    pub fn is_sweep(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == SWEEP)
    }

    /// Bytes of key and payload.
    pub fn bytes(&self) -> usize {
        self.key.map_or(0, <[u8]>::len) + self.payload.map_or(0, <[u8]>::len)
    }
}

/// What a log looks like now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogView {
    /// The identity of the log: a cluster's id, or what the configuration says instead.
    pub log: String,
    /// The id that the brokers gave the topic when it was created, if they give any.
    pub topic_id: Option<String>,
    /// For each partition the first offset that is still there, and the end: the next one to be written. Partitions are
    /// numbered from 0 without gaps.
    pub partitions: BTreeMap<i32, Range<i64>>,
}

/// How much one cycle may read.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimits {
    /// The most messages.
    pub messages: u64,
    /// The most bytes of keys and payloads. The message that goes past it is still read.
    pub bytes: u64,
    /// How long to wait for a message that is known to be there.
    pub stall: Duration,
}

impl Default for ReadLimits {
    /// A million messages, 512 MiB, ten seconds.
    fn default() -> Self {
        Self {
            messages: 1_000_000,
            bytes: 512 << 20,
            stall: Duration::from_secs(10),
        }
    }
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The next offset of each partition: everything before it, from where the reading began, was folded.
    pub offsets: Offsets,
    /// Messages handed over.
    pub messages: u64,
    /// Bytes of their keys and payloads.
    pub bytes: u64,
    /// Whether every partition reached the cut; otherwise a limit was reached, or partitions stalled.
    pub complete: bool,
    /// Partitions that did not deliver what the log said they have.
    pub stalled: Vec<i32>,
}

/// Why nothing more could be read. The log itself may be fine: trying again later is right, unless said otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The log cannot be reached or asked now.
    #[error("cannot {doing}, topic={topic} servers={servers}: {reason}")]
    Unavailable {
        /// What failed.
        doing: &'static str,
        /// The topic.
        topic: String,
        /// Where it was looked for.
        servers: String,
        /// What the client said.
        reason: String,
    },
    /// The log says there are messages, and delivers none.
    #[error("no message arrived for {seconds} s, topic={topic} partitions={partitions:?} last error={last}")]
    Stalled {
        /// The topic.
        topic: String,
        /// The partitions waited for.
        partitions: Vec<i32>,
        /// How long.
        seconds: u64,
        /// The last error of the client, if any.
        last: String,
    },
    /// Offsets are gone that were there when the cycle began; looking at the log again tells which.
    #[error("the log moved while it was read, topic={topic}: {reason}")]
    Moved {
        /// The topic.
        topic: String,
        /// What the client said.
        reason: String,
    },
    /// The configuration was refused by the client. Trying again does not help.
    #[error("the Kafka client refuses its settings, topic={topic}: {reason}")]
    Settings {
        /// The topic.
        topic: String,
        /// What the client said.
        reason: String,
    },
    /// The one who folds stopped the reading.
    #[error(transparent)]
    Fold(BoxError),
}

impl SourceError {
    /// The same with what the client complained of meanwhile.
    fn because(mut self, complaint: Option<String>) -> Self {
        if let (Self::Unavailable { reason, .. }, Some(complaint)) = (&mut self, complaint) {
            *reason = format!("{reason}; {complaint}");
        }
        self
    }
}

/// A log that can be looked at and read in cuts.
pub trait Source: Send {
    /// The topic's name.
    fn topic(&self) -> &str;

    /// What the log looks like now. Offsets at or beyond the ends seen here do not belong to the cycle that begins.
    ///
    /// # Errors
    /// [`SourceError`] if the log cannot be asked.
    fn look(&mut self) -> Result<LogView, SourceError>;

    /// Hands every message from `from` up to `cut` to `fold`, each partition in its order, as it arrives. Both lists name
    /// the same partitions.
    ///
    /// Returns early when a limit is reached, with the offsets reached. A later call may begin anywhere; it is cheap if it
    /// begins where the last one ended.
    ///
    /// # Errors
    /// [`SourceError`]. Nothing is known then about what was folded: the caller throws its work away, and begins again from
    /// `from`.
    fn read(
        &mut self,
        from: &Offsets,
        cut: &Offsets,
        limits: &ReadLimits,
        fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
    ) -> Result<Reading, SourceError>;
}
