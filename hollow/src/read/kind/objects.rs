//! Object records.

use super::blob_objects::{self, BlobObjects};
use super::{Lane, Lanes, RecordKind, Unfit};
use crate::blob::DecodeError;
use crate::read::block::{Block, Places, Workshop};
use crate::read::content::RecordHasher;
use crate::read::object_block::{self, FieldKind, ObjectRow};
use crate::read::patched::Patched;
use crate::read::slots::SlotBits;
use crate::read::wire::{BlobRow, Columns, Frame, ObjectBody};
use std::sync::Arc;

/// Object records.
#[derive(Debug)]
pub(crate) enum Objects {}

/// Object records in a blob, by the fields that the reader has.
#[derive(Debug)]
pub(crate) struct WireObjects {
    pub(crate) body: ObjectBody,
    pub(super) columns: Columns,
    /// For each field of the reader the position in the blob.
    pub(super) positions: Vec<Option<usize>>,
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

    fn come_closer(wire: &WireObjects, blob: &[u8], lanes: &[Lane], records: u32) {
        blob_objects::come_closer(wire, blob, lanes, records);
    }

    fn has_texts(wire: &WireObjects) -> bool {
        wire.body.has_texts()
    }

    fn check_ends(wire: &WireObjects, blob: &[u8], lanes: &Lanes<'_>, is_read: bool) -> Result<(), Unfit> {
        let first = match is_read && blob_objects::checks_ends(wire, lanes) {
            true => lanes.places.room,
            false => 0,
        };
        if first >= lanes.end {
            return Ok(());
        }
        let num_lanes = lanes.lanes.len() as u64;
        for (number, lane) in (0..).zip(lanes.lanes) {
            let position =
                |slot: u32| u64::from(lane.position) + u64::from(slot).saturating_sub(number).div_ceil(num_lanes);
            let checked = wire
                .body
                .check_ends(blob, lane.shard as usize, position(first)..position(lanes.end));
            checked.map_err(|_| Unfit::WrongEnd)?;
        }
        Ok(())
    }

    fn read(
        wire: &WireObjects,
        blob: &[u8],
        plan: &Self::Plan,
        workshop: &mut Workshop,
        lanes: &Lanes<'_>,
    ) -> Result<Block, Unfit> {
        let mut source = BlobObjects::new(wire, blob, lanes, std::mem::take(&mut workshop.objects));
        let block = object_block::build(workshop, lanes.slots, lanes.places, plan, &mut source, u64::MAX);
        let wrong_end = source.wrong_end;
        workshop.objects = source.into_room();
        if wrong_end {
            return Err(Unfit::WrongEnd);
        }
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
        let mut source = Patched::new(page, slots, over)?;
        let made = object_block::build(workshop, Some(slots), Places::of(slots), plan, &mut source, limit_bits);
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
        if let (Unfit::WrongEnd, Err(first)) = (unfit, frame.check_texts(Some(&wire.body))) {
            return first;
        }
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
