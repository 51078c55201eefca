//! One cycle: look, plan, fold, publish.

mod pending;
mod record;

use super::ServiceSettings;
use super::ahead::{self, Decoder, Folding};
use super::failure::Failure;
use super::report::Report;
use crate::Offsets;
use crate::control::{Accepting, read_to};
use crate::crash_points::{Point, reach};
use crate::dead_letter::{Caps, DeadLetters, WINDOW_TAG};
use crate::message::Codec;
use crate::source::{LogPosition, LogView, Plan, Reading, Source, plan};
use crate::sweep::Sweeps;
use hollow::producer::{CycleOutcome, Producer};
use pending::Pending;
pub(super) use record::read;
use record::{Pass, refill};
use std::time::{Instant, SystemTime};

/// A dataset's parts, and how far they are.
pub(super) struct Fold {
    pub(super) settings: ServiceSettings,
    pub(super) codec: Codec,
    pub(super) producer: Producer,
    pub(super) source: Box<dyn Source>,
    pub(super) dead_letters: Box<dyn DeadLetters>,
    /// Belongs to `position`, as `caps` does.
    pub(super) sweeps: Sweeps,
    pub(super) caps: Caps,
    /// How far the records in memory are. Ahead of `published` after messages that changed nothing.
    pub(super) position: Option<LogPosition>,
    /// How far the header tags of the announced state say it is.
    pub(super) published: Option<LogPosition>,
    pub(super) published_at: Instant,
    /// What a person has accepted, for the next cycle.
    pub(super) accepting: Option<Accepting>,
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
        let none = std::collections::BTreeMap::new();
        let tags = state.as_ref().map_or(&none, |state| state.header_tags());
        self.sweeps.restore(tags, &self.codec);
        self.caps.restore(tags);
        self.published_at = Instant::now();
        self.published = position.clone();
        self.position = position;
        reach(Point::Restored);
        Ok(())
    }

    /// One cycle. A failure leaves everything as it was before.
    pub(super) fn cycle(&mut self) -> Result<Report, Failure> {
        let begin = Instant::now();
        let mut report = Report::new(SystemTime::now());
        reach(Point::CycleBegun);
        let view = self.source.look()?;
        let plan = plan(
            self.source.topic(),
            self.position.as_ref(),
            &view,
            self.settings.policy(),
        )
        .map_err(|halt| Failure::halt(&halt))?;
        let ends = plan.cut.clone();
        let plan = match &self.accepting {
            Some(accepting) => accepting.narrow(plan).map_err(Failure::misfit)?,
            None => plan,
        };
        report.started_anew.clone_from(&plan.started_anew);
        reach(Point::Planned);
        self.prepare_sweeps(&plan, &view)?;
        let reached = if plan.is_empty() && self.accepting.is_none() && !self.is_due(&plan.start) {
            plan.start
        } else {
            self.fold(&plan, &mut report)?
        };
        report.behind = ends.distance_from(&reached.offsets);
        report.ends = Some(ends);
        self.position = Some(reached);
        report.version = self.producer.version();
        report.position.clone_from(&self.position);
        report.published_offsets = self.published.as_ref().map(|position| position.offsets.clone());
        report.took = begin.elapsed();
        reach(Point::CycleOver);
        Ok(report)
    }

    /// Offsets that wait to be folded, if the log can be asked.
    pub(super) fn behind(&mut self) -> Option<u64> {
        let ends = self.source.look().ok()?.partitions.into_iter();
        let ends: Offsets = ends.map(|(partition, range)| (partition, range.end)).collect();
        let folded = self.position.as_ref().map(|position| position.offsets.clone());
        Some(ends.distance_from(&folded.unwrap_or_default()))
    }

    /// Brings what sweeps remember to where this cycle begins.
    fn prepare_sweeps(&mut self, plan: &Plan, view: &LogView) -> Result<(), Failure> {
        let Some(position) = self.position.as_ref().filter(|_| plan.started_anew.is_none()) else {
            self.sweeps.start_anew();
            return Ok(());
        };
        for (partition, offset) in position.offsets.iter() {
            if plan.start.offsets.get(partition).is_some_and(|start| start > offset) {
                self.sweeps.skipped(partition);
            }
        }
        let firsts = view
            .partitions
            .iter()
            .map(|(&partition, range)| (partition, range.start));
        let Some(mut from) = self.sweeps.read_again(position, &firsts.collect()) else {
            return Ok(());
        };
        tracing::info!(topic = position.topic, from = %from, to = %position.offsets, "reading again what sweeps saw");
        let (codec, sweeps, most_bytes) = (&self.codec, &mut self.sweeps, self.caps.settings.most_message_bytes);
        loop {
            let read = self
                .source
                .read(&from, &position.offsets, &self.settings.limits, &mut |record| {
                    refill(codec, most_bytes, sweeps, record);
                    Ok(())
                });
            match read {
                Ok(reading) if reading.complete => break,
                Ok(reading) if reading.stalled.is_empty() => from = reading.offsets,
                Ok(reading) => {
                    sweeps.forget();
                    let text = format!(
                        "cannot read again what sweeps saw, stalled partitions={:?}",
                        reading.stalled
                    );
                    return Err(Failure::retry(text));
                }
                Err(error) => {
                    sweeps.forget();
                    return Err(error.into());
                }
            }
        }
        sweeps.remembered();
        Ok(())
    }

    fn fold(&mut self, plan: &Plan, report: &mut Report) -> Result<LogPosition, Failure> {
        self.sweeps.begin_cycle();
        self.caps.begin_cycle();
        let reached = self.fold_and_publish(plan, report);
        match &reached {
            Ok(_) => report.sweeps = self.sweeps.commit(),
            Err(_) => {
                self.sweeps.roll_back();
                self.caps.roll_back();
            }
        }
        reached
    }

    fn fold_and_publish(&mut self, plan: &Plan, report: &mut Report) -> Result<LogPosition, Failure> {
        let mut reached = plan.start.clone();
        let mut tagged = false;
        let due = Due {
            settings: &self.settings,
            published: self.published.as_ref(),
            published_at: self.published_at,
        };
        let (source, accepting) = (&mut self.source, self.accepting.as_ref());
        let (codec, most_bytes) = (&self.codec, self.caps.settings.most_message_bytes);
        let mut pass = Pass {
            codec: &self.codec,
            topic: &plan.start.topic,
            partitions: plan.start.offsets.len(),
            sweeps: &mut self.sweeps,
            caps: &mut self.caps,
            pending: Pending::default(),
            dead_letters: self.dead_letters.as_mut(),
            report,
        };
        let outcome = self.producer.run_incremental_cycle(|cycle| {
            let (from, limits) = (&plan.start.offsets, &due.settings.limits);
            let decoder = Decoder::new(codec, most_bytes).finding(cycle.finder(codec.root())?);
            let read = ahead::read(
                decoder,
                plan.cut.distance_from(&plan.start.offsets),
                |take| match accepting {
                    Some(_) => read_to(source.as_mut(), from, &plan.cut, limits.stall, take),
                    None => source.read(from, &plan.cut, limits, take),
                },
                &mut |folding| {
                    match folding {
                        Folding::Batch(records) => cycle.begin_prepared(codec.root(), records)?,
                        Folding::Message(record, meaning) => {
                            pass.fold(cycle, record, meaning)?;
                            reach(Point::MessageFolded);
                        }
                    }
                    Ok(())
                },
            );
            let Reading { offsets, stalled, .. } = read?;
            reach(Point::AllRead);
            // Before anything is published that covers them.
            pass.settle()?;
            reach(Point::LettersSettled);
            pass.report.stalled = stalled;
            reached.offsets = offsets;
            // Without new tags a cycle that changed no record publishes nothing.
            if pass.report.upserts + pass.report.deletes > 0 || due.is_due(&reached) || accepting.is_some() {
                tagged = true;
                Accepting::TAGS.iter().for_each(|tag| cycle.remove_tag(tag));
                for (tag, value) in accepting.iter().flat_map(|accepting| accepting.tags()) {
                    cycle.tag(tag, value);
                }
                for (tag, value) in reached.tags() {
                    cycle.tag(tag, &value);
                }
                let [active, last] = pass.sweeps.tags();
                for (tag, value) in [active, last, (WINDOW_TAG, pass.caps.tag())] {
                    match value {
                        Some(value) => cycle.tag(tag, &value),
                        None => cycle.remove_tag(tag),
                    }
                }
            }
            reach(Point::Filled);
            Ok(())
        })?;
        reach(Point::Published);
        if tagged {
            self.published = Some(reached.clone());
            self.published_at = Instant::now();
            // What a person allowed once is done.
            (self.settings.accept_gap, self.settings.accept_repartition) = (false, false);
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
        if !reached.is_of_log(published)
            || published.offsets.len() != reached.offsets.len()
            || published.gaps != reached.gaps
        {
            return true;
        }
        let moved = reached.offsets.distance_from(&published.offsets);
        moved >= self.settings.republish_after_messages
            || (moved > 0 && self.published_at.elapsed() >= self.settings.republish_after)
    }
}
