//! Blocks: immutable packed records in one allocation.
//!
//! ```text
//! header | layout | [populated bits] | bases | records | area | 8 bytes of nothing
//!
//! records   run 0: record 0 | record 1 | ..    run 1: record 0 | ..     low bits first; each run begins at a full byte
//! ```
//!
//! The records of a block lie in *runs* of equal length. A blob divides the records of 1,024 consecutive ordinals among
//! its shards; what one shard has of them is one stretch of bits there, and becomes one run here, bit for bit. That is
//! why a load copies stretches and not values. Blocks made of single records have one run.
//!
//! What a record has beyond its own bits (texts, elements) lies in the area, and the record holds where it *ends*,
//! counted as in the blob. The run's bases turn that into places of the area: for each chain of ends the place where the
//! first record's begins, and the number that stands for that place.
//!
//! The layout is that of `object_block` or `collection_block`. Reading is total: whatever a block says, an accessor gives
//! a value or nothing.

use super::slots::{SlotBits, WORDS};
use std::sync::Arc;

/// Bytes of a block.
pub(crate) type Block = Arc<[u8]>;

/// Bytes behind everything else, so that eight bytes can be read anywhere.
pub(super) const PADDING: usize = 8;

/// Where a record stands in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) run: u32,
    pub(crate) position: u32,
}

impl Spot {
    /// A record of a block with one run.
    pub(crate) fn of(position: u32) -> Self {
        Self { run: 0, position }
    }
}

/// Which slots of a page have records, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Occupancy {
    /// The slots from 0 up to a number; no bits.
    Leading = 0,
    /// Those of the bits; the others have a place all the same.
    Holes = 1,
    /// Those of the bits; the others have no place. Behind the bits stands how many there are before each word.
    Ranked = 2,
}

/// What a block begins with. All but the runs is places in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Header {
    pub(super) record_bits: u32,
    pub(super) run_bytes: u32,
    pub(super) records_at: u32,
    pub(super) area_at: u32,
    pub(super) bases_at: u32,
    pub(super) num_fields: u16,
    /// How many chains of ends a record has.
    pub(super) num_chains: u16,
    /// Where the populated bits are, if there are any.
    pub(super) bits_at: u32,
    pub(super) occupancy: u8,
    /// The page's ordinals go round `1 << shift` runs.
    pub(super) shift: u8,
    /// Slots with a record, up to the first without one.
    pub(super) leading: u16,
}

pub(super) const HEADER: usize = 32;

impl Header {
    #[inline]
    pub(super) fn of(block: &[u8]) -> Self {
        let Some(bytes) = block.first_chunk::<HEADER>() else {
            return Self::default();
        };
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Self {
            record_bits: u32_at(0),
            run_bytes: u32_at(4),
            records_at: u32_at(8),
            area_at: u32_at(12),
            bases_at: u32_at(16),
            num_fields: u16_at(20),
            num_chains: u16_at(22),
            bits_at: u32_at(24),
            occupancy: bytes[28],
            shift: bytes[29],
            leading: u16_at(30),
        }
    }

    pub(super) fn write(&self, block: &mut [u8]) {
        let words = [self.record_bits, self.run_bytes, self.records_at, self.area_at, self.bases_at];
        let mut bytes = Vec::with_capacity(HEADER);
        words.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        bytes.extend_from_slice(&self.num_fields.to_le_bytes());
        bytes.extend_from_slice(&self.num_chains.to_le_bytes());
        bytes.extend_from_slice(&self.bits_at.to_le_bytes());
        bytes.extend_from_slice(&[self.occupancy, self.shift]);
        bytes.extend_from_slice(&self.leading.to_le_bytes());
        if let Some(start) = block.first_chunk_mut::<HEADER>() {
            start.copy_from_slice(&bytes);
        }
    }

    /// The first bit of a record, counted from the start of the block.
    #[inline]
    pub(super) fn bit_of(&self, spot: Spot) -> u64 {
        let run = u64::from(self.run_bytes) * u64::from(spot.run) + u64::from(self.records_at);
        run * 8 + u64::from(self.record_bits) * u64::from(spot.position)
    }

