//! Object records read with several of their fields, page by page.
//!
//! The columns of a page are unpacked one after the other, and what lies over the page is put in its place field by field.
//! Then its records are gone over: what is asked of a record was found out for all of them.

use super::ObjectTypeState;
use super::block::Block;
use super::kind::{ObjectPlace, Objects};
use super::object_block::{FieldKind, NULL_DOUBLE, NULL_FLOAT};
use super::overlay;
use super::records::Records;
use super::slots::{PAGE_ORDINALS, SlotBits, contains, iter_bits};
use super::type_state::ObjectRecord;
use crate::memory::bit_array::mask;
use std::ops::Range;

const SLOTS: usize = PAGE_ORDINALS as usize;
/// Bytes that come to the processor together.
const LINE: usize = 64;

/// Fields of a type, and room for their values in a page.
#[derive(Debug)]
pub(crate) struct Rows<'s> {
    records: &'s Records<Objects>,
    fields: Vec<Field<'s>>,
    /// The slots at hand, by eights.
    wanted: Vec<Range<usize>>,
    /// Records that are not where the page has its columns.
    apart: Vec<(u32, ObjectPlace<'s>)>,
    ends: Box<[u64; SLOTS]>,
    /// What the page after this one has that was not looked at yet.
    ahead: &'s [u8],
}

#[derive(Debug)]
struct Field<'s> {
    at: usize,
    kind: FieldKind,
    values: Values<'s>,
}

/// The values of a field in a page, by slot; those of slots that are not wanted mean nothing.
#[derive(Debug)]
pub(crate) enum Values<'s> {
    /// Neither STRING nor BYTES: the stored bits (see [`ObjectRecord::stored_bits`]), or what was to stand for none.
    Bits(Box<[u64; SLOTS]>),
    /// STRING and BYTES: the stored bytes.
    Bytes(Box<[Option<&'s [u8]>; SLOTS]>),
}

impl<'s> Rows<'s> {
    /// For these fields of a type, with what they hold.
    pub(crate) fn new(ty: &'s ObjectTypeState, fields: &[(usize, FieldKind)]) -> Self {
        let field = |&(at, kind): &(usize, FieldKind)| Field {
            at,
            kind,
            values: match kind.is_variable_length() {
                true => Values::Bytes(Box::new([None; SLOTS])),
                false => Values::Bits(Box::new([0; SLOTS])),
            },
        };
        Self {
            records: &ty.records,
            fields: fields.iter().map(field).collect(),
            wanted: Vec::new(),
            apart: Vec::new(),
            ends: Box::new([0; SLOTS]),
            ahead: &[],
        }
    }

    /// Reads the records of a page in these slots, which are populated. `none` stands for no bits.
    pub(crate) fn read(&mut self, number: u32, slots: &SlotBits, none: u64) {
        let page = self.records.pages.get(number);
        let page = page.and_then(|page| Some((page, page.positions_are_slots()? as usize)));
        groups(slots, &mut self.wanted);
        self.find_apart(number, slots, page.is_none());
        for Field { at, kind, values } in &mut self.fields {
            match values {
                Values::Bits(values) => {
                    if let Some((page, room)) = page {
                        unpack(page, (*at, *kind), &mut values[..room.min(SLOTS)], &self.wanted, none);
                    }
                    for (slot, place) in &self.apart {
                        let bits = ObjectRecord::new(*place).stored_bits(*at, *kind);
                        values[*slot as usize % SLOTS] = bits.unwrap_or(none);
                    }
                }
                Values::Bytes(texts) => {
                    if let Some((page, room)) = page {
                        find_texts(
                            page,
                            (*at, *kind),
                            texts,
                            &mut self.ends[..room.min(SLOTS)],
                            &self.wanted,
                        );
                    }
                    for (slot, place) in &self.apart {
                        texts[*slot as usize % SLOTS] = place.bytes_of(*at, *kind);
                    }
                }
            }
        }
        self.ahead = self.records.pages.get(number + 1).map_or(&[], |page| &*page.bytes);
    }

    /// The records of these slots that lie over the page; with `all`, those that the page has otherwise than in columns
    /// by slot come before them.
    fn find_apart(&mut self, number: u32, slots: &SlotBits, all: bool) {
        self.apart.clear();
        if all {
            let below = iter_bits(slots).filter_map(|slot| Some((slot, self.records.below(number, slot)?)));
            self.apart.extend(below);
        }
        for &entry in self.records.overlays.get(number).map_or(&[][..], |overlay| overlay) {
            let (slot, place) = (overlay::slot_of(entry), overlay::place_of(entry));
            let found = place.filter(|_| contains(slots, slot));
            if let Some((block, position)) = found.and_then(|place| self.records.log.get(place)) {
                self.apart.push((slot, ObjectPlace::Block(block, position)));
            }
        }
    }

    /// The values of each field, in the order in which they were asked for.
    #[inline]
    pub(crate) fn fields(&self) -> impl ExactSizeIterator<Item = &Values<'s>> {
        self.fields.iter().map(|field| &field.values)
    }

    /// Brings some of the next page close to the processor, which is busy with records of this one: columns are too short
    /// for it to see what comes next.
    #[inline]
    pub(crate) fn come_closer(&mut self, lines: usize) {
        for _ in 0..lines {
            let Some((line, rest)) = self.ahead.split_at_checked(LINE) else {
                return;
            };
            std::hint::black_box(line.first().copied());
            self.ahead = rest;
        }
    }

    /// How many lines there are of the next page.
    pub(crate) fn lines_ahead(&self) -> usize {
        self.ahead.len() / LINE
    }
}

