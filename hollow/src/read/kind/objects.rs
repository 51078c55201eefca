//! Object records.

use super::{Lanes, RecordKind, Unfit};
use crate::blob::DecodeError;
use crate::memory::bit_array::mask;
use crate::read::bits::{self, WireWords};
use crate::read::block::{Block, Places, Workshop};
use crate::read::content::RecordHasher;
use crate::read::object_block::{self, FieldKind, NO_TEXT, ObjectRow, Source};
use crate::read::patched::Patched;
use crate::read::slots::{SlotBits, contains, count};
use crate::read::wire::{BlobRow, Columns, Frame, ObjectBody, WireField};
use std::iter::StepBy;
use std::ops::Range;
use std::sync::Arc;

/// Object records.
#[derive(Debug)]
pub(crate) enum Objects {}

/// Object records in a blob, by the fields that the reader has.
#[derive(Debug)]
pub(crate) struct WireObjects {
    pub(crate) body: ObjectBody,
    columns: Columns,
    /// For each field of the reader the position in the blob.
    positions: Vec<Option<usize>>,
}

impl WireObjects {
    pub(crate) fn new(body: ObjectBody, positions: Vec<Option<usize>>) -> Self {
        Self {
            columns: body.columns(&positions),
            body,
            positions,
        }
    }
}

/// An object record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ObjectPlace<'s> {
    Block(&'s Block, u32),
    Blob(BlobRow<'s>),
}

impl<'s> ObjectPlace<'s> {
    /// The stored value of a field if it is of this kind, neither STRING nor BYTES, and not null.
    #[inline]
    pub(crate) fn value_of(&self, field: usize, kind: FieldKind) -> Option<u64> {
        match self {
            Self::Block(block, at) => block.value(*at, field, kind),
            Self::Blob(row) => row.value_of(field, kind),
        }
    }

    /// The stored bytes of a field if it is of this kind, STRING or BYTES, and not null.
    #[inline]
    pub(crate) fn bytes_of(&self, field: usize, kind: FieldKind) -> Option<&'s [u8]> {
        match self {
            Self::Block(block, at) => block.text(*at, field, kind),
            Self::Blob(row) => row.bytes_of(field, kind),
        }
    }
}

impl ObjectRow for ObjectPlace<'_> {
    fn num_fields(&self) -> usize {
        match self {
            Self::Block(block, _) => block.shape.fields.len(),
            Self::Blob(row) => row.num_fields(),
        }
    }

    #[inline]
    fn value(&self, field: usize, kind: FieldKind) -> Option<u64> {
        self.value_of(field, kind)
    }

    #[inline]
    fn bytes(&self, field: usize, kind: FieldKind) -> Option<&[u8]> {
        self.bytes_of(field, kind)
    }
}

impl RecordKind for Objects {
    type Plan = Arc<[FieldKind]>;
    type Wire = WireObjects;
    type Row<'s> = ObjectPlace<'s>;

