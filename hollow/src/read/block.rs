//! Blocks: immutable packed records in one allocation, with a shape that blocks share.
//!
//! ```text
//! column 0 | column 1 | .. | [populated bits] | area | 8 bytes of nothing
//!
//! column    value of record 0 | of record 1 | ..     low bits first; each column begins at a full byte
//! ```
//!
//! The values of a field lie together, for all records of the block: a scan reads nothing but the field, and a single read
//! is one load of eight bytes, a shift and a mask. What a record has beyond its own bits (texts, elements) lies in the
//! area, record after record, and a column holds where it *ends*.
//!
//! The shape says where things are and which field has which bits: `object_block`, `collection_block`. The pages of a
//! snapshot have the same few shapes, which then stay in the processor's cache, so that reading a value misses the cache
//! for the value alone. Reading is total: whatever a block says, an accessor gives a value or nothing.

use super::collection_block::Layout;
use super::kind::{CollectionRoom, ObjectRoom};
use super::object_block::FieldLayout;
use super::slots::{PAGE_ORDINALS, SlotBits, WORDS, count};
use super::table::{ARC, Entry};
use std::sync::Arc;

/// Bytes behind everything else, so that eight bytes can be read anywhere.
const PADDING: usize = 8;
/// Shapes that are remembered from one block to the next.
const SHAPES: usize = 16;

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

/// Where the records of a page have their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    occupancy: Occupancy,
    /// How many places there are.
    pub(super) room: u32,
}

impl Places {
    /// One after the other, without slots.
    pub(super) fn in_order(len: usize) -> Self {
        Self {
            occupancy: Occupancy::Leading,
            room: len as u32,
        }
    }

    /// Where records in these slots go. Slots without a record have a place too unless most of them have none: a
    /// slot is its place then, and pages with holes have the same shape.
    pub(super) fn of(slots: &SlotBits) -> Self {
        let len = count(slots) as u32;
        let leading = leading(slots);
        if leading == len {
            return Self::in_order(len as usize);
        }
        let words = slots.iter().rposition(|&word| word != 0).map_or(0, |last| last + 1);
        let room = (words as u32 * 64).min(PAGE_ORDINALS);
        if len * 2 >= room {
            let occupancy = Occupancy::Holes;
            return Self { occupancy, room };
        }
        Self {
            occupancy: Occupancy::Ranked,
            room: len,
        }
    }

    /// Whether the place of a slot is its number.
    pub(super) fn are_slots(self) -> bool {
        self.occupancy != Occupancy::Ranked
    }
}

fn leading(slots: &SlotBits) -> u32 {
    let full = slots.iter().take_while(|&&word| word == u64::MAX).count();
    full as u32 * 64 + slots.get(full).map_or(0, |word| word.trailing_ones())
}

/// Where things are in a block. Places are in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// Records, those that are not populated but have a place included.
    pub(super) room: u32,
    /// Bits of a record beside what it has in the area.
    pub(super) record_bits: u32,
    occupancy: Occupancy,
    bits_at: usize,
    pub(super) area_at: usize,
    /// Objects: the fields, up to the last one that has bits.
    pub(super) fields: Box<[FieldLayout]>,
    /// Collections.
    pub(super) layout: Layout,
}

impl Shape {
    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.fields) + ARC
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
    /// The position of this slot's record; `None` if it is not populated.
    #[inline]
    pub(crate) fn position(&self, slot: u32) -> Option<u32> {
        if slot < self.leading {
            return Some(slot);
        }
        self.position_among_holes(slot)
    }

    fn position_among_holes(&self, slot: u32) -> Option<u32> {
        if self.shape.occupancy == Occupancy::Leading {
            return None;
        }
        let (index, at) = ((slot >> 6) as usize, self.shape.bits_at);
        if index >= WORDS {
            return None;
        }
        let word = u64::from_le_bytes(*self.bytes.get(at + index * 8..)?.first_chunk()?);
        let bit = 1u64 << (slot & 63);
        if word & bit == 0 {
            return None;
        }
        if self.shape.occupancy == Occupancy::Holes {
            return Some(slot);
        }
        let before = self.bytes.get(at + WORDS * 8 + index * 2..)?.first_chunk()?;
        let before = u32::from(u16::from_le_bytes(*before));
        Some(before + (word & (bit - 1)).count_ones())
    }

    /// The populated slots.
    pub(crate) fn slots(&self) -> SlotBits {
        if self.shape.occupancy == Occupancy::Leading {
            return std::array::from_fn(|at| {
                let left = self.leading.saturating_sub(at as u32 * 64);
                crate::memory::bit_array::mask(left)
            });
        }
        let stored = self.bytes.get(self.shape.bits_at..).unwrap_or_default();
        let stored = stored.as_chunks::<8>().0;
        std::array::from_fn(|at| stored.get(at).map_or(0, |bytes| u64::from_le_bytes(*bytes)))
    }

    /// Whether a slot that has a record is its position, and how many positions there are then.
    pub(super) fn positions_are_slots(&self) -> Option<u32> {
        (self.shape.occupancy != Occupancy::Ranked).then_some(self.shape.room)
    }

    /// The slots from 0 up to this number have records, each in the place of its number.
    pub(super) fn num_leading(&self) -> u32 {
        self.leading
    }
}

