//! What is announced, compared with the log.
//!
//! Reads the store as any consumer can, and shares nothing with the producer but the reader of the format. Every version
//! that is ever announced is looked at once, in the order of the chain:
//!
//! | | what must hold |
//! |---|---|
//! | I1 | the head is loadable cold, by snapshot and by the deltas from the oldest snapshot |
//! | I2, I3 | the state is the fold of the log up to the offsets in its header, and those only grow |
//! | I8 | each head leads back, by the digests of manifests, to the one that was seen before |
//! | I9 | every receipt says that the version passed, and the checksum is that of the records |
//! | I13 | blobs have the length and digest that the manifest says (the reader sees to that) |
//! | I23 | versions and epochs grow |
//! | I26 | the reverse delta leads back to the state before |

use super::log::{Log, Meaning, Row};
use anyhow::{Context, Result, bail, ensure};
use hollow::Version;
use hollow::consumer::Consumer;
use hollow::read::{Filter, ReadState};
use hollow::record::Value;
use hollow::store::route::{Preference, Route};
use hollow::store::{BlobEntry, BlobRef, Head, Manifest, Sha256, Store, load};
use hollow::tools::checksum::Checksums;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Rows by key.
type Rows = BTreeMap<i64, Row>;
/// How many versions back a late snapshot can be compared.
const REMEMBERED: usize = 200;

/// A log, folded so far.
#[derive(Default)]
struct Fold {
    rows: Rows,
    reached: BTreeMap<i32, i64>,
}

impl Fold {
    fn advance(&mut self, to: &BTreeMap<i32, i64>, log: &mut dyn Log) -> Result<()> {
        for (&partition, &reached) in &self.reached {
            let next = to.get(&partition).copied();
            ensure!(
                next.is_some_and(|next| next >= reached),
                "the offsets go back, partition={partition} from={reached} to={next:?}"
            );
        }
        for (&partition, &end) in to {
            for offset in self.reached.get(&partition).copied().unwrap_or(0)..end {
                match log.at(partition, offset)? {
                    Meaning::Upsert(id, row) => drop(self.rows.insert(id, row)),
                    Meaning::Delete(id) => drop(self.rows.remove(&id)),
                    Meaning::Nothing => {}
                }
            }
        }
        self.reached.clone_from(to);
        Ok(())
    }
}

/// A version that was found right.
struct Verified {
    version: Version,
    manifest: Sha256,
    epoch: u64,
    state: Arc<ReadState>,
    rows: Rows,
}

/// Looks at everything that is announced in a store.
pub struct Verifier {
    store: Store,
    fold: Fold,
    last: Option<Verified>,
    /// Rows of earlier versions, for snapshots that come late.
    earlier: VecDeque<(Version, Sha256, Rows)>,
    log_tags: Option<(String, String, String)>,
    versions: u64,
}

impl Verifier {
    pub fn new(store: Store) -> Self {
        Self {
            store,
            fold: Fold::default(),
            last: None,
            earlier: VecDeque::new(),
            log_tags: None,
            versions: 0,
        }
    }

    /// How many versions were found right.
    pub fn versions(&self) -> u64 {
        self.versions
    }

    /// How far the log is folded in the last of them.
    pub fn reached(&self) -> &BTreeMap<i32, i64> {
        &self.fold.reached
    }

    /// Looks at every version announced since the last look. Gives how many there were.
    pub fn check(&mut self, log: &mut dyn Log) -> Result<u64> {
        let Some((head, _)) = self.store.head()? else {
            ensure!(self.last.is_none(), "nothing is announced any more");
            return Ok(0);
        };
        let before = self.versions;
        for (manifest, sha256) in self.since_last(&head)? {
            let version = manifest.version;
            self.take(manifest, sha256, log)
                .with_context(|| format!("version={version}"))?;
        }
        let epoch = self.last.as_ref().map_or(0, |last| last.epoch);
        ensure!(
            head.epoch >= epoch,
            "the epoch goes back from {epoch} to {}",
            head.epoch
        );
        Ok(self.versions - before)
    }

