//! Blocks: immutable packed records in one allocation, with a shape that blocks share.
//!
//! ```text
//! run 0 | run 1 | .. | [populated bits] | area | 8 bytes of nothing
//!
//! run       bases | record 0 | record 1 | ..     low bits first; each run begins at a full byte
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
//! The shape says where things are and which field has which bits: `object_block`, `collection_block`. The pages of a
//! snapshot have the same shape, which then stays in the processor's cache, so that reading a value misses the cache for
//! the value alone. Reading is total: whatever a block says, an accessor gives a value or nothing.

use super::collection_block::Widths;
use super::object_block::FieldLayout;
use super::slots::{SlotBits, WORDS};
use super::table::{ARC, Entry};
use std::sync::Arc;

/// Bytes behind everything else, so that eight bytes can be read anywhere.
const PADDING: usize = 8;

/// Where a record stands in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) run: u32,
    pub(crate) position: u32,
}

impl Spot {
    /// A record of a block with one run.
    #[inline]
    pub(crate) fn of(position: u32) -> Self {
        Self { run: 0, position }
    }
}

/// Which slots of a page have records, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occupancy {
    /// The slots from 0 up to a number; no bits.
    Leading,
    /// Those of the bits; the others have a place all the same.
    Holes,
    /// Those of the bits; the others have no place. Behind the bits stands how many there are before each word.
    Ranked,
}

/// Where things are in a block. Places are in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    pub(super) record_bits: u64,
    run_bits: u64,
    /// Bits of a run before its first record.
    bases_bits: u64,
    /// The page's ordinals go round `1 << shift` runs.
    shift: u32,
    occupancy: Occupancy,
    bits_at: usize,
    pub(super) area_at: usize,
    /// How many chains of ends a record has.
    num_chains: usize,
    /// Objects: the fields, up to the last one that has bits.
    pub(super) fields: Box<[FieldLayout]>,
    /// Collections.
    pub(super) widths: Widths,
}

impl Shape {
    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.fields) + ARC
    }

    #[inline]
    fn arithmetic(&self, slot: u32) -> Spot {
        Spot {
            run: slot & ((1 << self.shift) - 1),
            position: slot >> self.shift,
        }
    }

    /// The first bit of a record.
    #[inline]
    pub(super) fn bit_of(&self, spot: Spot) -> u64 {
        self.run_bits * u64::from(spot.run) + self.bases_bits + self.record_bits * u64::from(spot.position)
    }
}

/// Packed records, and as a page: which slots have them.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(super) shape: Arc<Shape>,
    pub(super) bytes: Arc<[u8]>,
    /// Slots with a record, up to the first without one.
    leading: u32,
}

impl Entry for Block {
    #[inline]
    fn id(&self) -> *const u8 {
        self.bytes.as_ptr()
    }

    fn memory_bytes(&self) -> usize {
        // Each of those with the same shape has its part of it.
        self.bytes.len() + ARC + self.shape.memory_bytes() / Arc::strong_count(&self.shape).max(1)
    }
}

impl Block {
    /// Where the record of this slot is; `None` if it is not populated.
    #[inline]
    pub(crate) fn spot(&self, slot: u32) -> Option<Spot> {
        if slot < self.leading {
            return Some(self.shape.arithmetic(slot));
        }
        self.spot_among_holes(slot)
    }

    fn spot_among_holes(&self, slot: u32) -> Option<Spot> {
        if self.shape.occupancy == Occupancy::Leading {
            return None;
        }
        let (index, at) = ((slot >> 6) as usize, self.shape.bits_at);
        let word = u64::from_le_bytes(*self.bytes.get(at + index * 8..)?.first_chunk()?);
        let bit = 1u64 << (slot & 63);
        if word & bit == 0 {
            return None;
        }
        if self.shape.occupancy == Occupancy::Holes {
            return Some(self.shape.arithmetic(slot));
        }
        let before = self.bytes.get(at + WORDS * 8 + index * 2..)?.first_chunk()?;
        let before = u32::from(u16::from_le_bytes(*before));
        Some(Spot::of(before + (word & (bit - 1)).count_ones()))
    }

    /// The populated slots.
    pub(crate) fn slots(&self) -> SlotBits {
        if self.shape.occupancy == Occupancy::Leading {
            return std::array::from_fn(|at| {
                let left = self.leading.saturating_sub(at as u32 * 64);
                crate::memory::bit_array::mask(left)
            });
        }
        let stored = self
            .bytes
            .get(self.shape.bits_at..)
            .unwrap_or_default()
            .as_chunks::<8>()
            .0;
        std::array::from_fn(|at| stored.get(at).map_or(0, |bytes| u64::from_le_bytes(*bytes)))
    }

