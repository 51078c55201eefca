//! A page of a hash index: some hundred keys, each with its records.
//!
//! ```text
//! marks     | 32 bits of the hash of key 0 | key 1 | ..                   ascending
//! keys      | key 0, as bytes | key 1 | ..                                where each ends: key_ends
//! ordinals  | records of key 0 | key 1 | ..                               where each ends: ends
//! long      | records of a key that has many, as blocks of their own      whose number stands in ordinals
//! ```

use super::Matches;
use super::postings::Postings;
use crate::Ordinal;

/// A key with more records than this has them beside the page, in blocks.
const SHORT: usize = 32;
/// In `ends`: what stands in `ordinals` is the number of a list in `long`.
const IS_LONG: u32 = 1 << 31;

/// An immutable page.
#[derive(Clone, Debug, Default)]
pub(in crate::index) struct Page {
    marks: Box<[u32]>,
    key_ends: Box<[u32]>,
    keys: Box<[u8]>,
    ends: Box<[u32]>,
    ordinals: Box<[Ordinal]>,
    long: Box<[Postings]>,
}

/// The records of a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    Short(&'a [Ordinal]),
    Long(&'a Postings),
}

/// A key on its way into a page.
#[derive(Clone, Debug)]
pub(super) struct Group<'a> {
    pub(super) mark: u32,
    pub(super) key: &'a [u8],
    pub(super) records: Records<'a>,
}

/// The records of a key on its way into a page.
#[derive(Clone, Debug)]
pub(super) enum Records<'a> {
    Few(&'a [Ordinal]),
    Owned(Vec<Ordinal>),
    Many(Postings),
}

impl Records<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Few(ordinals) => ordinals.len(),
            Self::Owned(ordinals) => ordinals.len(),
            Self::Many(postings) => postings.len(),
        }
    }
}

/// A key that is to get other records.
#[derive(Clone, Debug)]
pub(super) struct Edit<'a> {
    pub(super) mark: u32,
    pub(super) key: &'a [u8],
    /// Ascending.
    pub(super) removed: Vec<Ordinal>,
    /// Ascending.
    pub(super) added: Vec<Ordinal>,
}

/// Where the bytes or records of a key stand.
#[inline]
fn range(ends: &[u32], at: usize) -> std::ops::Range<usize> {
    let start = match at {
        0 => 0,
        _ => ends.get(at - 1).map_or(0, |end| end & !IS_LONG),
    };
    start as usize..ends.get(at).map_or(start, |end| end & !IS_LONG) as usize
}

/// Where the first number stands that is not below this one. The numbers are ascending, and bits of hashes: any stands about
/// where its size says, so only those around are looked at.
#[inline]
pub(super) fn first_from(marks: &[u32], mark: u32) -> usize {
    const AROUND: usize = 16;
    let guess = ((u64::from(mark) * marks.len() as u64) >> 32) as usize;
    let start = guess.saturating_sub(AROUND / 2).min(marks.len().saturating_sub(AROUND));
    let around = marks.get(start..start + AROUND);
    // Counted, not searched: no step waits for the one before.
    let below = around.map_or(0, |around| around.iter().filter(|&&other| other < mark).count());
    let is_here = (below > 0 || start == 0) && (below < AROUND || start + AROUND == marks.len());
    match around {
        Some(_) if is_here => start + below,
        _ => marks.partition_point(|&other| other < mark),
    }
}

