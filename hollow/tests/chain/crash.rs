//! Killed at every step; several producers at once.

use crate::routes::consumer;
use crate::support::{Random, assert_is, builder, dataset, fill, producer};
use hollow::producer::{CycleError, Step};
use hollow::store::Store;
use hollow::testing::Model;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Every version any consumer can see must be loadable, and all of them make one chain.
fn assert_whole(store: &Store) {
    let follower = consumer(store);
    for link in follower.chain(usize::MAX).expect("a chain") {
        consumer(store).refresh_to(link.version).expect("loadable");
        if let Some(previous) = link.previous {
            assert!(previous.version < link.version && link.delta.is_some());
        }
    }
}

#[test]
fn killed_at_any_step_the_chain_stays_whole_and_goes_on() {
    for step in Step::ALL {
        for occurrence in [0, 1, 3] {
            let directory = tempfile::tempdir().expect("a directory");
            let store = Store::fs(directory.path()).expect("a store");
            let (mut random, mut model) = (Random::new(20), Model::new(dataset()));
            random.change(&mut model, 12);
            producer(&store, 20)
                .run_cycle(|cycle| fill(cycle, &model))
                .expect("published");
            let before = model.clone();
            let head = |store: &Store| store.head().expect("read").expect("announced").0;
            let announced = head(&store).version;

            let seen = Arc::new(AtomicUsize::new(0));
            let mut doomed = builder(dataset(), &store, 21)
                .snapshot_every(1)
                .fail_point(
                    move |at| match at == step && seen.fetch_add(1, Ordering::SeqCst) == occurrence {
                        true => Err("killed".into()),
                        false => Ok(()),
                    },
                )
                .build()
                .expect("valid");
            let mut died = false;
            let mut last_tried = before.clone();
            for _ in 0..4 {
                random.change(&mut model, 5);
                last_tried = model.clone();
                match doomed.run_cycle(|cycle| fill(cycle, &model)) {
                    Ok(_) => {}
                    Err(CycleError::Interrupted(at)) => {
                        assert_eq!(at, step);
                        died = true;
                        break;
                    }
                    Err(error) => panic!("{step}: {error}"),
                }
            }
            assert!(head(&store).version >= announced);
            assert_whole(&store);
            if died {
                let again = doomed.run_cycle(|cycle| fill(cycle, &model));
                let restores_by_itself = matches!(step, Step::Restoring | Step::ChainLoaded | Step::EpochTaken);
                assert!(
                    restores_by_itself || matches!(again, Err(CycleError::NeedsRestore)),
                    "{step}"
                );
            }
            drop(doomed);

            let mut next = producer(&store, 22);
            next.restore().expect("restored");
            let state = next.state().expect("a state");
            if died && step >= Step::Committed {
                assert_is(&state, &last_tried);
            }
            random.change(&mut model, 5);
            next.run_cycle(|cycle| fill(cycle, &model)).expect("goes on");
            assert_whole(&store);
            assert_is(&next.state().expect("a state"), &model);
            let leftovers = std::fs::read_dir(directory.path().join("staging"))
                .expect("a directory")
                .count();
            assert_eq!(leftovers, 0, "{step}: staged files are left");
        }
    }
}

#[test]
fn of_two_producers_the_one_replaced_is_fenced() {
    let store = Store::memory();
    let (mut random, mut model) = (Random::new(23), Model::new(dataset()));
    random.change(&mut model, 8);
    let mut first = producer(&store, 23);
    first.run_cycle(|cycle| fill(cycle, &model)).expect("published");
    let mut second = producer(&store, 24);
    second.restore().expect("takes over");
    let held = model.clone();
    random.change(&mut model, 8);
    let refused = first.run_cycle(|cycle| fill(cycle, &model));
    assert!(
        matches!(refused, Err(CycleError::Fenced { theirs: 2, ours: 1 })),
        "{refused:?}"
    );
    assert!(matches!(
        first.run_cycle(|cycle| fill(cycle, &model)),
        Err(CycleError::NeedsRestore)
    ));
    let follower = consumer(&store);
    follower.refresh().expect("refreshed");
    assert_is(&follower.state().expect("a state"), &held);
    second.run_cycle(|cycle| fill(cycle, &model)).expect("published");
    follower.refresh().expect("refreshed");
    assert_is(&follower.state().expect("a state"), &model);
    first.restore().expect("takes over again");
    assert!(matches!(second.run_cycle(|_| Ok(())), Err(CycleError::Fenced { .. })));
}

#[test]
fn producers_that_race_make_one_chain() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::fs(directory.path()).expect("a store");
    let published = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for racer in 0..3 {
            let (store, published) = (&store, &published);
            scope.spawn(move || {
                let (mut random, mut model) = (Random::new(40 + racer), Model::new(dataset()));
                let mut producer = producer(store, 40 + racer);
                for _ in 0..12 {
                    random.change(&mut model, 4);
                    match producer.run_cycle(|cycle| fill(cycle, &model)) {
                        Ok(outcome) => published.lock().expect("no panic").extend(outcome.version()),
                        // Whoever takes over also clears away what others have staged.
                        Err(CycleError::Fenced { .. } | CycleError::NeedsRestore | CycleError::Store { .. }) => {
                            drop(producer.restore());
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert_whole(&store);
    let mut published = published.into_inner().expect("no panic");
    published.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(consumer(&store).versions().expect("a chain"), published);
}