    #[inline]
    fn in_block(block: &Block, position: u32) -> ObjectPlace<'_> {
        ObjectPlace::Block(block, position)
    }

    fn in_blob<'s>(wire: &'s WireObjects, blob: &'s [u8], shard: usize, position: u32) -> ObjectPlace<'s> {
        ObjectPlace::Blob(wire.body.row(&wire.columns, blob, shard, position))
    }

    fn pack(
        plan: &Self::Plan,
        workshop: &mut Workshop,
        slots: Option<&SlotBits>,
        rows: &[ObjectPlace<'_>],
        limit_bits: u64,
    ) -> Result<Block, Unfit> {
        Ok(object_block::pack(workshop, slots, plan, rows, limit_bits)?)
    }

    fn read(
        wire: &WireObjects,
        blob: &[u8],
        plan: &Self::Plan,
        workshop: &mut Workshop,
        lanes: &Lanes<'_>,
    ) -> Result<Block, Unfit> {
        let source = BlobObjects::new(wire, blob, lanes, workshop);
        let block = object_block::build(workshop, lanes.slots, lanes.places, plan, &source, u64::MAX);
        workshop.staged = source.staged;
        Ok(block?)
    }

    fn patch(
        plan: &Self::Plan,
        workshop: &mut Workshop,
        slots: &SlotBits,
        page: &Block,
        over: &[(u32, ObjectPlace<'_>)],
        limit_bits: u64,
    ) -> Option<Result<Block, Unfit>> {
        let source = Patched::new(page, slots, over)?;
        let made = object_block::build(workshop, Some(slots), Places::of(slots), plan, &source, limit_bits);
        Some(made.map_err(Into::into))
    }

    fn record_bits(row: ObjectPlace<'_>) -> u64 {
        match row {
            ObjectPlace::Block(block, _) => block.shape.record_bits.into(),
            ObjectPlace::Blob(row) => row.record_bits(),
        }
    }

    fn same(plan: &Self::Plan, a: ObjectPlace<'_>, b: ObjectPlace<'_>) -> bool {
        plan.iter().enumerate().all(|(field, &kind)| {
            if kind.is_variable_length() {
                a.bytes_of(field, kind) == b.bytes_of(field, kind)
            } else {
                a.value_of(field, kind) == b.value_of(field, kind)
            }
        })
    }

    fn hash(plan: &Self::Plan, row: ObjectPlace<'_>, hasher: &mut RecordHasher) {
        for (field, &kind) in plan.iter().enumerate() {
            if kind.is_variable_length() {
                hasher.bytes(row.bytes_of(field, kind));
            } else {
                hasher.value(row.value_of(field, kind));
            }
        }
    }

    fn error(wire: &WireObjects, frame: &Frame<'_>, unfit: Unfit) -> DecodeError {
        let error = unfit.error(frame);
        let Unfit::OutOfRange { field, .. } = unfit else {
            return error;
        };
        let position = wire.positions.get(field).copied().flatten();
        match position.and_then(|at| wire.body.fields().get(at)) {
            Some(field) => error.in_field(field.name()),
            None => error,
        }
    }
}

/// Records of a blob, read field by field.
struct BlobObjects<'a> {
    wire: &'a WireObjects,
    blob: &'a [u8],
    lanes: &'a Lanes<'a>,
    /// Whether all places have a record.
    full: bool,
    /// The records of all lanes, each with the one before, as memory has bits; and the first bit of each lane there.
    staged: Vec<u8>,
    firsts: Vec<u64>,
}

impl<'a> BlobObjects<'a> {
    fn new(wire: &'a WireObjects, blob: &'a [u8], lanes: &'a Lanes<'a>, workshop: &mut Workshop) -> Self {
        let room = lanes.places.room as usize;
        let mut this = Self {
            wire,
            blob,
            lanes,
            full: lanes.slots.is_none_or(|slots| count(slots) == room),
            staged: std::mem::take(&mut workshop.staged),
            firsts: Vec::new(),
        };
        this.staged.clear();
        if lanes.places.are_slots() {
            this.stage(room);
        }
        this
    }

    fn stage(&mut self, room: usize) {
        let step = self.wire.body.record_bits();
        let (lanes, number) = (self.lanes.lanes, self.lanes.lanes.len());
        self.firsts.reserve_exact(number.min(room));
        for (first, lane) in lanes.iter().enumerate().take(room) {
            let records = (room - first).div_ceil(number) as u64;
            let at = u64::from(lane.position) * step;
            let from = at.saturating_sub(step) / 64;
            let to = (at + records * step).div_ceil(64);
            self.firsts.push(self.staged.len() as u64 * 8 + at - from * 64);
            let words = self.words(lane.shard as usize);
            words.append_to(&mut self.staged, from as usize..to as usize);
        }
        self.staged.resize(self.staged.len() + 8, 0);
    }

    fn field(&self, field: usize, kind: FieldKind) -> Option<&'a WireField> {
        let position = self.wire.positions.get(field).copied().flatten()?;
        let field = self.wire.body.fields().get(position)?;
        (field.kind == kind).then_some(field)
    }

    fn words(&self, shard: usize) -> WireWords<'a> {
        let records = self.wire.body.shard(shard);
        records.map_or(WireWords::default(), |records| records.words(self.blob))
    }

    /// Hands over the slots of each lane, and the first bit of its first record.
    #[inline]
    fn each_lane(&self, mut each: impl FnMut(StepBy<Range<usize>>, u64)) {
        let (room, number) = (self.lanes.places.room as usize, self.lanes.lanes.len());
        for (lane, &first) in self.firsts.iter().enumerate() {
            each((lane..room).step_by(number), first);
        }
    }

    /// Whether a slot that has a place has a record.
    #[inline]
    fn is_there(&self, slot: usize) -> bool {
        self.full || self.lanes.slots.is_none_or(|slots| contains(slots, slot as u32))
    }

    /// The value of one record, and the value of the record before it.
    fn value_and_before(&self, field: &WireField, width: u32, shard: usize, position: u32) -> (u64, Option<u64>) {
        let (words, step) = (self.words(shard), self.wire.body.record_bits());
        let at = u64::from(position) * step + field.offset;
        let before = (position > 0).then(|| words.get_near(at - step, width));
        (words.get_near(at, width), before)
    }
}

