//! Cycles that change some records, by key, and keep all others.

use super::cycle::Filling;
use super::finder::{Finder, InState};
use super::keys::{KeyReader, KeyTable};
use super::prepared::Parts;
use super::references::{Edges, References, World};
use super::{BoxError, CycleError, CycleOutcome, Producer};
use crate::Ordinal;
use crate::prepared::{FoundRecord, PreparedRecords, RecordPlan};
use crate::read::ReadState;
use crate::record::key_bytes::key_bytes;
use crate::record::{KeyPaths, KeyValue, Value};
use crate::store::KeyChanges;
use crate::typed::{self, KeyParts, Keyed};
use crate::write::{TypeId, WriteStateEngine};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a producer keeps for incremental cycles; belongs to the announced state.
pub(super) struct Incremental {
    roots: BTreeMap<String, Root>,
    references: References,
    /// Whether records that nothing refers to were taken out already.
    swept: bool,
}

struct Root {
    id: TypeId,
    paths: KeyPaths,
    keys: KeyTable,
}

/// What an incremental cycle did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncrementalStats {
    /// Records that are new or replace one with the same key.
    pub upserted: u64,
    /// Records that were there already.
    pub unchanged: u64,
    /// Records taken out.
    pub deleted: u64,
    /// Keys to delete that no record had.
    pub absent: u64,
}

/// A cycle that is being filled with changes to the announced state.
///
/// Root records are named by their primary key. What a root record refers to comes with it and goes when no record
/// refers to it any more. (Records that refer to each other in a circle keep each other.)
pub struct IncrementalCycle<'a> {
    /// Tells it from all other cycles.
    number: u64,
    engine: &'a mut WriteStateEngine,
    published: Option<&'a Arc<ReadState>>,
    incremental: &'a mut Incremental,
    tags: &'a mut BTreeMap<String, String>,
    stats: IncrementalStats,
    failed_additions: bool,
    typed: typed::Session,
    parts: Parts,
}

