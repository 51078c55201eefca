//! The thread of a service: when to fold, and what to do when it fails.

use super::failure::Failure;
use super::fold::Fold;
use super::handle::Shared;
use super::{Event, Listener, Phase, Report};
use crate::control::{Acceptance, Accepting, Control, Gate};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// What the thread runs.
pub(super) struct Worker {
    pub(super) fold: Fold,
    pub(super) control: Control,
    pub(super) listener: Listener,
    pub(super) shared: Arc<Shared>,
}

/// What one step came to.
enum Did {
    /// The announced state is loaded.
    Restored,
    /// A cycle went well.
    Cycle(Box<Report>),
    /// There is to be no cycle now.
    Held {
        reason: String,
        /// Offsets that wait, if the log could be asked.
        behind: Option<u64>,
    },
    /// What was accepted did not come out.
    Ignored { candidate: String, reason: String },
}

impl Worker {
    fn tell(&self, event: &Event) {
        (self.listener)(&self.fold.settings.name, event);
    }

    pub(super) fn run(mut self) {
        let _guard = PanicGuard(self.shared.clone());
        let cadence = self.fold.settings.cadence;
        let mut restored = false;
        let (mut failures, mut ours) = (0, 0);
        let mut next = Instant::now();
        while self.shared.wait_until(next) {
            // A cycle that was asked for earlier begins a new rhythm.
            let tick = next.min(Instant::now());
            match self.step(restored) {
                Ok(Did::Restored) => {
                    restored = true;
                    self.restored();
                    next = Instant::now();
                }
                Ok(Did::Cycle(report)) => {
                    (failures, ours) = (0, 0);
                    // Ticks that passed are skipped, unless there is more than one cycle may read.
                    let now = Instant::now();
                    let more = report.behind > 0 && report.messages > 0 && report.stalled.is_empty();
                    next = if more { now } else { next_tick(tick, cadence, now) };
                    if report.published.is_some() {
                        self.control.published();
                    }
                    self.cycled(*report);
                }
                Ok(Did::Held { reason, behind }) => {
                    (failures, ours) = (0, 0);
                    next = next_tick(tick, cadence, Instant::now());
                    self.held(reason, behind);
                }
                Ok(Did::Ignored { candidate, reason }) => {
                    self.control.done_with_acceptance();
                    self.tell(&Event::AcceptanceIgnored { candidate, reason });
                    next = Instant::now();
                }
                // What failed then is the reading that was cut short; nothing of it was announced.
                Err(_) if self.shared.is_stopping() => break,
                Err(failure) => {
                    failures += 1;
                    ours = if failure.is_ours { ours + 1 } else { 0 };
                    restored &= !failure.needs_restore;
                    if failure.is_final || ours > 1 {
                        return self.halted(failure.text);
                    }
                    let mut pause = self.pause(failures);
                    if failure.is_refusal {
                        // Once more with what is newer by then; or at once to where a person has to decide.
                        self.control.refused(failure.text.clone());
                        let now = Instant::now();
                        let tick = next_tick(tick, cadence, now).saturating_duration_since(now);
                        pause = if self.control.is_too_much() {
                            Duration::ZERO
                        } else {
                            tick
                        };
                    }
                    next = Instant::now() + pause;
                    self.failed(failure.text, failures, pause);
                }
            }
        }
        self.shared.status().phase = Phase::Stopped;
        self.tell(&Event::Stopped);
    }

    fn step(&mut self, restored: bool) -> Result<Did, Failure> {
        if !restored {
            self.fold.restore()?;
            self.control.restore()?;
            return Ok(Did::Restored);
        }
        let announced = self.fold.producer.announced();
        let (gate, ignored) = self.control.look(announced, SystemTime::now())?;
        if let Some((candidate, reason)) = ignored {
            self.tell(&Event::AcceptanceIgnored { candidate, reason });
        }
        match gate {
            Gate::Open => Ok(Did::Cycle(Box::new(self.fold.cycle()?))),
            Gate::Held(reason) => {
                let behind = self.fold.behind();
                Ok(Did::Held { reason, behind })
            }
            Gate::Accepted(acceptance) => self.accepted(*acceptance),
        }
    }

