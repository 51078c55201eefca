//! Garbage collection over random histories: what is held stays loadable whatever happens, and what is not goes.

mod world;

use crate::routes::consumer;
use crate::support::{Random, assert_is, dataset, fill};
use hollow::Version;
use hollow::producer::{Producer, Retention};
use hollow::schema::Dataset;
use hollow::store::gc::{GcError, Keep, Why, plan, remove};
use hollow::store::{Key, Pin, Pins, Staged, Store, StoreError, Tag, Tags};
use hollow::testing::{Call, Fault, FaultyStore, Model, Operation};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use world::{START, World, links};

fn keep(count: usize, grace: Duration, derived: &Store) -> Keep {
    Keep::versions(count)
        .grace(grace)
        .quarantine(Duration::from_secs(600))
        .derived(derived.clone())
}

#[test]
fn what_is_held_stays_and_what_is_not_goes_wherever_the_work_is_cut_off() {
    for seed in 0..12 {
        let mut world = World::new(seed);
        let count = 1 + world.random.below(5) as usize;
        let grace = Duration::from_secs([0, 900][world.random.below(2) as usize]);
        for _round in 0..3 {
            (0..25).for_each(|_| world.step());
            if world.producer.version().is_none() {
                continue;
            }
            let keep = keep(count, grace, &world.derived);
            let roots = world.roots(count, grace);
            world.assert_loads(&roots);
            // Dies at some removals, each time a little later.
            let limit = world.random.below(6) as usize;
            let mut left = limit;
            let faulty = FaultyStore::new(world.store.clone(), move |call: &Call| {
                if call.operation != Operation::Remove {
                    return None;
                }
                match left.checked_sub(1) {
                    Some(less) => {
                        left = less;
                        None
                    }
                    None => {
                        left = limit + 1;
                        Some(Fault::After)
                    }
                }
            });
            let faulty = Store::from(faulty);
            let now = || world.clock.now();
            for attempt in 0.. {
                assert!(attempt < 10_000, "it comes to an end");
                let collection = plan(&faulty, &keep, now()).expect("a plan");
                let done = remove(&faulty, collection, &keep, now, || Ok(true));
                if done.is_ok() {
                    break;
                }
                // One of them after each death; they take their turns.
                world.assert_loads(roots.iter().skip(attempt % roots.len()).take(1));
            }
            world.assert_loads(&roots);
            let again = plan(&world.store, &keep, now()).expect("a plan");
            assert_eq!(again.garbage, [], "seed={seed}");
            assert_only_needed(&world, &roots, grace);
            // And the chain goes on.
            world.publish();
            world.assert_loads(&roots);
        }
    }
}

/// Compares what is there with what the roots need, reckoned another way than the collector does.
fn assert_only_needed(world: &World, roots: &BTreeSet<Version>, grace: Duration) {
    let links = links(&world.store);
    let mut needed: BTreeSet<String> = BTreeSet::new();
    let mut lowest = 0;
    for root in roots {
        let mut at = links
            .iter()
            .position(|link| link.version == *root)
            .expect("in the chain");
        loop {
            let link = &links[at];
            let blobs = [&link.snapshot, &link.delta, &link.reverse_delta].into_iter().flatten();
            needed.extend(blobs.map(|blob| blob.name.clone()));
            lowest = lowest.max(at);
            if link.snapshot.is_some() {
                break;
            }
            at += 1;
        }
    }
    assert_eq!(links.len(), lowest + 1, "manifests of versions that nothing needs");
    let blobs = world.store.blobs().list("blobs/").expect("listed");
    for key in blobs.iter().filter(|key| !needed.contains(key.as_str())) {
        let orphan = key.as_str().starts_with("blobs/delta-") && !grace.is_zero();
        assert!(orphan, "{key} is needed by nobody");
    }
    let there: BTreeSet<&str> = blobs.iter().map(Key::as_str).collect();
    assert!(needed.iter().all(|name| there.contains(name.as_str())));
    let manifests = world.store.blobs().list("manifests/").expect("listed");
    assert_eq!(manifests.len(), links.len());
}

