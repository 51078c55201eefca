//! Object records of a blob, read field by field.
//!
//! Fields that lie within a few words of a record are taken out of [`Windows`] of all records. The ends of texts are
//! checked on the way: those of a shard must not go back, nor past its texts.

use super::objects::WireObjects;
use super::windows::{MAX_WORDS, Windows};
use super::{Lane, Lanes};
use crate::memory::bit_array::mask;
use crate::read::bits::WireWords;
use crate::read::object_block::{FieldKind, NO_TEXT, Source};
use crate::read::slots::{contains, count};
use crate::read::wire::WireField;

/// With more lanes, each has too few records to remember where its texts are.
const MANY_LANES: usize = 64;

/// Records of a blob.
pub(super) struct BlobObjects<'a> {
    wire: &'a WireObjects,
    blob: &'a [u8],
    lanes: &'a Lanes<'a>,
    /// Whether all places have a record.
    full: bool,
    room: BlobRoom,
    /// Whether ends of texts were met that go back or too far.
    pub(super) wrong_end: bool,
}

/// Memory to be used again.
#[derive(Debug, Default)]
pub(crate) struct BlobRoom {
    windows: Windows,
    /// What a STRING or BYTES field holds: for each lane of the record before its first one, then by place.
    ends: Vec<u64>,
}

/// Whether the ends of texts are checked when these records are read, all of them.
pub(super) fn checks_ends(wire: &WireObjects, lanes: &Lanes<'_>) -> bool {
    let has_field = |position| wire.positions.contains(&Some(position));
    let fields = wire.body.fields().iter().enumerate();
    let mut fields = fields.filter(|(_, field)| field.kind.is_variable_length());
    lanes.places.are_slots() && lanes.lanes.len() <= MANY_LANES && fields.all(|(position, _)| has_field(position))
}

impl<'a> BlobObjects<'a> {
    pub(super) fn new(wire: &'a WireObjects, blob: &'a [u8], lanes: &'a Lanes<'a>, mut room: BlobRoom) -> Self {
        let places = lanes.places.room as usize;
        room.windows.clear();
        Self {
            wire,
            blob,
            lanes,
            full: lanes.slots.is_none_or(|slots| count(slots) == places),
            room,
            wrong_end: false,
        }
    }

