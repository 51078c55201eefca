//! Readers race refreshes: whatever a reader finds belongs to one version, be the state it began with in memory or a file.
//!
//! Runs for three seconds, or for as many as `HOLLOW_STRESS_SECONDS` says.

use hollow::Ordinal;
use hollow::read::{ReadState, wait_for_release};
use hollow::record::Value;
use hollow::testing::entropy;
use hollow::write::{WriteConfig, WriteStateEngine};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const SCHEMAS: &str = "Note { string text; } Item @PrimaryKey(id) { long id; int version; Note note; }";
const RECORDS: i64 = 20_000;
const VERSIONS: usize = 24;

/// A record says its version twice, in two types; a state says in its tags what all versions in it add up to.
fn item(id: i64, version: i32) -> Value {
    let note = Value::Object(vec![Value::String(format!("{id} in {version}"))]);
    Value::Object(vec![Value::Long(id), Value::Int(version), note])
}

/// A delta and its reverse.
type Step = (Vec<u8>, Vec<u8>);

/// A snapshot, and the steps from there.
fn blobs() -> (Vec<u8>, Vec<Step>) {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in hollow::schema::parse(SCHEMAS).expect("schemas") {
        engine.add_type(schema, Some(4)).expect("a new type");
    }
    let mut next = entropy(1);
    let mut versions = vec![0i32; RECORDS as usize];
    let (mut snapshot, mut deltas) = (Vec::new(), Vec::new());
    for cycle in 0..VERSIONS {
        engine.prepare_for_next_cycle(cycle as i64 + 1);
        if cycle > 0 {
            // A few records, a hundredth, or a third of them.
            let changes = [10, RECORDS as u64 / 100, RECORDS as u64 / 3][cycle % 3];
            for _ in 0..changes {
                versions[(next() % RECORDS as u64) as usize] = cycle as i32;
            }
        }
        for (id, version) in (0..).zip(&versions) {
            engine.add("Item", &item(id, *version)).expect("a record");
        }
        let sum: i64 = versions.iter().map(|version| i64::from(*version)).sum();
        engine.set_header_tag("sum", &sum.to_string());
        engine.prepare_for_write().expect("a state");
        if cycle == 0 {
            engine.write_snapshot(&mut snapshot).expect("a snapshot");
            continue;
        }
        let (mut delta, mut reverse) = (Vec::new(), Vec::new());
        engine.write_delta(&mut delta).expect("a delta");
        engine.write_reverse_delta(&mut reverse).expect("a reverse delta");
        deltas.push((delta, reverse));
    }
    (snapshot, deltas)
}

/// One read: a record's version in both places, which are in the same state but for the test of this test.
fn is_whole(state: &ReadState, other: &ReadState, ordinal: Ordinal) -> bool {
    let (Some(items), Some(notes)) = (state.object("Item"), other.object("Note")) else {
        return false;
    };
    let id = items.long(ordinal, 0);
    let (Some(id), Some(version), Some(note)) = (id, items.int(ordinal, 1), items.reference(ordinal, 2)) else {
        return false;
    };
    notes
        .text(note, 0)
        .is_some_and(|text| text.is(&format!("{id} in {version}")))
}

/// One read of everything: what all versions add up to.
fn adds_up(state: &ReadState) -> bool {
    let column = state.object("Item").and_then(|items| items.column::<i32>(1));
    let sum = column.map(|column| column.fold(0, |sum, _, version| sum + i64::from(version.unwrap_or(-1))));
    sum.map(|sum| sum.to_string()).as_ref() == state.header_tags().get("sum")
}

#[test]
fn no_read_is_torn() {
    let seconds = std::env::var("HOLLOW_STRESS_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let duration = Duration::from_secs(seconds.unwrap_or(3));
    let (snapshot, deltas) = blobs();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("snapshot");
    std::fs::write(&path, &snapshot).expect("a file");
    let load = || ReadState::from_snapshot(&snapshot).expect("a snapshot");
    let current = Mutex::new(load());
    let (reads, torn, refreshes) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let stop = AtomicBool::new(false);
    let get = || current.lock().expect("nobody panics with it").clone();
    thread::scope(|scope| {
        for reader in 0..3 {
            let (get, reads, torn, stop) = (&get, &reads, &torn, &stop);
            scope.spawn(move || {
                let mut next = entropy(reader);
                while !stop.load(Ordering::Relaxed) {
                    let state = get();
                    let items: Vec<Ordinal> = state.object("Item").expect("a type").populated().collect();
                    let picked = (0..1000).map(|_| items[next() as usize % items.len()]);
                    let mut found = picked.filter(|&ordinal| !is_whole(&state, &state, ordinal)).count() as u64;
                    found += u64::from(!adds_up(&state)) + u64::from(items.len() as i64 != RECORDS);
                    torn.fetch_add(found, Ordering::Relaxed);
                    reads.fetch_add(1000, Ordering::Relaxed);
                }
            });
        }
        let set = |next: ReadState| *current.lock().expect("nobody panics with it") = next;
        let end = Instant::now() + duration;
        // There and back, from memory and from the file in turns.
        'race: for round in 0.. {
            set(match round % 2 {
                0 => load(),
                _ => ReadState::open_mapped(&path).expect("a snapshot"),
            });
            let there = deltas.iter().map(|(delta, _)| delta);
            for delta in there.chain(deltas.iter().rev().map(|(_, reverse)| reverse)) {
                set(get().apply_delta(delta).expect("a delta"));
                refreshes.fetch_add(1, Ordering::Relaxed);
                if Instant::now() >= end {
                    break 'race;
                }
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    wait_for_release();
    let (reads, torn, refreshes) = (reads.into_inner(), torn.into_inner(), refreshes.into_inner());
    println!("FIGURE: {reads} records read in {duration:?} while {refreshes} deltas were applied: {torn} torn");
    assert_eq!(torn, 0, "of {reads}");
    assert!(reads > 1000 && refreshes > 10, "{reads} reads, {refreshes} refreshes");
}

/// Reads that mix two versions are seen, even if they are next to each other.
#[test]
fn a_torn_read_would_be_noticed() {
    let (snapshot, deltas) = blobs();
    let mut state = ReadState::from_snapshot(&snapshot).expect("a snapshot");
    for (delta, _) in &deltas {
        let next = state.apply_delta(delta).expect("a delta");
        let items: Vec<Ordinal> = next.object("Item").expect("a type").populated().collect();
        let mixed = |items_of: &ReadState, notes_of: &ReadState| {
            let torn = |ordinal: &&Ordinal| !is_whole(items_of, notes_of, **ordinal);
            items.iter().filter(torn).count()
        };
        assert_eq!(mixed(&next, &next), 0);
        assert!(mixed(&next, &state) >= 5 && mixed(&state, &next) >= 5);
        assert_ne!(state.header_tags().get("sum"), next.header_tags().get("sum"));
        state = next;
    }
}
