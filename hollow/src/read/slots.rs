//! Which ordinals of a page are populated, and where their records stand in it.

/// How many consecutive ordinals a page covers.
pub const PAGE_ORDINALS: u32 = 1 << PAGE_BITS;
pub(crate) const PAGE_BITS: u32 = 10;
const WORDS: usize = (PAGE_ORDINALS / 64) as usize;

/// The populated slots of a page: one bit for each of its ordinals.
///
/// Only populated records are stored, in ascending order, so a record's index in its page is the number of populated
/// slots before it. Most pages begin with a long run without holes, where slot and index are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    words: [u64; WORDS],
    /// Populated slots before each word.
    before: [u16; WORDS],
    /// Length of the run without holes at the start.
    leading: u16,
    len: u16,
}

/// The bits of a page before they are counted.
pub(crate) type SlotBits = [u64; WORDS];

impl Slots {
    pub(crate) fn new(words: SlotBits) -> Self {
        let mut before = [0; WORDS];
        let mut len = 0;
        for (before, word) in before.iter_mut().zip(&words) {
            *before = len;
            len += word.count_ones() as u16;
        }
        let full = words.iter().take_while(|&&word| word == u64::MAX).count();
        let leading = full as u16 * 64 + words.get(full).map_or(0, |word| word.trailing_ones() as u16);
        Self {
            words,
            before,
            leading,
            len,
        }
    }

    /// The index of the record in this slot; `None` if it is not populated.
    #[inline]
    pub(crate) fn index_of(&self, slot: u32) -> Option<usize> {
        if slot < u32::from(self.leading) {
            return Some(slot as usize);
        }
        let at = (slot >> 6) as usize;
        let (word, bit) = (*self.words.get(at)?, 1u64 << (slot & 63));
        if word & bit == 0 {
            return None;
        }
        Some(usize::from(*self.before.get(at)?) + (word & (bit - 1)).count_ones() as usize)
    }

    #[inline]
    pub(crate) fn contains(&self, slot: u32) -> bool {
        contains(&self.words, slot)
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.len)
    }

    pub(crate) fn words(&self) -> &SlotBits {
        &self.words
    }

    /// The populated slots, ascending: the k-th one holds the record of index k.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        iter_bits(&self.words)
    }
}

/// Whether the bit of this slot is set.
#[inline]
pub(crate) fn contains(words: &SlotBits, slot: u32) -> bool {
    words
        .get((slot >> 6) as usize)
        .is_some_and(|word| word >> (slot & 63) & 1 != 0)
}

/// The set bits of these words, ascending.
pub(crate) fn iter_bits(words: &[u64]) -> impl Iterator<Item = u32> + '_ {
    (0u32..).step_by(64).zip(words).flat_map(|(base, &word)| {
        let mut left = word;
        std::iter::from_fn(move || {
            let bit = left.trailing_zeros();
            left &= left.checked_sub(1)?;
            Some(base + bit)
        })
    })
}
