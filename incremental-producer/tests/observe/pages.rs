//! What is said of services whose events are known.

use crate::exposition::Exposition;
use hollow::Version;
use hollow::producer::CycleStats;
use hollow::store::{Operation, Outcome, StoreMeter};
use incremental_producer::Offsets;
use incremental_producer::config::Config;
use incremental_producer::observe::{Moment, Observer, Sight};
use incremental_producer::service::{Event, Phase, Report, Status};
use incremental_producer::source::LogPosition;
use std::path::Path;
use std::time::{Duration, SystemTime};

fn observer() -> Observer {
    let text = r#"
        [observe]
        stuck_after = "60s"
        [defaults]
        bootstrap_servers = "localhost:9092"
        schema = "Title @PrimaryKey(id) { long id; }"
        root = "Title"
        checks = { min_records = { Title = 1 } }
        [[dataset]]
        name = "titles"
        store = "titles"
        cadence = "15s"
        [[dataset]]
        name = "texts"
        store = "texts"
    "#;
    Observer::new(&Config::parse(text, Path::new("/")).expect("a configuration"))
}

fn offsets(list: &[(i32, i64)]) -> Offsets {
    let mut offsets = Offsets::new();
    list.iter()
        .for_each(|(partition, offset)| offsets.set(*partition, *offset));
    offsets
}

fn position() -> LogPosition {
    LogPosition {
        topic: "titles".into(),
        log: "a log".into(),
        topic_id: None,
        generation: 1,
        offsets: offsets(&[(0, 10), (1, 20)]),
        gaps: Vec::new(),
    }
}

fn report(now: Moment) -> Report {
    let milliseconds = now
        .clock
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("after 1970")
        .as_millis() as i64;
    Report {
        at: now.clock,
        version: Some(version(now)),
        published: Some(CycleStats {
            snapshot_bytes: Some(1000),
            late_snapshot_bytes: Some(500),
            delta_bytes: Some(30),
            reverse_delta_bytes: Some(40),
            records: 77,
            publish: Duration::from_millis(250),
            warnings: vec!["the mirror is full".into()],
            ..CycleStats::default()
        }),
        messages: 9,
        bytes: 900,
        sweep_messages: 2,
        upserts: 4,
        deletes: 3,
        unchanged: 3,
        dead_letters: 1,
        stale: 1,
        swept: 2,
        sweep_marks: 0,
        sweeps: Vec::new(),
        source_ms: Some(milliseconds - 4000..=milliseconds),
        position: Some(position()),
        published_offsets: None,
        started_anew: Some("it is shorter than it was".into()),
        ends: Some(offsets(&[(0, 10), (1, 25)])),
        behind: 5,
        stalled: Vec::new(),
        took: Duration::from_millis(300),
    }
}

fn version(now: Moment) -> Version {
    Version::mint(now.clock - Duration::from_secs(100), None)
}

/// An observer to which everything has happened, and what is seen of its datasets.
pub(crate) fn everything() -> (Observer, Vec<Sight>) {
    let (observer, now) = (observer(), Moment::now());
    observer.event(
        "titles",
        &Event::Restored {
            version: None,
            position: None,
        },
    );
    observer.event("titles", &Event::Cycle(Box::new(report(now))));
    let quiet = Report {
        published: None,
        source_ms: None,
        started_anew: None,
        ..report(now)
    };
    observer.event("titles", &Event::Cycle(Box::new(quiet)));
    observer.event(
        "titles",
        &Event::Retry {
            error: "no\nroute".into(),
            failures: 1,
            pause: Duration::ZERO,
        },
    );
    observer.event(
        "texts",
        &Event::Halted {
            error: "DATA LOST".into(),
        },
    );
    observer.event("a dataset of nobody", &Event::Stopped);
    let figures = observer.figures("titles");
    for (operation, outcome, seconds) in [
        (Operation::Put, Outcome::Ok, 0.2),
        (Operation::Put, Outcome::Exists, 0.004),
        (Operation::RegisterRead, Outcome::Throttled, 3.0),
    ] {
        figures.ended(operation, outcome, Duration::from_secs_f64(seconds));
    }
    let titles = Status {
        phase: Phase::Retrying,
        version: Some(version(now)),
        epoch: 3,
        versions_since_snapshot: 12,
        position: Some(position()),
        ends: Some(offsets(&[(0, 10), (1, 25)])),
        behind: 5,
        last_error: Some("no\nroute".into()),
        failures: 1,
        cycles: 2,
        versions: 1,
        messages: 18,
        dead_letters: 2,
        ..Status::default()
    };
    let texts = Status {
        phase: Phase::Halted,
        last_error: Some("DATA LOST".into()),
        ..Status::default()
    };
    let sight = |dataset: &str, status| Sight {
        dataset: dataset.into(),
        status,
        ..Sight::default()
    };
    (observer, vec![sight("titles", titles), sight("texts", texts)])
}

