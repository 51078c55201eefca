//! A field of all records, read page by page.
//!
//! What a point accessor finds out for each record (which page, where the field is in it) is found out once a page here,
//! and the values of a page are unpacked together before they are handed over.

use super::kind::Objects;
use super::object_block::FieldKind;
use super::overlay;
use super::reader::ColumnReader;
use super::records::Records;
use super::slots::{PAGE_BITS, PAGE_ORDINALS, SlotBits, iter_bits};
use super::unpack::Word;
use crate::Ordinal;
use crate::memory::zigzag;

/// A field of all records of a type. See [`ObjectTypeState::column`](super::ObjectTypeState::column).
#[derive(Debug)]
pub struct Column<'s, T> {
    pub(super) records: &'s Records<Objects>,
    pub(super) field: usize,
    holds: std::marker::PhantomData<T>,
}

impl<T> Clone for Column<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Column<'_, T> {}

pub(super) mod sealed {
    use super::FieldKind;

    pub trait Sealed {
        #[doc(hidden)]
        fn kind() -> Kind;
        #[doc(hidden)]
        fn of(stored: u64) -> Option<Self>
        where
            Self: Sized;
    }

    #[doc(hidden)]
    #[derive(Debug)]
    pub struct Kind(pub(in super::super) FieldKind);
}

/// What a [`Column`] can hold: `i32` (INT), `i64` (LONG), `bool` (BOOLEAN), `f32` (FLOAT), `f64` (DOUBLE) and [`Ordinal`]
/// (REFERENCE).
pub trait ColumnValue: sealed::Sealed + Copy {}

macro_rules! column_value {
    ($($ty:ty, $kind:ident, $stored:ident => $value:expr;)*) => {$(
        impl sealed::Sealed for $ty {
            #[inline(always)]
            fn kind() -> sealed::Kind {
                sealed::Kind(FieldKind::$kind)
            }

            #[inline(always)]
            fn of($stored: u64) -> Option<Self> {
                $value
            }
        }
        impl ColumnValue for $ty {}
    )*};
}

column_value! {
    i32, Int, stored => Some(zigzag::decode32(stored as u32));
    i64, Long, stored => Some(zigzag::decode64(stored));
    bool, Boolean, stored => Some(stored == 1);
    f32, Float, stored => Some(f32::from_bits(stored as u32));
    f64, Double, stored => Some(f64::from_bits(stored));
    Ordinal, Reference, stored => Ordinal::new(stored as u32);
}

impl<'s, T: ColumnValue> Column<'s, T> {
    /// `None` if there is no such field or it holds something else.
    pub(super) fn new(records: &'s Records<Objects>, field: usize) -> Option<Self> {
        (*records.plan.get(field)? == T::kind().0).then_some(Self {
            records,
            field,
            holds: std::marker::PhantomData,
        })
    }

    /// The column made ready for reading many records at random: see [`ColumnReader`].
    pub fn reader(&self) -> ColumnReader<'s, T> {
        ColumnReader::new(*self)
    }

    /// Hands over every record with its value, `None` for null, ascending by ordinal.
    #[inline]
    pub fn for_each(&self, mut each: impl FnMut(Ordinal, Option<T>)) {
        self.fold((), |(), ordinal, value| each(ordinal, value));
    }

    /// Starts with `start` and goes on with every record, ascending by ordinal.
    #[inline]
    pub fn fold<A>(&self, start: A, mut each: impl FnMut(A, Ordinal, Option<T>) -> A) -> A {
        let mut values = Values::new();
        (0..self.records.num_pages()).fold(start, |result, number| {
            values.page(self.records, self.field, number, result, &mut each)
        })
    }

    /// Every record with its value, ascending by ordinal. [`Column::for_each`] is somewhat faster.
    pub fn iter(&self) -> impl Iterator<Item = (Ordinal, Option<T>)> + use<'s, T> {
        let (this, mut values) = (*self, Box::new(Values::new()));
        (0..this.records.num_pages()).flat_map(move |number| {
            let all = Vec::with_capacity(PAGE_ORDINALS as usize);
            values.page(this.records, this.field, number, all, &mut |mut all, ordinal, value| {
                all.push((ordinal, value));
                all
            })
        })
    }
}

/// Room for the values of a page, by slot.
struct Values {
    /// For pages that say it all and have no value beyond 32 bits.
    narrow: [u32; PAGE_ORDINALS as usize],
    /// For all others.
    wide: [u64; PAGE_ORDINALS as usize],
}

impl Values {
    fn new() -> Self {
        Self {
            narrow: [0; PAGE_ORDINALS as usize],
            wide: [0; PAGE_ORDINALS as usize],
        }
    }

