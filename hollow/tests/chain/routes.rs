//! Consumers by all routes, restarts, pins, the mirror.

use crate::support::{Random, assert_is, builder, dataset, evolved_dataset, fill, producer};
use hollow::Version;
use hollow::consumer::{Consumer, RefreshOutcome};
use hollow::producer::{CycleOutcome, Producer, PublishUnchanged, Retention};
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::store::route::Preference;
use hollow::store::{FsMirror, JavaDirectory, Labels, Pin, Pins, Source, Store, StoreError};
use hollow::testing::{FaultyStore, Model, Operation};
use hollow::tools::checksum::Checksums;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) fn consumer(store: &Store) -> Consumer {
    Consumer::builder(store.clone()).build().expect("valid settings")
}

/// Publishes `count` versions of a changing model; returns what each of them must hold.
fn publish(producer: &mut Producer, count: usize, random: &mut Random, model: &mut Model) -> Vec<(Version, Model)> {
    let mut versions = Vec::new();
    while versions.len() < count {
        random.change(model, 6);
        let outcome = producer.run_cycle(|cycle| fill(cycle, model)).expect("published");
        versions.extend(outcome.version().map(|version| (version, model.clone())));
    }
    versions
}

fn both_stores(test: impl Fn(&Store)) {
    test(&Store::memory());
    let directory = tempfile::tempdir().expect("a directory");
    test(&Store::fs(directory.path()).expect("a store"));
}

fn assert_same(a: &ReadState, b: &ReadState) {
    assert_eq!(Checksums::of(a), Checksums::of(b));
    assert_eq!(a.header_tags(), b.header_tags());
    assert_eq!((a.tag(), a.version()), (b.tag(), b.version()));
}

#[test]
fn twenty_versions_are_the_same_by_every_route() {
    both_stores(|store| {
        let mut producer = producer(store, 1);
        let (mut random, mut model) = (Random::new(1), Model::new(dataset()));
        let follower = consumer(store);
        let mut held: BTreeMap<Version, (Arc<ReadState>, Model)> = BTreeMap::new();
        for _ in 0..20 {
            let (version, model) = publish(&mut producer, 1, &mut random, &mut model).remove(0);
            assert!(matches!(
                follower.refresh().expect("refreshed"),
                RefreshOutcome::Moved(_)
            ));
            let state = follower.state().expect("a state");
            assert_is(&state, &model);
            assert_same(&state, &producer.state().expect("published"));
            held.insert(version, (state, model));
        }
        let versions: Vec<Version> = held.keys().rev().copied().collect();
        assert_eq!(follower.versions().expect("a chain"), versions);
        for (&version, (state, model)) in &held {
            assert_is(state, model); // held all the time, disturbed by nothing
            let last_snapshot = *held.keys().nth(15).expect("the sixteenth has a snapshot");
            for preference in [Preference::Best, Preference::Deltas, Preference::Reverse] {
                if preference == Preference::Reverse && version > last_snapshot {
                    continue;
                }
                let other = consumer(store);
                other.refresh_by(version, preference).expect("a route");
                assert_same(&other.state().expect("a state"), state);
            }
            // The follower walks back and forth from wherever it is.
            follower.refresh_to(version).expect("a route");
            assert_same(&follower.state().expect("a state"), state);
        }
        let first = *versions.last().expect("twenty");
        follower.refresh_to(first).expect("a route back");
        assert_same(&follower.state().expect("a state"), &held[&first].0);
    });
}

#[test]
fn snapshots_come_with_every_fifth_version() {
    let store = Store::memory();
    let mut producer = producer(&store, 2);
    publish(&mut producer, 12, &mut Random::new(2), &mut Model::new(dataset()));
    let mut chain = consumer(&store).chain(usize::MAX).expect("a chain");
    chain.reverse();
    let snapshots: Vec<usize> = (0..12).filter(|&at| chain[at].snapshot.is_some()).collect();
    assert_eq!(snapshots, [0, 5, 10]);
    assert!(
        chain[1..]
            .iter()
            .all(|link| link.delta.is_some() && link.reverse_delta.is_some())
    );
}

#[test]
fn a_restarted_producer_continues_the_chain() {
    both_stores(|store| {
        let (mut random, mut model) = (Random::new(3), Model::new(dataset()));
        let follower = consumer(store);
        let mut count = 0;
        for life in 0..6 {
            let mut producer = producer(store, 30 + life);
            let restored = producer.restore().expect("restored");
            assert_eq!(restored, follower.version());
            if restored.is_some() {
                assert_is(&producer.state().expect("restored"), &model);
            }
            for _ in 0..2 {
                publish(&mut producer, 1, &mut random, &mut model);
                let outcome = follower.refresh().expect("refreshed");
                assert!(matches!(outcome, RefreshOutcome::Moved(_)), "{outcome:?}");
                assert_is(&follower.state().expect("a state"), &model);
                count += 1;
            }
        }
        let chain = follower.chain(usize::MAX).expect("a chain");
        assert!(chain.len() == count && chain[..chain.len() - 1].iter().all(|link| link.delta.is_some()));
        let counter = follower.state().expect("a state").header_tags()["hollow.delta.chain.version.counter"].clone();
        assert_eq!(counter, chain.len().to_string());
    });
}

