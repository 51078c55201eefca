//! One type of a write state engine: its records, their ordinals, and which of them are populated.
//!
//! ```text
//! record bytes --hash--> PlaceTable -> place --> RecordStore -> ordinal, record bytes
//!                        FreeOrdinals -> ordinals nobody has
//! live  = records in the table: of this cycle, of the previous one, or added and withdrawn in this cycle
//! ```
//!
//! Normally a type has one partition (table and free ordinals); with a partitioned ordinal map there are four, and the
//! low two bits of an ordinal say which.

use super::free_ordinals::FreeOrdinals;
use super::layout::{Layout, ShardCounts};
use super::lent::LentRecords;
use super::membership::{Changes, Membership};
use super::place_table::PlaceTable;
use super::record_form::{FieldKind, Shape};
use super::record_hash::RecordHasher;
use super::record_store::{Place, RecordStore};
use super::restored::Restored;
use super::statistics::Statistics;
use super::{TypeId, WriteConfig};
use crate::Ordinal;
use crate::memory::{OrdinalSet, hash};
use crate::schema::Schema;

/// A table with its free ordinals, which are local: divided by the partitions.
#[derive(Debug, Default)]
pub(super) struct Partition {
    pub(super) table: PlaceTable,
    pub(super) free: FreeOrdinals,
}

/// One registered type.
#[derive(Debug)]
pub(super) struct TypeState {
    pub(super) schema: Schema,
    pub(super) shape: Shape,
    pub(super) records: RecordStore,
    pub(super) live: OrdinalSet,
    pub(super) members: Membership,
    /// What came and went, once a delta is to be written.
    pub(super) changes: Option<Changes>,
    pub(super) num_shards: Option<u32>,
    pub(super) num_shards_before: Option<u32>,
    pub(super) layout: Option<Layout>,
    pub(super) restored: Option<Restored>,
    pub(super) partitions: Vec<Partition>,
    pub(super) statistics: Statistics,
    pub(super) hasher: RecordHasher,
}

