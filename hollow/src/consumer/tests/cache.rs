//! Starts with a local cache: the store away, damaged files, versions that cannot be loaded.

use super::*;
use crate::read::Transition;
use std::fs;
use std::path::{Path, PathBuf};

/// A store that can be switched off, with a producer behind its back.
struct World {
    producer: Producer,
    faulty: FaultyStore,
    directory: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let store = Store::memory();
        Self {
            producer: producer(&store),
            faulty: FaultyStore::new(store, |_| None),
            directory: tempfile::tempdir().expect("a directory"),
        }
    }

    fn builder(&self) -> ConsumerBuilder {
        Consumer::builder(Store::from(self.faulty.clone())).cache(self.directory.path())
    }

    fn away(&self) {
        self.faulty.set_plan(|_| Some(Fault::Before));
    }

    fn back(&self) {
        self.faulty.set_plan(|_| None);
    }

    fn blobs(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.directory.path().join("blobs")).expect("the cache is open");
        entries.map(|entry| entry.expect("listed").path()).collect()
    }
}

fn length(path: &Path) -> usize {
    fs::read(path).expect("a file").len()
}

#[test]
fn a_start_needs_no_store() {
    let mut world = World::new();
    let consumer = world.builder().build().expect("valid");
    // Long enough for deltas to outgrow the first snapshot.
    let mut version = None;
    for number in 0..70 {
        version = Some(publish(&mut world.producer, number));
        consumer.refresh().expect("refreshed");
        assert_eq!(consumer.health().cache_error, None);
        if number % 9 == 0 {
            world.away();
            let restarted = world.builder().start().expect("from the cache");
            assert_eq!(restarted.version(), version);
            let (cached, followed) = (
                restarted.state().expect("in force"),
                consumer.state().expect("in force"),
            );
            assert!(Transition::between(&cached, &followed).is_empty());
            let health = restarted.health();
            assert!(health.from_cache && health.is_ready() && health.last_error.is_some());
            world.back();
        }
    }
    world.away();
    let restarted = world.builder().start().expect("from the cache");
    world.back();
    let next = publish(&mut world.producer, 99);
    let moved = restarted.refresh().expect("the store is back");
    assert!(matches!(
        moved,
        RefreshOutcome::Moved(Moved {
            snapshot: None,
            deltas: 1,
            ..
        })
    ));
    assert!(restarted.version() == Some(next) && !restarted.health().from_cache && version < Some(next));
}

#[test]
fn what_is_in_the_cache_is_not_fetched_again() {
    let mut world = World::new();
    publish(&mut world.producer, 1);
    world.builder().start().expect("announced");
    world.faulty.set_plan(|call| {
        (call.operation == Operation::Open && call.object.starts_with("blobs/")).then_some(Fault::Denied)
    });
    let again = world.builder().start().expect("without opening a blob of the store");
    assert_eq!(again.state().as_deref().and_then(id), Some(1));
    assert!(!again.health().from_cache, "the announcement came from the store");
}

#[test]
fn a_damaged_cache_is_never_believed() {
    let damages: [fn(&Path); 4] = [
        |path| fs::write(path, b"").expect("written"),
        |path| fs::remove_file(path).expect("removed"),
        |path| {
            let mut bytes = fs::read(path).expect("a file");
            let half = bytes.len() / 2;
            bytes[half] ^= 1;
            fs::write(path, bytes).expect("written");
        },
        |path| {
            let half = length(path) / 2;
            fs::File::options()
                .write(true)
                .open(path)
                .and_then(|file| file.set_len(half as u64))
                .expect("cut");
        },
    ];
    for damage in damages {
        let mut world = World::new();
        publish(&mut world.producer, 1);
        world.builder().start().expect("announced");
        world.blobs().iter().for_each(|blob| damage(blob));
        world.away();
        let error = world.builder().start().expect_err("nothing is left to start from");
        assert!(error.store_error().is_some_and(StoreError::is_transient), "{error}");
        world.back();
        let repaired = world.builder().start().expect("fetched again");
        assert_eq!(repaired.state().as_deref().and_then(id), Some(1));
        world.away();
        world.builder().start().expect("the cache was repaired");

        let record = world.directory.path().join("last");
        damage(&record);
        world
            .builder()
            .start()
            .expect_err("nobody knows what the blobs are for");
    }
}

#[test]
fn blobs_that_nothing_names_go_when_they_are_old() {
    let mut world = World::new();
    publish(&mut world.producer, 1);
    let consumer = world.builder().start().expect("announced");
    let (old, new) = ("0".repeat(64), "1".repeat(64));
    for name in [&old, &new] {
        fs::write(world.directory.path().join("blobs").join(name), "x").expect("written");
    }
    let file = fs::File::open(world.directory.path().join("blobs").join(&old)).expect("there");
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(3600))
        .expect("set");
    publish(&mut world.producer, 2);
    consumer.refresh().expect("refreshed");
    let names: Vec<_> = world
        .blobs()
        .iter()
        .filter_map(|path| path.file_name().map(ToOwned::to_owned))
        .collect();
    assert!(names.contains(&new.into()) && !names.contains(&old.into()));
    assert_eq!(names.len(), 3, "snapshot, delta and the new one");
}

#[test]
fn a_cache_that_cannot_be_written_to_is_done_without() {
    let mut world = World::new();
    publish(&mut world.producer, 1);
    let consumer = world.builder().build().expect("valid");
    fs::remove_dir_all(world.directory.path()).expect("removed");
    fs::write(world.directory.path(), "in the way").expect("written");
    consumer.refresh().expect("the store is there");
    assert_eq!(consumer.state().as_deref().and_then(id), Some(1));
    assert!(consumer.health().cache_error.is_some());
    fs::remove_file(world.directory.path()).expect("removed");
    fs::create_dir(world.directory.path()).expect("made");
}

#[test]
fn if_the_newest_version_cannot_be_loaded_an_older_one_is() {
    let mut world = World::new();
    let good = publish(&mut world.producer, 1);
    let bad = publish(&mut world.producer, 2);
    world.faulty.set_plan(move |call| {
        (call.operation == Operation::Open
            && call.object.starts_with("blobs/")
            && call.object.contains(&bad.to_string()))
        .then_some(Fault::Torn)
    });
    let consumer = Consumer::builder(Store::from(world.faulty.clone()))
        .start()
        .expect("an older one");
    let health = consumer.health();
    assert_eq!((health.version, health.wanted), (Some(good), Some(bad)));
    assert!(health.last_error.is_some_and(|error| error.contains("damaged")) && health.confirmed.is_none());
    // A pin is an order: no other version will do.
    let pinned = Consumer::builder(Store::from(world.faulty.clone()))
        .build()
        .expect("valid");
    pinned.pin(bad);
    pinned.start().expect_err("pinned to what cannot be loaded");
}
