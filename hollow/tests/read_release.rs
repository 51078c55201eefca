//! What holding states costs, and that memory is given back, by the allocator's count.
//!
//! One test only: others would allocate at the same time.

use cap::Cap;
use hollow::read::{History, ReadState, wait_for_release};
use hollow::record::Value;
use hollow::testing::entropy;
use hollow::write::{WriteConfig, WriteStateEngine};
use std::alloc::System;
use std::time::SystemTime;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const SCHEMAS: &str = "Person { string name; } Cast List<Person>; Country { string code; }
    Window { Country country; long start; int flags; } Windows Set<Window>; Titles Map<Country,Person>;
    Movie @PrimaryKey(id) { long id; string title; int year; long updated; Cast cast; Windows windows; Titles titles; }";

const MOVIES: u64 = 10_000;
const STATES: usize = 100;
/// Bytes for each state whatever changes.
const FIXED: usize = 8 << 10;

fn movie(id: u64, version: u64) -> Value {
    let mut stable = entropy(id);
    let text = |n: u64| Value::String(format!("name {n:x}"));
    let person = |n: u64| Value::Object(vec![text(n)]);
    let country = |n: u64| Value::Object(vec![Value::String(format!("c{}", n % 190))]);
    let cast: Vec<Value> = (0..2 + stable() % 9).map(|_| person(stable() % 20_000)).collect();
    let first = stable();
    let windows: Vec<Value> = (0..5 + stable() % 31)
        .map(|at| {
            let start = first % 400 + if at == version % 5 { version * 1000 } else { 0 };
            Value::Object(vec![
                country(first + at),
                Value::Long(start as i64 * 86_400_000),
                Value::Int(1),
            ])
        })
        .collect();
    let titles =
        (0..3 + stable() % 11).map(|at| (country(first + at), person(if at == 0 { first + version } else { at })));
    Value::Object(vec![
        Value::Long(id as i64),
        text(first),
        Value::Int(1950 + (first % 76) as i32),
        Value::Long(version as i64 * 60_000),
        Value::List(cast),
        Value::Set(windows),
        Value::Map(titles.collect()),
    ])
}

/// A snapshot, and deltas of a thousandth of the movies each.
fn blobs() -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in hollow::schema::parse(SCHEMAS).expect("schemas") {
        engine.add_type(schema, None).expect("a new type");
    }
    let mut next = entropy(3);
    let mut versions = vec![0; MOVIES as usize];
    let (mut snapshot, mut deltas) = (Vec::new(), Vec::new());
    for cycle in 0..STATES as u64 {
        engine.prepare_for_next_cycle(cycle as i64 + 1);
        if cycle > 0 {
            (0..MOVIES / 1000).for_each(|_| versions[(next() % MOVIES) as usize] = cycle);
        }
        for (id, version) in (0..).zip(&versions) {
            engine.add("Movie", &movie(id, *version)).expect("a record");
        }
        engine.prepare_for_write().expect("a state");
        let mut blob = Vec::new();
        if cycle == 0 {
            engine.write_snapshot(&mut snapshot).expect("a snapshot");
        } else {
            engine.write_delta(&mut blob).expect("a delta");
            deltas.push(blob);
        }
    }
    (snapshot, deltas)
}

fn allocated() -> usize {
    wait_for_release();
    ALLOCATOR.allocated()
}

#[test]
fn held_states_cost_their_changes_and_are_given_back() {
    let (snapshot, deltas) = blobs();
    let changed: usize = deltas.iter().map(Vec::len).sum();
    drop(ReadState::from_snapshot(&snapshot)); // starts whatever is started once
    let base = allocated();
    let state = ReadState::from_snapshot(&snapshot).expect("a snapshot");
    let one = allocated() - base;
    assert!(
        one < snapshot.len() + snapshot.len() / 20 + 100_000,
        "{one} for {}",
        snapshot.len()
    );
    let said = state.memory_bytes();
    assert!(said.abs_diff(one) < one / 20, "said {said}, taken {one}");

    let mut history = History::with_limit(STATES);
    history.push(state, SystemTime::now());
    for delta in &deltas {
        let next = history.current().expect("a state").apply_delta(delta).expect("a delta");
        assert!(history.push(next, SystemTime::now()).is_none());
    }
    let held = allocated() - base;
    let said = history.memory_bytes();
    println!("one state {one}, {STATES} states {held} (they say {said}), deltas {changed} bytes");
    // Beside what changes, each state has tables and a list of the log's blocks, which counts in states as small as these.
    let fixed = STATES * FIXED;
    assert!(
        held <= one + one * 3 / 10 + changed + fixed,
        "{held} for {STATES} states of {one}, deltas {changed}"
    );
    assert!(said.abs_diff(held) < held / 10, "said {said}, taken {held}");

    // All but the last: what remains is one state, if with a log. Then nothing.
    let last = history.current().cloned();
    drop(history);
    let remains = allocated() - base;
    assert!(remains < one + one / 4, "{remains} for one state of {one}");
    drop(last);
    let left = allocated().saturating_sub(base);
    assert!(left < 10_000, "{left} bytes are left");
}
