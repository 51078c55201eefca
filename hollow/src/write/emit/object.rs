//! Shards of object types. See `docs/format.md`, section 6.2.

use super::bit_writer::BitWriter;
use crate::memory::bit_array::mask;
use crate::memory::var_int;
use crate::write::record_form::{FieldKind, NULL_DOUBLE, NULL_FLOAT, Stored, take_field, take_number};
use std::io;

/// An object shard being packed.
#[derive(Debug)]
pub(super) struct ObjectBody {
    fields: Vec<(FieldKind, u32)>,
    /// Bytes of each STRING and BYTES field.
    variable: Vec<Vec<u8>>,
    fixed: BitWriter,
    len_bits: u64,
}

impl ObjectBody {
    pub(super) fn new(kinds: &[FieldKind], widths: &[u32], count: u32) -> Self {
        let len_bits = u64::from(count) * widths.iter().map(|&width| u64::from(width)).sum::<u64>();
        Self {
            fields: kinds.iter().copied().zip(widths.iter().copied()).collect(),
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
        for (&(kind, width), bytes) in self.fields.iter().zip(&mut self.variable) {
            let value = match kind {
                FieldKind::Text | FieldKind::Bytes => match take_number(&mut rest) {
                    Some(length) => {
                        take_bytes(&mut rest, length, bytes);
                        bytes.len() as u64
                    }
                    None => 1 << (width - 1) | bytes.len() as u64,
                },
                FieldKind::Float | FieldKind::Double => match take_field(&mut rest, kind) {
                    Stored::Number(bits) => bits,
                    _ if kind == FieldKind::Float => NULL_FLOAT.into(),
                    _ => NULL_DOUBLE,
                },
                _ => take_number(&mut rest).unwrap_or(mask(width)),
            };
            self.fixed.push(value, width);
        }
    }

    /// An ordinal without a record: zero bits, except that the offsets of varying-length values go on.
    fn push_hole(&mut self) {
        for (&(kind, width), bytes) in self.fields.iter().zip(&self.variable) {
            let value = match kind {
                FieldKind::Text | FieldKind::Bytes => bytes.len() as u64,
                _ => 0,
            };
            self.fixed.push(value, width);
        }
    }

    pub(super) fn finish(self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut head = Vec::new();
        self.fields
            .iter()
            .for_each(|&(_, width)| var_int::write_u32(&mut head, width));
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
