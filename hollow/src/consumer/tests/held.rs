//! States that are read where they lie, and states that are kept or held after they were replaced.

use super::*;
use std::path::Path;

fn files(directory: &Path) -> Store {
    Store::fs(directory).expect("a directory")
}

/// Bytes the state in force has in memory.
fn bytes(consumer: &Consumer) -> usize {
    consumer.state().expect("announced").memory_bytes()
}

#[test]
fn mapped_snapshots_take_no_memory_and_deltas_take_theirs() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = files(directory.path());
    let mut producer = producer(&store);
    publish(&mut producer, 1);
    let mapped = Consumer::builder(store.clone()).mapped().build().expect("valid");
    mapped.refresh().expect("announced");
    let loaded = Consumer::builder(store).start().expect("announced");
    let before = bytes(&mapped);
    assert!(before < bytes(&loaded), "{before} bytes");
    assert_eq!(mapped.state().as_deref().and_then(id), Some(1));
    publish(&mut producer, 2);
    mapped.refresh().expect("announced");
    assert_eq!(mapped.state().as_deref().and_then(id), Some(2));
    assert!(bytes(&mapped) > before);
}

#[test]
fn a_cache_makes_snapshots_of_any_store_files() {
    let store = Store::memory();
    publish(&mut producer(&store), 1);
    let directory = tempfile::tempdir().expect("a directory");
    let cached = || Consumer::builder(store.clone()).cache(directory.path());
    // The first time it comes from the store, the second time from the cache.
    let started = [cached().mapped(), cached().mapped()].map(|builder| builder.start().expect("announced"));
    let loaded = cached().start().expect("announced");
    for mapped in started {
        assert!(bytes(&mapped) < bytes(&loaded));
        assert_eq!(mapped.state().as_deref().and_then(id), Some(1));
    }
    // Without a file it is loaded.
    let no_file = Consumer::builder(store).mapped().start().expect("announced");
    assert_eq!(bytes(&no_file), bytes(&loaded));
}

#[test]
fn states_are_kept_as_many_as_asked_for() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let consumer = Consumer::builder(store.clone()).history(3).build().expect("valid");
    let mut versions = Vec::new();
    for number in 0..5 {
        versions.push(publish(&mut producer, number));
        consumer.refresh().expect("announced");
    }
    let history = consumer.history();
    let kept: Vec<_> = history.versions().collect();
    assert_eq!(
        kept.iter().filter_map(|held| held.version).collect::<Vec<_>>(),
        versions[2..]
    );
    assert_eq!(history.version(versions[3]).and_then(id), Some(3));
    assert!(history.version(versions[1]).is_none());
    assert!(kept.is_sorted_by_key(|held| held.since));
    assert_eq!(kept[0].until, Some(kept[1].since));
    assert_eq!(kept[2].until, None);
    // Not asked for, it is the one in force.
    let plain = Consumer::builder(store).start().expect("announced");
    assert_eq!(plain.history().len(), 1);
}

#[test]
fn a_reader_that_holds_on_to_a_state_is_seen() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let consumer = Consumer::builder(store).build().expect("valid");
    let first = publish(&mut producer, 1);
    consumer.refresh().expect("announced");
    let reader = consumer.state();
    assert_eq!(consumer.health().still_held, []);
    for number in 2..4 {
        publish(&mut producer, number);
        consumer.refresh().expect("announced");
    }
    let held = consumer.health().still_held;
    let versions: Vec<_> = held.iter().map(|held| held.version).collect();
    assert_eq!(versions, [Some(first)]);
    assert!(held[0].bytes > 0);
    drop(reader);
    assert_eq!(consumer.health().still_held, []);
}
