//! A dataset's service against the mock cluster: from messages to an announced state, through restarts.

use hollow::consumer::Consumer;
use hollow::read::ReadState;
use hollow::record::{KeyValue, Value};
use hollow::store::Store;
use incremental_producer::Codec;
use incremental_producer::client::ClientSettings;
use incremental_producer::config::{Config, DatasetConfig};
use incremental_producer::emit::{Emitter, Pace};
use incremental_producer::mock::MockKafka;
use incremental_producer::service::{DatasetHandle, DatasetService, Event, Phase, Status};
use incremental_producer::source::kafka::{KafkaSettings, KafkaSource};
use incremental_producer::source::{ReadLimits, Source};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

fn config(mock: &MockKafka, more: &str) -> DatasetConfig {
    let text = format!(
        r#"
        [[dataset]]
        name = "titles"
        root = "Title"
        store = "not used"
        cadence = "20ms"
        bootstrap_servers = "{}"
        log = "{}"
        schema = "Title @PrimaryKey(id) {{ long id; string name; Language language; }} Language {{ string tag; }}"
        {more}"#,
        mock.bootstrap_servers(),
        mock.log()
    );
    let mut config = Config::parse(&text, Path::new("/")).expect("a configuration");
    config.datasets.remove(0)
}

fn start(config: &DatasetConfig, store: &Store) -> DatasetHandle {
    let service = DatasetService::open_with(config, store.clone()).expect("a service");
    service.start().expect("a thread")
}

fn title(id: i64, name: &str) -> Value {
    let language = Value::Object(vec![Value::String("de".into())]);
    Value::Object(vec![Value::Long(id), Value::String(name.into()), language])
}

fn emitter(mock: &MockKafka) -> Emitter {
    Emitter::new(mock.bootstrap_servers(), &ClientSettings::default(), None, None).expect("a client")
}

fn put(emitter: &Emitter, codec: &Codec, id: i64, name: &str) {
    let key = codec.encode_key(&[KeyValue::Long(id)]);
    let value = title(id, name);
    let payload = if id % 2 == 0 {
        codec.encode_json(&value)
    } else {
        codec.encode_rkyv(&value).expect("it fits")
    };
    emitter
        .emit("titles", &key, Some(&payload), 1_700_000_000_000 + id, None)
        .expect("room");
}

fn delete(emitter: &Emitter, codec: &Codec, id: i64) {
    let key = codec.encode_key(&[KeyValue::Long(id)]);
    emitter.emit("titles", &key, None, 0, None).expect("room");
}

fn flush(emitter: &Emitter) {
    emitter.flush(Duration::from_secs(60)).expect("delivered");
}

