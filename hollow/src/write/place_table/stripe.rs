//! One of the tables: tags close together, and places far apart.

use crate::memory::huge::{HUGE_PAGE, HugeBytes};
use crate::write::record_store::Place;

const MIN_SLOTS: usize = 16;
const PLACE_BITS: u32 = 38;
/// Bits of a hash that a slot holds.
pub(super) const HASH_BITS: u32 = 26;
pub(super) const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;
const SLOT: usize = size_of::<u64>();
/// Tags that are looked at together.
const WINDOW: usize = 8;
/// Slots that are written together, in tables that are larger than caches near by.
const TOGETHER: usize = 32;
const LARGE: usize = 1 << 14;

/// An open-addressing table with linear probing, at most three quarters full. Knows nothing of records: callers compare.
///
/// ```text
/// slot: | 26 bits of the hash | 38 bits: place + 1 |          tag: 8 other bits of the hash, 0 if the slot is empty
/// ```
///
/// Looking for a new record reads tags only, eight at once. They take a ninth of the memory and so stay in the caches
/// of the processor long after slots and records do not. The slot is written later, with others: a processor finishes
/// its writes in order, so one into distant memory holds up all that follow, but many take hardly longer than one. Until
/// then the slot is zero.
///
/// Slots are in the order of hashes (but for collisions), so growing reads and writes from front to back and hashes
/// nothing. Removing moves later slots up, so there are no tombstones. Costs 12 to 24 bytes a record.
#[derive(Debug, Default)]
pub(in crate::write) struct Stripe {
    /// Slots, then tags, then the first tags again: a window need not wrap around.
    bytes: HugeBytes,
    capacity: usize,
    len: usize,
    /// Positions and slots yet to be written.
    pending: Vec<(u32, u64)>,
}

/// The part of a hash that a slot holds.
#[inline]
fn kept(hash: u64) -> u64 {
    hash >> (60 - HASH_BITS) & ((1 << HASH_BITS) - 1)
}

#[inline]
fn tag_of(hash: u64) -> u8 {
    (hash as u8).max(1)
}

#[inline]
fn slot_of(hash: u64, place: Place) -> u64 {
    debug_assert!(place.0 < PLACE_MASK);
    kept(hash) << PLACE_BITS | (place.0 + 1)
}

/// The highest bit of each byte that is zero.
#[inline]
fn zero_bytes(word: u64) -> u64 {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    !(((word & LOW) + LOW) | word | LOW)
}

/// The position of the first byte that is marked.
#[inline]
fn first(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// The slots and tags of a table.
#[derive(Clone, Copy)]
struct View<'t> {
    slots: &'t [[u8; SLOT]],
    tags: &'t [u8],
}

impl View<'_> {
    /// Eight tags from here on.
    #[inline]
    fn window(self, at: usize) -> u64 {
        self.tags[at..]
            .first_chunk()
            .map_or(0, |tags| u64::from_le_bytes(*tags))
    }

    #[inline]
    fn slot(self, at: usize) -> u64 {
        u64::from_ne_bytes(self.slots[at])
    }

    /// Where a hash is looked for first.
    #[inline]
    fn home(self, kept: u64) -> usize {
        ((kept * self.slots.len() as u64) >> HASH_BITS) as usize
    }

    /// The position so many slots behind another.
    #[inline]
    fn step(self, at: usize, by: usize) -> usize {
        let next = at + by;
        if next < self.slots.len() {
            next
        } else {
            next - self.slots.len()
        }
    }

    /// How far it is from one position on to another.
    fn distance(self, from: usize, to: usize) -> usize {
        if to >= from {
            to - from
        } else {
            to + self.slots.len() - from
        }
    }
}

