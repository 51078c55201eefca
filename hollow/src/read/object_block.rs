//! Blocks of object records.
//!
//! ```text
//! columns  field 0 | field 1 | ..
//! area     STRING or BYTES field 0 of all records | field 1 of all records | ..
//! ```
//!
//! Every block has its own widths: what the widest value needs. A field that is null in all records takes no bits. All
//! ones are null (FLOAT, DOUBLE: the format's null patterns). A STRING or BYTES field holds the null flag and where its
//! bytes end in the area; they begin where those of the record before it end, and those of the first record where the
//! field before ends.

use super::bits;
use super::block::{Block, BlockBuilder, Places, TooLarge, Workshop};
use super::collection_block::Layout;
use super::slots::{SlotBits, iter_bits};
use super::unpack::{Word, unpack};
use crate::Ordinal;
use crate::memory::bit_array::mask;
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
        self.null_among(mask(width))
    }

    /// The same, by the mask of the width.
    #[inline(always)]
    pub(crate) fn null_among(self, mask: u64) -> u64 {
        match self {
            Self::Float => NULL_FLOAT.into(),
            Self::Double => NULL_DOUBLE,
            _ => mask,
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

/// Where a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldLayout {
    /// The byte at which its column begins.
    at: u32,
    pub(crate) width: u8,
    pub(crate) kind: FieldKind,
    /// STRING and BYTES: one more than the field of these types before it, 0 if there is none.
    before: u16,
}

impl FieldLayout {
    #[inline]
    fn bit_of(&self, position: u32) -> u64 {
        u64::from(self.at) * 8 + u64::from(position) * u64::from(self.width)
    }
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
    pub(crate) fn value(&self, position: u32, field: usize, kind: FieldKind) -> Option<u64> {
        let layout = self.layout(field, kind)?;
        let (raw, mask) = bits::get_some(&self.bytes, layout.bit_of(position), layout.width.into());
        (raw != kind.null_among(mask)).then_some(raw)
    }

    /// The stored bytes of a field if it is of this kind, STRING or BYTES, and not null.
    #[inline]
    pub(crate) fn text(&self, position: u32, field: usize, kind: FieldKind) -> Option<&[u8]> {
        let layout = self.layout(field, kind)?;
        let width = u32::from(layout.width);
        let at = layout.bit_of(position);
        let (start, (raw, mask)) = if position > 0 && width <= 28 {
            let (both, mask) = bits::get_some(&self.bytes, at - u64::from(width), 2 * width);
            (both, (both >> width, mask >> width))
        } else {
            let end = bits::get_some(&self.bytes, at, width);
            let before = at.checked_sub(width.into()).filter(|_| position > 0);
            let start = before.map_or_else(|| self.texts_before(layout), |at| bits::get(&self.bytes, at, width));
            (start, end)
        };
        let end_mask = mask >> 1;
        if raw > end_mask {
            return None;
        }
        let (area, start) = (self.shape.area_at, start & end_mask);
        self.bytes.get(area + start as usize..area + raw as usize)
    }

    /// Where the texts of the fields before this one end.
    #[cold]
    fn texts_before(&self, layout: &FieldLayout) -> u64 {
        let before = usize::from(layout.before).checked_sub(1);
        let before = before.and_then(|field| self.shape.fields.get(field));
        let (Some(before), Some(last)) = (before, self.shape.room.checked_sub(1)) else {
            return 0;
        };
        bits::get(&self.bytes, before.bit_of(last), u32::from(before.width) - 1)
    }

    /// The texts of the first records, one after the other, and the end of each in them, with [`NO_TEXT`] for null.
    pub(super) fn texts(&self, field: usize, kind: FieldKind, len: u32) -> Option<(&[u8], impl Iterator<Item = u64>)> {
        let layout = self.layout(field, kind)?;
        let width = u32::from(layout.width);
        let (first, end_mask) = (self.texts_before(layout), mask(width - 1));
        let texts = self.bytes.get(self.shape.area_at + first as usize..)?;
        let ends = bits::unpack(self.bytes.get(layout.at as usize..)?, width, len);
        let ends = ends.map(move |raw| (raw & end_mask).saturating_sub(first) | (raw >> (width - 1)) << 63);
        Some((texts, ends))
    }

    /// The column with the ends of texts, what they are counted in, and where the first one begins.
    pub(super) fn ends(&self, field: usize, kind: FieldKind) -> Option<(Column<'_>, &[u8], u64)> {
        let first = self.texts_before(self.layout(field, kind)?);
        let texts = self.bytes.get(self.shape.area_at..)?;
        Some((self.column(field, kind)?, texts, first))
    }

    /// How to read a field of this kind from record to record.
    pub(crate) fn column(&self, field: usize, kind: FieldKind) -> Option<Column<'_>> {
        let layout = self.layout(field, kind)?;
        Some(Column {
            bytes: self.bytes.get(layout.at as usize..)?,
            kind,
            width: layout.width.into(),
        })
    }
}

