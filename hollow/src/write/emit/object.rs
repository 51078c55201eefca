//! Shards of object types. See `docs/format.md`, section 6.2.

use super::bit_writer::BitWriter;
use super::body::Size;
use super::buffer::Buffer;
use crate::memory::bit_array::mask;
use crate::memory::var_int;
use crate::write::record_form::{FieldKind, NULL_DOUBLE, NULL_FLOAT, split_number_or};
use std::io;

/// An object shard being packed.
#[derive(Debug)]
pub(super) struct ObjectBody {
    fields: Vec<PackedField>,
    /// Bytes of each STRING and BYTES field.
    variable: Vec<Buffer>,
    fixed: BitWriter,
    record_bits: u64,
    count: u64,
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
    pub(super) fn new(kinds: &[FieldKind], widths: &[u32], size: Size) -> Self {
        let record_bits = widths.iter().map(|&width| u64::from(width)).sum::<u64>();
        let fields: Vec<PackedField> = kinds
            .iter()
            .zip(widths)
            .map(|(&kind, &width)| PackedField::new(kind, width))
            .collect();
        let buffer = |field: &PackedField| match field.form {
            Form::Bytes => Buffer::with_capacity(size.share_of(field.null)),
            _ => Buffer::default(),
        };
        Self {
            variable: fields.iter().map(buffer).collect(),
            fields,
            fixed: BitWriter::with_capacity(u64::from(size.count) * record_bits),
            record_bits,
            count: 0,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, record: Option<&[u8]>) {
        self.count += 1;
        match record {
            Some(record) => self.push_record(record),
            None => self.push_hole(),
        }
    }

    fn push_record(&mut self, record: &[u8]) {
        let (fields, variable) = (&self.fields, &mut self.variable);
        self.fixed.push_all(fields.len(), |fixed| {
            let mut rest = record;
            for (field, bytes) in fields.iter().zip(variable) {
                let value;
                (value, rest) = match field.form {
                    Form::Number => split_number_or(rest, field.null),
                    Form::Double => match rest.split_first_chunk() {
                        Some((bits, rest)) => (u64::from_be_bytes(*bits), rest),
                        None => (field.null, rest),
                    },
                    Form::Float => match rest.split_first_chunk() {
                        Some((bits, rest)) => (u32::from_be_bytes(*bits).into(), rest),
                        None => (field.null, rest),
                    },
                    Form::Bytes => match split_number_or(rest, u64::MAX) {
                        (u64::MAX, rest) => (field.null | bytes.len() as u64, rest),
                        (length, rest) => {
                            let rest = move_bytes(rest, length, bytes);
                            (bytes.len() as u64, rest)
                        }
                    },
                };
                fixed.push_fitting(value & field.mask, field.width);
            }
        });
    }

    /// An ordinal without a record: zero bits, except that the offsets of varying-length values go on.
    fn push_hole(&mut self) {
        let (fields, variable) = (&self.fields, &self.variable);
        self.fixed.push_all(fields.len(), |fixed| {
            for (field, bytes) in fields.iter().zip(variable) {
                let value = match field.form {
                    Form::Bytes => bytes.len() as u64,
                    _ => 0,
                };
                fixed.push_fitting(value & field.mask, field.width);
            }
        });
    }

    /// Writes the shard; then the body can be filled with another.
    pub(super) fn finish(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut head = Vec::new();
        self.fields
            .iter()
            .for_each(|field| var_int::write_u32(&mut head, field.width));
        out.write_all(&head)?;
        let len_bits = std::mem::take(&mut self.count) * self.record_bits;
        self.fixed.finish(len_bits.div_ceil(64), out)?;
        for bytes in &mut self.variable {
            let mut length = Vec::new();
            var_int::write_u64(&mut length, bytes.len() as u64);
            out.write_all(&length)?;
            out.write_all(bytes.as_slice())?;
            bytes.clear();
        }
        Ok(())
    }
}

/// Moves bytes off the front of a record, and gives what is left. Most values are short, and a copy of known length is the
/// quickest.
#[inline]
fn move_bytes<'r>(rest: &'r [u8], length: u64, to: &mut Buffer) -> &'r [u8] {
    const SHORT: usize = 32;
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
    match rest.first_chunk::<SHORT>() {
        Some(block) if length <= SHORT => {
            if let Some(room) = to.room(SHORT).first_chunk_mut() {
                *room = *block;
            }
            to.advance(length);
        }
        _ => to.extend(&rest[..length]),
    }
    &rest[length..]
}
