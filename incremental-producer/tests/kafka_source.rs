//! The Kafka source against the mock cluster: cuts, limits, restarts, what the client must never do by itself.

use incremental_producer::Offsets;
use incremental_producer::client::ClientSettings;
use incremental_producer::emit::Emitter;
use incremental_producer::mock::MockKafka;
use incremental_producer::source::kafka::{KafkaSettings, KafkaSource};
use incremental_producer::source::{BoxError, LogView, ReadLimits, Reading, Source, SourceError};
use std::time::Duration;

fn source(mock: &MockKafka) -> KafkaSource {
    KafkaSource::new(KafkaSettings {
        bootstrap_servers: mock.bootstrap_servers().to_owned(),
        topic: "t".to_owned(),
        log: Some(mock.log().to_owned()),
        group: "fold-t".to_owned(),
        client: ClientSettings::default(),
    })
}

fn emitter(mock: &MockKafka) -> Emitter {
    Emitter::new(mock.bootstrap_servers(), &ClientSettings::default(), None, None).expect("a client")
}

fn emit(emitter: &Emitter, range: std::ops::Range<u32>) {
    for n in range {
        emitter
            .emit(
                "t",
                n.to_string().as_bytes(),
                Some(format!("v{n}").as_bytes()),
                i64::from(n),
                None,
            )
            .expect("room in the queue");
    }
    emitter.flush(Duration::from_secs(60)).expect("delivered");
}

fn ends(view: &LogView) -> Offsets {
    view.partitions.iter().map(|(&p, range)| (p, range.end)).collect()
}

fn starts(view: &LogView) -> Offsets {
    view.partitions.iter().map(|(&p, range)| (p, range.start)).collect()
}

/// Reads and collects (partition, offset, payload).
fn read(
    source: &mut KafkaSource,
    from: &Offsets,
    cut: &Offsets,
    limits: &ReadLimits,
) -> (Reading, Vec<(i32, i64, String)>) {
    let mut seen = Vec::new();
    let reading = source
        .read(from, cut, limits, &mut |record| {
            let payload = String::from_utf8(record.payload.expect("a payload").to_vec()).expect("text");
            assert_eq!(record.source_ms().map(|n| format!("v{n}")), Some(payload.clone()));
            seen.push((record.partition, record.offset, payload));
            Ok(())
        })
        .expect("the mock answers");
    (reading, seen)
}

#[test]
fn a_cut_holds_exactly_what_the_log_had() {
    let mock = MockKafka::with_topics([("t", 4)]).expect("a mock");
    let emitter = emitter(&mock);
    let mut source = source(&mock);
    let empty = source.look().expect("an answer");
    assert_eq!(ends(&empty).to_string(), "0:0,1:0,2:0,3:0");
    assert_eq!(empty.log, mock.log());

    emit(&emitter, 0..500);
    let first = source.look().expect("an answer");
    emit(&emitter, 500..800); // after the cut: not part of the cycle, though the client already fetches it
    let (reading, seen) = read(&mut source, &starts(&first), &ends(&first), &ReadLimits::default());
    assert!(reading.complete);
    assert_eq!((reading.messages, &reading.offsets), (500, &ends(&first)));
    let mut payloads: Vec<u32> = seen.iter().map(|(_, _, v)| v[1..].parse().expect("a number")).collect();
    payloads.sort_unstable();
    assert_eq!(payloads, (0..500).collect::<Vec<_>>());
    for partition in 0..4 {
        let offsets: Vec<i64> = seen
            .iter()
            .filter(|(p, ..)| *p == partition)
            .map(|(_, o, _)| *o)
            .collect();
        assert_eq!(offsets, (0..offsets.len() as i64).collect::<Vec<_>>(), "in order, once");
    }

    let second = source.look().expect("an answer");
    let (reading, seen) = read(&mut source, &reading.offsets, &ends(&second), &ReadLimits::default());
    assert_eq!((reading.complete, seen.len()), (true, 300));

    // Nothing new: no wait for anything.
    let limits = ReadLimits {
        stall: Duration::from_secs(86_400),
        ..ReadLimits::default()
    };
    let (reading, seen) = read(&mut source, &reading.offsets, &ends(&second), &limits);
    assert_eq!((reading.complete, seen.len()), (true, 0));
}

