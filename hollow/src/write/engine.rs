//! The write state engine: its types, settings and tags. See [`WriteStateEngine`].

use super::adding::Buffers;
use super::header_tags::HeaderTags;
use super::layout::MAX_SHARDS;
use super::record_form;
use super::together::Looking;
use super::type_state::{TypeState, shape_of};
use super::{Changes, WriteConfig, WriteError};
use crate::Ordinal;
use crate::memory::OrdinalSet;
use crate::schema::{Dataset, Schema};
use std::borrow::Cow;

/// A type registered with a [`WriteStateEngine`]: its position in the order of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(super) u32);

impl TypeId {
    /// The position in the order of registration, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an engine can do at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Adding,
    Writing,
}

/// Takes the records of a cycle, gives them ordinals, and writes the state as snapshot, delta and reverse delta.
///
/// ```text
/// adding --first blob--> writing --prepare_for_next_cycle--> adding ...
/// ```
///
/// One state is current (being added to, then written), one is previous. A record is known by its serialized bytes: one
/// that was there before gets the ordinal it had, a new one a free ordinal. An ordinal is free again one cycle after
/// its record was removed. With the same operations and tags every byte of every blob is determined.
///
/// An engine is filled from one thread, or from several at once by [`WriteStateEngine::parallel`]. Ids of types
/// are good for the engine that gave them only, methods that take one panic or address another type if it comes from elsewhere.
///
/// ```
/// use hollow::record::Value;
/// use hollow::write::{WriteConfig, WriteStateEngine};
///
/// let mut engine = WriteStateEngine::new(WriteConfig::default());
/// for schema in hollow::schema::parse("Movie @PrimaryKey(id) { long id; string title; }")? {
///     engine.add_type(schema, None)?;
/// }
/// engine.set_next_tag(7);
/// engine.add("Movie", &Value::Object(vec![Value::Long(1), Value::String("Heat".into())]))?;
/// let mut snapshot = Vec::new();
/// engine.write_snapshot(&mut snapshot)?;
///
/// engine.prepare_for_next_cycle(8);
/// engine.add_all_from_previous_cycle()?;
/// engine.add("Movie", &Value::Object(vec![Value::Long(2), Value::String("Ran".into())]))?;
/// let mut delta = Vec::new();
/// engine.write_delta(&mut delta)?;
/// # Ok::<(), hollow::write::WriteError>(())
/// ```
#[derive(Debug)]
pub struct WriteStateEngine {
    pub(super) config: WriteConfig,
    pub(super) phase: Phase,
    pub(super) dataset: Dataset,
    pub(super) types: Vec<TypeState>,
    pub(super) previous_tag: i64,
    pub(super) next_tag: Option<i64>,
    pub(super) has_previous: bool,
    pub(super) tags: HeaderTags,
    pub(super) previous_tags: HeaderTags,
    /// Types that a restored state had and this engine has not; they cannot come back in the same chain of deltas.
    pub(super) ended_types: Vec<String>,
    /// See [`WriteStateEngine::keep_buckets`].
    pub(super) keep_buckets: bool,
    pub(super) buffers: Buffers,
    pub(super) looking: Looking,
}

impl WriteStateEngine {
    /// An engine without types, in the phase of adding.
    pub fn new(config: WriteConfig) -> Self {
        Self {
            config,
            phase: Phase::Adding,
            dataset: Dataset::default(),
            types: Vec::new(),
            previous_tag: -1,
            next_tag: None,
            has_previous: false,
            tags: HeaderTags::default(),
            previous_tags: HeaderTags::default(),
            ended_types: Vec::new(),
            keep_buckets: false,
            buffers: Buffers::default(),
            looking: Looking::default(),
        }
    }

    /// Registers a type behind those there are.
    ///
    /// `num_shards` pins its number of shards (with resharding allowed: where it starts from); `None` lets the size of
    /// the first state decide.
    ///
    /// # Errors
    /// If the name is taken, the number no power of two, the engine writing, or the type one that a restored state had:
    /// then consumers have records of it that this engine does not know.
    pub fn add_type(&mut self, schema: Schema, num_shards: Option<u32>) -> Result<TypeId, WriteError> {
        self.require_adding("register a type")?;
        let type_name = schema.name().to_owned();
        if let Some(found) = num_shards
            && !(found.is_power_of_two() && found <= MAX_SHARDS)
        {
            return Err(WriteError::ShardCount { type_name, found });
        }
        if self.ended_types.contains(&type_name) {
            let why = "the restored state has this type, register it before restoring".to_owned();
            return Err(WriteError::CannotRestore { type_name, why });
        }
        let mut schemas = self.dataset.schemas().to_vec();
        schemas.push(schema.clone());
        self.dataset = Dataset::new(schemas)?;
        let dataset = &self.dataset;
        let type_id = |name: &str| dataset.position(name).map(|index| TypeId(index as u32));
        self.types.iter_mut().for_each(|ty| ty.resolve(type_id));
        let shape = shape_of(&schema, type_id);
        self.types.push(TypeState::new(schema, shape, num_shards, &self.config));
        Ok(TypeId(self.types.len() as u32 - 1))
    }

