//! What happens, as lines of the log on standard error.

use incremental_producer::observe::{Lines, LogFormat};
use incremental_producer::service::{Event, Report};
use incremental_producer::sweep::{SweepEvent, SweepOutcome};
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Begins the log. `RUST_LOG` says how much of it.
pub(super) fn begin(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(Lines::new(format, is_colourful()))
        .with_writer(std::io::stderr)
        // It would be told on standard error, and not being able to is a panic: a full disk under the log would end datasets.
        .log_internal_errors(false);
    tracing_subscriber::registry().with(filter).with(lines).init();
    std::panic::set_hook(Box::new(log_panic));
}

/// A terminal that has not said that it wants no colour.
fn is_colourful() -> bool {
    let said = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    std::io::stderr().is_terminal() && said("NO_COLOR").is_none() && said("TERM").is_none_or(|term| term != "dumb")
}

/// A mistake of this program, on one line like everything else.
fn log_panic(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or_default().to_owned();
    tracing::error!(at, thread, error = text.unwrap_or("of no known kind"), "PANIC");
}

pub(super) fn log_event(dataset: &str, event: &Event) {
    match event {
        Event::Restored { version, position } => {
            let version = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            let offsets = position
                .as_ref()
                .map(|position| position.offsets.to_string())
                .unwrap_or_default();
            tracing::info!(dataset, version, offsets, "restored");
        }
        Event::Cycle(report) => log_report(dataset, report),
        Event::Retry { error, failures, pause } => {
            tracing::warn!(
                dataset,
                error,
                failures,
                pause_ms = pause.as_millis() as u64,
                "failed; trying again"
            );
        }
        Event::Held { reason } => tracing::warn!(dataset, reason, "HELD; a person has to decide"),
        Event::AcceptanceIgnored { candidate, reason } => {
            tracing::warn!(
                dataset,
                candidate,
                reason,
                "the acceptance of a candidate is for nothing"
            );
        }
        Event::Halted { error } => tracing::error!(dataset, error, "HALTED; a person is needed"),
        Event::Stopped => tracing::info!(dataset, "stopped"),
        _ => {}
    }
}

fn log_report(dataset: &str, report: &Report) {
    if let Some(evidence) = &report.started_anew {
        tracing::warn!(dataset, evidence, "the log started anew; a new generation begins");
    }
    if !report.stalled.is_empty() {
        tracing::warn!(dataset, partitions = ?report.stalled, "partitions do not deliver what they have");
    }
    if report.dead_letters > 0 {
        tracing::warn!(
            dataset,
            dead_letters = report.dead_letters,
            "messages that mean nothing were set aside"
        );
    }
    for event in &report.sweeps {
        log_sweep(dataset, event);
    }
    let Some(stats) = &report.published else {
        tracing::debug!(dataset, messages = report.messages, "nothing changed");
        return;
    };
    tracing::info!(
        dataset,
        version = report.version.map_or(0, |version| version.0),
        messages = report.messages,
        upserts = report.upserts,
        deletes = report.deletes,
        unchanged = report.unchanged,
        stale = report.stale,
        behind = report.behind,
        records = stats.records,
        delta_bytes = stats.delta_bytes,
        snapshot_bytes = stats.snapshot_bytes,
        took_ms = report.took.as_millis() as u64,
        "published"
    );
    for warning in &stats.warnings {
        tracing::warn!(dataset, warning, "after publishing");
    }
}

fn log_sweep(dataset: &str, event: &SweepEvent) {
    match event {
        SweepEvent::Begun { id } => tracing::info!(dataset, sweep = id, "a sweep begins"),
        SweepEvent::Over(last) => {
            let (sweep, removed, seen, unseen) = (&last.id, last.removed, last.seen, last.unseen);
            match last.outcome {
                SweepOutcome::Complete => {
                    tracing::info!(dataset, sweep, removed, seen, "a sweep is complete");
                }
                outcome => {
                    let reason = last.reason.as_deref().unwrap_or_default();
                    tracing::warn!(
                        dataset,
                        sweep,
                        ?outcome,
                        seen,
                        unseen,
                        reason,
                        "a sweep removes nothing"
                    );
                }
            }
        }
        SweepEvent::Ignored {
            id,
            partition,
            offset,
            reason,
        } => {
            tracing::warn!(
                dataset,
                sweep = id,
                partition,
                offset,
                reason,
                "the mark of a sweep is not heeded"
            );
        }
        _ => {}
    }
}