#[test]
fn metrics_say_what_happened() {
    let (observer, sights) = everything();
    let text = observer.metrics(&sights, Moment::now());
    let found = Exposition::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let of = |name: &str, labels: &[(&str, &str)]| {
        let mut all = vec![("dataset", "titles")];
        all.extend_from_slice(labels);
        found
            .value(&format!("incremental_producer_{name}"), &all)
            .unwrap_or_else(|| panic!("{name} {labels:?}\n{text}"))
    };
    for (result, times) in [("published", 1.0), ("unchanged", 1.0), ("failed", 1.0), ("halted", 0.0)] {
        assert_eq!(of("cycles_total", &[("result", result)]), times, "{result}");
    }
    for (outcome, times) in [
        ("upserted", 8.0),
        ("deleted", 2.0),
        ("unchanged", 6.0),
        ("stale", 2.0),
        ("dead_letter", 2.0),
    ] {
        assert_eq!(of("records_folded_total", &[("outcome", outcome)]), times, "{outcome}");
    }
    for (kind, bytes) in [("snapshot", 1500.0), ("delta", 30.0), ("reverse_delta", 40.0)] {
        assert_eq!(of("blob_bytes_total", &[("kind", kind)]), bytes, "{kind}");
    }
    assert_eq!(of("blobs_total", &[("kind", "snapshot")]), 2.0);
    for (counter, value) in [
        ("messages_total", 18.0),
        ("message_bytes_total", 1800.0),
        ("sweep_messages_total", 4.0),
        ("swept_records_total", 4.0),
        ("dead_letters_total", 2.0),
        ("restores_total", 1.0),
        ("log_generations_total", 1.0),
        ("warnings_total", 1.0),
        ("records", 77.0),
        ("epoch", 3.0),
        ("versions_since_snapshot", 12.0),
        ("failures_in_a_row", 1.0),
        ("cadence_seconds", 15.0),
        ("ready", 1.0),
        ("cycle_seconds_count", 2.0),
        ("source_delay_seconds_count", 1.0),
    ] {
        assert_eq!(of(counter, &[]), value, "{counter}");
    }
    assert_eq!(of("cycle_stage_seconds_total", &[("stage", "publish")]), 0.25);
    for (operation, outcome, times) in [
        ("put", "ok", 1.0),
        ("put", "exists", 1.0),
        ("put", "throttled", 0.0),
        ("register_read", "throttled", 1.0),
        ("compare_and_set", "conflict", 0.0),
    ] {
        let labels = [("operation", operation), ("outcome", outcome)];
        assert_eq!(of("store_requests_total", &labels), times, "{operation} {outcome}");
    }
    let put = ("operation", "put");
    assert_eq!(of("store_request_seconds_count", &[put]), 2.0);
    assert_eq!(of("store_request_seconds_bucket", &[put, ("le", "0.1")]), 1.0);
    assert_eq!(
        of("refusals_total", &[("validator", "minimum-record-count(Title)")]),
        0.0
    );
    assert_eq!(
        of("kafka_errors_total", &[("client", "source"), ("class", "timeout")]),
        0.0
    );
    assert_eq!(of("cycle_seconds_bucket", &[("le", "0.25")]), 0.0);
    assert_eq!(of("cycle_seconds_bucket", &[("le", "0.5")]), 2.0);
    assert_eq!(of("source_delay_seconds_bucket", &[("le", "2.5")]), 0.0, "four seconds");
    assert_eq!(
        (
            of("lag_messages", &[("partition", "0")]),
            of("lag_messages", &[("partition", "1")])
        ),
        (0.0, 5.0)
    );
    assert_eq!(of("folded_offset", &[("partition", "1")]), 20.0);
    for (phase, is) in [("retrying", 1.0), ("folding", 0.0), ("halted", 0.0), ("held", 0.0)] {
        assert_eq!(of("phase", &[("phase", phase)]), is, "{phase}");
    }
    let age = of("head_age_seconds", &[]);
    assert!((100.0..100_000.0).contains(&age), "{age}");
    let texts = [("dataset", "texts"), ("phase", "halted")];
    assert_eq!(found.value("incremental_producer_phase", &texts), Some(1.0));
    assert_eq!(found.value("incremental_producer_ready", &texts[..1]), Some(0.0));
    assert_eq!(
        found.value("incremental_producer_version", &texts[..1]),
        None,
        "none is known"
    );
}

