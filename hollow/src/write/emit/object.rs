//! Shards of object types. See `docs/format.md`, section 6.2.

use super::bit_writer::BitWriter;
use super::{ShardRecords, ShardWriter};
use crate::memory::bit_array::mask;
use crate::memory::var_int;
use crate::write::WriteError;
use crate::write::layout::Widths;
use crate::write::record_form::{FieldKind, NULL_DOUBLE, NULL_FLOAT, Shape, Stored, take_field};
use std::io;

impl ShardWriter<'_> {
    pub(super) fn object<'a, I>(&mut self, records: ShardRecords<I>, out: &mut dyn io::Write) -> Result<(), WriteError>
    where
        I: Iterator<Item = Option<&'a [u8]>>,
    {
        let (Shape::Object(kinds), Widths::Object { fields: widths }) = (&self.ty.shape, self.widths) else {
            return Ok(()); // a type's widths are made from its shape
        };
        let fields: Vec<(FieldKind, u32)> = kinds.iter().copied().zip(widths.iter().copied()).collect();
        let mut head = Vec::new();
        widths.iter().for_each(|&width| var_int::write_u32(&mut head, width));
        out.write_all(&head)?;

        let len_bits = records.count * self.widths.record_bits();
        let mut fixed = BitWriter::with_capacity(len_bits);
        let mut variable: Vec<Vec<u8>> = vec![Vec::new(); fields.len()];
        for record in records.records {
            match record {
                Some(record) => push_record(record, &fields, &mut fixed, &mut variable),
                None => push_hole(&fields, &mut fixed, &variable),
            }
        }
        fixed.finish(len_bits.div_ceil(64), out)?;
        for bytes in variable {
            let mut length = Vec::new();
            var_int::write_u64(&mut length, bytes.len() as u64);
            out.write_all(&length)?;
            out.write_all(&bytes)?;
        }
        Ok(())
    }
}

fn push_record(record: &[u8], fields: &[(FieldKind, u32)], fixed: &mut BitWriter, variable: &mut [Vec<u8>]) {
    let mut rest = record;
    for (&(kind, width), bytes) in fields.iter().zip(variable) {
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
        fixed.push(value, width);
    }
}

/// An ordinal without a record: zero bits, except that the offsets of varying-length values go on.
fn push_hole(fields: &[(FieldKind, u32)], fixed: &mut BitWriter, variable: &[Vec<u8>]) {
    for (&(kind, width), bytes) in fields.iter().zip(variable) {
        let value = match kind {
            FieldKind::Text | FieldKind::Bytes => bytes.len() as u64,
            _ => 0,
        };
        fixed.push(value, width);
    }
}
