//! The way of a typed record into a write engine: straight into its serialized form, children first.
//!
//! Type ids and field positions are resolved when a root type is first added; from then on a record costs its bytes and
//! one look-up in the engine for each record it is made of. Buffers are used again, nothing is allocated in the steady
//! state.

use super::mapper::RecordSink;
use super::memo::{Memo, Shared};
use super::recent::Recent;
use super::waiting::{self, Waiting};
use super::{AddError, Model, ModelError, Record, bind};
use crate::Ordinal;
use crate::write::record_form::{self, Buckets};
use crate::write::{TypeId, WriteError};
use std::any;
use std::collections::HashMap;

/// How deep records may be nested, as for [`WriteStateEngine::add`](crate::write::WriteStateEngine::add).
const MAX_DEPTH: usize = 128;

/// A type of a model in an engine.
#[derive(Debug)]
pub(super) struct WritePlan {
    pub(super) ty: TypeId,
    pub(super) name: Box<str>,
    pub(super) fields: Box<[&'static str]>,
    /// For each field of the model, or each of element, key and value: the plan of the type referred to.
    pub(super) targets: Box<[usize]>,
    /// Where the engine's fields come from, if they are not those of the model in the same order.
    pub(super) order: Option<Box<[Source]>>,
    /// It is that of a list, set or map.
    pub(super) collection: bool,
    /// Elements, or values of a map, may wait for each other; objects, when many are added by themselves.
    pub(super) waits: bool,
}

/// Where a field of the engine's schema comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// The model's field at this position.
    Field(usize),
    /// The model does not have it: these bytes are null.
    Null(&'static [u8]),
}

/// What typed writing keeps beside an engine: plans of root types, remembered ordinals, buffers.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(super) plans: Vec<WritePlan>,
    roots: HashMap<any::TypeId, usize>,
    memo: Memo,
    pub(super) recent: Recent,
    pub(super) depth: usize,
    records: Vec<RecordBytes>,
    lists: Vec<Vec<Ordinal>>,
    /// Records that are added at once.
    pub(super) together: usize,
    pub(super) waiting: Waiting,
    pub(super) idle: Vec<Waiting>,
    pub(super) added: Vec<Ordinal>,
    sets: Vec<Vec<(Ordinal, i32)>>,
    maps: Vec<Vec<(Ordinal, Ordinal, i32)>>,
}

impl Session {
    /// Adds a record with all it refers to.
    pub(crate) fn add<T: Record>(&mut self, engine: &mut dyn RecordSink, record: &T) -> Result<Ordinal, AddError> {
        let plan = self.root::<T>(engine)?;
        self.begin(engine);
        let mut writer = Writer { engine, session: self };
        Ok(record.write_record(&mut writer, plan)?)
    }

    /// Adds many records, and gives their ordinals.
    pub(crate) fn add_all<'t, T: Record>(
        &mut self,
        engine: &mut dyn RecordSink,
        records: impl Iterator<Item = &'t T>,
    ) -> Result<Vec<Ordinal>, AddError> {
        let plan = self.root::<T>(engine)?;
        self.begin(engine);
        let waits = self.waits::<T>(plan) && !self.plans[plan].collection;
        let mut ordinals = Vec::with_capacity(records.size_hint().0);
        let mut writer = Writer { engine, session: self };
        writer.elements(plan, waits, records, |_, record| Ok(record), &mut ordinals)?;
        Ok(ordinals)
    }

    /// Whether elements of a collection wait, or values of a map, or objects by themselves.
    #[inline]
    fn waits<T: Record>(&self, plan: usize) -> bool {
        self.together > 1 && !T::IS_REMEMBERED && self.plans[plan].waits
    }

    /// Begins with a root record, whatever became of the one before.
    fn begin(&mut self, engine: &dyn RecordSink) {
        self.together = engine.together();
        self.depth = 0;
        self.waiting.depth = 0;
        self.waiting.clear();
    }

    /// The name of the type of a plan.
    pub(crate) fn type_name(&self, plan: usize) -> &str {
        &self.plans[plan].name
    }

    /// Forgets remembered ordinals: their records may have left the engine's cycle.
    pub(crate) fn forget(&mut self) {
        self.memo.clear();
        self.recent.clear();
    }

    /// Finds out whether the type fits the engine.
    pub(crate) fn root<T: Record>(&mut self, engine: &dyn RecordSink) -> Result<usize, ModelError> {
        let id = any::TypeId::of::<T>();
        if let Some(&plan) = self.roots.get(&id) {
            return Ok(plan);
        }
        let model = Model::of::<T>()?;
        let first = self.plans.len();
        self.plans.extend(bind::write_plans(&model, engine, first)?);
        let plan = first + model.roots[0];
        self.roots.insert(id, plan);
        Ok(plan)
    }
}

