//! A page of object records, bit-packed.
//!
//! ```text
//! words   | record 0: field 0 | field 1 | .. | record 1: field 0 | ..     low bits first, no gaps
//! var     | record 0: first STRING | second | .. | record 1: ..
//! ```
//!
//! Every page has its own widths: a field takes what the widest value *of this page* needs, nothing if all are null.
//! All ones are null (FLOAT, DOUBLE: the format's null patterns). A STRING or BYTES field holds the null flag and the
//! end of its bytes in `var`; they begin where those of the STRING or BYTES field before it end, in this record or the
//! one before.

use super::bits::BitWriter;
use super::budget::{Budget, OverBudget};
use super::slots::Slots;
use super::table::Page;
use crate::Ordinal;
use crate::memory::bit_array::{self, bits, mask};
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

    pub(crate) fn is_variable_length(self) -> bool {
        matches!(self, Self::Text | Self::Bytes)
    }

    /// The value stored in `raw` bits of this width; `None` if it is null.
    #[inline]
    pub(crate) fn decode(self, raw: u64, width: u32) -> Option<u64> {
        let null = match self {
            Self::Float => width == 0 || raw == u64::from(NULL_FLOAT),
            Self::Double => width == 0 || raw == NULL_DOUBLE,
            _ => raw == mask(width),
        };
        (!null).then_some(raw)
    }

    /// The largest value that can be, as it is stored.
    fn max(self) -> u64 {
        match self {
            Self::Int | Self::Float => u64::from(u32::MAX),
            Self::Boolean => 1,
            Self::Reference => u64::from(Ordinal::MAX),
            _ => u64::MAX,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct FieldLayout {
    /// First bit, counted from the start of the record.
    offset: u32,
    /// STRING and BYTES: the field whose end is our start, counted from the start of the record; negative if it stands
    /// in the record before.
    chained_to: i32,
    width: u8,
    kind: FieldKind,
}

/// An immutable page of object records.
#[derive(Debug)]
pub(crate) struct ObjectPage {
    slots: Slots,
    record_bits: u32,
    fields: Box<[FieldLayout]>,
    words: Box<[u64]>,
    var: Box<[u8]>,
}

/// A record that is to go into a page.
pub(crate) trait ObjectRow {
    /// The stored value of a field that is neither STRING nor BYTES; `None` is null.
    fn value(&self, field: usize) -> Option<u64>;
    /// The stored bytes of a STRING or BYTES field; `None` is null.
    fn bytes(&self, field: usize) -> Option<&[u8]>;
}

/// Why records cannot go into a page.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// A value that its field cannot have.
    OutOfRange { field: usize, max: u64, found: u64 },
    /// The page would take more memory than there may be.
    OverBudget(OverBudget),
}

impl ObjectPage {
    /// Bytes that a page takes besides its records.
    pub(super) fn fixed_bytes(num_fields: usize) -> usize {
        size_of::<Self>() + size_of::<FieldLayout>() * num_fields
    }

    /// Packs a page: a row for each populated slot, ascending. Asks each row twice for everything: for the widths, then
    /// for the values. Fields known to be null in all rows need not be asked for.
    pub(super) fn pack(
        slots: Slots,
        kinds: &[FieldKind],
        rows: &[impl ObjectRow],
        is_null: impl Fn(usize) -> bool,
        budget: &Budget,
    ) -> Result<Self, Unfit> {
        debug_assert_eq!(slots.len(), rows.len());
        let widths = widths(kinds, rows, is_null)?;
        let len_bits = rows.len() as u64 * widths.fields.iter().map(|&width| u64::from(width)).sum::<u64>();
        let record_bytes = len_bits / 8 + widths.var_bytes as u64;
        budget.take(record_bytes).map_err(Unfit::OverBudget)?;
        let (fields, record_bits) = lay_out(kinds, &widths.fields);
        let mut words = BitWriter::with_capacity_bits(len_bits);
        let mut var = Vec::with_capacity(widths.var_bytes);
        let stored: Vec<(usize, &FieldLayout)> =
            fields.iter().enumerate().filter(|(_, field)| field.width > 0).collect();
        for row in rows {
            for &(position, field) in &stored {
                let width = u32::from(field.width);
                let raw = if field.kind.is_variable_length() {
                    let bytes = row.bytes(position);
                    var.extend_from_slice(bytes.unwrap_or_default());
                    var.len() as u64 | u64::from(bytes.is_none()) << (width - 1)
                } else {
                    row.value(position).unwrap_or(match field.kind {
                        FieldKind::Float => NULL_FLOAT.into(),
                        FieldKind::Double => NULL_DOUBLE,
                        _ => mask(width),
                    })
                };
                words.push(raw, width);
            }
        }
        Ok(Self {
            slots,
            record_bits,
            fields,
            words: words.finish(),
            var: var.into(),
        })
    }

    /// Whether a field is null in all records, told by its width.
    pub(crate) fn is_null_in_all(&self, field: usize) -> bool {
        self.fields.get(field).is_none_or(|field| field.width == 0)
    }

    /// Bytes of the records themselves.
    pub(crate) fn record_bytes(&self) -> usize {
        size_of_val(&*self.words) + self.var.len()
    }

    /// The stored value of a field if it is of this kind and not null.
    #[inline]
    pub(crate) fn value_of(&self, index: usize, field: usize, kind: FieldKind) -> Option<u64> {
        let layout = self.fields.get(field)?;
        if layout.kind != kind {
            return None;
        }
        self.stored(index, layout)
    }

    /// The stored value of a field that is neither STRING nor BYTES; of those, `None`.
    #[inline]
    pub(crate) fn value(&self, index: usize, field: usize) -> Option<u64> {
        let layout = self.fields.get(field)?;
        if layout.kind.is_variable_length() {
            return None;
        }
        self.stored(index, layout)
    }

    #[inline]
    fn stored(&self, index: usize, field: &FieldLayout) -> Option<u64> {
        let at = index as u64 * u64::from(self.record_bits) + u64::from(field.offset);
        let width = u32::from(field.width);
        field.kind.decode(bit_array::get(&self.words, at, width), width)
    }

    /// The stored bytes of a field if it is of this kind and not null.
    #[inline]
    pub(crate) fn bytes_of(&self, index: usize, field: usize, kind: FieldKind) -> Option<&[u8]> {
        let layout = self.fields.get(field)?;
        if layout.kind != kind {
            return None;
        }
        self.stored_bytes(index, layout)
    }

    /// The stored bytes of a STRING or BYTES field.
    #[inline]
    pub(crate) fn bytes(&self, index: usize, field: usize) -> Option<&[u8]> {
        let layout = self.fields.get(field)?;
        if !layout.kind.is_variable_length() {
            return None;
        }
        self.stored_bytes(index, layout)
    }

    #[inline]
    fn stored_bytes(&self, index: usize, field: &FieldLayout) -> Option<&[u8]> {
        let width = u32::from(field.width).checked_sub(1)?; // without the null flag; none if all are null
        let record = index as u64 * u64::from(self.record_bits);
        let raw = bit_array::get(&self.words, record + u64::from(field.offset), width + 1);
        if raw >> width != 0 {
            return None;
        }
        let start = match record.checked_add_signed(i64::from(field.chained_to)) {
            Some(at) => bit_array::get(&self.words, at, width),
            None => 0, // the first of the page
        };
        self.var.get(start as usize..raw as usize)
    }
}

impl Page for ObjectPage {
    fn slots(&self) -> &Slots {
        &self.slots
    }

    fn heap_bytes(&self) -> usize {
        size_of_val(&*self.fields) + self.record_bytes()
    }
}

struct Widths {
    fields: Vec<u32>,
    var_bytes: usize,
}

fn widths(kinds: &[FieldKind], rows: &[impl ObjectRow], is_null: impl Fn(usize) -> bool) -> Result<Widths, Unfit> {
    let mut var_bytes = 0;
    let mut fields = Vec::with_capacity(kinds.len());
    for (field, &kind) in kinds.iter().enumerate() {
        if is_null(field) {
            fields.push(0);
            continue;
        }
        if kind.is_variable_length() {
            let lengths = rows.iter().filter_map(|row| row.bytes(field).map(<[u8]>::len));
            let (count, total) = lengths.fold((0, 0), |(count, total), length| (count + 1, total + length));
            var_bytes += total;
            fields.push(u32::from(count > 0));
            continue;
        }
        let highest = rows.iter().filter_map(|row| row.value(field)).max();
        fields.push(match highest {
            None => 0,
            Some(found) if found > kind.max() => {
                return Err(Unfit::OutOfRange {
                    field,
                    max: kind.max(),
                    found,
                });
            }
            Some(_) if kind == FieldKind::Float => 32,
            Some(_) if kind == FieldKind::Double => 64,
            Some(found) => bits(found.saturating_add(1)), // all ones stay free for null
        });
    }
    let chain = bits(var_bytes as u64) + 1;
    for (width, kind) in fields.iter_mut().zip(kinds) {
        if kind.is_variable_length() {
            *width *= chain;
        }
    }
    Ok(Widths { fields, var_bytes })
}

fn lay_out(kinds: &[FieldKind], widths: &[u32]) -> (Box<[FieldLayout]>, u32) {
    let record_bits: u32 = widths.iter().sum();
    let mut offset = 0;
    let mut fields: Box<[FieldLayout]> = kinds
        .iter()
        .zip(widths)
        .map(|(&kind, &width)| {
            let layout = FieldLayout {
                offset,
                chained_to: 0,
                width: width as u8,
                kind,
            };
            offset += width;
            layout
        })
        .collect();
    let chained = |field: &&mut FieldLayout| field.kind.is_variable_length() && field.width > 0;
    let last = fields.iter_mut().rfind(chained).map_or(0, |field| field.offset);
    let mut before = last.cast_signed() - record_bits.cast_signed();
    for field in fields.iter_mut().filter(chained) {
        field.chained_to = before;
        before = field.offset.cast_signed();
    }
    (fields, record_bits)
}
