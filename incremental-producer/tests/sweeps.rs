//! Sweeps against the mock cluster, and through the program: marks, restarts, removal, the command.

use hollow::consumer::Consumer;
use hollow::record::{KeyValue, Value};
use hollow::store::Store;
use incremental_producer::Codec;
use incremental_producer::client::ClientSettings;
use incremental_producer::config::{Config, DatasetConfig};
use incremental_producer::emit::{EmitError, Emitter};
use incremental_producer::mock::MockKafka;
use incremental_producer::service::{DatasetHandle, DatasetService, Status};
use incremental_producer::source::Source;
use incremental_producer::source::kafka::{KafkaSettings, KafkaSource};
use incremental_producer::sweep::{MarkKind, SweepMark, SweepRequest, SweepTags};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const PARTITIONS: i32 = 3;

struct World {
    mock: MockKafka,
    directory: tempfile::TempDir,
    config: DatasetConfig,
    emitter: Emitter,
}

impl World {
    fn new() -> Self {
        let topics = [("people", PARTITIONS), ("people.dlq", 1), ("people.control", 1)];
        let mock = MockKafka::with_topics(topics).expect("a mock");
        let directory = tempfile::tempdir().expect("a directory");
        let text = format!(
            r#"
            [[dataset]]
            name = "people"
            root = "Person"
            store = "store"
            cadence = "20ms"
            bootstrap_servers = "{}"
            log = "{}"
            schema = "Person @PrimaryKey(id) {{ long id; string name; }}"
            [dataset.sweep]
            most_removed = "60%"
            "#,
            mock.bootstrap_servers(),
            mock.log()
        );
        std::fs::write(directory.path().join("config.toml"), &text).expect("a file");
        let mut config = Config::parse(&text, directory.path()).expect("a configuration");
        let emitter = Emitter::new(mock.bootstrap_servers(), &ClientSettings::default(), None, None).expect("a client");
        Self {
            config: config.datasets.remove(0),
            mock,
            directory,
            emitter,
        }
    }

    fn codec(&self) -> &Codec {
        &self.config.codec
    }

    fn key(&self, id: i64) -> Vec<u8> {
        self.codec().encode_key(&[KeyValue::Long(id)])
    }

    fn record(&self, id: i64, name: &str) -> Vec<u8> {
        self.codec()
            .encode_json(&Value::Object(vec![Value::Long(id), Value::String(name.into())]))
    }

    fn change(&self, id: i64, name: Option<&str>, version: i64) {
        let payload = name.map(|name| self.record(id, name));
        let sent = self
            .emitter
            .emit_change("people", &self.key(id), payload.as_deref(), 0, Some(version));
        sent.expect("room");
    }

    fn show(&self, id: i64, name: &str, version: i64, sweep: &str) {
        let (key, payload) = (self.key(id), self.record(id, name));
        let sent = self
            .emitter
            .emit_sweep("people", &key, Some(&payload), 0, Some(version), sweep);
        sent.expect("room");
    }

    fn mark(&self, sweep: &str, kind: MarkKind) {
        let mark = SweepMark::everything(sweep, kind, PARTITIONS);
        for partition in 0..PARTITIONS {
            self.emitter.emit_sweep_mark("people", partition, &mark).expect("room");
        }
        self.flush();
    }

    fn flush(&self) {
        self.emitter.flush(Duration::from_secs(60)).expect("delivered");
    }

    fn start(&self) -> DatasetHandle {
        DatasetService::open(&self.config)
            .expect("a service")
            .start()
            .expect("a thread")
    }

    fn store(&self) -> Store {
        Store::fs(self.directory.path().join("store")).expect("a store")
    }

