//! Metrics, for Prometheus.
//!
//! Labels are bounded: datasets of the configuration, partitions of their topics, and words of this program. Nothing that
//! comes from a message, a broker or a store becomes a label. Counters begin at zero with the process; they count what
//! this process did. Gauges are set when they are asked for.

use super::made_at::made_at;
use super::memory::Memory;
use super::process::Resources;
use super::{BUILD, Moment, Sight};
use crate::figures::{Families, Figures};
use crate::service::{Event, Report};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};
use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Phases that are shown even when a dataset is not in them.
const PHASES: [&str; 6] = ["starting", "folding", "retrying", "held", "halted", "stopped"];
const RESULTS: [&str; 4] = ["published", "unchanged", "failed", "halted"];
const OUTCOMES: [&str; 5] = ["upserted", "deleted", "unchanged", "stale", "dead_letter"];
const STAGES: [&str; 5] = ["populate", "encode", "check", "validate", "publish"];
const KINDS: [&str; 3] = ["snapshot", "delta", "reverse_delta"];

type One = [(&'static str, String); 1];
type Two = [(&'static str, String); 2];
type Count<L> = Family<L, Counter>;
type Seconds<L> = Family<L, Counter<f64, AtomicU64>>;
type Level<L> = Family<L, Gauge<f64, AtomicU64>>;
type Whole<L> = Family<L, Gauge>;
type Times<L> = Family<L, Histogram, fn() -> Histogram>;

fn one(dataset: &str) -> One {
    [("dataset", dataset.to_owned())]
}

fn two(dataset: &str, label: &'static str, value: impl ToString) -> Two {
    [("dataset", dataset.to_owned()), (label, value.to_string())]
}

/// Shows a metric from now on, whatever its value.
fn show<L, M, C>(family: &Family<L, M, C>, labels: &L)
where
    L: Clone + Hash + Eq,
    C: MetricConstructor<M>,
{
    drop(family.get_or_create(labels));
}

/// The same for each value of a label.
fn show_each<M, C>(family: &Family<Two, M, C>, dataset: &str, label: &'static str, values: &[&str])
where
    C: MetricConstructor<M>,
{
    values
        .iter()
        .for_each(|value| show(family, &two(dataset, label, value)));
}

pub(super) struct Metrics {
    registry: Registry,
    // Told by the parts themselves.
    families: Families,
    // Told by events.
    cycles: Count<Two>,
    cycle_time: Times<One>,
    stage_time: Seconds<Two>,
    messages: Count<One>,
    message_bytes: Count<One>,
    sweep_messages: Count<One>,
    swept: Count<One>,
    records: Count<Two>,
    dead_letters: Count<One>,
    restores: Count<One>,
    generations: Count<One>,
    warnings: Count<One>,
    blob_bytes: Count<Two>,
    blobs: Count<Two>,
    source_delay: Times<One>,
    records_held: Whole<One>,
    // Looked up.
    phase: Whole<Two>,
    ready: Whole<One>,
    version: Whole<One>,
    epoch: Whole<One>,
    failures: Whole<One>,
    deltas: Whole<One>,
    offset: Whole<Two>,
    lag: Whole<Two>,
    head_age: Level<One>,
    success_age: Level<One>,
    cadence: Level<One>,
    uptime: Gauge<f64, AtomicU64>,
    resident: Gauge,
    descriptors: Gauge,
    cpu: Counter<f64, AtomicU64>,
}

/// Registers metrics under the program's name.
struct Registrar(Registry);

impl Registrar {
    fn plain<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        self.put(name, help, None, M::default())
    }

    fn seconds<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        self.put(name, help, Some(Unit::Seconds), M::default())
    }

    fn bytes<M: Metric + Clone + Default>(&mut self, name: &str, help: &str) -> M {
        self.put(name, help, Some(Unit::Bytes), M::default())
    }

    fn times(&mut self, name: &str, help: &str, histogram: fn() -> Histogram) -> Times<One> {
        let family = Family::new_with_constructor(histogram);
        self.put(name, help, Some(Unit::Seconds), family)
    }

    fn put<M: Metric + Clone>(&mut self, name: &str, help: &str, unit: Option<Unit>, metric: M) -> M {
        match unit {
            Some(unit) => self.0.register_with_unit(name, help, unit, metric.clone()),
            None => self.0.register(name, help, metric.clone()),
        }
        metric
    }
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut r = Registrar(Registry::with_prefix("incremental_producer"));
        let families = Families::default();
        families.register(&mut r.0);
        let build: Whole<One> = r.plain("build_info", "The build that runs; always 1");
        build.get_or_create(&[("build", BUILD.to_owned())]).set(1);
        Self {
            cycles: r.plain("cycles", "Cycles by what they came to"),
            cycle_time: r.times("cycle", "Time of the cycles that went well", cycle_buckets),
            stage_time: r.seconds("cycle_stage", "Time of the stages of cycles that published"),
            messages: r.plain("messages", "Messages folded"),
            message_bytes: r.bytes("message", "Keys and payloads of the messages folded"),
            sweep_messages: r.plain("sweep_messages", "Messages folded that belong to a sweep"),
            swept: r.plain("swept_records", "Records taken out because a sweep did not show them"),
            records: r.plain("records_folded", "Messages by what they did to their record"),
            dead_letters: r.plain("dead_letters", "Messages that mean nothing and were set aside"),
            restores: r.plain("restores", "Times the announced state was loaded"),
            generations: r.plain("log_generations", "Times the log started anew"),
            warnings: r.plain("warnings", "Things that went wrong after a version was announced"),
            blob_bytes: r.bytes("blob", "Blobs published, by kind"),
            blobs: r.plain("blobs", "Number of blobs published, by kind"),
            source_delay: r.times(
                "source_delay",
                "From the oldest change of a cycle at its source to its announcement",
                delay_buckets,
            ),
            records_held: r.plain("records", "Records in the announced state"),
            phase: r.plain("phase", "1 for what the dataset is doing, 0 for what it is not"),
            ready: r.plain("ready", "Whether the dataset is restored and folded"),
            version: r.plain(
                "version",
                "The announced version; rounded where numbers are binary fractions",
            ),
            epoch: r.plain("epoch", "The epoch under which this producer announces"),
            failures: r.plain("failures_in_a_row", "Cycles that failed since one went well"),
            deltas: r.plain(
                "versions_since_snapshot",
                "Deltas that a consumer follows after the last snapshot",
            ),
            offset: r.plain("folded_offset", "The next offset to fold"),
            lag: r.plain(
                "lag_messages",
                "Offsets between that and the end of the log when it was last looked at",
            ),
            head_age: r.seconds("head_age", "Since the announced version was made"),
            success_age: r.seconds("success_age", "Since a cycle last went well, or since the start"),
            cadence: r.seconds(
                "cadence",
                "From the beginning of a cycle to the beginning of the next, as configured",
            ),
            uptime: r.seconds("uptime", "Since the process began"),
            resident: r.bytes("resident_memory", "Memory of the process"),
            descriptors: r.plain("open_files", "Open file descriptors of the process"),
            cpu: r.seconds("cpu", "Processor time of the process"),
            registry: r.0,
            families,
        }
    }

    pub(super) fn figures(&self, dataset: &str) -> Figures {
        self.families.of(dataset)
    }

    /// Everything that can happen begins at zero: a counter that appears with its first event shows no increase.
    pub(super) fn begin(&self, dataset: &str, cadence: Duration) {
        let plain = one(dataset);
        show_each(&self.cycles, dataset, "result", &RESULTS);
        show_each(&self.records, dataset, "outcome", &OUTCOMES);
        show_each(&self.stage_time, dataset, "stage", &STAGES);
        show_each(&self.blob_bytes, dataset, "kind", &KINDS);
        show_each(&self.blobs, dataset, "kind", &KINDS);
        for counter in [
            &self.messages,
            &self.message_bytes,
            &self.sweep_messages,
            &self.swept,
            &self.dead_letters,
            &self.restores,
            &self.generations,
            &self.warnings,
        ] {
            show(counter, &plain);
        }
        show(&self.cycle_time, &plain);
        show(&self.source_delay, &plain);
        self.cadence.get_or_create(&plain).set(cadence.as_secs_f64());
    }

    pub(super) fn note(&self, dataset: &str, event: &Event, now: Moment) {
        let cycle = |result| self.cycles.get_or_create(&two(dataset, "result", result)).inc();
        match event {
            Event::Restored { .. } => {
                self.restores.get_or_create(&one(dataset)).inc();
            }
            Event::Cycle(report) => {
                cycle(if report.published.is_some() {
                    "published"
                } else {
                    "unchanged"
                });
                self.note_cycle(dataset, report, now);
            }
            Event::Retry { .. } => {
                cycle("failed");
            }
            Event::Halted { .. } => {
                cycle("halted");
            }
            _ => {}
        }
    }

    fn note_cycle(&self, dataset: &str, report: &Report, now: Moment) {
        let plain = one(dataset);
        self.cycle_time.get_or_create(&plain).observe(report.took.as_secs_f64());
        self.messages.get_or_create(&plain).inc_by(report.messages);
        self.message_bytes.get_or_create(&plain).inc_by(report.bytes);
        self.sweep_messages.get_or_create(&plain).inc_by(report.sweep_messages);
        self.dead_letters.get_or_create(&plain).inc_by(report.dead_letters);
        // Of those taken out, what a sweep did not show was no message's doing.
        let deleted = report.deletes.saturating_sub(report.swept);
        let folded = [
            report.upserts,
            deleted,
            report.unchanged,
            report.stale,
            report.dead_letters,
        ];
        self.swept.get_or_create(&plain).inc_by(report.swept);
        for (outcome, number) in OUTCOMES.into_iter().zip(folded) {
            self.records
                .get_or_create(&two(dataset, "outcome", outcome))
                .inc_by(number);
        }
        if report.started_anew.is_some() {
            self.generations.get_or_create(&plain).inc();
        }
        let Some(stats) = &report.published else { return };
        let stages = [stats.populate, stats.encode, stats.check, stats.validate, stats.publish];
        for (stage, time) in STAGES.into_iter().zip(stages) {
            let counter = self.stage_time.get_or_create(&two(dataset, "stage", stage));
            counter.inc_by(time.as_secs_f64());
        }
        let snapshot = [stats.snapshot_bytes, stats.late_snapshot_bytes];
        for (kind, bytes) in [
            (KINDS[0], snapshot[0]),
            (KINDS[0], snapshot[1]),
            (KINDS[1], stats.delta_bytes),
            (KINDS[2], stats.reverse_delta_bytes),
        ] {
            if let Some(bytes) = bytes {
                let labels = two(dataset, "kind", kind);
                self.blob_bytes.get_or_create(&labels).inc_by(bytes);
                self.blobs.get_or_create(&labels).inc();
            }
        }
        self.records_held.get_or_create(&plain).set(number(stats.records));
        self.warnings.get_or_create(&plain).inc_by(stats.warnings.len() as u64);
        // Of the changes, only those that came as they happened: a sweep repeats old ones.
        if let Some(range) = &report.source_ms
            && let Ok(oldest) = u64::try_from(*range.start())
        {
            let delay = super::epoch_ms(now.clock).saturating_sub(oldest);
            let delay = Duration::from_millis(delay).as_secs_f64();
            self.source_delay.get_or_create(&plain).observe(delay);
        }
    }

    pub(super) fn text(
        &self,
        sights: &[Sight],
        datasets: &BTreeMap<String, Memory>,
        ready: &dyn Fn(&Sight) -> bool,
        began: Moment,
        now: Moment,
    ) -> String {
        for sight in sights {
            let memory = datasets.get(&sight.dataset);
            self.look(sight, memory, began, now);
            let ready = i64::from(ready(sight));
            self.ready.get_or_create(&one(&sight.dataset)).set(ready);
        }
        self.uptime
            .set(now.instant.saturating_duration_since(began.instant).as_secs_f64());
        if let Some(used) = Resources::now() {
            self.resident.set(number(used.resident_bytes));
            self.descriptors.set(number(used.open_files));
            self.cpu.inc_by((used.cpu_seconds - self.cpu.get()).max(0.0));
        }
        let mut text = String::with_capacity(16 << 10);
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn look(&self, sight: &Sight, memory: Option<&Memory>, began: Moment, now: Moment) {
        let (dataset, status) = (sight.dataset.as_str(), &sight.status);
        let plain = one(dataset);
        let phase = status.phase.word();
        for known in PHASES {
            let gauge = self.phase.get_or_create(&two(dataset, "phase", known));
            gauge.set(i64::from(known == phase));
        }
        if let Some(version) = status.version {
            self.version.get_or_create(&plain).set(version.0);
            if let Some(made) = made_at(version) {
                let age = now.clock.duration_since(made).unwrap_or_default();
                self.head_age.get_or_create(&plain).set(age.as_secs_f64());
            }
        }
        let since = memory.and_then(|memory| memory.last_success).unwrap_or(began.instant);
        let age = now.instant.saturating_duration_since(since);
        self.success_age.get_or_create(&plain).set(age.as_secs_f64());
        self.failures.get_or_create(&plain).set(i64::from(status.failures));
        if status.epoch > 0 {
            self.epoch.get_or_create(&plain).set(number(status.epoch));
            self.deltas
                .get_or_create(&plain)
                .set(i64::from(status.versions_since_snapshot));
        }
        let Some(position) = &status.position else { return };
        for (partition, offset) in position.offsets.iter() {
            let labels = two(dataset, "partition", partition);
            self.offset.get_or_create(&labels).set(offset);
            if let Some(end) = status.ends.as_ref().and_then(|ends| ends.get(partition)) {
                self.lag.get_or_create(&labels).set(end.saturating_sub(offset).max(0));
            }
        }
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn cycle_buckets() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
    ])
}

fn delay_buckets() -> Histogram {
    Histogram::new([
        0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 31.0, 45.0, 60.0, 120.0, 300.0, 3600.0,
    ])
}
