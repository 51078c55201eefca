//! Shards of object types. See `docs/format.md`, section 6.2.

use super::bit_writer::BitWriter;
use crate::memory::bit_array::mask;
use crate::memory::var_int;
use crate::write::record_form::{FieldKind, NULL_DOUBLE, NULL_FLOAT, take_number};
use std::io;

/// An object shard being packed.
#[derive(Debug)]
pub(super) struct ObjectBody {
    fields: Vec<PackedField>,
    /// Bytes of each STRING and BYTES field.
    variable: Vec<Vec<u8>>,
    fixed: BitWriter,
    len_bits: u64,
}

/// How a field is read from a record and packed.
#[derive(Clone, Copy, Debug)]
struct PackedField {
    form: Form,
    width: u32,
    mask: u64,
    /// What stands for null; of a field of bytes, besides the offset.
    null: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Number,
    Float,
    Double,
    Bytes,
}

impl PackedField {
    fn new(kind: FieldKind, width: u32) -> Self {
        let (form, null) = match kind {
            FieldKind::Text | FieldKind::Bytes => (Form::Bytes, 1 << width.saturating_sub(1)),
            FieldKind::Float => (Form::Float, NULL_FLOAT.into()),
            FieldKind::Double => (Form::Double, NULL_DOUBLE),
            _ => (Form::Number, mask(width)),
        };
        Self {
            form,
            width,
            mask: mask(width),
            null,
        }
    }
}

impl ObjectBody {
    pub(super) fn new(kinds: &[FieldKind], widths: &[u32], count: u32) -> Self {
        let len_bits = u64::from(count) * widths.iter().map(|&width| u64::from(width)).sum::<u64>();
        let fields = kinds.iter().zip(widths);
        Self {
            fields: fields.map(|(&kind, &width)| PackedField::new(kind, width)).collect(),
            variable: vec![Vec::new(); widths.len()],
            fixed: BitWriter::with_capacity(len_bits),
            len_bits,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, record: Option<&[u8]>) {
        match record {
            Some(record) => self.push_record(record),
            None => self.push_hole(),
        }
    }

    fn push_record(&mut self, record: &[u8]) {
        let mut rest = record;
        for (field, bytes) in self.fields.iter().zip(&mut self.variable) {
            let value = match field.form {
                Form::Number => take_number(&mut rest).unwrap_or(field.null),
                Form::Double => take_number_of::<8>(&mut rest).map_or(field.null, u64::from_be_bytes),
                Form::Float => {
                    take_number_of::<4>(&mut rest).map_or(field.null, |bits| u32::from_be_bytes(bits).into())
                }
                Form::Bytes => match take_number(&mut rest) {
                    Some(length) => {
                        take_bytes(&mut rest, length, bytes);
                        bytes.len() as u64
                    }
                    None => field.null | bytes.len() as u64,
                },
            };
            self.fixed.push_fitting(value & field.mask, field.width);
        }
    }

    /// An ordinal without a record: zero bits, except that the offsets of varying-length values go on.
    fn push_hole(&mut self) {
        for (field, bytes) in self.fields.iter().zip(&self.variable) {
            let value = if field.form == Form::Bytes {
                bytes.len() as u64
            } else {
                0
            };
            self.fixed.push_fitting(value & field.mask, field.width);
        }
    }

    pub(super) fn finish(self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut head = Vec::new();
        self.fields
            .iter()
            .for_each(|field| var_int::write_u32(&mut head, field.width));
        out.write_all(&head)?;
        self.fixed.finish(self.len_bits.div_ceil(64), out)?;
        for bytes in self.variable {
            let mut length = Vec::new();
            var_int::write_u64(&mut length, bytes.len() as u64);
            out.write_all(&length)?;
            out.write_all(&bytes)?;
        }
        Ok(())
    }
}

/// Takes the bits of a floating point number off the front of a record.
#[inline]
fn take_number_of<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bits, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*bits)
}

/// Moves bytes off the front of a record. Most values are short, and a copy of known length is the quickest.
#[inline]
fn take_bytes(rest: &mut &[u8], length: u64, to: &mut Vec<u8>) {
    const SHORT: usize = 16;
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
    match rest.first_chunk::<SHORT>() {
        Some(block) if length <= SHORT => {
            let end = to.len() + length;
            to.extend_from_slice(block);
            to.truncate(end);
        }
        _ => to.extend_from_slice(&rest[..length]),
    }
    *rest = &rest[length..];
}