fn until(handle: &DatasetHandle, what: &str, done: impl Fn(&Status) -> bool) -> Status {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let status = handle.status();
        if done(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "waiting for {what}: {status:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn announced(store: &Store) -> Arc<ReadState> {
    let consumer = Consumer::builder(store.clone()).build().expect("a consumer");
    consumer.refresh().expect("a route");
    consumer.state().expect("a state")
}

fn titles(state: &ReadState) -> BTreeMap<i64, String> {
    let ty = state.ty("Title").expect("the type");
    ty.populated()
        .map(|ordinal| match state.value("Title", ordinal) {
            Some(Value::Object(fields)) => match fields.as_slice() {
                [Value::Long(id), Value::String(name), _] => (*id, name.clone()),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
        .collect()
}

/// A small generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[test]
fn the_announced_state_is_the_map_of_what_was_written_through_restarts() {
    let mock = MockKafka::with_topics([("titles", 4), ("titles.dlq", 1)]).expect("a mock");
    let config = config(&mock, "republish_after_messages = 50\nsnapshot_every = 4");
    let store = Store::memory();
    let emitter = emitter(&mock);
    let codec = config.codec.clone();
    let mut random = Random(7);
    let mut model: BTreeMap<i64, String> = BTreeMap::new();
    let mut sent = 0;
    for round in 0..5 {
        let handle = start(&config, &store);
        for _ in 0..400 {
            let id = random.below(60) as i64;
            match random.below(10) {
                0..=1 => {
                    delete(&emitter, &codec, id);
                    model.remove(&id);
                }
                2..=3 => match model.get(&id) {
                    Some(name) => put(&emitter, &codec, id, name), // a duplicate
                    None => delete(&emitter, &codec, id),          // of what is not there
                },
                _ => {
                    let name = format!("name {}", random.below(1000));
                    put(&emitter, &codec, id, &name);
                    model.insert(id, name);
                }
            }
            sent += 1;
            if random.below(50) == 0 {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        flush(&emitter);
        if round % 2 == 0 {
            // Stopped in the middle of whatever it does; the next one goes on from the announced offsets.
            drop(handle);
            continue;
        }
        let folded = |status: &Status| -> i64 {
            let position = status.position.as_ref();
            position.map_or(0, |position| position.offsets.iter().map(|(_, offset)| offset).sum())
        };
        let status = until(&handle, "the end of the log", |status| folded(status) == sent);
        assert_eq!(titles(&announced(&store)), model, "round {round}");
        assert_eq!((status.behind, status.dead_letters, status.last_error), (0, 0, None));
    }
    let handle = start(&config, &store);
    until(&handle, "the last messages", |status| {
        status.cycles > 1 && status.behind == 0
    });
    assert_eq!(titles(&announced(&store)), model);
}

#[test]
fn a_restart_reads_exactly_what_the_announced_state_does_not_hold() {
    let mock = MockKafka::with_topics([("titles", 2), ("titles.dlq", 1)]).expect("a mock");
    let config = config(&mock, "");
    let store = Store::memory();
    let emitter = emitter(&mock);
    (0..100).for_each(|id| put(&emitter, &config.codec, id, "first"));
    flush(&emitter);
    let handle = start(&config, &store);
    until(&handle, "100 messages", |status| status.messages == 100);
    drop(handle);
    (0..30).for_each(|id| put(&emitter, &config.codec, id, "second"));
    flush(&emitter);

    let reports = Arc::new(Mutex::new(Vec::new()));
    let sink = reports.clone();
    let handle = DatasetService::open_with(&config, store.clone())
        .expect("a service")
        .listener(Arc::new(move |_, event| {
            if let Event::Cycle(report) = event {
                sink.lock().expect("no panic").push(report.clone());
            }
        }))
        .start()
        .expect("a thread");
    until(&handle, "30 messages", |status| status.messages >= 30);
    drop(handle);
    let reports = reports.lock().expect("no panic");
    let sum = |of: &dyn Fn(&incremental_producer::service::Report) -> u64| reports.iter().map(|r| of(r)).sum::<u64>();
    assert_eq!(
        (sum(&|r| r.messages), sum(&|r| r.upserts), sum(&|r| r.unchanged)),
        (30, 30, 0)
    );
    let earliest = reports
        .iter()
        .filter_map(|report| report.source_ms.as_ref().map(|range| *range.start()))
        .min();
    assert_eq!(earliest, Some(1_700_000_000_000));
}

#[test]
fn undecodable_messages_go_to_the_dead_letter_topic_with_what_they_were() {
    let mock = MockKafka::with_topics([("titles", 1), ("titles.dlq", 2)]).expect("a mock");
    let config = config(&mock, "");
    let store = Store::memory();
    let emitter = emitter(&mock);
    put(&emitter, &config.codec, 1, "one");
    emitter
        .emit("titles", b"[2]", Some(b"\xff\xfe"), 77, Some("sweep-1"))
        .expect("room");
    emitter.emit("titles", b"not a key", None, 78, None).expect("room");
    put(&emitter, &config.codec, 3, "three");
    flush(&emitter);
    let handle = start(&config, &store);
    let status = until(&handle, "four messages", |status| status.messages == 4);
    assert_eq!((status.dead_letters, status.phase), (2, Phase::Folding));
    assert_eq!(titles(&announced(&store)).into_keys().collect::<Vec<_>>(), [1, 3]);

    let mut letters = KafkaSource::new(KafkaSettings {
        bootstrap_servers: mock.bootstrap_servers().to_owned(),
        topic: "titles.dlq".to_owned(),
        log: Some(mock.log().to_owned()),
        group: "test".to_owned(),
        client: ClientSettings::default(),
    });
    let view = letters.look().expect("an answer");
    let from = view.partitions.iter().map(|(&p, range)| (p, range.start)).collect();
    let cut = view.partitions.iter().map(|(&p, range)| (p, range.end)).collect();
    let mut found = BTreeMap::new();
    letters
        .read(&from, &cut, &ReadLimits::default(), &mut |record| {
            let text = |name| String::from_utf8_lossy(record.header(name).unwrap_or(b"none")).into_owned();
            assert_eq!(
                (text("source-topic"), text("source-partition")),
                ("titles".into(), "0".into())
            );
            let letter = (
                record.key.map(<[u8]>::to_vec),
                record.payload.map(<[u8]>::to_vec),
                record.source_ms(),
            );
            found.insert(text("source-offset"), (letter, record.is_sweep(), text("reason")));
            Ok(())
        })
        .expect("the mock answers");
    let keys: Vec<&String> = found.keys().collect();
    assert_eq!(keys, ["1", "2"]);
    let first = (Some(b"[2]".to_vec()), Some(b"\xff\xfe".to_vec()), Some(77));
    assert_eq!((&found["1"].0, found["1"].1), (&first, true));
    assert_eq!(
        found["1"].2,
        "the payload begins neither with { nor with HRK1, length=2 begins=\\xff\\xfe"
    );
    assert_eq!(found["2"].0, (Some(b"not a key".to_vec()), None, Some(78)));
    assert!(
        found["2"]
            .2
            .starts_with("message key: expected the key as a JSON array such as [id]")
    );
}

#[test]
fn a_dead_letter_topic_that_does_not_take_letters_holds_the_version_back() {
    let mock = MockKafka::with_topics([("titles", 1), ("titles.dlq", 1)]).expect("a mock");
    // Larger than this client may send.
    let config = config(&mock, "client = { \"message.max.bytes\" = 1000 }");
    let store = Store::memory();
    let emitter = emitter(&mock);
    put(&emitter, &config.codec, 1, "one");
    emitter
        .emit("titles", b"[2]", Some(&[b'x'; 2000]), 0, None)
        .expect("room");
    flush(&emitter);
    let handle = start(&config, &store);
    let status = until(&handle, "three failures", |status| status.failures >= 3);
    assert_eq!((status.phase, status.version), (Phase::Retrying, None));
    let error = status.last_error.expect("an error");
    assert!(
        error.contains("cannot deliver dead letters, topic=titles.dlq"),
        "{error}"
    );
}

#[test]
fn messages_lost_to_retention_are_a_loud_halt() {
    let mock = MockKafka::with_topics([("titles", 1), ("titles.dlq", 1)]).expect("a mock");
    let config = config(&mock, "");
    let store = Store::memory();
    let emitter = emitter(&mock);
    put(&emitter, &config.codec, 1, "one");
    flush(&emitter);
    let handle = start(&config, &store);
    until(&handle, "the first message", |status| status.messages == 1);
    drop(handle);
    // The mock keeps 5 MiB.
    let long = "x".repeat(100_000);
    for id in 0..80 {
        put(&emitter, &config.codec, id * 2, &long);
        flush(&emitter);
    }
    let handle = start(&config, &store);
    let status = until(&handle, "a halt", |status| status.phase == Phase::Halted);
    let error = status.last_error.expect("an error");
    assert!(error.starts_with("DATA LOST"), "{error}");
    assert!(
        error.contains("topic=titles partition=0 expected offset=1 low watermark="),
        "{error}"
    );
    assert_eq!(titles(&announced(&store)).len(), 1);
}

#[test]
fn another_cluster_halts_or_starts_a_generation() {
    let store = Store::memory();
    let first = MockKafka::with_topics([("titles", 2), ("titles.dlq", 1)]).expect("a mock");
    let config_of_first = config(&first, "");
    let writer = emitter(&first);
    (0..10).for_each(|id| put(&writer, &config_of_first.codec, id, "first"));
    flush(&writer);
    let handle = start(&config_of_first, &store);
    until(&handle, "ten messages", |status| status.messages == 10);
    drop((handle, writer, first));

    let second = MockKafka::with_topics([("titles", 2), ("titles.dlq", 1)]).expect("a mock");
    let writer = emitter(&second);
    (5..15).for_each(|id| put(&writer, &config_of_first.codec, id, "second"));
    flush(&writer);
    let handle = start(&config(&second, ""), &store);
    let status = until(&handle, "a halt", |status| status.phase == Phase::Halted);
    assert!(
        status
            .last_error
            .is_some_and(|error| error.contains("the log started anew"))
    );
    drop(handle);

    let handle = start(&config(&second, "new_log = \"start-generation\""), &store);
    until(&handle, "ten messages", |status| status.messages == 10);
    let state = announced(&store);
    assert_eq!(titles(&state).len(), 15);
    assert_eq!(titles(&state).values().filter(|name| *name == "second").count(), 10);
    assert_eq!(state.header_tags()["kafka.generation"], "1");
    assert_eq!(state.header_tags()["kafka.log"], second.log());
}

#[test]
fn a_cluster_that_goes_away_is_waited_for() {
    let mock = MockKafka::with_topics([("titles", 2), ("titles.dlq", 1)]).expect("a mock");
    let config = config(&mock, "");
    let store = Store::memory();
    let emitter = emitter(&mock);
    put(&emitter, &config.codec, 1, "one");
    flush(&emitter);
    let handle = start(&config, &store);
    until(&handle, "the first message", |status| status.messages == 1);
    mock.set_down(true).expect("the mock obeys");
    let status = until(&handle, "a failure", |status| status.failures > 0);
    assert_eq!(status.phase, Phase::Retrying);
    mock.set_down(false).expect("the mock obeys");
    put(&emitter, &config.codec, 2, "two");
    flush(&emitter);
    until(&handle, "the second message", |status| status.messages == 2);
    assert_eq!(titles(&announced(&store)).len(), 2);
}

#[test]
fn a_paced_writer_can_write_more_than_the_log_keeps() {
    let mock = MockKafka::with_topics([("titles", 2), ("titles.dlq", 1)]).expect("a mock");
    let config = config(&mock, "republish_after_messages = 1");
    let store = Store::memory();
    let pace = Arc::new(Pace::new(3 << 20));
    let deliveries = Arc::new(Mutex::new(0_u64));
    let counted = deliveries.clone();
    let emitter = Emitter::new(
        mock.bootstrap_servers(),
        &ClientSettings::default(),
        Some(pace.clone()),
        Some(Arc::new(move |delivered| {
            assert_eq!((delivered.topic.as_str(), delivered.sweep), ("titles", true));
            *counted.lock().expect("no panic") += 1;
        })),
    )
    .expect("a client");
    let folded = pace.clone();
    let handle = DatasetService::open_with(&config, store.clone())
        .expect("a service")
        .listener(Arc::new(move |_, event| {
            if let Event::Cycle(report) = event
                && let Some(offsets) = &report.published_offsets
            {
                folded.folded("titles", offsets);
            }
        }))
        .start()
        .expect("a thread");
    let long = "x".repeat(20_000);
    for id in 0..2_000 {
        let key = config.codec.encode_key(&[KeyValue::Long(id % 200)]);
        let payload = config.codec.encode_json(&title(id % 200, &long));
        emitter
            .emit("titles", &key, Some(&payload), id, Some("s1"))
            .expect("room");
    }
    flush(&emitter);
    let status = until(&handle, "everything", |status| status.messages == 2_000);
    assert_eq!((status.phase, status.last_error), (Phase::Folding, None));
    assert_eq!(titles(&announced(&store)).len(), 200);
    assert_eq!(*deliveries.lock().expect("no panic"), 2_000);
    assert_eq!(emitter.counts().delivered, 2_000);
    assert_eq!(emitter.partitions("titles").expect("an answer"), 2);
}
