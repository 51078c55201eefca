//! Applying a delta to a type.
//!
//! What is added goes to the log, and the overlays of the pages say which slots changed. A page of which all has changed
//! is made anew at once, so new pages are as well, and some others as the log grows (`sweep`).

use super::super::block::{Block, Places, Workshop};
use super::super::content::ContentHash;
use super::super::kind::{Lane, Lanes, RecordKind};
use super::super::log::{Log, LogBlock, PLACES, Place};
use super::super::overlay;
use super::super::records::{Records, split};
use super::super::slots::{NO_SLOTS, SlotBits, contains, count, iter_bits, set};
use super::super::table::Edits;
use super::super::wire::{Change, Frame};
use super::sweep;
use crate::Ordinal;
use crate::blob::DecodeError;
use std::sync::Arc;

/// From so many records of a shard on they are read together, up to so many.
const READ: std::ops::RangeInclusive<u32> = 256..=4096;
/// Records of different shards are packed together up to so many.
const PACKED: usize = 1024;
/// A page is made anew when so many of its slots have changed, and more than have records.
const MIN_CHANGED: usize = 16;

/// The state of a type after these changes, ascending by ordinal.
pub(super) fn apply<K: RecordKind>(
    frame: &Frame<'_>,
    wire: &K::Wire,
    before: &Records<K>,
    changes: &[Change],
) -> Result<Records<K>, DecodeError> {
    let shift = frame.num_shards.trailing_zeros();
    let mut counts = vec![0u32; frame.num_shards as usize]; // of the records that each shard adds
    let added = changes.iter().filter(|change| change.is_added());
    added.for_each(|change| counts[(change.ordinal() & (frame.num_shards - 1)) as usize] += 1);
    let total: u32 = counts.iter().sum();
    // No room for them in the log: what is there goes to pages. Where they alone are too many, the pages they belong to are
    // made anew.
    let swept;
    let (before, direct) = match before.log.len().saturating_add(total) >= PLACES {
        true => {
            swept = sweep::everything(before);
            (&swept, swept.log.len().saturating_add(total) >= PLACES)
        }
        false => (before, false),
    };
    let mut after = before.clone();
    if !direct && total > 0 {
        let blocks = log_blocks(frame, wire, before, &counts)?;
        after.log = before.log.next(before.swept, blocks);
    }
    let mut delta = Delta {
        frame,
        wire,
        before,
        direct,
        log: after.log.clone(),
        first: places(&counts, before.log.end()),
        next: vec![0; counts.len()],
        shift,
        workshop: Workshop::default(),
        hash: before.hash.get().copied(),
    };
    let (mut pages, mut overlays): (Edits<Block>, Edits<Arc<[u32]>>) = Default::default();
    for changes in changes.chunk_by(|a, b| split(a.ordinal()).0 == split(b.ordinal()).0) {
        let number = split(changes[0].ordinal()).0;
        match delta.page(number, changes)? {
            Changed::Overlay(overlay) => overlays.push((number, overlay)),
            Changed::Page(page) => {
                pages.push((number, page));
                if before.overlays.get(number).is_some() {
                    overlays.push((number, None));
                }
            }
        }
    }
    after.hash = delta.hash.map(Into::into).unwrap_or_default();
    after.pages = after.pages.with(pages);
    after.overlays = after.overlays.with(overlays);
    let removed = changes.len() - total as usize;
    after.len += total as isize - removed as isize;
    sweep::after(&mut after, changes.len());
    Ok(after)
}

/// The place of the first record that each shard adds.
fn places(counts: &[u32], end: Place) -> Vec<Place> {
    let mut next = end;
    counts
        .iter()
        .map(|&count| {
            let after = next.plus(count);
            std::mem::replace(&mut next, after)
        })
        .collect()
}

/// The records that a frame adds, shard by shard.
fn log_blocks<K: RecordKind>(
    frame: &Frame<'_>,
    wire: &K::Wire,
    before: &Records<K>,
    counts: &[u32],
) -> Result<Vec<LogBlock>, DecodeError> {
    let mut blocks = Vec::new();
    let mut workshop = Workshop::default();
    let mut push = |made: Result<_, _>, len: usize| {
        let block = made.map_err(|unfit| K::error(wire, frame, unfit))?;
        blocks.push(LogBlock {
            len: len as u32,
            since: before.swept,
            block,
        });
        Ok(())
    };
    let mut rows = Vec::new();
    for (shard, &count) in (0..).zip(counts) {
        let together = count >= *READ.start();
        if together && !rows.is_empty() {
            push(K::pack(&before.plan, &mut workshop, None, &rows, u64::MAX), rows.len())?;
            rows.clear();
        }
        if together {
            for position in (0..count).step_by(*READ.end() as usize) {
                let len = (count - position).min(*READ.end()) as usize;
                let lanes = Lanes {
                    lanes: &[Lane { shard, position }],
                    slots: None,
                    places: Places::in_order(len),
                    end: len as u32,
                };
                push(K::read(wire, frame.blob, &before.plan, &mut workshop, &lanes), len)?;
            }
            continue;
        }
        for position in 0..count {
            rows.push(K::in_blob(wire, frame.blob, shard as usize, position));
            if rows.len() == PACKED {
                push(K::pack(&before.plan, &mut workshop, None, &rows, u64::MAX), rows.len())?;
                rows.clear();
            }
        }
    }
    if !rows.is_empty() {
        push(K::pack(&before.plan, &mut workshop, None, &rows, u64::MAX), rows.len())?;
    }
    Ok(blocks)
}

