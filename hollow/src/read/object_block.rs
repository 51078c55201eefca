//! Blocks of object records.
//!
//! ```text
//! record   field 0 | field 1 | ..
//! area     run 0: STRING or BYTES field 0 of all records | field 1 .. | run 1: ..
//! ```
//!
//! Every block has its own widths: those of the blob it was read from, or what the widest value needs. A field that is
//! null in all records takes no bits. All ones are null (FLOAT, DOUBLE: the format's null patterns). A STRING or BYTES
//! field holds the null flag and the end of its bytes, which begin where those of the record before it in the run end.

use super::bits::{self, BitWriter};
use super::block::{Block, BlockBuilder, Records, Spot, TooLarge, Workshop};
use super::slots::SlotBits;
use crate::Ordinal;
use crate::memory::bit_array::{bits, mask};
use crate::schema::FieldType;

/// The pattern that stands for null in a FLOAT field.
pub(crate) const NULL_FLOAT: u32 = 0x7FC0_0001;
/// The pattern that stands for null in a DOUBLE field.
pub(crate) const NULL_DOUBLE: u64 = 0x7FF8_0000_0000_0001;

/// What a field holds, in one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Int,
    Long,
    Boolean,
    Float,
    Double,
    Text,
    Bytes,
    Reference,
}

impl FieldKind {
    pub(crate) fn of(ty: &FieldType) -> Self {
        match ty {
            FieldType::Int => Self::Int,
            FieldType::Long => Self::Long,
            FieldType::Boolean => Self::Boolean,
            FieldType::Float => Self::Float,
            FieldType::Double => Self::Double,
            FieldType::String => Self::Text,
            FieldType::Bytes => Self::Bytes,
            FieldType::Reference(_) => Self::Reference,
        }
    }

    #[inline]
    pub(crate) fn is_variable_length(self) -> bool {
        matches!(self, Self::Text | Self::Bytes)
    }

    /// What stands for null in a field of this width.
    #[inline]
    pub(crate) fn null(self, width: u32) -> u64 {
        match self {
            Self::Float => NULL_FLOAT.into(),
            Self::Double => NULL_DOUBLE,
            _ => mask(width),
        }
    }

    /// The value stored in `raw` bits of this width; `None` if it is null.
    #[inline]
    pub(crate) fn decode(self, raw: u64, width: u32) -> Option<u64> {
        (width > 0 && raw != self.null(width)).then_some(raw)
    }

    /// The largest value that can be, as it is stored.
    pub(super) fn max(self) -> u64 {
        match self {
            Self::Int | Self::Float => u64::from(u32::MAX),
            Self::Boolean => 1,
            Self::Reference => u64::from(Ordinal::MAX),
            _ => u64::MAX,
        }
    }
}

/// Where a field is in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldLayout {
    pub(crate) offset: u32,
    pub(crate) width: u8,
    pub(crate) kind: FieldKind,
    /// STRING and BYTES: which of the record's chains of ends is the field's.
    pub(crate) chain: u16,
}

impl Block {
    /// Where a field of this kind is; `None` if it is of another kind or null in all records.
    #[inline]
    fn layout(&self, field: usize, kind: FieldKind) -> Option<&FieldLayout> {
        let layout = self.shape.fields.get(field)?;
        (layout.kind == kind && layout.width > 0).then_some(layout)
    }

    /// The stored value of a field if it is of this kind, neither STRING nor BYTES, and not null.
    #[inline]
    pub(crate) fn value(&self, spot: Spot, field: usize, kind: FieldKind) -> Option<u64> {
        let layout = self.layout(field, kind)?;
        let width = u32::from(layout.width);
        let raw = bits::get(&self.bytes, self.shape.bit_of(spot) + u64::from(layout.offset), width);
        kind.decode(raw, width)
    }

    /// The stored bytes of a field if it is of this kind, STRING or BYTES, and not null.
    #[inline]
    pub(crate) fn text(&self, spot: Spot, field: usize, kind: FieldKind) -> Option<&[u8]> {
        let layout = self.layout(field, kind)?;
        let width = u32::from(layout.width) - 1;
        let at = self.shape.bit_of(spot) + u64::from(layout.offset);
        let raw = bits::get(&self.bytes, at, width + 1);
        if raw >> width != 0 {
            return None;
        }
        let (place, stands_for) = self.base(spot.run, layout.chain.into())?;
        let start = if spot.position == 0 {
            stands_for
        } else {
            bits::get(&self.bytes, at - self.shape.record_bits, width) as u32
        };
        let place = self.shape.area_at + place as usize;
        let start = place + start.wrapping_sub(stands_for) as usize;
        let end = place + (raw as u32).wrapping_sub(stands_for) as usize;
        self.bytes.get(start..end)
    }

    /// How to read a field of this kind from record to record.
    pub(crate) fn column(&self, field: usize, kind: FieldKind) -> Option<Column<'_>> {
        let layout = self.layout(field, kind)?;
        Some(Column {
            block: self,
            kind,
            width: layout.width.into(),
            offset: layout.offset.into(),
        })
    }
}

/// A field of a block's records, found once for all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column<'s> {
    block: &'s Block,
    kind: FieldKind,
    width: u32,
    offset: u64,
}

