//! Lists: `Vec`.

use super::HasElements;
use crate::__hollow_reference_field;
use crate::Ordinal;
use crate::typed::read::{At, Budget};
use crate::typed::write::Writer;
use crate::typed::{ModelBuilder, ModelError, Naming, NoKey, ReadError, Record};
use crate::write::WriteError;
use std::marker::PhantomData;

impl<T: Record> Record for Vec<T> {
    type Ref<'s> = ListRef<'s, T>;

    fn declare_record(model: &mut ModelBuilder, naming: &Naming) -> Result<usize, ModelError> {
        model.list::<Self, T>(naming)
    }

    fn write_record(&self, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError> {
        writer.list(plan, self.iter())
    }

    fn view_record(at: At<'_>) -> ListRef<'_, T> {
        ListRef {
            at,
            elements: PhantomData,
        }
    }

    fn own_record(at: At<'_>, budget: &mut Budget) -> Result<Self, ReadError> {
        at.require()?;
        budget.enter()?;
        let list = Self::view_record(at)
            .records()
            .map(|element| T::own_record(element, budget));
        let list = list.collect::<Result<_, _>>()?;
        budget.leave();
        Ok(list)
    }
}

__hollow_reference_field!([T: Record] Vec<T>, key = NoKey, push_key = |_, _| ());

impl<T: Record> HasElements for Vec<T> {}

/// A list in a state. The list that stands for null is empty.
pub struct ListRef<'s, T> {
    at: At<'s>,
    elements: PhantomData<fn() -> T>,
}

impl<'s, T: Record> ListRef<'s, T> {
    /// How many elements there are.
    pub fn len(self) -> usize {
        self.at.list().map_or(0, |(lists, ordinal)| lists.len_of(ordinal))
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The elements, in order. Does not allocate.
    pub fn iter(self) -> impl Iterator<Item = T::Ref<'s>> + 's {
        self.records().map(T::view_record)
    }

    /// The element at this index. Walks over those before it.
    pub fn get(self, index: usize) -> Option<T::Ref<'s>> {
        self.iter().nth(index)
    }

    /// The list's ordinal; `None` if it stands for null.
    pub fn ordinal(self) -> Option<Ordinal> {
        self.at.ordinal
    }

    fn records(self) -> impl Iterator<Item = At<'s>> + 's {
        let of = self.at;
        let ordinals = of
            .list()
            .into_iter()
            .flat_map(|(lists, ordinal)| lists.elements(ordinal));
        ordinals.map(move |ordinal| of.element(0, ordinal))
    }
}

super::views_are_copy!(ListRef[T]);