    /// The manifests from the head back to the last one found right, oldest first.
    fn since_last(&self, head: &Head) -> Result<Vec<(Manifest, Sha256)>> {
        let last = self.last.as_ref().map(|last| (last.version, last.manifest));
        let mut links = Vec::new();
        let mut next = Some((head.version, head.manifest));
        while next != last {
            let Some((version, sha256)) = next else {
                bail!(
                    "a chain of its own: version={} does not lead back to {last:?}",
                    head.version
                );
            };
            if let Some((before, _)) = last {
                ensure!(
                    version > before,
                    "another version={version} beside or before version={before}"
                );
            }
            let manifest = self.store.manifest(version, &sha256)?;
            next = manifest.previous.map(|previous| (previous.version, previous.manifest));
            links.push((manifest, sha256));
        }
        links.reverse();
        Ok(links)
    }

    fn take(&mut self, manifest: Manifest, sha256: Sha256, log: &mut dyn Log) -> Result<()> {
        let state = Arc::new(self.load_next(&manifest)?);
        ensure!(
            state.header_tags() == &manifest.header_tags,
            "header tags differ from the manifest's"
        );
        let offsets = self.position(&manifest)?;
        self.fold.advance(&offsets, log)?;
        let rows = rows(&state)?;
        compare(&rows, &self.fold.rows).with_context(|| format!("it is not the fold of the log up to {offsets:?}"))?;
        nothing_left_over(&state, &rows)?;
        ensure!(
            manifest.receipts.iter().all(|receipt| receipt.passed),
            "a version that was refused: {:?}",
            manifest.receipts
        );
        if let Some(recorded) = manifest.record_checksum {
            ensure!(Checksums::of(&state).total == recorded, "the checksum is another");
        }
        self.check_other_routes(&manifest, &state, &rows)?;
        self.earlier.push_back((manifest.version, sha256, rows.clone()));
        if self.earlier.len() > REMEMBERED {
            self.earlier.pop_front();
        }
        self.last = Some(Verified {
            version: manifest.version,
            manifest: sha256,
            epoch: manifest.epoch,
            state,
            rows,
        });
        self.versions += 1;
        Ok(())
    }

    /// The state, by the delta from the one before; the first by its snapshot.
    fn load_next(&self, manifest: &Manifest) -> Result<ReadState> {
        use hollow::store::BlobKind::{Delta, Snapshot};
        let kind = match &self.last {
            None => Snapshot,
            Some(last) => {
                ensure!(manifest.epoch >= last.epoch, "the epoch goes back");
                Delta
            }
        };
        let entry = manifest.blob(kind).with_context(|| format!("no {kind} leads to it"))?;
        self.load(self.last.as_ref().map(|last| &*last.state), entry)
    }

    fn load(&self, from: Option<&ReadState>, entry: &BlobEntry) -> Result<ReadState> {
        use hollow::store::BlobKind::Snapshot;
        let blob = BlobRef::from(entry);
        let route = match entry.kind {
            Snapshot => Route {
                snapshot: Some((entry.to, blob)),
                steps: Vec::new(),
            },
            _ => Route {
                snapshot: None,
                steps: vec![(entry.to, blob)],
            },
        };
        load(&self.store, &route, from, &Filter::everything()).with_context(|| format!("its {}", entry.kind))
    }

    /// What the header says of the log; which log that is never changes.
    fn position(&mut self, manifest: &Manifest) -> Result<BTreeMap<i32, i64>> {
        let tag = |name: &str| {
            let found = manifest.header_tags.get(name).cloned();
            found.with_context(|| format!("no tag {name}"))
        };
        let log = (tag("kafka.topic")?, tag("kafka.log")?, tag("kafka.generation")?);
        let known = self.log_tags.get_or_insert_with(|| log.clone());
        ensure!(*known == log, "folded from another log: {known:?} {log:?}");
        let text = tag("kafka.offsets")?;
        let pair = |pair: &str| {
            let (partition, offset) = pair.split_once(':')?;
            Some((partition.parse().ok()?, offset.parse().ok()?))
        };
        let offsets: Option<BTreeMap<i32, i64>> = text.split(',').map(pair).collect();
        offsets.with_context(|| format!("kafka.offsets={text}"))
    }