#[test]
fn a_cycle_without_changes_publishes_nothing_unless_told() {
    let store = Store::memory();
    let mut model = Model::new(dataset());
    Random::new(4).change(&mut model, 10);
    let mut quiet = producer(&store, 4);
    assert!(
        quiet
            .run_cycle(|cycle| fill(cycle, &model))
            .expect("first")
            .version()
            .is_some()
    );
    let again = quiet.run_cycle(|cycle| {
        cycle.tag("offset", "1");
        fill(cycle, &model)
    });
    assert_eq!(again.expect("second"), CycleOutcome::NothingChanged);

    let mut eager = builder(dataset(), &store, 5)
        .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
        .build()
        .expect("valid");
    let with_tag = |value: &'static str| {
        let model = model.clone();
        move |cycle: &mut hollow::producer::Cycle<'_>| {
            cycle.tag("offset", value);
            fill(cycle, &model)
        }
    };
    let version = eager
        .run_cycle(with_tag("1"))
        .expect("third")
        .version()
        .expect("a tag has changed");
    assert_eq!(
        eager.run_cycle(with_tag("1")).expect("fourth"),
        CycleOutcome::NothingChanged
    );
    assert_eq!(
        eager.run_cycle(|cycle| fill(cycle, &model)).expect("tags stay"),
        CycleOutcome::NothingChanged
    );
    let follower = consumer(&store);
    follower.refresh().expect("refreshed");
    let state = follower.state().expect("a state");
    assert_eq!(
        (state.version(), state.header_tags()["offset"].as_str()),
        (Some(version), "1")
    );
    assert_is(&state, &model);
}

/// Holds everybody, or lets everybody go.
fn pin(store: &Store, version: Option<Version>) {
    let change = |pins: &mut Pins| {
        pins.remove(&Labels::new());
        version.map_or(Ok(None), |version| pins.add(Pin::everybody(version, "test", 0)))
    };
    store.change::<Pins, _, StoreError>(change).expect("set");
}

#[test]
fn consumers_stay_where_they_are_pinned() {
    let store = Store::memory();
    let mut producer = producer(&store, 6);
    let versions = publish(&mut producer, 8, &mut Random::new(6), &mut Model::new(dataset()));
    let pin = |version| pin(&store, version);
    let follower = consumer(&store);
    follower.refresh().expect("refreshed");
    pin(Some(versions[2].0));
    follower.refresh().expect("back to the pin");
    assert_is(&follower.state().expect("a state"), &versions[2].1);
    assert_eq!(follower.refresh().expect("nothing to do"), RefreshOutcome::Unchanged);
    follower.pin(versions[4].0);
    follower.refresh().expect("its own pin counts first");
    assert_is(&follower.state().expect("a state"), &versions[4].1);
    follower.unpin();
    pin(Some(Version(1)));
    follower.refresh().expect_err("no such version");
    assert_is(&follower.state().expect("a state"), &versions[4].1);
    pin(None);
    follower.refresh().expect("forward again");
    assert_is(&follower.state().expect("a state"), &versions[7].1);
}

#[test]
fn changed_schemas_continue_the_chain_by_name() {
    let store = Store::memory();
    let mut old = producer(&store, 7);
    let (mut random, mut model) = (Random::new(7), Model::new(dataset()));
    publish(&mut old, 3, &mut random, &mut model);
    let (before, cold) = (consumer(&store), consumer(&store));
    before.refresh().expect("refreshed");

    let mut new = builder(evolved_dataset(), &store, 8).build().expect("valid");
    new.restore().expect("restored");
    let mut evolved = Model::new(evolved_dataset());
    for (type_name, value) in model.roots() {
        evolved.upsert(type_name, evolve(type_name, value));
    }
    let outcome = new.run_cycle(|cycle| fill(cycle, &evolved)).expect("published");
    let version = outcome.version().expect("another model is a change");
    before.refresh().expect("deltas lead on");
    cold.refresh().expect("the snapshot is there");
    assert_is(&cold.state().expect("a state"), &evolved);
    assert_is(&new.state().expect("a state"), &evolved);
    let (by_delta, by_snapshot) = (before.state().expect("a state"), cold.state().expect("a state"));
    let (a, b) = Checksums::common(&by_delta, &by_snapshot);
    assert_eq!(a, b);
    assert_eq!(
        by_snapshot.header_tags()["hollow.schema.changedFromPriorVersion"],
        "true"
    );
    let link = cold.chain(1).expect("a chain").remove(0);
    assert!(link.version == version && link.delta.is_some() && link.snapshot.is_some());

    let movie = evolved
        .roots()
        .find(|(ty, _)| *ty == "Movie")
        .expect("a movie")
        .1
        .clone();
    evolved.delete("Movie", &movie);
    new.run_cycle(|cycle| fill(cycle, &evolved))
        .expect("published")
        .version()
        .expect("a change");
    cold.refresh().expect("refreshed");
    assert_is(&cold.state().expect("a state"), &evolved);
    assert!(
        !cold
            .state()
            .expect("a state")
            .header_tags()
            .contains_key("hollow.schema.changedFromPriorVersion")
    );
}

