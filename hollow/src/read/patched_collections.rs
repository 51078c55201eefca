//! A page of lists, sets or maps made anew with other records in some of its slots.
//!
//! The entries of records that stay are copied in stretches, as bits, unless those of new records need other widths.

use super::block::{Block, Places, Workshop};
use super::collection_block::{Packer, Span, Unfit, Widths};
use super::kind::CollectionPlace;
use super::slots::{SlotBits, contains};

#[cfg(test)]
mod tests;

/// The page, with the records of these slots in place of its own, ascending. `slots` are to be populated. `None` if slots
/// are not places before or after, or a record is not in a block.
pub(super) fn patched(
    workshop: &mut Workshop,
    slots: &SlotBits,
    page: &Block,
    over: &[(u32, CollectionPlace<'_>)],
    limit_bits: u64,
) -> Option<Result<Block, Unfit>> {
    let room = page.positions_are_slots()?;
    let places = Some(Places::of(slots)).filter(|places| places.are_slots())?;
    let mut widths = page.shape.layout.widths;
    for (_, row) in over {
        let CollectionPlace::Block(block, _) = row else {
            return None;
        };
        let Widths { key, value, .. } = block.shape.layout.widths;
        (widths.key, widths.value) = (widths.key.max(key), widths.value.max(value));
    }
    let mut packer = Packer::new(workshop, places, widths);
    let mut stretches: Vec<Span<'_>> = Vec::new();
    let mut over = over.iter().peekable();
    for slot in 0..places.room {
        let (block, position) = match over.next_if(|(other, _)| *other == slot) {
            Some((_, CollectionPlace::Block(block, position))) => (*block, *position),
            None if slot < room && contains(slots, slot) => (page, slot),
            _ => continue,
        };
        let span = block.span(position);
        packer.record(slot as usize, span.len().into(), block.size(position) as u64);
        if !stretches.last_mut().is_some_and(|last| last.join(&span)) {
            stretches.push(span);
        }
    }
    Some(packer.finish(Some(slots), limit_bits, |entries| {
        stretches.iter().for_each(|stretch| stretch.write(widths, entries));
    }))
}