impl Column<'_> {
    /// The stored value of a record; `None` is null.
    #[cfg(test)]
    pub(crate) fn value(&self, spot: Spot) -> Option<u64> {
        let raw = bits::get(
            &self.block.bytes,
            self.block.shape.bit_of(spot) + self.offset,
            self.width,
        );
        self.kind.decode(raw, self.width)
    }

    /// The stored values of a run, from the first one on, with `null` for null.
    #[inline]
    pub(crate) fn run(&self, run: u32, len: u32, null: u64, mut each: impl FnMut(u32, u64)) {
        let (bytes, shape) = (&*self.block.bytes, &*self.block.shape);
        let (width, record_bits, null_here) = (self.width, shape.record_bits, self.kind.null(self.width));
        let mut at = shape.bit_of(Spot { run, position: 0 }) + self.offset;
        for position in 0..len {
            let raw = bits::get(bytes, at, width);
            at += record_bits;
            each(position, if raw == null_here { null } else { raw });
        }
    }

    /// The stored values of the first slots of a page that has all of them, with `null` for null. They are read in the
    /// order in which they lie in memory.
    pub(crate) fn leading(&self, null: u64, values: &mut [u64]) {
        let runs = self.block.runs() as usize;
        let len = values.len();
        for run in 0..runs.min(len) {
            let in_run = (len - run).div_ceil(runs) as u32;
            self.run(run as u32, in_run, null, |position, value| {
                if let Some(place) = values.get_mut(position as usize * runs + run) {
                    *place = value;
                }
            });
        }
    }
}

/// A record that is to go into a block.
pub(crate) trait ObjectRow {
    /// Fields from this one on are null.
    fn num_fields(&self) -> usize;
    /// The stored value of a field of this kind, neither STRING nor BYTES; `None` is null.
    fn value(&self, field: usize, kind: FieldKind) -> Option<u64>;
    /// The stored bytes of a field of this kind, STRING or BYTES; `None` is null.
    fn bytes(&self, field: usize, kind: FieldKind) -> Option<&[u8]>;
}

/// Why records cannot go into a block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// A value that its field cannot have.
    OutOfRange { field: usize, max: u64, found: u64 },
    /// More than 4 GiB.
    TooLarge,
}

impl From<TooLarge> for Unfit {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

/// The layout of fields with these widths.
pub(super) fn lay_out(fields: impl Iterator<Item = (FieldKind, u32)>) -> Records {
    let (mut offset, mut chains) = (0u64, 0);
    let mut layouts = Vec::new();
    let mut stored = 0;
    for (kind, width) in fields {
        layouts.push(FieldLayout {
            offset: offset as u32, // fields are 32,767 of 64 bits at most
            width: width as u8,
            kind,
            chain: chains,
        });
        offset += u64::from(width);
        chains += u16::from(kind.is_variable_length() && width > 0);
        if width > 0 {
            stored = layouts.len();
        }
    }
    layouts.truncate(stored);
    Records {
        fields: layouts,
        widths: Default::default(),
        record_bits: offset,
        num_chains: chains.into(),
    }
}

/// Packs records one by one: those of these slots if it is to be a page, ascending. They may take so many bits beside
/// what they have in the area. Asks each row twice for everything.
pub(super) fn pack(
    workshop: &mut Workshop,
    slots: Option<&SlotBits>,
    kinds: &[FieldKind],
    rows: &[impl ObjectRow],
    limit_bits: u64,
) -> Result<Block, Unfit> {
    let num_fields = rows.iter().map(ObjectRow::num_fields).max().unwrap_or(0);
    let kinds = kinds.get(..num_fields).unwrap_or(kinds);
    let widths = widths(kinds, rows)?;
    let records = lay_out(kinds.iter().copied().zip(widths.iter().copied()));
    if rows.len() as u64 * records.record_bits > limit_bits {
        return Err(Unfit::TooLarge);
    }
    let stored: Vec<(usize, FieldKind, u32)> = kinds
        .iter()
        .zip(&widths)
        .enumerate()
        .filter(|(_, (_, width))| **width > 0)
        .map(|(field, (&kind, &width))| (field, kind, width))
        .collect();
    let mut builder = BlockBuilder::new(workshop, records, rows.len() as u64, 0)?;
    let mut ends = vec![0u64; stored.len()];
    builder.start_run(0);
    let mut bits = BitWriter::new(builder.out);
    for row in rows {
        for (&(field, kind, width), end) in stored.iter().zip(&mut ends) {
            let raw = if kind.is_variable_length() {
                let bytes = row.bytes(field, kind);
                *end += bytes.map_or(0, <[u8]>::len) as u64;
                *end | u64::from(bytes.is_none()) << (width - 1)
            } else {
                row.value(field, kind).unwrap_or(kind.null(width))
            };
            bits.push(raw, width);
        }
    }
    bits.finish();
    builder.end_records(slots, true);
    let texts = stored.iter().filter(|(_, kind, _)| kind.is_variable_length());
    for (chain, &(field, kind, _)) in texts.enumerate() {
        builder.base(0, chain, 0)?;
        for bytes in rows.iter().filter_map(|row| row.bytes(field, kind)) {
            builder.out.extend_from_slice(bytes);
        }
    }
    Ok(builder.finish()?)
}

fn widths(kinds: &[FieldKind], rows: &[impl ObjectRow]) -> Result<Vec<u32>, Unfit> {
    let mut widths = Vec::with_capacity(kinds.len());
    for (field, &kind) in kinds.iter().enumerate() {
        if kind.is_variable_length() {
            let lengths = rows.iter().filter_map(|row| row.bytes(field, kind).map(<[u8]>::len));
            let total = lengths.fold(None, |total, length| Some(total.unwrap_or(0) + length as u64));
            widths.push(total.map_or(0, |total| bits(total) + 1));
            continue;
        }
        let highest = rows.iter().filter_map(|row| row.value(field, kind)).max();
        widths.push(match highest {
            None => 0,
            Some(found) if found > kind.max() => {
                let max = kind.max();
                return Err(Unfit::OutOfRange { field, max, found });
            }
            Some(_) if kind == FieldKind::Float => 32,
            Some(_) if kind == FieldKind::Double => 64,
            Some(found) => bits(found.saturating_add(1)), // all ones stay free for null
        });
    }
    Ok(widths)
}
