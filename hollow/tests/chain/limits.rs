//! Limits on what changes in a cycle and within a time, and what a person can let through.

use crate::support::builder;
use hollow::producer::{
    Acceptance, ChangedRecords, CycleError, MinimumRecordCount, NullKeys, Producer, RecordCountChange, RemovedRecords,
    Validator,
};
use hollow::record::{KeyValue, Value};
use hollow::schema::Dataset;
use hollow::store::{KeyChanges, Manifest, Sha256, Store};
use hollow::testing::{ManualClock, entropy};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn dataset() -> Dataset {
    let text = "Item @PrimaryKey(id) { long id; string name; Tags tags; } Tag { string value; } Tags Set<Tag>;";
    Dataset::parse(text).expect("valid schemas")
}

fn item(id: i64, name: &str) -> Value {
    let tag = |text: &str| Value::Object(vec![Value::String(format!("{text} of {id}"))]);
    Value::Object(vec![
        Value::Long(id),
        Value::String(name.into()),
        Value::Set(vec![tag("one"), tag("two"), tag("three")]),
    ])
}

/// A dataset with limits, whose producer can be started anew at any time.
struct Bench {
    store: Store,
    clock: ManualClock,
    limits: fn() -> Vec<Box<dyn Validator>>,
    starts: u64,
}

impl Bench {
    fn new(limits: fn() -> Vec<Box<dyn Validator>>) -> Self {
        Self {
            store: Store::memory(),
            clock: ManualClock::at(1_700_000_000),
            limits,
            starts: 0,
        }
    }

    fn producer(&mut self) -> Producer {
        self.starts += 1;
        let clock = self.clock.clone();
        Producer::builder(dataset(), self.store.clone())
            .root("Item")
            .clock(move || clock.now())
            .entropy(entropy(self.starts))
            .keep_refused(3)
            .validators((self.limits)())
            .build()
            .expect("valid settings")
    }

    fn head(&self) -> Manifest {
        let (head, _) = self.store.head().expect("read").expect("announced");
        self.store.manifest(head.version, &head.manifest).expect("there")
    }

    /// What lies in quarantine: the manifests, oldest first.
    fn refused(&self) -> Vec<Manifest> {
        let keys = self.store.blobs().list("quarantine/").expect("listed");
        let manifests = keys.iter().filter(|key| key.as_str().ends_with("-manifest"));
        let read = |key| serde_json::from_slice(&self.store.blobs().open(key).expect("there")).expect("a manifest");
        let mut manifests: Vec<Manifest> = manifests.map(read).collect();
        manifests.sort_by_key(|manifest| manifest.created_at);
        manifests
    }
}

fn load(producer: &mut Producer, ids: std::ops::Range<i64>, name: &str) -> Result<(), CycleError> {
    let outcome = producer.run_incremental_cycle(|cycle| {
        for id in ids {
            cycle.upsert("Item", &item(id, name))?;
        }
        Ok(())
    });
    outcome.map(drop)
}

fn delete(producer: &mut Producer, ids: std::ops::Range<i64>) -> Result<(), CycleError> {
    let outcome = producer.run_incremental_cycle(|cycle| {
        for id in ids {
            cycle.delete("Item", &[KeyValue::Long(id)])?;
        }
        Ok(())
    });
    outcome.map(drop)
}

fn refusers(error: &CycleError) -> Vec<&str> {
    let CycleError::Rejected { receipts, .. } = error else {
        panic!("{error}")
    };
    let refused = receipts.iter().filter(|receipt| receipt.refuses());
    refused.map(|receipt| receipt.validator.as_str()).collect()
}

fn hourly() -> Vec<Box<dyn Validator>> {
    vec![
        Box::new(RemovedRecords::at_most_percent("Item", 2.0)),
        Box::new(RemovedRecords::at_most_percent("Item", 5.0).within(HOUR)),
    ]
}

#[test]
fn removals_of_one_percent_a_cycle_trip_a_window_of_five_also_when_every_cycle_is_a_new_process() {
    for restarts in [false, true] {
        let mut bench = Bench::new(hourly);
        let mut producer = bench.producer();
        load(&mut producer, 0..1000, "x").expect("the first load");
        for cycle in 0..5 {
            bench.clock.advance(Duration::from_secs(30));
            if restarts {
                producer = bench.producer();
            }
            delete(&mut producer, cycle * 10..(cycle + 1) * 10).expect("within both limits");
        }
        bench.clock.advance(Duration::from_secs(30));
        if restarts {
            producer = bench.producer();
        }
        let error = delete(&mut producer, 50..60).expect_err("six percent within the hour");
        assert_eq!(refusers(&error), ["removed-records(Item, 3600 s)"], "{error}");
        assert!(
            error
                .to_string()
                .contains("60 of 1000 records removed, 6.00 % (limit 5 %)"),
            "{error}"
        );
        // An hour later it is another hour.
        bench.clock.advance(HOUR);
        delete(&mut producer, 50..60).expect("one percent");
        let error = delete(&mut producer, 100..120).expect_err("20 of 940");
        assert_eq!(refusers(&error), ["removed-records(Item)"], "{error}");
    }
}