#[test]
fn labels_are_bounded() {
    let (observer, sights) = everything();
    let count = |text: &str| text.lines().count();
    let before = count(&observer.metrics(&sights, Moment::now()));
    for number in 0..1000 {
        observer.event(&format!("dataset-{number}"), &Event::Stopped);
        let error = format!("error {number}");
        observer.event(
            "titles",
            &Event::Retry {
                error,
                failures: number,
                pause: Duration::ZERO,
            },
        );
    }
    let text = observer.metrics(&sights, Moment::now());
    assert_eq!(count(&text), before);
    let known = [
        "dataset",
        "partition",
        "result",
        "outcome",
        "stage",
        "kind",
        "phase",
        "le",
        "build",
        "operation",
        "validator",
        "client",
        "state",
        "class",
    ];
    for sample in Exposition::parse(&text).expect("well-formed").samples {
        assert!(
            sample.labels.keys().all(|label| known.contains(&label.as_str())),
            "{sample:?}"
        );
        assert!(
            sample
                .labels
                .get("dataset")
                .is_none_or(|name| ["titles", "texts"].contains(&name.as_str()))
        );
    }
}

#[test]
fn the_status_tells_each_dataset_and_its_last_cycles() {
    let (observer, sights) = everything();
    for failures in 0..30 {
        let event = Event::Retry {
            error: "again".into(),
            failures,
            pause: Duration::ZERO,
        };
        observer.event("titles", &event);
    }
    let page = serde_json::to_value(observer.status(&sights, Moment::now())).expect("JSON");
    assert_eq!(
        (&page["schema"], &page["live"], &page["ready"]),
        (&1.into(), &true.into(), &false.into())
    );
    let titles = &page["datasets"][0];
    assert_eq!(titles["phase"], "retrying");
    assert_eq!(titles["epoch"], 3);
    assert_eq!(titles["cadence_ms"], 15_000);
    assert_eq!(titles["last_error"], "no\nroute");
    assert_eq!(titles["log"]["partitions"][1]["lag"], 5);
    assert_eq!(titles["last_cycles"].as_array().map(Vec::len), Some(20));
    assert_eq!(titles["not_ready_because"], serde_json::Value::Null);
    let texts = &page["datasets"][1];
    assert_eq!(texts["last_cycles"][0]["result"], "halted");
    assert_eq!(texts["last_cycles"][0]["error"], "DATA LOST");
    let reason = texts["not_ready_because"].as_str().expect("a reason");
    assert!(reason.starts_with("halted"), "{reason}");
}

#[test]
fn only_a_thread_that_will_never_go_on_is_not_live() {
    let observer = observer();
    let mut sight = Sight {
        dataset: "titles".into(),
        ..Sight::default()
    };
    let live = |sight: &Sight| observer.live(std::slice::from_ref(sight)).ok;
    for phase in [Phase::Starting, Phase::Folding, Phase::Retrying] {
        sight.status.phase = phase;
        for (busy, is_live) in [(None, true), (Some(59), true), (Some(61), false)] {
            sight.busy_for = busy.map(Duration::from_secs);
            assert_eq!(live(&sight), is_live, "{phase:?} {busy:?}");
        }
    }
    sight.busy_for = None;
    sight.is_finished = true;
    assert!(!live(&sight), "ended without a word");
    for phase in [Phase::Halted, Phase::Stopped] {
        sight.status.phase = phase;
        assert!(live(&sight), "{phase:?}: a restart would not help");
    }
}

#[test]
fn ready_is_what_is_restored_and_goes_on() {
    let observer = observer();
    let mut sight = Sight {
        dataset: "titles".into(),
        ..Sight::default()
    };
    let ready = |sight: &Sight| observer.ready(std::slice::from_ref(sight)).ok;
    sight.status.phase = Phase::Retrying;
    assert!(!ready(&sight), "its store was never reached");
    observer.event(
        "titles",
        &Event::Restored {
            version: None,
            position: None,
        },
    );
    for (phase, is_ready) in [
        (Phase::Folding, true),
        (Phase::Retrying, true),
        (Phase::Halted, false),
        (Phase::Stopped, false),
    ] {
        sight.status.phase = phase;
        assert_eq!(ready(&sight), is_ready, "{phase:?}");
    }
    sight.status.phase = Phase::Folding;
    observer.stopping();
    assert!(!ready(&sight), "told to stop");
}