    /// The bases of a chain of ends in a run: the place in the area, and the number that stands for it.
    #[inline]
    pub(super) fn base(&self, block: &[u8], run: u32, chain: u32) -> Option<(u32, u32)> {
        let at = self.bases_at as usize + (run as usize * usize::from(self.num_chains) + chain as usize) * 8;
        let [a, b, c, d, e, f, g, h] = *block.get(at..)?.first_chunk::<8>()?;
        Some((u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
    }
}

/// A page: a block with a record for each populated slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page<'p>(pub(crate) &'p [u8]);

impl Page<'_> {
    /// Where the record of this slot is; `None` if it is not populated.
    #[inline]
    pub(crate) fn spot(self, slot: u32) -> Option<Spot> {
        let header = Header::of(self.0);
        if slot < u32::from(header.leading) {
            return Some(header.arithmetic(slot));
        }
        self.spot_among_holes(&header, slot)
    }

    fn spot_among_holes(self, header: &Header, slot: u32) -> Option<Spot> {
        if header.occupancy == Occupancy::Leading as u8 {
            return None;
        }
        let index = (slot >> 6) as usize;
        let at = header.bits_at as usize;
        let word = u64::from_le_bytes(*self.0.get(at + index * 8..)?.first_chunk()?);
        let bit = 1u64 << (slot & 63);
        if word & bit == 0 {
            return None;
        }
        if header.occupancy == Occupancy::Holes as u8 {
            return Some(header.arithmetic(slot));
        }
        let before = self.0.get(at + WORDS * 8 + index * 2..)?.first_chunk()?;
        let before = u32::from(u16::from_le_bytes(*before));
        Some(Spot::of(before + (word & (bit - 1)).count_ones()))
    }

    pub(crate) fn contains(self, slot: u32) -> bool {
        self.spot(slot).is_some()
    }

    /// The populated slots.
    pub(crate) fn bits(self) -> SlotBits {
        self.bits_with(&Header::of(self.0))
    }

    fn bits_with(self, header: &Header) -> SlotBits {
        let mut bits = [0; WORDS];
        if header.occupancy == Occupancy::Leading as u8 {
            return leading_bits(header.leading);
        }
        let stored = self.0.get(header.bits_at as usize..).unwrap_or_default();
        for (word, bytes) in bits.iter_mut().zip(stored.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        bits
    }
}

impl Header {
    #[inline]
    pub(super) fn arithmetic(&self, slot: u32) -> Spot {
        Spot {
            run: slot & ((1 << self.shift) - 1),
            position: slot >> self.shift,
        }
    }
}

fn leading_bits(leading: u16) -> SlotBits {
    let mut bits = [0; WORDS];
    for (at, word) in (0u16..).zip(bits.iter_mut()) {
        let left = leading.saturating_sub(at * 64);
        *word = crate::memory::bit_array::mask(left.into());
    }
    bits
}

/// Puts a block together. The layout comes first, then bits and bases, then the records and the area.
#[derive(Debug)]
pub(super) struct BlockBuilder<'o> {
    pub(super) header: Header,
    pub(super) out: &'o mut Vec<u8>,
}

/// A block would have places beyond 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl<'o> BlockBuilder<'o> {
    /// Starts over in this buffer.
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        out.clear();
        out.resize(HEADER, 0);
        Self {
            header: Header::default(),
            out,
        }
    }

    /// The slots of a page. `ranked`: those that are not populated have no place.
    pub(super) fn slots(&mut self, bits: &SlotBits, shift: u32, ranked: bool) {
        let full = bits.iter().take_while(|&&word| word == u64::MAX).count();
        let leading = full as u32 * 64 + bits.get(full).map_or(0, |word| word.trailing_ones());
        let len: u32 = bits.iter().map(|word| word.count_ones()).sum();
        self.header.leading = leading as u16;
        self.header.shift = shift as u8;
        let occupancy = match (leading == len, ranked) {
            (true, _) => Occupancy::Leading,
            (false, false) => Occupancy::Holes,
            (false, true) => Occupancy::Ranked,
        };
        self.header.occupancy = occupancy as u8;
        if occupancy != Occupancy::Leading {
            self.header.bits_at = self.out.len() as u32;
            bits.iter()
                .for_each(|word| self.out.extend_from_slice(&word.to_le_bytes()));
            if ranked {
                let mut before = 0u16;
                for word in bits {
                    self.out.extend_from_slice(&before.to_le_bytes());
                    before += word.count_ones() as u16;
                }
            }
        }
    }

    /// Makes room for the bases of so many runs, to be set later.
    pub(super) fn bases(&mut self, runs: usize, chains: u16) {
        self.header.num_chains = chains;
        self.header.bases_at = self.out.len() as u32;
        self.out.resize(self.out.len() + runs * usize::from(chains) * 8, 0);
    }

    /// The base of a chain of ends in a run: where in the area its first record's begins, and the end before that.
    pub(super) fn set_base(&mut self, run: usize, chain: usize, place: usize, stands_for: u64) -> Result<(), TooLarge> {
        let place = u32::try_from(place).map_err(|_| TooLarge)?;
        let at = self.header.bases_at as usize + (run * usize::from(self.header.num_chains) + chain) * 8;
        if let Some(bytes) = self.out.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<8>()) {
            let base = u64::from(place) | stands_for << 32;
            *bytes = base.to_le_bytes();
        }
        Ok(())
    }

    /// The records begin here.
    pub(super) fn records(&mut self, record_bits: u64, run_bytes: u64) -> Result<(), TooLarge> {
        self.header.record_bits = u32::try_from(record_bits).map_err(|_| TooLarge)?;
        self.header.run_bytes = u32::try_from(run_bytes).map_err(|_| TooLarge)?;
        self.header.records_at = self.place()?;
        Ok(())
    }

    /// The area begins here.
    pub(super) fn area(&mut self) -> Result<(), TooLarge> {
        self.header.area_at = self.place()?;
        Ok(())
    }

    /// Where the next byte of the area will be, counted from its start.
    pub(super) fn place_in_area(&self) -> usize {
        self.out.len() - self.header.area_at as usize
    }

    fn place(&self) -> Result<u32, TooLarge> {
        u32::try_from(self.out.len()).map_err(|_| TooLarge)
    }

    pub(super) fn finish(self) -> Result<Block, TooLarge> {
        self.place()?;
        self.out.resize(self.out.len() + PADDING, 0);
        self.header.write(self.out);
        Ok(Block::from(self.out.as_slice()))
    }
}