enum Changed {
    /// Another overlay lies over the page.
    Overlay(Option<Arc<[u32]>>),
    /// The page was made anew; nothing lies over it.
    Page(Option<Block>),
}

/// Goes over the pages that a delta changes, ascending.
struct Delta<'a, K: RecordKind> {
    frame: &'a Frame<'a>,
    wire: &'a K::Wire,
    before: &'a Records<K>,
    direct: bool,
    /// The log with what is added, if it holds it.
    log: Log,
    /// For each shard the place of the first record it adds, and how many of them were met.
    first: Vec<Place>,
    next: Vec<u32>,
    shift: u32,
    workshop: Workshop,
    /// Of all records so far, if it is known.
    hash: Option<ContentHash>,
}

impl<K: RecordKind> Delta<'_, K> {
    fn page(&mut self, number: u32, changes: &[Change]) -> Result<Changed, DecodeError> {
        let (frame, before) = (self.frame, self.before);
        let (old, below) = (before.slots(number), before.slots_below(number));
        let mut slots = old;
        let mut added = NO_SLOTS;
        // The entries of the new overlay: those there were, but for the slots that change, and what these are now.
        let mut kept = before.overlays.get(number).map_or(&[][..], |overlay| overlay);
        let mut entries = Vec::with_capacity(kept.len() + changes.len());
        let mut positions = Vec::new();
        for change in changes {
            let slot = split(change.ordinal()).1;
            let now = change.is_added();
            match (now, contains(&old, slot)) {
                (true, true) => {
                    return Err(frame.invalid("added ordinal", "one that is not populated", change.ordinal()));
                }
                (false, false) => return Err(frame.invalid("removed ordinal", "a populated one", change.ordinal())),
                _ => set(&mut slots, slot, now),
            }
            while let Some((&entry, rest)) = kept.split_first()
                && overlay::slot_of(entry) <= slot
            {
                if overlay::slot_of(entry) < slot {
                    entries.push(entry);
                }
                kept = rest;
            }
            if now {
                set(&mut added, slot, true);
                let shard = (change.ordinal() & (frame.num_shards - 1)) as usize;
                let position = self.next[shard];
                self.next[shard] += 1;
                positions.push((shard, position));
                entries.push(overlay::entry(slot, Some(self.first[shard].plus(position))));
            } else if contains(&below, slot) {
                entries.push(overlay::entry(slot, None));
            }
            self.rehash(change.ordinal(), now.then(|| positions.last().copied()).flatten());
        }
        entries.extend_from_slice(kept);
        let len = count(&slots);
        if len == 0 {
            let nothing = before.mapped.is_none();
            let page = sweep::empty_page::<K>(&before.plan, &mut self.workshop);
            return Ok(Changed::Page(page.filter(|_| !nothing)));
        }
        if self.direct || entries.len() >= MIN_CHANGED.max(len) {
            let page = self.rebuilt(number, &slots, &added, &positions);
            match page {
                Some(page) => return Ok(Changed::Page(Some(page))),
                None if self.direct => {
                    let expected = "records that are not much wider than others of their pages";
                    return Err(frame.invalid("page of a delta of very many records", expected, number));
                }
                None => {}
            }
        }
        Ok(Changed::Overlay((!entries.is_empty()).then(|| entries.into())))
    }

    /// The page made anew; `None` if it would take far more than what it is made of.
    fn rebuilt(
        &mut self,
        number: u32,
        slots: &SlotBits,
        added: &SlotBits,
        positions: &[(usize, u32)],
    ) -> Option<Block> {
        let workshop = &mut self.workshop;
        let mut positions = positions.iter();
        let mut kept = self.before.page_rows(number).peekable();
        let rows = iter_bits(slots).map(|slot| {
            if !contains(added, slot) {
                while kept.next_if(|(other, _)| *other < slot).is_some() {}
                return kept.next().map(|(_, row)| row);
            }
            let &(shard, position) = positions.next()?;
            if self.direct {
                return Some(K::in_blob(self.wire, self.frame.blob, shard, position));
            }
            let (block, position) = self.log.get(self.first[shard].plus(position))?;
            Some(K::in_block(block, position))
        });
        let rows = rows.collect::<Option<Vec<_>>>()?;
        sweep::pack::<K>(&self.before.plan, workshop, slots, &rows)
    }

    /// Takes a record out of the hash, or puts one in.
    fn rehash(&mut self, ordinal: u32, added: Option<(usize, u32)>) {
        let Some(hash) = self.hash else { return };
        debug_assert!(self.shift < 32);
        self.hash = match added {
            Some((shard, position)) => {
                let row = K::in_blob(self.wire, self.frame.blob, shard, position);
                Some(hash.plus(self.before.record_hash(ordinal, row)))
            }
            None => {
                let row = Ordinal::new(ordinal).and_then(|ordinal| self.before.locate(ordinal));
                row.map(|row| hash.minus(self.before.record_hash(ordinal, row)))
            }
        };
    }
}
