//! An index together with the state it is part of.

use super::{DuplicateKey, UniqueKey};
use crate::Ordinal;
use crate::read::ReadState;
use crate::record::KeyValue;

/// A unique key index and its state, from [`ReadState::unique_key`].
#[derive(Clone, Copy, Debug)]
pub struct KeyView<'s> {
    pub(super) state: &'s ReadState,
    pub(super) index: &'s UniqueKey,
}

impl<'s> KeyView<'s> {
    /// The record with this key; see [`UniqueKey::find`].
    pub fn find(&self, key: &[KeyValue]) -> Option<Ordinal> {
        self.index.find(self.state, key)
    }

    /// The record with this LONG; see [`UniqueKey::find_long`].
    #[inline]
    pub fn find_long(&self, key: i64) -> Option<Ordinal> {
        self.index.find_long(self.state, key)
    }

    /// The record with this INT; see [`UniqueKey::find_int`].
    #[inline]
    pub fn find_int(&self, key: i32) -> Option<Ordinal> {
        self.index.find_int(self.state, key)
    }

    /// The record with this STRING; see [`UniqueKey::find_str`].
    #[inline]
    pub fn find_str(&self, key: &str) -> Option<Ordinal> {
        self.index.find_str(self.state, key)
    }

    /// Records that cannot be found because another has their key; see [`UniqueKey::duplicates`].
    pub fn duplicates(&self) -> Vec<DuplicateKey> {
        self.index.duplicates(self.state)
    }

    /// The index itself.
    pub fn index(&self) -> &'s UniqueKey {
        self.index
    }
}
