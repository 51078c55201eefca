//! A field read at random, over and over.
//!
//! What a point accessor finds out for each read (which page, whether something lies over it, where the field is in it) is
//! found out once for each page here. What is left is a look into a table, a load, a shift and a mask: few enough
//! instructions that the processor is at the reads that follow while it waits for one.

use super::block::Block;
use super::column::{Column, ColumnValue};
use super::kind::Objects;
use super::object_block::FieldKind;
use super::records::{Records, split};
use crate::Ordinal;
use crate::memory::bit_array::mask;
use crate::memory::text::StoredText;

/// Texts that are looked up together.
const TOGETHER: usize = 16;

/// A field made ready for reading many records at random, from [`Column::reader`].
///
/// Gives what the accessors of [`ObjectTypeState`](super::ObjectTypeState) give, at about half their cost. Making one looks
/// at each page of the type, some nanoseconds and 32 bytes for 1,024 records, so it is for loops over a thousand records
/// and more. Pages that deltas changed since they were made are read as the accessors do, at their cost.
///
/// ```
/// # let case = fixtures::vectors::case("large-random");
/// # let bytes = case.snapshot(case.versions()[0]).expect("a golden file");
/// # let state = hollow::read::ReadState::from_snapshot(bytes).expect("a snapshot");
/// # let (ty, at) = state.types().find_map(|ty| {
/// #     let ty = ty.as_object()?;
/// #     Some((ty, ty.schema().fields.iter().position(|f| f.ty == hollow::schema::FieldType::Int)?))
/// # }).expect("a field of ints");
/// # let ordinals: Vec<hollow::Ordinal> = ty.populated().collect();
/// let sum = ty.column::<i32>(at).map(|column| {
///     let reader = column.reader();
///     let values = ordinals.iter().filter_map(|&ordinal| reader.get(ordinal));
///     values.map(i64::from).sum::<i64>()
/// });
/// # assert_eq!(sum, Some(ordinals.iter().filter_map(|&o| ty.int(o, at)).map(i64::from).sum()));
/// ```
#[derive(Debug)]
pub struct ColumnReader<'s, T> {
    column: Column<'s, T>,
    pages: Box<[Page<'s>]>,
}

/// Where a page has a field.
#[derive(Debug)]
struct Page<'s> {
    /// From the field's column on.
    bytes: &'s [u8],
    mask: u64,
    width: u32,
    /// The slots up to this one are read here.
    slots: u32,
}

impl<'s> Page<'s> {
    /// Nothing is read here.
    const NONE: Self = Self {
        bytes: &[],
        mask: 0,
        width: 0,
        slots: 0,
    };

    fn of(block: &'s Block, field: usize, kind: FieldKind) -> Option<Self> {
        let is_float = matches!(kind, FieldKind::Float | FieldKind::Double);
        let (bytes, width) = match block.column(field, kind) {
            Some(column) => (column.bytes(), column.width()),
            None if !is_float => (&*block.bytes, 0), // nothing but nulls, which all ones of no bits are
            None => return None,
        };
        // All in one load of eight bytes, wherever in its first byte it begins.
        (width <= 57 || width == 64).then(|| Self {
            bytes,
            mask: mask(width),
            width,
            slots: block.num_leading(),
        })
    }

    /// The bits of a slot, and those of the values after it.
    #[inline(always)]
    fn bits(&self, at_bit: u32) -> u64 {
        let at = (at_bit >> 3) as usize;
        let word = self.bytes.get(at..at + 8).and_then(|word| word.first_chunk());
        word.map_or(0, |word| u64::from_le_bytes(*word)) >> (at_bit & 7)
    }
}

/// What is said of each page.
fn pages<'s, P>(records: &'s Records<Objects>, none: impl Fn() -> P, of: impl Fn(&'s Block) -> Option<P>) -> Box<[P]> {
    let pages = (0..records.num_pages()).map(|number| records.plain_page(number).and_then(&of));
    pages.map(|page| page.unwrap_or_else(&none)).collect()
}

