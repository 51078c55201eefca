//! Changes by key against a plain model: what is published is exactly what the roots reach.

use crate::routes::{consumer, evolve};
use crate::support::{Random, assert_is, builder, dataset, evolved_dataset, fill, producer};
use hollow::producer::{BoxError, CycleError, IncrementalCycle, MinimumRecordCount, Producer};
use hollow::record::{Value, key_json, key_of};
use hollow::store::Store;
use hollow::testing::{Model, records_of};
use proptest::prelude::*;

/// One thing to do.
#[derive(Clone, Debug)]
enum Op {
    Upsert(u64),
    Delete(u64),
    /// A record that does not fit its schema: refused, and the cycle goes on.
    Misfit(u64),
}

/// How a cycle ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Published,
    Failed,
    Rejected,
    Restarted,
    FullCycle,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        5 => any::<u64>().prop_map(Op::Upsert),
        3 => any::<u64>().prop_map(Op::Delete),
        1 => any::<u64>().prop_map(Op::Misfit),
    ]
}

fn cycle() -> impl Strategy<Value = (Vec<Op>, End)> {
    let end = prop_oneof![
        6 => Just(End::Published),
        2 => Just(End::Failed),
        1 => Just(End::Rejected),
        1 => Just(End::Restarted),
        1 => Just(End::FullCycle),
    ];
    (prop::collection::vec(op(), 0..14), end)
}

/// The record a seed stands for: few keys, so that they meet.
fn record(seed: u64) -> (&'static str, Value) {
    let mut random = Random::new(seed);
    match random.below(3) {
        0 => ("Studio", random.studio(4)),
        _ => ("Movie", random.movie(6)),
    }
}

fn apply(cycle: &mut IncrementalCycle<'_>, model: &mut Model, ops: &[Op]) -> Result<(), BoxError> {
    for op in ops {
        match *op {
            Op::Upsert(seed) => {
                let (type_name, value) = record(seed);
                cycle.upsert(type_name, &value)?;
                model.upsert(type_name, value);
            }
            Op::Delete(seed) => {
                let (type_name, value) = record(seed);
                let key = key_of(&dataset(), type_name, &value)?;
                let there = cycle.contains(type_name, &key);
                assert_eq!(cycle.delete(type_name, &key)?, there);
                assert!(!cycle.contains(type_name, &key));
                model.delete(type_name, &value);
            }
            Op::Misfit(seed) => {
                // The misfit comes last, when people and tags have been added.
                let Value::Object(mut fields) = Random::new(seed).movie(6) else {
                    unreachable!()
                };
                *fields.last_mut().expect("fields") = Value::Int(1);
                cycle.upsert("Movie", &Value::Object(fields)).expect_err("does not fit");
            }
        }
    }
    for type_name in ["Movie", "Studio"] {
        let (mut keys, mut expected) = (Vec::new(), Vec::new());
        cycle.each_key(type_name, &mut |key| keys.push(key_json(key)))?;
        for (_, value) in model.roots().filter(|(root, _)| *root == type_name) {
            expected.push(key_json(&key_of(&dataset(), type_name, value)?));
        }
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys, expected, "the keys of the cycle as it is now");
    }
    assert!(cycle.each_key("Nothing", &mut |_| {}).is_err());
    Ok(())
}

fn incremental(store: &Store, seed: u64) -> Producer {
    builder(dataset(), store, seed)
        .validator(Gate)
        .validator(MinimumRecordCount::at_least("Movie", 0))
        .build()
        .expect("valid")
}

/// Refuses what is tagged so.
struct Gate;

impl hollow::producer::Validator for Gate {
    fn name(&self) -> String {
        "gate".into()
    }

    fn validate(&self, candidate: &hollow::producer::Candidate<'_>) -> Result<String, String> {
        match candidate.state.header_tags().get("refuse") {
            Some(_) => Err("told to".into()),
            None => Ok(String::new()),
        }
    }
}

