//! The bytes of a type's records, by ordinal and by place.
//!
//! ```text
//! places: ordinal -> (chunk, offset)     chunks: [ ordinal, length, bytes | ordinal, length, bytes | .. ] of up to 1 MiB
//! ```
//!
//! Places come in pages that are there only if a record is: a restored state may have few records at very high ordinals.
//!
//! Records that are lent ([`lent`](super::lent)) have no bytes here and no place but one that says so.
//!
//! Chunks are only appended to. A removed record leaves garbage; a chunk without records is given back at once, and
//! when there is more garbage than records the records of sparse chunks move, so the cost of moving is borne by the
//! removals before it and no cycle pays for records that did not change.

mod chunk;
mod lending;

use super::lent::LentRecords;
use crate::Ordinal;
use crate::memory::OrdinalSet;
pub(super) use chunk::{Chunk, NOWHERE, Place, payload};

/// Garbage below this is not worth a look.
const MIN_GARBAGE: usize = 64 << 10;
/// Ordinals whose places make a page.
pub(super) const PAGE: usize = 256;
/// The places of a page of ordinals.
pub(super) type Places = Box<[Place; PAGE]>;

/// The records of a type.
#[derive(Debug, Default)]
pub(super) struct RecordStore {
    places: Vec<Option<Places>>,
    chunks: Vec<Chunk>,
    empty_chunks: Vec<u32>,
    head: Option<u32>,
    lender: Option<Box<dyn LentRecords>>,
    lent: OrdinalSet,
    /// Bytes of lengths and records, lent ones included.
    payload: usize,
    /// Bytes that records take in chunks, and those that removed ones do.
    live: usize,
    garbage: usize,
}

impl RecordStore {
    /// The bytes of the record at this ordinal, if they are here.
    #[inline]
    pub(super) fn own(&self, ordinal: Ordinal) -> Option<&[u8]> {
        let place = self.place(ordinal);
        Some(self.chunks.get(place.chunk())?.at(place.offset())?.1)
    }

    /// The bytes of the record at this ordinal if they are here, with what lies behind them in memory: for readers that
    /// know where a record ends by its shape and are quicker if they may look further.
    #[inline]
    fn own_open(&self, ordinal: Ordinal) -> Option<&[u8]> {
        let place = self.place(ordinal);
        let chunk = self.chunks.get(place.chunk())?;
        let stored = chunk.read(place.offset())?;
        chunk.bytes.get(stored.start..)
    }

    /// The record at this place with its ordinal, if its bytes are here.
    #[inline]
    fn own_at(&self, place: Place) -> Option<(u32, &[u8])> {
        self.chunks.get(place.chunk())?.at(place.offset())
    }

    /// Puts a record at an ordinal that has none.
    #[inline]
    pub(super) fn insert(&mut self, ordinal: Ordinal, record: &[u8]) -> Place {
        let place = self.append(ordinal, record);
        self.set_place(ordinal, place);
        self.payload += payload(record.len());
        place
    }

    /// Removes the record at this ordinal, whose bytes are here.
    pub(super) fn remove_own(&mut self, ordinal: Ordinal) {
        if let Some(place) = self.detach(ordinal) {
            self.discard(place);
        }
    }

    /// Takes the record away from its ordinal but keeps its bytes, for [`RecordStore::reattach`] or
    /// [`RecordStore::discard`].
    pub(super) fn detach(&mut self, ordinal: Ordinal) -> Option<Place> {
        let page = self.places.get_mut(ordinal.index() / PAGE)?.as_mut()?;
        let place = std::mem::replace(&mut page[ordinal.index() % PAGE], NOWHERE);
        (place != NOWHERE).then_some(place)
    }

    /// Puts a detached record back. The ordinal must have none, and [`RecordStore::reclaim`] not have been called.
    pub(super) fn reattach(&mut self, ordinal: Ordinal, place: Place) {
        self.set_place(ordinal, place);
    }

    /// Throws a detached record away.
    pub(super) fn discard(&mut self, place: Place) {
        self.payload -= self.free(place);
    }

    /// Gives up the bytes at a place; as many as the record counted.
    fn free(&mut self, place: Place) -> usize {
        let (index, offset) = (place.chunk(), place.offset());
        let Some(chunk) = self.chunks.get_mut(index) else {
            return 0;
        };
        let Some(stored) = chunk.read(offset) else {
            return 0;
        };
        let size = stored.occupied(offset);
        chunk.live -= size;
        self.live -= size;
        self.garbage += size;
        if chunk.live == 0 {
            self.garbage -= chunk.len;
            *chunk = Chunk::default();
            self.empty_chunks.push(index as u32);
            if self.head == Some(index as u32) {
                self.head = None;
            }
        }
        stored.payload(offset)
    }

    /// Bytes of the records that are there, with their lengths, lent ones included.
    pub(super) fn live_bytes(&self) -> u64 {
        self.payload as u64
    }

