//! What the versions of the last while changed, in numbers: what limits over windows of time are computed from.
//!
//! Each manifest carries the sums up to its version ([`Manifest::recent`]), in slots of a few minutes, so that a producer
//! that starts anew knows them from the head alone, whatever was cleaned up since. A slot counts while any of it lies
//! within a window: sums are too high rather than too low.

use crate::store::{Manifest, Slot, SlotCounts};
use std::collections::BTreeSet;
use std::time::Duration;

/// Into how many slots the shortest window is divided, and the longest at most.
const SLOTS: (u64, u64) = (24, 96);
/// The most slots of a manifest, were a person to overrule validators again and again.
const MOST_SLOTS: usize = 200;

/// Which types validators watch, and for how long.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    types: BTreeSet<String>,
    shortest_ms: Option<u64>,
    longest_ms: u64,
}

impl Watched {
    pub(super) fn add(&mut self, watches: Option<(String, Duration)>) {
        let Some((type_name, window)) = watches else { return };
        let window = milliseconds(window);
        self.types.insert(type_name);
        self.shortest_ms = Some(self.shortest_ms.map_or(window, |shortest| shortest.min(window)));
        self.longest_ms = self.longest_ms.max(window);
    }

    /// The slots with a version that follows them.
    pub(super) fn followed_by(
        &self,
        mut slots: Vec<Slot>,
        manifest: &Manifest,
        before: impl Fn(&str) -> u64,
    ) -> Vec<Slot> {
        let Some(shortest) = self.shortest_ms else {
            return Vec::new();
        };
        let now = manifest.created_at;
        let length = (shortest / SLOTS.0).max(self.longest_ms / SLOTS.1);
        let overruled = manifest.receipts.iter().filter(|receipt| !receipt.passed);
        let overruled: Vec<String> = overruled.map(|receipt| receipt.validator.clone()).collect();
        let takes = |slot: &&mut Slot| {
            let known = self.types.iter().all(|name| slot.types.contains_key(name));
            let young = now.saturating_sub(slot.since) < length;
            known && young && slot.overruled.is_empty() && overruled.is_empty()
        };
        let changes = |name: &str| {
            manifest
                .counts
                .get(name)
                .and_then(|counts| counts.changes)
                .unwrap_or_default()
        };
        match slots.last_mut().filter(takes) {
            Some(slot) => {
                slot.until = slot.until.max(now);
                for (name, counts) in &mut slot.types {
                    let more = changes(name);
                    counts.most = counts.most.max(before(name));
                    counts.changes.added = counts.changes.added.saturating_add(more.added);
                    counts.changes.changed = counts.changes.changed.saturating_add(more.changed);
                    counts.changes.removed = counts.changes.removed.saturating_add(more.removed);
                }
            }
            None => {
                let counts = |name: &String| {
                    let counts = SlotCounts {
                        before: before(name),
                        most: before(name),
                        changes: changes(name),
                    };
                    (name.clone(), counts)
                };
                slots.push(Slot {
                    since: now,
                    until: now,
                    types: self.types.iter().map(counts).collect(),
                    overruled,
                });
            }
        }
        let begin = now.saturating_sub(self.longest_ms);
        slots.retain(|slot| slot.until > begin);
        slots.drain(..slots.len().saturating_sub(MOST_SLOTS));
        slots
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The versions within a window of time before a candidate.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    slots: &'a [Slot],
}

impl<'a> Window<'a> {
    /// The slots that reach into `length` before `now`, and come after the last time this validator was overruled: what a
    /// person has accepted does not count again.
    pub(super) fn new(slots: &'a [Slot], now: u64, length: Duration, validator: &str) -> Self {
        let begin = now.saturating_sub(milliseconds(length));
        let is_before = |slot: &Slot| slot.until <= begin || slot.overruled.iter().any(|name| name == validator);
        let first = slots.iter().rposition(is_before).map_or(0, |at| at + 1);
        Self {
            slots: slots.get(first..).unwrap_or_default(),
        }
    }

    /// How many records a type had as the window began; none if nothing was published in it.
    pub fn records_before(&self, type_name: &str) -> Option<u64> {
        let first = self.slots.first()?.types.get(type_name)?;
        Some(first.before)
    }

    /// The most records that a type had before any of its versions.
    pub fn most_records(&self, type_name: &str) -> u64 {
        let counts = self.slots.iter().filter_map(|slot| slot.types.get(type_name));
        counts.map(|counts| counts.most).max().unwrap_or(0)
    }

    /// The sum over the versions in it. `of` picks what to add up.
    pub fn sum(&self, type_name: &str, of: impl Fn(&crate::store::KeyChanges) -> u64) -> u64 {
        let counts = self.slots.iter().filter_map(|slot| slot.types.get(type_name));
        counts.fold(0, |sum, counts| sum.saturating_add(of(&counts.changes)))
    }
}