#[test]
fn the_plan_says_why() {
    let mut world = World::new(99);
    while world.versions.len() < 30 {
        world.clock.advance(Duration::from_secs(60));
        world.publish();
    }
    let old: Vec<Version> = world.versions.keys().copied().collect();
    let tag = Tag {
        version: old[2],
        reason: String::new(),
        by: String::new(),
        tagged_at: 0,
    };
    let tagged: Result<(), StoreError> = world.store.change::<Tags, _, _>(|tags| tags.add("golden", tag.clone()));
    tagged.expect("a tag");
    let gone = Pin::everybody(Version(5), "no such version", 0);
    let pinned: Result<_, StoreError> = world.store.change::<Pins, _, _>(|pins| pins.add(gone.clone()));
    pinned.expect("a pin");
    let keep = keep(2, Duration::ZERO, &world.derived);
    let collection = plan(&world.store, &keep, world.clock.now()).expect("a plan");
    let why = |version: Version| {
        let kept = collection.kept.iter().find(|kept| kept.version == version);
        kept.map(|kept| kept.why.clone())
    };
    assert_eq!(why(old[29]), Some(vec![Why::Announced]));
    assert_eq!(why(old[28]), Some(vec![Why::Window]));
    assert_eq!(why(old[2]), Some(vec![Why::Tag("golden".into())]));
    assert_eq!(why(old[10]), None);
    assert_eq!(collection.missing.len(), 1, "{:?}", collection.missing);
    assert!(collection.thinned > 10 && collection.garbage_bytes() > 0 && collection.kept_bytes > 0);

    // The clock of this machine is wrong.
    let before = SystemTime::UNIX_EPOCH + Duration::from_secs(START);
    let refused = plan(&world.store, &keep, before);
    assert!(matches!(refused, Err(GcError::Clock { .. })));
    // A derived dataset that cannot be asked might need anything.
    let silent = FaultyStore::new(world.derived.clone(), |_| Some(Fault::Before));
    let keep = keep.derived(silent.into());
    let refused = plan(&world.store, &keep, world.clock.now());
    assert!(matches!(refused, Err(GcError::Store(_))));
}

#[test]
fn what_is_pinned_or_tagged_in_the_middle_of_the_work_stays() {
    let mut world = World::new(5);
    while world.versions.len() < 120 {
        world.clock.advance(Duration::from_secs(60));
        world.publish();
    }
    let old: Vec<Version> = world.versions.keys().copied().collect();
    let keep = keep(1, Duration::ZERO, &world.derived);
    let now = || world.clock.now();
    let collection = plan(&world.store, &keep, now()).expect("a plan");
    let before = collection.garbage.len();
    let lowest = collection.kept.last().expect("the announced one at least").version;
    let held = *old.iter().rfind(|version| **version < lowest).expect("one that goes");
    let mut asked = 0;
    let removed = remove(&world.store, collection, &keep, now, || {
        asked += 1;
        if asked == 1 {
            world
                .store
                .change::<Pins, _, StoreError>(|pins| pins.add(Pin::everybody(held, "found in time", 1)))?;
        }
        Ok(true)
    })
    .expect("removed");
    assert!(removed.objects > 0 && removed.objects < before);
    world.assert_loads(&[held, old[119]]);
}

#[test]
fn whoever_lost_the_head_removes_nothing_more() {
    let mut world = World::new(6);
    while world.versions.len() < 20 {
        world.clock.advance(Duration::from_secs(60));
        world.publish();
    }
    let keep = keep(1, Duration::ZERO, &world.derived);
    let now = || world.clock.now();
    let collection = plan(&world.store, &keep, now()).expect("a plan");
    assert!(!collection.garbage.is_empty());
    let count = world.store.blobs().list("").expect("listed").len();
    let removed = remove(&world.store, collection, &keep, now, || Ok(false)).expect("stopped");
    assert_eq!(removed.objects, 0);
    assert_eq!(world.store.blobs().list("").expect("listed").len(), count);
}