impl Stripe {
    #[inline]
    fn view(&self) -> View<'_> {
        let (slots, tags) = self.bytes.split_at(self.capacity * SLOT);
        View {
            slots: slots.as_chunks().0,
            tags,
        }
    }

    fn set(&mut self, at: usize, tag: u8, slot: u64) {
        self.bytes[..self.capacity * SLOT].as_chunks_mut().0[at] = slot.to_ne_bytes();
        self.set_tag(at, tag);
    }

    #[inline]
    fn set_tag(&mut self, at: usize, tag: u8) {
        let (_, tags) = self.bytes.split_at_mut(self.capacity * SLOT);
        tags[at] = tag;
        if at < WINDOW {
            tags[self.capacity + at] = tag;
        }
    }

    /// The first place with this hash that the caller recognises; of several the one that was added first.
    #[inline]
    pub(in crate::write) fn find<T>(&self, hash: u64, mut is_it: impl FnMut(Place) -> Option<T>) -> Option<T> {
        let found = |slot: u64| is_it(Place((slot & PLACE_MASK) - 1));
        self.search(hash, found).map(|(_, found)| found)
    }

    /// The first slot with this hash of which something is found, and its position.
    #[inline]
    fn search<T>(&self, hash: u64, mut found: impl FnMut(u64) -> Option<T>) -> Option<(usize, T)> {
        if self.capacity == 0 {
            return None;
        }
        let view = self.view();
        let (kept, tags) = (kept(hash), u64::from_le_bytes([tag_of(hash); WINDOW]));
        let mut at = view.home(kept);
        loop {
            let window = view.window(at);
            let empty = zero_bytes(window);
            let before_empty = (empty & empty.wrapping_neg()).wrapping_sub(1);
            let mut alike = zero_bytes(window ^ tags) & before_empty;
            while alike != 0 {
                let position = view.step(at, first(alike));
                let slot = match view.slot(position) {
                    0 => self.pending_slot(position),
                    slot => slot,
                };
                if slot >> PLACE_BITS == kept
                    && let Some(found) = found(slot)
                {
                    return Some((position, found));
                }
                alike &= alike - 1;
            }
            if empty != 0 {
                return None;
            }
            at = view.step(at, WINDOW);
        }
    }

    /// Whether the table does not fit caches near by.
    #[inline]
    pub(in crate::write) fn is_large(&self) -> bool {
        self.capacity >= LARGE
    }

    /// The tags that looking for a hash begins with.
    #[inline]
    pub(in crate::write) fn tags_at(&self, hash: u64) -> u64 {
        match self.capacity {
            0 => 0,
            _ => self.view().window(self.view().home(kept(hash))),
        }
    }

    /// The first slot with the tag of this hash; zero if there is none.
    #[inline]
    pub(in crate::write) fn slot_at(&self, hash: u64) -> u64 {
        if self.capacity == 0 {
            return 0;
        }
        let view = self.view();
        let at = view.home(kept(hash));
        let alike = zero_bytes(view.window(at) ^ u64::from_le_bytes([tag_of(hash); WINDOW]));
        match alike {
            0 => 0,
            _ => view.slot(view.step(at, first(alike))),
        }
    }

    #[inline]
    pub(in crate::write) fn insert(&mut self, hash: u64, place: Place) {
        if (self.len + 1) * 4 > self.capacity * 3 {
            self.grow();
        }
        let (tag, slot) = (tag_of(hash), slot_of(hash, place));
        let at = self.vacancy(slot);
        self.len += 1;
        if self.capacity < LARGE {
            return self.set(at, tag, slot);
        }
        self.set_tag(at, tag);
        self.pending.push((at as u32, slot));
        if self.pending.len() == TOGETHER {
            self.write_pending();
        }
    }

    /// The first empty slot from where this one would be looked for on.
    #[inline]
    fn vacancy(&self, slot: u64) -> usize {
        let view = self.view();
        let mut at = view.home(slot >> PLACE_BITS);
        loop {
            let empty = zero_bytes(view.window(at));
            if empty != 0 {
                return view.step(at, first(empty));
            }
            at = view.step(at, WINDOW);
        }
    }

    #[cold]
    fn pending_slot(&self, at: usize) -> u64 {
        let of_position = self.pending.iter().find(|(position, _)| *position as usize == at);
        of_position.map_or(0, |(_, slot)| *slot)
    }

    fn write_pending(&mut self) {
        let slots = self.bytes[..self.capacity * SLOT].as_chunks_mut().0;
        for (at, slot) in self.pending.drain(..) {
            slots[at as usize] = slot.to_ne_bytes();
        }
    }

    pub(super) fn remove(&mut self, hash: u64, place: Place) -> bool {
        self.write_pending();
        let Some(mut gap) = self.position(hash, place) else {
            return false;
        };
        // Close the gap: a later slot of the same run moves up if its home is not behind the gap.
        let mut at = gap;
        loop {
            let view = self.view();
            at = view.step(at, 1);
            let (tag, slot) = (view.tags[at], view.slot(at));
            if tag == 0 {
                break;
            }
            let home = view.home(slot >> PLACE_BITS);
            if view.distance(home, at) >= view.distance(gap, at) {
                self.set(gap, tag, slot);
                gap = at;
            }
        }
        self.set(gap, 0, 0);
        self.len -= 1;
        true
    }

    pub(super) fn replace(&mut self, hash: u64, from: Place, to: Place) {
        self.write_pending();
        if let Some(at) = self.position(hash, from) {
            self.set(at, tag_of(hash), slot_of(hash, to));
        }
    }

    fn position(&self, hash: u64, place: Place) -> Option<usize> {
        let wanted = slot_of(hash, place);
        let (position, ()) = self.search(hash, |slot| (slot == wanted).then_some(()))?;
        Some(position)
    }

    /// Doubles the table, about. Records of one hash keep their order: a run that wraps around is taken from where it
    /// begins.
    #[cold]
    fn grow(&mut self) {
        self.write_pending();
        let old = std::mem::replace(self, Self::of_capacity((self.capacity * 2).max(MIN_SLOTS)));
        self.len = old.len;
        let view = old.view();
        let between_runs = (0..old.capacity).find(|&at| view.tags[at] == 0).unwrap_or(0);
        for at in (between_runs..old.capacity).chain(0..between_runs) {
            if view.tags[at] != 0 {
                let (tag, slot) = (view.tags[at], view.slot(at));
                self.set(self.vacancy(slot), tag, slot);
            }
        }
    }

    /// An empty table of about this many slots: a large one fills whole pages of memory.
    fn of_capacity(slots: usize) -> Self {
        let len_of = |slots: usize| slots * (SLOT + 1) + WINDOW;
        let pages = (len_of(slots) + HUGE_PAGE / 2) / HUGE_PAGE;
        let capacity = match pages {
            0 => slots,
            _ => (pages * HUGE_PAGE - WINDOW) / (SLOT + 1),
        };
        Self {
            bytes: HugeBytes::zeroed(len_of(capacity)),
            capacity,
            len: 0,
            pending: Vec::new(),
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes.memory_bytes()
    }
}
