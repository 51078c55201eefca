//! A field of all records, read page by page.
//!
//! What a point accessor finds out for each record (which page, where the field is in it) is found out once a page here.

use super::kind::Objects;
use super::object_block::FieldKind;
use super::overlay;
use super::records::Records;
use super::slots::{PAGE_BITS, iter_bits};
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
        for number in 0..self.records.num_pages() {
            self.page(number, &mut each);
        }
    }

    /// Starts with `start` and goes on with every record, ascending by ordinal.
    #[inline]
    pub fn fold<A>(&self, start: A, mut each: impl FnMut(A, Ordinal, Option<T>) -> A) -> A {
        let mut result = Some(start);
        self.for_each(|ordinal, value| {
            if let Some(so_far) = result.take() {
                result = Some(each(so_far, ordinal, value));
            }
        });
        result.expect("put back each time")
    }

    /// Every record with its value, ascending by ordinal. Reads a page at a time; [`Column::for_each`] is faster.
    pub fn iter(&self) -> impl Iterator<Item = (Ordinal, Option<T>)> + use<'s, T> {
        let this = *self;
        (0..this.records.num_pages()).flat_map(move |number| {
            let mut page = Vec::with_capacity(1 << PAGE_BITS);
            this.page(number, &mut |ordinal, value| page.push((ordinal, value)));
            page
        })
    }

    #[inline]
    fn page(&self, number: u32, each: &mut impl FnMut(Ordinal, Option<T>)) {
        let Some(page) = self.records.plain_page(number) else {
            return self.mixed_page(number, each);
        };
        let Some(len) = page.leading_only() else {
            return self.mixed_page(number, each);
        };
        let first = number << PAGE_BITS;
        let Some(column) = page.column(self.field, T::kind().0) else {
            let ordinals = (first..first + len).filter_map(Ordinal::new);
            return ordinals.for_each(|ordinal| each(ordinal, None));
        };
        column.leading(len, |slot, stored| {
            if let Some(ordinal) = Ordinal::new(first + slot) {
                each(ordinal, stored.and_then(T::of));
            }
        });
    }

    /// A page with holes, or with an overlay, or of a mapped file.
    #[inline(never)]
    fn mixed_page(&self, number: u32, each: &mut impl FnMut(Ordinal, Option<T>)) {
        let (kind, records) = (T::kind().0, self.records);
        let page = records.pages.get(number);
        let column = page.and_then(|page| page.column(self.field, kind));
        let mut over = records.overlays.get(number).map_or(&[][..], |overlay| overlay);
        let slots = records.slots(number);
        for slot in iter_bits(&slots) {
            while over.first().is_some_and(|&entry| overlay::slot_of(entry) < slot) {
                over = &over[1..];
            }
            let place = match over.first() {
                Some(&entry) if overlay::slot_of(entry) == slot => overlay::place_of(entry),
                _ => None,
            };
            let stored = match (place, page) {
                (Some(place), _) => {
                    let record = records.log.get(place);
                    record.and_then(|(block, spot)| block.value(spot, self.field, kind))
                }
                (None, Some(page)) => column.zip(page.spot(slot)).and_then(|(column, spot)| column.value(spot)),
                (None, None) => {
                    let record = records.below(number, slot);
                    record.and_then(|record| record.value_of(self.field, kind))
                }
            };
            if let Some(ordinal) = Ordinal::new((number << PAGE_BITS) + slot) {
                each(ordinal, stored.and_then(T::of));
            }
        }
    }
}