impl IncrementalCycle<'_> {
    /// Adds a root record, in place of the one with the same key (Java Hollow's `addOrModify`); true if that changes
    /// anything. Two root records never have one key, and no root record is without one.
    ///
    /// # Errors
    /// [`CycleError`] if the type is no root, a part of the key is null, or the record does not fit its schema. The cycle
    /// then is as before and can go on.
    pub fn upsert(&mut self, type_name: &str, value: &Value) -> Result<bool, CycleError> {
        let Some(root) = self.incremental.roots.get(type_name) else {
            return Err(CycleError::NotARoot(type_name.to_owned()));
        };
        let key = key_bytes(&root.paths.of(value)?);
        self.put(type_name, &key, None, |this| Ok(this.engine.add(type_name, value)?))
    }

    /// As [`upsert`](IncrementalCycle::upsert), with a prepared record, of those that were
    /// [taken up](IncrementalCycle::begin_prepared) last.
    ///
    /// # Errors
    /// As [`upsert`](IncrementalCycle::upsert), and [`CycleError::Populate`] if there is no such record, or others were taken
    /// up last.
    pub fn upsert_prepared(
        &mut self,
        type_name: &str,
        records: &PreparedRecords,
        index: usize,
    ) -> Result<bool, CycleError> {
        let Some(ty) = self.incremental.roots.get(type_name).map(|root| root.id) else {
            return Err(CycleError::NotARoot(type_name.to_owned()));
        };
        of_type(records, type_name)?;
        let (Some(key), Some(root)) = (records.key(index), records.root(index)) else {
            return Err(CycleError::Populate("there is no such prepared record".into()));
        };
        if !self.parts.are_of(records) {
            return Err(CycleError::Populate(
                "these prepared records were not taken up last".into(),
            ));
        }
        let known = records.found_for(self.number, ty).and_then(|found| found.get(index));
        self.put(type_name, key, known, |this| {
            let references = &this.incremental.references;
            Ok(this.parts.add(this.engine, references, records, root)?)
        })
    }

    /// Takes up what a preparer has filled, before any of its records is added. Everything that it fills comes here, in that
    /// order, also what has no record in it: later records may share parts with it.
    ///
    /// # Errors
    /// [`CycleError::Populate`] if it was prepared for other schemas, or something before it is missing;
    /// [`CycleError::NotARoot`].
    pub fn begin_prepared(&mut self, type_name: &str, records: &PreparedRecords) -> Result<(), CycleError> {
        let Some(root) = self.incremental.roots.get(type_name) else {
            return Err(CycleError::NotARoot(type_name.to_owned()));
        };
        of_type(records, type_name)?;
        self.parts.take_up(self.engine, records)?;
        if let Some(found) = records.found_for(self.number, root.id) {
            // All of them will be asked for, and together that takes less time.
            root.keys.bring_close(found.keys.iter().map(|&(hash, _)| hash));
            let (references, before) = (&self.incremental.references, found.keys.iter());
            let counts = before.filter_map(|&(_, before)| Some(references.touch(root.id, before?)));
            std::hint::black_box(counts.fold(0, u32::wrapping_add));
        }
        Ok(())
    }

    /// Who looks up what prepared records replace, on another thread: records that it has
    /// [looked up](Finder::find) before they are [taken up](IncrementalCycle::begin_prepared) are added in less time, and
    /// nothing else is different.
    ///
    /// # Errors
    /// [`CycleError::NotARoot`] if the type is no root.
    pub fn finder(&self, type_name: &str) -> Result<Finder, CycleError> {
        let Some(root) = self.incremental.roots.get(type_name) else {
            return Err(CycleError::NotARoot(type_name.to_owned()));
        };
        let in_state = self.published.and_then(|state| {
            Some(InState {
                edges: Edges::new(self.engine, state.ty(type_name)?),
                state: state.clone(),
                type_name: type_name.to_owned(),
            })
        });
        Ok(Finder {
            cycle: self.number,
            ty: root.id,
            keys: root.keys.published(),
            in_state,
        })
    }

    /// As [`delete`](IncrementalCycle::delete), with a key that was prepared.
    ///
    /// # Errors
    /// As [`delete`](IncrementalCycle::delete), and [`CycleError::Populate`] if there is no such key.
    pub fn delete_prepared(
        &mut self,
        type_name: &str,
        records: &PreparedRecords,
        index: usize,
    ) -> Result<bool, CycleError> {
        of_type(records, type_name)?;
        let Some(key) = records.key(index) else {
            return Err(CycleError::Populate("there is no such prepared key".into()));
        };
        let ty = self.incremental.roots.get(type_name).map(|root| root.id);
        let found = ty.and_then(|ty| records.found_for(self.number, ty));
        self.take_out(type_name, key, found.and_then(|found| found.get(index)))
    }

    /// As [`upsert`](IncrementalCycle::upsert), with a typed record; see [`typed`].
    ///
    /// # Errors
    /// As [`upsert`](IncrementalCycle::upsert), and [`CycleError::Model`] if the type does not fit the dataset.
    pub fn upsert_record<T: Keyed>(&mut self, record: &T) -> Result<bool, CycleError> {
        let (type_name, mut key) = (self.root_of::<T>()?, Vec::new());
        record.push_key(&mut key);
        // What was remembered of records before this one may have gone with one that was replaced.
        self.typed.forget();
        self.put(&type_name, &key_bytes(&key), None, |this| {
            Ok(this.typed.add(this.engine, record)?)
        })
    }

    /// As [`delete`](IncrementalCycle::delete), with the key of a typed record.
    ///
    /// # Errors
    /// As [`delete`](IncrementalCycle::delete), and [`CycleError::Model`] if the type does not fit the dataset.
    pub fn delete_record<T: Keyed>(&mut self, key: T::Key<'_>) -> Result<bool, CycleError> {
        let type_name = self.root_of::<T>()?;
        key.with(|key| self.delete(&type_name, key))
    }

    fn root_of<T: Keyed>(&mut self) -> Result<String, CycleError> {
        let plan = self.typed.root::<T>(self.engine)?;
        let type_name = self.typed.type_name(plan);
        match self.incremental.roots.contains_key(type_name) {
            true => Ok(type_name.to_owned()),
            false => Err(CycleError::NotARoot(type_name.to_owned())),
        }
    }

    /// Adds a root record, in place of the one with this key.
    fn put(
        &mut self,
        type_name: &str,
        key: &[u8],
        known: Option<FoundRecord<'_>>,
        add: impl FnOnce(&mut Self) -> Result<Ordinal, CycleError>,
    ) -> Result<bool, CycleError> {
        self.parts.forget_children();
        let added = add(self);
        let ordinal = added.inspect_err(|_| self.failed_additions = true)?;
        let Some(root) = self.incremental.roots.get_mut(type_name) else {
            return Err(CycleError::NotARoot(type_name.to_owned()));
        };
        let id = root.id;
        let published = self.published.map(|state| &**state);
        let known_key = known.map(|known| (known.hash, known.before));
        let before = root.keys.replace(published, key, known_key, Some(ordinal));
        let mut world = World {
            engine: self.engine,
            published,
        };
        let references = &mut self.incremental.references;
        if before == Some(ordinal) {
            references.take_up(&world, id, ordinal);
            self.stats.unchanged += 1;
            return Ok(false);
        }
        // First the new record, so that what both refer to stays.
        references.acquire(&world, (id, ordinal), self.parts.children());
        if let Some(before) = before {
            references.release(&mut world, (id, before), children_of(before, known))?;
        }
        self.stats.upserted += 1;
        Ok(true)
    }

    /// Adds a root record unless there is one with the same key; true if it was added.
    ///
    /// # Errors
    /// As [`IncrementalCycle::upsert`].
    pub fn add_if_absent(&mut self, type_name: &str, value: &Value) -> Result<bool, CycleError> {
        let Some(root) = self.incremental.roots.get(type_name) else {
            return Err(CycleError::NotARoot(type_name.to_owned()));
        };
        let key = key_bytes(&root.paths.of(value)?);
        if root.keys.get(self.previous(), &key).is_some() {
            self.stats.unchanged += 1;
            return Ok(false);
        }
        self.upsert(type_name, value)
    }

    /// Takes out the root record with this key; false if there is none.
    ///
    /// # Errors
    /// [`CycleError::NotARoot`] if the type is no root.
    pub fn delete(&mut self, type_name: &str, key: &[KeyValue]) -> Result<bool, CycleError> {
        self.take_out(type_name, &key_bytes(key), None)
    }

    fn take_out(&mut self, type_name: &str, key: &[u8], known: Option<FoundRecord<'_>>) -> Result<bool, CycleError> {
        let Some(root) = self.incremental.roots.get_mut(type_name) else {
            return Err(CycleError::NotARoot(type_name.to_owned()));
        };
        let published = self.published.map(|state| &**state);
        let known_key = known.map(|known| (known.hash, known.before));
        let Some(before) = root.keys.replace(published, key, known_key, None) else {
            self.stats.absent += 1;
            return Ok(false);
        };
        let mut world = World {
            engine: self.engine,
            published,
        };
        let (references, children) = (&mut self.incremental.references, children_of(before, known));
        references.release(&mut world, (root.id, before), children)?;
        self.stats.deleted += 1;
        Ok(true)
    }

    /// Whether there is a root record with this key.
    pub fn contains(&self, type_name: &str, key: &[KeyValue]) -> bool {
        let root = self.incremental.roots.get(type_name);
        root.is_some_and(|root| root.keys.get(self.previous(), &key_bytes(key)).is_some())
    }

    /// Calls `look` with the primary key of every root record of this type as the cycle has it now, in no particular order.
    /// Reads every key once, and copies none but the one shown.
    ///
    /// # Errors
    /// [`CycleError::NotARoot`] if the type is no root.
    pub fn each_key(&self, type_name: &str, look: &mut dyn FnMut(&[KeyValue])) -> Result<(), CycleError> {
        let Some(root) = self.incremental.roots.get(type_name) else {
            return Err(CycleError::NotARoot(type_name.to_owned()));
        };
        root.keys.each(self.previous(), look);
        Ok(())
    }

    /// Sets a header tag. Tags stay from version to version until they are set again or removed.
    pub fn tag(&mut self, key: &str, value: &str) {
        self.tags.insert(key.to_owned(), value.to_owned());
    }

    /// Removes a header tag.
    pub fn remove_tag(&mut self, key: &str) {
        self.tags.remove(key);
    }

    /// The announced state.
    pub fn previous(&self) -> Option<&ReadState> {
        self.published.map(|state| &**state)
    }

    /// What was done so far.
    pub fn stats(&self) -> IncrementalStats {
        self.stats
    }
}