impl Source for BlobObjects<'_> {
    fn num_fields(&self) -> usize {
        self.wire.columns.num_fields()
    }

    fn values(&self, field: usize, kind: FieldKind, values: &mut [u64]) -> bool {
        let Some(field) = self.field(field, kind) else {
            return false;
        };
        let (width, step) = (field.width, self.wire.body.record_bits());
        let (null, here) = (kind.null(64), kind.null(width));
        let widened = |raw: u64| if raw == here { null } else { raw };
        if !self.lanes.places.are_slots() {
            self.lanes.each(|place, shard, position| {
                if let Some(value) = values.get_mut(place) {
                    *value = widened(self.value_and_before(field, width, shard, position).0);
                }
            });
            return true;
        }
        self.each_lane(|slots, first| {
            let mut at = first + field.offset;
            for slot in slots {
                values[slot] = widened(bits::get(&self.staged, at, width));
                at += step;
            }
        });
        if !self.full {
            let absent = values.iter_mut().enumerate().filter(|(slot, _)| !self.is_there(*slot));
            absent.for_each(|(_, value)| *value = null);
        }
        true
    }

    fn texts(&self, field: usize, kind: FieldKind, area: &mut Vec<u8>, values: &mut [u64], starts: &mut [u64]) -> bool {
        let Some(field) = self.field(field, kind) else {
            return false;
        };
        let Some(width) = field.width.checked_sub(1) else {
            return false;
        };
        let step = self.wire.body.record_bits();
        let end_mask = mask(width);
        let text_of = |shard: usize| {
            let area = self.wire.body.areas_of(shard).get(field.area);
            area.map_or(&[][..], |area| area.of(self.blob))
        };
        if !self.lanes.places.are_slots() {
            self.lanes.each(|place, shard, position| {
                let (raw, before) = self.value_and_before(field, field.width, shard, position);
                let (start, is_null) = (before.unwrap_or(0) & end_mask, raw > end_mask);
                let bytes = text_of(shard).get(start as usize..raw as usize).filter(|_| !is_null);
                area.extend_from_slice(bytes.unwrap_or_default());
                values[place] = area.len() as u64 | if is_null { NO_TEXT } else { 0 };
            });
            return true;
        }
        let (room, number) = (values.len(), self.lanes.lanes.len());
        let mut total = 0;
        for (lane, (&first, from)) in self.firsts.iter().zip(self.lanes.lanes).enumerate() {
            let mut at = first + field.offset;
            let mut start = match from.position {
                0 => 0,
                _ => bits::get(&self.staged, at - step, width),
            };
            let before = start;
            for slot in (lane..room).step_by(number) {
                let raw = bits::get(&self.staged, at, width + 1);
                starts[slot] = start;
                start = raw & end_mask;
                values[slot] = start | (raw >> width) << 63;
                at += step;
            }
            total += start.saturating_sub(before) as usize;
        }
        let sources: Vec<&[u8]> = self
            .lanes
            .lanes
            .iter()
            .map(|lane| text_of(lane.shard as usize))
            .collect();
        let mut sources = sources.iter().cycle();
        let mut end = area.len();
        area.resize(end + total + WIDE, 0);
        for (slot, (value, start)) in values.iter_mut().zip(starts).enumerate() {
            let source = sources.next().map_or(&[][..], |source| source);
            let is_text = *value & NO_TEXT == 0 && self.is_there(slot);
            if is_text {
                let len = value.saturating_sub(*start) as usize;
                let (to, from) = (area.get_mut(end..), source.get(*start as usize..));
                copy(to.unwrap_or_default(), from.unwrap_or_default(), len);
                end += len;
            }
            *value = end as u64 | if is_text { 0 } else { NO_TEXT };
        }
        area.truncate(end);
        true
    }
}

/// So many bytes are copied where fewer are asked for: that takes two moves and no loop.
const WIDE: usize = 32;

#[inline]
fn copy(to: &mut [u8], from: &[u8], len: usize) {
    match (to.first_chunk_mut::<WIDE>(), from.first_chunk::<WIDE>()) {
        (Some(to), Some(from)) if len <= WIDE => *to = *from,
        _ => {
            if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
                to.copy_from_slice(from);
            }
        }
    }
}