    pub(super) fn into_room(self) -> BlobRoom {
        self.room
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

    /// A field of the reader in the blob, with the windows over it.
    fn field(&mut self, field: usize, kind: FieldKind) -> Option<&'a WireField> {
        let wire = self.wire;
        let position = wire.positions.get(field).copied().flatten()?;
        let found = wire.body.fields().get(position)?;
        if found.kind != kind || found.width == 0 {
            return None;
        }
        if !self.room.windows.cover(found.offset, found.width) {
            // As many of the fields behind it as lie near.
            let mut end = found.offset;
            let behind = wire.positions.iter().skip(field).map_while(|position| *position);
            for field in behind.map_while(|position| wire.body.fields().get(position)) {
                let next = field.offset + u64::from(field.width);
                if field.offset < found.offset || next - found.offset > MAX_WORDS * 64 {
                    break;
                }
                end = end.max(next);
            }
            let mut windows = std::mem::take(&mut self.room.windows);
            let words_of = |shard| self.words(shard);
            let step = wire.body.record_bits();
            windows.fill(self.lanes, words_of, step, found.offset, end - found.offset);
            self.room.windows = windows;
        }
        Some(found)
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

    /// The texts of records that are not next to each other in their shards, one by one.
    fn single_texts(&self, field: &WireField, area: &mut Vec<u8>, values: &mut [u64]) {
        let (first, end_mask) = (area.len() as u64, mask(field.width - 1));
        self.room.windows.extract(field.offset, field.width, values);
        self.lanes.each(|place, shard, position| {
            let Some(value) = values.get_mut(place) else { return };
            let (start, end) = (self.before(field, shard, position) & end_mask, *value & end_mask);
            let none = *value >> (field.width - 1) << 63;
            let bytes = self.area(field, shard).get(start as usize..end as usize);
            area.extend_from_slice(bytes.filter(|_| none == 0).unwrap_or_default());
            *value = area.len() as u64 | none;
        });
        if !self.lanes.places.are_slots() {
            return;
        }
        // Places without a record have no text: the end of the one before.
        let mut end = first;
        for (slot, value) in values.iter_mut().enumerate() {
            if !self.is_there(slot) {
                *value = end | NO_TEXT;
            }
            end = *value & !NO_TEXT;
        }
    }

    /// Puts the end of each text that is to come into `values`, the first one beginning at `first`, and what the blob has
    /// of it into the room. Gives false if the blob's ends go back or too far.
    fn ends(&mut self, field: &WireField, first: u64, values: &mut [u64]) -> bool {
        let lanes = self.lanes.lanes;
        let mut ends = std::mem::take(&mut self.room.ends);
        ends.resize(lanes.len() + values.len(), 0);
        let (before, here) = ends.split_at_mut(lanes.len());
        self.room.windows.extract(field.offset, field.width, here);
        for (before, lane) in before.iter_mut().zip(lanes) {
            *before = self.before(field, lane.shard as usize, lane.position);
        }
        // What the blob does not have ends where the one before it does.
        for slot in self.lanes.end as usize..values.len() {
            let before = ends.get(slot).copied();
            if let Some((end, before)) = ends.get_mut(lanes.len() + slot).zip(before) {
                *end = before;
            }
        }
        let (end_mask, null_bit) = (mask(field.width - 1), field.width - 1);
        let (mut any, mut total) = (0, first);
        let here = ends.get(lanes.len()..).unwrap_or_default();
        let mut end_of = |start: u64, raw: u64, absent: u64| {
            let none = raw >> null_bit | absent;
            // One that goes back has the highest bit.
            let len = (raw & end_mask).wrapping_sub(start & end_mask);
            any |= len;
            total = total.wrapping_add(len & none.wrapping_sub(1));
            total & !NO_TEXT | none << 63
        };
        let records = values.iter_mut().zip(&ends).zip(here);
        if self.full {
            records.for_each(|((value, &start), &raw)| *value = end_of(start, raw, 0));
        } else {
            for (slot, ((value, &start), &raw)) in records.enumerate() {
                *value = end_of(start, raw, u64::from(!self.is_there(slot)));
            }
        }
        // The last one of each lane; lanes go round.
        let last = ends.get(values.len()..).unwrap_or_default();
        let lanes_of_last = lanes.iter().cycle().skip(values.len() % lanes.len().max(1));
        let within = |(end, lane): (&u64, &Lane)| end & end_mask <= self.area(field, lane.shard as usize).len() as u64;
        let all_within = last.iter().zip(lanes_of_last).all(within);
        self.room.ends = ends;
        any >> 63 == 0 && all_within
    }

    /// Copies the texts that [`BlobObjects::ends`] found.
    fn copy(&self, field: &WireField, area: &mut Vec<u8>, values: &[u64]) {
        let lanes = self.lanes.lanes;
        let end_mask = mask(field.width - 1);
        let ends = &self.room.ends;
        let (first, last) = (area.len(), values.last().map_or(0, |end| end & !NO_TEXT) as usize);
        let sources: Vec<&[u8]> = lanes.iter().map(|lane| self.area(field, lane.shard as usize)).collect();
        if let (&[source], Some(from), Some(to)) = (&sources[..], ends.first(), ends.last()) {
            let stretch = source.get((from & end_mask) as usize..(to & end_mask) as usize);
            if let Some(stretch) = stretch.filter(|stretch| stretch.len() == last - first) {
                area.extend_from_slice(stretch); // no text between them that does not count
                return;
            }
        }
        area.resize(last + WIDE, 0);
        let mut to = area.get_mut(first..).unwrap_or_default();
        let mut at = first;
        let rounds = sources.len().max(1);
        for (values, starts) in values.chunks(rounds).zip(ends.chunks(rounds)) {
            for ((value, start), source) in values.iter().zip(starts).zip(&sources) {
                let end = (value & !NO_TEXT) as usize;
                let len = end - at;
                copy(to, source.get((start & end_mask) as usize..).unwrap_or_default(), len);
                to = to.get_mut(len..).unwrap_or_default();
                at = end;
            }
        }
        area.truncate(last);
    }
}

impl Source for BlobObjects<'_> {
    fn num_fields(&self) -> usize {
        self.wire.columns.num_fields()
    }

    fn values(&mut self, field: usize, kind: FieldKind, values: &mut [u64]) -> Option<u32> {
        let field = self.field(field, kind)?;
        self.room.windows.extract(field.offset, field.width, values);
        if !self.full && self.lanes.places.are_slots() {
            let absent = values.iter_mut().enumerate().filter(|(slot, _)| !self.is_there(*slot));
            absent.for_each(|(_, value)| *value = kind.null(field.width));
        }
        Some(field.width)
    }

    fn texts(&mut self, field: usize, kind: FieldKind, area: &mut Vec<u8>, values: &mut [u64]) -> bool {
        let Some(field) = self.field(field, kind) else {
            return false;
        };
        if !self.lanes.places.are_slots() || self.lanes.lanes.len() > MANY_LANES {
            self.single_texts(field, area, values);
            return true;
        }
        if !self.ends(field, area.len() as u64, values) {
            self.wrong_end = true;
            return false;
        }
        self.copy(field, area, values);
        true
    }
}

/// Reads a word of each line of the cache, lane by lane.
pub(super) fn come_closer(wire: &WireObjects, blob: &[u8], lanes: &[Lane], records: u32) {
    const LINE: usize = 64;
    let body = &wire.body;
    let kept = wire
        .positions
        .iter()
        .filter_map(|position| body.fields().get((*position)?));
    let texts: Vec<&WireField> = kept.filter(|field| field.kind.is_variable_length()).collect();
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
        for field in texts.iter().filter(|field| field.width > 0) {
            // Where the texts of a record begin: where those of the one before it end.
            let start = |bit: u64| match bit.checked_sub(body.record_bits()) {
                Some(before) => words.get(before + field.offset, field.width - 1),
                None => 0,
            };
            let Some(area) = body.areas_of(lane.shard as usize).get(field.area) else {
                continue;
            };
            let area = area.of(blob);
            let [from, to] = bits.map(|bit| (start(bit) as usize).min(area.len()));
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
        Some((to, from)) if len <= WIDE => *to = *from,
        _ => {
            if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
                to.copy_from_slice(from);
            }
        }
    }
}
