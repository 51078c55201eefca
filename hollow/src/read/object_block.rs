//! Blocks of object records.
//!
//! ```text
//! layout   for each field: offset in the record (4 bytes) | width | kind | chain (2)
//! record   field 0 | field 1 | ..
//! area     run 0: STRING or BYTES field 0 of all records | field 1 .. | run 1: ..
//! ```
//!
//! Every block has its own widths: those of the blob it was read from, or what the widest value needs. A field that is
//! null in all records takes no bits. All ones are null (FLOAT, DOUBLE: the format's null patterns). A STRING or BYTES
//! field holds the null flag and the end of its bytes, which begin where those of the record before it in the run end.
//! Fields behind the last one that has bits are left out of the layout.

use super::bits::{self, BitWriter};
use super::block::{Block, BlockBuilder, HEADER, Header, Spot, TooLarge};
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
#[repr(u8)]
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
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldLayout {
    pub(crate) offset: u32,
    pub(crate) width: u8,
    pub(crate) kind: u8,
    /// STRING and BYTES: which of the record's chains of ends is the field's.
    pub(crate) chain: u16,
}

/// Bytes that a field takes in the layout.
const LAYOUT: usize = 8;

impl FieldLayout {
    #[inline]
    fn of(bytes: [u8; LAYOUT]) -> Self {
        let [a, b, c, d, width, kind, chain @ ..] = bytes;
        Self {
            offset: u32::from_le_bytes([a, b, c, d]),
            width,
            kind,
            chain: u16::from_le_bytes(chain),
        }
    }

    fn bytes(self) -> [u8; LAYOUT] {
        let [a, b, c, d] = self.offset.to_le_bytes();
        let [g, h] = self.chain.to_le_bytes();
        [a, b, c, d, self.width, self.kind, g, h]
    }
}

/// A block of object records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectBlock<'s>(pub(crate) &'s [u8]);

impl<'s> ObjectBlock<'s> {
    /// Where a field of this kind is; `None` if it is of another kind or null in all records.
    #[inline]
    fn layout(self, header: &Header, field: usize, kind: FieldKind) -> Option<FieldLayout> {
        if field >= usize::from(header.num_fields) {
            return None;
        }
        let bytes = self.0.get(HEADER + field * LAYOUT..)?.first_chunk::<LAYOUT>()?;
        let layout = FieldLayout::of(*bytes);
        (layout.kind == kind as u8 && layout.width > 0).then_some(layout)
    }

    /// The stored value of a field if it is of this kind, neither STRING nor BYTES, and not null.
    #[inline]
    pub(crate) fn value(self, spot: Spot, field: usize, kind: FieldKind) -> Option<u64> {
        let header = Header::of(self.0);
        let layout = self.layout(&header, field, kind)?;
        let width = u32::from(layout.width);
        let raw = bits::get(self.0, header.bit_of(spot) + u64::from(layout.offset), width);
        kind.decode(raw, width)
    }

    /// The stored bytes of a field if it is of this kind, STRING or BYTES, and not null.
    #[inline]
    pub(crate) fn bytes(self, spot: Spot, field: usize, kind: FieldKind) -> Option<&'s [u8]> {
        let header = Header::of(self.0);
        let layout = self.layout(&header, field, kind)?;
        let width = u32::from(layout.width) - 1;
        let at = header.bit_of(spot) + u64::from(layout.offset);
        let raw = bits::get(self.0, at, width + 1);
        if raw >> width != 0 {
            return None;
        }
        let (place, stands_for) = header.base(self.0, spot.run, layout.chain.into())?;
        let start = if spot.position == 0 {
            stands_for
        } else {
            bits::get(self.0, at - u64::from(header.record_bits), width) as u32
        };
        let place = header.area_at as usize + place as usize;
        let start = place + start.wrapping_sub(stands_for) as usize;
        let end = place + (raw as u32).wrapping_sub(stands_for) as usize;
        self.0.get(start..end)
    }

    /// How to read a field of this kind from record to record.
    #[inline]
    pub(crate) fn column(self, field: usize, kind: FieldKind) -> Option<Column<'s>> {
        let header = Header::of(self.0);
        let layout = self.layout(&header, field, kind)?;
        Some(Column {
            block: self.0,
            kind,
            width: layout.width.into(),
            first: u64::from(header.records_at) * 8 + u64::from(layout.offset),
            run_bits: u64::from(header.run_bytes) * 8,
            record_bits: header.record_bits.into(),
        })
    }
}

