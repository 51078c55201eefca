//! A store that fails, lies or loses answers.

use crate::routes::consumer;
use crate::support::{Random, assert_is, builder, dataset, fill, producer};
use hollow::consumer::{Consumer, RefreshOutcome};
use hollow::producer::{CycleError, SnapshotWriting, Step};
use hollow::store::{Register, Registers, Store, StoreError, Token};
use hollow::testing::{Fault, FaultyStore, Model, Operation};
use std::path::Path;
use std::sync::{Arc, Mutex};

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
        assert!(Arc::ptr_eq(&before, &follower.state().expect("a state")));

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

/// Sets registers without comparing anything, as some look-alikes of object stores do.
#[derive(Debug, Default)]
struct Careless(hollow::store::MemoryStore);

impl Registers for Careless {
    fn read(&self, register: Register) -> Result<Option<(Vec<u8>, Token)>, StoreError> {
        self.0.read(register)
    }

    fn compare_and_set(&self, register: Register, _: Option<&Token>, content: &[u8]) -> Result<Token, StoreError> {
        let current = self.0.read(register)?.map(|(_, token)| token);
        self.0.compare_and_set(register, current.as_ref(), content)
    }
}

#[test]
fn a_store_that_does_not_compare_is_not_produced_to() {
    let (honest, model) = published(1);
    let careless = Careless::default();
    let head = honest
        .registers()
        .read(Register::Head)
        .expect("read")
        .expect("announced")
        .0;
    let refused = |store: &Store| {
        let error = crate::support::producer(store, 67)
            .run_cycle(|cycle| fill(cycle, &model))
            .expect_err("refused");
        matches!(
            error,
            CycleError::Store {
                source: StoreError::Invalid { .. },
                ..
            }
        )
    };
    let blobs = Arc::new(FaultyStore::new(honest, |_| None));
    let careless_and_empty = Store::new(
        Arc::new(hollow::store::MemoryStore::new()),
        Arc::new(Careless::default()),
    );
    assert!(refused(&careless_and_empty));
    careless.compare_and_set(Register::Head, None, &head).expect("set");
    assert!(refused(&Store::new(blobs, Arc::new(careless))));
}

/// Turns a bit of a staged blob of the cycle, or the snapshot in the background, that is under way.
fn flip(staging: &Path, blob: &str, part: usize) {
    let mut flipped = 0;
    for cycle in std::fs::read_dir(staging).expect("staged").flatten() {
        let path = cycle.path().join(blob);
        if let Ok(mut bytes) = std::fs::read(&path) {
            let at = bytes.len() * part / 16;
            bytes[at] ^= 0x10;
            std::fs::write(&path, bytes).expect("written");
            flipped += 1;
        }
    }
    assert_eq!(flipped, 1, "{blob} is staged");
}

#[test]
fn a_blob_that_was_damaged_before_it_was_read_back_is_not_published() {
    let directory = tempfile::tempdir().expect("a directory");
    let staging = directory.path().join("staging");
    let store = Store::fs(directory.path().join("store")).expect("a store");
    // What is damaged next: at which step, which blob, where.
    let damage = Arc::new(Mutex::new(None::<(Step, &'static str, usize)>));
    let (next, root) = (damage.clone(), staging.clone());
    let mut producer = builder(dataset(), &store, 52)
        .snapshots(SnapshotWriting::InBackground)
        .snapshot_every(2)
        .full_check_every(1)
        .staging(&staging)
        .fail_point(move |step| {
            let mut next = next.lock().expect("no panic before");
            if let Some((_, blob, part)) = next.take_if(|(at, ..)| *at == step) {
                flip(&root, blob, part);
            }
            Ok(())
        })
        .build()
        .expect("valid");
    let (mut random, mut model) = (Random::new(52), Model::new(dataset()));
    random.change(&mut model, 60);
    let mut version = producer
        .run_cycle(|cycle| fill(cycle, &model))
        .expect("published")
        .version();
    let (mut refused, mut kept) = (0, 0);
    for part in 4..15 {
        for blob in ["delta", "reversedelta", "snapshot"] {
            random.change(&mut model, 40);
            let bystander = producer.state().expect("a state");
            *damage.lock().expect("no panic before") = Some((Step::Encoded, blob, part));
            match producer.run_cycle(|cycle| fill(cycle, &model)) {
                // Bits that fill up say nothing.
                Ok(outcome) => (version, kept) = (outcome.version(), kept + 1),
                Err(CycleError::Integrity(_) | CycleError::Decode(_)) => {
                    refused += 1;
                    assert_eq!(producer.version(), version);
                    assert!(Arc::ptr_eq(&bystander, &producer.state().expect("a state")));
                }
                Err(other) => panic!("{blob} {part}: {other:?}"),
            }
            let outcome = producer.run_cycle(|cycle| fill(cycle, &model)).expect("published");
            version = outcome.version().or(version);
            producer.finish_background_snapshot().expect("nothing is damaged");
            assert_is(&producer.state().expect("a state"), &model);
        }
    }
    assert!(refused > 25, "refused={refused} kept={kept}");

    // The same in the background: the version stays without that snapshot, and a later one has one.
    let mut lost = 0;
    for part in 4..15 {
        let mut versions = Vec::new();
        while producer.background_snapshot().is_none() {
            random.change(&mut model, 40);
            *damage.lock().expect("no panic before") = Some((Step::SnapshotStaged, "snapshot", part));
            versions.push(producer.run_cycle(|cycle| fill(cycle, &model)).expect("published"));
        }
        lost += usize::from(matches!(
            producer.finish_background_snapshot(),
            Err(CycleError::Snapshot { .. })
        ));
        *damage.lock().expect("no panic before") = None;
        while producer.background_snapshot().is_some() {
            producer.finish_background_snapshot().expect("nothing is damaged");
            random.change(&mut model, 40);
            producer.run_cycle(|cycle| fill(cycle, &model)).expect("published");
        }
    }
    assert!(lost > 6, "{lost}");
    let late = consumer(&store);
    late.refresh().expect("loadable");
    assert_is(&late.state().expect("a state"), &model);
}