/// How many cases to try; more if the environment says so.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(96)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn incremental_cycles_publish_exactly_what_the_roots_reach(cycles in prop::collection::vec(cycle(), 1..9)) {
        let store = Store::memory();
        let mut model = Model::new(dataset());
        let mut producer = incremental(&store, 80);
        let follower = consumer(&store);
        for (number, (ops, end)) in cycles.into_iter().enumerate() {
            if end == End::Restarted {
                producer = incremental(&store, 81 + number as u64);
                producer.restore().expect("restored");
            }
            let mut next = model.clone();
            let result = if end == End::FullCycle {
                for op in &ops {
                    if let Op::Upsert(seed) = *op {
                        let (type_name, value) = record(seed);
                        next.upsert(type_name, value);
                    }
                }
                producer.run_cycle(|cycle| fill(cycle, &next))
            } else {
                producer.run_incremental_cycle(|cycle| {
                    apply(cycle, &mut next, &ops)?;
                    match end {
                        End::Failed => Err("the source is gone".into()),
                        End::Rejected => {
                            cycle.tag("refuse", "this");
                            Ok(())
                        }
                        _ => Ok(()),
                    }
                })
            };
            match (end, result) {
                (End::Failed, Err(CycleError::Populate(_))) => {}
                (End::Rejected, Err(CycleError::Rejected { .. })) => {}
                // Nothing changed, so there was nothing to refuse.
                (End::Rejected, Ok(outcome)) => prop_assert!(outcome.version().is_none() && model.records() == next.records()),
                (End::Failed, other) => prop_assert!(false, "{:?}", other),
                (_, Ok(outcome)) => {
                    let first = store.head().expect("read").is_some() && follower.version().is_none();
                    let changed = model.records() != next.records();
                    prop_assert_eq!(outcome.version().is_some(), changed || first);
                    model = next;
                }
                (_, Err(error)) => prop_assert!(false, "{}", error),
            }
            if follower.announced().expect("read").is_some() {
                follower.refresh().expect("refreshed");
                let state = follower.state().expect("a state");
                prop_assert_eq!(records_of(&state), model.records());
            }
        }
        if follower.version().is_some() {
            let cold = consumer(&store);
            cold.refresh().expect("refreshed");
            assert_is(&cold.state().expect("a state"), &model);
        }
    }
}

#[test]
fn an_unchanged_record_produces_nothing() {
    let store = Store::memory();
    let mut producer = producer(&store, 90);
    let (type_name, value) = record(1);
    producer
        .run_incremental_cycle(|cycle| cycle.upsert(type_name, &value).map(|_| ()).map_err(Into::into))
        .expect("published")
        .version()
        .expect("the first");
    for seed in [91, 92] {
        let outcome = producer.run_incremental_cycle(|cycle| {
            assert!(!cycle.upsert(type_name, &value)?);
            assert_eq!(cycle.stats().unchanged, 1);
            Ok(())
        });
        assert_eq!(outcome.expect("a cycle").version(), None);
        producer = crate::support::producer(&store, seed); // the same after a restart
    }
}

#[test]
fn only_roots_are_named_by_key() {
    let store = Store::memory();
    let mut producer = producer(&store, 93);
    let outcome = producer.run_incremental_cycle(|cycle| {
        let country = Value::Object(vec![Value::String("de".into())]);
        assert!(matches!(
            cycle.upsert("Country", &country),
            Err(CycleError::NotARoot(_))
        ));
        assert!(matches!(cycle.delete("Nothing", &[]), Err(CycleError::NotARoot(_))));
        let without_key = Value::Object(vec![Value::Null, Value::Null, Value::Null]);
        assert!(matches!(cycle.upsert("Studio", &without_key), Err(CycleError::Key(_))));
        Ok(())
    });
    outcome.expect("a cycle");
}