    /// Goes on with the records of a page.
    #[inline]
    fn page<A, T: ColumnValue>(
        &mut self,
        records: &Records<Objects>,
        field: usize,
        number: u32,
        start: A,
        each: &mut impl FnMut(A, Ordinal, Option<T>) -> A,
    ) -> A {
        let kind = T::kind().0;
        let (first, slots) = (number << PAGE_BITS, records.slots(number));
        match read_narrow(records, field, kind, number, &mut self.narrow) {
            Some(null) => {
                come_closer(records, field, kind, number + 1);
                fold(&self.narrow, null, first, &slots, start, each)
            }
            None => {
                read_wide(records, field, kind, number, &slots, &mut self.wide);
                fold(&self.wide, kind.null(64), first, &slots, start, each)
            }
        }
    }
}

/// Unpacks a page that says it all if no value of it is wider than 32 bits; gives what stands for null there.
fn read_narrow(
    records: &Records<Objects>,
    field: usize,
    kind: FieldKind,
    number: u32,
    values: &mut [u32],
) -> Option<u32> {
    let page = records.plain_page(number)?;
    let room = page.positions_are_slots()?;
    let column = page.column(field, kind).filter(|column| column.width() <= 32)?;
    column.unpack(values.get_mut(..room as usize)?);
    Some(column.null() as u32)
}

/// Brings a page's column close to the processor while it is busy with another: it lies where nothing was read before, and
/// is too short for the processor to see what comes next.
fn come_closer(records: &Records<Objects>, field: usize, kind: FieldKind, number: u32) {
    let page = records.pages.get(number);
    let Some((column, room)) = page.and_then(|page| Some((page.column(field, kind)?, page.positions_are_slots()?)))
    else {
        return;
    };
    let len = (column.width() * room / 8) as usize;
    let lines = column.bytes().get(..len).unwrap_or_default().chunks(64);
    std::hint::black_box(lines.fold(0, |seen, line| seen | line.first().copied().unwrap_or(0)));
}

/// The values of these slots, wherever they are; for null what stands for it in the widest field.
fn read_wide(
    records: &Records<Objects>,
    field: usize,
    kind: FieldKind,
    number: u32,
    slots: &SlotBits,
    values: &mut [u64],
) {
    let null = kind.null(64);
    let page = records.pages.get(number);
    if let Some((page, room)) = page.and_then(|page| Some((page, page.positions_are_slots()?))) {
        match page.column(field, kind) {
            Some(column) => {
                let (values, here) = (values.get_mut(..room as usize).unwrap_or_default(), column.null());
                column.unpack(values);
                let nulls = values.iter_mut().filter(|value| **value == here);
                nulls.for_each(|value| *value = null);
            }
            None => values.fill(null),
        }
    } else {
        for slot in iter_bits(slots) {
            let value = records.below(number, slot).and_then(|row| row.value_of(field, kind));
            if let Some(to) = values.get_mut(slot as usize) {
                *to = value.unwrap_or(null);
            }
        }
    }
    for &entry in records.overlays.get(number).map_or(&[][..], |overlay| overlay) {
        let record = overlay::place_of(entry).and_then(|place| records.log.get(place));
        let value = record.and_then(|(block, position)| block.value(position, field, kind));
        if let Some(to) = values.get_mut(overlay::slot_of(entry) as usize) {
            *to = value.unwrap_or(null);
        }
    }
}

/// Goes on with these slots' values. `first` is the ordinal of the first slot.
#[inline]
fn fold<W: Word, A, T: ColumnValue>(
    values: &[W; PAGE_ORDINALS as usize],
    null: W,
    first: u32,
    slots: &SlotBits,
    start: A,
    each: &mut impl FnMut(A, Ordinal, Option<T>) -> A,
) -> A {
    let Some(first_ordinal) = Ordinal::new(first) else {
        return start;
    };
    // A page begins at an ordinal only if it ends at one. Said so, there is nothing to decide from one value to the next.
    let ordinal = |number: u32| Ordinal::new(number).unwrap_or(first_ordinal);
    let value = |stored: W| if stored == null { None } else { T::of(stored.get()) };
    let mut result = start;
    for ((first, &word), values) in (first..).step_by(64).zip(slots).zip(values.as_chunks::<64>().0) {
        if word == u64::MAX {
            for (number, &stored) in (first..).zip(values) {
                result = each(result, ordinal(number), value(stored));
            }
            continue;
        }
        for slot in iter_bits(&[word]) {
            let stored = values.get(slot as usize).copied().unwrap_or(null);
            result = each(result, ordinal(first + slot), value(stored));
        }
    }
    result
}