impl TypeState {
    pub(super) fn new(schema: Schema, shape: Shape, num_shards: Option<u32>, config: &WriteConfig) -> Self {
        let num_partitions = if config.partitioned_ordinal_map { 4 } else { 1 };
        Self {
            statistics: Statistics::new(&shape),
            schema,
            shape,
            records: RecordStore::default(),
            live: OrdinalSet::new(),
            members: Membership::default(),
            changes: None,
            num_shards,
            num_shards_before: num_shards,
            layout: None,
            restored: None,
            partitions: (0..num_partitions).map(|_| Partition::default()).collect(),
            hasher: RecordHasher::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        self.schema.name()
    }

    /// Resolves the types this one refers to, again after further types were registered.
    pub(super) fn resolve(&mut self, type_id: impl Fn(&str) -> Option<TypeId>) {
        self.shape = shape_of(&self.schema, type_id);
    }

    /// Whether a delta has to mention the type.
    pub(super) fn has_changed(&self) -> bool {
        self.members.has_changed() || self.num_shards_before.is_some_and(|n| Some(n) != self.num_shards)
    }

    /// Ends the phase of adding: everything that will be written is in the table, counted, and laid out.
    pub(super) fn prepare_for_write(&mut self, config: &WriteConfig, may_reshard: bool) {
        if let Some(mut restored) = self.restored.take() {
            for ordinal in &restored.give_up_unclaimed() {
                self.enter(ordinal);
            }
            self.restored = Some(restored);
        }
        self.statistics.refresh(&self.members, &self.shape, &self.records);
        let shards = ShardCounts {
            before: self.num_shards_before,
            now: self.num_shards,
            target_bytes: config.target_max_type_shard_size_bytes,
            may_change: may_reshard && config.allow_type_resharding,
        };
        let layout = Layout::new(self.live.last(), shards, &mut self.statistics, &self.records);
        self.num_shards = Some(layout.forward.num_shards);
        if let Some(max) = layout.max_ordinal {
            self.members.touch_for_layout(max);
        }
        self.layout = Some(layout);
    }

    /// Grows the bit sets as the writing of a snapshot does.
    pub(super) fn touch_for_snapshot(&mut self) {
        if let Some(max) = self.live.last() {
            self.members.touch_current(max);
        }
    }

    /// Finds out what came and went, and grows the bit sets as the writing of a delta does.
    pub(super) fn prepare_for_delta(&mut self, reverse: bool) {
        let changes = self.changes.get_or_insert_with(|| self.members.changes());
        if let Some(max) = self.live.last() {
            self.members.touch_for_delta(reverse, max, changes);
        }
    }

    /// Drops what is not part of this cycle; this cycle becomes the previous one, whose records may be lent.
    pub(super) fn prepare_for_next_cycle(&mut self, config: &WriteConfig, lent: Option<Box<dyn LentRecords>>) {
        if let Some(restored) = self.restored.take() {
            restored.end(&mut self.records);
        }
        if let Some(last) = self.live.last() {
            self.members.touch_current(last);
        }
        let gone = self.live_outside(|members, ordinal| members.has_current(ordinal), Membership::current);
        self.release(&gone);
        self.sort_free(config);
        if let Some(lent) = lent {
            let changes = self.changes.take().unwrap_or_else(|| self.members.changes());
            self.settle(lent, &changes.added);
        }
        self.records.reclaim(follow(&mut self.partitions, &self.hasher));
        self.members.advance();
        self.changes = None;
        self.num_shards_before = self.num_shards;
    }

    /// Back to where this cycle began.
    pub(super) fn reset(&mut self, config: &WriteConfig) {
        if let Some(last) = self.live.last() {
            self.members.touch_previous(last);
        }
        if let Some(mut restored) = self.restored.take() {
            self.members.reset();
            self.undo_claims(&mut restored);
            self.restored = Some(restored);
        } else {
            let gone = self.live_outside(|members, ordinal| members.has_previous(ordinal), Membership::previous);
            self.release(&gone);
            self.sort_free(config);
            self.members.reset();
        }
        self.changes = None;
        self.num_shards = self.num_shards_before;
    }

    /// The records in the table that are not part of a set, ascending.
    fn live_outside(
        &self,
        is_in: impl Fn(&Membership, Ordinal) -> bool,
        set: impl Fn(&Membership) -> &OrdinalSet,
    ) -> Vec<Ordinal> {
        match self.members.touched() {
            Some(touched) => {
                let gone = |ordinal: &Ordinal| self.live.contains(*ordinal) && !is_in(&self.members, *ordinal);
                touched.into_iter().filter(gone).collect()
            }
            None => self.live.difference(set(&self.members)).iter().collect(),
        }
    }

    fn undo_claims(&mut self, restored: &mut Restored) {
        self.statistics = Statistics::new(&self.shape);
        for ordinal in &self.live.difference(self.members.previous()) {
            self.records.remove_own(ordinal);
        }
        restored.undo(self.members.previous(), &mut self.records);
        self.live.clear();
        self.partitions.iter_mut().for_each(|partition| partition.table.clear());
        self.recalculate_free_from(&self.members.previous().clone());
    }

    /// Forgets records; their ordinals become free.
    fn release(&mut self, ordinals: &[Ordinal]) {
        let (mut buffer, mut known) = (Vec::new(), Vec::with_capacity(TOGETHER));
        let step = self.partitions.len() as u32;
        for ordinals in ordinals.chunks(TOGETHER) {
            known.clear();
            for &ordinal in ordinals {
                let record = self.records.get(ordinal, &mut buffer).unwrap_or_default();
                self.statistics.forget_record(ordinal, &self.shape, record);
                known.push((
                    ordinal.index() % self.partitions.len(),
                    self.hasher.hash(record),
                    record.len(),
                ));
            }
            bring_close(&self.partitions, known.iter().map(|&(index, hash, _)| (index, hash)));
            for (&ordinal, &(index, hash, len)) in ordinals.iter().zip(&known) {
                let place = self.records.place_of(ordinal);
                let partition = &mut self.partitions[index];
                let was_there = place.is_some_and(|place| partition.table.remove(hash, place));
                debug_assert!(was_there, "a live record is in its table");
                partition.free.put_back(ordinal.get() / step);
                self.records.remove(ordinal, len);
                self.live.remove(ordinal);
            }
        }
    }

    fn sort_free(&mut self, config: &WriteConfig) {
        let step = self.partitions.len() as u32;
        for (index, partition) in self.partitions.iter_mut().enumerate() {
            match self.num_shards {
                Some(num_shards) if num_shards > 1 && config.focus_hole_fill_in_fewest_shards => partition
                    .free
                    .sort_by_shard(num_shards, |local| (local * step + index as u32) & (num_shards - 1)),
                _ => partition.free.sort(),
            }
        }
    }

    /// Makes free every ordinal below the highest that the table has, highest first.
    pub(super) fn recalculate_free(&mut self) {
        let mut used = self.live.clone();
        used.union_with(self.members.previous()); // restored records that nobody claimed yet are not in the table
        self.recalculate_free_from(&used);
    }

    pub(super) fn recalculate_free_from(&mut self, used: &OrdinalSet) {
        let step = self.partitions.len() as u32;
        for (index, partition) in self.partitions.iter_mut().enumerate() {
            let own = used
                .iter()
                .map(Ordinal::get)
                .filter(|ordinal| ordinal % step == index as u32);
            partition.free.recalculate(own.map(|ordinal| ordinal / step));
        }
    }

    /// Takes over the number of shards of a restored state.
    pub(super) fn set_num_shards(&mut self, num_shards: u32) {
        self.num_shards = Some(num_shards);
        self.num_shards_before = self.num_shards;
    }

    /// Whether a record was ever added or placed in the cycle that the engine is in, or is left from one before.
    pub(super) fn is_used(&self) -> bool {
        !self.live.is_empty() || !self.members.previous().is_empty()
    }

    /// The highest ordinal of the previous state's snapshot, and the bits it takes for each ordinal. Of a restored
    /// state, what a snapshot written now would take.
    pub(super) fn last_layout(&mut self) -> (Option<Ordinal>, u64) {
        if let Some(layout) = &self.layout {
            return (layout.max_ordinal, layout.fixed_bits());
        }
        let previous = self.members.previous();
        self.statistics.recount(previous.clone(), &self.shape, &self.records);
        let shards = ShardCounts {
            before: self.num_shards_before,
            now: self.num_shards,
            target_bytes: u64::MAX,
            may_change: false,
        };
        let layout = Layout::new(previous.last(), shards, &mut self.statistics, &self.records);
        (layout.max_ordinal, layout.fixed_bits())
    }

    /// Bytes of memory for records and tables.
    pub(super) fn memory_bytes(&self) -> usize {
        self.records.memory_bytes() + self.partitions.iter().map(|p| p.table.memory_bytes()).sum::<usize>()
    }

    /// The partition in which a new record goes.
    #[inline]
    pub(super) fn home_of(&self, record: &[u8]) -> usize {
        home_partition(record, self.partitions.len())
    }

    pub(super) fn partition_of(&self, ordinal: Ordinal) -> usize {
        ordinal.index() % self.partitions.len()
    }
}

/// How many looks at a table are taken together.
const TOGETHER: usize = 64;

/// Brings close what looking for these hashes in these tables will read: a processor waits for several places of distant
/// memory hardly longer than for one.
fn bring_close(partitions: &[Partition], hashes: impl Iterator<Item = (usize, u64)> + Clone) {
    let table = |index: usize| &partitions[index].table;
    // The sum is of no use, but has to be read for.
    let tags = hashes.clone().map(|(index, hash)| table(index).tags_at(hash));
    let mut read = tags.fold(0, u64::wrapping_add);
    let slots = hashes.map(|(index, hash)| table(index).slot_at(hash));
    read = slots.fold(read, u64::wrapping_add);
    std::hint::black_box(read);
}

/// Records that went from one place to another, of which the tables are told several at a time.
pub(super) struct Moves<'t> {
    partitions: &'t mut [Partition],
    hasher: &'t RecordHasher,
    waiting: Vec<(usize, u64, Place, Place)>,
}