/// A field of a block's records, found once for all of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column<'s> {
    bytes: &'s [u8],
    kind: FieldKind,
    width: u32,
}

impl<'s> Column<'s> {
    /// Unpacks the values of as many records as there is room for; for null what stands for it in the widest field.
    pub(super) fn unpack_widest(&self, values: &mut [u64]) {
        unpack(self.bytes, self.width, values);
        let (null, here) = (self.kind.null(64), self.kind.null(self.width));
        for value in values {
            *value = if *value == here { null } else { *value };
        }
    }

    /// The packed values, and whatever the block has behind them.
    pub(crate) fn bytes(&self) -> &'s [u8] {
        self.bytes
    }

    /// Bits of a value.
    pub(crate) fn width(&self) -> u32 {
        self.width
    }

    /// What stands for null.
    pub(crate) fn null(&self) -> u64 {
        self.kind.null(self.width)
    }

    /// From this slot on, a multiple of eight.
    pub(crate) fn beginning_at(self, slot: usize) -> Self {
        let bytes = self.bytes.get(slot / 8 * self.width as usize..);
        Self {
            bytes: bytes.unwrap_or_default(),
            ..self
        }
    }

    /// Unpacks the values of as many records as there is room for.
    pub(crate) fn unpack<W: Word>(&self, out: &mut [W]) {
        unpack(self.bytes, self.width, out);
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

/// In values that are ends of texts: the record has none.
pub(super) const NO_TEXT: u64 = 1 << 63;

/// Where the records of a block come from, field by field.
pub(super) trait Source {
    /// How many fields there can be anything of.
    fn num_fields(&self) -> usize;
    /// Puts the value of each place into `values`. Gives the width of the field whose null is null there, no value being
    /// wider; `None` if there is no such field.
    fn values(&mut self, field: usize, kind: FieldKind, values: &mut [u64]) -> Option<u32>;
    /// Appends the texts of all places to `area`, and puts the end of each into `values`, with [`NO_TEXT`] for null.
    fn texts(&mut self, field: usize, kind: FieldKind, area: &mut Vec<u8>, values: &mut [u64]) -> bool;
}

/// Packs records column by column: those of these slots if it is to be a page. They may take so many bits beside what
/// they have in the area.
pub(super) fn build(
    workshop: &mut Workshop,
    slots: Option<&SlotBits>,
    places: Places,
    kinds: &[FieldKind],
    source: &mut impl Source,
    limit_bits: u64,
) -> Result<Block, Unfit> {
    let mut packer = Packer {
        builder: BlockBuilder::new(workshop, places),
        layouts: Vec::new(),
        record_bits: 0,
        limit: limit_bits / u64::from(places.room).max(1),
    };
    let mut values = std::mem::take(&mut workshop.values);
    values.resize(places.room as usize, 0);
    let mut last_text = 0;
    for (field, &kind) in kinds.iter().enumerate().take(source.num_fields()) {
        if kind.is_variable_length() {
            let found = source.texts(field, kind, &mut packer.builder.area, &mut values);
            if found && values.iter().fold(NO_TEXT, |all, end| all & end) == 0 {
                let last = values.last().map_or(0, |end| end & !NO_TEXT);
                let width = crate::memory::bit_array::bits(last) + 1;
                // The null bit comes right above the end; packing leaves out what is above that.
                for end in values.iter_mut() {
                    *end |= (*end >> 63) << (width - 1);
                }
                packer.column(field, kind, &values, width, last_text)?;
                last_text = field as u16 + 1;
            }
        } else if let Some(widest) = source.values(field, kind, &mut values) {
            let width = width_of(field, kind, &values, widest)?;
            if width > 0 {
                packer.column(field, kind, &values, width, 0)?;
            }
        }
    }
    workshop.values = values;
    Ok(packer
        .builder
        .finish(workshop, slots, packer.layouts, Layout::default())?)
}

struct Packer {
    builder: BlockBuilder,
    layouts: Vec<FieldLayout>,
    record_bits: u64,
    limit: u64,
}

impl Packer {
    fn column(&mut self, field: usize, kind: FieldKind, values: &[u64], width: u32, before: u16) -> Result<(), Unfit> {
        self.record_bits += u64::from(width);
        if self.record_bits > self.limit {
            return Err(Unfit::TooLarge);
        }
        let at = self.builder.column(values, width)?;
        let nothing = FieldLayout {
            at: 0,
            width: 0,
            kind,
            before: 0,
        };
        self.layouts.resize(field, nothing);
        self.layouts.push(FieldLayout {
            at,
            width: width as u8,
            kind,
            before,
        });
        Ok(())
    }
}

/// The width that these values need, of which all ones of the widest field are null; 0 if all are null. Null in a field of
/// this width is the low bits of null in the widest one.
fn width_of(field: usize, kind: FieldKind, values: &[u64], widest: u32) -> Result<u32, Unfit> {
    if matches!(kind, FieldKind::Float | FieldKind::Double) {
        let null = kind.null(64);
        let width = if kind == FieldKind::Float { 32 } else { 64 };
        return Ok(if values.iter().all(|&value| value == null) {
            0
        } else {
            width
        });
    }
    // One more than a value leaves all ones free for null, and one more than null has none of the field's bits. Together
    // they have as many bits as the largest one.
    let (ones, max) = (mask(widest), kind.max());
    let all = values.iter().fold(0, |all, value| all | value.wrapping_add(1));
    let above = all & ones;
    if above > max {
        let found = values.iter().filter(|value| **value != ones).max();
        if let Some(&found) = found.filter(|found| **found > max) {
            return Err(Unfit::OutOfRange { field, max, found });
        }
    }
    Ok(crate::memory::bit_array::bits(above))
}

/// Packs records one by one: those of these slots if it is to be a page, ascending. They may take so many bits beside
/// what they have in the area. Asks each row once for everything.
pub(super) fn pack(
    workshop: &mut Workshop,
    slots: Option<&SlotBits>,
    kinds: &[FieldKind],
    rows: &[impl ObjectRow],
    limit_bits: u64,
) -> Result<Block, Unfit> {
    let places = slots.map_or(Places::in_order(rows.len()), Places::of);
    let slots_as_places = slots.filter(|_| places.are_slots() && places.room as usize != rows.len());
    let mut source = Rows {
        rows,
        slots: slots_as_places,
    };
    build(workshop, slots, places, kinds, &mut source, limit_bits)
}

/// Records, in the order of their places; with slots: each in the place of its slot.
struct Rows<'a, R> {
    rows: &'a [R],
    slots: Option<&'a SlotBits>,
}

