//! Sets: `HashSet`, `BTreeSet`, and [`RecordSet`] for elements that are neither hashed nor ordered.

use super::HasElements;
use crate::__hollow_reference_field;
use crate::Ordinal;
use crate::record::KeyValue;
use crate::typed::key::{KeyOf, KeyParts, Own, find_entry};
use crate::typed::read::{At, Budget};
use crate::typed::write::Writer;
use crate::typed::{Field, ModelBuilder, ModelError, Naming, NoKey, ReadError, Record};
use crate::write::WriteError;
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

/// A set by its elements alone, in any order: for elements that are neither `Hash` nor `Ord`, such as those with floating
/// point numbers. Elements that are one record are written once.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordSet<T>(pub Vec<T>);

impl<T> RecordSet<T> {
    /// The elements.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<T> Default for RecordSet<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<T> for RecordSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

/// A field that is a set, and so can have a hash key.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "#[hollow(hash_key)] needs a set or map",
    label = "cannot have a hash key",
    note = "lists keep their order and have no buckets; use HashSet, BTreeSet, HashMap, BTreeMap, RecordSet or RecordMap"
)]
pub trait SetLike: Field {
    /// What its hash key begins at: an element, or a key of a map.
    type Hashed: Record;
    /// Its view, asked by other keys.
    type By<'s, K: KeyOf>
    where
        Self: 's;
    /// Makes it so.
    fn by<'s, K: KeyOf>(view: Self::View<'s>) -> Self::By<'s, K>
    where
        Self: 's;
}

macro_rules! set {
    ([$($generics:tt)*] $ty:ty, $element:ident, $from:expr, iter = $iter:expr) => {
        impl<$($generics)*> Record for $ty {
            type Ref<'s> = SetRef<'s, $element>;

            fn declare_record(model: &mut ModelBuilder, naming: &Naming) -> Result<usize, ModelError> {
                model.set::<Self, $element>(naming)
            }

            fn write_record(&self, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError> {
                let iter = $iter;
                writer.set(plan, iter(self))
            }

            fn view_record(at: At<'_>) -> SetRef<'_, $element> {
                SetRef {
                    at,
                    types: PhantomData,
                }
            }

            fn own_record(at: At<'_>, budget: &mut Budget) -> Result<Self, ReadError> {
                at.require()?;
                budget.enter()?;
                let set = Self::view_record(at).records().map(|element| <$element as Record>::own_record(element, budget));
                let set = set.collect::<Result<_, _>>()?;
                budget.leave();
                Ok(set)
            }
        }

        __hollow_reference_field!([$($generics)*] $ty, key = NoKey, push_key = |_, _| ());

        impl<$($generics)*> HasElements for $ty {}

        impl<$($generics)*> SetLike for $ty {
            type Hashed = $element;
            type By<'s, K: KeyOf> = SetRef<'s, $element, K>;

            fn by<'s, K: KeyOf>(view: SetRef<'s, $element>) -> SetRef<'s, $element, K>
            where
                Self: 's,
            {
                SetRef {
                    at: view.at,
                    types: PhantomData,
                }
            }
        }
    };
}
set!([T: Record + Eq + Hash, S: BuildHasher + Default + 'static] HashSet<T, S>, T, HashSet, iter = HashSet::iter);
set!([T: Record + Ord] BTreeSet<T>, T, BTreeSet, iter = BTreeSet::iter);
set!([T: Record] RecordSet<T>, T, RecordSet, iter = RecordSet::iter);

impl<T: SetLike> SetLike for Option<T> {
    type Hashed = T::Hashed;
    type By<'s, K: KeyOf> = Option<T::By<'s, K>>;

    fn by<'s, K: KeyOf>(view: Option<T::View<'s>>) -> Option<T::By<'s, K>>
    where
        Self: 's,
    {
        view.map(T::by)
    }
}

/// A set in a state, asked by its hash key `K`. The set that stands for null is empty.
pub struct SetRef<'s, T, K = Own<T>> {
    at: At<'s>,
    types: PhantomData<fn() -> (T, K)>,
}

impl<'s, T: Record, K: KeyOf> SetRef<'s, T, K> {
    /// How many elements there are.
    pub fn len(self) -> usize {
        self.at.set().map_or(0, |(sets, ordinal)| sets.len_of(ordinal))
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The elements, in no order to rely on. Does not allocate.
    pub fn iter(self) -> impl Iterator<Item = T::Ref<'s>> + 's {
        self.records().map(T::view_record)
    }

    /// The element with this hash key: the key declared with `hash_key(..)`, or else the element's primary key or single
    /// field. `None` for data without such a key.
    ///
    /// Looks at an element or two, however many there are, if that is the hash key in the data as well; if not, at one
    /// after the other.
    pub fn find(self, key: K::Key<'_>) -> Option<T::Ref<'s>> {
        key.with(|key| self.find_record(key)).map(T::view_record)
    }

    /// Whether there is an element with this hash key; see [`SetRef::find`].
    pub fn contains(self, key: K::Key<'_>) -> bool {
        key.with(|key| self.find_record(key)).is_some()
    }

    /// The set's ordinal; `None` if it stands for null.
    pub fn ordinal(self) -> Option<Ordinal> {
        self.at.ordinal
    }

    fn find_record(self, key: &[KeyValue]) -> Option<At<'s>> {
        let (sets, ordinal) = self.at.set()?;
        let (plan, state) = (self.at.plan, &self.at.bound.state);
        let found = match &plan.by_bucket {
            Some(lookup) => lookup.find_element(state, ordinal, key),
            None => find_entry(plan, key, state, sets.elements(ordinal), |element| element),
        };
        Some(self.at.element(0, found?))
    }

    fn records(self) -> impl Iterator<Item = At<'s>> + 's {
        let of = self.at;
        let ordinals = of.set().into_iter().flat_map(|(sets, ordinal)| sets.elements(ordinal));
        ordinals.map(move |ordinal| of.element(0, ordinal))
    }
}

super::views_are_copy!(SetRef[T, K]);
