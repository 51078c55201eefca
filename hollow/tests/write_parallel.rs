//! Several threads fill one engine: the records are those that one thread would have added, each once.

use hollow::read::ReadState;
use hollow::record::Value;
use hollow::testing::records_of;
use hollow::write::{Adder, CompactionConfig, WriteConfig, WriteError, WriteStateEngine};
use std::thread;

const SCHEMAS: &str = "
Movie @PrimaryKey(id) { long id; string title; People cast; Tags tags; Credits credits; }
Person { string name; Tag born; }
People List<Person>;
Tag { string value; }
Tags Set<Tag> @HashKey(value);
Credits Map<Tag, Person> @HashKey(value);
";

fn engine(config: WriteConfig) -> WriteStateEngine {
    let mut engine = WriteStateEngine::new(config);
    for schema in hollow::schema::parse(SCHEMAS).expect("schemas") {
        engine.add_type(schema, None).expect("new");
    }
    engine.prepare_for_next_cycle(1);
    engine
}

fn text(text: String) -> Value {
    Value::String(text)
}

fn tag(number: i64) -> Value {
    Value::Object(vec![text(format!("tag {}", number % 17))])
}

fn person(number: i64) -> Value {
    let born = if number % 3 == 0 { Value::Null } else { tag(number) };
    Value::Object(vec![text(format!("person {}", number % 101)), born])
}

/// A movie that shares what it refers to with many others.
fn movie(id: i64) -> Value {
    Value::Object(vec![
        Value::Long(id),
        text(format!("movie {}", id % 50)),
        Value::List((0..id % 5).map(|n| person(id * 7 + n)).collect()),
        Value::Set((0..id % 4).map(|n| tag(id + n)).collect()),
        Value::Map((0..id % 3).map(|n| (tag(id + n), person(id + n))).collect()),
    ])
}

fn snapshot(engine: &mut WriteStateEngine) -> ReadState {
    let mut bytes = Vec::new();
    engine.write_snapshot(&mut bytes).expect("written");
    ReadState::from_snapshot(&bytes).expect("reads back")
}

/// Adds movies by several threads, some of them by each.
fn fill(engine: &mut WriteStateEngine, ids: std::ops::Range<i64>, threads: i64) {
    let add = |adder: &mut Adder<'_>, part: i64| {
        for id in ids.clone().filter(|id| id % threads == part || id % 10 == 0) {
            adder.add("Movie", &movie(id)).expect("fits");
        }
    };
    let filled = engine.parallel(|adders| {
        thread::scope(|scope| {
            for part in 0..threads {
                scope.spawn(move || add(&mut adders.adder(), part));
            }
        });
    });
    filled.expect("adding");
}

fn configs() -> [WriteConfig; 3] {
    let default = WriteConfig::default();
    [
        default,
        WriteConfig {
            partitioned_ordinal_map: true,
            ..default
        },
        WriteConfig {
            focus_hole_fill_in_fewest_shards: true,
            target_max_type_shard_size_bytes: 4096,
            ..default
        },
    ]
}

