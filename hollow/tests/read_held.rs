//! Held states over random walks along random chains: each goes on saying the same, to the byte, whatever is made of it
//! and of its neighbours, and when it is dropped its memory comes back, by the allocator's count.
//!
//! One test only: others would allocate at the same time.

use cap::Cap;
use hollow::index::IndexSpec;
use hollow::read::{ReadState, wait_for_release};
use hollow::record::Value;
use hollow::testing::entropy;
use hollow::tools::rewrite;
use hollow::write::{WriteConfig, WriteStateEngine};
use sha2::{Digest, Sha256};
use std::alloc::System;
use std::path::Path;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const SCHEMAS: &str = "Tag { string name; } Tags List<Tag>; TagSet Set<Tag> @HashKey(name);
    TagMap Map<Tag,Tag> @HashKey(name);
    Top @PrimaryKey(id) { long id; int n; string s; bytes y; double d; Tag tag; Tags list; TagSet set; TagMap map; }";

/// Bytes that may be left when all states are gone: what the machinery keeps for itself.
const LEFT: usize = 10_000;

struct Step {
    snapshot: Vec<u8>,
    /// To this state from the one before, and back.
    delta: Vec<u8>,
    reverse: Vec<u8>,
    /// What the state says.
    said: Said,
}

/// The digest of all its bytes.
type Said = [u8; 32];

/// Where a blob names the state it leads from: states are the same whichever way led to them.
const ORIGIN: std::ops::Range<usize> = 4..12;

/// A snapshot of a state, written anew: each record at its ordinal, each bucket, each tag.
fn said(state: &ReadState) -> Said {
    let mut bytes = Vec::new();
    rewrite::snapshot(state, &mut bytes).expect("a snapshot");
    bytes[ORIGIN].fill(0);
    Sha256::digest(&bytes).into()
}

fn tag(number: u64) -> Value {
    Value::Object(vec![Value::String(format!("tag{}", number % 1500))])
}

fn top(id: u64, random: u64) -> Value {
    let mut next = entropy(random);
    let mut or_null = |value: Value| if next().is_multiple_of(5) { Value::Null } else { value };
    let tags = |count: u64| (0..count).map(move |at| tag((random >> 7).wrapping_add(at * 13)));
    Value::Object(vec![
        Value::Long(id as i64),
        or_null(Value::Int((random >> 40) as i32)),
        or_null(Value::String("aé\u{1F600}x".repeat((random % 7) as usize))),
        or_null(Value::Bytes(random.to_le_bytes()[..(random % 9) as usize].to_vec())),
        or_null(Value::Double(random as f64 / 3.0)),
        or_null(tag(random)),
        or_null(Value::List(tags(random % 4).collect())),
        or_null(Value::Set(tags(random % 12).collect())),
        or_null(Value::Map(
            tags(random % 9).map(|key| (key, tag(random % 77))).collect(),
        )),
    ])
}

fn chain(seed: u64) -> Vec<Step> {
    let mut next = entropy(seed);
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in hollow::schema::parse(SCHEMAS).expect("schemas") {
        engine.add_type(schema, Some(1 << (seed % 4))).expect("a new type");
    }
    let count = [40, 1100, 6000][(seed % 3) as usize] + next() % 200;
    let mut records: Vec<Option<u64>> = (0..count).map(|_| Some(next())).collect();
    let mut steps = Vec::new();
    for cycle in 0..5 + next() % 8 {
        engine.prepare_for_next_cycle(cycle as i64 + 10);
        let churn = [1, 20, 400][next() as usize % 3];
        for record in &mut records {
            if cycle > 0 && next() % 1000 < churn {
                *record = (!next().is_multiple_of(4)).then(&mut next);
            }
        }
        for (id, record) in (0..).zip(&records) {
            if let Some(random) = record {
                engine.add("Top", &top(id, *random)).expect("a record");
            }
        }
        engine.prepare_for_write().expect("a state");
        let (mut snapshot, mut delta, mut reverse) = (Vec::new(), Vec::new(), Vec::new());
        engine.write_snapshot(&mut snapshot).expect("a snapshot");
        if cycle > 0 {
            engine.write_delta(&mut delta).expect("a delta");
            engine.write_reverse_delta(&mut reverse).expect("a reverse delta");
        }
        let said = said(&ReadState::from_snapshot(&snapshot).expect("a state"));
        steps.push(Step {
            snapshot,
            delta,
            reverse,
            said,
        });
    }
    steps
}

