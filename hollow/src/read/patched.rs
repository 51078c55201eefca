//! A page of object records made anew with other records in some of its slots.
//!
//! What stays is taken over column by column and, of the area, stretch by stretch; only what is new is looked at record
//! by record.

use super::block::{Block, Places};
use super::object_block::{FieldKind, NO_TEXT, ObjectRow, Source};
use super::slots::{SlotBits, contains, iter_bits};

/// A page, with the records of these slots in place of its own.
pub(super) struct Patched<'a, R> {
    page: &'a Block,
    /// Places of the page.
    room: u32,
    /// What is to be populated; of the page's slots too.
    slots: &'a SlotBits,
    over: &'a [(u32, R)],
}

impl<'a, R: ObjectRow> Patched<'a, R> {
    /// `None` if slots are not places before or after.
    pub(super) fn new(page: &'a Block, slots: &'a SlotBits, over: &'a [(u32, R)]) -> Option<Self> {
        let room = page.positions_are_slots()?;
        Places::of(slots).are_slots().then_some(Self {
            page,
            room,
            slots,
            over,
        })
    }

    fn is_there(&self, slot: usize) -> bool {
        contains(self.slots, slot as u32)
    }
}

impl<R: ObjectRow> Source for Patched<'_, R> {
    fn num_fields(&self) -> usize {
        let over = self.over.iter().map(|(_, row)| row.num_fields());
        over.max().unwrap_or(0).max(self.page.shape.fields.len())
    }

    fn values(&mut self, field: usize, kind: FieldKind, values: &mut [u64]) -> Option<u32> {
        let null = kind.null(64);
        let (old, new) = values.split_at_mut(values.len().min(self.room as usize));
        new.fill(null);
        match self.page.column(field, kind) {
            Some(column) => {
                column.unpack_widest(old);
                for slot in iter_bits(&self.slots.map(|word| !word)) {
                    let Some(value) = old.get_mut(slot as usize) else {
                        break;
                    };
                    *value = null;
                }
            }
            None => old.fill(null),
        }
        for (slot, row) in self.over {
            if let Some(value) = values.get_mut(*slot as usize) {
                *value = row.value(field, kind).unwrap_or(null);
            }
        }
        Some(64)
    }

    fn texts(&mut self, field: usize, kind: FieldKind, area: &mut Vec<u8>, values: &mut [u64]) -> bool {
        let (texts, ends) = match self.page.texts(field, kind, self.room) {
            Some((texts, ends)) => (texts, Some(ends)),
            None => (&[][..], None),
        };
        let nothing = std::iter::repeat(NO_TEXT);
        let mut ends = ends.into_iter().flatten().chain(nothing);
        let mut over = self.over.iter().peekable();
        // Of the page's texts: where the stretch begins that is to be copied, and where it ends so far.
        let (mut first, mut end) = (0, 0);
        for (slot, value) in values.iter_mut().enumerate() {
            let before = end;
            let (stored, is_null) = ends
                .next()
                .map_or((end, NO_TEXT), |end| (end & !NO_TEXT, end & NO_TEXT));
            end = stored.max(before);
            let new = over.next_if(|(other, _)| *other as usize == slot);
            if new.is_none() && self.is_there(slot) {
                *value = (area.len() as u64 + (end - first)) | is_null;
                continue;
            }
            area.extend_from_slice(texts.get(first as usize..before as usize).unwrap_or_default());
            first = end;
            let bytes = new.and_then(|(_, row)| row.bytes(field, kind));
            area.extend_from_slice(bytes.unwrap_or_default());
            *value = area.len() as u64 | if bytes.is_some() { 0 } else { NO_TEXT };
        }
        area.extend_from_slice(texts.get(first as usize..end as usize).unwrap_or_default());
        true
    }
}
