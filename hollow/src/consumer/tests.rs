use super::*;
use crate::producer::Producer;
use crate::record::Value;
use crate::schema::Dataset;
use crate::store::{BlobBytes, BlobRef, Head, Link, Register, Store, Token};
use crate::testing::{Fault, FaultyStore, Operation};
use std::time::{Duration, Instant};

fn producer(store: &Store) -> Producer {
    let dataset = Dataset::parse("Thing @PrimaryKey(id) { int id; string name; } Other { int x; }").expect("valid");
    Producer::builder(dataset, store.clone())
        .root("Thing")
        .build()
        .expect("valid")
}

/// Publishes a version that holds one thing, with this number.
fn publish(producer: &mut Producer, id: i32) -> Version {
    let thing = Value::Object(vec![Value::Int(id), Value::String("x".into())]);
    let outcome = producer.run_cycle(|cycle| {
        cycle.add("Thing", &thing)?;
        Ok(())
    });
    outcome
        .expect("published")
        .version()
        .expect("another thing is a change")
}

fn id(state: &ReadState) -> Option<i32> {
    let things = state.object("Thing")?;
    things.int(things.populated().next()?, 0)
}

#[test]
fn without_an_announcement_there_is_no_state() {
    let consumer = Consumer::builder(Store::memory()).build().expect("valid");
    assert_eq!(consumer.refresh().expect("asked"), RefreshOutcome::NothingAnnounced);
    assert!(consumer.state().is_none() && consumer.versions().expect("none").is_empty());
    let error = consumer.refresh_to(Version(1)).expect_err("there is none");
    assert!(matches!(error.store_error(), Some(StoreError::Absent { .. })));
}

#[test]
fn listeners_hear_of_every_state_and_cannot_do_harm() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let list = heard.clone();
    let consumer = Consumer::builder(store)
        .listener(|_| Err("no wish to listen".into()))
        .listener(|_| panic!("on purpose"))
        .listener(move |refreshed| {
            let before = refreshed.before.and_then(|state| id(state));
            list.lock().expect("no panic").push((before, id(refreshed.after)));
            Ok(())
        })
        .build()
        .expect("valid");
    for number in 1..=2 {
        publish(&mut producer, number);
        let RefreshOutcome::Moved(moved) = consumer.refresh().expect("refreshed") else {
            panic!("a new version")
        };
        assert_eq!(moved.listener_errors, ["no wish to listen", "a listener panicked"]);
        assert_eq!(id(&consumer.state().expect("in force")), Some(number));
    }
    assert_eq!(*heard.lock().expect("no panic"), [(None, Some(1)), (Some(1), Some(2))]);
}

/// A source whose announcement can be set back, as by a stale cache.
#[derive(Debug)]
struct Stale {
    store: Store,
    head: Arc<Mutex<Option<Head>>>,
}

impl Source for Stale {
    fn announced(&self) -> Result<Option<LinkRef>, StoreError> {
        match &*self.head.lock().expect("no panic") {
            Some(head) => Ok(Some(LinkRef {
                version: head.version,
                manifest: Some(head.manifest),
            })),
            None => self.store.announced(),
        }
    }

    fn pinned(&self) -> Result<Option<Version>, StoreError> {
        self.store.pinned()
    }

    fn link(&self, at: &LinkRef) -> Result<Link, StoreError> {
        self.store.link(at)
    }

    fn open(&self, blob: &BlobRef) -> Result<Vec<BlobBytes>, StoreError> {
        self.store.open(blob)
    }
}

#[test]
fn a_stale_announcement_is_counted_and_ignored() {
    let store = Store::memory();
    let mut producer = producer(&store);
    publish(&mut producer, 1);
    let old = store.head().expect("read").expect("announced").0;
    let newest = publish(&mut producer, 2);
    let head = Arc::new(Mutex::new(None));
    let stale = Stale {
        store,
        head: head.clone(),
    };
    let consumer = Consumer::builder(stale).build().expect("valid");
    consumer.refresh().expect("refreshed");
    *head.lock().expect("no panic") = Some(old.clone());
    assert_eq!(consumer.refresh().expect("asked"), RefreshOutcome::Unchanged);
    assert_eq!((consumer.version(), consumer.regressions()), (Some(newest), 1));
    consumer
        .refresh_to(old.version)
        .expect("asked for by name it is another matter");
    assert_eq!(consumer.version(), Some(old.version));
}

