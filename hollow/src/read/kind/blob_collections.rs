//! List, set and map records of a blob, read page by page.

use super::Lanes;
use super::windows::Windows;
use crate::Ordinal;
use crate::read::block::{Block, Workshop};
use crate::read::collection_block::{self, CollectionRow, Packer, Unfit, check_size};
use crate::read::slots::{contains, count};
use crate::read::wire::{BlobCollection, CollectionBody};

/// With more lanes, each has too few records for all to be looked at together.
const MANY_LANES: usize = 64;

/// Memory to be used again.
#[derive(Debug, Default)]
pub(crate) struct BlobRoom {
    windows: Windows,
    /// Where entries end: those of the record before the first one of each lane, then by place.
    ends: Vec<u64>,
    sizes: Vec<u64>,
}

/// Reads records into a block.
pub(super) fn read(
    wire: &CollectionBody,
    blob: &[u8],
    workshop: &mut Workshop,
    lanes: &Lanes<'_>,
) -> Result<Block, Unfit> {
    if !lanes.places.are_slots() || lanes.lanes.len() > MANY_LANES || may_be_too_high(wire) {
        return read_singly(wire, blob, workshop, lanes);
    }
    let mut room = std::mem::take(&mut workshop.collections);
    find(&mut room, wire, blob, lanes);
    let BlobRoom { ends, sizes, .. } = &room;
    let (widths, places) = (wire.widths(), lanes.places.room as usize);
    let slots = lanes.slots.filter(|slots| count(slots) != places);
    let is_there = |slot: usize| slots.is_none_or(|slots| contains(slots, slot as u32));
    let mut packer = Packer::new(workshop, lanes.places, widths);
    packer.counts = true;
    let here = ends.get(lanes.lanes.len()..).unwrap_or_default();
    for (slot, ((start, end), &size)) in ends.iter().zip(here).zip(sizes).enumerate() {
        if !is_there(slot) {
            continue;
        }
        let num_entries = end.saturating_sub(*start);
        if num_entries > u32::MAX.into() {
            return Err(Unfit::TooLarge);
        }
        if widths.has_buckets {
            check_size(size, num_entries)?;
        }
        packer.record(slot, num_entries, size);
    }
    let bits = u64::from(widths.entry());
    let block = packer.finish(lanes.slots, u64::MAX, |entries| {
        let words = |lane: usize| {
            let shard = lanes.lanes.get(lane).map_or(0, |lane| lane.shard as usize);
            wire.entries(blob, shard)
        };
        if let (1, None, Some(start), Some(end)) = (lanes.lanes.len(), slots, ends.first(), ends.last()) {
            return entries.copy_wire(words(0), start * bits, end.saturating_sub(*start) * bits);
        }
        let mut lane = 0;
        for (slot, (start, end)) in ends.iter().zip(here).enumerate() {
            if is_there(slot) {
                entries.copy_wire(words(lane), start * bits, end.saturating_sub(*start) * bits);
            }
            lane = if lane + 1 == lanes.lanes.len() { 0 } else { lane + 1 };
        }
    });
    workshop.collections = room;
    block
}

/// Finds where the entries of the records are, and their sizes.
fn find(room: &mut BlobRoom, wire: &CollectionBody, blob: &[u8], lanes: &Lanes<'_>) {
    let (widths, places) = (wire.widths(), lanes.places.room as usize);
    let step = u64::from(widths.record());
    room.windows.fill(lanes, |shard| wire.ends(blob, shard), step, 0, step);
    room.ends.resize(lanes.lanes.len() + places, 0);
    room.sizes.resize(places, 0);
    let (before, here) = room.ends.split_at_mut(lanes.lanes.len());
    room.windows.extract(0, widths.end, here);
    room.windows.extract(widths.end.into(), widths.size, &mut room.sizes);
    for (before, lane) in before.iter_mut().zip(lanes.lanes) {
        let words = wire.ends(blob, lane.shard as usize);
        let position = lane.position.checked_sub(1);
        *before = position.map_or(0, |position| words.get(u64::from(position) * step, widths.end));
    }
}

/// Whether there may be ordinals that cannot be.
fn may_be_too_high(wire: &CollectionBody) -> bool {
    let widths = wire.widths();
    widths.key.max(widths.value) > u32::BITS - Ordinal::MAX.leading_zeros()
}

/// As [`read`], record by record.
fn read_singly(wire: &CollectionBody, blob: &[u8], workshop: &mut Workshop, lanes: &Lanes<'_>) -> Result<Block, Unfit> {
    let widths = wire.widths();
    let mut packer = Packer::new(workshop, lanes.places, widths);
    let mut refused = Ok(());
    lanes.each(|place, shard, position| {
        let row = wire.row(blob, shard, position);
        if let Err(wrong) = check(&row, wire) {
            refused = refused.and(Err(wrong));
            return;
        }
        packer.record(place, row.num_entries(), row.size());
    });
    refused?;
    packer.finish(lanes.slots, u64::MAX, |entries| {
        lanes.each(|_, shard, position| wire.row(blob, shard, position).copy(entries));
    })
}

/// Whether a record can be.
pub(super) fn check(row: &BlobCollection<'_>, wire: &CollectionBody) -> Result<(), Unfit> {
    let (num_entries, has_buckets) = (row.num_entries(), wire.widths().has_buckets);
    if num_entries > u32::MAX.into() {
        return Err(Unfit::TooLarge);
    }
    if may_be_too_high(wire) {
        return collection_block::check(row, has_buckets).map(drop);
    }
    if !has_buckets {
        return Ok(());
    }
    let size = row.size();
    check_size(size, num_entries)?;
    match row.in_use() {
        found if found != size => Err(Unfit::InUse { size, found }),
        _ => Ok(()),
    }
}
