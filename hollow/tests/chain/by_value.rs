//! Limits on the records of each value of a field.

use crate::support::Random;
use hollow::producer::{
    Acceptance, Candidate, CycleError, CycleOutcome, Producer, RecordsByValue, SnapshotWriting, Validator,
};
use hollow::record::{KeyValue, Value};
use hollow::schema::Dataset;
use hollow::store::Store;
use hollow::testing::{ManualClock, entropy};
use std::collections::BTreeMap;
use std::sync::Arc;

const SCHEMAS: &str = "
Movie @PrimaryKey(id) { long id; Country made_in; Countries shown_in; int year; boolean live; double score; }
Country { string code; }
Countries List<Country>;
";

fn dataset() -> Dataset {
    Dataset::parse(SCHEMAS).expect("valid schemas")
}

fn country(code: &str) -> Value {
    Value::Object(vec![Value::String(code.into())])
}

fn movie(id: i64, made_in: Option<&str>, shown_in: &[&str], year: i32) -> Value {
    Value::Object(vec![
        Value::Long(id),
        made_in.map_or(Value::Null, country),
        Value::List(shown_in.iter().map(|code| country(code)).collect()),
        Value::Int(year),
        Value::Boolean(year % 2 == 0),
        Value::Double(0.5),
    ])
}

fn producer(store: &Store, seed: u64, validators: Vec<Box<dyn Validator>>) -> Producer {
    let clock = ManualClock::at(1_700_000_000 + seed * 1000);
    Producer::builder(dataset(), store.clone())
        .root("Movie")
        .snapshot_every(4)
        .snapshots(SnapshotWriting::WithVersion)
        .clock(move || clock.now())
        .entropy(entropy(seed))
        .keep_refused(3)
        .validators(validators)
        .build()
        .expect("valid settings")
}

fn change(producer: &mut Producer, put: &[(i64, &str)], delete: &[i64]) -> Result<CycleOutcome, CycleError> {
    producer.run_incremental_cycle(|cycle| {
        for (id, made_in) in put {
            cycle.upsert("Movie", &movie(*id, Some(made_in), &[made_in, "US", made_in], 2000))?;
        }
        for id in delete {
            cycle.delete("Movie", &[KeyValue::Long(*id)])?;
        }
        Ok(())
    })
}

/// A catalogue of a hundred movies of each of three countries.
fn loaded(producer: &mut Producer) {
    let codes = ["DE", "FR", "KR"];
    let put: Vec<(i64, &str)> = (0..300).map(|id| (id, codes[id as usize / 100])).collect();
    change(producer, &put, &[]).expect("published");
}

#[test]
fn one_country_that_is_emptied_is_noticed_though_the_type_as_a_whole_looks_well() {
    for path in ["made_in", "made_in.code", "shown_in.element"] {
        let store = Store::memory();
        let limit = RecordsByValue::of("Movie", path).keeps_percent(50.0);
        let mut producer = producer(&store, 1, vec![Box::new(limit)]);
        loaded(&mut producer);
        // For each German one that goes another Korean one comes.
        let put: Vec<(i64, &str)> = (300..400).map(|id| (id, "KR")).collect();
        let gone: Vec<i64> = (0..100).collect();
        let error = change(&mut producer, &put, &gone).expect_err("no movie of Germany is left");
        let expected = "\"DE\" fell from 100 to 0 records, 0.00 % kept (at least 50 %)";
        let text = error.to_string();
        assert!(text.contains(expected), "{path}: {text}");
        assert!(text.contains(&format!("records-by-value(Movie, {path})")), "{text}");
        assert!(!text.contains("FR") && !text.contains("KR"), "{text}");
        // Half of them is enough.
        change(&mut producer, &put, &gone[..50]).expect("published");
        change(&mut producer, &[], &gone[50..76]).expect_err("24 of 50");
    }
}

