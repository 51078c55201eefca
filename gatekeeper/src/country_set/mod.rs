//! Sets of countries as 256 bits, and the table that gives each country its bit.
//!
//! A country's bit is its rank in the sorted list of codes of the `countries` dataset, so a set means something only
//! together with the [`Countries`] it was made with. ISO 3166-1 has 249 codes; 256 is the limit, and a dataset beyond it is
//! refused rather than cut.

mod countries;
#[cfg(test)]
mod tests;

pub use countries::{Countries, CountriesError};

use bitvec::array::BitArray;
use bitvec::order::Lsb0;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The rank of a country in a [`Countries`] table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CountryIndex(pub u8);

/// A set of up to 256 countries. Copying costs 32 bytes; every operation costs four words, however many countries.
#[derive(Clone, Copy, Default)]
pub struct CountrySet(BitArray<[u64; 4], Lsb0>);

impl CountrySet {
    /// No country.
    pub const EMPTY: CountrySet = CountrySet(BitArray::ZERO);

    /// The first `count` countries; all 256 for a greater number.
    pub fn first(count: usize) -> Self {
        let mut set = Self::EMPTY;
        set.0[..count.min(256)].fill(true);
        set
    }

    /// One country.
    pub fn of(country: CountryIndex) -> Self {
        let mut set = Self::EMPTY;
        set.insert(country);
        set
    }

    /// Adds a country.
    pub fn insert(&mut self, country: CountryIndex) {
        self.0.set(usize::from(country.0), true);
    }

    /// Whether the country is in the set.
    pub fn contains(&self, country: CountryIndex) -> bool {
        self.0[usize::from(country.0)]
    }

    /// Whether no country is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.data == [0; 4]
    }

    /// The number of countries in the set.
    pub fn len(&self) -> usize {
        self.0.data.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The countries in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = CountryIndex> + '_ {
        self.0.iter_ones().map(|bit| CountryIndex(bit as u8))
    }

    /// The least country of the set.
    pub fn least(&self) -> Option<CountryIndex> {
        self.0.first_one().map(|bit| CountryIndex(bit as u8))
    }

    /// Whether the sets share a country.
    pub fn overlaps(&self, other: &Self) -> bool {
        !(*self & *other).is_empty()
    }

    /// Whether every country of this set is in the other.
    pub fn is_within(&self, other: &Self) -> bool {
        (*self - *other).is_empty()
    }

    /// The four words of the set, the least country in the least bit of the first.
    pub fn words(&self) -> [u64; 4] {
        self.0.data
    }

    fn zip(self, other: Self, op: impl Fn(u64, u64) -> u64) -> Self {
        let (a, b) = (self.0.data, other.0.data);
        Self(BitArray::new(std::array::from_fn(|word| op(a[word], b[word]))))
    }
}

// Equality and hashing by word: bit by bit, as the bit array itself does it, they would dominate an evaluation.
impl PartialEq for CountrySet {
    fn eq(&self, other: &Self) -> bool {
        self.0.data == other.0.data
    }
}

impl Eq for CountrySet {}

impl Hash for CountrySet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.data.hash(state);
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident $assign_trait:ident $assign:ident $op:expr;)*) => {$(
        impl std::ops::$trait for CountrySet {
            type Output = CountrySet;
            fn $method(self, other: CountrySet) -> CountrySet {
                self.zip(other, $op)
            }
        }
        impl std::ops::$assign_trait for CountrySet {
            fn $assign(&mut self, other: CountrySet) {
                *self = self.zip(other, $op);
            }
        }
    )*};
}
operator! {
    BitAnd bitand BitAndAssign bitand_assign |a, b| a & b;
    BitOr bitor BitOrAssign bitor_assign |a, b| a | b;
    BitXor bitxor BitXorAssign bitxor_assign |a, b| a ^ b;
    Sub sub SubAssign sub_assign |a, b| a & !b;
}

impl FromIterator<CountryIndex> for CountrySet {
    fn from_iter<I: IntoIterator<Item = CountryIndex>>(countries: I) -> Self {
        let mut set = Self::EMPTY;
        countries.into_iter().for_each(|country| set.insert(country));
        set
    }
}

impl fmt::Display for CountrySet {
    /// The ranks, with runs folded: `0-2 17`. Codes are [`Countries::list`]'s part.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bits = self.0.iter_ones().peekable();
        let mut separator = "";
        while let Some(first) = bits.next() {
            let mut last = first;
            while bits.next_if_eq(&(last + 1)).is_some() {
                last += 1;
            }
            if first == last {
                write!(f, "{separator}{first}")?;
            } else {
                write!(f, "{separator}{first}-{last}")?;
            }
            separator = " ";
        }
        Ok(())
    }
}

impl fmt::Debug for CountrySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}
