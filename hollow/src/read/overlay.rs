//! Which slots of a page are no longer what the page says.
//!
//! An overlay has a number for each such slot, ascending: the slot, then the place of its record in the log, or that
//! it has none. Applying a delta makes new overlays and leaves the pages alone, so a changed record costs the record,
//! four bytes here and the copy of a few others, not a page.

use super::log::{PLACE_BITS, Place};
use super::slots::{SlotBits, set};

/// An overlay of a page: [`entry`] after entry.
pub(crate) type Overlay = [u32];

/// Stands for "no record".
const GONE: u32 = (1 << PLACE_BITS) - 1;

/// What an overlay says of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing: the page says it.
    Nothing,
    /// There is no record.
    Gone,
    /// The record is here in the log.
    At(Place),
}

/// The entry for a slot and its record.
pub(super) fn entry(slot: u32, place: Option<Place>) -> u32 {
    slot << PLACE_BITS | place.map_or(GONE, Place::get)
}

#[inline]
pub(super) fn slot_of(entry: u32) -> u32 {
    entry >> PLACE_BITS
}

#[inline]
pub(super) fn place_of(entry: u32) -> Option<Place> {
    Place::new(entry & GONE)
}

/// What an overlay says of a slot.
#[inline]
pub(crate) fn find(overlay: &Overlay, slot: u32) -> Found {
    let at = overlay.partition_point(|&entry| slot_of(entry) < slot);
    match overlay.get(at) {
        Some(&entry) if slot_of(entry) == slot => place_of(entry).map_or(Found::Gone, Found::At),
        _ => Found::Nothing,
    }
}

/// The populated slots of a page under an overlay.
pub(crate) fn apply(overlay: &Overlay, bits: &mut SlotBits) {
    for &entry in overlay {
        set(bits, slot_of(entry), place_of(entry).is_some());
    }
}
