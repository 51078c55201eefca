//! The bytes of a type's records, by ordinal and by place.
//!
//! ```text
//! places: ordinal -> (chunk, offset)     chunks: [ ordinal, length, bytes | ordinal, length, bytes | .. ] of up to 1 MiB
//! ```
//!
//! Places come in pages that are there only if a record is: a restored state may have few records at very high ordinals.
//!
//! Chunks are only appended to. A removed record leaves garbage; a chunk without records is given back at once, and
//! when there is more garbage than records the records of sparse chunks move, so the cost of moving is borne by the
//! removals before it and no cycle pays for records that did not change.

use super::record_form::{push_number, take_number};
use crate::Ordinal;
use crate::memory::var_int;

/// Not a huge page: that makes looking for known records a little quicker, but every new one half as slow again, since
/// the system has to make room for such pages and clears them long before they are filled.
const CHUNK: usize = 1 << 20;
const MIN_CHUNK: usize = 1 << 8;
/// Records begin at multiples of this.
const ALIGNMENT: usize = 4;
/// Bits of a place that say where in its chunk a record begins, in units of the alignment.
const OFFSET_BITS: u32 = 18;
/// Bytes of the ordinal in front of a record.
const ORDINAL: usize = 4;
/// Garbage below this is not worth a look.
const MIN_GARBAGE: usize = 64 << 10;
pub(super) const NOWHERE: Place = Place(u64::MAX);
/// Ordinals whose places make a page.
pub(super) const PAGE: usize = 256;
/// The places of a page of ordinals.
pub(super) type Places = Box<[Place; PAGE]>;

/// Where a record lies: chunk above, offset below, 38 bits in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) u64);

impl Place {
    #[inline]
    pub(super) fn new(chunk: u32, offset: usize) -> Self {
        Place(u64::from(chunk) << OFFSET_BITS | (offset / ALIGNMENT) as u64)
    }

    #[inline]
    pub(super) fn chunk(self) -> usize {
        (self.0 >> OFFSET_BITS) as usize
    }

    #[inline]
    pub(super) fn offset(self) -> usize {
        (self.0 & ((1 << OFFSET_BITS) - 1)) as usize * ALIGNMENT
    }
}

/// Records one behind the other.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// Zero behind what is filled.
    bytes: Vec<u8>,
    len: usize,
    live: usize,
}

/// A record as it lies in a chunk.
#[derive(Clone, Copy, Debug)]
struct Stored {
    ordinal: u32,
    start: usize,
    end: usize,
}

impl Stored {
    /// Bytes of length and record: what a limit on the type counts.
    fn payload(self, offset: usize) -> usize {
        self.end - offset - ORDINAL
    }

    fn occupied(self, offset: usize) -> usize {
        (self.end - offset).next_multiple_of(ALIGNMENT)
    }
}

impl Chunk {
    #[inline]
    fn read(&self, offset: usize) -> Option<Stored> {
        let rest = self.bytes.get(offset..)?;
        let (ordinal, mut rest) = rest.split_first_chunk::<ORDINAL>()?;
        let length = take_number(&mut rest)?;
        let start = self.bytes.len() - rest.len();
        Some(Stored {
            ordinal: u32::from_le_bytes(*ordinal),
            start,
            end: start + length as usize,
        })
    }

    #[inline]
    fn record(&self, stored: Stored) -> Option<&[u8]> {
        self.bytes.get(stored.start..stored.end)
    }

    /// The record at this offset with its ordinal.
    #[inline]
    pub(super) fn at(&self, offset: usize) -> Option<(u32, &[u8])> {
        let stored = self.read(offset)?;
        Some((stored.ordinal, self.record(stored)?))
    }

    /// For records when the chunk before this one is full: there will be more.
    pub(super) fn after_full_one() -> Self {
        Self {
            bytes: vec![0; CHUNK],
            ..Self::default()
        }
    }

    /// The first byte of what lies at an offset; for bringing it close.
    #[inline]
    pub(super) fn first_byte(&self, offset: usize) -> u8 {
        self.bytes.get(offset).map_or(0, |&byte| byte)
    }

    #[inline]
    pub(super) fn has_room(&self, record: &[u8]) -> bool {
        self.len == 0 || self.len + occupied(record) <= CHUNK
    }