/// A field of a block's records, found once for all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column<'s> {
    block: &'s [u8],
    kind: FieldKind,
    width: u32,
    first: u64,
    run_bits: u64,
    record_bits: u64,
}

impl Column<'_> {
    #[inline]
    pub(crate) fn value(&self, spot: Spot) -> Option<u64> {
        let run = self.first + self.run_bits * u64::from(spot.run);
        let raw = bits::get(self.block, run + self.record_bits * u64::from(spot.position), self.width);
        self.kind.decode(raw, self.width)
    }
}

/// A record that is to go into a block.
pub(crate) trait ObjectRow {
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

/// Writes the layout of fields with these widths; gives the bits of a record and the number of chains.
pub(super) fn lay_out(builder: &mut BlockBuilder<'_>, fields: impl Iterator<Item = (FieldKind, u32)> + Clone) -> (u64, u16) {
    let (mut offset, mut chains) = (0u64, 0);
    let stored = fields.clone().enumerate().filter(|(_, (_, width))| *width > 0);
    let num_fields = stored.map(|(at, _)| at + 1).last().unwrap_or(0);
    for (kind, width) in fields.take(num_fields) {
        let layout = FieldLayout {
            offset: offset as u32, // fields are 32,767 of 64 bits at most
            width: width as u8,
            kind: kind as u8,
            chain: chains,
        };
        builder.out.extend_from_slice(&layout.bytes());
        offset += u64::from(width);
        chains += u16::from(kind.is_variable_length() && width > 0);
    }
    builder.header.num_fields = num_fields as u16;
    (offset, chains)
}

/// Packs records one by one: those of these slots if it is to be a page, ascending. They may take so many bits
/// beside what they have in the area. Asks each row twice for everything.
pub(super) fn pack(
    out: &mut Vec<u8>,
    slots: Option<&SlotBits>,
    kinds: &[FieldKind],
    rows: &[impl ObjectRow],
    limit_bits: u64,
) -> Result<Block, Unfit> {
    let widths = widths(kinds, rows)?;
    let mut builder = BlockBuilder::new(out);
    let fields = kinds.iter().copied().zip(widths.iter().copied());
    let (record_bits, chains) = lay_out(&mut builder, fields);
    if rows.len() as u64 * record_bits > limit_bits {
        return Err(Unfit::TooLarge);
    }
    if let Some(bits) = slots {
        builder.slots(bits, 0, true);
    }
    builder.bases(1, chains);
    let stored: Vec<(usize, FieldKind, u32)> = kinds
        .iter()
        .zip(&widths)
        .enumerate()
        .filter(|(_, (_, width))| **width > 0)
        .map(|(field, (&kind, &width))| (field, kind, width))
        .collect();
    builder.records(record_bits, (rows.len() as u64 * record_bits).div_ceil(8))?;
    let mut ends = vec![0u64; stored.len()];
    let mut records = BitWriter::new(builder.out);
    for row in rows {
        for (&(field, kind, width), end) in stored.iter().zip(&mut ends) {
            let raw = if kind.is_variable_length() {
                let bytes = row.bytes(field, kind);
                *end += bytes.map_or(0, <[u8]>::len) as u64;
                *end | u64::from(bytes.is_none()) << (width - 1)
            } else {
                row.value(field, kind).unwrap_or(kind.null(width))
            };
            records.push(raw, width);
        }
    }
    records.finish();
    builder.area()?;
    let texts = stored.iter().filter(|(_, kind, _)| kind.is_variable_length());
    for (chain, &(field, kind, _)) in texts.enumerate() {
        builder.set_base(0, chain, builder.place_in_area(), 0)?;
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