/// What blocks are made with, from one to the next: room for values and bytes, and the last shapes.
#[derive(Debug, Default)]
pub(crate) struct Workshop {
    pub(super) values: Vec<u64>,
    pub(super) sizes: Vec<u64>,
    pub(super) objects: ObjectRoom,
    pub(super) collections: CollectionRoom,
    columns: Vec<u8>,
    area: Vec<u8>,
    shapes: Vec<Arc<Shape>>,
}

/// A block would have places beyond 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Puts a block together, column by column.
#[derive(Debug)]
pub(super) struct BlockBuilder {
    places: Places,
    columns: Vec<u8>,
    pub(super) area: Vec<u8>,
    /// Where the bits of slots and the area begin, once all columns are there.
    ends: Option<(usize, usize)>,
    record_bits: u32,
    shapes: Vec<Arc<Shape>>,
}

impl BlockBuilder {
    pub(super) fn new(workshop: &mut Workshop, places: Places) -> Self {
        let mut this = Self {
            places,
            columns: std::mem::take(&mut workshop.columns),
            area: std::mem::take(&mut workshop.area),
            ends: None,
            record_bits: 0,
            shapes: std::mem::take(&mut workshop.shapes),
        };
        this.columns.clear();
        this.area.clear();
        this
    }

    /// Appends a column of the low bits of these values, one for each place; gives the byte at which it begins.
    pub(super) fn column(&mut self, values: &[u64], width: u32) -> Result<u32, TooLarge> {
        let at = u32::try_from(self.columns.len()).map_err(|_| TooLarge)?;
        super::bits::pack(&mut self.columns, values, width);
        self.record_bits += width;
        Ok(at)
    }

    /// All columns are there; `fill` appends the area.
    pub(super) fn area(&mut self, slots: Option<&SlotBits>, fill: impl FnOnce(&mut Vec<u8>)) {
        let bits_at = self.columns.len();
        if let Some(bits) = slots {
            self.slots(bits);
        }
        self.ends = Some((bits_at, self.columns.len()));
        fill(&mut self.columns);
        self.columns.resize(self.columns.len() + PADDING, 0);
    }

    /// The area as it was appended, with what follows it.
    pub(super) fn appended_area(&self) -> &[u8] {
        let area_at = self.ends.map_or(self.columns.len(), |(_, area_at)| area_at);
        self.columns.get(area_at..).unwrap_or_default()
    }

    /// All columns and the area are there. `slots` are those of a page.
    pub(super) fn finish(
        mut self,
        workshop: &mut Workshop,
        slots: Option<&SlotBits>,
        fields: Vec<FieldLayout>,
        layout: Layout,
    ) -> Result<Block, TooLarge> {
        if self.ends.is_none() {
            let area = std::mem::take(&mut self.area);
            self.area(slots, |columns| columns.extend_from_slice(&area));
            self.area = area;
        }
        let (bits_at, area_at) = self.ends.unwrap_or_default();
        u32::try_from(self.columns.len()).map_err(|_| TooLarge)?;
        let shape = Shape {
            room: self.places.room,
            record_bits: self.record_bits,
            occupancy: self.places.occupancy,
            bits_at,
            area_at,
            fields: fields.into(),
            layout,
        };
        let block = Block {
            leading: slots.map_or(0, leading),
            shape: known(&mut self.shapes, shape),
            bytes: Arc::from(self.columns.as_slice()),
        };
        (workshop.columns, workshop.area, workshop.shapes) = (self.columns, self.area, self.shapes);
        Ok(block)
    }

    fn slots(&mut self, bits: &SlotBits) {
        if self.places.occupancy == Occupancy::Leading {
            return;
        }
        let words = bits.iter().flat_map(|word| word.to_le_bytes());
        self.columns.extend(words);
        if self.places.occupancy == Occupancy::Ranked {
            let mut before = 0u16;
            for word in bits {
                self.columns.extend_from_slice(&before.to_le_bytes());
                before += word.count_ones() as u16;
            }
        }
    }
}

/// The shape as others have it, if they do.
fn known(shapes: &mut Vec<Arc<Shape>>, shape: Shape) -> Arc<Shape> {
    if let Some(known) = shapes.iter().rev().find(|known| ***known == shape) {
        return Arc::clone(known);
    }
    let shape = Arc::new(shape);
    if shapes.len() == SHAPES {
        shapes.remove(0);
    }
    shapes.push(Arc::clone(&shape));
    shape
}
