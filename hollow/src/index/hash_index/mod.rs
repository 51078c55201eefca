//! Records by values they lead to, any number of records for each.

mod build;
mod carry;
mod key;
mod matches;
mod page;
mod postings;
#[cfg(test)]
mod tests;

pub use matches::Matches;

use super::hash::Seeds;
use super::paths::{Paths, TooMany};
use super::spec::{IndexError, IndexSpec, Refusal};
use crate::Ordinal;
use crate::read::{ReadState, TypeReadState};
use crate::record::KeyValue;
use crate::schema::{Dataset, SchemaError};
pub(super) use page::Page;
use page::{Found, Group, Records};
use std::sync::Arc;

/// A page that was stored: for each key its mark, the key, and its records.
pub(super) type StoredPage = Vec<(u32, Vec<u8>, Vec<Ordinal>)>;

/// Pages behind one pointer of the upper level.
const CHUNK_PAGES: usize = 64;

/// Finds the records with certain values at the ends of field paths.
///
/// Paths pass through references, and through lists, sets and maps by the names `element`, `key` and `value`:
/// `cast.element.person.id`. What a path says of several elements, any of them can fulfil. Several paths are keys of
/// several parts; where they begin alike they speak of the same element, else all combinations count. Null is a value
/// that can be found, of a field or of a reference on the way; a list, set or map that is null is one without elements.
///
/// Each different key is kept with the ordinals of its records, ascending: four bytes for each pair of a key and a
/// record, and some twenty for each key. An index is an immutable value; see the [module](super) for how it belongs to a
/// state.
#[derive(Clone, Debug)]
pub struct HashIndex {
    dataset: Arc<Dataset>,
    type_name: Arc<str>,
    /// The type, as position in the data set.
    ty: usize,
    paths: Arc<Paths>,
    /// How many of the paths make the key. One more may lead to the records that are selected.
    parts: usize,
    seeds: Seeds,
    max_entries: u64,
    chunks: Arc<Vec<Arc<Vec<Arc<Page>>>>>,
    pages: u32,
    /// How many keys the number of pages was chosen for.
    built_for: usize,
    num_keys: usize,
    num_entries: usize,
}

impl HashIndex {
    /// Indexes the records of a type by these paths. Reads all of them.
    ///
    /// # Errors
    /// [`IndexError`] if there is no such type, a path does not lead to values, or records lead to far too many, as only
    /// broken or malicious data has them.
    pub fn build(state: &ReadState, type_name: &str, paths: &[&str]) -> Result<Self, IndexError> {
        let refused = |refusal: Refusal| refusal.of(IndexSpec::hash(type_name, paths).name());
        let index =
            Self::empty(state.dataset(), type_name, paths, None, None).map_err(|error| refused(error.into()))?;
        index.rebuilt(state).map_err(|error| refused(error.into()))
    }

    /// What is stored besides the paths and pages: secrets, and how many keys the number of pages was chosen for.
    pub(super) fn stored(&self) -> ([u64; 4], u64) {
        (self.seeds.0, self.built_for as u64)
    }

    /// The same index with stored pages; `None` if a key does not stand where its hash leads.
    pub(super) fn of_stored(self, seeds: [u64; 4], built_for: usize, pages: Vec<StoredPage>) -> Option<Self> {
        let mut this = Self {
            seeds: Seeds::of(seeds),
            built_for,
            pages: u32::try_from(pages.len()).ok().filter(|&pages| pages > 0)?,
            ..self
        };
        let mut made = Vec::with_capacity(pages.len());
        for (number, page) in pages.iter().enumerate() {
            let stands_here = |(mark, key, _): &(u32, Vec<u8>, Vec<Ordinal>)| {
                let hash = this.hash(key);
                hash as u32 == *mark && this.page_number(hash) == number
            };
            if !page.iter().all(stands_here) {
                return None;
            }
            let page = Page::build(page.iter().map(|(mark, key, records)| Group {
                mark: *mark,
                key,
                records: Records::Few(records),
            }));
            this.num_keys += page.len();
            this.num_entries += page.num_records();
            made.push(Arc::new(page));
        }
        this.chunks = Arc::new(made.chunks(CHUNK_PAGES).map(|chunk| Arc::new(chunk.to_vec())).collect());
        Some(this)
    }

    pub(super) fn empty(
        dataset: &Arc<Dataset>,
        type_name: &str,
        paths: &[&str],
        select: Option<&str>,
        max_entries: Option<u64>,
    ) -> Result<Self, SchemaError> {
        let resolved = Paths::resolve(dataset, type_name, paths, select)?;
        let unknown = || SchemaError::UnknownType(type_name.to_owned());
        Ok(Self {
            dataset: Arc::clone(dataset),
            type_name: type_name.into(),
            ty: dataset.position(type_name).ok_or_else(unknown)?,
            paths: Arc::new(resolved),
            parts: paths.len(),
            seeds: Seeds::random(),
            max_entries: max_entries.unwrap_or(u64::MAX),
            chunks: Arc::new(vec![Arc::new(vec![Arc::default()])]),
            pages: 1,
            built_for: 0,
            num_keys: 0,
            num_entries: 0,
        })
    }

