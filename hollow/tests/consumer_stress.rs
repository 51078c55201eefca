//! Readers race a consumer's refreshes: records, indexes and header tags that a reader finds belong to one version.
//!
//! Runs for three seconds, or for as many as `HOLLOW_STRESS_SECONDS` says. See `read_stress` for states without a consumer.

use hollow::Ordinal;
use hollow::Version;
use hollow::consumer::{Consumer, ConsumerBuilder};
use hollow::index::IndexSpec;
use hollow::producer::{Producer, SnapshotWriting};
use hollow::read::{ReadState, wait_for_release};
use hollow::record::Value;
use hollow::schema::Dataset;
use hollow::store::Store;
use hollow::testing::entropy;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const SCHEMAS: &str = "Note { string text; } Item @PrimaryKey(id) { long id; int version; Note note; }";
const RECORDS: i64 = 6_000;
const VERSIONS: i32 = 20;
/// Records that a reader looks up in one state.
const BATCH: u64 = 500;

/// A record says its version twice, in two types.
fn item(id: i64, version: i32) -> Value {
    let note = Value::Object(vec![Value::String(format!("{id} in {version}"))]);
    Value::Object(vec![Value::Long(id), Value::Int(version), note])
}

/// Fills a store with versions a tenth of a per cent, a hundredth, or a third apart; some have snapshots.
fn fill(store: &Store) {
    let dataset = Dataset::parse(SCHEMAS).expect("schemas");
    let mut producer = Producer::builder(dataset, store.clone())
        .root("Item")
        .snapshots(SnapshotWriting::WithVersion)
        .snapshot_every(7)
        .build()
        .expect("a producer");
    let mut next = entropy(1);
    let mut versions = vec![0i32; RECORDS as usize];
    for cycle in 0..VERSIONS {
        let changes = [6, RECORDS as u64 / 100, RECORDS as u64 / 3][cycle as usize % 3];
        for _ in 0..changes {
            versions[(next() % RECORDS as u64) as usize] = cycle;
        }
        let outcome = producer.run_cycle(|filling| {
            for (id, version) in (0..).zip(&versions) {
                filling.add("Item", &item(id, *version))?;
            }
            let sum: i64 = versions.iter().map(|version| i64::from(*version)).sum();
            filling.tag("sum", &sum.to_string());
            Ok(())
        });
        outcome.expect("a version");
    }
}

/// One look-up: a record found by key, its version in both places, and found again by two other indexes.
fn is_whole(state: &ReadState, id: i64) -> Option<bool> {
    let (items, notes) = (state.object("Item")?, state.object("Note")?);
    let found = state.unique_key("Item").ok()?.find_long(id)?;
    let (version, note) = (items.int(found, 1)?, items.reference(found, 2)?);
    let text = notes.text(note, 0)?;
    let expected = format!("{id} in {version}");
    let by_version = state.hash_index("version").ok()?;
    let of_version: Vec<Ordinal> = by_version.find_int(version).collect();
    let by_note = state.sorted_index("note").ok()?;
    let whole = items.long(found, 0) == Some(id)
        && text.is(&expected)
        && of_version.binary_search(&found).is_ok()
        && by_note.prefix(&expected).any(|ordinal| ordinal == found);
    Some(whole)
}

/// One read of everything: what all versions add up to.
fn adds_up(state: &ReadState) -> bool {
    let column = state.object("Item").and_then(|items| items.column::<i32>(1));
    let sum = column.map(|column| column.fold(0, |sum, _, version| sum + i64::from(version.unwrap_or(-1))));
    sum.map(|sum| sum.to_string()).as_ref() == state.header_tags().get("sum")
}

/// Look-ups in one state, and how many of them found a mixture.
fn read(state: &ReadState, mut next: impl FnMut() -> u64) -> u64 {
    let ids = (0..BATCH).map(|_| (next() % RECORDS as u64) as i64);
    let torn = ids.filter(|&id| is_whole(state, id) != Some(true)).count() as u64;
    torn + u64::from(!adds_up(state))
}

#[test]
fn no_look_up_of_a_consumer_is_torn() {
    let store = Store::memory();
    fill(&store);
    race("a consumer", Consumer::builder(store));
}

/// With all that a consumer can have besides: snapshots that stay in their files, a cache, the last states held.
#[test]
fn no_look_up_of_a_consumer_over_files_is_torn() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::fs(folder.path().join("store")).expect("a store");
    fill(&store);
    let builder = Consumer::builder(store).cache(folder.path().join("cache"));
    race("a consumer over files", builder.mapped().history(8));
}

fn race(what: &str, builder: ConsumerBuilder) {
    let seconds = std::env::var("HOLLOW_STRESS_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let duration = Duration::from_secs(seconds.unwrap_or(3));
    let consumer = builder
        .index(IndexSpec::primary_key("Item"))
        .index(IndexSpec::hash("Item", &["version"]).named("version"))
        .index(IndexSpec::sorted("Item", "note.text").named("note"))
        .build()
        .expect("a consumer");
    consumer.refresh().expect("a state");
    let versions: Vec<Version> = consumer.versions().expect("versions");
    let first = consumer.state().expect("a state");
    let (reads, torn, refreshes) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for reader in 0..3 {
            let (consumer, first, reads, torn, stop) = (&consumer, &first, &reads, &torn, &stop);
            scope.spawn(move || {
                let mut next = entropy(reader);
                while !stop.load(Ordering::Relaxed) {
                    // One of them goes back to a state that it holds all the time.
                    let newest = consumer.state().expect("a state");
                    let state = if reader == 0 && next().is_multiple_of(4) {
                        first
                    } else {
                        &newest
                    };
                    torn.fetch_add(read(state, &mut next), Ordering::Relaxed);
                    reads.fetch_add(BATCH, Ordering::Relaxed);
                }
            });
        }
        let end = Instant::now() + duration;
        let (mut next, mut at) = (entropy(99), 0);
        while Instant::now() < end {
            // A step to and fro mostly, by a delta or its reverse; now and then far away, with a snapshot perhaps.
            at = match next() % 8 {
                0 => next() as usize % versions.len(),
                1..=3 => at.saturating_sub(1),
                _ => (at + 1).min(versions.len() - 1),
            };
            consumer.refresh_to(versions[at]).expect("another version");
            refreshes.fetch_add(1, Ordering::Relaxed);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(read(&first, entropy(7)), 0, "the first state as it was");
    drop((first, consumer));
    wait_for_release();
    let (reads, torn, refreshes) = (reads.into_inner(), torn.into_inner(), refreshes.into_inner());
    println!(
        "FIGURE: {reads} look-ups by three indexes in {duration:?} while {what} moved {refreshes} times: {torn} torn"
    );
    assert_eq!(torn, 0, "of {reads}");
    assert!(reads > BATCH && refreshes > 5, "{reads} reads, {refreshes} refreshes");
}
