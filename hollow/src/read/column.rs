//! A field of all records, read page by page.
//!
//! What a point accessor finds out for each record (which page, where the field is in it) is found out once a page here.

use super::kind::Objects;
use super::object_block::FieldKind;
use super::overlay;
use super::records::Records;
use super::slots::{NO_SLOTS, PAGE_BITS, SlotBits, iter_bits};
use crate::Ordinal;
use crate::memory::zigzag;

/// A field of all records of a type. See [`ObjectTypeState::column`](super::ObjectTypeState::column).
#[derive(Debug)]
pub struct Column<'s, T> {
    records: &'s Records<Objects>,
    field: usize,
    holds: std::marker::PhantomData<T>,
}

impl<T> Clone for Column<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Column<'_, T> {}

mod sealed {
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
            #[inline]
            fn kind() -> sealed::Kind {
                sealed::Kind(FieldKind::$kind)
            }

            #[inline]
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

    /// Hands over every record with its value, `None` for null, ascending by ordinal.
    #[inline]
    pub fn for_each(&self, mut each: impl FnMut(Ordinal, Option<T>)) {
        self.fold((), |(), ordinal, value| each(ordinal, value));
    }

    /// Starts with `start` and goes on with every record, ascending by ordinal.
    #[inline]
    pub fn fold<A>(&self, start: A, mut each: impl FnMut(A, Ordinal, Option<T>) -> A) -> A {
        let kind = T::kind().0;
        let null = kind.null(64);
        let mut mixed = None;
        let mut result = start;
        for number in 0..self.records.num_pages() {
            let plain = self.records.plain_page(number);
            let plain = plain.and_then(|page| Some((page.column(self.field, kind)?, page.leading_only()?)));
            let Some((column, len)) = plain else {
                let page = mixed.get_or_insert_with(|| Values::new(kind));
                page.read(self.records, number, self.field, kind);
                result = page.fold(result, &mut each);
                continue;
            };
            let ordinals = (number << PAGE_BITS..).map_while(Ordinal::new);
            for (ordinal, stored) in ordinals.zip(column.values(len)) {
                let value = if stored == null { None } else { T::of(stored) };
                result = each(result, ordinal, value);
            }
        }
        result
    }

    /// Every record with its value, ascending by ordinal. [`Column::for_each`] is somewhat faster.
    pub fn iter(&self) -> impl Iterator<Item = (Ordinal, Option<T>)> + use<'s, T> {
        let this = *self;
        (0..this.records.num_pages()).flat_map(move |number| {
            let mut page = Values::new(T::kind().0);
            page.read(this.records, number, this.field, T::kind().0);
            page.fold(Vec::with_capacity(1 << PAGE_BITS), &mut |mut all, ordinal, value| {
                all.push((ordinal, value));
                all
            })
        })
    }
}

/// The values of a page.
struct Values {
    first: u32,
    slots: SlotBits,
    /// By slot. Null is what stands for it in the widest field.
    values: Box<[u64; 1 << PAGE_BITS]>,
    null: u64,
}

impl Values {
    fn new(kind: FieldKind) -> Self {
        Self {
            first: 0,
            slots: NO_SLOTS,
            values: Box::new([0; 1 << PAGE_BITS]),
            null: kind.null(64),
        }
    }

    fn read(&mut self, records: &Records<Objects>, number: u32, field: usize, kind: FieldKind) {
        self.first = number << PAGE_BITS;
        self.slots = records.slots(number);
        let page = records.pages.get(number);
        if let Some((page, len)) = page.and_then(|page| Some((page, page.positions_are_slots()?))) {
            match page.column(field, kind) {
                Some(column) => self
                    .values
                    .iter_mut()
                    .zip(column.values(len))
                    .for_each(|(to, value)| *to = value),
                None => self.values.fill(self.null),
            }
        } else {
            for slot in iter_bits(&self.slots) {
                let record = records.below(number, slot);
                let value = record.and_then(|record| record.value_of(field, kind));
                self.values[slot as usize] = value.unwrap_or(self.null);
            }
        }
        for &entry in records.overlays.get(number).map_or(&[][..], |overlay| overlay) {
            let record = overlay::place_of(entry).and_then(|place| records.log.get(place));
            let value = record.and_then(|(block, position)| block.value(position, field, kind));
            self.values[overlay::slot_of(entry) as usize] = value.unwrap_or(self.null);
        }
    }

    #[inline]
    fn fold<A, T: ColumnValue>(&self, start: A, each: &mut impl FnMut(A, Ordinal, Option<T>) -> A) -> A {
        let null = self.null;
        let value = |stored: u64| if stored == null { None } else { T::of(stored) };
        let mut result = start;
        let mut add = |result: A, slot: u32, stored: u64| match Ordinal::new(self.first + slot) {
            Some(ordinal) => each(result, ordinal, value(stored)),
            None => result,
        };
        for slot in iter_bits(&self.slots) {
            let stored = self.values.get(slot as usize).copied().unwrap_or(null);
            result = add(result, slot, stored);
        }
        result
    }
}