    /// Appends a record; gives its offset.
    #[inline]
    pub(super) fn append(&mut self, ordinal: Ordinal, record: &[u8]) -> usize {
        let (offset, size) = (self.len, occupied(record));
        if self.bytes.len() - offset < size {
            self.grow(size);
        }
        let room = &mut self.bytes[offset..offset + size];
        room[..ORDINAL].copy_from_slice(&ordinal.get().to_le_bytes());
        let start = match u8::try_from(record.len()) {
            Ok(length @ 0..0x80) => {
                room[ORDINAL] = length;
                ORDINAL + 1
            }
            _ => {
                let mut length = Vec::new();
                push_number(&mut length, record.len() as u64);
                room[ORDINAL..ORDINAL + length.len()].copy_from_slice(&length);
                ORDINAL + length.len()
            }
        };
        room[start..start + record.len()].copy_from_slice(record);
        self.len += size;
        self.live += size;
        offset
    }

    /// Makes room for so many bytes more. The first chunk of a type grows with it; a record that is larger than a chunk
    /// has one of its own.
    #[cold]
    fn grow(&mut self, size: usize) {
        let wanted = (self.bytes.len() * 2).clamp(MIN_CHUNK, CHUNK).max(self.len + size);
        let mut larger = vec![0; wanted];
        larger[..self.len].copy_from_slice(&self.bytes[..self.len]);
        self.bytes = larger;
    }
}

/// Bytes of a record with its length.
pub(super) fn payload(record: &[u8]) -> usize {
    record.len() + var_int::size_of_u64(record.len() as u64)
}

fn occupied(record: &[u8]) -> usize {
    (ORDINAL + payload(record)).next_multiple_of(ALIGNMENT)
}

/// The records of a type.
#[derive(Debug, Default)]
pub(super) struct RecordStore {
    places: Vec<Option<Places>>,
    chunks: Vec<Chunk>,
    empty_chunks: Vec<u32>,
    head: Option<u32>,
    /// Bytes of lengths and records.
    payload: usize,
    /// Bytes that records take in chunks, and those that removed ones do.
    live: usize,
    garbage: usize,
}

impl RecordStore {
    /// The record at this ordinal.
    #[inline]
    pub(super) fn get(&self, ordinal: Ordinal) -> Option<&[u8]> {
        let place = self.place(ordinal);
        Some(self.chunks.get(place.chunk())?.at(place.offset())?.1)
    }

    /// As [`RecordStore::get`], with what lies behind the record in memory: for readers that know where a record ends by
    /// its shape and are quicker if they may look further.
    #[inline]
    pub(super) fn get_open(&self, ordinal: Ordinal) -> Option<&[u8]> {
        let place = self.place(ordinal);
        let chunk = self.chunks.get(place.chunk())?;
        let stored = chunk.read(place.offset())?;
        chunk.bytes.get(stored.start..)
    }

    /// The record at this place with its ordinal.
    #[inline]
    pub(super) fn at(&self, place: Place) -> Option<(u32, &[u8])> {
        self.chunks.get(place.chunk())?.at(place.offset())
    }

    /// The first byte of what lies at a place; for bringing it close.
    #[inline]
    pub(super) fn first_byte(&self, place: Place) -> u8 {
        let chunk = self.chunks.get(place.chunk());
        chunk.map_or(0, |chunk| chunk.first_byte(place.offset()))
    }

    /// Where the record at this ordinal lies.
    pub(super) fn place_of(&self, ordinal: Ordinal) -> Option<Place> {
        Some(self.place(ordinal)).filter(|&place| place != NOWHERE)
    }

    /// Puts a record at an ordinal that has none.
    #[inline]
    pub(super) fn insert(&mut self, ordinal: Ordinal, record: &[u8]) -> Place {
        let place = self.append(ordinal, record);
        self.set_place(ordinal, place);
        self.payload += payload(record);
        place
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
        let (index, offset) = (place.chunk(), place.offset());
        let Some(chunk) = self.chunks.get_mut(index) else {
            return;
        };
        let Some(stored) = chunk.read(offset) else {
            return;
        };
        let size = stored.occupied(offset);
        self.payload -= stored.payload(offset);
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
    }

    /// Bytes of the records that are there, with their lengths.
    pub(super) fn live_bytes(&self) -> u64 {
        self.payload as u64
    }

    /// Bytes of memory taken.
    pub(super) fn memory_bytes(&self) -> usize {
        let pages = self.places.iter().flatten().count();
        let places = self.places.capacity() * size_of::<usize>() + pages * size_of::<[Place; PAGE]>();
        places + self.chunks.iter().map(|c| c.bytes.capacity()).sum::<usize>()
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
        for number in 0..self.places.len() * PAGE {
            let Some(ordinal) = Ordinal::new(number as u32) else {
                break;
            };
            let place = self.place(ordinal);
            if !sparse.get(place.chunk()).copied().unwrap_or(false) {
                continue;
            }
            record.clear();
            record.extend_from_slice(self.get(ordinal).unwrap_or_default());
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
