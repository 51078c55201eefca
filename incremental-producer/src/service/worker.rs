//! The thread of a service: when to fold, and what to do when it fails.

use super::fold::Fold;
use super::handle::Shared;
use super::{Event, Listener, Phase, Report};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// What the thread runs.
pub(super) struct Worker {
    pub(super) fold: Fold,
    pub(super) listener: Listener,
    pub(super) shared: Arc<Shared>,
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
            let result = if restored {
                self.fold.cycle().map(Some)
            } else {
                self.fold.restore().map(|()| None)
            };
            match result {
                Ok(None) => {
                    restored = true;
                    self.restored();
                    next = Instant::now();
                }
                Ok(Some(report)) => {
                    (failures, ours) = (0, 0);
                    // Ticks that passed are skipped, unless there is more than one cycle may read.
                    let now = Instant::now();
                    let more = report.behind > 0 && report.messages > 0 && report.stalled.is_empty();
                    next = if more { now } else { next_tick(tick, cadence, now) };
                    self.cycled(report);
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
                    let pause = self.pause(failures);
                    next = Instant::now() + pause;
                    self.failed(failure.text, failures, pause);
                }
            }
        }
        self.shared.status().phase = Phase::Stopped;
        self.tell(&Event::Stopped);
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

    fn failed(&self, error: String, failures: u32, pause: Duration) {
        let mut status = self.shared.status();
        status.phase = Phase::Retrying;
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
