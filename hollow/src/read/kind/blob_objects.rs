//! Object records of a blob, read field by field.
//!
//! A blob has a record's fields next to each other, a block has a field's values next to each other. Fields that lie
//! within a few words of a record are taken out of it together, each to a column of its own: a record's words are then
//! read and turned round once, not once for each field.

use super::objects::WireObjects;
use super::{Lane, Lanes};
use crate::memory::bit_array::mask;
use crate::read::bits::WireWords;
use crate::read::object_block::{FieldKind, NO_TEXT, Source};
use crate::read::slots::{contains, count};
use crate::read::wire::WireField;

/// Words of a record that are looked at together.
const WINDOW: usize = 3;
/// With more lanes, each has too few records to remember where its texts are.
const MANY_LANES: usize = 64;
/// Fields that are taken out together.
const TOGETHER: usize = 8;

/// Records of a blob.
pub(super) struct BlobObjects<'a> {
    wire: &'a WireObjects,
    blob: &'a [u8],
    lanes: &'a Lanes<'a>,
    /// Whether all places have a record.
    full: bool,
    /// The fields whose values were taken out last, by position in the blob, and the values: column after column.
    fields: [Option<usize>; TOGETHER],
    taken: Vec<u64>,
}

/// Where a field is in the window.
#[derive(Clone, Copy, Default)]
struct Take {
    word: usize,
    shift: u32,
    mask: u64,
}

impl<'a> BlobObjects<'a> {
    /// `room` is memory to be used.
    pub(super) fn new(wire: &'a WireObjects, blob: &'a [u8], lanes: &'a Lanes<'a>, room: Vec<u64>) -> Self {
        let places = lanes.places.room as usize;
        Self {
            wire,
            blob,
            lanes,
            full: lanes.slots.is_none_or(|slots| count(slots) == places),
            fields: [None; TOGETHER],
            taken: room,
        }
    }

    pub(super) fn into_room(self) -> Vec<u64> {
        self.taken
    }

    fn words(&self, shard: usize) -> WireWords<'a> {
        let records = self.wire.body.shard(shard);
        records.map_or(WireWords::default(), |records| records.words(self.blob))
    }

    /// Whether a slot that has a place has a record.
    #[inline]
    fn is_there(&self, slot: usize) -> bool {
        self.full || self.lanes.slots.is_none_or(|slots| contains(slots, slot as u32))
    }

    /// A field of the reader in the blob, and its stored values by place; those of places without a record are anything.
    fn column(&mut self, field: usize, kind: FieldKind) -> Option<(&'a WireField, &[u64])> {
        let position = self.wire.positions.get(field).copied().flatten()?;
        let wire_field = self
            .wire
            .body
            .fields()
            .get(position)
            .filter(|found| found.kind == kind)?;
        let at = match self.fields.iter().position(|&taken| taken == Some(position)) {
            Some(at) => at,
            None => {
                self.take_out(field, wire_field);
                0
            }
        };
        let room = self.lanes.places.room as usize;
        Some((wire_field, self.taken.get(at * room..(at + 1) * room)?))
    }

    /// Takes out the values of a field and of those after it that lie in the same window.
    fn take_out(&mut self, field: usize, first: &WireField) {
        let (mut takes, mut number) = ([Take::default(); TOGETHER], 0);
        self.fields = [None; TOGETHER];
        for position in self.wire.positions.iter().skip(field).map_while(|position| *position) {
            let Some(field) = self.wire.body.fields().get(position) else {
                break;
            };
            let bit = field.offset.checked_sub(first.offset);
            let within = bit.filter(|bit| bit + u64::from(field.width) <= WINDOW as u64 * 64);
            let (Some(bit), Some(take)) = (within, takes.get_mut(number)) else {
                break;
            };
            self.fields[number] = Some(position);
            number += 1;
            *take = Take {
                word: (bit / 64) as usize,
                shift: (bit % 64) as u32,
                mask: mask(field.width),
            };
        }
        let takes = &takes[..number];
        let room = self.lanes.places.room as usize;
        let mut taken = std::mem::take(&mut self.taken);
        taken.resize(takes.len() * room, 0);
        if room == 0 {
            return;
        }
        let (step, lanes) = (self.wire.body.record_bits(), self.lanes.lanes);
        let mut take = |words: WireWords<'_>, at: u64, place: usize| {
            let window = words.window::<{ WINDOW + 1 }>(at);
            let columns = taken.chunks_exact_mut(room).zip(takes);
            for (column, take) in columns {
                let low = window.get(take.word).copied().unwrap_or(0);
                let high = window.get(take.word + 1).copied().unwrap_or(0);
                let both = u128::from(high) << 64 | u128::from(low);
                if let Some(value) = column.get_mut(place) {
                    *value = (both >> (take.shift & 63)) as u64 & take.mask;
                }
            }
        };
        if self.lanes.places.are_slots() {
            for (number, lane) in lanes.iter().enumerate().take(room) {
                let words = self.words(lane.shard as usize);
                let mut at = u64::from(lane.position) * step + first.offset;
                for place in (number..room).step_by(lanes.len()) {
                    take(words, at, place);
                    at += step;
                }
            }
        } else {
            self.lanes.each(|place, shard, position| {
                take(self.words(shard), u64::from(position) * step + first.offset, place);
            });
        }
        self.taken = taken;
    }

    /// What the record before this one has in a field.
    fn before(&self, field: &WireField, shard: usize, position: u32) -> u64 {
        let step = self.wire.body.record_bits();
        let before = position.checked_sub(1);
        before.map_or(0, |before| {
            self.words(shard)
                .get(u64::from(before) * step + field.offset, field.width)
        })
    }

    fn area(&self, field: &WireField, shard: usize) -> &'a [u8] {
        let area = self.wire.body.areas_of(shard).get(field.area);
        area.map_or(&[][..], |area| area.of(self.blob))
    }

    /// Places without a record have no text: the end of the one before.
    fn fill_absent(&self, first: u64, ends: &mut [u64]) {
        let mut end = first;
        for (slot, value) in ends.iter_mut().enumerate() {
            if !self.is_there(slot) {
                *value = end | NO_TEXT;
            }
            end = *value & !NO_TEXT;
        }
    }

    /// The area of each lane, and where the texts of its first record begin in it.
    fn areas(&self, field: &WireField) -> Vec<(&'a [u8], u64)> {
        let lanes = self.lanes.lanes.iter().map(|lane| {
            let shard = lane.shard as usize;
            (
                self.area(field, shard),
                self.before(field, shard, lane.position) & mask(field.width - 1),
            )
        });
        lanes.collect()
    }
}