/// A record being serialized.
#[derive(Debug, Default)]
pub struct RecordBytes {
    bytes: Vec<u8>,
    plan: usize,
    /// The ends of the fields, if they are to be put in another order.
    ends: Vec<usize>,
    sorts: bool,
}

impl RecordBytes {
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Appends null, for a field that is neither FLOAT nor DOUBLE in the record itself.
    #[inline]
    pub fn null(&mut self) {
        self.bytes.push(crate::memory::var_int::NULL);
    }

    /// Appends a reference.
    #[inline]
    pub fn reference(&mut self, ordinal: Ordinal) {
        record_form::push_ordinal(&mut self.bytes, ordinal);
    }

    /// Ends a field.
    #[inline]
    pub fn end_field(&mut self) {
        if self.sorts {
            self.ends.push(self.bytes.len());
        }
    }
}

/// Writes the records that a typed record is made of. Only derived code sees one.
pub struct Writer<'w> {
    pub(super) engine: &'w mut dyn RecordSink,
    pub(super) session: &'w mut Session,
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer<'_> {
    /// Begins an object.
    #[inline]
    pub fn begin(&mut self, plan: usize) -> Result<RecordBytes, WriteError> {
        self.enter(plan)?;
        let mut record = self.session.records.pop().unwrap_or_default();
        record.bytes.clear();
        record.ends.clear();
        record.plan = plan;
        record.sorts = self.session.plans[plan].order.is_some();
        Ok(record)
    }

    /// The plan of the type that a field refers to.
    #[inline]
    pub fn target(&self, record: &RecordBytes, field: usize) -> usize {
        self.session.plans[record.plan].targets[field]
    }

    /// Adds a record that a field refers to, and appends the reference.
    #[inline]
    pub fn reference<T: Record>(
        &mut self,
        value: &T,
        record: &mut RecordBytes,
        field: usize,
    ) -> Result<(), WriteError> {
        let target = self.target(record, field);
        let ordinal = value.write_record(self, target)?;
        record.reference(ordinal);
        Ok(())
    }

    /// The plan of elements or keys (0), or of the values of a map (1).
    #[inline]
    pub(super) fn element_plan(&self, plan: usize, which: usize) -> usize {
        self.session.plans[plan].targets[which]
    }

    /// Ends an object and adds it.
    #[inline]
    pub fn finish(&mut self, record: RecordBytes) -> Result<Ordinal, WriteError> {
        let (session, engine) = (&mut *self.session, &mut *self.engine);
        let ordinal = match session.recent.find(record.plan, &record.bytes) {
            Ok(ordinal) => ordinal,
            Err(vacancy) if session.waiting.depth == session.depth && session.waiting.plan == record.plan => {
                session.waiting.push(&record.bytes, vacancy);
                waiting::unknown()
            }
            Err(vacancy) => {
                let plan = &session.plans[record.plan];
                let ordinal = match &plan.order {
                    None => engine.add_record(plan.ty, &record.bytes)?,
                    Some(order) => add_sorted(engine, plan.ty, order, &record)?,
                };
                if let Some(vacancy) = vacancy {
                    session.recent.put(record.plan, vacancy, ordinal);
                }
                ordinal
            }
        };
        self.session.records.push(record);
        self.session.depth -= 1;
        Ok(ordinal)
    }

    /// Adds a list.
    pub(super) fn list<'t, T: Record>(
        &mut self,
        plan: usize,
        elements: impl Iterator<Item = &'t T>,
    ) -> Result<Ordinal, WriteError> {
        self.enter(plan)?;
        let element_plan = self.element_plan(plan, 0);
        let mut ordinals = self.session.lists.pop().unwrap_or_default();
        ordinals.clear();
        let waits = self.session.waits::<T>(plan);
        self.elements(element_plan, waits, elements, |_, element| Ok(element), &mut ordinals)?;
        let ordinal = self.add_collection(plan, |out| {
            record_form::push_list(out, &ordinals);
            true
        });
        self.session.lists.push(ordinals);
        ordinal
    }

    /// Adds a set. Elements that are one record become one.
    pub(super) fn set<'t, T: Record>(
        &mut self,
        plan: usize,
        elements: impl Iterator<Item = &'t T>,
    ) -> Result<Ordinal, WriteError> {
        self.enter(plan)?;
        let element_plan = self.element_plan(plan, 0);
        let mut ordinals = self.session.lists.pop().unwrap_or_default();
        ordinals.clear();
        let waits = self.session.waits::<T>(plan);
        self.elements(element_plan, waits, elements, |_, element| Ok(element), &mut ordinals)?;
        ordinals.sort_unstable();
        ordinals.dedup();
        let mut hashed = self.session.sets.pop().unwrap_or_default();
        hashed.clear();
        hashed.extend(ordinals.iter().map(|&ordinal| (ordinal, own_hash(ordinal))));
        let ordinal = self.add_collection(plan, |out| record_form::push_set(out, &mut hashed, Buckets::Mixed));
        self.session.lists.push(ordinals);
        self.session.sets.push(hashed);
        ordinal
    }

    /// Adds a map.
    pub(super) fn map<'t, K: Record, V: Record>(
        &mut self,
        plan: usize,
        entries: impl Iterator<Item = (&'t K, &'t V)>,
    ) -> Result<Ordinal, WriteError> {
        self.enter(plan)?;
        let (key_plan, value_plan) = (self.element_plan(plan, 0), self.element_plan(plan, 1));
        let mut ordinals = self.session.maps.pop().unwrap_or_default();
        ordinals.clear();
        if self.session.waits::<V>(plan) {
            let [mut keys, mut values] = [(); 2].map(|()| self.session.lists.pop().unwrap_or_default());
            keys.clear();
            values.clear();
            let key_first = |writer: &mut Self, (key, value): (&'t K, &'t V)| {
                keys.push(key.write_record(writer, key_plan)?);
                Ok(value)
            };
            self.elements(value_plan, true, entries, key_first, &mut values)?;
            let pairs = keys.iter().zip(&values);
            ordinals.extend(pairs.map(|(&key, &value)| (key, value, own_hash(key))));
            self.session.lists.extend([keys, values]);
        } else {
            for (key, value) in entries {
                let key = key.write_record(self, key_plan)?;
                let value = value.write_record(self, value_plan)?;
                ordinals.push((key, value, own_hash(key)));
            }
        }
        ordinals.sort_unstable_by_key(|&(key, value, _)| (key, value));
        ordinals.dedup();
        if let Some(twice) = ordinals.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(WriteError::DuplicateKey {
                type_name: self.session.plans[plan].name.to_string(),
                key: twice[0].0,
            });
        }
        let ordinal = self.add_collection(plan, |out| record_form::push_map(out, &mut ordinals, Buckets::Mixed));
        self.session.maps.push(ordinals);
        ordinal
    }

    fn add_collection(&mut self, plan: usize, push: impl FnOnce(&mut Vec<u8>) -> bool) -> Result<Ordinal, WriteError> {
        let mut record = self.session.records.pop().unwrap_or_default();
        record.bytes.clear();
        let fits = push(&mut record.bytes);
        if !fits {
            return Err(WriteError::SizeLimit {
                what: "collection",
                type_name: self.session.plans[plan].name.to_string(),
                size: u64::from(crate::memory::hash::MAX_COLLECTION_SIZE) + 1,
                limit: crate::memory::hash::MAX_COLLECTION_SIZE.into(),
            });
        }
        let session = &mut *self.session;
        let ordinal = match session.recent.find(plan, &record.bytes) {
            Ok(ordinal) => ordinal,
            Err(vacancy) => {
                let ordinal = self.engine.add_record(session.plans[plan].ty, &record.bytes)?;
                if let Some(vacancy) = vacancy {
                    session.recent.put(plan, vacancy, ordinal);
                }
                ordinal
            }
        };
        session.records.push(record);
        session.depth -= 1;
        Ok(ordinal)
    }

    /// Adds a record that other records share, or remembers that it was.
    pub(super) fn shared<T: Shared + ?Sized>(
        &mut self,
        plan: usize,
        shared: &T,
        add: impl FnOnce(&mut Self) -> Result<Ordinal, WriteError>,
    ) -> Result<Ordinal, WriteError> {
        if let Some(ordinal) = self.session.memo.get(shared.address(), plan) {
            return Ok(ordinal);
        }
        let ordinal = self.at_once(add)?;
        if shared.is_shared() {
            self.session.memo.insert(shared.address(), plan, ordinal, shared.keep());
        }
        Ok(ordinal)
    }

    /// Adds one of the few records of an enum, or remembers that it was.
    pub fn variant(
        &mut self,
        plan: usize,
        index: usize,
        add: impl FnOnce(&mut Self) -> Result<Ordinal, WriteError>,
    ) -> Result<Ordinal, WriteError> {
        if let Some(ordinal) = self.session.memo.variant(plan, index) {
            return Ok(ordinal);
        }
        let ordinal = self.at_once(add)?;
        self.session.memo.set_variant(plan, index, ordinal);
        Ok(ordinal)
    }

    /// The error for a value that the format cannot store in this field.
    #[cold]
    pub(super) fn unfit(&self, record: &RecordBytes, field: usize, expected: &str, found: String) -> WriteError {
        let plan = &self.session.plans[record.plan];
        let field = plan.fields.get(field).copied().unwrap_or_default();
        WriteError::Mismatch {
            at: format!("{}.{field}", plan.name),
            expected: expected.to_owned(),
            found,
        }
    }

    #[inline]
    fn enter(&mut self, plan: usize) -> Result<(), WriteError> {
        self.session.depth += 1;
        if self.session.depth > MAX_DEPTH {
            return Err(WriteError::TooDeep {
                at: self.session.plans[plan].name.to_string(),
                limit: MAX_DEPTH,
            });
        }
        Ok(())
    }
}

/// Without a hash key an ordinal is its own hash.
#[inline]
fn own_hash(ordinal: Ordinal) -> i32 {
    ordinal.get().cast_signed()
}

/// Adds a record whose fields are in another order in the engine.
fn add_sorted(
    engine: &mut dyn RecordSink,
    ty: TypeId,
    order: &[Source],
    record: &RecordBytes,
) -> Result<Ordinal, WriteError> {
    let mut sorted = Vec::with_capacity(record.bytes.len() + order.len());
    for source in order {
        match *source {
            Source::Field(field) => {
                let start = field.checked_sub(1).map_or(0, |before| record.ends[before]);
                sorted.extend_from_slice(&record.bytes[start..record.ends[field]]);
            }
            Source::Null(bytes) => sorted.extend_from_slice(bytes),
        }
    }
    engine.add_record(ty, &sorted)
}
