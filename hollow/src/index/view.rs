//! An index together with the state it is part of.

use super::table::Lookup;
use super::unique_key::{Keys, TOGETHER};
use super::{DuplicateKey, HashIndex, InOrder, Matches, SortedIndex, UniqueKey};
use crate::Ordinal;
use crate::read::{ColumnReader, ReadState};
use crate::record::KeyValue;
use std::fmt;
use std::ops::RangeBounds;

/// A unique key index and its state, from [`ReadState::unique_key`] or [`UniqueKey::view`].
///
/// Where the key is in the records is found out when a view is made, so make one for many look-ups, not one for each.
#[derive(Clone, Copy)]
pub struct KeyView<'s> {
    state: &'s ReadState,
    index: &'s UniqueKey,
    keys: Keys<'s>,
    table: Lookup<'s>,
}

impl fmt::Debug for KeyView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut view = f.debug_struct("KeyView");
        view.field("paths", &self.index.paths()).field("state", self.state);
        view.finish_non_exhaustive()
    }
}

impl<'s> KeyView<'s> {
    pub(super) fn new(state: &'s ReadState, index: &'s UniqueKey, keys: Keys<'s>) -> Self {
        let table = index.lookup();
        Self {
            state,
            index,
            keys,
            table,
        }
    }

    /// The record with this key; see [`UniqueKey::find`].
    pub fn find(&self, key: &[KeyValue]) -> Option<Ordinal> {
        self.keys.find(&self.table, key)
    }

    /// The record with this LONG; see [`UniqueKey::find_long`].
    #[inline]
    pub fn find_long(&self, key: i64) -> Option<Ordinal> {
        self.keys.find_long(&self.table, key)
    }

    /// The record of each of these LONGs, in their order. Faster than asking for one after the other if the records do not
    /// fit the processor's cache, since a few are looked for at a time.
    ///
    /// ```
    /// # fn example(state: &hollow::read::ReadState, ids: &[i64]) -> Result<(), hollow::index::IndexError> {
    /// let movies = state.unique_key("Movie")?;
    /// let unknown = movies.find_longs(ids).filter(Option::is_none).count();
    /// # let _ = unknown; Ok(())
    /// # }
    /// ```
    pub fn find_longs<'k>(&self, keys: &'k [i64]) -> impl Iterator<Item = Option<Ordinal>> + use<'s, 'k> {
        let view = *self;
        let batches = keys.chunks(TOGETHER);
        batches.flat_map(move |keys| view.keys.find_longs(&view.table, keys).into_iter().take(keys.len()))
    }

    /// The index made ready for looking up many thousand LONGs one after the other, at two thirds of the cost of
    /// [`find_long`](KeyView::find_long) each; `None` if the key is not a single LONG of the record itself. Looks at each
    /// page of the type, as [`Column::reader`](crate::read::Column::reader) does: make one for a loop, not for a look-up.
    ///
    /// ```
    /// # fn example(state: &hollow::read::ReadState, ids: &[i64]) -> Result<(), hollow::index::IndexError> {
    /// if let Some(movies) = state.unique_key("Movie")?.long_reader() {
    ///     let unknown = ids.iter().filter(|&&id| movies.find(id).is_none()).count();
    ///     # let _ = unknown;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn long_reader(&self) -> Option<LongKeyReader<'s>> {
        let (keys, column) = (self.keys, self.keys.long_column()?);
        let table = self.table;
        Some(LongKeyReader { keys, column, table })
    }

    /// The record with this INT; see [`UniqueKey::find_int`].
    #[inline]
    pub fn find_int(&self, key: i32) -> Option<Ordinal> {
        self.keys.find_int(&self.table, key)
    }

    /// The record with this STRING; see [`UniqueKey::find_str`].
    #[inline]
    pub fn find_str(&self, key: &str) -> Option<Ordinal> {
        self.keys.find_str(&self.table, key)
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

/// A unique key index over a single LONG, made ready for many look-ups; from [`KeyView::long_reader`].
pub struct LongKeyReader<'s> {
    keys: Keys<'s>,
    column: ColumnReader<'s, i64>,
    table: Lookup<'s>,
}

impl fmt::Debug for LongKeyReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongKeyReader").finish_non_exhaustive()
    }
}

impl LongKeyReader<'_> {
    /// The record with this key.
    #[inline]
    pub fn find(&self, key: i64) -> Option<Ordinal> {
        let hash = self.keys.hash_long(key);
        self.table.find(hash, |ordinal| self.column.get(ordinal) == Some(key))
    }
}

/// A hash index and its state, from [`ReadState::hash_index`].
#[derive(Clone, Copy, Debug)]
pub struct HashView<'s> {
    pub(super) state: &'s ReadState,
    pub(super) index: &'s HashIndex,
}

impl<'s> HashView<'s> {
    /// The records with this key; see [`HashIndex::find`].
    pub fn find(&self, key: &[Option<KeyValue>]) -> Matches<'s> {
        self.index.find(self.state, key)
    }

    /// The records with this LONG; see [`HashIndex::find_long`].
    #[inline]
    pub fn find_long(&self, key: i64) -> Matches<'s> {
        self.index.find_long(self.state, key)
    }

    /// The records with this INT; see [`HashIndex::find_int`].
    #[inline]
    pub fn find_int(&self, key: i32) -> Matches<'s> {
        self.index.find_int(self.state, key)
    }

    /// The records with this STRING; see [`HashIndex::find_str`].
    #[inline]
    pub fn find_str(&self, key: &str) -> Matches<'s> {
        self.index.find_str(self.state, key)
    }

    /// The selected records of this key; see [`HashIndex::find_selected`].
    pub fn find_selected(&self, key: &[Option<KeyValue>]) -> Vec<Ordinal> {
        self.index.find_selected(self.state, key)
    }

    /// The index itself.
    pub fn index(&self) -> &'s HashIndex {
        self.index
    }
}

/// A sorted index and its state, from [`ReadState::sorted_index`].
#[derive(Clone, Copy, Debug)]
pub struct SortedView<'s> {
    pub(super) state: &'s ReadState,
    pub(super) index: &'s SortedIndex,
}

impl<'s> SortedView<'s> {
    /// All records that have a value, ascending; see [`SortedIndex::iter`].
    pub fn iter(&self) -> InOrder<'s> {
        self.index.iter(self.state)
    }

    /// The records with values in this range; see [`SortedIndex::range`].
    pub fn range(&self, range: impl RangeBounds<KeyValue>) -> InOrder<'s> {
        self.index.range(self.state, range)
    }

    /// The records with INT or LONG values in this range; see [`SortedIndex::range_long`].
    pub fn range_long(&self, range: impl RangeBounds<i64>) -> InOrder<'s> {
        self.index.range_long(self.state, range)
    }

    /// The records with texts in this range; see [`SortedIndex::range_str`].
    pub fn range_str<'r>(&self, range: impl RangeBounds<&'r str>) -> InOrder<'s> {
        self.index.range_str(self.state, range)
    }

    /// The records with texts that begin so; see [`SortedIndex::prefix`].
    pub fn prefix(&self, prefix: &str) -> InOrder<'s> {
        self.index.prefix(self.state, prefix)
    }

    /// The index itself.
    pub fn index(&self) -> &'s SortedIndex {
        self.index
    }
}