#[test]
fn values_that_are_named_keep_so_many_also_when_they_go_one_by_one() {
    let store = Store::memory();
    let limit = || {
        RecordsByValue::of("Movie", "made_in")
            .at_least("DE", 98)
            .at_least("FR", 1)
    };
    let mut first = producer(&store, 1, vec![Box::new(limit())]);
    change(&mut first, &[(0, "FR")], &[]).expect_err("no movie of Germany");
    loaded(&mut first);
    change(&mut first, &[], &[0]).expect("99");
    // Also for a process that was not there before.
    let mut second = producer(&store, 2, vec![Box::new(limit())]);
    second.restore().expect("restored");
    change(&mut second, &[], &[1]).expect("98");
    let error = change(&mut second, &[], &[2]).expect_err("97");
    assert!(
        error
            .to_string()
            .contains("\"DE\" fell from 98 to 97 records (at least 98)"),
        "{error}"
    );
    // A movie that becomes another country's is gone, too; one that stays one of the country's is not.
    change(&mut second, &[(3, "FR")], &[]).expect_err("97");
    change(&mut second, &[(3, "DE"), (4, "DE")], &[]).expect("98");
}

#[test]
fn what_a_person_accepts_is_what_counts_from_then_on() {
    let store = Store::memory();
    let limit = RecordsByValue::of("Movie", "made_in").keeps_percent(50.0);
    let mut producer = producer(&store, 1, vec![Box::new(limit)]);
    loaded(&mut producer);
    let gone: Vec<i64> = (0..90).collect();
    change(&mut producer, &[], &gone).expect_err("10 of 100");
    let keys = store.blobs().list("quarantine/").expect("listed");
    let manifest = keys
        .iter()
        .find(|key| key.as_str().ends_with("-manifest"))
        .expect("one");
    let refused: hollow::store::Manifest =
        serde_json::from_slice(&store.blobs().open(manifest).expect("there")).expect("a manifest");
    producer.accept_next(Acceptance {
        candidate: format!("{}-{}", refused.version, refused.nonce),
        digest: refused.change_digest.expect("taken"),
        validators: refused
            .receipts
            .iter()
            .map(|receipt| receipt.validator.clone())
            .collect(),
        by: "Ada".to_owned(),
    });
    change(&mut producer, &[], &gone).expect("accepted");
    change(&mut producer, &[], &[90, 91, 92, 93, 94]).expect("5 of 10");
    let error = change(&mut producer, &[], &[95, 96, 97]).expect_err("2 of 5");
    assert!(error.to_string().contains("\"DE\" fell from 5 to 2 records"), "{error}");
}

#[test]
fn rare_values_may_come_and_go() {
    let store = Store::memory();
    let limit = RecordsByValue::of("Movie", "made_in")
        .keeps_percent(50.0)
        .from_records(3);
    let mut producer = producer(&store, 1, vec![Box::new(limit)]);
    change(
        &mut producer,
        &[(1, "IS"), (2, "IS"), (3, "FO"), (4, "FO"), (5, "FO"), (6, "DE")],
        &[],
    )
    .expect("published");
    change(&mut producer, &[], &[1, 2]).expect("two are not enough to judge by");
    change(&mut producer, &[], &[3, 4]).expect_err("1 of 3");
}

#[test]
fn a_receipt_tells_of_the_worst_and_stays_short() {
    let store = Store::memory();
    let limit = RecordsByValue::of("Movie", "made_in").keeps_percent(100.0);
    let mut producer = producer(&store, 1, vec![Box::new(limit)]);
    let long = "x".repeat(10_000);
    let codes: Vec<String> = (0..30).map(|n| format!("{n}{long}")).collect();
    let put: Vec<(i64, &str)> = (0..60).map(|id| (id, codes[id as usize / 2].as_str())).collect();
    change(&mut producer, &put, &[]).expect("published");
    let mut gone: Vec<i64> = (0..30).map(|n| n * 2).collect();
    gone.push(41);
    let error = change(&mut producer, &[], &gone).expect_err("one of two of each");
    let text = error.to_string();
    assert!(text.len() < 2000, "{}", text.len());
    assert!(text.contains(": \"20xx"), "the worst one comes first: {text}");
    assert!(text.contains("; and 20 values more"), "{text}");
}