    /// The type of this name, if it is registered.
    pub fn type_id(&self, name: &str) -> Option<TypeId> {
        self.dataset.position(name).map(|index| TypeId(index as u32))
    }

    /// The registered types, in order.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The ids of the registered types, in order.
    pub fn type_ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.types.len() as u32).map(TypeId)
    }

    /// Sets a header tag. It stays from cycle to cycle until it is changed or removed.
    pub fn set_header_tag(&mut self, key: &str, value: &str) {
        self.tags.insert(key, value);
    }

    /// Removes a header tag.
    pub fn remove_header_tag(&mut self, key: &str) {
        self.tags.remove(key);
    }

    /// The value of a header tag.
    pub fn header_tag(&self, key: &str) -> Option<&str> {
        self.tags.get(key)
    }

    /// The header tags, in the order in which blobs have them.
    pub fn header_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter()
    }

    /// The header tags of the previous state: those of the reverse delta.
    pub fn previous_header_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.previous_tags.iter()
    }

    /// Gives the state being filled or written its tag: a random number, unlike that of any other state.
    pub fn set_next_tag(&mut self, tag: i64) {
        self.next_tag = Some(tag);
    }

    /// The tag of the previous state, -1 if there is none.
    pub fn previous_tag(&self) -> i64 {
        self.previous_tag
    }

    /// The tag of the state being filled or written.
    pub fn next_tag(&self) -> Option<i64> {
        self.next_tag
    }

    /// Whether there is a previous state, and so deltas can be written.
    pub fn has_previous_state(&self) -> bool {
        self.has_previous
    }

    /// Changes the size in bytes that a shard should not exceed.
    pub fn set_target_max_type_shard_size_bytes(&mut self, bytes: u64) {
        self.config.target_max_type_shard_size_bytes = bytes;
    }

    /// The records of this cycle so far.
    pub fn populated(&self, ty: TypeId) -> &OrdinalSet {
        self.types[ty.index()].members.current()
    }

    /// The records of the previous cycle.
    pub fn previous_populated(&self, ty: TypeId) -> &OrdinalSet {
        self.types[ty.index()].members.previous()
    }

    /// Whether this cycle has a record at this ordinal.
    pub fn contains(&self, ty: TypeId, ordinal: Ordinal) -> bool {
        self.types[ty.index()].members.has_current(ordinal)
    }

    /// The records that came with this cycle so far and those that went. Costs what the cycle touched if it began with
    /// [`WriteStateEngine::add_all_from_previous_cycle`], else a look at two bit sets.
    pub fn changes(&self, ty: TypeId) -> Changes {
        let ty = &self.types[ty.index()];
        ty.changes.clone().unwrap_or_else(|| ty.members.changes())
    }

    /// The serialized form of a record of this or the previous cycle (`docs/format.md`, section 5), by which the engine
    /// knows it. Allocates if a state that was published holds the record for the engine.
    pub fn record_bytes(&self, ty: TypeId, ordinal: Ordinal) -> Option<Cow<'_, [u8]>> {
        let records = &self.types[ty.index()].records;
        if let Some(own) = records.own(ordinal) {
            return Some(own.into());
        }
        let mut buffer = Vec::new();
        let found = records.get(ordinal, &mut buffer).is_some();
        found.then_some(buffer.into())
    }

    /// What a record of this or the previous cycle refers to, in order, repeated as often as it appears. Referred types
    /// that are not registered are left out.
    pub fn references_of(&self, ty: TypeId, ordinal: Ordinal) -> Vec<(TypeId, Ordinal)> {
        let mut references = Vec::new();
        self.for_each_reference(ty, ordinal, |ty, ordinal| references.push((ty, ordinal)));
        references
    }

    /// As [`WriteStateEngine::references_of`], without a list.
    pub fn for_each_reference(&self, ty: TypeId, ordinal: Ordinal, each: impl FnMut(TypeId, Ordinal)) {
        let ty = &self.types[ty.index()];
        if let Some(record) = ty.records.get(ordinal, &mut Vec::new()) {
            record_form::for_each_reference(&ty.shape, record, each);
        }
    }

    /// The number of shards of a type, once it is decided.
    pub fn num_shards(&self, ty: TypeId) -> Option<u32> {
        self.types[ty.index()].num_shards
    }

    /// Bytes of memory that records and the tables over them take.
    pub fn memory_bytes(&self) -> usize {
        self.types.iter().map(TypeState::memory_bytes).sum()
    }

    /// Whether the records of this cycle differ from those of the previous one, or, once blobs are written, a number of
    /// shards changed. Costs as [`WriteStateEngine::changes`].
    pub fn has_changed(&self) -> bool {
        self.types.iter().any(TypeState::has_changed)
    }

    pub(super) fn require_adding(&self, what: &'static str) -> Result<(), WriteError> {
        match self.phase {
            Phase::Adding => Ok(()),
            Phase::Writing => Err(WriteError::WrongPhase { what }),
        }
    }
}