#[test]
fn incremental_cycles_go_on_after_a_change_of_schemas() {
    for seed in 0..12 {
        let store = Store::memory();
        let (mut random, mut old) = (Random::new(100 + seed), Model::new(dataset()));
        random.change(&mut old, 15);
        producer(&store, 94)
            .run_cycle(|cycle| fill(cycle, &old))
            .expect("published");
        let mut model = Model::new(evolved_dataset());
        old.roots()
            .for_each(|(type_name, value)| model.upsert(type_name, evolve(type_name, value)));

        let mut producer = builder(evolved_dataset(), &store, 95).build().expect("valid");
        let follower = consumer(&store);
        for round in 0..4 {
            let outcome = producer.run_incremental_cycle(|cycle| {
                for _ in 0..random.below(8) {
                    let (type_name, value) = match random.below(3) {
                        0 => ("Studio", evolve("Studio", &random.studio(6))),
                        _ => ("Movie", with_new_fields(&mut random)),
                    };
                    if random.below(3) == 0 {
                        cycle.delete(type_name, &key_of(&evolved_dataset(), type_name, &value)?)?;
                        model.delete(type_name, &value);
                    } else {
                        cycle.upsert(type_name, &value)?;
                        model.upsert(type_name, value);
                    }
                }
                // A record that was there, with something in what is new.
                let known = model
                    .roots()
                    .find(|(name, _)| *name == "Movie")
                    .map(|(_, value)| value.clone());
                if let Some(Value::Object(mut fields)) = known.filter(|_| round == 0) {
                    fields[6] = Value::Object(vec![Value::String("new genre".into())]);
                    let value = Value::Object(fields);
                    cycle.upsert("Movie", &value)?;
                    model.upsert("Movie", value);
                }
                Ok(())
            });
            let outcome = outcome.expect("published");
            assert!(round > 0 || outcome.version().is_some(), "other schemas are a change");
            follower.refresh().expect("refreshed");
            assert_is(&follower.state().expect("a state"), &model);
            assert_is(&producer.state().expect("a state"), &model);
        }
    }
}

fn with_new_fields(random: &mut Random) -> Value {
    let Value::Object(mut fields) = evolve("Movie", &random.movie(25)) else {
        unreachable!()
    };
    if random.below(2) == 0 {
        fields[6] = Value::Object(vec![Value::String(format!("genre{}", random.below(4)))]);
    }
    Value::Object(fields)
}

#[test]
fn two_records_with_one_key_are_not_changed_by_key() {
    let store = Store::memory();
    let mut producer = builder(dataset(), &store, 96)
        .check_keys(false)
        .build()
        .expect("valid settings");
    let studio = |name: &str| Value::Object(vec![Value::Int(1), Value::String(name.into()), Value::Null]);
    let full = producer.run_cycle(|cycle| {
        cycle.add("Studio", &studio("a"))?;
        cycle.add("Studio", &studio("b"))?;
        Ok(())
    });
    full.expect("nobody validates");
    let error = producer.run_incremental_cycle(|_| Ok(())).expect_err("which one?");
    assert!(
        matches!(&error, CycleError::DuplicateKey { key, .. } if key == "[1]"),
        "{error}"
    );
}

#[test]
fn after_a_restart_what_is_delivered_again_still_is_no_change() {
    let store = Store::memory();
    let (mut random, mut model) = (Random::new(200), Model::new(dataset()));
    random.change(&mut model, 60);
    producer(&store, 200)
        .run_cycle(|cycle| fill(cycle, &model))
        .expect("published");

    let mut restarted = producer(&store, 201);
    let other = random.studio(1);
    let upsert = |cycle: &mut IncrementalCycle<'_>| {
        cycle.upsert("Studio", &other)?;
        Ok(())
    };
    restarted.run_incremental_cycle(upsert).expect("published");
    model.upsert("Studio", other.clone());
    // In the first cycle restored records wait for being recognised; they have to be known in later ones, too.
    for _ in 0..2 {
        let sweep = restarted.run_incremental_cycle(|cycle| {
            for (type_name, value) in model.roots() {
                assert!(!cycle.upsert(type_name, value)?, "{value:?}");
            }
            Ok(())
        });
        assert_eq!(sweep.expect("a cycle").version(), None);
        assert_eq!(
            restarted
                .run_cycle(|cycle| fill(cycle, &model))
                .expect("a cycle")
                .version(),
            None
        );
    }
}

