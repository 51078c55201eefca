//! Pages made anew of records that are in blocks already.
//!
//! Fields become as wide as the widest of the sources, so no value is looked at; bits are copied from block to block where
//! fields have the same width in both.

use super::bits::{self, BitWriter};
use super::block::{Block, BlockBuilder, Shape, Spot, Workshop};
use super::object_block::{FieldKind, Unfit, lay_out};
use super::slots::SlotBits;
use crate::memory::bit_array::bits;
use std::sync::Arc;

/// With more shapes than these among the sources, it does not pay to have a way to copy for each.
const SHAPES: usize = 32;

/// A step in copying a record.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// These bits as they are, or wider: what stands for null is another pattern then.
    Copy { offset: u64, width: u32 },
    Widen {
        offset: u64,
        from: u32,
        to: u32,
        kind: FieldKind,
    },
    /// A field that is null in all records of the source.
    Null { value: u64, width: u32 },
    /// The end of the next text.
    End { width: u32 },
}

/// The texts of all records: of one field after the other.
struct Texts {
    area: Vec<u8>,
    /// For each field with texts: its position, where its texts begin, and the end of each, all ones above for null.
    fields: Vec<(usize, usize, Vec<u64>)>,
}

const NULL: u64 = 1 << 63;

/// Packs the records of these slots. `None` if they would take too many bits, or come from too many kinds of blocks.
pub(super) fn repack(
    workshop: &mut Workshop,
    slots: &SlotBits,
    kinds: &[FieldKind],
    rows: &[(&Block, Spot)],
    limit_bits: u64,
) -> Option<Result<Block, Unfit>> {
    let mut shapes: Vec<&Arc<Shape>> = Vec::new();
    let mut of_row = Vec::with_capacity(rows.len());
    for (block, _) in rows {
        let known = shapes.iter().rposition(|shape| Arc::ptr_eq(shape, &block.shape));
        of_row.push(known.unwrap_or(shapes.len()));
        if known.is_none() {
            shapes.push(&block.shape);
        }
        if shapes.len() > SHAPES {
            return None;
        }
    }
    let num_fields = shapes.iter().map(|shape| shape.fields.len()).max().unwrap_or(0);
    let kinds = kinds.get(..num_fields).unwrap_or(kinds);
    let texts = Texts::of(kinds, rows);
    let widths: Vec<u32> = kinds
        .iter()
        .enumerate()
        .map(|(field, kind)| match texts.of_field(field) {
            Some((start, ends)) => ends.last().map_or(0, |end| bits((end & !NULL) - start as u64) + 1),
            None if kind.is_variable_length() => 0,
            None => shapes.iter().map(|shape| width_of(shape, field)).max().unwrap_or(0),
        })
        .collect();
    let records = lay_out(kinds.iter().copied().zip(widths.iter().copied()));
    if rows.len() as u64 * records.record_bits > limit_bits {
        return None;
    }
    let steps: Vec<Vec<Step>> = shapes.iter().map(|shape| steps(shape, kinds, &widths)).collect();
    Some(write(workshop, slots, records, rows, &of_row, &steps, &texts))
}

fn width_of(shape: &Shape, field: usize) -> u32 {
    shape.fields.get(field).map_or(0, |layout| layout.width.into())
}

impl Texts {
    fn of(kinds: &[FieldKind], rows: &[(&Block, Spot)]) -> Self {
        let mut this = Self {
            area: Vec::new(),
            fields: Vec::new(),
        };
        for (field, &kind) in kinds.iter().enumerate().filter(|(_, kind)| kind.is_variable_length()) {
            let start = this.area.len();
            let mut ends = Vec::with_capacity(rows.len());
            let mut any = false;
            for (block, spot) in rows {
                let bytes = block.text(*spot, field, kind);
                this.area.extend_from_slice(bytes.unwrap_or_default());
                any |= bytes.is_some();
                ends.push(this.area.len() as u64 | if bytes.is_none() { NULL } else { 0 });
            }
            if any {
                this.fields.push((field, start, ends));
            }
        }
        this
    }

    fn of_field(&self, field: usize) -> Option<(usize, &[u64])> {
        let found = self.fields.iter().find(|(at, ..)| *at == field)?;
        Some((found.1, &found.2))
    }
}

/// How to copy a record of this shape.
fn steps(shape: &Shape, kinds: &[FieldKind], widths: &[u32]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (field, (&kind, &to)) in kinds
        .iter()
        .zip(widths)
        .enumerate()
        .filter(|(_, (_, width))| **width > 0)
    {
        if kind.is_variable_length() {
            steps.push(Step::End { width: to });
            continue;
        }
        let layout = shape.fields.get(field).filter(|layout| layout.width > 0);
        let Some((from, at)) = layout.map(|layout| (u32::from(layout.width), u64::from(layout.offset))) else {
            steps.push(Step::Null {
                value: kind.null(to),
                width: to,
            });
            continue;
        };
        match steps.last_mut() {
            _ if from != to => steps.push(Step::Widen {
                offset: at,
                from,
                to,
                kind,
            }),
            Some(Step::Copy { offset, width }) if *offset + u64::from(*width) == at && *width + to <= 64 => {
                *width += to
            }
            _ => steps.push(Step::Copy { offset: at, width: to }),
        }
    }
    steps
}

fn write(
    workshop: &mut Workshop,
    slots: &SlotBits,
    records: super::block::Records,
    rows: &[(&Block, Spot)],
    of_row: &[usize],
    steps: &[Vec<Step>],
    texts: &Texts,
) -> Result<Block, Unfit> {
    let mut builder = BlockBuilder::new(workshop, records, rows.len() as u64, 0)?;
    builder.start_run(0);
    let mut out = BitWriter::new(builder.out);
    for (row, ((block, spot), &shape)) in rows.iter().zip(of_row).enumerate() {
        let at = block.shape.bit_of(*spot);
        let mut text = texts.fields.iter();
        for step in steps.get(shape).map_or(&[][..], |steps| steps) {
            match *step {
                Step::Copy { offset, width } => out.push(bits::get(&block.bytes, at + offset, width), width),
                Step::Widen { offset, from, to, kind } => {
                    let raw = bits::get(&block.bytes, at + offset, from);
                    out.push(kind.decode(raw, from).unwrap_or(kind.null(to)), to);
                }
                Step::Null { value, width } => out.push(value, width),
                Step::End { width } => {
                    let end = text
                        .next()
                        .and_then(|(_, start, ends)| Some((ends.get(row)?, *start as u64)));
                    let (end, start) = end.unwrap_or((&0, 0));
                    out.push(((end & !NULL) - start) | (end >> 63) << (width - 1), width);
                }
            }
        }
    }
    out.finish();
    builder.end_records(Some(slots), true);
    let ends = texts.fields.iter().skip(1).map(|(_, start, _)| *start);
    let ends = ends.chain(std::iter::once(texts.area.len()));
    for ((chain, (_, start, _)), end) in texts.fields.iter().enumerate().zip(ends) {
        builder.base(0, chain, 0)?;
        builder
            .out
            .extend_from_slice(texts.area.get(*start..end).unwrap_or_default());
    }
    Ok(builder.finish()?)
}
