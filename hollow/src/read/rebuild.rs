//! The records that a frame of a blob leads to.

mod delta;
mod sweep;

use super::block::{Block, Workshop};
use super::kind::{Collections, RecordKind, Stretches, WireObjects};
use super::records::Records;
use super::slots::{NO_SLOTS, PAGE_BITS, PAGE_ORDINALS, SlotBits, count, iter_bits};
use super::table::Edits;
use super::wire::{Body, Contents, Frame};
use crate::blob::DecodeError;
use crate::schema::Kind;

/// A page is copied from so many shards at most: beyond, each has too few records of it.
const MAX_RUNS: u32 = 64;

/// The object records in a frame, by the positions in it of the reader's fields.
pub(super) fn wire_objects(frame: &mut Frame<'_>, positions: Vec<Option<usize>>) -> Result<WireObjects, DecodeError> {
    match frame.body.take() {
        Some(Body::Object(body)) => {
            if let Some(field) = body.field_without_bits()
                && frame.contents.has_records(frame.blob)
            {
                return Err(frame.invalid("width of a field", "at least 1", 0).in_field(field));
            }
            Ok(WireObjects::new(body, positions))
        }
        _ => Err(frame.invalid("kind of a type", Kind::Object.to_string(), frame.schema.kind())),
    }
}

/// The list, set or map records in a frame.
pub(super) fn wire_collections(frame: &mut Frame<'_>) -> Result<<Collections as RecordKind>::Wire, DecodeError> {
    match frame.body.take() {
        Some(Body::Collection(body)) => Ok(body),
        _ => Err(frame.invalid("kind of a type", "LIST, SET or MAP", frame.schema.kind())),
    }
}

impl Contents {
    fn has_records(&self, blob: &[u8]) -> bool {
        match self {
            Contents::Snapshot(words) => {
                let words = words.words(blob);
                (0..words.len()).any(|at| words.word(at) != 0)
            }
            Contents::Delta(changes) => changes.iter().any(|change| change.is_added()),
        }
    }
}

/// The state of a type after a frame.
pub(super) fn records<K: RecordKind>(
    frame: &Frame<'_>,
    wire: &K::Wire,
    before: &Records<K>,
) -> Result<Records<K>, DecodeError> {
    let mut records = match &frame.contents {
        Contents::Snapshot(_) => from_snapshot(frame, wire, before.plan.clone())?,
        Contents::Delta(changes) => delta::apply(frame, wire, before, changes)?,
    };
    records.num_shards = frame.num_shards;
    records.max_ordinal = frame.max_ordinal;
    match records.last() {
        Some(last) if frame.max_ordinal.is_none_or(|max| last > max) => {
            let max = frame.max_ordinal.map_or(-1, |max| i64::from(max.get()));
            Err(frame.invalid("populated ordinals after the delta", format!("at most {max}"), last))
        }
        _ => Ok(records),
    }
}

fn from_snapshot<K: RecordKind>(frame: &Frame<'_>, wire: &K::Wire, plan: K::Plan) -> Result<Records<K>, DecodeError> {
    let mut records = Records::empty(plan);
    let Contents::Snapshot(populated) = &frame.contents else {
        return Ok(records);
    };
    let populated = populated.words(frame.blob);
    let mut pages: Edits<Block> = Vec::new();
    let mut maker: PageMaker<'_, K> = PageMaker {
        frame,
        wire,
        plan: records.plan.clone(),
        verbatim: K::is_verbatim(wire) && frame.num_shards <= MAX_RUNS,
        workshop: Workshop::default(),
    };
    let mut bits = NO_SLOTS;
    for (number, first_word) in (0..).zip((0..populated.len()).step_by(bits.len())) {
        for (word, at) in bits.iter_mut().zip(first_word..) {
            *word = populated.word(at);
        }
        let len = count(&bits);
        if len > 0 {
            pages.push((number, Some(maker.page(number, &bits, len)?)));
            records.len += len as isize;
        }
    }
    records.pages = records.pages.with(pages);
    Ok(records)
}

/// Makes pages of what a snapshot has.
struct PageMaker<'a, K: RecordKind> {
    frame: &'a Frame<'a>,
    wire: &'a K::Wire,
    plan: K::Plan,
    verbatim: bool,
    workshop: Workshop,
}

impl<K: RecordKind> PageMaker<'_, K> {
    fn page(&mut self, number: u32, bits: &SlotBits, len: usize) -> Result<Block, DecodeError> {
        let (frame, wire) = (self.frame, self.wire);
        let first = number << PAGE_BITS;
        let shift = frame.num_shards.trailing_zeros();
        let covered = frame.max_ordinal.map_or(0, |max| (max.get() + 1).saturating_sub(first));
        let covered = covered.min(PAGE_ORDINALS);
        let made = if self.verbatim && len * 2 >= covered as usize {
            let first = first >> shift;
            let room = covered.div_ceil(frame.num_shards);
            let available = |shard| frame.records_of(shard).saturating_sub(first).min(room);
            let stretches = Stretches {
                shards: 0..frame.num_shards,
                first,
                room,
                available: &available,
                slots: Some(bits),
            };
            K::copy(wire, frame.blob, &mut self.workshop, &stretches)
        } else {
            let ordinals = iter_bits(bits).map(|slot| first + slot);
            let rows: Vec<K::Row<'_>> = ordinals
                .map(|ordinal| {
                    let shard = (ordinal & (frame.num_shards - 1)) as usize;
                    K::in_blob(wire, frame.blob, shard, ordinal >> shift)
                })
                .collect();
            K::pack(&self.plan, &mut self.workshop, Some(bits), &rows, u64::MAX)
        };
        made.map_err(|unfit| K::error(wire, frame, unfit))
    }
}
