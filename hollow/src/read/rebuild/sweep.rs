//! Moving records from the log into pages.
//!
//! As long as the log holds less than a quarter of the records, nothing is moved: states that follow on each other then
//! cost what they change and nothing else. From there on each delta makes some pages anew, going round all pages, and a
//! part of the log is dropped when every page has been gone over since it came. A page is made anew for 1,024 changes, and
//! for 512 once the log holds half of the records. As a record that is modified is two changes, all pages are then gone
//! over while a quarter of the records change: the log stays below about three quarters of the records, and no delta has
//! to pay for others. For large types all of it begins when a quarter of the log's places is taken.

use super::super::block::{Block, Workshop};
use super::super::kind::RecordKind;
use super::super::log::{Log, LogBlock, Moment, PLACES};
use super::super::overlay;
use super::super::records::Records;
use super::super::slots::{NO_SLOTS, SlotBits, count};
use super::super::table::Edits;
use std::sync::Arc;

/// The log may hold so many records, and a quarter of those of the type.
const FREE: usize = 2048;
/// A page is made anew for so many changes.
const CHANGES_A_PAGE: usize = 1024;
/// Pages without an overlay that are passed over at most.
const PASSED: u32 = 1 << 14;
/// Blocks of the log with fewer records than this are small; so many of them are made one.
const SMALL: u32 = 512;
const MANY: usize = 128;
/// Records that are packed together when small blocks are made one.
const PACKED: usize = 1024;
/// A page may take so many times what the records it is made of took, and so many bits more.
const WIDENING: u64 = 4;
const MORE_BITS: u64 = 1 << 14;

