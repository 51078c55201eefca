//! What is refused is never seen by anybody.

use crate::routes::consumer;
use crate::support::{Random, assert_is, builder, dataset, fill};
use hollow::producer::{Candidate, CycleError, DuplicateKeys, MinimumRecordCount, RecordCountChange, Validator};
use hollow::record::Value;
use hollow::store::Store;
use hollow::testing::Model;

struct Panics;

impl Validator for Panics {
    fn name(&self) -> String {
        "panics".into()
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        match candidate.state.header_tags().get("panic") {
            Some(text) => panic!("{text}"),
            None => Ok("calm".into()),
        }
    }
}

fn studio(id: i32, name: &str) -> Value {
    Value::Object(vec![Value::Int(id), Value::String(name.into()), Value::Null])
}

#[test]
fn a_refused_candidate_is_in_quarantine_and_nowhere_else() {
    let store = Store::memory();
    let mut producer = builder(dataset(), &store, 70)
        .validator(RecordCountChange::at_most_percent("Studio", 20.0))
        .validator(MinimumRecordCount::at_least("Studio", 4))
        .validator(DuplicateKeys::of("Studio"))
        .validator(Panics)
        .check_keys(false) // the validator is to find it
        .build()
        .expect("valid");
    let mut run = |studios: &[Value], panic: bool| {
        producer.run_cycle(|cycle| {
            match panic {
                true => cycle.tag("panic", "over it"),
                false => cycle.remove_tag("panic"),
            }
            studios
                .iter()
                .try_for_each(|studio| cycle.add("Studio", studio).map(drop))?;
            Ok(())
        })
    };
    let good: Vec<Value> = (0..10).map(|id| studio(id, "x")).collect();
    run(&good[..3], false).expect_err("too few to begin with");
    assert!(store.head().expect("read").is_none());
    let version = run(&good, false).expect("accepted").version().expect("published");

    let mut duplicate = good.clone();
    duplicate.push(studio(3, "another with key 3"));
    let more: Vec<Value> = (0..13).map(|id| studio(id, "x")).collect();
    let changed: Vec<Value> = (0..10).map(|id| studio(id, "y")).collect();
    for (candidate, panic, by) in [
        (&more, false, "record-count-change(Studio)"),
        (&good[..7].to_vec(), false, "record-count-change(Studio)"),
        (&duplicate, false, "duplicate-keys(Studio)"),
        (&changed, true, "panics"),
    ] {
        let blobs = store.blobs().list("blobs/").expect("listed").len();
        let error = run(candidate, panic).expect_err("refused");
        let CycleError::Rejected {
            version: refused,
            receipts,
            ..
        } = &error
        else {
            panic!("{error}")
        };
        let by_whom: Vec<&str> = receipts
            .iter()
            .filter(|r| !r.passed)
            .map(|r| r.validator.as_str())
            .collect();
        assert_eq!(by_whom, [by], "{error}");
        assert_eq!(receipts.len(), 4);
        let follower = consumer(&store);
        follower.refresh().expect("refreshed");
        assert_eq!(follower.version(), Some(version));
        follower.refresh_to(*refused).expect_err("nobody can ask for it");
        assert_eq!(store.blobs().list("blobs/").expect("listed").len(), blobs);
        let kept = store.blobs().list(&format!("quarantine/{refused}-")).expect("listed");
        assert!(kept.len() >= 2, "{kept:?}");
    }
    run(&more[..11], false)
        .expect("ten percent more")
        .version()
        .expect("published");
    let follower = consumer(&store);
    follower.refresh().expect("refreshed");
    assert_eq!(
        follower.state().expect("a state").ty("Studio").map(|ty| ty.len()),
        Some(11)
    );
    let receipts = follower
        .manifest(follower.version().expect("one"))
        .expect("read")
        .expect("there")
        .receipts;
    assert!(receipts.len() == 4 && receipts.iter().all(|receipt| receipt.passed));
}

#[test]
fn a_cycle_that_cannot_be_filled_is_rolled_back() {
    let store = Store::memory();
    let (mut random, mut model) = (Random::new(71), Model::new(dataset()));
    random.change(&mut model, 10);
    let mut producer = builder(dataset(), &store, 71).build().expect("valid");
    producer.run_cycle(|cycle| fill(cycle, &model)).expect("published");
    let error = producer.run_cycle(|cycle| {
        cycle.tag("half", "done");
        cycle.add("Studio", &studio(99, "half done"))?;
        Err("the source is gone".into())
    });
    assert!(matches!(error, Err(CycleError::Populate(_))));
    random.change(&mut model, 4);
    producer
        .run_cycle(|cycle| fill(cycle, &model))
        .expect("published")
        .version()
        .expect("changed");
    let follower = consumer(&store);
    follower.refresh().expect("refreshed");
    let state = follower.state().expect("a state");
    assert_is(&state, &model);
    assert!(!state.header_tags().contains_key("half"));
}

#[test]
fn a_full_cycle_must_not_have_two_records_of_one_key_or_one_without() {
    let store = Store::memory();
    let mut producer = builder(dataset(), &store, 71).build().expect("valid");
    let mut run = |studios: &[Value]| {
        producer.run_cycle(|cycle| {
            studios
                .iter()
                .try_for_each(|studio| cycle.add("Studio", studio).map(drop))?;
            Ok(())
        })
    };
    let good: Vec<Value> = (0..5).map(|id| studio(id, "x")).collect();
    let twice = [&good[..], &[studio(3, "another with key 3")]].concat();
    let null = [&good[..], &[Value::Object(vec![Value::Null, Value::Null, Value::Null])]].concat();
    for _ in 0..2 {
        let refused = run(&twice);
        assert!(
            matches!(&refused, Err(CycleError::DuplicateKey { type_name, key }) if type_name == "Studio" && key == "[3]"),
            "{refused:?}"
        );
        let refused = run(&null);
        assert!(
            matches!(&refused, Err(CycleError::NullKey { type_name, count: 1, .. }) if type_name == "Studio"),
            "{refused:?}"
        );
        // The second time round there is a version, and it stays.
        drop(run(&good).expect("accepted"));
    }
    let state = producer.state().expect("a state");
    assert_eq!(state.ty("Studio").expect("there").len(), 5);
    assert_eq!(crate::routes::consumer(&store).versions().expect("a chain").len(), 1);
}