impl<'t> Moves<'t> {
    pub(super) fn new(partitions: &'t mut [Partition], hasher: &'t RecordHasher) -> Self {
        Self {
            partitions,
            hasher,
            waiting: Vec::with_capacity(TOGETHER),
        }
    }

    pub(super) fn push(&mut self, record: &[u8], ordinal: Ordinal, from: Place, to: Place) {
        let index = ordinal.index() % self.partitions.len();
        self.waiting.push((index, self.hasher.hash(record), from, to));
        if self.waiting.len() == TOGETHER {
            self.tell();
        }
    }

    /// Tells the tables of those that wait.
    pub(super) fn tell(&mut self) {
        let hashes = self.waiting.iter().map(|&(index, hash, ..)| (index, hash));
        bring_close(self.partitions, hashes);
        for (index, hash, from, to) in self.waiting.drain(..) {
            self.partitions[index].table.replace(hash, from, to);
        }
    }
}

/// Tells the tables of records that went from one place to another.
pub(super) fn follow<'t>(
    partitions: &'t mut [Partition],
    hasher: &'t RecordHasher,
) -> impl FnMut(&[u8], Ordinal, Place, Place) + 't {
    let num_partitions = partitions.len();
    move |record, ordinal, from, to| {
        let table = &mut partitions[ordinal.index() % num_partitions].table;
        table.replace(hasher.hash(record), from, to);
    }
}

/// The partition that a record's bytes name.
#[inline]
pub(super) fn home_partition(record: &[u8], num_partitions: usize) -> usize {
    match num_partitions {
        1 => 0,
        _ => hash::murmur(record).cast_unsigned() as usize % num_partitions,
    }
}

/// The shape of a type.
pub(super) fn shape_of(schema: &Schema, type_id: impl Fn(&str) -> Option<TypeId>) -> Shape {
    match schema {
        Schema::Object(s) => Shape::Object(s.fields.iter().map(|f| FieldKind::of(&f.ty, &type_id)).collect()),
        Schema::List(s) => Shape::List(type_id(&s.element)),
        Schema::Set(s) => Shape::Set(type_id(&s.element)),
        Schema::Map(s) => Shape::Map(type_id(&s.key), type_id(&s.value)),
    }
}