#[test]
fn a_state_that_is_held_is_not_disturbed() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let consumer = Consumer::builder(store).build().expect("valid");
    let mut held = Vec::new();
    for number in 0..12 {
        publish(&mut producer, number);
        consumer.refresh().expect("refreshed");
        held.push(consumer.state().expect("in force"));
    }
    let ids: Vec<Option<i32>> = held.iter().map(|state| id(state)).collect();
    assert_eq!(ids, (0..12).map(Some).collect::<Vec<_>>());
}

#[test]
fn what_is_filtered_out_is_not_in_memory_by_any_route() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let filter = Filter::everything()
        .without_type("Other")
        .without_field("Thing", "name");
    let follower = Consumer::builder(store.clone())
        .filter(filter.clone())
        .build()
        .expect("valid");
    for number in 0..3 {
        publish(&mut producer, number);
        follower.refresh().expect("refreshed");
    }
    let cold = Consumer::builder(store).filter(filter).build().expect("valid");
    cold.refresh().expect("refreshed");
    for consumer in [follower, cold] {
        let state = consumer.state().expect("in force");
        assert!(state.ty("Other").is_none() && id(&state) == Some(2));
        assert_eq!(state.object("Thing").map(|thing| thing.schema().fields.len()), Some(1));
    }
}

fn wait_for(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never happened");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn in_the_background_it_follows_and_survives_a_source_that_is_away() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let faulty = FaultyStore::new(store, |_| None);
    let dropped = Arc::new(());
    let held = dropped.clone();
    let consumer = Consumer::builder(Store::from(faulty.clone()))
        .refresh_every(Duration::from_millis(1))
        .listener(move |_| {
            let _ = &held;
            Ok(())
        })
        .start()
        .expect("nothing is announced, which is no error");
    assert!(consumer.state().is_none() && !consumer.health().is_ready());
    for number in 0..3 {
        let version = publish(&mut producer, number);
        wait_for(|| consumer.version() == Some(version));
    }
    faulty.set_plan(|_| Some(Fault::Before));
    wait_for(|| consumer.health().failures > 2);
    let health = consumer.health();
    assert!(
        health
            .last_error
            .as_ref()
            .is_some_and(|error| error.contains("told to fail"))
    );
    assert!(health.is_ready() && !health.is_current() && health.confirmed.is_some());
    assert_eq!(consumer.state().as_deref().and_then(id), Some(2));
    faulty.set_plan(|_| None);
    wait_for(|| consumer.health().is_current());
    drop(consumer);
    wait_for(|| Arc::strong_count(&dropped) == 1);
    // The thread let go of the consumer, and asks no more.
    let calls = faulty.calls();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(faulty.calls(), calls);
}

#[test]
fn told_of_an_announcement_it_does_not_wait_for_the_interval() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let builder = Consumer::builder(store).refresh_every(Duration::MAX);
    let consumer = builder.start().expect("nothing is announced");
    let version = publish(&mut producer, 1);
    consumer.refresh_soon();
    wait_for(|| consumer.version() == Some(version));
}

#[test]
fn staleness_makes_it_unready_but_takes_nothing_away() {
    let store = Store::memory();
    publish(&mut producer(&store), 1);
    let faulty = FaultyStore::new(store, |_| None);
    let builder = Consumer::builder(Store::from(faulty.clone())).max_staleness(Duration::from_millis(50));
    let consumer = builder.start().expect("announced");
    faulty.set_plan(|_| Some(Fault::Before));
    wait_for(|| {
        let _ = consumer.refresh();
        consumer.health().stale
    });
    assert!(!consumer.health().is_ready() && consumer.state().is_some());
    faulty.set_plan(|_| None);
    wait_for(|| consumer.refresh().is_ok() && consumer.health().is_ready());
}

mod budget;
mod cache;
mod held;
mod pins;
