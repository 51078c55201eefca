//! Object records read with several of their fields, page by page.
//!
//! The columns of a page are unpacked one after the other, then its records are gone over: what is asked of a record was
//! found out for all of them.

use super::ObjectTypeState;
use super::block::Block;
use super::kind::Objects;
use super::object_block::{FieldKind, NULL_DOUBLE, NULL_FLOAT};
use super::records::Records;
use super::slots::{PAGE_BITS, PAGE_ORDINALS, SlotBits, iter_bits};
use super::type_state::ObjectRecord;
use crate::Ordinal;
use crate::memory::bit_array::mask;
use std::ops::Range;

const SLOTS: usize = PAGE_ORDINALS as usize;

/// Fields of a type, and room for their values in a page.
#[derive(Debug)]
pub(crate) struct Rows<'s> {
    records: &'s Records<Objects>,
    fields: Vec<Field<'s>>,
    wanted: Vec<Range<usize>>,
}

#[derive(Debug)]
struct Field<'s> {
    at: usize,
    kind: FieldKind,
    /// By slot; of a STRING or BYTES field where its bytes end.
    values: Box<[u64; SLOTS]>,
    /// What stands for no value; the mask of the ends.
    none: u64,
    /// The bytes that ends are counted in, and where those of the first record begin.
    texts: &'s [u8],
    first: u64,
}

/// A record of a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'r, 's> {
    fields: &'r [Field<'s>],
    place: Place<'s>,
}

#[derive(Clone, Copy, Debug)]
enum Place<'s> {
    Unpacked(usize),
    Elsewhere(ObjectRecord<'s>),
}

impl<'s> Rows<'s> {
    /// For these fields of a type, with what they hold.
    pub(crate) fn new(ty: &'s ObjectTypeState, fields: &[(usize, FieldKind)]) -> Self {
        let field = |&(at, kind)| Field {
            at,
            kind,
            values: Box::new([0; SLOTS]),
            none: 0,
            texts: &[],
            first: 0,
        };
        Self {
            records: &ty.records,
            fields: fields.iter().map(field).collect(),
            wanted: Vec::new(),
        }
    }

    /// Hands over the records of a page in these slots, which are populated, ascending.
    #[inline]
    pub(crate) fn for_each(&mut self, number: u32, slots: &SlotBits, mut each: impl FnMut(Ordinal, Row<'_, 's>)) {
        let unpacked = self.unpack(number, slots).is_some();
        for slot in iter_bits(slots) {
            let Some(ordinal) = Ordinal::new((number << PAGE_BITS) + slot) else {
                return;
            };
            let place = if unpacked {
                Place::Unpacked(slot as usize)
            } else if let Some(place) = self.records.locate(ordinal) {
                Place::Elsewhere(ObjectRecord::new(place))
            } else {
                continue;
            };
            let fields = &self.fields;
            each(ordinal, Row { fields, place });
        }
    }

    /// Unpacks the fields of these slots if the page says it all.
    fn unpack(&mut self, number: u32, slots: &SlotBits) -> Option<()> {
        let page = self.records.plain_page(number)?;
        let room = page.positions_are_slots()? as usize;
        groups(slots, &mut self.wanted);
        for field in &mut self.fields {
            match field.kind.is_variable_length() {
                true => field.unpack_ends(page, room),
                false => field.unpack(page, room, &self.wanted),
            }
        }
        Some(())
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

impl<'s> Field<'s> {
    fn unpack(&mut self, page: &'s Block, room: usize, wanted: &[Range<usize>]) {
        let column = page.column(self.at, self.kind);
        let (absent, none) = match self.kind {
            FieldKind::Float => (NULL_FLOAT.into(), u32::MAX.into()),
            FieldKind::Double => (NULL_DOUBLE, u64::MAX),
            _ => (0, column.as_ref().map_or(0, |column| column.null())),
        };
        self.none = none;
        let Some(column) = column else {
            return self.values.fill(absent);
        };
        for slots in wanted {
            let values = self
                .values
                .get_mut(slots.start..slots.end.min(room))
                .unwrap_or_default();
            column.beginning_at(slots.start).unpack(values);
        }
    }

    /// A text begins where the one before ends: all ends are wanted.
    fn unpack_ends(&mut self, page: &'s Block, room: usize) {
        match page.ends(self.at, self.kind) {
            Some((column, texts, first)) => {
                column.unpack(self.values.get_mut(..room).unwrap_or_default());
                (self.texts, self.first, self.none) = (texts, first, mask(column.width() - 1));
            }
            None => {
                self.none = 0;
                self.values.fill(1);
            }
        }
    }
}

impl<'s> Row<'_, 's> {
    /// The bits of the field with this number among those asked for, neither STRING nor BYTES: see
    /// [`ObjectRecord::stored_bits`].
    #[inline]
    pub(crate) fn stored_bits(&self, number: usize) -> Option<u64> {
        let field = self.fields.get(number)?;
        match &self.place {
            Place::Unpacked(slot) => Some(*field.values.get(*slot)?).filter(|&bits| bits != field.none),
            Place::Elsewhere(record) => record.stored_bits(field.at, field.kind),
        }
    }

    /// The stored bytes of the field with this number among those asked for, STRING or BYTES.
    #[inline]
    pub(crate) fn stored_bytes(&self, number: usize) -> Option<&'s [u8]> {
        let field = self.fields.get(number)?;
        match &self.place {
            Place::Unpacked(slot) => {
                let end = *field.values.get(*slot)?;
                let before = slot.checked_sub(1).and_then(|before| field.values.get(before));
                let start = before.map_or(field.first, |before| before & field.none);
                if end > field.none {
                    return None;
                }
                field.texts.get(start as usize..end as usize)
            }
            Place::Elsewhere(record) => record.stored_bytes(field.at, field.kind),
        }
    }
}
