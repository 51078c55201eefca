//! Sets of ordinals, dense: one bit each.

use crate::Ordinal;

/// A set of ordinals held as bits, in ascending order. Which records of a type are populated is such a set.
///
/// Grows with the highest ordinal ever inserted. Equality ignores that capacity.
#[derive(Clone, Debug, Default)]
pub struct OrdinalSet {
    words: Vec<u64>,
}

impl OrdinalSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The set whose members are the set bits of these words.
    pub fn from_words(words: Vec<u64>) -> Self {
        Self { words }
    }

    /// The bits, 64 ordinals a word. There may be trailing zero words.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Adds an ordinal; true if it was not there.
    pub fn insert(&mut self, ordinal: Ordinal) -> bool {
        let (index, bit) = place(ordinal);
        if index >= self.words.len() {
            self.words.resize(index + 1, 0);
        }
        let was = self.words[index] & bit != 0;
        self.words[index] |= bit;
        !was
    }

    /// Removes an ordinal; true if it was there.
    pub fn remove(&mut self, ordinal: Ordinal) -> bool {
        let (index, bit) = place(ordinal);
        match self.words.get_mut(index) {
            Some(word) if *word & bit != 0 => {
                *word &= !bit;
                true
            }
            _ => false,
        }
    }

    /// Whether the ordinal is a member.
    #[inline]
    pub fn contains(&self, ordinal: Ordinal) -> bool {
        let (index, bit) = place(ordinal);
        self.words.get(index).is_some_and(|word| word & bit != 0)
    }

    /// How many members there are. Counts the bits.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The highest member.
    pub fn last(&self) -> Option<Ordinal> {
        let index = self.words.iter().rposition(|&word| word != 0)?;
        Ordinal::new(index as u32 * 64 + 63 - self.words[index].leading_zeros())
    }

    /// The members, ascending.
    pub fn iter(&self) -> Ordinals<'_> {
        Ordinals {
            words: &self.words,
            index: 0,
            word: self.words.first().copied().unwrap_or(0),
        }
    }

    /// Adds all members of the other set.
    pub fn union_with(&mut self, other: &OrdinalSet) {
        if other.words.len() > self.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a |= b);
    }

    /// The members that the other set lacks.
    pub fn difference(&self, other: &OrdinalSet) -> OrdinalSet {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        OrdinalSet {
            words: self.words.iter().zip(others).map(|(a, b)| a & !b).collect(),
        }
    }

    /// Removes every member and keeps the capacity.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }
}

#[inline]
fn place(ordinal: Ordinal) -> (usize, u64) {
    (ordinal.index() >> 6, 1 << (ordinal.get() & 63))
}

impl PartialEq for OrdinalSet {
    fn eq(&self, other: &Self) -> bool {
        let shared = self.words.len().min(other.words.len());
        self.words[..shared] == other.words[..shared]
            && self.words[shared..].iter().all(|&w| w == 0)
            && other.words[shared..].iter().all(|&w| w == 0)
    }
}

impl Eq for OrdinalSet {}

impl FromIterator<Ordinal> for OrdinalSet {
    fn from_iter<I: IntoIterator<Item = Ordinal>>(ordinals: I) -> Self {
        let mut set = Self::new();
        ordinals.into_iter().for_each(|ordinal| {
            set.insert(ordinal);
        });
        set
    }
}

impl<'a> IntoIterator for &'a OrdinalSet {
    type Item = Ordinal;
    type IntoIter = Ordinals<'a>;
    fn into_iter(self) -> Ordinals<'a> {
        self.iter()
    }
}

/// The members of an [`OrdinalSet`], ascending.
#[derive(Clone, Debug)]
pub struct Ordinals<'a> {
    words: &'a [u64],
    index: usize,
    word: u64,
}

impl Iterator for Ordinals<'_> {
    type Item = Ordinal;

    #[inline]
    fn next(&mut self) -> Option<Ordinal> {
        while self.word == 0 {
            self.index += 1;
            self.word = *self.words.get(self.index)?;
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Ordinal::new((self.index as u32) << 6 | bit)
    }
}