#[test]
fn what_cannot_be_counted_by_is_said_before_anything_runs() {
    let check = |limit: RecordsByValue| limit.check(&dataset()).map_err(|error| error.to_string());
    for path in [
        "made_in",
        "made_in.code",
        "shown_in.element.code",
        "shown_in.element",
        "year",
        "live",
        "id",
    ] {
        check(RecordsByValue::of("Movie", path)).expect(path);
    }
    let year = || RecordsByValue::of("Movie", "year");
    check(year().at_least("-1", 1)).expect("a number");
    for (limit, expected) in [
        (RecordsByValue::of("Film", "year"), "no such type, type=Film"),
        (
            RecordsByValue::of("Movie", "country"),
            "type=Movie has no field=country",
        ),
        (RecordsByValue::of("Movie", "shown_in"), "path=shown_in"),
        (RecordsByValue::of("Movie", "score"), "path=score type=double"),
        (year().at_least("1999", 1).at_least("02000", 1), "value=\"02000\""),
        (year().at_least("12345678901", 1), "type=int value=\"12345678901\""),
        (
            RecordsByValue::of("Movie", "live").at_least("yes", 1),
            "type=boolean value=\"yes\"",
        ),
    ] {
        let error = check(limit).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_field_that_tells_records_apart_is_not_one_to_count_by() {
    let store = Store::memory();
    let limit = RecordsByValue::of("Movie", "id").keeps_percent(1.0);
    let mut producer = producer(&store, 1, vec![Box::new(limit)]);
    let error = producer
        .run_cycle(|cycle| {
            (0..100_001).try_for_each(|id| cycle.add("Movie", &movie(id, None, &[], 0)).map(drop))?;
            Ok(())
        })
        .expect_err("too many values");
    assert!(error.to_string().contains("more than 100000 values"), "{error}");
}

/// Lets a shared validator be asked by several producers, and remembers nothing itself.
struct Asked(Arc<RecordsByValue>);

impl Validator for Asked {
    fn name(&self) -> String {
        self.0.name()
    }
    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        let fresh = RecordsByValue::of("Movie", "shown_in.element.code")
            .keeps_percent(60.0)
            .at_least("c0", 1);
        let expected = fresh.validate(candidate);
        let found = self.0.validate(candidate);
        assert_eq!(found, expected, "what it remembers says the same as what is there");
        found
    }
}

#[test]
fn counts_that_are_carried_are_those_of_the_records() {
    let codes: Vec<String> = (0..6).map(|n| format!("c{n}")).collect();
    let (mut refusals, mut published) = (0, 0);
    for seed in 0..6 {
        let mut random = Random::new(seed + 77);
        let mut below = move |n: u64| random.below(n);
        let store = Store::memory();
        // One validator goes through everything that happens to a dataset.
        let limit = RecordsByValue::of("Movie", "shown_in.element.code")
            .keeps_percent(60.0)
            .at_least("c0", 1);
        let limit = Arc::new(limit);
        let start = |n: u64| producer(&store, 1 + seed * 1000 + n, vec![Box::new(Asked(limit.clone()))]);
        let mut running = start(0);
        let mut model: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for step in 1..60 {
            if below(8) == 0 {
                running = start(step);
                running.restore().expect("restored");
            }
            let mut next = model.clone();
            for _ in 0..1 + below(12) {
                let id = i64::try_from(below(40)).expect("small");
                match below(3) {
                    0 => drop(next.remove(&id)),
                    _ => {
                        let shown = (0..below(4)).map(|_| below(6) as usize).collect();
                        next.insert(id, shown);
                    }
                }
            }
            let shown = |shown: &[usize]| -> Vec<&str> { shown.iter().map(|&n| codes[n].as_str()).collect() };
            let in_full = below(4) == 0;
            let outcome = if in_full {
                running.run_cycle(|cycle| {
                    for (&id, countries) in &next {
                        cycle.add("Movie", &movie(id, None, &shown(countries), 1))?;
                    }
                    Ok(())
                })
            } else {
                running.run_incremental_cycle(|cycle| {
                    for (&id, countries) in &next {
                        cycle.upsert("Movie", &movie(id, None, &shown(countries), 1))?;
                    }
                    for &id in model.keys().filter(|id| !next.contains_key(id)) {
                        cycle.delete("Movie", &[KeyValue::Long(id)])?;
                    }
                    Ok(())
                })
            };
            // The same by hand.
            let count = |model: &BTreeMap<i64, Vec<usize>>, code: usize| {
                model.values().filter(|shown| shown.contains(&code)).count() as f64
            };
            let is_refused = count(&next, 0) < 1.0 || (0..6).any(|code| count(&next, code) < 0.6 * count(&model, code));
            match outcome {
                Ok(_) => {
                    assert!(!is_refused || next == model, "seed={seed} step={step}");
                    model = next;
                    published += 1;
                }
                Err(CycleError::Rejected { receipts, .. }) => {
                    assert!(is_refused, "seed={seed} step={step}: {receipts:?}");
                    refusals += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(
        refusals > 20 && published > 20,
        "{refusals} refused, {published} published"
    );
}