#[test]
fn threads_add_what_one_thread_would() {
    for config in configs() {
        let (mut by_threads, mut by_one) = (engine(config), engine(config));
        let mut before: Option<ReadState> = None;
        for (cycle, ids) in [0..3000, 1000..3500, 500..600, 0..5000].into_iter().enumerate() {
            let tag = cycle as i64 + 10;
            by_threads.prepare_for_next_cycle(tag);
            by_one.prepare_for_next_cycle(tag);
            // Some cycles carry over, some begin anew; some records are there before the threads begin.
            if cycle == 1 {
                by_threads.add_all_from_previous_cycle().expect("adding");
                by_one.add_all_from_previous_cycle().expect("adding");
            }
            by_threads.add("Movie", &movie(ids.start)).expect("fits");
            fill(&mut by_threads, ids.clone(), 4);
            by_threads.add("Movie", &movie(ids.end)).expect("fits");
            for id in ids.start..=ids.end {
                by_one.add("Movie", &movie(id)).expect("fits");
            }
            let (state, expected) = (snapshot(&mut by_threads), snapshot(&mut by_one));
            assert_eq!(records_of(&state), records_of(&expected));
            if let Some(before) = before {
                let (mut delta, mut back) = (Vec::new(), Vec::new());
                by_threads.write_delta(&mut delta).expect("written");
                by_threads.write_reverse_delta(&mut back).expect("written");
                let next = before.apply_delta(&delta).expect("applies");
                assert_eq!(records_of(&next), records_of(&expected));
                let previous = next.apply_delta(&back).expect("leads back");
                assert_eq!(records_of(&previous), records_of(&before));
                // What stayed is where it was.
                for ty in before.types() {
                    let kept = ty
                        .populated()
                        .filter(|&ordinal| state.ty(ty.name()).is_some_and(|t| t.is_populated(ordinal)));
                    for ordinal in kept.take(50) {
                        assert_eq!(before.value(ty.name(), ordinal), state.value(ty.name(), ordinal));
                    }
                }
            }
            // Ordinals are dense but for what the stripes had in stock, and for partitions of which one has more records than
            // the others: which one a record is in goes by the ordinals it refers to, and so by who came first.
            for ty in state.types() {
                let uneven = if config.partitioned_ordinal_map {
                    ty.len() / 4
                } else {
                    0
                };
                let highest = ty.max_ordinal().map_or(0, |max| max.get() as usize);
                assert!(
                    cycle > 0 || highest <= ty.len() + 16 * 16 + uneven + 16,
                    "{} {highest} {}",
                    ty.name(),
                    ty.len()
                );
            }
            before = Some(state);
        }
    }
}

#[test]
fn a_reset_takes_back_what_threads_added() {
    let mut engine = engine(WriteConfig::default());
    fill(&mut engine, 0..500, 3);
    let before = snapshot(&mut engine);
    engine.prepare_for_next_cycle(2);
    engine.add_all_from_previous_cycle().expect("adding");
    fill(&mut engine, 400..900, 3);
    engine.reset();
    engine.add_all_from_previous_cycle().expect("adding");
    assert!(!engine.has_changed());
    engine.set_next_tag(3);
    assert_eq!(records_of(&snapshot(&mut engine)), records_of(&before));
    engine.prepare_for_next_cycle(4);
    let moved = engine.compact(CompactionConfig {
        min_candidate_hole_cost_bytes: 0,
        min_candidate_hole_percentage: 0,
    });
    moved.expect("an empty cycle");
}

#[test]
fn a_restored_engine_recognises_records_whichever_thread_adds_them() {
    let mut first = engine(WriteConfig::default());
    fill(&mut first, 0..800, 2);
    let before = snapshot(&mut first);
    let mut second = engine(WriteConfig::default());
    second.restore(&before).expect("restored");
    second.prepare_for_next_cycle(5);
    fill(&mut second, 0..800, 4);
    assert!(!second.has_changed());
    let state = snapshot(&mut second);
    assert_eq!(records_of(&state), records_of(&before));
}

#[test]
fn threads_hear_of_what_does_not_fit_and_a_panic_leaves_the_engine_whole() {
    let mut engine = engine(WriteConfig::default());
    fill(&mut engine, 0..100, 2);
    let refused = engine.parallel(|adders| {
        let mut adder = adders.adder();
        let movies = adder.type_id("Movie").expect("registered");
        assert!(matches!(adder.add_list(movies, &[]), Err(WriteError::WrongKind { .. })));
        assert!(matches!(
            adder.add("Nothing", &Value::Null),
            Err(WriteError::UnknownType(_))
        ));
        adder.add("Movie", &Value::Object(vec![Value::Null]))
    });
    assert!(matches!(refused, Ok(Err(WriteError::Mismatch { .. }))), "{refused:?}");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        engine.parallel(|adders| {
            adders.adder().add("Movie", &movie(1000)).expect("fits");
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err());
    let state = snapshot(&mut engine);
    assert_eq!(state.ty("Movie").expect("there").len(), 101);
    let late = engine.parallel(|_| ());
    assert!(matches!(late, Err(WriteError::WrongPhase { .. })), "{late:?}");
}
