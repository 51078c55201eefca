//! Populated ordinals with the size that Java's bit sets would have. See `docs/format.md`, section 11.7.

use crate::Ordinal;
use crate::memory::OrdinalSet;

/// Ordinals in one segment of a bit set on the wire.
const SEGMENT: u32 = 16_384;

/// A set of ordinals, and how many segments its bits take on the wire.
///
/// The number depends on what was ever set or tested and never shrinks, so it is kept by hand: whoever would have
/// tested an ordinal in Java calls [`Populated::touch`].
#[derive(Clone, Debug)]
pub(super) struct Populated {
    set: OrdinalSet,
    segments: u32,
}

impl Default for Populated {
    fn default() -> Self {
        Self {
            set: OrdinalSet::new(),
            segments: 1,
        }
    }
}

impl Populated {
    pub(super) fn set(&self) -> &OrdinalSet {
        &self.set
    }

    /// True if it was not there.
    #[inline]
    pub(super) fn insert(&mut self, ordinal: Ordinal) -> bool {
        self.touch(ordinal);
        self.set.insert(ordinal)
    }

    /// Adds every member of a set whose ordinals have room.
    pub(super) fn insert_all(&mut self, ordinals: &OrdinalSet) {
        self.set.union_with(ordinals);
    }

    /// True if it was there.
    pub(super) fn remove(&mut self, ordinal: Ordinal) -> bool {
        self.touch(ordinal);
        self.set.remove(ordinal)
    }

    #[inline]
    pub(super) fn contains(&self, ordinal: Ordinal) -> bool {
        self.set.contains(ordinal)
    }

    /// Makes room for this ordinal.
    #[inline]
    pub(super) fn touch(&mut self, ordinal: Ordinal) {
        self.segments = self.segments.max(ordinal.get() / SEGMENT + 1);
    }

    /// Makes room for whatever the other has room for.
    pub(super) fn make_as_large_as(&mut self, other: &Populated) {
        self.segments = self.segments.max(other.segments);
    }

    /// The first ordinal without room.
    pub(super) fn room(&self) -> u32 {
        self.segments * SEGMENT
    }

    /// Has the members of the other; the size stays.
    pub(super) fn copy_bits(&mut self, other: &Populated) {
        self.set.clone_from(&other.set);
    }

    /// Has the members of the other, from which it differs at most in these; the size stays.
    pub(super) fn align(&mut self, other: &Populated, ordinals: &[Ordinal]) {
        for &ordinal in ordinals {
            match other.contains(ordinal) {
                true => self.set.insert(ordinal),
                false => self.set.remove(ordinal),
            };
        }
    }

    /// Removes every member; the size stays.
    pub(super) fn clear(&mut self) {
        self.set.clear();
    }

    /// Words on the wire.
    pub(super) fn num_words(&self) -> u32 {
        self.segments * (SEGMENT / 64)
    }
}

/// The highest ordinal from `from` (a multiple of 64) up to `max` that is not a member.
pub(super) fn highest_absent(set: &OrdinalSet, from: u32, max: Ordinal) -> Option<Ordinal> {
    let words = set.words();
    let last = max.index() / 64;
    let keep = u64::MAX >> (63 - max.get() % 64);
    (from as usize / 64..=last).rev().find_map(|index| {
        let mut absent = !words.get(index).copied().unwrap_or(0);
        if index == last {
            absent &= keep;
        }
        (absent != 0)
            .then(|| Ordinal::new(index as u32 * 64 + 63 - absent.leading_zeros()))
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordinal(number: u32) -> Ordinal {
        Ordinal::new(number).unwrap()
    }

    #[test]
    fn the_size_follows_the_highest_ordinal_ever_touched() {
        let mut populated = Populated::default();
        assert_eq!(populated.num_words(), 256);
        populated.insert(ordinal(16_383));
        assert_eq!(populated.num_words(), 256);
        assert!(!populated.remove(ordinal(16_384)));
        assert_eq!(populated.num_words(), 512);
        populated.clear();
        assert_eq!(populated.num_words(), 512);
        let mut other = Populated::default();
        other.make_as_large_as(&populated);
        assert_eq!(other.num_words(), 512);
    }

    #[test]
    fn the_highest_absent_ordinal() {
        let set: OrdinalSet = [0, 1, 62, 63, 64].into_iter().map(ordinal).collect();
        let absent = |max| highest_absent(&set, 0, ordinal(max)).map(Ordinal::get);
        assert_eq!(absent(1), None);
        assert_eq!(absent(2), Some(2));
        assert_eq!(absent(64), Some(61));
        assert_eq!(absent(65), Some(65));
        assert_eq!(absent(1000), Some(1000));
        let above = |from, max| highest_absent(&set, from, ordinal(max)).map(Ordinal::get);
        assert_eq!((above(64, 64), above(0, 64), above(64, 66)), (None, Some(61), Some(66)));
        assert_eq!(
            highest_absent(&OrdinalSet::new(), 0, ordinal(63)).map(Ordinal::get),
            Some(63)
        );
    }
}