    /// Bytes of memory taken.
    pub(super) fn memory_bytes(&self) -> usize {
        let pages = self.places.iter().flatten().count();
        let places = self.places.capacity() * size_of::<usize>() + pages * size_of::<[Place; PAGE]>();
        places + size_of_val(self.lent.words()) + self.chunks.iter().map(|c| c.bytes.capacity()).sum::<usize>()
    }

    /// Moves records out of sparse chunks if there is more garbage than records. Tells of each that moved: the record,
    /// its ordinal, from where, to where.
    pub(super) fn reclaim(&mut self, mut moved: impl FnMut(&[u8], Ordinal, Place, Place)) {
        if self.garbage <= self.live.max(MIN_GARBAGE) {
            return;
        }
        let sparse: Vec<bool> = self.chunks.iter().map(|c| c.live * 2 < c.len).collect();
        self.head = None;
        let mut record = Vec::new();
        let pages = (0..self.places.len()).filter(|&page| self.places[page].is_some());
        let pages: Vec<usize> = pages.collect();
        let numbers = pages.into_iter().flat_map(|page| page * PAGE..(page + 1) * PAGE);
        for ordinal in numbers.filter_map(|number| Ordinal::new(number as u32)) {
            let place = self.place(ordinal);
            if !sparse.get(place.chunk()).copied().unwrap_or(false) {
                continue;
            }
            record.clear();
            record.extend_from_slice(self.own(ordinal).unwrap_or_default());
            self.detach(ordinal);
            let to = self.insert(ordinal, &record);
            self.discard(place);
            moved(&record, ordinal, place, to);
        }
    }

    #[inline]
    fn place(&self, ordinal: Ordinal) -> Place {
        match self.places.get(ordinal.index() / PAGE) {
            Some(Some(page)) => page[ordinal.index() % PAGE],
            _ => NOWHERE,
        }
    }

    #[inline]
    fn append(&mut self, ordinal: Ordinal, record: &[u8]) -> Place {
        let head = self.head.filter(|&head| self.chunks[head as usize].has_room(record));
        let index = head.unwrap_or_else(|| self.new_chunk());
        let chunk = &mut self.chunks[index as usize];
        let before = chunk.live;
        let offset = chunk.append(ordinal, record);
        self.live += chunk.live - before;
        Place::new(index, offset)
    }

    #[cold]
    fn new_chunk(&mut self) -> u32 {
        let index = self.empty_chunks.pop().unwrap_or_else(|| {
            self.chunks.push(Chunk::default());
            (self.chunks.len() - 1) as u32
        });
        if self.head.is_some() {
            self.chunks[index as usize] = Chunk::after_full_one();
        }
        self.head = Some(index);
        index
    }

    #[inline]
    pub(super) fn set_place(&mut self, ordinal: Ordinal, place: Place) {
        let page = ordinal.index() / PAGE;
        if page >= self.places.len() {
            self.places.resize_with(page + 1, || None);
        }
        let page = self.places[page].get_or_insert_with(|| Box::new([NOWHERE; PAGE]));
        debug_assert_eq!(
            page[ordinal.index() % PAGE],
            NOWHERE,
            "the ordinal holds a record already"
        );
        page[ordinal.index() % PAGE] = place;
    }

    /// The number of the first chunk that threads fill beside this store.
    pub(super) fn next_chunk(&self) -> u32 {
        self.chunks.len() as u32
    }

    /// Takes in a chunk that a thread filled beside this store.
    pub(super) fn adopt_chunk(&mut self, number: u32, chunk: Chunk) {
        let at = number as usize;
        if self.chunks.len() <= at {
            self.chunks.resize_with(at + 1, Chunk::default);
        }
        self.live += chunk.live;
        self.chunks[at] = chunk;
    }

    /// Takes in the places of a page of ordinals that a thread had to itself.
    pub(super) fn adopt_places(&mut self, page: usize, places: Places) {
        if self.places.len() <= page {
            self.places.resize_with(page + 1, || None);
        }
        match &mut self.places[page] {
            Some(there) => {
                let new = there.iter_mut().zip(*places).filter(|(_, place)| *place != NOWHERE);
                new.for_each(|(there, place)| *there = place);
            }
            nothing => *nothing = Some(places),
        }
    }

    /// Counts the bytes of lengths and records in adopted chunks.
    pub(super) fn count_payload(&mut self, bytes: usize) {
        self.payload += bytes;
    }

    /// Makes every number free that no chunk has; to be called when all is adopted.
    pub(super) fn tidy(&mut self) {
        let empty = self.chunks.iter().enumerate().filter(|(_, chunk)| chunk.len == 0);
        self.empty_chunks = empty.map(|(index, _)| index as u32).collect();
        self.head = None;
    }
}

#[cfg(test)]
mod tests;
