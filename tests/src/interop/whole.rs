//! The whole producers and consumers of both sides, as an application uses them: `Producer` with its mirror for Java,
//! `HollowProducer` continuing from there, `HollowConsumer` and `Consumer` following both.

use super::canonical;
use super::cycle;
use super::java::Jvm;
use super::model::Model;
use super::report::{Publisher, Report};
use super::rng::Rng;
use super::script::Builder;
use super::values::{self, Kinds};
use anyhow::{Context, Result, ensure};
use hollow::Version;
use hollow::consumer::Consumer;
use hollow::producer::Producer;
use hollow::read::ReadState;
use hollow::record::{Value, key};
use hollow::store::{FsMirror, JavaDirectory, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const FEATURE: &str = "whole producers: `Producer` and mirror, `HollowProducer`; `HollowConsumer`, `Consumer`";

/// Versions that each side publishes.
const VERSIONS: usize = 4;

/// What `HollowProducer` answers as the version of a cycle before it has published any.
const NONE: &str = "0";

struct Whole<'j> {
    jvm: &'j mut Jvm,
    rng: Rng,
    model: Model,
    /// The records that the next version has: root type to records by their texts.
    records: BTreeMap<String, BTreeMap<String, Value>>,
    /// Over the directory in Java's layout.
    consumer: Consumer,
    report: Report,
}

/// Runs a chain: some versions of ours, then some of Java's, which continues from the mirror.
///
/// # Errors
/// The first thing on which the two sides disagree.
pub(super) fn run(seed: u64, jvm: &mut Jvm, directory: &Path) -> Result<Report> {
    let mut rng = Rng::new(seed ^ 0x5eed);
    let model = Model::random(&mut rng);
    let mirror = directory.join("mirror");
    let staging = directory.join("mirror-staging");
    std::fs::create_dir_all(&mirror)?;
    std::fs::create_dir_all(&staging)?;
    jvm.send(&format!("chain {}", mirror.display()))?;
    let records = model.roots().into_iter().map(|root| (root.to_owned(), BTreeMap::new()));
    let mut whole = Whole {
        records: records.collect(),
        jvm,
        rng,
        model,
        consumer: Consumer::builder(JavaDirectory::open(&mirror)?).build()?,
        report: Report::default(),
    };
    whole
        .ours(&directory.join("ours"), &mirror)
        .context("published by our producer")?;
    whole.javas(&staging).context("published by HollowProducer")?;
    Ok(whole.report)
}