#[test]
fn a_limit_leaves_an_exact_prefix_and_a_new_source_goes_on_from_it() {
    let mock = MockKafka::with_topics([("t", 3)]).expect("a mock");
    emit(&emitter(&mock), 0..300);
    let mut first = source(&mock);
    let view = first.look().expect("an answer");
    let limits = ReadLimits {
        messages: 37,
        ..ReadLimits::default()
    };
    let mut from = starts(&view);
    let mut all = Vec::new();
    for round in 0..20 {
        // Every other round is another process.
        let mut other = source(&mock);
        let reader = if round % 2 == 0 { &mut first } else { &mut other };
        let (reading, seen) = read(reader, &from, &ends(&view), &limits);
        assert!(reading.messages <= 37);
        from = reading.offsets;
        all.extend(seen);
        if reading.complete {
            break;
        }
    }
    assert_eq!(from, ends(&view));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 300);
}

#[test]
fn a_failed_fold_is_read_again() {
    let mock = MockKafka::with_topics([("t", 2)]).expect("a mock");
    emit(&emitter(&mock), 0..50);
    let mut source = source(&mock);
    let view = source.look().expect("an answer");
    let mut count = 0;
    let failed = source.read(&starts(&view), &ends(&view), &ReadLimits::default(), &mut |_| {
        count += 1;
        if count == 20 {
            Err(BoxError::from("no room"))
        } else {
            Ok(())
        }
    });
    assert!(matches!(failed, Err(SourceError::Fold(_))), "{failed:?}");
    let (reading, seen) = read(&mut source, &starts(&view), &ends(&view), &ReadLimits::default());
    assert_eq!((reading.complete, seen.len()), (true, 50));
}

#[test]
fn offsets_that_are_gone_are_an_error_and_never_a_jump() {
    let mock = MockKafka::with_topics([("t", 1)]).expect("a mock");
    emit(&emitter(&mock), 0..10);
    let mut source = source(&mock);
    let beyond: Offsets = [(0, 50)].into_iter().collect();
    let cut: Offsets = [(0, 60)].into_iter().collect();
    let limits = ReadLimits {
        stall: Duration::from_secs(5),
        ..ReadLimits::default()
    };
    let result = source.read(&beyond, &cut, &limits, &mut |record| {
        panic!("read offset {}", record.offset)
    });
    assert!(matches!(result, Err(SourceError::Moved { .. })), "{result:?}");
}

#[test]
fn a_cluster_that_is_away_is_an_error_and_comes_back() {
    let mock = MockKafka::with_topics([("t", 1)]).expect("a mock");
    emit(&emitter(&mock), 0..10);
    let mut source = source(&mock);
    let view = source.look().expect("an answer");
    mock.set_down(true).expect("the mock obeys");
    assert!(matches!(source.look(), Err(SourceError::Unavailable { .. })));
    mock.set_down(false).expect("the mock obeys");
    let again = source.look().expect("an answer");
    assert_eq!(again, view);
    let (reading, seen) = read(&mut source, &starts(&view), &ends(&view), &ReadLimits::default());
    assert_eq!((reading.complete, seen.len()), (true, 10));
}

#[test]
fn a_topic_that_is_not_there_is_not_made() {
    let mock = MockKafka::start().expect("a mock");
    let mut source = source(&mock);
    for _ in 0..2 {
        let error = source.look().expect_err("no topic").to_string();
        assert!(
            error.contains("cannot ask for the topic, topic=t servers=127.0.0.1"),
            "{error}"
        );
    }
}