/// A record under the evolved schemas: without credits, without what is new.
pub(crate) fn evolve(type_name: &str, value: &Value) -> Value {
    let Value::Object(fields) = value else {
        panic!("a root is an object")
    };
    let person = |value: &Value| match value {
        Value::Object(fields) => Value::Object(vec![fields[1].clone(), fields[0].clone(), Value::Null]),
        other => other.clone(),
    };
    let people = |value: &Value| match value {
        Value::List(people) => Value::List(people.iter().map(person).collect()),
        other => other.clone(),
    };
    let mut fields = fields.clone();
    if type_name == "Studio" {
        fields[2] = people(&fields[2]);
    } else {
        fields[3] = people(&fields[3]);
        fields.remove(5);
        fields.insert(6, Value::Null);
    }
    Value::Object(fields)
}
#[test]
fn retention_keeps_what_it_takes_to_load_what_is_kept() {
    both_stores(|store| {
        let mut producer = builder(dataset(), store, 9)
            .retention(Retention::versions(3))
            .build()
            .expect("valid");
        let versions = publish(&mut producer, 14, &mut Random::new(9), &mut Model::new(dataset()));
        let follower = consumer(store);
        let kept = follower.versions().expect("a chain");
        // Snapshots stand at 1, 6 and 11: the newest three are 14, 13, 12, and 11 is what they are loaded by.
        assert_eq!(
            kept,
            versions[10..]
                .iter()
                .rev()
                .map(|(version, _)| *version)
                .collect::<Vec<_>>()
        );
        for (version, model) in &versions[10..] {
            let cold = consumer(store);
            cold.refresh_to(*version).expect("kept");
            assert_is(&cold.state().expect("a state"), model);
        }
        consumer(store).refresh_to(versions[9].0).expect_err("removed");
        assert_eq!(store.blobs().list("manifests/").expect("listed").len(), 4);
    });
}

#[test]
fn the_chain_is_walked_for_cleaning_only_when_something_may_go() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = opened.clone();
    let store: Store = FaultyStore::new(Store::memory(), move |call| {
        let of_manifest = call.operation == Operation::Open && call.object.starts_with("manifests/");
        count.fetch_add(of_manifest.into(), Ordering::SeqCst);
        None
    })
    .into();
    let mut producer = builder(dataset(), &store, 13)
        .retention(Retention::versions(40))
        .build()
        .expect("valid");
    publish(&mut producer, 30, &mut Random::new(13), &mut Model::new(dataset()));
    // With each snapshot: 1, 6, 11, 16, 21, 26. With every version it would be 465.
    assert_eq!(opened.load(Ordering::SeqCst), 1 + 6 + 11 + 16 + 21 + 26);
}

#[test]
fn a_mirror_has_javas_layout_and_leads_to_the_same_states() {
    let store = Store::memory();
    let directory = tempfile::tempdir().expect("a directory");
    let (mut random, mut model) = (Random::new(10), Model::new(dataset()));
    let mut without = producer(&store, 10);
    publish(&mut without, 7, &mut random, &mut model);
    let mirror = FsMirror::open(directory.path()).expect("a mirror");
    let mut with = builder(dataset(), &store, 11)
        .mirror(mirror.clone())
        .build()
        .expect("valid");
    let versions = publish(&mut with, 6, &mut random, &mut model);
    let java = || JavaDirectory::open(directory.path()).expect("a directory");
    let last = versions.last().expect("six");
    assert_eq!(java().announced().expect("read").map(|link| link.version), Some(last.0));
    for (version, model) in &versions {
        for preference in [Preference::Best, Preference::Deltas] {
            let follower = Consumer::builder(java()).build().expect("valid");
            follower.refresh_by(*version, preference).expect("a route");
            assert_is(&follower.state().expect("a state"), model);
        }
    }
    // What a crash left out is made good.
    let removed = format!("delta-{}-{}", versions[4].0, versions[5].0);
    std::fs::remove_file(directory.path().join(&removed)).expect("there");
    mirror.sync(&store).expect("synced");
    assert!(directory.path().join(&removed).exists());
}

#[test]
fn a_pinned_version_is_kept_past_its_time() {
    let store = Store::memory();
    let retention = Retention::versions(1);
    let mut producer = builder(dataset(), &store, 12)
        .retention(retention)
        .build()
        .expect("valid");
    let (mut random, mut model) = (Random::new(12), Model::new(dataset()));
    let versions = publish(&mut producer, 4, &mut random, &mut model);
    pin(&store, Some(versions[2].0));
    publish(&mut producer, 9, &mut random, &mut model);
    let follower = consumer(&store);
    follower.refresh().expect("the pin can be reached");
    assert_is(&follower.state().expect("a state"), &versions[2].1);
    pin(&store, None);
    publish(&mut producer, 1, &mut random, &mut model);
    consumer(&store)
        .refresh_to(versions[2].0)
        .expect_err("its time is over");
}
