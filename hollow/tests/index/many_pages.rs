//! Indexes over records of many pages: what deltas leave alone, what they touch, and what they make anew.

use crate::histories::{check_hash, check_sorted, check_unique};
use hollow::index::IndexSpec;
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::testing::entropy;
use hollow::write::{WriteConfig, WriteStateEngine};

const SCHEMAS: &str = "Name { string value; } Names List<Name>;
    Top @PrimaryKey(id) { long id; int n; string t; Name name; Names list; }";

const UNIQUE: [&[&str]; 3] = [&["id"], &["t"], &["name.value", "n"]];
const HASH: [&[&str]; 4] = [&["n"], &["name.value"], &["list.element.value"], &["t", "n"]];
const SORTED: [&str; 4] = ["id", "n", "t", "name.value"];

fn specs() -> Vec<IndexSpec> {
    let named = |letter: char, paths: &[&str], spec: IndexSpec| spec.named(&format!("{letter} Top {paths:?}"));
    let unique = UNIQUE.map(|paths| named('u', paths, IndexSpec::unique_key("Top", paths)));
    let hash = HASH.map(|paths| named('h', paths, IndexSpec::hash("Top", paths)));
    let sorted = SORTED.map(|path| IndexSpec::sorted("Top", path).named(&format!("s {path}")));
    unique.into_iter().chain(hash).chain(sorted).collect()
}

/// Compares each index with a scan; gives how many there are.
fn check(state: &ReadState) -> usize {
    UNIQUE.iter().for_each(|paths| check_unique(state, "Top", paths));
    HASH.iter().for_each(|paths| check_hash(state, "Top", paths));
    SORTED.iter().for_each(|path| check_sorted(state, path));
    UNIQUE.len() + HASH.len() + SORTED.len()
}

fn top(id: u64, random: u64) -> Value {
    let mut next = entropy(random);
    let mut or_null = |value: Value| if next().is_multiple_of(6) { Value::Null } else { value };
    let name = |n: u64| Value::Object(vec![Value::String(format!("name {}", n % 3000))]);
    Value::Object(vec![
        or_null(Value::Long(id as i64 / 2 * 2)), // some twice
        or_null(Value::Int((random >> 30) as i32 % 700)),
        or_null(Value::String(format!("aaaaaaaa{:x}", random % 5000))),
        or_null(name(random >> 20)),
        or_null(Value::List(
            (0..random % 4).map(|at| name((random >> 9) + at)).collect(),
        )),
    ])
}

/// How many of a thousand records a cycle touches: few of them, a page's worth here and there, most.
const CHURN: [u64; 3] = [1, 30, 600];

#[test]
fn every_index_finds_what_a_scan_finds_over_many_pages() {
    let histories: u64 = match std::env::var("PROPTEST_CASES") {
        Ok(count) => count.parse().expect("a number"),
        Err(_) => 3,
    };
    let (mut states, mut compared) = (0, 0);
    for seed in 0..histories {
        let mut next = entropy(seed);
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        for schema in hollow::schema::parse(SCHEMAS).expect("schemas") {
            engine.add_type(schema, Some(1 << (seed % 3))).expect("a type");
        }
        let mut records: Vec<Option<u64>> = (0..1500 + next() % 5000).map(|_| Some(next())).collect();
        let mut state: Option<ReadState> = None;
        let mut held = Vec::new();
        for cycle in 0..3 + next() % 3 {
            engine.prepare_for_next_cycle(cycle as i64 + 1);
            let churn = CHURN[((seed + cycle) % 3) as usize];
            for record in &mut records {
                if cycle > 0 && next() % 1000 < churn {
                    *record = (!next().is_multiple_of(3)).then(&mut next);
                }
            }
            for (id, record) in (0..).zip(&records) {
                if let Some(random) = record {
                    engine.add("Top", &top(id, *random)).expect("a record");
                }
            }
            engine.prepare_for_write().expect("a state");
            let (mut delta, mut reverse) = (Vec::new(), Vec::new());
            let next = match &state {
                None => {
                    engine.write_snapshot(&mut delta).expect("a snapshot");
                    let first = ReadState::from_snapshot(&delta).expect("a state");
                    first.with_indexes(&specs())
                }
                Some(state) => {
                    engine.write_delta(&mut delta).expect("a delta");
                    engine.write_reverse_delta(&mut reverse).expect("a reverse delta");
                    let there = state.apply_delta(&delta).expect("the next state");
                    let back = there.apply_delta(&reverse).expect("the state before");
                    if cycle % 2 == 0 {
                        held.push(back.clone());
                    }
                    // The longer way round: what was carried back is carried forward again.
                    back.apply_delta(&delta).expect("the next state again")
                }
            };
            println!(
                "history {seed}, cycle {cycle}: {} records",
                next.types().map(|ty| ty.len()).sum::<usize>()
            );
            compared += check(&next);
            states += 1;
            held.push(next.clone());
            state = Some(next);
        }
        for state in held.iter().take(2) {
            compared += check(state);
            states += 1;
        }
    }
    println!(
        "FIGURE: {histories} histories over many pages: {compared} indexes of {states} states compared with scans"
    );
}
