//! The ordinals of a page.

/// How many consecutive ordinals a page covers.
pub const PAGE_ORDINALS: u32 = 1 << PAGE_BITS;
pub(crate) const PAGE_BITS: u32 = 10;
pub(crate) const WORDS: usize = (PAGE_ORDINALS / 64) as usize;

/// A bit for each ordinal of a page.
pub(crate) type SlotBits = [u64; WORDS];

/// No slot.
pub(crate) const NO_SLOTS: SlotBits = [0; WORDS];

/// Whether the bit of this slot is set.
#[inline]
pub(crate) fn contains(words: &SlotBits, slot: u32) -> bool {
    words
        .get((slot >> 6) as usize)
        .is_some_and(|word| word >> (slot & 63) & 1 != 0)
}

/// Sets or clears the bit of a slot.
#[inline]
pub(crate) fn set(words: &mut SlotBits, slot: u32, populated: bool) {
    if let Some(word) = words.get_mut((slot >> 6) as usize) {
        *word = *word & !(1 << (slot & 63)) | u64::from(populated) << (slot & 63);
    }
}

/// How many bits are set.
pub(crate) fn count(words: &SlotBits) -> usize {
    words.iter().map(|word| word.count_ones() as usize).sum()
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
