//! What one thread has to itself while several fill a type: a chunk to store in, ordinals in stock, and what it found.
//!
//! Others lock a desk only to read a record in the chunk that is being filled. Whoever locks a stripe and a desk locks the
//! stripe first; nobody locks two desks.

use super::{chunks::Chunks, lock};
use crate::Ordinal;
use crate::memory::OrdinalSet;
use crate::write::free_ordinals::FreeOrdinals;
use crate::write::record_store::{self, Chunk, NOWHERE, PAGE, Place, Places, RecordStore};
use std::sync::{Arc, Mutex, MutexGuard};

/// Ordinals that are taken at once, at least and at most. Between these it is at most a quarter of those taken
/// before: what is left over leaves holes, and those of a small type should be few.
const LEAST_STOCK: u32 = 16;
const STOCK: u32 = PAGE as u32;

/// On cache lines of its own: threads that work at neighbouring desks do not disturb each other.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Desk(Mutex<Work>);

/// A thread's hold on a desk. It leaves by dropping it, without a look at what it worked for: so whoever has an
/// [`Adder`](super::Adder) need not drop it to end a borrow.
pub(super) type Seat = Arc<Arc<Desk>>;

#[derive(Debug, Default)]
pub(super) struct Work {
    chunk: Option<(u32, Chunk)>,
    /// Bytes of lengths and records stored.
    payload: usize,
    /// Records of this cycle.
    pub(super) found: OrdinalSet,
    /// Bytes that may be stored before the limit on the type is asked again.
    pub(super) allowance: u64,
    /// The lowest last.
    stock: Vec<u32>,
    /// Ordinals taken so far.
    taken: u32,
    /// Places of the ordinals in stock, if those are a whole page.
    page: Option<(usize, Places)>,
    pages: Vec<(usize, Places)>,
    /// Those of other ordinals.
    places: Vec<(Ordinal, Place)>,
}

impl Desk {
    pub(super) fn lock(&self) -> MutexGuard<'_, Work> {
        lock(&self.0)
    }
}

impl Work {
    /// The chunk being filled, if it has this number.
    #[inline]
    pub(super) fn chunk(&self, number: u32) -> Option<&Chunk> {
        match &self.chunk {
            Some((own, chunk)) if *own == number => Some(chunk),
            _ => None,
        }
    }

    /// Stores a record of which it is known that nobody has it; `None` if there is no ordinal left.
    pub(super) fn store(
        &mut self,
        desk: &Arc<Desk>,
        chunks: &Chunks,
        free: &Mutex<FreeOrdinals>,
        record: &[u8],
    ) -> Option<(Ordinal, Place)> {
        if self.stock.is_empty() {
            self.restock(free);
        }
        let ordinal = Ordinal::new(self.stock.pop()?)?;
        if !self.chunk.as_ref().is_some_and(|(_, chunk)| chunk.has_room(record)) {
            let next = match self.chunk.take() {
                None => Chunk::default(),
                Some((number, full)) => {
                    chunks.finish(number, full);
                    Chunk::after_full_one()
                }
            };
            self.chunk = Some((chunks.begin(desk), next));
        }
        let (number, chunk) = self.chunk.as_mut()?;
        let place = Place::new(*number, chunk.append(ordinal, record));
        self.payload += record_store::payload(record.len());
        match &mut self.page {
            Some((_, places)) => places[ordinal.index() % PAGE] = place,
            None => self.places.push((ordinal, place)),
        }
        Some((ordinal, place))
    }

    #[cold]
    fn restock(&mut self, free: &Mutex<FreeOrdinals>) {
        self.pages.extend(self.page.take());
        let count = (self.taken / 8 + 1).next_power_of_two().clamp(LEAST_STOCK, STOCK);
        lock(free).take_some(Ordinal::MAX, count, &mut self.stock);
        self.taken += self.stock.len() as u32;
        self.stock.reverse();
        if let (Some(&first), Some(&last)) = (self.stock.last(), self.stock.first()) {
            // Ascending and as many as there are from first to last: without holes.
            let is_page = first % STOCK == 0 && self.stock.len() == PAGE && last - first == STOCK - 1;
            self.page = is_page.then(|| (first as usize / PAGE, Box::new([NOWHERE; PAGE])));
        }
    }

    /// Hands over what was stored, but for chunks that were full; gives ordinals back and tells which records there are.
    pub(super) fn hand_over(self, records: &mut RecordStore, left: &mut Vec<u32>) -> OrdinalSet {
        if let Some((number, chunk)) = self.chunk {
            records.adopt_chunk(number, chunk);
        }
        records.count_payload(self.payload);
        for (page, places) in self.pages.into_iter().chain(self.page) {
            records.adopt_places(page, places);
        }
        for (ordinal, place) in self.places {
            records.set_place(ordinal, place);
        }
        left.extend(self.stock);
        self.found
    }
}
