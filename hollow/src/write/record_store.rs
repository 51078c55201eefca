//! The bytes of a type's records, by ordinal.
//!
//! ```text
//! places: ordinal -> (chunk, offset)        chunks: [ length, bytes | length, bytes | ... ] of up to 256 KiB each
//! ```
//!
//! Places come in pages that are there only if a record is: a restored state may have few records at very high ordinals.
//!
//! Chunks are only appended to. A removed record leaves garbage; a chunk without records is given back at once, and
//! when there is more garbage than records the records of sparse chunks move, so the cost of moving is borne by the
//! removals before it and no cycle pays for records that did not change.

use crate::Ordinal;
use crate::memory::var_int;

const CHUNK: usize = 256 << 10;
/// Garbage below this is not worth a look.
const MIN_GARBAGE: usize = 64 << 10;
const NOWHERE: Place = Place(u64::MAX);
/// Ordinals whose places make a page.
const PAGE: usize = 256;

/// Where a record lies: chunk in the high half, offset in the low one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    live: usize,
}

/// The records of a type by ordinal.
#[derive(Debug, Default)]
pub(super) struct RecordStore {
    places: Vec<Option<Box<[Place; PAGE]>>>,
    chunks: Vec<Chunk>,
    empty_chunks: Vec<u32>,
    head: Option<u32>,
    live: usize,
    garbage: usize,
}

impl RecordStore {
    /// The record at this ordinal.
    #[inline]
    pub(super) fn get(&self, ordinal: Ordinal) -> Option<&[u8]> {
        self.at(self.place(ordinal))
    }

    /// Puts a record at an ordinal that has none.
    pub(super) fn insert(&mut self, ordinal: Ordinal, record: &[u8]) {
        let place = self.append(record);
        self.set_place(ordinal, place);
    }

    /// Removes the record at this ordinal.
    pub(super) fn remove(&mut self, ordinal: Ordinal) {
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
        let size = self.span(place).map_or(0, |(_, _, end, offset)| end - offset);
        let index = (place.0 >> 32) as usize;
        let Some(chunk) = self.chunks.get_mut(index) else {
            return;
        };
        chunk.live -= size;
        self.live -= size;
        self.garbage += size;
        if chunk.live == 0 {
            self.garbage -= chunk.bytes.len();
            *chunk = Chunk::default();
            self.empty_chunks.push(index as u32);
            if self.head == Some(index as u32) {
                self.head = None;
            }
        }
    }

    /// Bytes of the records that are there.
    pub(super) fn live_bytes(&self) -> u64 {
        self.live as u64
    }

    /// Bytes of memory taken.
    pub(super) fn memory_bytes(&self) -> usize {
        let pages = self.places.iter().flatten().count();
        let places = self.places.capacity() * size_of::<usize>() + pages * size_of::<[Place; PAGE]>();
        places + self.chunks.iter().map(|c| c.bytes.capacity()).sum::<usize>()
    }

    /// Moves records out of sparse chunks if there is more garbage than records.
    pub(super) fn reclaim(&mut self) {
        if self.garbage <= self.live.max(MIN_GARBAGE) {
            return;
        }
        let sparse: Vec<bool> = self.chunks.iter().map(|c| c.live * 2 < c.bytes.len()).collect();
        self.head = None;
        let mut record = Vec::new();
        for page in 0..self.places.len() {
            for index in 0..PAGE {
                let Some(place) = self.places[page].as_ref().map(|page| page[index]) else {
                    break;
                };
                if !sparse.get((place.0 >> 32) as usize).copied().unwrap_or(false) {
                    continue;
                }
                record.clear();
                record.extend_from_slice(self.at(place).unwrap_or_default());
                let moved = self.append(&record);
                if let Some(page) = &mut self.places[page] {
                    page[index] = moved;
                }
                self.discard(place);
            }
        }
    }

    #[inline]
    fn place(&self, ordinal: Ordinal) -> Place {
        match self.places.get(ordinal.index() / PAGE) {
            Some(Some(page)) => page[ordinal.index() % PAGE],
            _ => NOWHERE,
        }
    }

    fn at(&self, place: Place) -> Option<&[u8]> {
        let (chunk, start, end, _) = self.span(place)?;
        self.chunks[chunk].bytes.get(start..end)
    }

    /// Chunk, first and last byte of the record, and the offset at which its length stands.
    fn span(&self, place: Place) -> Option<(usize, usize, usize, usize)> {
        let index = (place.0 >> 32) as usize;
        let offset = place.0 as u32 as usize;
        let var_int::Decoded::Value(length, taken) = var_int::read_u64(self.chunks.get(index)?.bytes.get(offset..)?)
        else {
            return None;
        };
        let start = offset + taken;
        Some((index, start, start + length as usize, offset))
    }

    fn append(&mut self, record: &[u8]) -> Place {
        let size = record.len() + var_int::size_of_u64(record.len() as u64);
        let fits = self
            .head
            .is_some_and(|head| self.chunks[head as usize].bytes.len() + size <= CHUNK);
        let index = match self.head {
            Some(head) if fits => head,
            _ => self.new_chunk(),
        };
        let chunk = &mut self.chunks[index as usize];
        let offset = chunk.bytes.len();
        var_int::write_u64(&mut chunk.bytes, record.len() as u64);
        chunk.bytes.extend_from_slice(record);
        chunk.live += size;
        self.live += size;
        Place(u64::from(index) << 32 | offset as u64)
    }

    fn new_chunk(&mut self) -> u32 {
        let index = self.empty_chunks.pop().unwrap_or_else(|| {
            self.chunks.push(Chunk::default());
            (self.chunks.len() - 1) as u32
        });
        self.head = Some(index);
        index
    }

    fn set_place(&mut self, ordinal: Ordinal, place: Place) {
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
}

#[cfg(test)]
mod tests;
