mod allowed;
mod control;
mod prepared;

use super::worker::next_tick;
use super::*;
use crate::Offsets;
use crate::dead_letter::MemoryDeadLetters;
use crate::source::memory::{MemoryLog, MemorySource};
use hollow::read::ReadState;
use hollow::record::{KeyValue, Value};
use hollow::schema::Dataset;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::SystemTime;

const SCHEMA: &str = "
    Title @PrimaryKey(id) { long id; string name; Countries countries; }
    Country { string code; }
    Countries Set<Country> @HashKey(code);";

fn codec() -> Codec {
    Codec::new(Dataset::parse(SCHEMA).expect("a schema"), "Title").expect("it has a key")
}

fn title(id: i64, name: &str) -> Value {
    let country = |code: &str| Value::Object(vec![Value::String(code.into())]);
    Value::Object(vec![
        Value::Long(id),
        Value::String(name.into()),
        Value::Set(vec![country("DE"), country("FR")]),
    ])
}

/// A dataset with everything it needs, in memory.
struct Bench {
    store: Store,
    log: MemoryLog,
    letters: MemoryDeadLetters,
    settings: ServiceSettings,
}

impl Bench {
    fn new(partitions: usize) -> Self {
        Self {
            store: Store::memory(),
            log: MemoryLog::new("one", partitions),
            letters: MemoryDeadLetters::new(),
            settings: ServiceSettings {
                cadence: Duration::from_millis(20),
                first_pause: Duration::from_millis(10),
                longest_pause: Duration::from_millis(40),
                ..ServiceSettings::new("titles")
            },
        }
    }

    fn service(&self) -> DatasetService {
        let codec = codec();
        let producer = Producer::builder(codec.dataset().clone(), self.store.clone())
            .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
            .root("Title")
            .snapshot_every(3)
            .build()
            .expect("a producer");
        let source = MemorySource::new("titles", self.log.clone());
        DatasetService::new(
            self.settings.clone(),
            codec,
            producer,
            Box::new(source),
            Box::new(self.letters.clone()),
        )
    }

    /// The steps of a service, taken by hand.
    fn fold(&self) -> Fold {
        let mut fold = self.service().fold;
        fold.restore().expect("a store in memory");
        fold
    }

    fn put(&self, partition: usize, id: i64, name: &str) {
        let payload = codec().encode_json(&title(id, name));
        self.log
            .append(partition, Some(format!("[{id}]").as_bytes()), Some(&payload), &[]);
    }

    fn delete(&self, partition: usize, id: i64) {
        self.log
            .append(partition, Some(format!("[{id}]").as_bytes()), None, &[]);
    }
}

