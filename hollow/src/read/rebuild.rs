//! The records that a frame of a blob leads to.

mod delta;
mod sweep;

use super::block::{Block, Places, Workshop};
use super::kind::{Collections, Lane, Lanes, RecordKind, WireObjects};
use super::records::Records;
use super::slots::{NO_SLOTS, PAGE_BITS, PAGE_ORDINALS, SlotBits, WORDS, count};
use super::table::Edits;
use super::wire::{Body, Contents, Frame};
use crate::blob::DecodeError;
use crate::schema::Kind;

/// So many pages of records stay in the caches close to a processor.
const NEAR_PAGES: u32 = 8;

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
        lanes: Vec::new(),
        workshop: Workshop::default(),
    };
    let num_pages = (populated.len() as u32).div_ceil(WORDS as u32);
    // Of those that are not populated the blob has records as well.
    let max = frame.max_ordinal.filter(|_| K::has_texts(wire));
    let with_texts = max.map_or(0, |max| (max.get() >> PAGE_BITS) + 1);
    for number in 0..num_pages.max(with_texts) {
        let words = populated.from(number as usize * WORDS).chain(std::iter::repeat(0));
        let mut bits = NO_SLOTS;
        bits.iter_mut().zip(words).for_each(|(to, word)| *to = word);
        let len = count(&bits);
        if len == 0 && number >= with_texts {
            continue;
        }
        if let Some(page) = maker.page(number, &bits)? {
            pages.push((number, Some(page)));
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
    lanes: Vec<Lane>,
    workshop: Workshop,
}

impl<K: RecordKind> PageMaker<'_, K> {
    /// `None` if none of these slots has a record.
    fn page(&mut self, number: u32, bits: &SlotBits) -> Result<Option<Block>, DecodeError> {
        let (frame, first) = (self.frame, number << PAGE_BITS);
        let num_shards = frame.num_shards;
        let lanes = (first..).take(num_shards.min(PAGE_ORDINALS) as usize);
        self.lanes.clear();
        self.lanes.extend(lanes.map(|ordinal| Lane {
            shard: ordinal & (num_shards - 1),
            position: ordinal >> num_shards.trailing_zeros(),
        }));
        if number.is_multiple_of(NEAR_PAGES) && self.lanes.len() > 1 {
            let records = NEAR_PAGES * PAGE_ORDINALS / self.lanes.len() as u32;
            K::come_closer(self.wire, frame.blob, &self.lanes, records);
        }
        let ordinals = frame.max_ordinal.map_or(0, |max| max.get() + 1);
        let lanes = Lanes {
            lanes: &self.lanes,
            slots: Some(bits),
            places: Places::of(bits),
            end: ordinals.saturating_sub(first).min(PAGE_ORDINALS),
        };
        let is_read = *bits != NO_SLOTS;
        let checked = match K::has_texts(self.wire) {
            true => K::check_ends(self.wire, frame.blob, &lanes, is_read),
            false => Ok(()),
        };
        let made = match checked {
            Ok(()) if !is_read => return Ok(None),
            Ok(()) => K::read(self.wire, frame.blob, &self.plan, &mut self.workshop, &lanes),
            Err(wrong) => Err(wrong),
        };
        made.map(Some).map_err(|unfit| K::error(self.wire, frame, unfit))
    }
}