    fn records<'s>(&self, state: &'s ReadState) -> Option<&'s TypeReadState> {
        state.types().as_slice().get(self.ty)
    }

    /// How many values so many records may lead to.
    fn limit(&self, records: u64) -> u64 {
        const EACH: u64 = 256;
        const AT_LEAST: u64 = 1 << 20;
        match self.max_entries {
            u64::MAX => records.saturating_mul(EACH).max(AT_LEAST),
            limit => limit,
        }
    }

    #[inline]
    fn page_number(&self, hash: u64) -> usize {
        (((hash >> 32) * u64::from(self.pages)) >> 32) as usize
    }

    #[inline]
    fn lookup(&self, state: &ReadState, key: &[u8]) -> Option<Found<'_>> {
        if !Arc::ptr_eq(&self.dataset, state.dataset()) && self.dataset != *state.dataset() {
            return None;
        }
        let hash = self.hash(key);
        let number = self.page_number(hash);
        let page = self.chunks.get(number / CHUNK_PAGES)?.get(number % CHUNK_PAGES)?;
        page.find(hash as u32, key)
    }

    #[inline]
    fn hash(&self, key: &[u8]) -> u64 {
        let mut hasher = self.seeds.hasher();
        hasher.bytes(key);
        hasher.finish()
    }

    /// The records with this key: its parts in the order of the paths, `None` for null. `state` is the one the index
    /// belongs to. Ascending, each once; nothing if the parts are not as many or of the types as the paths have.
    pub fn find(&self, state: &ReadState, key: &[Option<KeyValue>]) -> Matches<'_> {
        let Some(bytes) = self.key_bytes(key) else {
            return Matches::default();
        };
        Matches::of(self.lookup(state, &bytes))
    }

    /// As [`HashIndex::find`] for a single LONG. Allocates nothing.
    #[inline]
    pub fn find_long(&self, state: &ReadState, key: i64) -> Matches<'_> {
        Matches::of(key::long(self.leaves(), key).and_then(|key| self.lookup(state, &key)))
    }

    /// As [`HashIndex::find`] for a single INT. Allocates nothing.
    #[inline]
    pub fn find_int(&self, state: &ReadState, key: i32) -> Matches<'_> {
        Matches::of(key::int(self.leaves(), key).and_then(|key| self.lookup(state, &key)))
    }

    /// As [`HashIndex::find`] for a single STRING. Allocates nothing for ASCII of up to 59 bytes.
    #[inline]
    pub fn find_str(&self, state: &ReadState, key: &str) -> Matches<'_> {
        let mut buffer = [0; 64];
        match key::short_text(self.leaves(), key, &mut buffer) {
            Some(key) => Matches::of(self.lookup(state, key)),
            None => self.find(state, &[Some(KeyValue::Text(key.to_owned()))]),
        }
    }

    /// The records that the index selects, of the path given with [`select`](super::IndexSpec::select), where the
    /// combination of values is this key; of the indexed type if none was given. Ascending, each once.
    ///
    /// Walks through the records that [`HashIndex::find`] finds.
    pub fn find_selected(&self, state: &ReadState, key: &[Option<KeyValue>]) -> Vec<Ordinal> {
        let found = self.find(state, key);
        let width = self.paths.leaves().len();
        if width == self.parts {
            return found.collect();
        }
        let Some(wanted) = self.key_bytes(key) else {
            return Vec::new();
        };
        let mut selected = Vec::new();
        let mut bytes = Vec::new();
        for record in found {
            let Ok(rows) = self.paths.combinations(state, record) else {
                continue;
            };
            for row in rows.chunks(width) {
                let Some((Some(record), ends)) = row.split_last() else {
                    continue;
                };
                bytes.clear();
                key::encode(state, self.leaves(), ends, &mut bytes);
                if bytes == wanted {
                    selected.push(*record);
                }
            }
        }
        selected.sort_unstable();
        selected.dedup();
        selected
    }

    /// The paths of the key, in order, with everything that was implied written out.
    pub fn paths(&self) -> &[String] {
        self.paths.names().get(..self.parts).unwrap_or_default()
    }

    /// How many different keys there are.
    pub fn num_keys(&self) -> usize {
        self.num_keys
    }

    /// How many pairs of a key and a record with it there are.
    pub fn num_entries(&self) -> usize {
        self.num_entries
    }

    /// Bytes held, those shared with indexes of other states included. Walks over the pages.
    pub fn memory_bytes(&self) -> usize {
        let pages = self
            .all_pages()
            .map(|page| page.memory_bytes() + 16 + size_of::<Arc<Page>>());
        pages.sum::<usize>() + self.chunks.len() * 48
    }

    pub(super) fn all_pages(&self) -> impl Iterator<Item = &Page> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).map(|page| &**page)
    }

    /// Each key's number of records, in no order that means anything, for statistics.
    pub fn sizes(&self) -> impl Iterator<Item = usize> + '_ {
        let groups = self.all_pages().flat_map(Page::groups);
        groups.map(|(_, found)| found.len())
    }
}

impl From<TooMany> for Refusal {
    fn from(_: TooMany) -> Self {
        Self::TooMany
    }
}
