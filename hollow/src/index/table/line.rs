//! A line of the table, and what a hash says of an entry.
//!
//! ```text
//! line  | 12 x 8 bits of fingerprint | passed | filter | 12 x (29 bits of ordinal, 3 bits of fingerprint) |   64 bytes
//! ```

use crate::Ordinal;
use crate::memory::slab::Line;

/// Entries of a line.
pub(super) const SLOTS: usize = 12;
const ORDINAL_BITS: u32 = 29;
/// The word before the slots: 16 bits that count those that passed, then the filter.
const COUNTS: usize = 3;

/// What a hash says of an entry besides its line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Eight bits of the fingerprint; zero is an empty place.
    tag: u8,
    /// Three more.
    high: u32,
    /// One of sixteen bits.
    pub(super) filter: u16,
}

impl Mark {
    #[inline]
    pub(super) fn of(hash: u64) -> Self {
        Self {
            tag: (hash as u8).max(1),
            high: (hash >> 8 & 7) as u32,
            filter: 1 << (hash >> 11 & 15),
        }
    }

    #[inline]
    pub(super) fn slot(self, ordinal: Ordinal) -> u32 {
        self.high << ORDINAL_BITS | ordinal.get()
    }
}

/// What a line says of an entry.
pub(super) enum Look {
    /// It is in this place.
    Here(usize, Ordinal),
    /// It is not in the table.
    Nowhere,
    /// It may be in a line after this one.
    Further,
}

#[inline]
fn ordinal(slot: u32) -> Option<Ordinal> {
    Ordinal::new(slot & Ordinal::MAX)
}

/// Places of a line: a bit for each, those from the ninth on between the others, since so they are found soonest.
#[derive(Clone, Copy)]
struct Places(u64);

/// The places with this tag.
#[inline]
fn places(line: &Line, tag: u8) -> Places {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW_BITS: u64 = ONES * 0x7F;
    let word = |at: usize| u64::from(u32::from_le_bytes(line[at])) | u64::from(u32::from_le_bytes(line[at + 1])) << 32;
    let zero_bytes = |word: u64| !(((word & LOW_BITS) + LOW_BITS) | word | LOW_BITS);
    let pattern = ONES * u64::from(tag);
    let others = zero_bytes(word(2) ^ pattern) & u64::from(u32::MAX);
    Places(zero_bytes(word(0) ^ pattern) >> 7 | others >> 6)
}

impl Places {
    #[inline]
    fn are_none(self) -> bool {
        self.0 == 0
    }

    fn len(self) -> usize {
        self.0.count_ones() as usize
    }
}

impl Iterator for Places {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.are_none() {
            return None;
        }
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(bit >> 3 | (bit & 1) << 3)
    }
}

/// What a line says of a hash before any record was asked.
pub(in crate::index) enum Glance {
    /// It is not in the table.
    Nowhere,
    /// If it is in the table then most likely this.
    Perhaps(Ordinal),
    /// Not this line.
    Unclear,
}

/// Looks at the first entry that may be the one.
#[inline]
pub(super) fn glance(line: &Line, mark: Mark) -> Glance {
    match places(line, mark.tag).next() {
        Some(place) => {
            let slot = u32::from_le_bytes(line[(COUNTS + 1 + place) % 16]);
            let found = ordinal(slot).filter(|_| slot >> ORDINAL_BITS == mark.high);
            found.map_or(Glance::Unclear, Glance::Perhaps)
        }
        None if filter(line) & mark.filter == 0 => Glance::Nowhere,
        None => Glance::Unclear,
    }
}

/// Looks for an entry of which `same` says so.
#[inline]
pub(super) fn look(line: &Line, mark: Mark, same: &impl Fn(Ordinal) -> bool) -> Look {
    for place in places(line, mark.tag) {
        let slot = u32::from_le_bytes(line[(COUNTS + 1 + place) % 16]); // the remainder says that it is within
        if slot >> ORDINAL_BITS == mark.high
            && let Some(found) = ordinal(slot).filter(|&found| same(found))
        {
            return Look::Here(place, found);
        }
    }
    match filter(line) & mark.filter {
        0 => Look::Nowhere,
        _ => Look::Further,
    }
}

/// Whether no entry can be in this line or after it that has this mark.
#[inline]
pub(super) fn is_without(line: &Line, mark: Mark) -> bool {
    places(line, mark.tag).are_none() && filter(line) & mark.filter == 0
}

/// Puts an entry in an empty place; false if there is none.
#[inline]
pub(super) fn put(line: &mut Line, mark: Mark, ordinal: Ordinal) -> bool {
    let Some(place) = places(line, 0).next() else {
        return false;
    };
    set(line, place, mark.tag, mark.slot(ordinal));
    true
}

/// Puts another ordinal in a place.
pub(super) fn replace(line: &mut Line, place: usize, mark: Mark, ordinal: Ordinal) {
    set(line, place, mark.tag, mark.slot(ordinal));
}

/// Empties a place.
pub(super) fn clear(line: &mut Line, place: usize) {
    set(line, place, 0, 0);
}

#[inline]
fn set(line: &mut Line, place: usize, tag: u8, slot: u32) {
    line[place / 4 % COUNTS][place % 4] = tag;
    line[(COUNTS + 1 + place) % 16] = slot.to_le_bytes();
}

/// Entries that would stand in this line or one before, and stand in one after it.
#[inline]
pub(super) fn passed(line: &Line) -> u16 {
    let [low, high, ..] = line[COUNTS];
    u16::from_le_bytes([low, high])
}

/// A bit for each of those that passed; others may be set until none has.
#[inline]
pub(super) fn filter(line: &Line) -> u16 {
    let [.., low, high] = line[COUNTS];
    u16::from_le_bytes([low, high])
}

fn set_counts(line: &mut Line, passed: u16, filter: u16) {
    line[COUNTS] = (u32::from(filter) << 16 | u32::from(passed)).to_le_bytes();
}

/// An entry with this mark goes past.
pub(super) fn pass(line: &mut Line, mark: Mark) {
    let number = passed(line).saturating_add(1); // a page has far fewer
    set_counts(line, number, filter(line) | mark.filter);
}

/// An entry that went past is no more.
pub(super) fn unpass(line: &mut Line) {
    let number = passed(line).saturating_sub(1);
    let filter = if number == 0 { 0 } else { filter(line) };
    set_counts(line, number, filter);
}

/// How many entries there are.
pub(super) fn len(line: &Line) -> usize {
    SLOTS - places(line, 0).len()
}

/// The entries.
pub(super) fn entries(line: &Line) -> impl Iterator<Item = Ordinal> + '_ {
    let tags = line[..COUNTS].as_flattened();
    let places = tags.iter().zip(&line[COUNTS + 1..]);
    places
        .filter(|(tag, _)| **tag != 0)
        .filter_map(|(_, slot)| ordinal(u32::from_le_bytes(*slot)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_with_the_tag() {
        let mut random = crate::testing::entropy(5);
        for _ in 0..2000 {
            let mut line = Line::default();
            for byte in line.as_flattened_mut() {
                *byte = (random() >> 40) as u8 & 3; // tags come more than once, in the counts too
            }
            for tag in 0..5 {
                let tags = line.as_flattened();
                let expected: Vec<_> = (0..SLOTS).filter(|&at| tags[at] == tag).collect();
                let mut found: Vec<_> = places(&line, tag).collect();
                found.sort_unstable();
                assert_eq!(found, expected);
            }
        }
    }
}