impl Source for BlobObjects<'_> {
    fn num_fields(&self) -> usize {
        self.wire.columns.num_fields()
    }

    fn values(&mut self, field: usize, kind: FieldKind, values: &mut [u64]) -> bool {
        let Some((field, column)) = self.column(field, kind) else {
            return false;
        };
        let (null, here) = (kind.null(64), kind.null(field.width));
        for (value, &raw) in values.iter_mut().zip(column) {
            *value = if raw == here { null } else { raw };
        }
        if !self.full && self.lanes.places.are_slots() {
            let absent = values.iter_mut().enumerate().filter(|(slot, _)| !self.is_there(*slot));
            absent.for_each(|(_, value)| *value = null);
        }
        true
    }

    fn texts(&mut self, field: usize, kind: FieldKind, area: &mut Vec<u8>, values: &mut [u64]) -> bool {
        let Some((field, column)) = self.column(field, kind) else {
            return false;
        };
        if field.width == 0 {
            return false;
        }
        values.copy_from_slice(column);
        let first = area.len() as u64;
        let (end_mask, no_text) = (mask(field.width - 1), |raw: u64| raw >> (field.width - 1) << 63);
        if !self.lanes.places.are_slots() || self.lanes.lanes.len() > MANY_LANES {
            self.lanes.each(|place, shard, position| {
                let Some(value) = values.get_mut(place) else { return };
                let (start, end) = (self.before(field, shard, position) & end_mask, *value & end_mask);
                let none = no_text(*value);
                let bytes = self.area(field, shard).get(start as usize..end as usize);
                area.extend_from_slice(bytes.filter(|_| none == 0).unwrap_or_default());
                *value = area.len() as u64 | none;
            });
            if self.lanes.places.are_slots() {
                self.fill_absent(first, values);
            }
            return true;
        }
        let mut sources = self.areas(field);
        let lanes = sources.len();
        let mut end = area.len();
        let mut lane = 0;
        for (slot, value) in values.iter_mut().enumerate() {
            let Some((source, start)) = sources.get_mut(lane) else {
                break;
            };
            let stop = *value & end_mask;
            let none = if self.is_there(slot) { no_text(*value) } else { NO_TEXT };
            let from = source.get(*start as usize..).unwrap_or_default();
            let len = if none == 0 {
                stop.saturating_sub(*start) as usize
            } else {
                0
            };
            let len = len.min(from.len());
            if area.len() < end + len + WIDE {
                area.resize(end * 2 + len + 1024, 0);
            }
            copy(area.get_mut(end..).unwrap_or_default(), from, len);
            (end, *start) = (end + len, stop);
            *value = end as u64 | none;
            lane = if lane + 1 == lanes { 0 } else { lane + 1 };
        }
        area.truncate(end);
        true
    }
}

/// Reads a word of each line of the cache, lane by lane.
pub(super) fn come_closer(wire: &WireObjects, blob: &[u8], lanes: &[Lane], records: u32) {
    const LINE: usize = 64;
    let body = &wire.body;
    let touch = |bytes: &[u8]| bytes.iter().step_by(LINE).fold(0, |all, byte| all | byte);
    for lane in lanes {
        let Some(all) = body.shard(lane.shard as usize) else {
            continue;
        };
        let words = all.words(blob);
        let bits = [lane.position, lane.position + records].map(|position| u64::from(position) * body.record_bits());
        let [from, to] = bits.map(|bit| (bit / 64 * 8) as usize);
        let bytes = all.of(blob);
        std::hint::black_box(touch(bytes.get(from..to.min(bytes.len())).unwrap_or_default()));
        let fields = body
            .fields()
            .iter()
            .filter(|field| field.kind.is_variable_length() && field.width > 0);
        for field in fields {
            let end = |bit: u64| words.get((bit + field.offset).saturating_sub(body.record_bits()), field.width - 1);
            let Some(area) = body.areas_of(lane.shard as usize).get(field.area) else {
                continue;
            };
            let area = area.of(blob);
            let [from, to] = bits.map(|bit| (end(bit) as usize).min(area.len()));
            std::hint::black_box(touch(area.get(from..to).unwrap_or_default()));
        }
    }
}

/// So many bytes are copied where fewer are asked for: that takes a few moves and no loop.
const WIDE: usize = 32;

#[inline]
fn copy(to: &mut [u8], from: &[u8], len: usize) {
    let wide = to.first_chunk_mut::<WIDE>().zip(from.first_chunk::<WIDE>());
    match wide {
        Some((to, from)) if len <= WIDE => {
            for (to, from) in to.as_chunks_mut::<8>().0.iter_mut().zip(from.as_chunks::<8>().0) {
                *to = u64::from_ne_bytes(*from).to_ne_bytes();
            }
        }
        _ => {
            if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
                to.copy_from_slice(from);
            }
        }
    }
}
