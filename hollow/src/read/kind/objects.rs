//! Object records.

use super::{RecordKind, Stretches, Unfit};
use crate::blob::DecodeError;
use crate::read::block::{Block, BlockBuilder, Spot, Workshop};
use crate::read::content::RecordHasher;
use crate::read::object_block::{self, FieldKind, ObjectRow};
use crate::read::repack::repack;
use crate::read::slots::{SlotBits, contains};
use crate::read::wire::{BlobRow, Columns, Frame, ObjectBody};
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
    Block(&'s Block, Spot),
    Blob(BlobRow<'s>),
}

impl<'s> ObjectPlace<'s> {
    /// The stored value of a field if it is of this kind, neither STRING nor BYTES, and not null.
    #[inline]
    pub(crate) fn value_of(&self, field: usize, kind: FieldKind) -> Option<u64> {
        match self {
            Self::Block(block, spot) => block.value(*spot, field, kind),
            Self::Blob(row) => row.value_of(field, kind),
        }
    }

    /// The stored bytes of a field if it is of this kind, STRING or BYTES, and not null.
    #[inline]
    pub(crate) fn bytes_of(&self, field: usize, kind: FieldKind) -> Option<&'s [u8]> {
        match self {
            Self::Block(block, spot) => block.text(*spot, field, kind),
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
    fn in_block(block: &Block, spot: Spot) -> ObjectPlace<'_> {
        ObjectPlace::Block(block, spot)
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
        if let Some(slots) = slots {
            let in_blocks = rows.iter().map(|row| match row {
                ObjectPlace::Block(block, spot) => Some((*block, *spot)),
                ObjectPlace::Blob(_) => None,
            });
            if let Some(in_blocks) = in_blocks.collect::<Option<Vec<_>>>()
                && let Some(Ok(block)) = repack(workshop, slots, plan, &in_blocks, limit_bits)
            {
                return Ok(block);
            }
        }
        Ok(object_block::pack(workshop, slots, plan, rows, limit_bits)?)
    }

    fn is_verbatim(wire: &WireObjects) -> bool {
        let same = (0..)
            .map(Some)
            .zip(&wire.positions)
            .all(|(at, position)| at == *position);
        same && wire.positions.len() == wire.body.fields().len()
    }

    fn copy(
        wire: &WireObjects,
        blob: &[u8],
        workshop: &mut Workshop,
        stretches: &Stretches<'_>,
    ) -> Result<Block, Unfit> {
        let (body, first) = (&wire.body, stretches.first);
        let layout = object_block::lay_out(body.fields().iter().map(|field| (field.kind, field.width)));
        let record_bits = layout.record_bits;
        let shift = stretches.shards.len().trailing_zeros();
        let mut builder = BlockBuilder::new(workshop, layout, stretches.room.into(), shift)?;
        for (run, shard) in stretches.shards.clone().enumerate() {
            builder.start_run(run);
            let bits = u64::from((stretches.available)(shard)) * record_bits;
            if let Some(records) = body.shard(shard as usize) {
                let words = records.words(blob);
                words.append_to(builder.out, u64::from(first) * record_bits, bits);
            }
        }
        builder.end_records(stretches.slots, false);
        for (run, shard) in stretches.shards.clone().enumerate() {
            let Some(records) = body.shard(shard as usize).map(|records| records.words(blob)) else {
                continue;
            };
            let available = (stretches.available)(shard);
            let texts = body.fields().iter().filter(|field| field.kind.is_variable_length());
            for (chain, (field, area)) in texts.zip(body.areas_of(shard as usize)).enumerate() {
                let end_before = |position: u32| match position.checked_sub(1) {
                    Some(last) => records.get(u64::from(last) * record_bits + field.offset, field.width - 1),
                    None => 0,
                };
                let (start, end) = (end_before(first), end_before(first + available));
                builder.base(run, chain, start)?;
                let bytes = area.of(blob).get(start as usize..end as usize);
                builder.out.extend_from_slice(bytes.unwrap_or_default());
            }
        }
        let block = builder.finish()?;
        check_values(wire, &block, stretches)?;
        Ok(block)
    }

    fn record_bits(row: ObjectPlace<'_>) -> u64 {
        match row {
            ObjectPlace::Block(block, _) => block.shape.record_bits,
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

/// Looks for values that their field cannot have but that its width allows.
fn check_values(wire: &WireObjects, block: &Block, stretches: &Stretches<'_>) -> Result<(), Unfit> {
    let fields = wire.body.fields().iter().enumerate();
    let limit = |kind: FieldKind| u64::BITS - kind.max().leading_zeros();
    let doubtful = fields.filter(|(_, field)| field.width > limit(field.kind) && field.kind != FieldKind::Boolean);
    let booleans = wire.body.fields().iter().enumerate();
    let booleans = booleans.filter(|(_, field)| field.kind == FieldKind::Boolean);
    for (at, field) in doubtful.chain(booleans) {
        let Some(column) = block.column(at, field.kind) else {
            continue;
        };
        let (max, shift) = (field.kind.max(), stretches.shards.len().trailing_zeros());
        for (run, shard) in (0..).zip(stretches.shards.clone()) {
            let mut refused = None;
            column.run(run, (stretches.available)(shard), 0, |position, found| {
                if found <= max {
                    return;
                }
                let is_there = |bits: &SlotBits| contains(bits, (position << shift) + run);
                if stretches.slots.is_none_or(is_there) {
                    refused = Some(found);
                }
            });
            if let Some(found) = refused {
                return Err(Unfit::OutOfRange { field: at, max, found });
            }
        }
    }
    Ok(())
}
