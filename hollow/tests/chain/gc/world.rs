//! A dataset with everything that can hold its versions, and random steps.

use crate::routes::consumer;
use crate::support::{Random, assert_is, dataset, fill};
use hollow::Version;
use hollow::producer::{Producer, PublishUnchanged, SnapshotWriting};
use hollow::schema::Dataset;
use hollow::store::route::Chain;
use hollow::store::{Key, Link, Pin, Pins, Source, Staged, Store, StoreError, Tag, Tags};
use hollow::testing::{ManualClock, Model, entropy};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

pub(super) const START: u64 = 1_700_000_000;

fn ms(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    since.as_millis() as u64
}

/// A dataset, one that is made from it, and what people say.
pub(super) struct World {
    pub(super) store: Store,
    pub(super) derived: Store,
    pub(super) clock: ManualClock,
    pub(super) random: Random,
    model: Model,
    pub(super) producer: Producer,
    deriver: Producer,
    pub(super) versions: BTreeMap<Version, Model>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let (store, derived) = (Store::memory(), Store::memory());
        let clock = ManualClock::at(START);
        let mut random = Random::new(seed);
        let build = |dataset: Dataset, store: &Store, seed: u64, snapshots: u64| {
            let shown = clock.clone();
            Producer::builder(dataset, store.clone())
                .snapshot_every(snapshots as u32)
                .snapshots(SnapshotWriting::WithVersion)
                .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
                .clock(move || shown.now())
                .entropy(entropy(seed))
                .retry(2, Duration::ZERO)
                .sleep(|_| {})
        };
        let snapshots = 1 + random.below(6);
        let producer = build(dataset(), &store, seed, snapshots).root("Movie").root("Studio");
        let output = Dataset::parse("Out @PrimaryKey(id) { int id; }").expect("valid");
        let deriver = build(output, &derived, seed + 1, 3).build().expect("valid");
        Self {
            producer: producer.build().expect("valid"),
            deriver,
            store,
            derived,
            clock,
            random,
            model: Model::new(dataset()),
            versions: BTreeMap::new(),
        }
    }

    fn now(&self) -> u64 {
        ms(self.clock.now())
    }

    /// One that can still be loaded; the tools refuse to hold others.
    fn some_version(&mut self) -> Option<Version> {
        let there = self.store.blobs().list("blobs/").expect("listed");
        let there: BTreeSet<&str> = there.iter().map(Key::as_str).collect();
        let mut links = links(&self.store);
        links.retain(|link| {
            let mut blobs = [&link.snapshot, &link.delta].into_iter().flatten();
            blobs.any(|blob| there.contains(blob.name.as_str()))
        });
        let at = self.random.below(links.len().max(1) as u64) as usize;
        links.get(at).map(|link| link.version)
    }

    pub(super) fn step(&mut self) {
        self.clock.advance(Duration::from_secs(1 + self.random.below(200)));
        match self.random.below(12) {
            0 => self.tag(),
            1 => self.pin(),
            2 => self.let_go(),
            3 => self.derive(),
            4 => self.fail(),
            _ => self.publish(),
        }
    }

    pub(super) fn publish(&mut self) {
        self.random.change(&mut self.model, 4);
        let model = &self.model;
        let outcome = self.producer.run_cycle(|cycle| fill(cycle, model)).expect("published");
        let version = outcome.version().map(|version| (version, self.model.clone()));
        self.versions.extend(version);
    }

    fn tag(&mut self) {
        let Some(version) = self.some_version() else { return };
        let tag = Tag {
            version,
            reason: "a release".into(),
            by: "a test".into(),
            tagged_at: self.now(),
        };
        let name = format!("release-{version}");
        let tagged: Result<(), StoreError> = self.store.change::<Tags, _, _>(|tags| tags.add(&name, tag.clone()));
        tagged.expect("a tag");
    }

    fn pin(&mut self) {
        let Some(version) = self.some_version() else { return };
        let region = ["eu", "us", "ap"][self.random.below(3) as usize];
        let pin = Pin {
            scope: [("region".to_owned(), region.to_owned())].into(),
            expires_at: (self.random.below(2) == 0).then(|| self.now() + self.random.below(2_000_000)),
            ..Pin::everybody(version, "a test", self.now())
        };
        let pinned: Result<_, StoreError> = self.store.change::<Pins, _, _>(|pins| pins.add(pin.clone()));
        pinned.expect("a pin");
    }

    fn let_go(&mut self) {
        let number = self.random.below(4) as usize;
        let change = |pins: &mut Pins| {
            let scope = pins.all().get(number).map(|pin| pin.scope.clone());
            scope.map(|scope| pins.remove(&scope));
            Ok::<_, StoreError>(())
        };
        self.store.change(change).expect("changed");
        let change = |tags: &mut Tags| {
            let name = tags.all().keys().nth(number).cloned();
            name.map(|name| tags.remove(&name));
            Ok::<_, StoreError>(())
        };
        self.store.change(change).expect("changed");
    }

    fn derive(&mut self) {
        let Some(version) = self.some_version() else { return };
        let outcome = self.deriver.run_cycle(|cycle| {
            cycle.tag("in.titles", &version.to_string());
            Ok(())
        });
        outcome.expect("published");
    }

    /// An attempt that left something behind.
    fn fail(&mut self) {
        let Some(version) = self.producer.version() else { return };
        let number = self.random.below(1000);
        for name in [
            format!("blobs/delta-{}-{version}-{number:016x}", version.0 - 1),
            format!("quarantine/{version}-{number:032x}-manifest"),
        ] {
            let key = Key::new(name).expect("a name");
            let put = self.store.blobs().put(&key, &Staged::Bytes(b"left"[..].into()));
            put.expect("put");
        }
    }

    /// The versions that must be there: as the rules say, without a look at how they are kept.
    pub(super) fn roots(&self, keep: usize, grace: Duration) -> BTreeSet<Version> {
        let links = links(&self.store);
        let here: BTreeSet<Version> = links.iter().map(|link| link.version).collect();
        let mut roots: BTreeSet<Version> = links.iter().take(keep).map(|link| link.version).collect();
        let young = |link: &&Link| {
            let created = link.manifest.as_ref().map_or(0, |manifest| manifest.created_at);
            created + grace.as_millis() as u64 > self.now()
        };
        roots.extend(links.iter().filter(young).map(|link| link.version));
        let pins = self.store.pins().expect("read");
        // Clocks of consumers may be slow by the grace time.
        let before = self.now() - grace.as_millis() as u64;
        let pins = pins.all().iter().filter(|pin| pin.is_in_force(before));
        roots.extend(pins.map(|pin| pin.version).filter(|version| here.contains(version)));
        let (tags, _) = self.store.document::<Tags>().expect("read");
        let tags = tags.all().values().map(|tag| tag.version);
        roots.extend(tags.filter(|version| here.contains(version)));
        for link in self::links(&self.derived) {
            let tags = link.manifest.map(|manifest| manifest.header_tags).unwrap_or_default();
            let input = tags.get("in.titles").and_then(|text| text.parse().ok());
            roots.extend(input.filter(|version: &Version| here.contains(version)));
        }
        roots
    }

    pub(super) fn assert_loads<'v>(&self, roots: impl IntoIterator<Item = &'v Version>) {
        for version in roots {
            let cold = consumer(&self.store);
            cold.refresh_to(*version)
                .unwrap_or_else(|error| panic!("{version}: {error:?}"));
            assert_is(&cold.state().expect("loaded"), &self.versions[version]);
        }
    }
}

pub(super) fn links(store: &Store) -> Vec<Link> {
    let tip = store.announced().expect("read");
    let mut chain = Chain::new(store, tip);
    chain.extend_to_end().expect("read");
    chain.links().to_vec()
}