    fn check_other_routes(&self, manifest: &Manifest, state: &ReadState, now: &Rows) -> Result<()> {
        use hollow::store::BlobKind::{ReverseDelta, Snapshot};
        if let Some(last) = &self.last {
            let entry = manifest.blob(ReverseDelta).context("no reverse delta leads back")?;
            let back = self.load(Some(state), entry)?;
            compare(&rows(&back)?, &last.rows).context("the reverse delta leads elsewhere")?;
            if let Some(entry) = manifest.blob(Snapshot) {
                compare(&rows(&self.load(None, entry)?)?, now).context("its snapshot is another state")?;
            }
        }
        if let Some(late) = &manifest.late_snapshot {
            let of = self.earlier.iter().find(|(version, ..)| *version == late.version);
            let (_, sha256, rows_of) = of.context("a snapshot of a version that was never announced")?;
            ensure!(
                *sha256 == late.manifest,
                "a snapshot of another version={}",
                late.version
            );
            compare(&rows(&self.load(None, &late.blob)?)?, rows_of).context("the late snapshot is another state")?;
        }
        Ok(())
    }

    /// Loads the head as one who comes anew, by the nearest snapshot.
    pub fn check_cold(&self) -> Result<()> {
        self.load_cold(Preference::Best)
    }

    /// Loads the head as one who comes anew, from the oldest snapshot over every delta that is kept.
    pub fn check_cold_from_oldest(&self) -> Result<()> {
        self.load_cold(Preference::Deltas)
    }

    fn load_cold(&self, preference: Preference) -> Result<()> {
        let Some(last) = &self.last else { return Ok(()) };
        let consumer = Consumer::builder(self.store.clone()).build()?;
        consumer
            .refresh_by(last.version, preference)
            .with_context(|| format!("the head cannot be loaded cold, {preference:?}"))?;
        let state = consumer.state().context("no state")?;
        compare(&rows(&state)?, &last.rows).with_context(|| format!("loaded cold, {preference:?}"))
    }
}

/// The items of a state.
fn rows(state: &ReadState) -> Result<Rows> {
    let mut rows = Rows::new();
    for ordinal in state.ty("Item").context("no items")?.populated() {
        let value = state.value("Item", ordinal).context("a populated ordinal")?;
        let (id, row) = row(&value).with_context(|| format!("{value:?}"))?;
        ensure!(rows.insert(id, row).is_none(), "two items have id={id}");
    }
    Ok(rows)
}

fn row(value: &Value) -> Option<(i64, Row)> {
    let named = |value: &Value| match value {
        Value::Object(fields) => match &fields[..] {
            [Value::String(name)] => Some(name.clone()),
            _ => None,
        },
        _ => None,
    };
    let Value::Object(fields) = value else { return None };
    let [Value::Long(id), Value::String(name), group, Value::Set(tags)] = &fields[..] else {
        return None;
    };
    let row = Row {
        name: name.clone(),
        group: named(group)?,
        tags: tags.iter().map(named).collect::<Option<_>>()?,
    };
    Some((*id, row))
}

/// Says where two states differ, if they do.
fn compare(found: &Rows, expected: &Rows) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let ids: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    let different: Vec<_> = ids
        .into_iter()
        .filter(|id| found.get(id) != expected.get(id))
        .map(|id| format!("id={id} found={:?} expected={:?}", found.get(id), expected.get(id)))
        .collect();
    bail!(
        "{} items differ: {}",
        different.len(),
        different[..different.len().min(3)].join("; ")
    );
}

/// Records that items refer to are there once each, and no others.
fn nothing_left_over(state: &ReadState, rows: &Rows) -> Result<()> {
    let groups: BTreeSet<_> = rows.values().map(|row| &row.group).collect();
    let tags: BTreeSet<_> = rows.values().flat_map(|row| &row.tags).collect();
    let sets: BTreeSet<_> = rows.values().map(|row| &row.tags).collect();
    for (name, expected) in [("Group", groups.len()), ("Tag", tags.len()), ("Tags", sets.len())] {
        let found = state.ty(name).map_or(0, |ty| ty.len());
        ensure!(
            found == expected,
            "{found} records of type={name}, items refer to {expected}"
        );
    }
    Ok(())
}