/// However long nothing is published, the next version may name the snapshot of one before.
#[test]
fn a_snapshot_that_may_still_be_named_stays_as_long_as_its_version() {
    let store = Store::memory();
    let mut producer = crate::support::builder(dataset(), &store, 22).build().expect("valid");
    let (mut random, mut model) = (Random::new(22), Model::new(dataset()));
    let mut publish = |until: usize| {
        while links(&store).len() < until {
            random.change(&mut model, 6);
            producer.run_cycle(|cycle| fill(cycle, &model)).expect("published");
        }
    };
    publish(8);
    let without = links(&store).into_iter().find(|link| link.snapshot.is_none());
    let version = without.expect("a snapshot every five versions").version;
    let late = Key::new(format!("blobs/snapshot-{version}-0123456789abcdef")).expect("a name");
    store
        .blobs()
        .put(&late, &Staged::Bytes(b"finished, and not named yet"[..].into()))
        .expect("put");
    let keep = Keep::versions(2);
    let collect = || {
        let now = || SystemTime::UNIX_EPOCH + Duration::from_secs(START * 2);
        let collection = plan(&store, &keep, now()).expect("a plan");
        remove(&store, collection, &keep, now, || Ok(true)).expect("removed");
        store.blobs().open(&late).is_ok()
    };
    assert!(collect(), "it is years old and stays");
    publish(30);
    assert!(!collect(), "its version is not kept");
}

/// The producer's own retention goes by the same rules.
#[test]
fn a_producer_keeps_what_is_tagged_or_was_an_input() {
    let (store, derived) = (Store::memory(), Store::memory());
    let mut producer = crate::support::builder(dataset(), &store, 21)
        .retention(Retention::versions(2))
        .derived(derived.clone())
        .build()
        .expect("valid");
    let (mut random, mut model) = (Random::new(21), Model::new(dataset()));
    let mut versions = BTreeMap::new();
    for number in 0..40 {
        random.change(&mut model, 6);
        let outcome = producer.run_cycle(|cycle| fill(cycle, &model)).expect("published");
        let Some(version) = outcome.version() else { continue };
        versions.insert(version, model.clone());
        if number == 3 {
            let tag = Tag {
                version,
                reason: "golden".into(),
                by: String::new(),
                tagged_at: 0,
            };
            let tagged: Result<(), StoreError> = store.change::<Tags, _, _>(|tags| tags.add("golden", tag.clone()));
            tagged.expect("a tag");
        }
        if number == 12 {
            let output = Dataset::parse("Out @PrimaryKey(id) { int id; }").expect("valid");
            let mut deriver = Producer::builder(output, derived.clone()).build().expect("valid");
            let outcome = deriver.run_cycle(|cycle| {
                cycle.tag("in.titles", &version.to_string());
                Ok(())
            });
            outcome.expect("published");
        }
    }
    let all: Vec<Version> = versions.keys().copied().collect();
    let tagged = store.document::<Tags>().expect("read").0;
    let tagged = tagged.all()["golden"].version;
    let input: Version = links(&derived)[0].manifest.as_ref().expect("one").header_tags["in.titles"]
        .parse()
        .expect("a version");
    for version in [tagged, input, all[all.len() - 1]] {
        let cold = consumer(&store);
        cold.refresh_to(version).expect("it is kept");
        assert_is(&cold.state().expect("loaded"), &versions[&version]);
    }
    let blobs = store.blobs().list("blobs/").expect("listed").len();
    assert!(blobs < 60, "{blobs} blobs for a tag, an input and a few versions");
    // What is held back leads to a route that fails first, and another that works.
    let follower = consumer(&store);
    follower.refresh_to(tagged).expect("it is kept");
    follower.refresh().expect("by a snapshot");
    assert_is(&follower.state().expect("loaded"), &versions[&all[all.len() - 1]]);
    let report = hollow::store::verify::verify(&store, false, |_| {}).expect("read");
    assert!(
        report
            .worst()
            .is_none_or(|worst| worst == hollow::store::verify::Severity::Note),
        "{:?}",
        report.findings
    );
}