impl Whole<'_> {
    fn ours(&mut self, store: &Path, mirror: &Path) -> Result<()> {
        let store = Store::fs(store)?;
        let mut producer = Producer::builder(self.model.dataset(), store.clone())
            .name("interop")
            .snapshot_every(self.rng.between(1, 3) as u32)
            .snapshots(hollow::producer::SnapshotWriting::WithVersion)
            .check_keys(false) // random records, as Java takes them
            .mirror(FsMirror::open(mirror)?)
            .build()?;
        let consumer = Consumer::builder(store).build()?;
        for index in 0..VERSIONS {
            self.change_records();
            let by_key = index > 0 && self.rng.percent(50) && self.have_keys();
            if by_key {
                self.by_key(&mut producer)?;
            } else {
                let records = &self.records;
                producer.run_cycle(|cycle| {
                    for (root, records) in records {
                        for record in records.values() {
                            cycle.add(root, record)?;
                        }
                    }
                    cycle.tag("by", "rust");
                    Ok(())
                })?;
            }
            consumer.refresh()?;
            let state = consumer.state().context("no state")?;
            let version = producer.version().context("no version")?;
            let mirrored = self.follow(version)?;
            ensure!(
                canonical::text(&state) == canonical::text(&mirrored),
                "the store and its mirror differ"
            );
            self.report.count_direction(FEATURE, Publisher::Rust, 1);
        }
        Ok(())
    }

    /// Whether all records have a primary key of their own.
    fn have_keys(&self) -> bool {
        let dataset = self.model.dataset();
        self.records.iter().all(|(root, records)| {
            let keys: Option<Vec<String>> = records
                .values()
                .map(|record| key::key_of(&dataset, root, record).ok().map(|key| key::key_json(&key)))
                .collect();
            keys.is_some_and(|keys| keys.iter().collect::<BTreeSet<_>>().len() == keys.len())
        })
    }

    /// The same records, by changes: what is gone is deleted, what is new is added.
    fn by_key(&mut self, producer: &mut Producer) -> Result<()> {
        let dataset = self.model.dataset();
        let before = producer.state().context("no state")?;
        let mut deleted = Vec::new();
        for (root, records) in &self.records {
            let Some(ty) = before.ty(root) else { continue };
            let mut keys = BTreeSet::new();
            for ordinal in ty.populated() {
                let value = before.value(root, ordinal).unwrap_or(Value::Null);
                let stays = records.contains_key(&values::key(&value));
                // Without a key, or with that of another, it cannot be named: then all are added again.
                match key::key_of(&dataset, root, &value) {
                    Ok(key) if !keys.insert(key::key_json(&key)) => return self.all_again(producer),
                    Ok(key) if !stays => deleted.push((root.clone(), key)),
                    Err(_) if !stays => return self.all_again(producer),
                    _ => {}
                }
            }
        }
        let records = &self.records;
        producer.run_incremental_cycle(|cycle| {
            for (root, key) in &deleted {
                cycle.delete(root, key)?;
            }
            for (root, records) in records {
                for record in records.values() {
                    cycle.upsert(root, record)?;
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    fn all_again(&self, producer: &mut Producer) -> Result<()> {
        producer.run_cycle(|cycle| {
            for (root, records) in &self.records {
                for record in records.values() {
                    cycle.add(root, record)?;
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    fn javas(&mut self, staging: &Path) -> Result<()> {
        let mut last = self.consumer.version().context("no version")?;
        for _ in 0..VERSIONS {
            self.change_records();
            let dataset = self.model.dataset();
            self.jvm.send(&format!("engine 0 0 {}", i64::MAX))?;
            for schema in dataset.schemas() {
                self.jvm
                    .send(&format!("type -1 {}", schema.to_string().replace('\n', " ")))?;
            }
            let mut builder = Builder::new(&dataset, false);
            for (root, records) in &self.records {
                for record in records.values() {
                    builder.add(&mut self.rng, root, record);
                }
            }
            for op in &builder.ops {
                self.jvm.send(&op.line())?;
            }
            let number = last.0 + 1 + self.rng.below(1000) as i64;
            let answer = self
                .jvm
                .ask(&format!("publish {} {number} {last}", staging.display()))?;
            let published = answer.split(' ').next().unwrap_or_default();
            // Java publishes nothing if nothing changed, and then names the version that this producer published last:
            // none, as it was made for this cycle. That nothing changed is seen by what both consumers have.
            if published == NONE {
                self.follow(last).context("nothing published")?;
                continue;
            }
            ensure!(published == number.to_string(), "published {published}");
            last = Version(number);
            self.follow(last)?;
            self.report.count_direction(FEATURE, Publisher::Java, 1);
        }
        Ok(())
    }

    /// Records come and go.
    fn change_records(&mut self) {
        let roots: Vec<String> = self.records.keys().cloned().collect();
        for root in roots {
            let added: Vec<Value> = (0..self.rng.between(1, 5))
                .map(|_| values::random(&self.model, &root, &mut self.rng, Kinds { nan: false }))
                .collect();
            let rng = &mut self.rng;
            let records = self.records.entry(root).or_default();
            records.retain(|_, _| !rng.percent(20));
            records.extend(added.into_iter().map(|record| (values::key(&record), record)));
        }
    }

    /// Both consumers go to the announced version, which must be this one; both see the same, and the records.
    fn follow(&mut self, version: Version) -> Result<ReadState> {
        self.jvm.send("announced")?;
        self.jvm.send("sum consumer")?;
        self.jvm.flush()?;
        self.consumer.refresh()?;
        let state = self.consumer.state().context("no state")?;
        ensure!(
            state.version() == Some(version),
            "our consumer is at {:?}",
            state.version()
        );
        let announced = self.jvm.answer()?;
        ensure!(announced == version.to_string(), "Java's consumer is at {announced}");
        let (ours, java) = (canonical::sum(&state), self.jvm.answer()?);
        ensure!(ours == java, "ours={ours} java={java}");
        let roots = self.model.roots();
        let dataset = self.model.dataset();
        let mut expected = BTreeSet::new();
        for (root, records) in &self.records {
            for record in records.values() {
                values::roots_within(&dataset, &roots, root, record, &mut expected);
            }
        }
        let found = cycle::roots_of(&state, &roots);
        ensure!(
            found == expected,
            "records: found {} expected {}",
            found.len(),
            expected.len()
        );
        self.report.states += 1;
        Ok(state.as_ref().clone())
    }
}
