//! A store that fails, lies or loses answers.

use crate::routes::consumer;
use crate::support::{Random, assert_is, dataset, fill, producer};
use hollow::consumer::{Consumer, RefreshOutcome};
use hollow::producer::CycleError;
use hollow::store::{Store, StoreError};
use hollow::testing::{Fault, FaultyStore, Model, Operation};

/// A store with `versions` versions (snapshots at 1, 6, 11), and what the last one holds.
fn published(versions: usize) -> (Store, Model) {
    let store = Store::memory();
    let (mut random, mut model) = (Random::new(50), Model::new(dataset()));
    let mut producer = producer(&store, 50);
    for _ in 0..versions {
        random.change(&mut model, 12);
        producer
            .run_cycle(|cycle| fill(cycle, &model))
            .expect("published")
            .version()
            .expect("changed");
    }
    (store, model)
}

#[test]
fn damaged_blobs_are_refused_and_the_state_stays() {
    for fault in [Fault::FlippedBit, Fault::Torn] {
        let (store, _) = published(3);
        let faulty = FaultyStore::new(store.clone(), |_| None);
        let follower = Consumer::builder(Store::from(faulty.clone())).build().expect("valid");
        follower.refresh().expect("refreshed");
        let (mut random, mut model) = (Random::new(51), Model::new(dataset()));
        let before = follower.state().expect("a state");
        random.change(&mut model, 12);
        producer(&store, 51)
            .run_cycle(|cycle| fill(cycle, &model))
            .expect("published");

        faulty.set_plan(move |call| {
            (call.operation == Operation::Open && call.object.starts_with("blobs/")).then_some(fault)
        });
        let error = follower.refresh().expect_err("everything is damaged");
        assert!(
            matches!(error.store_error(), Some(StoreError::Corrupt { .. })),
            "{error:?}"
        );
        assert!(std::sync::Arc::ptr_eq(&before, &follower.state().expect("a state")));

        faulty.set_plan(|_| None);
        assert!(matches!(
            follower.refresh().expect("refreshed"),
            RefreshOutcome::Moved(_)
        ));
        assert_is(&follower.state().expect("a state"), &model);
    }
}

#[test]
fn where_a_delta_is_damaged_a_snapshot_is_loaded() {
    for fault in [Fault::FlippedBit, Fault::Absent] {
        let (store, _) = published(5);
        let faulty = FaultyStore::new(store.clone(), |_| None);
        let follower = Consumer::builder(Store::from(faulty.clone())).build().expect("valid");
        follower.refresh().expect("refreshed");
        let (mut random, mut model) = (Random::new(52), Model::new(dataset()));
        random.change(&mut model, 12);
        producer(&store, 52)
            .run_cycle(|cycle| fill(cycle, &model))
            .expect("published");
        faulty.set_plan(move |call| call.object.starts_with("blobs/delta").then_some(fault));
        let outcome = follower.refresh().expect("by the snapshot");
        let RefreshOutcome::Moved(moved) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(moved.snapshot.is_some() && moved.first_failure.is_some(), "{moved:?}");
        assert_is(&follower.state().expect("a state"), &model);
    }
}

#[test]
fn a_consumer_that_starts_takes_an_older_snapshot_if_the_newest_is_damaged() {
    let (store, model) = published(7);
    let newest = consumer(&store).chain(2).expect("a chain")[1]
        .snapshot
        .clone()
        .expect("the sixth has one")
        .name;
    let faulty = FaultyStore::new(store, move |call| (call.object == newest).then_some(Fault::Torn));
    let follower = Consumer::builder(Store::from(faulty)).build().expect("valid");
    follower.refresh().expect("by the first snapshot");
    assert_is(&follower.state().expect("a state"), &model);
}

#[test]
fn an_answer_that_is_lost_is_found_out_about() {
    // Fail every call of a cycle in turn, before and after it has its effect.
    for fault in [Fault::Before, Fault::After] {
        for failing in 0.. {
            let (store, mut model) = published(2);
            let faulty = FaultyStore::new(store.clone(), |_| None);
            let mut producer = crate::support::producer(&faulty.clone().into(), 60);
            producer.restore().expect("restored");
            let first = faulty.calls();
            faulty.set_plan(move |call| (call.number == first + failing).then_some(fault));
            Random::new(61).change(&mut model, 9);
            producer
                .run_cycle(|cycle| fill(cycle, &model))
                .expect("one lost answer is no reason to fail");
            let reached = faulty.calls() > first + failing;
            let follower = consumer(&store);
            follower.refresh().expect("refreshed");
            assert_is(&follower.state().expect("a state"), &model);
            assert_eq!(follower.versions().expect("a chain").len(), 3, "announced once");
            if !reached {
                break;
            }
        }
    }
}

#[test]
fn a_store_that_stays_away_leaves_everything_as_it_was() {
    for operation in [Operation::Put, Operation::Set] {
        let (store, before) = published(2);
        let faulty = FaultyStore::new(store.clone(), |_| None);
        let mut producer = crate::support::producer(&faulty.clone().into(), 62);
        producer.restore().expect("restored");
        faulty.set_plan(move |call| (call.operation == operation).then_some(Fault::Before));
        let mut model = before.clone();
        Random::new(63).change(&mut model, 9);
        let error = producer
            .run_cycle(|cycle| fill(cycle, &model))
            .expect_err("nothing can be put");
        assert_is(&producer.state().expect("a state"), &before);
        let follower = consumer(&store);
        follower.refresh().expect("refreshed");
        assert_is(&follower.state().expect("a state"), &before);
        faulty.set_plan(|_| None);
        if matches!(error, CycleError::Unresolved { .. }) {
            producer.restore().expect("restored");
        }
        producer
            .run_cycle(|cycle| fill(cycle, &model))
            .expect("the next cycle works");
        follower.refresh().expect("refreshed");
        assert_is(&follower.state().expect("a state"), &model);
        assert_eq!(follower.versions().expect("a chain").len(), 3);
    }
}

#[test]
fn a_head_that_cannot_be_read_back_leaves_the_producer_in_doubt() {
    let (store, before) = published(1);
    let faulty = FaultyStore::new(store.clone(), |_| None);
    let mut producer = crate::support::producer(&faulty.clone().into(), 64);
    producer.restore().expect("restored");
    faulty.set_plan(|call| match call.operation {
        Operation::Set => Some(Fault::After),
        Operation::Read => Some(Fault::Before),
        _ => None,
    });
    let mut model = before;
    Random::new(65).change(&mut model, 9);
    let result = producer.run_cycle(|cycle| fill(cycle, &model));
    assert!(matches!(result, Err(CycleError::Unresolved { .. })), "{result:?}");
    assert!(matches!(producer.run_cycle(|_| Ok(())), Err(CycleError::NeedsRestore)));
    faulty.set_plan(|_| None);
    producer.restore().expect("finds the version it announced");
    assert_is(&producer.state().expect("a state"), &model);
}

#[test]
fn a_producer_never_begins_an_empty_chain_by_itself() {
    let (store, _) = published(3);
    let faulty = FaultyStore::new(store.clone(), |call| {
        (call.operation == Operation::Open && call.object.starts_with("blobs/snapshot")).then_some(Fault::Torn)
    });
    let mut producer = crate::support::producer(&faulty.clone().into(), 66);
    assert!(matches!(producer.restore(), Err(CycleError::Restore { .. })));
    assert!(matches!(
        producer.run_cycle(|_| Ok(())),
        Err(CycleError::Restore { .. })
    ));
    assert_eq!(consumer(&store).versions().expect("a chain").len(), 3);
}