/// The slots that come with these when slots are taken by eights.
fn groups(slots: &SlotBits, found: &mut Vec<Range<usize>>) {
    found.clear();
    let bytes = slots.iter().flat_map(|word| word.to_le_bytes());
    for (at, _) in bytes.enumerate().filter(|(_, slots)| *slots != 0) {
        match found.last_mut() {
            Some(last) if last.end == at * 8 => last.end += 8,
            _ => found.push(at * 8..at * 8 + 8),
        }
    }
}

fn unpack(page: &Block, (at, kind): (usize, FieldKind), values: &mut [u64], wanted: &[Range<usize>], none: u64) {
    let column = page.column(at, kind);
    // FLOAT and DOUBLE have their null among the bits.
    let (all_null, of_none) = match kind {
        FieldKind::Float => (NULL_FLOAT.into(), u32::MAX.into()),
        FieldKind::Double => (NULL_DOUBLE, u64::MAX),
        _ => (none, column.as_ref().map_or(0, |column| column.null())),
    };
    for slots in wanted {
        let end = slots.end.min(values.len());
        let Some(values) = values.get_mut(slots.start..end) else {
            return;
        };
        let Some(column) = column else {
            values.fill(all_null);
            continue;
        };
        column.beginning_at(slots.start).unpack(values);
        for value in values {
            *value = if *value == of_none { none } else { *value };
        }
    }
}

fn find_texts<'s>(
    page: &'s Block,
    (at, kind): (usize, FieldKind),
    texts: &mut [Option<&'s [u8]>; SLOTS],
    ends: &mut [u64],
    wanted: &[Range<usize>],
) {
    let Some((column, area, first)) = page.ends(at, kind) else {
        return texts.fill(None);
    };
    // A text begins where the one before ends: all ends are wanted.
    column.unpack(ends);
    let end_mask = mask(column.width() - 1);
    for slots in wanted {
        let before = slots.start.checked_sub(1).and_then(|before| ends.get(before));
        let mut start = before.map_or(first, |end| end & end_mask);
        let ends = ends.get(slots.start..).unwrap_or_default();
        for (&end, text) in ends.iter().zip(texts.get_mut(slots.clone()).unwrap_or_default()) {
            *text = match end > end_mask {
                true => None,
                false => area.get(start as usize..end as usize),
            };
            start = end & end_mask;
        }
    }
}
