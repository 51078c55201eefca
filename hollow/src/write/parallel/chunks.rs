//! Chunks of records that threads fill side by side, found by number.
//!
//! A chunk belongs to one desk. Until it is full others read it under the lock of that desk; a full one does not change any
//! more and is read without a lock.

use super::desk::Desk;
use crate::write::record_store::{Chunk, Place};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// Chunks in the first run; each further one has twice as many as the one before.
const FIRST_RUN: u32 = 8;
/// Enough for every number that a place can name.
const RUNS: usize = 18;

/// All chunks that were begun since the threads did.
#[derive(Debug)]
pub(super) struct Chunks {
    /// Lower numbers are those of chunks from before.
    first: u32,
    next: AtomicU32,
    runs: [OnceLock<Box<[Slot]>>; RUNS],
}

/// A chunk, or who fills it.
#[derive(Debug, Default)]
pub(super) struct Slot {
    desk: OnceLock<Arc<Desk>>,
    full: OnceLock<Chunk>,
}

impl Chunks {
    /// Numbers begin with this one.
    pub(super) fn new(first: u32) -> Self {
        Self {
            first,
            next: AtomicU32::new(first),
            runs: Default::default(),
        }
    }

    /// A number for a chunk that this desk is going to fill.
    pub(super) fn begin(&self, desk: &Arc<Desk>) -> u32 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some((run, at)) = self.position(number) {
            let slots = self.runs[run].get_or_init(|| (0..FIRST_RUN << run).map(|_| Slot::default()).collect());
            let _ = slots[at].desk.set(desk.clone());
        }
        number
    }

    /// Lets everybody read a chunk that is full. Its desk is locked meanwhile.
    pub(super) fn finish(&self, number: u32, chunk: Chunk) {
        if let Some(slot) = self.slot(number) {
            let _ = slot.full.set(chunk);
        }
    }

    /// The slot of a chunk; `None` if the chunk is one from before.
    #[inline]
    pub(super) fn slot(&self, number: u32) -> Option<&Slot> {
        let (run, at) = self.position(number)?;
        self.runs[run].get()?.get(at)
    }

    #[inline]
    fn position(&self, number: u32) -> Option<(usize, usize)> {
        let at = number.checked_sub(self.first)?;
        let run = (at / FIRST_RUN + 1).ilog2();
        ((run as usize) < RUNS).then(|| (run as usize, (at - FIRST_RUN * ((1 << run) - 1)) as usize))
    }

    /// The full chunks with their numbers.
    pub(super) fn into_full(self) -> impl Iterator<Item = (u32, Chunk)> {
        let slots = self.runs.into_iter().filter_map(OnceLock::into_inner).flatten();
        let numbered = (self.first..).zip(slots);
        numbered.filter_map(|(number, slot)| Some((number, slot.full.into_inner()?)))
    }
}

impl Slot {
    /// What is made of the record at a place in this chunk and its ordinal.
    #[inline]
    pub(super) fn read<T>(&self, place: Place, read: impl FnOnce((u32, &[u8])) -> Option<T>) -> Option<T> {
        if let Some(chunk) = self.full.get() {
            return read(chunk.at(place.offset())?);
        }
        {
            let work = self.desk.get()?.lock();
            if let Some(chunk) = work.chunk(place.chunk() as u32) {
                return read(chunk.at(place.offset())?);
            }
        }
        // It became full before the desk was locked.
        read(self.full.get()?.at(place.offset())?)
    }

    /// The first byte of what lies at a place in this chunk, for bringing it close; what was stored of late is close.
    #[inline]
    pub(super) fn first_byte(&self, place: Place) -> u8 {
        self.full.get().map_or(0, |chunk| chunk.first_byte(place.offset()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_slot_of_its_own() {
        let (chunks, desk) = (Chunks::new(5), Arc::new(Desk::default()));
        assert!(chunks.slot(5).is_none() && chunks.slot(4).is_none());
        for number in 5..200 {
            assert_eq!(chunks.begin(&desk), number);
            chunks.finish(number, Chunk::default());
        }
        let numbers: Vec<u32> = chunks.into_full().map(|(number, _)| number).collect();
        assert_eq!(numbers, (5..200).collect::<Vec<_>>());
        let last = Chunks::new(0).position((1 << 20) - 1);
        assert!(last.is_some_and(|(run, _)| run < RUNS), "{last:?}");
    }
}