impl Page {
    /// A page of keys in the order of their marks. Keys without records are left out.
    pub(super) fn build<'a>(groups: impl IntoIterator<Item = Group<'a>>) -> Self {
        let (mut marks, mut key_ends, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        let (mut ends, mut ordinals, mut long) = (Vec::new(), Vec::new(), Vec::new());
        for group in groups.into_iter().filter(|group| group.records.len() > 0) {
            marks.push(group.mark);
            keys.extend_from_slice(group.key);
            key_ends.push(keys.len() as u32);
            let postings = match group.records {
                Records::Few(records) if records.len() <= SHORT => {
                    ordinals.extend_from_slice(records);
                    None
                }
                Records::Owned(records) if records.len() <= SHORT => {
                    ordinals.extend(records);
                    None
                }
                Records::Many(postings) if postings.len() <= SHORT => {
                    ordinals.extend(postings.iter());
                    None
                }
                Records::Few(records) => Some(Postings::build(records)),
                Records::Owned(records) => Some(Postings::build(&records)),
                Records::Many(postings) => Some(postings),
            };
            let is_long = match (postings, Ordinal::new(long.len() as u32)) {
                (Some(postings), Some(number)) => {
                    long.push(postings);
                    ordinals.push(number);
                    IS_LONG
                }
                _ => 0,
            };
            ends.push(ordinals.len() as u32 | is_long);
        }
        Self {
            marks: marks.into(),
            key_ends: key_ends.into(),
            keys: keys.into(),
            ends: ends.into(),
            ordinals: ordinals.into(),
            long: long.into(),
        }
    }

    /// The marks of the keys.
    pub(in crate::index) fn marks(&self) -> &[u32] {
        &self.marks
    }

    /// How many keys there are.
    pub(in crate::index) fn len(&self) -> usize {
        self.marks.len()
    }

    /// How many pairs of a key and a record there are.
    pub(super) fn num_records(&self) -> usize {
        let long: usize = self.long.iter().map(Postings::len).sum();
        self.ordinals.len() - self.long.len() + long
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let long: usize = self.long.iter().map(Postings::memory_bytes).sum();
        let numbers = self.marks.len() + self.key_ends.len() + self.ends.len() + self.ordinals.len();
        size_of::<Self>() + numbers * 4 + self.keys.len() + size_of_val(&*self.long) + long
    }

    /// The records of a key; `None` if there are none.
    #[inline]
    pub(super) fn find(&self, mark: u32, key: &[u8]) -> Option<Found<'_>> {
        let from = first_from(&self.marks, mark);
        let same_mark = (from..).take_while(|&at| self.marks.get(at) == Some(&mark));
        let at = { same_mark }.find(|&at| self.key(at) == key)?;
        Some(self.records(at))
    }

    fn key(&self, at: usize) -> &[u8] {
        self.keys.get(range(&self.key_ends, at)).unwrap_or_default()
    }

    #[inline]
    fn records(&self, at: usize) -> Found<'_> {
        let short = self.ordinals.get(range(&self.ends, at)).unwrap_or_default();
        if self.ends.get(at).is_some_and(|end| end & IS_LONG != 0)
            && let [number] = short
            && let Some(postings) = self.long.get(number.index())
        {
            return Found::Long(postings);
        }
        Found::Short(short)
    }

    /// All keys with their records, in order.
    pub(in crate::index) fn groups(&self) -> impl Iterator<Item = (&[u8], Matches<'_>)> {
        (0..self.len()).map(|at| (self.key(at), Matches::of(Some(self.records(at)))))
    }

    /// The page after these edits, which are in the order of marks and then keys.
    pub(super) fn changed(&self, edits: &[Edit<'_>]) -> Self {
        let mut edits = edits.to_vec();
        let mut groups = Vec::with_capacity(self.len() + edits.len());
        for at in 0..self.len() {
            let (mark, key) = (self.marks.get(at).copied().unwrap_or_default(), self.key(at));
            let edit = edits.iter().position(|edit| edit.mark == mark && edit.key == key);
            let records = match (self.records(at), edit.map(|edit| edits.swap_remove(edit))) {
                (Found::Short(records), None) => Records::Few(records),
                (Found::Long(postings), None) => Records::Many(postings.clone()),
                (Found::Short(records), Some(edit)) => {
                    let mut records = records.to_vec();
                    records.retain(|ordinal| edit.removed.binary_search(ordinal).is_err());
                    records.extend(edit.added);
                    records.sort_unstable();
                    records.dedup();
                    Records::Owned(records)
                }
                (Found::Long(postings), Some(edit)) => Records::Many(postings.changed(&edit.removed, &edit.added)),
            };
            groups.push(Group { mark, key, records });
        }
        groups.extend(edits.into_iter().map(|edit| Group {
            mark: edit.mark,
            key: edit.key,
            records: Records::Owned(edit.added),
        }));
        groups.sort_by_key(|group| group.mark);
        Self::build(groups)
    }
}
