//! Snapshots written while cycles go on: visible with a later version, or not at all.

use crate::routes::consumer;
use crate::support::{Random, assert_is, builder, dataset, fill};
use hollow::consumer::RefreshOutcome;
use hollow::producer::{CycleError, CycleOutcome, Producer, ProducerBuilder, Retention, SnapshotWriting, Step};
use hollow::store::route::Preference;
use hollow::store::{FsMirror, JavaDirectory, Store, verify::verify};
use hollow::testing::{Fault, FaultyStore, Model, Operation};
use hollow::{Version, consumer::Consumer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

fn in_background(store: &Store, seed: u64) -> ProducerBuilder {
    builder(dataset(), store, seed)
        .snapshot_every(3)
        .snapshots(SnapshotWriting::InBackground)
}

/// What a chain is fed with.
struct Feed {
    random: Random,
    model: Model,
}

impl Feed {
    fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            model: Model::new(dataset()),
        }
    }

    /// A version with other records than the one before.
    fn publish(&mut self, producer: &mut Producer) -> Result<(Version, Vec<String>), CycleError> {
        loop {
            self.random.change(&mut self.model, 8);
            let outcome = producer.run_cycle(|cycle| fill(cycle, &self.model))?;
            if let CycleOutcome::Published { version, stats } = outcome {
                return Ok((version, stats.warnings));
            }
        }
    }
}

/// The versions that have a snapshot, newest first.
fn snapshots(store: &Store) -> Vec<Version> {
    let links = consumer(store).chain(usize::MAX).expect("a chain");
    let with = links.into_iter().filter(|link| link.snapshot.is_some());
    with.map(|link| link.version).collect()
}