#[test]
fn manifests_say_what_became_of_the_keys() {
    let mut bench = Bench::new(hourly);
    let mut producer = bench.producer();
    load(&mut producer, 0..100, "x").expect("published");
    let changes = |bench: &Bench| bench.head().counts["Item"].changes.expect("a root");
    let expected = |added, changed, removed| KeyChanges {
        added,
        changed,
        removed,
    };
    assert_eq!(changes(&bench), expected(100, 0, 0));
    producer
        .run_incremental_cycle(|cycle| {
            for id in 90..105 {
                cycle.upsert("Item", &item(id, "y"))?;
            }
            cycle.upsert("Item", &item(50, "x"))?; // as it is
            Ok(cycle.delete("Item", &[KeyValue::Long(7)]).map(drop)?)
        })
        .expect("published");
    assert_eq!(changes(&bench), expected(5, 10, 1));
    assert_eq!(bench.head().counts["Item"].records, 104);
    assert_eq!(
        (bench.head().counts["Tag"].records, bench.head().counts["Tag"].changes),
        (312, None)
    );
    // The same by a full cycle, where no key is given.
    producer
        .run_cycle(|cycle| {
            (0..100)
                .try_for_each(|id| cycle.add("Item", &item(id, "z")).map(drop))
                .map_err(Into::into)
        })
        .expect_err("five removed of 104");
    let refused = bench.refused().pop().expect("one");
    assert_eq!(refused.counts["Item"].changes, Some(expected(1, 99, 5)));
}

#[test]
fn counts_and_changes_have_limits_within_windows_too() {
    let mut bench = Bench::new(|| {
        vec![
            Box::new(RecordCountChange::at_most_percent("Item", 25.0).within(HOUR)),
            Box::new(ChangedRecords::at_most_percent("Item", 10.0)),
            Box::new(ChangedRecords::at_most_percent("Item", 15.0).within(HOUR)),
            Box::new(MinimumRecordCount::at_least("Item", 1)),
        ]
    });
    let mut producer = bench.producer();
    load(&mut producer, 0..100, "x").expect("published");
    bench.clock.advance(2 * HOUR);
    load(&mut producer, 100..120, "x").expect("published");
    bench.clock.advance(Duration::from_secs(600));
    let error = load(&mut producer, 120..130, "x").expect_err("30 more than an hour ago");
    assert_eq!(refusers(&error), ["record-count-change(Item, 3600 s)"], "{error}");
    load(&mut producer, 0..10, "y").expect("published");
    let error = load(&mut producer, 10..20, "y").expect_err("20 of 120");
    assert_eq!(refusers(&error), ["changed-records(Item, 3600 s)"], "{error}");
    let error = load(&mut producer, 0..20, "z").expect_err("20 of 120");
    assert_eq!(refusers(&error).len(), 2, "{error}");
}

fn accept(refused: &Manifest) -> Acceptance {
    let named = refused.receipts.iter().filter(|receipt| receipt.refuses());
    Acceptance {
        candidate: format!("{}-{}", refused.version, refused.nonce),
        digest: refused.change_digest.expect("taken of what is refused"),
        validators: named.map(|receipt| receipt.validator.clone()).collect(),
        by: "Ada".to_owned(),
    }
}