impl<R: ObjectRow> Rows<'_, R> {
    /// Each record with its place, ascending.
    #[inline]
    fn each<'a>(&'a self, mut each: impl FnMut(usize, &'a R)) {
        match self.slots {
            None => self.rows.iter().enumerate().for_each(|(place, row)| each(place, row)),
            Some(slots) => iter_bits(slots)
                .zip(self.rows)
                .for_each(|(slot, row)| each(slot as usize, row)),
        }
    }
}

impl<R: ObjectRow> Source for Rows<'_, R> {
    fn num_fields(&self) -> usize {
        self.rows.iter().map(ObjectRow::num_fields).max().unwrap_or(0)
    }

    fn values(&mut self, field: usize, kind: FieldKind, values: &mut [u64]) -> Option<u32> {
        let null = kind.null(64);
        if self.slots.is_some() {
            values.fill(null);
        }
        self.each(|place, row| {
            if let Some(value) = values.get_mut(place) {
                *value = row.value(field, kind).unwrap_or(null);
            }
        });
        Some(64)
    }

    fn texts(&mut self, field: usize, kind: FieldKind, area: &mut Vec<u8>, values: &mut [u64]) -> bool {
        let mut next = 0;
        self.each(|place, row| {
            // Places without a record have no text.
            let skipped = values.get_mut(next..place).unwrap_or_default();
            skipped.fill(area.len() as u64 | NO_TEXT);
            next = place + 1;
            let bytes = row.bytes(field, kind);
            area.extend_from_slice(bytes.unwrap_or_default());
            if let Some(end) = values.get_mut(place) {
                *end = area.len() as u64 | if bytes.is_none() { NO_TEXT } else { 0 };
            }
        });
        values
            .get_mut(next..)
            .unwrap_or_default()
            .fill(area.len() as u64 | NO_TEXT);
        true
    }
}
