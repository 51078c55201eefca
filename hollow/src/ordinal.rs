//! The number of a record within its type.

use std::fmt;
use std::num::NonZeroU32;

/// The position of a record within its type: a small non-negative integer, dense, reused after removal.
///
/// Absence is `Option<Ordinal>`, which takes no more room than the ordinal itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ordinal(NonZeroU32); // the ordinal plus one: zero is the niche

impl Ordinal {
    /// The largest ordinal the format allows: 2^29 - 1.
    pub const MAX: u32 = (1 << 29) - 1;

    /// The ordinal with this number, or `None` above [`Ordinal::MAX`].
    #[inline]
    pub fn new(number: u32) -> Option<Self> {
        if number > Self::MAX {
            return None;
        }
        NonZeroU32::new(number + 1).map(Self)
    }

    /// The ordinal as a number.
    #[inline]
    pub fn get(self) -> u32 {
        self.0.get() - 1
    }

    /// The ordinal as an index into a slice.
    #[inline]
    pub fn index(self) -> usize {
        self.get() as usize
    }
}

impl PartialOrd for Ordinal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordinal {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl fmt::Debug for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.get())
    }
}

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_is_free_and_the_limit_holds() {
        assert_eq!(size_of::<Option<Ordinal>>(), 4);
        assert_eq!(Ordinal::new(0).map(Ordinal::get), Some(0));
        assert_eq!(Ordinal::new(Ordinal::MAX).map(Ordinal::get), Some(536_870_911));
        assert_eq!(Ordinal::new(Ordinal::MAX + 1), None);
    }
}