#[test]
fn what_was_accepted_is_published_by_whoever_comes_to_the_same() {
    let mut bench = Bench::new(hourly);
    let mut producer = bench.producer();
    load(&mut producer, 0..100, "x").expect("published");
    let change = |producer: &mut Producer, ids: &[i64]| {
        producer.run_incremental_cycle(|cycle| {
            for &id in ids {
                cycle.delete("Item", &[KeyValue::Long(id)])?;
                cycle.upsert("Item", &item(id + 1000, "new"))?;
            }
            Ok(())
        })
    };
    change(&mut producer, &[1, 2, 3, 4, 5, 6, 7]).expect_err("seven percent");
    let acceptance = accept(&bench.refused()[0]);
    assert_eq!(acceptance.validators.len(), 2);

    // Something else, and one refusal more.
    producer.accept_next(acceptance.clone());
    let error = change(&mut producer, &[1, 2, 3, 4, 5, 6, 8]).expect_err("not this");
    assert!(
        error.to_string().contains("this is something else: digest expected="),
        "{error}"
    );
    let fewer = Acceptance {
        validators: acceptance.validators[..1].to_vec(),
        ..acceptance.clone()
    };
    producer.accept_next(fewer);
    let error = change(&mut producer, &[1, 2, 3, 4, 5, 6, 7]).expect_err("refused by one more");
    assert!(
        error
            .to_string()
            .contains("now it is refused by removed-records(Item, 3600 s) too"),
        "{error}"
    );
    // Not the cycle after the next.
    producer.accept_next(acceptance.clone());
    load(&mut producer, 0..1, "y").expect_err("what was accepted is something else");
    change(&mut producer, &[1, 2, 3, 4, 5, 6, 7]).expect_err("judged as ever");

    // Another process, another order, other ordinals.
    let mut producer = bench.producer();
    let digest = bench.refused().last().expect("one").change_digest;
    let acceptance = Acceptance {
        digest: digest.expect("taken"),
        ..acceptance
    };
    producer.accept_next(acceptance);
    bench.clock.advance(Duration::from_secs(1));
    change(&mut producer, &[7, 3, 6, 1, 2, 5, 4]).expect("accepted");
    let head = bench.head();
    assert_eq!(head.change_digest, digest);
    assert!(
        head.receipts
            .iter()
            .all(|receipt| !receipt.passed && !receipt.refuses())
    );
    assert!(
        head.receipts[0]
            .waived
            .as_ref()
            .is_some_and(|by| by.starts_with("by Ada"))
    );

    // What was accepted does not count again, and what comes then does.
    bench.clock.advance(Duration::from_secs(1));
    let mut producer = bench.producer();
    for id in 10..15 {
        delete(&mut producer, id..id + 1).expect("one percent");
        bench.clock.advance(Duration::from_secs(1));
    }
    let error = delete(&mut producer, 15..16).expect_err("six percent");
    assert_eq!(refusers(&error), ["removed-records(Item, 3600 s)"], "{error}");
}

#[test]
fn a_digest_is_of_what_changes() {
    let mut bench = Bench::new(hourly);
    let mut producer = bench.producer();
    load(&mut producer, 0..100, "x").expect("published");
    let mut digests: Vec<Sha256> = Vec::new();
    for range in [0..10, 0..11, 1..11, 0..10] {
        bench.clock.advance(Duration::from_secs(1));
        delete(&mut producer, range).expect_err("too many");
        digests.push(bench.refused().last().expect("one").change_digest.expect("taken"));
    }
    assert_eq!(digests[0], digests[3]);
    assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
}

#[test]
fn quarantine_keeps_the_newest() {
    let mut bench = Bench::new(hourly);
    let mut producer = bench.producer();
    load(&mut producer, 0..100, "x").expect("published");
    for _ in 0..5 {
        delete(&mut producer, 0..10).expect_err("too many"); // all within a second
    }
    bench.clock.advance(Duration::from_secs(5));
    delete(&mut producer, 0..20).expect_err("too many");
    let refused = bench.refused();
    assert_eq!(refused.len(), 3);
    assert_eq!(refused[2].counts["Item"].records, 80);
    let objects = bench.store.blobs().list("quarantine/").expect("listed");
    assert_eq!(objects.len(), 9, "delta, reverse delta and manifest each: {objects:?}");
}

#[test]
fn a_null_in_a_key_is_refused_where_it_is_asked_for() {
    let dataset = "Item @PrimaryKey(id) { long id; Country country; } Country @PrimaryKey(code) { string code; }";
    let dataset = Dataset::parse(dataset).expect("valid schemas");
    let mut producer = builder_of(&dataset)
        .validator(NullKeys::of("Country"))
        .build()
        .expect("valid");
    let item = |id, code| Value::Object(vec![Value::Long(id), Value::Object(vec![code])]);
    let good = item(1, Value::String("de".into()));
    producer
        .run_incremental_cycle(|cycle| Ok(cycle.upsert("Item", &good).map(drop)?))
        .expect("published");
    let error = producer
        .run_incremental_cycle(|cycle| Ok(cycle.upsert("Item", &item(2, Value::Null)).map(drop)?))
        .expect_err("null");
    assert!(
        error
            .to_string()
            .contains("null-keys(Country): 1 records have a null in their primary key"),
        "{error}"
    );
}

fn builder_of(dataset: &Dataset) -> hollow::producer::ProducerBuilder {
    Producer::builder(dataset.clone(), Store::memory()).root("Item")
}

#[test]
fn validators_before_windows_still_work() {
    // A validator that says nothing of windows leaves no sums in the manifests.
    let store = Store::memory();
    let mut producer = builder(crate::support::dataset(), &store, 3)
        .validator(MinimumRecordCount::at_least("Studio", 0))
        .build()
        .expect("valid");
    let studio = Value::Object(vec![Value::Int(1), Value::String("x".into()), Value::Null]);
    producer
        .run_cycle(|cycle| Ok(cycle.add("Studio", &studio).map(drop)?))
        .expect("published");
    assert!(producer.manifest().is_some_and(|manifest| manifest.recent.is_empty()));
}