impl<'s, T: ColumnValue> ColumnReader<'s, T> {
    pub(super) fn new(column: Column<'s, T>) -> Self {
        let of = |block| Page::of(block, column.field, T::kind().0);
        Self {
            column,
            pages: pages(column.records, || Page::NONE, of),
        }
    }

    /// The value of a record; `None` if it is null or there is no such record.
    #[inline]
    pub fn get(&self, ordinal: Ordinal) -> Option<T> {
        let (number, slot) = split(ordinal.get());
        match self.pages.get(number as usize) {
            Some(page) if slot < page.slots => {
                let stored = page.bits(slot * page.width) & page.mask;
                let null = T::kind().0.null_among(page.mask);
                if stored == null { None } else { T::of(stored) }
            }
            _ => self.get_elsewhere(ordinal),
        }
    }

    #[inline(never)]
    fn get_elsewhere(&self, ordinal: Ordinal) -> Option<T> {
        let row = self.column.records.locate(ordinal)?;
        row.value_of(self.column.field, T::kind().0).and_then(T::of)
    }
}

/// A STRING field made ready for reading many records at random, from
/// [`ObjectTypeState::text_reader`](super::ObjectTypeState::text_reader).
///
/// It is to texts what [`ColumnReader`] is to numbers.
#[derive(Debug)]
pub struct TextReader<'s> {
    records: &'s Records<Objects>,
    field: usize,
    pages: Box<[TextPage<'s>]>,
}

/// Where a page has a STRING field.
#[derive(Debug)]
struct TextPage<'s> {
    ends: Page<'s>,
    texts: &'s [u8],
}

impl<'s> TextPage<'s> {
    fn of(block: &'s Block, field: usize) -> Option<Self> {
        let ends = Page::of(block, field, FieldKind::Text)?;
        let texts = block.bytes.get(block.shape.area_at..)?;
        // Two ends in one load.
        (1..=28).contains(&ends.width).then_some(Self { ends, texts })
    }
}

impl<'s> TextReader<'s> {
    /// `None` if there is no such field or it holds something else.
    pub(super) fn new(records: &'s Records<Objects>, field: usize) -> Option<Self> {
        let none = || TextPage {
            ends: Page::NONE,
            texts: &[],
        };
        (*records.plan.get(field)? == FieldKind::Text).then(|| Self {
            records,
            field,
            pages: pages(records, none, |block| TextPage::of(block, field)),
        })
    }

    /// The text of a record; `None` if it is null or there is no such record.
    #[inline]
    pub fn get(&self, ordinal: Ordinal) -> Option<StoredText<'s>> {
        let (number, slot) = split(ordinal.get());
        match self.pages.get(number as usize) {
            // The first one begins where the field before ends.
            Some(TextPage { ends, texts }) if slot < ends.slots && slot > 0 => {
                let both = ends.bits((slot - 1) * ends.width);
                let (start, end) = (both & ends.mask >> 1, both >> ends.width & ends.mask);
                if end > ends.mask >> 1 {
                    return None;
                }
                texts.get(start as usize..end as usize).map(StoredText::new)
            }
            _ => self.get_elsewhere(ordinal),
        }
    }

    #[inline(never)]
    fn get_elsewhere(&self, ordinal: Ordinal) -> Option<StoredText<'s>> {
        let row = self.records.locate(ordinal)?;
        row.bytes_of(self.field, FieldKind::Text).map(StoredText::new)
    }

    /// The text of each of these records, in their order. Faster than asking for one after the other if the records do not
    /// fit the processor's cache, since a few are looked for at a time.
    pub fn get_many<'r>(
        &'r self,
        ordinals: &'r [Ordinal],
    ) -> impl Iterator<Item = Option<StoredText<'s>>> + use<'r, 's> {
        ordinals.chunks(TOGETHER).flat_map(|ordinals| {
            let mut texts = [None; TOGETHER];
            for (to, &ordinal) in texts.iter_mut().zip(ordinals) {
                *to = self.get(ordinal);
            }
            // All of them are on their way to the cache before the first one is looked at.
            for text in texts.iter().flatten() {
                std::hint::black_box(text.bytes().first().copied());
            }
            texts.into_iter().take(ordinals.len())
        })
    }
}
