//! The pages of a type: a table in two levels, so that the next state copies pointers to what changed only.

use super::slots::{PAGE_BITS, PAGE_ORDINALS, Slots};
use crate::Ordinal;
use std::sync::Arc;

/// Pages behind one pointer of the upper level: 131,072 ordinals.
const CHUNK_PAGES: usize = 128;

/// What the table needs to know of a page.
pub(crate) trait Page {
    fn slots(&self) -> &Slots;
    /// Bytes held behind the page itself.
    fn heap_bytes(&self) -> usize;
}

type Chunk<P> = [Option<Arc<P>>; CHUNK_PAGES];

/// The records of a type in one state. Immutable; a clone shares everything.
///
/// A page without a populated record is absent.
#[derive(Debug)]
pub(crate) struct Records<P> {
    chunks: Arc<[Option<Arc<Chunk<P>>>]>,
    len: usize,
    pub(crate) num_shards: u32,
    pub(crate) max_ordinal: Option<Ordinal>,
}

impl<P> Clone for Records<P> {
    fn clone(&self) -> Self {
        Self {
            chunks: Arc::clone(&self.chunks),
            ..*self
        }
    }
}

impl<P: Page> Records<P> {
    /// No records.
    pub(crate) fn empty() -> Self {
        Self {
            chunks: Arc::new([]),
            len: 0,
            num_shards: 1,
            max_ordinal: None,
        }
    }

    /// The state after this one: these pages replaced, in ascending order of their numbers, all others shared.
    pub(crate) fn with_pages(&self, pages: Vec<(u32, Option<Arc<P>>)>) -> Self {
        let mut chunks: Vec<Option<Arc<Chunk<P>>>> = self.chunks.to_vec();
        let mut len = self.len;
        let mut pages = pages.into_iter().peekable();
        while let Some((first, _)) = pages.peek() {
            let chunk_index = *first as usize / CHUNK_PAGES;
            if chunks.len() <= chunk_index {
                chunks.resize(chunk_index + 1, None);
            }
            let mut chunk: Chunk<P> = match &chunks[chunk_index] {
                Some(chunk) => Chunk::clone(chunk),
                None => [const { None }; CHUNK_PAGES],
            };
            while let Some((number, page)) = pages.next_if(|(n, _)| *n as usize / CHUNK_PAGES == chunk_index) {
                let place = &mut chunk[number as usize % CHUNK_PAGES];
                len -= place.as_ref().map_or(0, |old| old.slots().len());
                len += page.as_ref().map_or(0, |new| new.slots().len());
                *place = page;
            }
            chunks[chunk_index] = chunk.iter().any(Option::is_some).then(|| Arc::new(chunk));
        }
        while matches!(chunks.last(), Some(None)) {
            chunks.pop();
        }
        Self {
            chunks: chunks.into(),
            len,
            ..*self
        }
    }

    /// How many records are populated.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The highest populated ordinal.
    pub(crate) fn last(&self) -> Option<Ordinal> {
        let at = self.chunks.iter().rposition(Option::is_some)?;
        let chunk = self.chunks[at].as_ref()?;
        let place = chunk.iter().rposition(Option::is_some)?;
        let slot = chunk[place].as_ref()?.slots().iter().last()?;
        Ordinal::new(((at * CHUNK_PAGES + place) as u32) << PAGE_BITS | slot)
    }

    /// The page with this number: that of the ordinals from `number * PAGE_ORDINALS`.
    #[inline]
    pub(crate) fn page(&self, number: u32) -> Option<&Arc<P>> {
        let chunk = self.chunks.get(number as usize / CHUNK_PAGES)?.as_ref()?;
        chunk[number as usize % CHUNK_PAGES].as_ref()
    }

    /// The page of a populated ordinal and the record's index in it.
    #[inline]
    pub(crate) fn locate(&self, ordinal: Ordinal) -> Option<(&P, usize)> {
        let page = self.page(ordinal.get() >> PAGE_BITS)?;
        let index = page.slots().index_of(ordinal.get() & (PAGE_ORDINALS - 1))?;
        Some((page, index))
    }

    pub(crate) fn is_populated(&self, ordinal: Ordinal) -> bool {
        self.page(ordinal.get() >> PAGE_BITS)
            .is_some_and(|page| page.slots().contains(ordinal.get() & (PAGE_ORDINALS - 1)))
    }

    /// The pages there are, ascending.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (u32, &Arc<P>)> {
        self.chunks.iter().enumerate().flat_map(|(at, chunk)| {
            let first = (at * CHUNK_PAGES) as u32;
            let pages = chunk.iter().flat_map(|chunk| chunk.iter());
            (first..)
                .zip(pages)
                .filter_map(|(number, page)| Some((number, page.as_ref()?)))
        })
    }

    /// The numbers of the pages that these two do not share, with the page of each side.
    pub(crate) fn differing<'a>(&'a self, other: &'a Self) -> Vec<Differing<'a, P>> {
        let mut found = Vec::new();
        for at in 0..self.chunks.len().max(other.chunks.len()) {
            let chunk_of = |records: &'a Self| records.chunks.get(at).and_then(Option::as_ref);
            let (a, b) = (chunk_of(self), chunk_of(other));
            if a.map(Arc::as_ptr) == b.map(Arc::as_ptr) {
                continue;
            }
            for place in 0..CHUNK_PAGES {
                let page_of = |chunk: Option<&'a Arc<Chunk<P>>>| chunk.and_then(|chunk| chunk[place].as_ref());
                let (a, b) = (page_of(a), page_of(b));
                if a.map(Arc::as_ptr) != b.map(Arc::as_ptr) {
                    found.push(((at * CHUNK_PAGES + place) as u32, a.map(|p| &**p), b.map(|p| &**p)));
                }
            }
        }
        found
    }

    /// The populated ordinals, ascending.
    pub(crate) fn populated(&self) -> Populated<'_>
    where
        P: 'static,
    {
        Populated(Box::new(self.pages().flat_map(|(number, page)| {
            let first = number << PAGE_BITS;
            page.slots().iter().filter_map(move |slot| Ordinal::new(first + slot))
        })))
    }

    /// Bytes held by the table and its pages.
    pub(crate) fn memory_bytes(&self) -> usize {
        let chunks = self.chunks.iter().flatten().count();
        let pages: usize = self
            .pages()
            .map(|(_, page)| size_of::<P>() + 2 * size_of::<usize>() + page.heap_bytes())
            .sum();
        size_of_val(&*self.chunks) + chunks * size_of::<Chunk<P>>() + pages
    }
}

/// A page number with the page of either side, where they are not the same page.
pub(crate) type Differing<'a, P> = (u32, Option<&'a P>, Option<&'a P>);

/// The populated ordinals of a type, ascending.
pub struct Populated<'s>(Box<dyn Iterator<Item = Ordinal> + 's>);

impl Iterator for Populated<'_> {
    type Item = Ordinal;
    fn next(&mut self) -> Option<Ordinal> {
        self.0.next()
    }
}

impl std::fmt::Debug for Populated<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Populated")
    }
}
