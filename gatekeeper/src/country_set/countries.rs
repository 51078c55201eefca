//! Which country has which bit.

use super::{CountryIndex, CountrySet};
use std::fmt;

/// The countries of an evaluation, sorted by code; a country's index is its rank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Countries {
    codes: Vec<Box<str>>,
}

/// Why a list of codes makes no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CountriesError {
    /// More countries than a set has bits.
    #[error("a country set holds at most 256 countries; remove records from the countries dataset, found={found}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
}

impl Countries {
    /// The table of these codes, in any order; repeated codes count once.
    ///
    /// # Errors
    /// [`CountriesError::TooMany`] beyond 256.
    pub fn new<S: Into<Box<str>>>(codes: impl IntoIterator<Item = S>) -> Result<Self, CountriesError> {
        let mut codes: Vec<Box<str>> = codes.into_iter().map(Into::into).collect();
        codes.sort_unstable();
        codes.dedup();
        if codes.len() > 256 {
            return Err(CountriesError::TooMany { found: codes.len() });
        }
        Ok(Self { codes })
    }

    /// The number of countries.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// All countries.
    pub fn all(&self) -> CountrySet {
        CountrySet::first(self.len())
    }

    /// The index of a code.
    pub fn index(&self, code: &str) -> Option<CountryIndex> {
        let rank = self.codes.binary_search_by(|known| (**known).cmp(code)).ok()?;
        Some(CountryIndex(rank as u8))
    }

    /// The code of an index; empty for one beyond the table.
    pub fn code(&self, country: CountryIndex) -> &str {
        self.codes.get(usize::from(country.0)).map_or("", |code| code)
    }

    /// The codes, ascending.
    pub fn codes(&self) -> impl ExactSizeIterator<Item = &str> {
        self.codes.iter().map(|code| &**code)
    }

    /// The set of those codes that the table knows.
    pub fn set<'a>(&self, codes: impl IntoIterator<Item = &'a str>) -> CountrySet {
        codes.into_iter().filter_map(|code| self.index(code)).collect()
    }

    /// The codes of a set, ascending.
    pub fn codes_of<'a>(&'a self, set: &'a CountrySet) -> impl Iterator<Item = &'a str> {
        set.iter().map(|country| self.code(country))
    }

    /// A set for people to read: its codes, separated by spaces.
    pub fn list<'a>(&'a self, set: &'a CountrySet) -> impl fmt::Display + 'a {
        struct List<'a>(&'a Countries, &'a CountrySet);
        impl fmt::Display for List<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (number, code) in self.0.codes_of(self.1).enumerate() {
                    write!(f, "{}{code}", if number == 0 { "" } else { " " })?;
                }
                Ok(())
            }
        }
        List(self, set)
    }
}