    /// A cycle that a person has accepted.
    fn accepted(&mut self, acceptance: Acceptance) -> Result<Did, Failure> {
        let candidate = acceptance.candidate.clone();
        let Some(accepting) = Accepting::new(&acceptance) else {
            let reason = "it does not say how far the log was folded".to_owned();
            return Ok(Did::Ignored { candidate, reason });
        };
        self.fold.accepting = Some(accepting);
        self.fold.producer.accept_next(hollow::producer::Acceptance {
            candidate: candidate.clone(),
            digest: acceptance.digest,
            validators: acceptance.overrules,
            by: acceptance.by,
        });
        let result = self.fold.cycle();
        self.fold.accepting = None;
        match result {
            Ok(report) => Ok(Did::Cycle(Box::new(report))),
            Err(failure) if failure.is_refusal || failure.is_misfit => Ok(Did::Ignored {
                candidate,
                reason: failure.text,
            }),
            Err(failure) => Err(failure),
        }
    }

    fn pause(&self, failures: u32) -> Duration {
        let settings = &self.fold.settings;
        let doubled = settings
            .first_pause
            .saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        doubled.min(settings.longest_pause)
    }

    fn restored(&self) {
        let version = self.fold.producer.version();
        let position = self.fold.position.clone();
        let mut status = self.shared.status();
        status.phase = Phase::Folding;
        status.version = version;
        status.epoch = self.fold.producer.epoch();
        status.versions_since_snapshot = self.fold.producer.versions_since_snapshot();
        status.position.clone_from(&position);
        drop(status);
        self.tell(&Event::Restored { version, position });
    }

    fn cycled(&self, report: Report) {
        let mut status = self.shared.status();
        status.phase = Phase::Folding;
        status.version = report.version;
        status.versions_since_snapshot = self.fold.producer.versions_since_snapshot();
        status.position.clone_from(&report.position);
        status.ends.clone_from(&report.ends);
        status.behind = report.behind;
        status.last_error = (!report.stalled.is_empty()).then(|| {
            format!(
                "partitions did not deliver what the log says they have, partitions={:?}",
                report.stalled
            )
        });
        status.failures = 0;
        status.held = None;
        status.last_cycle = Some(SystemTime::now());
        status.cycles += 1;
        status.messages += report.messages;
        status.dead_letters += report.dead_letters;
        if report.published.is_some() {
            status.versions += 1;
            status.last_published = status.last_cycle;
        }
        drop(status);
        self.tell(&Event::Cycle(Box::new(report)));
    }

    fn held(&self, reason: String, behind: Option<u64>) {
        let mut status = self.shared.status();
        let is_new = status.phase != Phase::Held || status.held.as_ref() != Some(&reason);
        status.phase = Phase::Held;
        status.behind = behind.unwrap_or(status.behind);
        status.held = Some(reason.clone());
        status.failures = 0;
        drop(status);
        if is_new {
            self.tell(&Event::Held { reason });
        }
    }

    fn failed(&self, error: String, failures: u32, pause: Duration) {
        let mut status = self.shared.status();
        status.phase = Phase::Retrying;
        status.held = None;
        status.last_error = Some(error.clone());
        status.failures = failures;
        drop(status);
        self.tell(&Event::Retry { error, failures, pause });
    }

    fn halted(&self, error: String) {
        let mut status = self.shared.status();
        status.phase = Phase::Halted;
        status.last_error = Some(error.clone());
        drop(status);
        self.tell(&Event::Halted { error });
    }
}

/// The first tick after `now` in the rhythm that `last` began.
pub(super) fn next_tick(last: Instant, cadence: Duration, now: Instant) -> Instant {
    let next = last + cadence;
    if next > now || cadence.is_zero() {
        return next;
    }
    let late = now.duration_since(next).as_nanos() % cadence.as_nanos();
    now + (cadence - Duration::from_nanos(u64::try_from(late).unwrap_or_default()))
}

/// Puts a panic of the thread where people look.
struct PanicGuard(Arc<Shared>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut status = self.0.status();
            status.phase = Phase::Halted;
            status.last_error = Some("the service panicked; see the log".to_owned());
        }
    }
}
