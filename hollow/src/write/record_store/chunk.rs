//! Stretches of memory with records in them, one behind the other.

use crate::Ordinal;
use crate::memory::var_int;
use crate::write::record_form::{push_number, take_number};

/// Not a huge page: that makes looking for known records a little quicker, but every new one half as slow again, since
/// the system has to make room for such pages and clears them long before they are filled.
pub(super) const CHUNK: usize = 1 << 20;
const MIN_CHUNK: usize = 1 << 8;
/// Records begin at multiples of this.
const ALIGNMENT: usize = 4;
/// Bits of a place that say where in its chunk a record begins, in units of the alignment.
const OFFSET_BITS: u32 = 18;
/// Bytes of the ordinal in front of a record.
const ORDINAL: usize = 4;
/// The place of what is nowhere.
pub(in crate::write) const NOWHERE: Place = Place(u64::MAX);
/// The place of a record that is lent; its ordinal stands below.
const LENT: u64 = 1 << 37;

/// Where a record is, in 38 bits: chunk above and offset below, or that it is lent and its ordinal.
///
/// The number of a chunk has 19 bits. The records of a type take no more than 2^37 bytes, so that there are chunks for
/// four times as much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::write) struct Place(pub(in crate::write) u64);

impl Place {
    /// Of a record that is lent.
    #[inline]
    pub(in crate::write) fn lent(ordinal: Ordinal) -> Self {
        Place(LENT | u64::from(ordinal.get()))
    }

    /// The ordinal of a record that is lent.
    #[inline]
    pub(in crate::write) fn lent_ordinal(self) -> Option<Ordinal> {
        if self.0 & LENT == 0 || self == NOWHERE {
            return None;
        }
        Ordinal::new((self.0 & (LENT - 1)) as u32)
    }

    #[inline]
    pub(in crate::write) fn new(chunk: u32, offset: usize) -> Self {
        Place(u64::from(chunk) << OFFSET_BITS | (offset / ALIGNMENT) as u64)
    }

    #[inline]
    pub(in crate::write) fn chunk(self) -> usize {
        (self.0 >> OFFSET_BITS) as usize
    }

    #[inline]
    pub(in crate::write) fn offset(self) -> usize {
        (self.0 & ((1 << OFFSET_BITS) - 1)) as usize * ALIGNMENT
    }
}

/// Records one behind the other.
#[derive(Debug, Default)]
pub(in crate::write) struct Chunk {
    /// Zero behind what is filled.
    pub(super) bytes: Vec<u8>,
    pub(super) len: usize,
    pub(super) live: usize,
}

/// A record as it lies in a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    ordinal: u32,
    pub(super) start: usize,
    end: usize,
}

impl Stored {
    /// Bytes of length and record: what a limit on the type counts.
    pub(super) fn payload(self, offset: usize) -> usize {
        self.end - offset - ORDINAL
    }

    pub(super) fn occupied(self, offset: usize) -> usize {
        (self.end - offset).next_multiple_of(ALIGNMENT)
    }
}

impl Chunk {
    #[inline]
    pub(super) fn read(&self, offset: usize) -> Option<Stored> {
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
    pub(in crate::write) fn at(&self, offset: usize) -> Option<(u32, &[u8])> {
        let stored = self.read(offset)?;
        Some((stored.ordinal, self.record(stored)?))
    }

    /// For records when the chunk before this one is full: there will be more.
    pub(in crate::write) fn after_full_one() -> Self {
        Self {
            bytes: vec![0; CHUNK],
            ..Self::default()
        }
    }

    /// The first byte of what lies at an offset; for bringing it close.
    #[inline]
    pub(in crate::write) fn first_byte(&self, offset: usize) -> u8 {
        self.bytes.get(offset).map_or(0, |&byte| byte)
    }

    #[inline]
    pub(in crate::write) fn has_room(&self, record: &[u8]) -> bool {
        self.len == 0 || self.len + occupied(record) <= CHUNK
    }

    /// Appends a record; gives its offset.
    #[inline]
    pub(in crate::write) fn append(&mut self, ordinal: Ordinal, record: &[u8]) -> usize {
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

/// Bytes of a record of this length with its length.
pub(in crate::write) fn payload(len: usize) -> usize {
    len + var_int::size_of_u64(len as u64)
}

fn occupied(record: &[u8]) -> usize {
    (ORDINAL + payload(record.len())).next_multiple_of(ALIGNMENT)
}