/// Packs a page of rows; `None` if it would take far more than they do where they are.
pub(super) fn pack<K: RecordKind>(
    plan: &K::Plan,
    workshop: &mut Workshop,
    slots: &SlotBits,
    rows: &[K::Row<'_>],
) -> Option<Block> {
    K::pack(plan, workshop, Some(slots), rows, limit::<K>(rows)).ok()
}

fn limit<K: RecordKind>(rows: &[K::Row<'_>]) -> u64 {
    let bits: u64 = rows.iter().map(|&row| K::record_bits(row)).sum();
    bits * WIDENING + MORE_BITS
}

/// A page without records. It stands where there would otherwise be the one of a mapped file.
pub(super) fn empty_page<K: RecordKind>(plan: &K::Plan, workshop: &mut Workshop) -> Option<Block> {
    K::pack(plan, workshop, Some(&NO_SLOTS), &[], u64::MAX).ok()
}

/// What is to be done after a delta of so many changes.
pub(super) fn after<K: RecordKind>(records: &mut Records<K>, changes: usize) {
    let (held, len) = (records.log.len() as usize, records.len());
    let many = PLACES as usize / 4;
    if held > many.min(FREE + len / 4) {
        let behind = 1 + usize::from(held > many.min(FREE + len / 2));
        go_on(records, changes * behind / CHANGES_A_PAGE + 1);
    }
    end_of_overlays(records);
    tidy(records);
}

/// The same records with nothing in the log but what cannot be anywhere else.
pub(super) fn everything<K: RecordKind>(records: &Records<K>) -> Records<K> {
    let mut records = records.clone();
    let end = records.swept.round + 2;
    while records.swept.round < end && !records.overlays.is_empty() {
        go_on(&mut records, usize::MAX);
    }
    end_of_overlays(&mut records);
    records
}

/// Without overlays nothing speaks of the log.
fn end_of_overlays<K: RecordKind>(records: &mut Records<K>) {
    if records.overlays.is_empty() {
        records.log = Log::empty();
        records.swept = Moment::default();
    }
}

/// Makes so many pages anew, those after the last ones.
fn go_on<K: RecordKind>(records: &mut Records<K>, pages: usize) {
    let mut workshop = Workshop::default();
    let (mut edits, mut overlays): (Edits<Block>, Edits<Arc<[u32]>>) = Default::default();
    let mut again = Vec::new();
    let mut left = pages;
    // Not the number of pages: that goes by the highest ordinal, which is still the one of the state before.
    let end = records.overlays.end();
    let mut passed = 0;
    while left > 0 && passed < PASSED {
        let number = records.swept.page;
        if number >= end {
            // Edits go up; the next round begins with the next delta.
            records.swept = Moment {
                round: records.swept.round + 1,
                page: 0,
            };
            break;
        }
        records.swept.page += 1;
        let Some(overlay) = records.overlays.get(number) else {
            passed += 1;
            continue;
        };
        left -= 1;
        let slots = records.slots(number);
        match made_anew(records, number, &slots, &mut workshop) {
            Some(page) => {
                let kept = slots != NO_SLOTS || records.mapped.is_some();
                edits.push((number, Some(page).filter(|_| kept)));
                overlays.push((number, None));
            }
            None => again.push((number, overlay.to_vec())),
        }
    }
    for (number, overlay) in again {
        let place = overlays.partition_point(|(other, _)| *other < number);
        let overlay = log_again(records, &overlay, &mut workshop);
        overlays.insert(place, (number, Some(overlay.into())));
    }
    records.pages = records.pages.with(edits);
    records.overlays = records.overlays.with(overlays);
    records.log = records.log.next(records.swept, Vec::new());
}

/// A page with what lies over it in it; `None` if it would take far more than it does where it is.
fn made_anew<K: RecordKind>(
    records: &Records<K>,
    number: u32,
    slots: &SlotBits,
    workshop: &mut Workshop,
) -> Option<Block> {
    if let (Some(page), Some(overlay)) = (records.pages.get(number), records.overlays.get(number)) {
        let placed = overlay
            .iter()
            .filter_map(|&entry| Some((entry, overlay::place_of(entry)?)));
        let over = placed.map(|(entry, place)| {
            let (block, position) = records.log.get(place)?;
            Some((overlay::slot_of(entry), K::in_block(block, position)))
        });
        let over = over.collect::<Option<Vec<_>>>()?;
        let kept = count(slots).saturating_sub(over.len()) as u64;
        let bits: u64 = over.iter().map(|(_, row)| K::record_bits(*row)).sum();
        let bits = bits + kept * u64::from(page.shape.record_bits);
        let limit_bits = bits * WIDENING + MORE_BITS;
        if let Some(made) = K::patch(&records.plan, workshop, slots, page, &over, limit_bits) {
            return made.ok();
        }
    }
    let rows: Vec<K::Row<'_>> = records.page_rows(number).map(|(_, row)| row).collect();
    (count(slots) == rows.len()).then(|| pack::<K>(&records.plan, workshop, slots, &rows))?
}

/// Puts the records of an overlay at the end of the log, as the blocks they are in will go.
fn log_again<K: RecordKind>(records: &mut Records<K>, overlay: &[u32], workshop: &mut Workshop) -> Vec<u32> {
    let mut entries = overlay.to_vec();
    for entry in &mut entries {
        let Some(place) = overlay::place_of(*entry) else {
            continue;
        };
        let Some((block, position)) = records.log.get(place) else {
            continue;
        };
        let packed = K::pack(&records.plan, workshop, None, &[K::in_block(block, position)], u64::MAX);
        let end = records.log.end();
        let Ok(block) = packed else { continue };
        let block = LogBlock {
            len: 1,
            since: records.swept,
            block,
        };
        records.log = records.log.next(Moment::default(), vec![block]);
        *entry = overlay::entry(overlay::slot_of(*entry), Some(end));
    }
    entries
}

/// Makes one block of many small ones at the end of the log.
fn tidy<K: RecordKind>(records: &mut Records<K>) {
    let blocks = records.log.blocks();
    let small = blocks.iter().rev().take_while(|(_, block)| block.len < SMALL).count();
    if small == 0 || small % MANY != 0 {
        return;
    }
    let mut workshop = Workshop::default();
    let mut made = Vec::new();
    let mut group: Vec<&Arc<LogBlock>> = Vec::new();
    let mut flush = |group: &mut Vec<&Arc<LogBlock>>| {
        let each = group
            .iter()
            .flat_map(|block| (0..block.len).map(|position| K::in_block(&block.block, position)));
        let rows: Vec<K::Row<'_>> = each.collect();
        let packed = K::pack(&records.plan, &mut workshop, None, &rows, limit::<K>(&rows));
        match (group.last(), packed) {
            (Some(last), Ok(block)) => made.push(Arc::new(LogBlock {
                len: rows.len() as u32,
                since: last.since,
                block,
            })),
            _ => made.extend(group.iter().copied().map(Arc::clone)),
        }
        group.clear();
    };
    for (_, block) in &blocks[blocks.len() - small..] {
        let len: u32 = group.iter().map(|block| block.len).sum();
        if (len + block.len) as usize > PACKED {
            flush(&mut group);
        }
        group.push(block);
    }
    flush(&mut group);
    records.log = records.log.with_tail(small, made);
}
