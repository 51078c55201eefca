//! One cycle: look, plan, fold, publish.

use super::ServiceSettings;
use super::ahead::{self, Decoded};
use super::failure::Failure;
use super::report::Report;
use crate::dead_letter::DeadLetters;
use crate::message::{Change, Codec};
use crate::source::{BoxError, LogPosition, Plan, Reading, Record, Source, plan};
use hollow::producer::{CycleError, CycleOutcome, IncrementalCycle, Producer};
use hollow::write::WriteError;
use std::time::{Instant, SystemTime};

/// How many messages of a cycle that mean nothing are logged one by one.
const MOST_LOGGED: u64 = 10;

/// A dataset's parts, and how far they are.
pub(super) struct Fold {
    pub(super) settings: ServiceSettings,
    pub(super) codec: Codec,
    pub(super) producer: Producer,
    pub(super) source: Box<dyn Source>,
    pub(super) dead_letters: Box<dyn DeadLetters>,
    /// How far the records in memory are. Ahead of `published` after messages that changed nothing.
    pub(super) position: Option<LogPosition>,
    /// How far the header tags of the announced state say it is.
    pub(super) published: Option<LogPosition>,
    pub(super) published_at: Instant,
}

impl Fold {
    /// Loads the announced state; folding goes on where it ends.
    pub(super) fn restore(&mut self) -> Result<(), Failure> {
        self.producer.restore()?;
        let state = self.producer.state();
        let position = match &state {
            Some(state) => LogPosition::from_tags(state.header_tags()).map_err(|error| Failure::halt(&error))?,
            None => None,
        };
        self.published_at = Instant::now();
        self.published = position.clone();
        self.position = position;
        Ok(())
    }

    /// One cycle. A failure leaves everything as it was before.
    pub(super) fn cycle(&mut self) -> Result<Report, Failure> {
        let begin = Instant::now();
        let mut report = Report::new(SystemTime::now());
        let view = self.source.look()?;
        let plan = plan(
            self.source.topic(),
            self.position.as_ref(),
            &view,
            self.settings.new_log,
        )
        .map_err(|halt| Failure::halt(&halt))?;
        report.started_anew.clone_from(&plan.started_anew);
        let reached = if plan.is_empty() && !self.is_due(&plan.start) {
            plan.start
        } else {
            self.fold(&plan, &mut report)?
        };
        report.behind = plan.cut.distance_from(&reached.offsets);
        self.position = Some(reached);
        report.version = self.producer.version();
        report.position.clone_from(&self.position);
        report.published_offsets = self.published.as_ref().map(|position| position.offsets.clone());
        report.took = begin.elapsed();
        Ok(report)
    }

    fn fold(&mut self, plan: &Plan, report: &mut Report) -> Result<LogPosition, Failure> {
        let mut reached = plan.start.clone();
        let mut tagged = false;
        let due = Due {
            settings: &self.settings,
            published: self.published.as_ref(),
            published_at: self.published_at,
        };
        let codec = &self.codec;
        let (source, dead_letters) = (&mut self.source, &mut self.dead_letters);
        let outcome = self.producer.run_incremental_cycle(|cycle| {
            let range = (&plan.start.offsets, &plan.cut);
            let read = ahead::read(
                source.as_mut(),
                codec,
                range,
                &due.settings.limits,
                &mut |record, decoded| {
                    let root = codec.root();
                    fold_record(
                        root,
                        cycle,
                        dead_letters.as_mut(),
                        &plan.start.topic,
                        record,
                        decoded,
                        report,
                    )
                },
            );
            let Reading { offsets, stalled, .. } = read?;
            // Before anything is published that covers them.
            dead_letters.settle()?;
            report.stalled = stalled;
            reached.offsets = offsets;
            // Without new tags a cycle that changed no record publishes nothing.
            if report.upserts + report.deletes > 0 || due.is_due(&reached) {
                tagged = true;
                for (tag, value) in reached.tags() {
                    cycle.tag(tag, &value);
                }
            }
            Ok(())
        })?;
        if tagged {
            self.published = Some(reached.clone());
            self.published_at = Instant::now();
        }
        if let CycleOutcome::Published { stats, .. } = outcome {
            report.published = Some(stats);
        }
        Ok(reached)
    }

    fn is_due(&self, reached: &LogPosition) -> bool {
        Due {
            settings: &self.settings,
            published: self.published.as_ref(),
            published_at: self.published_at,
        }
        .is_due(reached)
    }
}

/// Whether offsets are worth a version of their own.
struct Due<'a> {
    settings: &'a ServiceSettings,
    published: Option<&'a LogPosition>,
    published_at: Instant,
}

impl Due<'_> {
    /// A restart reads again what lies between the published offsets and those reached. That is harmless, but it must not
    /// become much; and an old position in a log that drops its beginning would one day be lost.
    fn is_due(&self, reached: &LogPosition) -> bool {
        let Some(published) = self.published else {
            return true; // consumers wait for a first version, even an empty one
        };
        let same_log = published.topic == reached.topic
            && published.log == reached.log
            && published.generation == reached.generation;
        if !same_log || published.offsets.len() != reached.offsets.len() {
            return true;
        }
        let moved = reached.offsets.distance_from(&published.offsets);
        moved >= self.settings.republish_after_messages
            || (moved > 0 && self.published_at.elapsed() >= self.settings.republish_after)
    }
}

fn fold_record(
    root: &str,
    cycle: &mut IncrementalCycle<'_>,
    dead_letters: &mut dyn DeadLetters,
    topic: &str,
    record: &Record<'_>,
    decoded: &Decoded,
    report: &mut Report,
) -> Result<(), BoxError> {
    report.count(record);
    let reason = match decoded {
        Ok(message) => {
            let changed = match &message.change {
                Change::Upsert(value) => cycle.upsert(root, value),
                Change::Delete => cycle.delete(root, &message.key),
            };
            match (changed, &message.change) {
                (Ok(true), Change::Upsert(_)) => report.upserts += 1,
                (Ok(true), Change::Delete) => report.deletes += 1,
                (Ok(false), _) => report.unchanged += 1,
                (Err(error), _) if is_about_the_record(&error) => {
                    return set_aside(dead_letters, topic, record, &error.to_string(), report);
                }
                (Err(error), _) => return Err(error.into()),
            }
            return Ok(());
        }
        Err(failure) => failure.to_string(),
    };
    set_aside(dead_letters, topic, record, &reason, report)
}

fn set_aside(
    dead_letters: &mut dyn DeadLetters,
    topic: &str,
    record: &Record<'_>,
    reason: &str,
    report: &mut Report,
) -> Result<(), BoxError> {
    // A faulty writer can send millions; all of them are in the dead letters.
    if report.dead_letters < MOST_LOGGED {
        tracing::warn!(
            topic,
            partition = record.partition,
            offset = record.offset,
            reason,
            "a message means nothing and is set aside"
        );
    }
    report.dead_letters += 1;
    Ok(dead_letters.put(topic, record, reason)?)
}

/// Whether an error is the fault of the one record: no other will meet it.
fn is_about_the_record(error: &CycleError) -> bool {
    matches!(
        error,
        CycleError::Key(_)
            | CycleError::Write(
                WriteError::Mismatch { .. }
                    | WriteError::TooDeep { .. }
                    | WriteError::DuplicateKey { .. }
                    | WriteError::NullHashKey { .. }
                    | WriteError::SizeLimit { .. }
            )
    )
}