fn allocated() -> usize {
    wait_for_release();
    ALLOCATOR.allocated()
}

/// Walks to and fro along a chain and holds each state that comes up; gives how many did.
fn walk(seed: u64, steps: &[Step], file: Option<&Path>, indexed: bool) -> usize {
    let mut next = entropy(!seed);
    let mut at = next() as usize % steps.len();
    let open = |at: usize| match file {
        Some(path) => {
            std::fs::write(path, &steps[at].snapshot).expect("a file");
            ReadState::open_mapped(path).expect("a snapshot")
        }
        None => ReadState::from_snapshot(&steps[at].snapshot).expect("a snapshot"),
    };
    let base = allocated();
    let mut state = open(at);
    if indexed {
        state = state.with_indexes(&[
            IndexSpec::primary_key("Top"),
            IndexSpec::hash("Top", &["set.element.name"]).named("tags"),
            IndexSpec::sorted("Top", "s").named("s"),
        ]);
    }
    state.content_hash(); // carried on from here
    let mut held: Vec<(usize, ReadState)> = vec![(at, state)];
    for _ in 0..20 {
        // From the newest state mostly, else from any of those held: their histories fork.
        let from = match next() % 4 {
            0 => next() as usize % held.len(),
            _ => held.len() - 1,
        };
        at = held[from].0;
        let forward = at == 0 || (at + 1 < steps.len() && next().is_multiple_of(2));
        let (to, blob) = match forward {
            true => (at + 1, &steps[at + 1].delta),
            false => (at - 1, &steps[at].reverse),
        };
        let state = held[from].1.apply_delta(blob).expect("a delta");
        assert_eq!(
            said(&state),
            steps[to].said,
            "seed={seed}: the state made from {at} to {to}"
        );
        held.push((to, state));
        if next().is_multiple_of(3) && held.len() > 2 {
            held.swap_remove(next() as usize % held.len());
        }
    }
    for (number, (at, state)) in held.iter().enumerate() {
        assert_eq!(
            said(state),
            steps[*at].said,
            "seed={seed}: the state held as number {number} at {at}"
        );
    }
    let states = held.len();
    // All but one of them: what is left is what that one says it holds.
    let kept = held.swap_remove(next() as usize % held.len());
    held.into_iter().for_each(drop);
    if !indexed {
        let (left, expected) = (allocated() - base, kept.1.memory_bytes());
        assert!(
            left.abs_diff(expected) < expected / 8 + 40_000,
            "seed={seed}: {left} bytes for one state that says {expected}"
        );
    }
    assert_eq!(said(&kept.1), steps[kept.0].said, "seed={seed}: the last one");
    drop(kept);
    let left = allocated().saturating_sub(base);
    assert!(left < LEFT, "seed={seed}: {left} bytes are left");
    states
}

#[test]
fn held_states_say_the_same_to_the_byte_and_their_memory_comes_back() {
    let histories: u64 = match std::env::var("PROPTEST_CASES") {
        Ok(count) => count.parse().expect("a number"),
        Err(_) => 12,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("snapshot");
    let mut states = 0;
    for seed in 0..histories {
        let steps = chain(seed);
        for (file, indexed) in [(None, false), (Some(path.as_path()), false), (None, true)] {
            states += walk(seed, &steps, file, indexed);
        }
    }
    println!("FIGURE: {histories} random histories: {states} held states unchanged to the byte, all memory given back");
}
