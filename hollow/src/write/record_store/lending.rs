//! Records that are lent: what the store knows of them is that they are.

use super::{NOWHERE, PAGE, Place, RecordStore, payload};
use crate::Ordinal;
use crate::write::lent::LentRecords;
use crate::write::record_form::Records;

/// Bytes that may be read behind a record that was serialized.
const OPEN: [u8; 32] = [0; 32];

impl RecordStore {
    /// The record at this ordinal, where it lies or in the buffer.
    #[inline]
    pub(in crate::write) fn get<'r>(&'r self, ordinal: Ordinal, buffer: &'r mut Vec<u8>) -> Option<&'r [u8]> {
        match self.own(ordinal) {
            None => self.lent(ordinal, buffer).then_some(&buffer[..]),
            own => own,
        }
    }

    /// Puts a record into the buffer, if it is lent.
    #[cold]
    fn lent(&self, ordinal: Ordinal, buffer: &mut Vec<u8>) -> bool {
        let lender = self.lender.as_ref().filter(|_| self.lent.contains(ordinal));
        buffer.clear();
        if let Some(lender) = lender {
            lender.serialize(ordinal, buffer);
        }
        lender.is_some()
    }

    /// Whether there is a record at this ordinal.
    #[inline]
    pub(in crate::write) fn has(&self, ordinal: Ordinal) -> bool {
        self.place(ordinal) != NOWHERE || self.lent.contains(ordinal)
    }

    /// Whether this is the record at this ordinal.
    pub(in crate::write) fn is(&self, ordinal: Ordinal, record: &[u8]) -> bool {
        let place = self.place_of(ordinal);
        place.and_then(|place| self.recognise(place, record)) == Some(ordinal)
    }

    /// The ordinal of the record at this place, if it is this one.
    #[inline]
    pub(in crate::write) fn recognise(&self, place: Place, record: &[u8]) -> Option<Ordinal> {
        match place.lent_ordinal() {
            Some(ordinal) => {
                let lender = self.lender.as_ref().filter(|_| self.lent.contains(ordinal))?;
                lender.is(ordinal, record).then_some(ordinal)
            }
            None => {
                let (ordinal, stored) = self.own_at(place)?;
                if stored == record { Ordinal::new(ordinal) } else { None }
            }
        }
    }

    /// Something of what is at a place; for bringing it close.
    #[inline]
    pub(in crate::write) fn touch(&self, place: Place) -> u64 {
        match place.lent_ordinal() {
            Some(ordinal) => self.lender.as_ref().map_or(0, |lender| lender.touch(ordinal)),
            None => {
                let chunk = self.chunks.get(place.chunk());
                chunk.map_or(0, |chunk| chunk.first_byte(place.offset()).into())
            }
        }
    }

    /// Where the record at this ordinal is.
    pub(in crate::write) fn place_of(&self, ordinal: Ordinal) -> Option<Place> {
        match self.place(ordinal) {
            NOWHERE => self.lent.contains(ordinal).then_some(Place::lent(ordinal)),
            place => Some(place),
        }
    }

    /// Removes the record of this length at this ordinal, wherever it is.
    pub(in crate::write) fn remove(&mut self, ordinal: Ordinal, len: usize) {
        if self.lent.remove(ordinal) {
            self.payload -= payload(len).min(self.payload);
        } else {
            self.remove_own(ordinal);
        }
    }

    /// Puts a record of this length, which the lender has, at an ordinal that has none.
    pub(in crate::write) fn insert_lent(&mut self, ordinal: Ordinal, len: usize) -> Place {
        self.lent.insert(ordinal);
        self.payload += payload(len);
        Place::lent(ordinal)
    }

    /// Reads lent records from here now. It must have those that the one before lent.
    pub(in crate::write) fn lend(&mut self, lender: Box<dyn LentRecords>) {
        self.lender = Some(lender);
    }

    /// Gives up the bytes of these records, ascending, where the lender has the same. Tells of each: the record, its
    /// ordinal, where it was, where it is.
    pub(in crate::write) fn give_up(
        &mut self,
        ordinals: &[Ordinal],
        mut given_up: impl FnMut(&[u8], Ordinal, Place, Place),
    ) {
        let page_of = |ordinal: Ordinal| ordinal.index() / PAGE;
        for ordinals in ordinals.chunk_by(|&a, &b| page_of(a) == page_of(b)) {
            for &ordinal in ordinals {
                let place = self.place(ordinal);
                let (Some((_, record)), Some(lender)) = (self.own_at(place), &self.lender) else {
                    continue;
                };
                if !lender.is(ordinal, record) {
                    continue;
                }
                given_up(record, ordinal, place, Place::lent(ordinal));
                self.detach(ordinal);
                self.free(place);
                self.lent.insert(ordinal);
            }
            let page = ordinals.first().and_then(|&first| self.places.get_mut(page_of(first)));
            if let Some(page) = page
                && page
                    .as_ref()
                    .is_some_and(|places| places.iter().all(|&place| place == NOWHERE))
            {
                *page = None;
            }
        }
    }

    /// The records for a writer of blobs.
    pub(in crate::write) fn reader(&self) -> Reader<'_> {
        Reader {
            store: self,
            buffer: Vec::new(),
        }
    }
}

/// The records of a store, one after the other.
pub(in crate::write) struct Reader<'r> {
    store: &'r RecordStore,
    buffer: Vec<u8>,
}

impl Records for Reader<'_> {
    #[inline]
    fn get(&mut self, ordinal: Ordinal) -> Option<&[u8]> {
        if let Some(own) = self.store.own_open(ordinal) {
            return Some(own);
        }
        let found = self.store.lent(ordinal, &mut self.buffer);
        self.buffer.extend_from_slice(&OPEN);
        found.then_some(&self.buffer[..])
    }
}