/// Identifiers and names of a state.
fn titles(state: &ReadState) -> BTreeMap<i64, String> {
    let ty = state.ty("Title").expect("the type");
    ty.populated()
        .map(|ordinal| match state.value("Title", ordinal) {
            Some(Value::Object(fields)) => match fields.as_slice() {
                [Value::Long(id), Value::String(name), Value::Set(countries)] => {
                    assert_eq!(countries.len(), 2);
                    (*id, name.clone())
                }
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
        .collect()
}

fn announced(store: &Store) -> Arc<ReadState> {
    let consumer = hollow::consumer::Consumer::builder(store.clone())
        .build()
        .expect("a consumer");
    consumer.refresh().expect("a route");
    consumer.state().expect("a state")
}

fn names(pairs: &[(i64, &str)]) -> BTreeMap<i64, String> {
    pairs.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
}

#[test]
fn a_cycle_folds_what_came_and_publishes_it_with_its_offsets() {
    let bench = Bench::new(2);
    let mut fold = bench.fold();
    let first = fold.cycle().expect("a cycle");
    assert!(
        first.published.is_some(),
        "consumers wait for a first version, even an empty one"
    );
    assert_eq!(fold.cycle().expect("a cycle").published, None);

    bench.put(0, 1, "one");
    bench.put(1, 2, "two");
    bench.put(0, 3, "three");
    bench.put(0, 1, "uno");
    bench.delete(0, 3);
    bench.delete(1, 9);
    let report = fold.cycle().expect("a cycle");
    assert_eq!(
        (report.messages, report.upserts, report.deletes, report.unchanged),
        (6, 4, 1, 1)
    );
    assert!(report.published.is_some() && report.version > first.version);
    let state = announced(&bench.store);
    assert_eq!(titles(&state), names(&[(1, "uno"), (2, "two")]));
    let tag = |name: &str| state.header_tags().get(name).cloned().unwrap_or_default();
    assert_eq!((tag("kafka.topic"), tag("kafka.log")), ("titles".into(), "one".into()));
    assert_eq!(
        (tag("kafka.offsets"), tag("kafka.generation")),
        ("0:4,1:2".into(), "0".into())
    );
}

#[test]
fn what_changes_nothing_publishes_nothing_until_it_is_much() {
    let mut bench = Bench::new(1);
    bench.settings.republish_after_messages = 5;
    let mut fold = bench.fold();
    bench.put(0, 1, "one");
    let first = fold.cycle().expect("a cycle");
    for n in 1..=4 {
        bench.put(0, 1, "one");
        let report = fold.cycle().expect("a cycle");
        assert_eq!(
            (report.published.is_some(), report.unchanged),
            (false, 1),
            "message {n}"
        );
        assert_eq!(report.version, first.version);
        assert_eq!(
            report.published_offsets.map(|offsets| offsets.to_string()),
            Some("0:1".into())
        );
    }
    // A restart reads them again, which is harmless.
    let mut again = bench.fold();
    let report = again.cycle().expect("a cycle");
    assert_eq!((report.published.is_some(), report.unchanged), (false, 4));
    bench.put(0, 1, "one");
    let report = again.cycle().expect("a cycle");
    assert!(report.published.is_some() && report.version > first.version);
    assert_eq!(
        report.published_offsets.map(|offsets| offsets.to_string()),
        Some("0:6".into())
    );
    let state = announced(&bench.store);
    assert_eq!(
        state.header_tags().get("kafka.offsets").map(String::as_str),
        Some("0:6")
    );
    assert_eq!(titles(&state), names(&[(1, "one")]));
}

#[test]
fn old_offsets_are_published_anew() {
    let mut bench = Bench::new(1);
    bench.settings.republish_after = Duration::ZERO;
    let mut fold = bench.fold();
    bench.put(0, 1, "one");
    fold.cycle().expect("a cycle");
    assert!(fold.cycle().expect("a cycle").published.is_none(), "nothing moved");
    bench.put(0, 1, "one");
    assert!(fold.cycle().expect("a cycle").published.is_some());
}

#[test]
fn messages_that_mean_nothing_are_set_aside_before_their_offsets_are_published() {
    let bench = Bench::new(1);
    let mut fold = bench.fold();
    fold.cycle().expect("a cycle");
    bench.put(0, 1, "one");
    bench
        .log
        .append(0, Some(b"[2]"), Some(b"{\"id\":2,\"nmae\":\"two\"}"), &[]);
    bench
        .log
        .append(0, Some(b"[3]"), Some(b"{\"id\":3,\"countries\":[{}]}"), &[]);
    bench.put(0, 4, "four");

    bench.letters.fail_next(1);
    let failure = fold.cycle().expect_err("dead letters are not safe");
    assert!(failure.text.contains("cannot deliver dead letters"), "{}", failure.text);
    assert!(!failure.is_final && !failure.is_ours);
    assert!(titles(&announced(&bench.store)).is_empty());

    let report = fold.cycle().expect("a cycle");
    assert_eq!((report.messages, report.upserts, report.dead_letters), (4, 2, 2));
    assert_eq!(titles(&announced(&bench.store)), names(&[(1, "one"), (4, "four")]));
    let letters = bench.letters.letters();
    let offsets: Vec<i64> = letters.iter().map(|letter| letter.offset).collect();
    assert_eq!(offsets, [1, 2, 1, 2], "at least once each");
    assert!(letters[0].reason.contains("no such field"), "{}", letters[0].reason);
    assert_eq!(
        letters[1].reason,
        "Title.countries[0]: the element has no value for the hash key, field=code"
    );
    assert_eq!(
        (letters[1].topic.as_str(), letters[1].key.as_deref()),
        ("titles", Some(b"[3]".as_slice()))
    );
}

#[test]
fn an_element_that_stands_twice_in_a_set_is_there_once() {
    let bench = Bench::new(1);
    let mut fold = bench.fold();
    let json = br#"{"id":1,"name":"one","countries":["DE","FR","DE"]}"#;
    bench.log.append(0, Some(b"[1]"), Some(json), &[]);
    fold.cycle().expect("a cycle");
    assert_eq!(titles(&announced(&bench.store)), names(&[(1, "one")]));
}

#[test]
fn limits_publish_a_prefix_and_say_so() {
    let mut bench = Bench::new(3);
    bench.settings.limits.messages = 7;
    for id in 0..20 {
        bench.put((id % 3) as usize, id, "x");
    }
    let mut fold = bench.fold();
    let mut cycles = 0;
    loop {
        let report = fold.cycle().expect("a cycle");
        cycles += 1;
        let state = announced(&bench.store);
        let folded: Offsets = state.header_tags()["kafka.offsets"].parse().expect("offsets");
        let sum: i64 = folded.iter().map(|(_, offset)| offset).sum();
        assert_eq!(
            titles(&state).len() as i64,
            sum,
            "the offsets say exactly what is inside"
        );
        assert_eq!(report.behind as i64, 20 - sum);
        if report.behind == 0 {
            break;
        }
    }
    assert_eq!(cycles, 3);
}

#[test]
fn a_new_log_halts_or_starts_a_generation() {
    let mut bench = Bench::new(1);
    bench.put(0, 1, "one");
    bench.put(0, 2, "two");
    let mut fold = bench.fold();
    fold.cycle().expect("a cycle");
    bench.log.start_anew("two");
    bench.put(0, 2, "deux");
    let failure = fold.cycle().expect_err("another log");
    assert!(
        failure.is_final && failure.text.contains("the log started anew"),
        "{}",
        failure.text
    );

    bench.settings.new_log = NewLog::StartGeneration;
    let mut fold = bench.fold();
    let report = fold.cycle().expect("a cycle");
    assert!(
        report
            .started_anew
            .is_some_and(|evidence| evidence.contains("log=one, this is log=two"))
    );
    let state = announced(&bench.store);
    assert_eq!(titles(&state), names(&[(1, "one"), (2, "deux")]));
    assert_eq!(state.header_tags()["kafka.generation"], "1");
    assert_eq!(state.header_tags()["kafka.offsets"], "0:1");
    // Later cycles stay in it.
    bench.put(0, 3, "trois");
    let report = fold.cycle().expect("a cycle");
    assert_eq!((report.messages, report.started_anew), (1, None));
    assert_eq!(report.position.map(|position| position.generation), Some(1));
}

#[test]
fn lost_messages_and_lost_partitions_halt() {
    let bench = Bench::new(2);
    bench.put(0, 1, "one");
    bench.fold().cycle().expect("a cycle");
    for id in 2..6 {
        bench.put(0, id, "more");
    }
    bench.log.truncate(0, 3);
    let failure = bench.fold().cycle().expect_err("a gap");
    assert!(failure.is_final);
    assert!(
        failure
            .text
            .contains("topic=titles partition=0 expected offset=1 low watermark=3; 2 offsets are gone"),
        "{}",
        failure.text
    );
}

#[test]
fn whoever_is_fenced_off_halts() {
    let bench = Bench::new(1);
    bench.put(0, 1, "one");
    let mut old = bench.fold();
    old.cycle().expect("a cycle");
    let mut new = bench.fold();
    bench.put(0, 2, "two");
    new.cycle().expect("a cycle");
    bench.put(0, 3, "three");
    let failure = old.cycle().expect_err("fenced");
    assert!(
        failure.is_final && failure.text.contains("another producer has taken over"),
        "{}",
        failure.text
    );
}

#[test]
fn a_thread_folds_recovers_from_failures_and_stops() {
    let bench = Bench::new(2);
    bench.log.fail_next_look("away");
    bench.log.fail_next_look("still away");
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let handle = bench
        .service()
        .listener(Arc::new(move |name, event| {
            assert_eq!(name, "titles");
            sink.lock().expect("no panic").push(event.clone());
        }))
        .start()
        .expect("a thread");
    bench.put(0, 1, "one");
    bench.put(1, 2, "two");
    let until = |done: &dyn Fn(&Status) -> bool| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !done(&handle.status()) {
            assert!(Instant::now() < deadline, "{:?}", handle.status());
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    until(&|status| status.messages == 2);
    let status = handle.status();
    assert_eq!(
        (status.phase, status.failures, &status.last_error),
        (Phase::Folding, 0, &None)
    );
    assert!(
        status
            .age(SystemTime::now())
            .is_some_and(|age| age < Duration::from_secs(600))
    );
    assert_eq!(titles(&announced(&bench.store)), names(&[(1, "one"), (2, "two")]));

    bench.log.start_anew("two");
    until(&|status| status.phase == Phase::Halted);
    assert!(
        handle
            .status()
            .last_error
            .is_some_and(|error| error.contains("the log started anew"))
    );
    handle.join();
    let events = events.lock().expect("no panic");
    assert!(matches!(events[0], Event::Restored { version: None, .. }));
    assert!(matches!(&events[1], Event::Retry { failures: 1, error, .. } if error.contains("away")));
    assert!(matches!(&events[2], Event::Retry { failures: 2, .. }));
    assert!(matches!(events[3], Event::Cycle(_)));
    assert!(matches!(events.last(), Some(Event::Halted { .. })));
}

#[test]
fn a_cycle_can_be_asked_for_and_a_stop_does_not_wait_for_the_next() {
    let mut bench = Bench::new(1);
    bench.settings.cadence = Duration::from_secs(3600);
    let handle = bench.service().start().expect("a thread");
    let deadline = Instant::now() + Duration::from_secs(60);
    while handle.status().cycles == 0 {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    bench.put(0, 1, "one");
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(handle.status().messages, 0);
    handle.cycle_now();
    while handle.status().messages == 0 {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(handle); // else it would take an hour
}

#[test]
fn ticks_that_pass_are_skipped() {
    let start = Instant::now();
    let ms = Duration::from_millis;
    assert_eq!(next_tick(start, ms(100), start + ms(30)), start + ms(100));
    assert_eq!(next_tick(start, ms(100), start + ms(100)), start + ms(200));
    assert_eq!(next_tick(start, ms(100), start + ms(350)), start + ms(400));
}

/// What may happen to a log, and to the one who folds it.
#[derive(Clone, Debug)]
enum Act {
    Put { id: u8, name: u8, compact: bool },
    Repeat { id: u8 },
    Delete { id: u8 },
    Nonsense,
    Cycle,
    FailLetters,
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..12_u8, 0..4_u8, any::<bool>()).prop_map(|(id, name, compact)| Act::Put { id, name, compact }),
        2 => (0..12_u8).prop_map(|id| Act::Repeat { id }),
        3 => (0..12_u8).prop_map(|id| Act::Delete { id }),
        1 => Just(Act::Nonsense),
        3 => Just(Act::Cycle),
        1 => Just(Act::FailLetters),
        1 => Just(Act::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_fold_is_the_map_of_what_was_written(acts in proptest::collection::vec(act(), 1..60), limit in 1..20_u64) {
        let mut bench = Bench::new(3);
        bench.settings.limits.messages = limit;
        let codec = codec();
        let mut fold = bench.fold();
        let mut model: BTreeMap<i64, String> = BTreeMap::new();
        let partition = |id: u8| usize::from(id) % 3;
        for act in acts {
            match act {
                Act::Put { id, name, compact } => {
                    let name = format!("n{name}");
                    let value = title(id.into(), &name);
                    let payload = if compact { codec.encode_rkyv(&value).expect("it fits") } else { codec.encode_json(&value) };
                    let key = codec.encode_key(&[KeyValue::Long(id.into())]);
                    bench.log.append(partition(id), Some(&key), Some(&payload), &[]);
                    model.insert(id.into(), name);
                }
                Act::Repeat { id } => match model.get(&i64::from(id)) {
                    Some(name) => bench.put(partition(id), id.into(), name),
                    None => bench.delete(partition(id), id.into()),
                },
                Act::Delete { id } => {
                    bench.delete(partition(id), id.into());
                    model.remove(&i64::from(id));
                }
                Act::Nonsense => { bench.log.append(0, Some(b"[1]"), Some(b"nonsense"), &[]); }
                Act::Cycle => { let _ = fold.cycle(); }
                Act::FailLetters => bench.letters.fail_next(1),
                Act::Restart => fold = bench.fold(),
            }
        }
        bench.letters.fail_next(0);
        while fold.cycle().map_err(|failure| TestCaseError::fail(failure.text))?.behind > 0 {}
        prop_assert_eq!(titles(&announced(&bench.store)), model);
    }
}
