//! `/status`: everything about every dataset, as JSON. No secrets and no records: settings are not repeated here, and
//! errors are what the log says too.

use super::escape::bounded;
use super::made_at::made_at;
use super::memory::{CycleNote, Memory};
use super::{BUILD, Health, Moment, Sight, epoch_ms};
use crate::service::Status;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct StatusPage {
    /// The form of this answer.
    pub schema: u32,
    /// The build that runs.
    pub build: &'static str,
    /// When the process began, in epoch milliseconds.
    pub started_at_ms: u64,
    /// How long ago that was.
    pub uptime_seconds: u64,
    /// As `/live` says.
    pub live: bool,
    /// As `/ready` says.
    pub ready: bool,
    /// The datasets, in the order of the configuration.
    pub datasets: Vec<DatasetStatus>,
}

/// One dataset.
#[derive(Clone, Debug, Serialize)]
pub struct DatasetStatus {
    /// Its name.
    pub dataset: String,
    /// What its service is doing.
    pub phase: &'static str,
    /// Why it is not live; null if it is.
    pub not_live_because: Option<&'static str>,
    /// Why it is not ready; null if it is.
    pub not_ready_because: Option<&'static str>,
    /// The announced version.
    pub version: Option<i64>,
    /// How long ago that version was made, by its number.
    pub version_age_seconds: Option<u64>,
    /// The epoch under which this producer announces; null before it has taken over.
    pub epoch: Option<u64>,
    /// Deltas that a consumer follows after the last snapshot.
    pub versions_since_snapshot: Option<u32>,
    /// Time from the beginning of a cycle to the beginning of the next.
    pub cadence_ms: u64,
    /// How long ago a cycle last went well.
    pub last_success_seconds_ago: Option<u64>,
    /// When this process last published, in epoch milliseconds.
    pub last_published_at_ms: Option<u64>,
    /// How long the cycle at work has been at it; null between cycles.
    pub busy_ms: Option<u64>,
    /// The log that is folded, as the state's header tags name it.
    pub log: Option<LogStatus>,
    /// Offsets between what is folded and the ends of the log when it was last looked at.
    pub lag: u64,
    /// Why nothing is folded for now, and what to do; null unless the phase is `held`.
    pub held_because: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// The last error; null after a cycle that went well.
    pub last_error: Option<String>,
    /// What this process has done.
    pub counts: Counts,
    /// The last cycles, oldest first: at most 20.
    pub last_cycles: Vec<CycleNote>,
}

/// How far a log is folded.
#[derive(Clone, Debug, Serialize)]
pub struct LogStatus {
    /// The topic.
    pub topic: String,
    /// The identity of the log.
    pub log: String,
    /// How often it started anew.
    pub generation: u64,
    /// Its partitions.
    pub partitions: Vec<PartitionStatus>,
}

/// How far a partition is folded.
#[derive(Clone, Debug, Serialize)]
pub struct PartitionStatus {
    /// Its number.
    pub partition: i32,
    /// The next offset to fold.
    pub offset: i64,
    /// The end when it was last looked at.
    pub end: Option<i64>,
    /// How many offsets lie between.
    pub lag: Option<i64>,
}

/// What a process has done for a dataset.
#[derive(Clone, Debug, Serialize)]
pub struct Counts {
    /// Cycles that went well.
    pub cycles: u64,
    /// Versions published.
    pub versions: u64,
    /// Messages folded.
    pub messages: u64,
    /// Messages set aside.
    pub dead_letters: u64,
}

impl StatusPage {
    pub(super) fn new(
        sights: &[Sight],
        datasets: &BTreeMap<String, Memory>,
        began: Moment,
        now: Moment,
        live: &Health,
        ready: &Health,
    ) -> Self {
        let about = |sight: &Sight| DatasetStatus {
            not_live_because: live.about(&sight.dataset),
            not_ready_because: ready.about(&sight.dataset),
            ..DatasetStatus::of(sight, datasets.get(&sight.dataset), now)
        };
        Self {
            schema: 1,
            build: BUILD,
            started_at_ms: epoch_ms(began.clock),
            uptime_seconds: now.instant.saturating_duration_since(began.instant).as_secs(),
            live: live.ok,
            ready: ready.ok,
            datasets: sights.iter().map(about).collect(),
        }
    }
}

impl DatasetStatus {
    fn of(sight: &Sight, memory: Option<&Memory>, now: Moment) -> Self {
        let status = &sight.status;
        let age = |at: SystemTime| now.clock.duration_since(at).unwrap_or_default().as_secs();
        let success = memory.and_then(|memory| memory.last_success);
        Self {
            dataset: sight.dataset.clone(),
            phase: status.phase.word(),
            not_live_because: None,
            not_ready_because: None,
            version: status.version.map(|version| version.0),
            version_age_seconds: status.version.and_then(made_at).map(age),
            epoch: (status.epoch > 0).then_some(status.epoch),
            versions_since_snapshot: (status.epoch > 0).then_some(status.versions_since_snapshot),
            cadence_ms: memory.map_or(0, |memory| {
                u64::try_from(memory.cadence.as_millis()).unwrap_or(u64::MAX)
            }),
            last_success_seconds_ago: success.map(|at| now.instant.saturating_duration_since(at).as_secs()),
            last_published_at_ms: status.last_published.map(epoch_ms),
            busy_ms: sight.busy_for.and_then(|busy| u64::try_from(busy.as_millis()).ok()),
            log: log(status),
            lag: status.behind,
            held_because: status.held.as_deref().map(bounded),
            failures: status.failures,
            last_error: status.last_error.as_deref().map(bounded),
            counts: Counts {
                cycles: status.cycles,
                versions: status.versions,
                messages: status.messages,
                dead_letters: status.dead_letters,
            },
            last_cycles: memory.map_or_else(Vec::new, |memory| memory.cycles.iter().cloned().collect()),
        }
    }
}

fn log(status: &Status) -> Option<LogStatus> {
    let position = status.position.as_ref()?;
    let partition = |(partition, offset): (i32, i64)| {
        let end = status.ends.as_ref().and_then(|ends| ends.get(partition));
        PartitionStatus {
            partition,
            offset,
            end,
            lag: end.map(|end| end.saturating_sub(offset).max(0)),
        }
    };
    Some(LogStatus {
        topic: position.topic.clone(),
        log: position.log.clone(),
        generation: position.generation,
        partitions: position.offsets.iter().map(partition).collect(),
    })
}