    fn ids(&self) -> BTreeSet<i64> {
        let consumer = Consumer::builder(self.store()).build().expect("a consumer");
        consumer.refresh().expect("a route");
        let state = consumer.state().expect("a state");
        let ordinals = state.ty("Person").expect("the type").populated();
        let id = |ordinal| match state.value("Person", ordinal) {
            Some(Value::Object(fields)) => match fields.first() {
                Some(Value::Long(id)) => *id,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        ordinals.map(id).collect()
    }

    fn program(&self, arguments: &[&str]) -> Output {
        let config: PathBuf = self.directory.path().join("config.toml");
        Command::new(env!("CARGO_BIN_EXE_incremental-producer"))
            .args(arguments)
            .args([Path::new("--config"), &config])
            .output()
            .expect("the program starts")
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.program(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

fn until(handle: &DatasetHandle, what: &str, done: impl Fn(&Status) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !done(&handle.status()) {
        assert!(Instant::now() < deadline, "waiting for {what}: {:?}", handle.status());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn folded(status: &Status) -> i64 {
    let position = status.position.as_ref();
    position.map_or(0, |position| position.offsets.iter().map(|(_, offset)| offset).sum())
}

#[test]
fn a_sweep_goes_through_restarts_and_removes_what_it_did_not_show() {
    let world = World::new();
    let handle = world.start();
    (0..60).for_each(|id| world.change(id, Some("first"), 1));
    world.flush();
    until(&handle, "60 changes", |status| folded(status) == 60);
    world.mark("s1", MarkKind::Begin);
    for id in 0..20 {
        world.show(id, "first", 1, "s1");
    }
    world.change(100, Some("came meanwhile"), 1);
    world.change(41, Some("changed meanwhile"), 5);
    world.change(3, None, 7);
    world.flush();
    until(&handle, "the first half", |status| folded(status) == 60 + 3 + 23);
    drop(handle);
    assert_eq!(world.ids().len(), 60);
    let shown = world.json(&["sweep", "people", "--json"]);
    assert_eq!(
        (shown["active"][0]["id"].as_str(), shown["last"].is_null()),
        (Some("s1"), true)
    );

    // Another process: what was seen is read again.
    let handle = world.start();
    world.show(3, "older than its delete", 6, "s1");
    for id in 20..40 {
        world.show(id, "second", 2, "s1");
    }
    world.mark("s1", MarkKind::End);
    until(&handle, "the end", |status| folded(status) == 60 + 3 + 23 + 21 + 3);
    drop(handle);
    let mut expected: BTreeSet<i64> = (0..40).collect();
    expected.remove(&3);
    expected.extend([41, 100]);
    assert_eq!(world.ids(), expected);
    let shown = world.json(&["sweep", "people", "--json"]);
    assert_eq!(
        (shown["schema"].as_i64(), shown["active"].as_array().map(Vec::len)),
        (Some(1), Some(0))
    );
    let last = &shown["last"];
    assert_eq!(
        (last["id"].as_str(), last["outcome"].as_str()),
        (Some("s1"), Some("complete"))
    );
    assert_eq!((last["removed"].as_i64(), last["seen"].as_i64()), (Some(19), Some(42)));
    let text = String::from_utf8(world.program(&["sweep", "people"]).stdout).expect("text");
    assert!(text.contains("last id=\"s1\" complete at_ms="), "{text}");
}

#[test]
fn an_emitter_sends_no_mark_that_readers_refuse() {
    let world = World::new();
    let mark = SweepMark::everything("s", MarkKind::Begin, 3);
    for (partition, mark) in [
        (3, mark.clone()),
        (-1, mark.clone()),
        (
            0,
            SweepMark {
                sweep: String::new(),
                ..mark.clone()
            },
        ),
        (0, SweepMark { partitions: 0, ..mark }),
    ] {
        let refused = world.emitter.emit_sweep_mark("people", partition, &mark);
        assert!(matches!(refused, Err(EmitError::Mark { .. })), "{mark:?}");
    }
    assert_eq!(world.emitter.counts().sent, 0);
}

#[test]
fn a_sweep_is_asked_for_in_the_control_topic() {
    let world = World::new();
    let asked = world.json(&[
        "sweep",
        "people",
        "--request",
        "--id",
        "by-hand",
        "--from",
        "[10]",
        "--json",
    ]);
    assert_eq!(
        (asked["requested"].as_str(), asked["topic"].as_str()),
        (Some("by-hand"), Some("people.control"))
    );
    let mut control = KafkaSource::new(KafkaSettings {
        bootstrap_servers: world.mock.bootstrap_servers().to_owned(),
        topic: "people.control".to_owned(),
        log: Some("one".to_owned()),
        group: "test".to_owned(),
        client: ClientSettings::default(),
    });
    let view = control.look().expect("an answer");
    let from = view.partitions.iter().map(|(&p, range)| (p, range.start)).collect();
    let cut = view.partitions.iter().map(|(&p, range)| (p, range.end)).collect();
    let mut found = Vec::new();
    let limits = incremental_producer::source::ReadLimits::default();
    control
        .read(&from, &cut, &limits, &mut |record| {
            assert_eq!(record.key, Some(b"sweep-request".as_slice()));
            found.push(SweepRequest::decode(record.payload.expect("a payload")).expect("a request"));
            Ok(())
        })
        .expect("the mock answers");
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].id.as_str(), &found[0].range.from),
        ("by-hand", &Some(vec![10.into()]))
    );

    for (arguments, expected) in [
        (
            vec!["sweep", "people", "--request", "--from", "[\"x\"]"],
            "range: key field=id",
        ),
        (
            vec!["sweep", "people", "--request", "--from", "10"],
            "--from is no JSON array",
        ),
        (
            vec!["sweep", "pepole"],
            "no dataset of this name is configured, dataset=pepole configured=people",
        ),
        (vec!["sweep", "people"], "cannot open the store"),
    ] {
        let refused = world.program(&arguments);
        let text = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            !refused.status.success() && text.contains(expected),
            "{arguments:?}: {text}"
        );
    }
    assert_eq!(SweepTags::from_tags(&Default::default()), Ok(SweepTags::default()));
}