/// Every version must be loadable, and whatever is there must be what it says.
fn assert_whole(store: &Store) {
    for version in consumer(store).versions().expect("a chain") {
        consumer(store).refresh_to(version).expect("loadable");
    }
    let report = verify(store, true, |_| {}).expect("readable");
    let bad: Vec<String> = report
        .findings
        .iter()
        .filter(|finding| finding.what != "leftovers")
        .map(|finding| format!("{finding:?}"))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn the_next_version_names_a_snapshot_that_was_finished() {
    for store in [Store::memory(), {
        let directory = tempfile::tempdir().expect("a directory").keep();
        Store::fs(directory).expect("a store")
    }] {
        let mut feed = Feed::new(70);
        let mut producer = in_background(&store, 70).build().expect("valid");
        let mut versions = Vec::new();
        for number in 1..=8 {
            let (version, warnings) = feed.publish(&mut producer).expect("published");
            versions.push((version, feed.model.clone()));
            assert_eq!(warnings, [""; 0]);
            // The fourth and the eighth are due: three versions after the one before that has one.
            let begun = producer.finish_background_snapshot().expect("written");
            let expected = [4, 7].contains(&number).then_some(version);
            assert_eq!(begun, expected, "version {number}");
            let visible = snapshots(&store);
            assert!(
                !visible.contains(&version) || number == 1,
                "named by a later version only"
            );
        }
        assert_eq!(snapshots(&store), [versions[6].0, versions[3].0, versions[0].0]);
        assert_whole(&store);

        let cold = consumer(&store);
        let Ok(RefreshOutcome::Moved(moved)) = cold.refresh() else {
            panic!("nothing to load");
        };
        assert_eq!((moved.snapshot, moved.deltas), (Some(versions[6].0), 1));
        let last = versions.last().expect("eight");
        assert_is(&cold.state().expect("a state"), &last.1);
        for (version, model) in &versions {
            let cold = consumer(&store);
            cold.refresh_by(*version, Preference::Best).expect("a route");
            assert_is(&cold.state().expect("a state"), model);
        }
        let own = consumer(&store);
        own.refresh_by(versions[3].0, Preference::Snapshot)
            .expect("its own snapshot");
        assert_is(&own.state().expect("a state"), &versions[3].1);

        // A producer that takes over begins with it, and counts from there.
        let mut next = in_background(&store, 71).build().expect("valid");
        next.restore().expect("restored");
        feed.publish(&mut next).expect("published");
        assert_eq!(next.finish_background_snapshot().expect("none"), None);
        let (version, _) = feed.publish(&mut next).expect("published");
        assert_eq!(next.finish_background_snapshot().expect("due"), Some(version));
    }
}

#[test]
fn a_producer_that_was_told_nothing_counts_on_when_it_starts_again() {
    let store = Store::memory();
    let mut feed = Feed::new(73);
    let build = || {
        Producer::builder(dataset(), store.clone())
            .root("Movie")
            .root("Studio")
            .build()
    };
    let mut producer = build().expect("valid");
    for number in 1..=22 {
        if number % 7 == 0 {
            producer = build().expect("valid");
        }
        let (version, _) = feed.publish(&mut producer).expect("published");
        // The dataset is small, so it is the tenth version after one with a snapshot that has one.
        let begun = producer.finish_background_snapshot().expect("written");
        assert_eq!(begun, [11, 21].contains(&number).then_some(version), "version {number}");
    }
    assert_eq!(snapshots(&store).len(), 3);
    assert_whole(&store);
}

/// Whether a call puts a snapshot that is no version's own: all but the first are late here.
fn puts_late_snapshot(seen: &AtomicUsize, operation: Operation, object: &str) -> bool {
    operation == Operation::Put && object.starts_with("blobs/snapshot") && seen.fetch_add(1, Ordering::SeqCst) > 0
}

#[test]
fn cycles_do_not_wait_for_a_snapshot() {
    let store = Store::memory();
    let mut feed = Feed::new(72);
    // The first put of a late snapshot is not answered; then it waits until it is let go.
    let seen = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let faulty = FaultyStore::new(store.clone(), move |call| {
        let late = puts_late_snapshot(&seen, call.operation, &call.object);
        (late && !failed.swap(true, Ordering::SeqCst)).then_some(Fault::Before)
    });
    let held = Arc::new(AtomicBool::new(true));
    let waits = held.clone();
    let wait = move |_| {
        while waits.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    };
    let mut producer = in_background(&faulty.into(), 72)
        .retention(Retention::versions(1))
        .sleep(wait)
        .build()
        .expect("valid");
    let mut versions = Vec::new();
    for _ in 0..9 {
        versions.push(feed.publish(&mut producer).expect("not held up").0);
        // Versions that are due meanwhile do not begin a second one.
        let expected = (versions.len() >= 4).then(|| versions[3]);
        assert_eq!(producer.background_snapshot(), expected);
        assert_eq!(
            snapshots(&store),
            [versions[0]],
            "and the chain from the last one that is visible is kept"
        );
    }
    held.store(false, Ordering::SeqCst);
    assert_eq!(
        producer.finish_background_snapshot().expect("written"),
        Some(versions[3])
    );
    versions.push(feed.publish(&mut producer).expect("published").0);
    assert_eq!(
        snapshots(&store),
        [versions[3]],
        "what stands before it is past its time"
    );
    assert_whole(&store);
    // It is seven versions old by now: the next one is due at once.
    assert_eq!(producer.background_snapshot(), Some(versions[9]));
}

#[test]
fn a_snapshot_that_cannot_be_put_is_reported_and_tried_again() {
    let store = Store::memory();
    let mut feed = Feed::new(74);
    let away = Arc::new(AtomicBool::new(true));
    let (seen, is_away) = (AtomicUsize::new(0), away.clone());
    let faulty = FaultyStore::new(store.clone(), move |call| {
        let late = puts_late_snapshot(&seen, call.operation, &call.object);
        (late && is_away.load(Ordering::SeqCst)).then_some(Fault::Denied)
    });
    let mut producer = in_background(&faulty.into(), 74).build().expect("valid");
    let mut versions = Vec::new();
    for _ in 0..4 {
        versions.push(feed.publish(&mut producer).expect("published").0);
    }
    let error = producer.finish_background_snapshot().expect_err("refused");
    assert!(
        matches!(error, CycleError::Snapshot { version, .. } if version == versions[3]),
        "{error:?}"
    );
    assert_eq!(producer.background_snapshot(), None);
    // Again with the next version, and this time it is the cycle after it that hears of it.
    versions.push(feed.publish(&mut producer).expect("published").0);
    while producer.background_snapshot().is_some() {
        let (version, warnings) = feed.publish(&mut producer).expect("published");
        versions.push(version);
        if !warnings.is_empty() {
            let expected = format!("snapshot of version={} not written", versions[4]);
            assert!(warnings[0].starts_with(&expected), "{warnings:?}");
            break;
        }
    }
    assert_eq!(snapshots(&store), [versions[0]]);
    away.store(false, Ordering::SeqCst);
    for _ in 0..3 {
        // What failed before the store came back is heard of once more, and no more.
        drop(producer.finish_background_snapshot());
        feed.publish(&mut producer).expect("published");
    }
    assert!(snapshots(&store)[0] > versions[3]);
    assert_whole(&store);
}

#[test]
fn killed_at_any_step_of_a_snapshot_the_chain_stays_whole_and_goes_on() {
    // Steps of the background, then those of the cycle that would name what is finished.
    let naming = [
        Step::Populated,
        Step::Encoded,
        Step::Validated,
        Step::BlobsPut,
        Step::ManifestPut,
        Step::Committed,
        Step::Cleaned,
    ];
    let background = Step::ALL.into_iter().filter(|step| step.is_in_background());
    for step in background.chain(naming) {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::fs(directory.path()).expect("a store");
        let mut feed = Feed::new(75);
        let cycles = Arc::new(AtomicUsize::new(0));
        let published = cycles.clone();
        let mut doomed = in_background(&store, 75)
            .retention(Retention::versions(2))
            .fail_point(move |at| {
                // The snapshot of the fourth version is under way during the fifth cycle.
                let now = step.is_in_background() || published.load(Ordering::SeqCst) == 4;
                if at == step && now {
                    Err("killed".into())
                } else {
                    Ok(())
                }
            })
            .build()
            .expect("valid");
        for _ in 0..4 {
            feed.publish(&mut doomed).expect("published");
            cycles.fetch_add(1, Ordering::SeqCst);
        }
        let fourth = doomed.version().expect("published");
        let died = match step.is_in_background() {
            true => doomed.finish_background_snapshot().map(drop),
            false => {
                assert_eq!(doomed.finish_background_snapshot().expect("written"), Some(fourth));
                feed.publish(&mut doomed).map(drop)
            }
        };
        assert!(
            matches!(died, Err(CycleError::Interrupted(at)) if at == step),
            "{step}: {died:?}"
        );
        assert!(
            matches!(doomed.run_cycle(|_| Ok(())), Err(CycleError::NeedsRestore)),
            "{step}"
        );
        drop(doomed);
        assert_whole(&store);
        let is_visible = snapshots(&store).contains(&fourth);
        assert_eq!(
            is_visible,
            !step.is_in_background() && step >= Step::Committed,
            "{step}"
        );

        let mut next = in_background(&store, 76)
            .retention(Retention::versions(2))
            .build()
            .expect("valid");
        next.restore().expect("restored");
        for _ in 0..5 {
            feed.publish(&mut next).expect("goes on");
            next.finish_background_snapshot().expect("written");
            assert_whole(&store);
        }
        // Until there is none that waits for being named.
        while next.background_snapshot().is_some() {
            feed.publish(&mut next).expect("goes on");
            assert_whole(&store);
        }
        let newest = snapshots(&store)[0];
        assert!(newest >= fourth, "{step}");
        assert_is(&next.state().expect("a state"), &feed.model);
        let staged = std::fs::read_dir(directory.path().join("staging")).expect("a directory");
        assert_eq!(staged.count(), 0, "{step}: staged files are left");
        let report = verify(&store, false, |_| {}).expect("readable");
        let leftovers = report.findings.iter().find(|finding| finding.what == "leftovers");
        assert!(leftovers.is_none(), "{step}: {leftovers:?}");
    }
}

#[test]
fn a_producer_that_ends_takes_its_thread_along() {
    let store = Store::memory();
    let mut feed = Feed::new(77);
    let begun = Arc::new(AtomicBool::new(false));
    let is_begun = begun.clone();
    let mut producer = in_background(&store, 77)
        .fail_point(move |step| {
            is_begun.fetch_or(step == Step::SnapshotBegun, Ordering::SeqCst);
            Ok(())
        })
        .build()
        .expect("valid");
    for _ in 0..4 {
        feed.publish(&mut producer).expect("published");
    }
    drop(producer);
    let before = store.blobs().list("blobs/").expect("listed");
    assert!(snapshots(&store).len() == 1 && before.len() >= 7);
    assert_whole(&store);
}

#[test]
fn a_mirror_gets_a_late_snapshot_too() {
    let store = Store::memory();
    let directory = tempfile::tempdir().expect("a directory");
    let mirror = FsMirror::open(directory.path()).expect("a mirror");
    let mut feed = Feed::new(78);
    let mut producer = in_background(&store, 78).mirror(mirror).build().expect("valid");
    let mut versions = Vec::new();
    for _ in 0..6 {
        versions.push(feed.publish(&mut producer).expect("published").0);
        producer.finish_background_snapshot().expect("written");
    }
    assert!(directory.path().join(format!("snapshot-{}", versions[3])).exists());
    let java = Consumer::builder(JavaDirectory::open(directory.path()).expect("a directory"));
    let cold = java.build().expect("valid");
    let Ok(RefreshOutcome::Moved(moved)) = cold.refresh() else {
        panic!("nothing to load");
    };
    assert_eq!((moved.snapshot, moved.deltas), (Some(versions[3]), 2));
    assert_is(&cold.state().expect("a state"), &feed.model);
}

#[test]
fn a_full_check_finds_nothing_wrong() {
    let store = Store::memory();
    let mut feed = Feed::new(79);
    let mut producer = in_background(&store, 79).full_check_every(2).build().expect("valid");
    for _ in 0..6 {
        feed.publish(&mut producer).expect("published");
    }
    assert_whole(&store);
}