    /// Whether the page has the slots from 0 up to this number and no others.
    pub(super) fn leading_only(&self) -> Option<u32> {
        (self.shape.occupancy == Occupancy::Leading).then_some(self.leading)
    }

    /// How many runs the ordinals of the page go round.
    pub(super) fn runs(&self) -> u32 {
        1 << self.shape.shift
    }

    /// The bases of a chain of ends in a run: the place in the area, and the number that stands for it.
    #[inline]
    pub(super) fn base(&self, run: u32, chain: usize) -> Option<(u32, u32)> {
        let at = (self.shape.run_bits / 8) as usize * run as usize + chain * 8;
        let base = u64::from_le_bytes(*self.bytes.get(at..)?.first_chunk()?);
        Some((base as u32, (base >> 32) as u32))
    }
}

/// What blocks are made with, from one to the next: room for the bytes, and the last shape.
#[derive(Debug, Default)]
pub(crate) struct Workshop {
    out: Vec<u8>,
    last: Option<Arc<Shape>>,
}

/// Puts a block together: records first, then bases, bits and the area.
#[derive(Debug)]
pub(super) struct BlockBuilder<'w> {
    shape: Shape,
    leading: u32,
    pub(super) out: &'w mut Vec<u8>,
    last: &'w mut Option<Arc<Shape>>,
}

/// A block would have places beyond 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// What a block has.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    pub(super) fields: Vec<FieldLayout>,
    pub(super) widths: Widths,
    pub(super) record_bits: u64,
    pub(super) num_chains: usize,
}

impl<'w> BlockBuilder<'w> {
    /// Starts a block with runs of so many records: those of 1 << shift shards.
    pub(super) fn new(
        workshop: &'w mut Workshop,
        records: Records,
        run_records: u64,
        shift: u32,
    ) -> Result<Self, TooLarge> {
        let bases = records.num_chains as u64 * 8;
        let run_bytes = bases + (run_records * records.record_bits).div_ceil(8);
        if run_bytes << shift > u64::from(u32::MAX) {
            return Err(TooLarge);
        }
        workshop.out.clear();
        Ok(Self {
            shape: Shape {
                record_bits: records.record_bits,
                run_bits: run_bytes * 8,
                bases_bits: bases * 8,
                shift,
                occupancy: Occupancy::Leading,
                bits_at: 0,
                area_at: 0,
                num_chains: records.num_chains,
                fields: records.fields.into(),
                widths: records.widths,
            },
            leading: 0,
            out: &mut workshop.out,
            last: &mut workshop.last,
        })
    }

    /// What is appended next is the records of this run; those of the runs before are there.
    pub(super) fn start_run(&mut self, run: usize) {
        let start = run * (self.shape.run_bits / 8) as usize;
        self.out.resize(start + self.shape.num_chains * 8, 0);
    }

    /// The records of all runs are there: writes the populated bits of a page. `ranked`: slots that are not populated
    /// have no place.
    pub(super) fn end_records(&mut self, slots: Option<&SlotBits>, ranked: bool) {
        let run_bytes = (self.shape.run_bits / 8) as usize;
        self.out.resize(run_bytes << self.shape.shift, 0);
        if let Some(bits) = slots {
            self.slots(bits, ranked);
        }
        self.shape.area_at = self.out.len();
    }

    fn slots(&mut self, bits: &SlotBits, ranked: bool) {
        let full = bits.iter().take_while(|&&word| word == u64::MAX).count();
        self.leading = full as u32 * 64 + bits.get(full).map_or(0, |word| word.trailing_ones());
        let len: u32 = bits.iter().map(|word| word.count_ones()).sum();
        self.shape.occupancy = match (self.leading == len, ranked) {
            (true, _) => return,
            (false, false) => Occupancy::Holes,
            (false, true) => Occupancy::Ranked,
        };
        self.shape.bits_at = self.out.len();
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

    /// What is appended next is that of a chain in this run; the number that stands for the place.
    pub(super) fn base(&mut self, run: usize, chain: usize, stands_for: u64) -> Result<(), TooLarge> {
        let place = u32::try_from(self.out.len() - self.shape.area_at).map_err(|_| TooLarge)?;
        let at = (self.shape.run_bits / 8) as usize * run + chain * 8;
        if let Some(bytes) = self.out.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<8>()) {
            let base = u64::from(place) | stands_for << 32;
            *bytes = base.to_le_bytes();
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Block, TooLarge> {
        u32::try_from(self.out.len()).map_err(|_| TooLarge)?;
        self.out.resize(self.out.len() + PADDING, 0);
        let shape = match self.last.take() {
            Some(last) if *last == self.shape => last,
            _ => Arc::new(self.shape),
        };
        *self.last = Some(Arc::clone(&shape));
        Ok(Block {
            shape,
            bytes: Arc::from(self.out.as_slice()),
            leading: self.leading,
        })
    }
}