/// Fails unless the records were prepared as those of this type.
fn of_type(records: &PreparedRecords, type_name: &str) -> Result<(), CycleError> {
    match records.plan().map(RecordPlan::root) {
        Some(root) if root != type_name => Err(CycleError::Populate(
            format!("these records were prepared as others, type={root} expected={type_name}").into(),
        )),
        _ => Ok(()), // a list that nobody has begun has no records
    }
}

/// What a record refers to, if it is the one that was found.
fn children_of<'f>(before: Ordinal, known: Option<FoundRecord<'f>>) -> Option<&'f [(TypeId, Ordinal)]> {
    known
        .filter(|known| known.before == Some(before))
        .map(|known| known.children)
}

fn next_number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    NUMBERS.fetch_add(1, Relaxed)
}

impl Producer {
    /// Publishes the announced state with the changes the closure makes. The cost grows with the changes, except for the
    /// first such cycle after a restart or a full cycle, which reads all keys and references once.
    ///
    /// # Errors
    /// [`CycleError`]; see there which of them leave the producer able to go on.
    pub fn run_incremental_cycle(
        &mut self,
        populate: impl FnOnce(&mut IncrementalCycle<'_>) -> Result<(), BoxError>,
    ) -> Result<CycleOutcome, CycleError> {
        let evolved_before = std::cell::Cell::new(false);
        let result = self.attempt(Filling::ByKey, |this, tags| {
            let published = this.published.as_ref().map(|published| published.state.clone());
            let evolved = this.is_evolved();
            evolved_before.set(evolved);
            this.prepare_incremental(published.as_ref(), evolved)?;
            let Some(incremental) = this.incremental.as_mut() else {
                return Ok(());
            };
            this.engine.add_all_from_previous_cycle()?;
            let mut world = World {
                engine: &mut this.engine,
                published: published.as_deref(),
            };
            if !incremental.swept {
                incremental.references.sweep(&mut world, true)?;
            }
            let mut cycle = IncrementalCycle {
                number: next_number(),
                engine: &mut this.engine,
                published: published.as_ref(),
                incremental,
                tags,
                stats: IncrementalStats::default(),
                failed_additions: false,
                typed: typed::Session::default(),
                parts: Parts::default(),
            };
            populate(&mut cycle).map_err(CycleError::Populate)?;
            if cycle.failed_additions {
                let mut world = World {
                    engine: cycle.engine,
                    published: published.as_deref(),
                };
                cycle.incremental.references.sweep(&mut world, false)?;
            }
            Ok(())
        });
        match (&result, &mut self.incremental) {
            (Ok(outcome), Some(incremental)) if outcome.version().is_some() => incremental.commit(),
            (_, Some(incremental)) => incremental.roll_back(),
            _ => {}
        }
        // Under other schemas the counts were those of the state before; from here on they are taken of the new one.
        if evolved_before.get() || matches!(result, Err(CycleError::Interrupted(_))) {
            self.incremental = None;
        }
        result
    }

    /// Takes keys and reference counts from the announced state, unless they are there.
    fn prepare_incremental(&mut self, published: Option<&Arc<ReadState>>, evolved: bool) -> Result<(), CycleError> {
        if self.incremental.is_some() {
            return Ok(());
        }
        // After a break of the chain the engine knows nothing of the announced state.
        if self.chain_broken {
            return Err(CycleError::Populate(
                "the chain is broken: publish a full cycle before incremental ones".into(),
            ));
        }
        let mut references = References::build(&self.engine, published.map(|state| &**state), evolved);
        let mut roots = BTreeMap::new();
        for name in &self.config.roots {
            let paths = KeyPaths::resolve(&self.dataset, name)?;
            let Some(id) = self.engine.type_id(name) else {
                continue;
            };
            let in_state = published.and_then(|state| Some((state, state.ty(name)?)));
            let keys = match in_state {
                Some((state, ty)) => {
                    ty.populated().for_each(|ordinal| references.add_key(id, ordinal));
                    KeyTable::build(state, name)?
                }
                None => KeyTable::empty(KeyReader::of(&paths)),
            };
            roots.insert(name.clone(), Root { id, paths, keys });
        }
        references.commit();
        self.incremental = Some(Incremental {
            roots,
            references,
            swept: false,
        });
        Ok(())
    }
}

impl Incremental {
    /// What the cycle does to the keys of a root type.
    pub(super) fn key_changes(&self, type_name: &str) -> Option<KeyChanges> {
        self.roots.get(type_name).map(|root| root.keys.changes())
    }

    fn commit(&mut self) {
        self.roots.values_mut().for_each(|root| root.keys.commit());
        self.references.commit();
        self.swept = true;
    }

    fn roll_back(&mut self) {
        self.roots.values_mut().for_each(|root| root.keys.roll_back());
        self.references.roll_back();
    }
}
