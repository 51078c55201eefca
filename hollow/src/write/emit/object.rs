//! Shards of object types. See `docs/format.md`, section 6.2.

use super::bit_writer::BitWriter;
use crate::memory::bit_array::mask;
use crate::memory::var_int;
use crate::write::record_form::{FieldKind, NULL_DOUBLE, NULL_FLOAT, Stored, take_field};
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
            let value = match (take_field(&mut rest, kind), kind) {
                (Stored::Number(value), _) => value,
                (Stored::Bytes(value), _) => {
                    bytes.extend_from_slice(value);
                    bytes.len() as u64
                }
                (Stored::Null, FieldKind::Text | FieldKind::Bytes) => 1 << (width - 1) | bytes.len() as u64,
                (Stored::Null, FieldKind::Float) => NULL_FLOAT.into(),
                (Stored::Null, FieldKind::Double) => NULL_DOUBLE,
                (Stored::Null, _) => mask(width),
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
        self.fields.iter().for_each(|&(_, width)| var_int::write_u32(&mut head, width));
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