#[test]
fn not_a_number_survives_a_restart() {
    let store = Store::memory();
    let Value::Object(mut fields) = Random::new(7).movie(5) else {
        unreachable!()
    };
    fields[7] = Value::Double(f64::NAN);
    let movie = Value::Object(fields);
    let upsert = |type_name: &'static str, value: &Value| {
        let value = value.clone();
        move |cycle: &mut IncrementalCycle<'_>| {
            cycle.upsert(type_name, &value)?;
            Ok(())
        }
    };
    producer(&store, 210)
        .run_incremental_cycle(upsert("Movie", &movie))
        .expect("published");
    let mut restarted = builder(dataset(), &store, 211)
        .snapshot_every(1)
        .build()
        .expect("valid");
    for seed in 0..3 {
        let studio = Random::new(seed).studio(100);
        restarted
            .run_incremental_cycle(upsert("Studio", &studio))
            .expect("published")
            .version()
            .expect("new");
        let again = restarted
            .run_incremental_cycle(upsert("Movie", &movie))
            .expect("a cycle");
        assert_eq!(again.version(), None);
    }
    let cold = consumer(&store);
    cold.refresh().expect("refreshed");
    let state = cold.state().expect("a state");
    let movies = state.object("Movie").expect("the type");
    let score = movies.populated().next().and_then(|ordinal| movies.double(ordinal, 7));
    assert!(score.is_some_and(f64::is_nan));
}

#[test]
fn add_if_absent_leaves_what_is_there() {
    let store = Store::memory();
    let mut producer = producer(&store, 90);
    let studio = |id: i32, name: &str| Value::Object(vec![Value::Int(id), Value::String(name.into()), Value::Null]);
    let mut model = Model::new(dataset());
    model.upsert("Studio", studio(1, "first"));
    model.upsert("Studio", studio(2, "second"));
    model.upsert("Studio", studio(3, "again"));
    let filled = producer.run_incremental_cycle(|cycle| {
        assert!(cycle.add_if_absent("Studio", &studio(1, "first"))?);
        assert!(
            !cycle.add_if_absent("Studio", &studio(1, "other"))?,
            "added in this cycle"
        );
        cycle.upsert("Studio", &studio(3, "gone"))?;
        Ok(())
    });
    filled.expect("published");
    let changed = producer.run_incremental_cycle(|cycle| {
        assert!(
            !cycle.add_if_absent("Studio", &studio(1, "other"))?,
            "added in the cycle before"
        );
        assert!(cycle.add_if_absent("Studio", &studio(2, "second"))?);
        let key = key_of(&dataset(), "Studio", &studio(3, ""))?;
        assert!(cycle.delete("Studio", &key)?);
        assert!(
            cycle.add_if_absent("Studio", &studio(3, "again"))?,
            "deleted in this cycle"
        );
        let no_key = Value::Object(vec![Value::Null, Value::Null, Value::Null]);
        assert!(matches!(
            cycle.add_if_absent("Studio", &no_key),
            Err(CycleError::Key(_))
        ));
        assert!(matches!(
            cycle.add_if_absent("Person", &Value::Null),
            Err(CycleError::NotARoot(_))
        ));
        assert_eq!(cycle.stats().unchanged, 1);
        Ok(())
    });
    changed.expect("published");
    assert_is(&producer.state().expect("a state"), &model);
}

#[test]
fn compaction_cycles_change_no_record_and_incremental_ones_go_on() {
    let store = Store::memory();
    let mut producer = producer(&store, 91);
    let (mut random, mut model) = (Random::new(91), Model::new(dataset()));
    let always = hollow::write::CompactionConfig {
        min_candidate_hole_cost_bytes: 0,
        min_candidate_hole_percentage: 0,
    };
    producer
        .run_compaction_cycle(always, u64::MAX)
        .expect("an empty first version");
    let mut moved = 0;
    for round in 0..12 {
        let before = model.clone();
        random.change(&mut model, if round % 3 == 0 { 30 } else { 6 });
        let changed = producer.run_incremental_cycle(|cycle| {
            for (type_name, value) in before.roots() {
                cycle.delete(type_name, &key_of(&dataset(), type_name, value)?)?;
            }
            for (type_name, value) in model.roots() {
                cycle.upsert(type_name, value)?;
            }
            Ok(())
        });
        changed.expect("published");
        for _ in 0..3 {
            let compacted = producer
                .run_compaction_cycle(always, 30)
                .expect("published or nothing to do");
            moved += u32::from(compacted.version().is_some());
            assert_is(&producer.state().expect("a state"), &model);
        }
    }
    assert!(moved > 3, "there was something to move");
    let cold = consumer(&store);
    cold.refresh().expect("refreshed");
    assert_is(&cold.state().expect("a state"), &model);
}
