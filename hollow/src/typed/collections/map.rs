//! Maps: `HashMap`, `BTreeMap`, and [`RecordMap`] for keys that are neither hashed nor ordered.

use super::SetLike;
use crate::__hollow_reference_field;
use crate::Ordinal;
use crate::record::KeyValue;
use crate::typed::key::{KeyOf, KeyParts, Own, find_entry};
use crate::typed::read::{At, Budget};
use crate::typed::write::Writer;
use crate::typed::{ModelBuilder, ModelError, Naming, NoKey, ReadError, Record};
use crate::write::WriteError;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

/// A map by its entries alone, in any order: for keys that are neither `Hash` nor `Ord`. Two values for one key are
/// refused when it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordMap<K, V>(pub Vec<(K, V)>);

impl<K, V> RecordMap<K, V> {
    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

impl<K, V> Default for RecordMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> FromIterator<(K, V)> for RecordMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

/// A field that is a map, whose types of keys and values can be named.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "#[hollow(key_type)] and #[hollow(value_type)] need a map",
    label = "has no keys; of a list or set name element_type, any other type is named by type_name"
)]
pub trait MapLike {}

impl<T: MapLike> MapLike for Option<T> {}
impl<T: MapLike> MapLike for Box<T> {}
impl<T: MapLike> MapLike for std::sync::Arc<T> {}

macro_rules! map {
    ([$($generics:tt)*] $ty:ty, iter = $iter:expr) => {
        impl<$($generics)*> Record for $ty {
            type Ref<'s> = MapRef<'s, K, V>;

            fn declare_record(model: &mut ModelBuilder, naming: &Naming) -> Result<usize, ModelError> {
                model.map::<Self, K, V>(naming)
            }

            fn write_record(&self, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError> {
                let iter = $iter;
                writer.map(plan, iter(self))
            }

            fn view_record(at: At<'_>) -> MapRef<'_, K, V> {
                MapRef {
                    at,
                    types: PhantomData,
                }
            }

            fn own_record(at: At<'_>, budget: &mut Budget) -> Result<Self, ReadError> {
                at.require()?;
                budget.enter()?;
                let entries = Self::view_record(at).records();
                let entries = entries.map(|(key, value)| Ok((K::own_record(key, budget)?, V::own_record(value, budget)?)));
                let map = entries.collect::<Result<_, ReadError>>()?;
                budget.leave();
                Ok(map)
            }
        }

        __hollow_reference_field!([$($generics)*] $ty, key = NoKey, push_key = |_, _| ());

        impl<$($generics)*> MapLike for $ty {}

        impl<$($generics)*> SetLike for $ty {
            type Hashed = K;
            type By<'s, By: KeyOf> = MapRef<'s, K, V, By>;

            fn by<'s, By: KeyOf>(view: MapRef<'s, K, V>) -> MapRef<'s, K, V, By>
            where
                Self: 's,
            {
                MapRef {
                    at: view.at,
                    types: PhantomData,
                }
            }
        }
    };
}
map!([K: Record + Eq + Hash, V: Record, S: BuildHasher + Default + 'static] HashMap<K, V, S>, iter = HashMap::iter);
map!([K: Record + Ord, V: Record] BTreeMap<K, V>, iter = BTreeMap::iter);
map!([K: Record, V: Record] RecordMap<K, V>, iter = RecordMap::iter);

/// Types that a view knows but holds nothing of.
type Types<T> = PhantomData<fn() -> T>;

/// A map in a state, asked by its hash key `By`. The map that stands for null is empty.
pub struct MapRef<'s, K, V, By = Own<K>> {
    at: At<'s>,
    types: Types<(K, V, By)>,
}

impl<'s, K: Record, V: Record, By: KeyOf> MapRef<'s, K, V, By> {
    /// How many entries there are.
    pub fn len(self) -> usize {
        self.at.map().map_or(0, |(maps, ordinal)| maps.len_of(ordinal))
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Keys and values, in no order to rely on. Does not allocate.
    pub fn iter(self) -> impl Iterator<Item = (K::Ref<'s>, V::Ref<'s>)> + 's {
        self.records()
            .map(|(key, value)| (K::view_record(key), V::view_record(value)))
    }

    /// The keys, in no order to rely on.
    pub fn keys(self) -> impl Iterator<Item = K::Ref<'s>> + 's {
        self.records().map(|(key, _)| K::view_record(key))
    }

    /// The values, in no order to rely on.
    pub fn values(self) -> impl Iterator<Item = V::Ref<'s>> + 's {
        self.records().map(|(_, value)| V::view_record(value))
    }

    /// The value for this hash key: the key declared with `hash_key(..)`, or else the map key's primary key or single
    /// field. `None` for data without such a key.
    ///
    /// Looks at an entry or two, however many there are, if that is the hash key in the data as well; if not, at one after
    /// the other.
    pub fn get(self, key: By::Key<'_>) -> Option<V::Ref<'s>> {
        key.with(|key| self.find_record(key))
            .map(|(_, value)| V::view_record(value))
    }

    /// Whether there is an entry with this hash key; see [`MapRef::get`].
    pub fn contains_key(self, key: By::Key<'_>) -> bool {
        key.with(|key| self.find_record(key)).is_some()
    }

    /// The map's ordinal; `None` if it stands for null.
    pub fn ordinal(self) -> Option<Ordinal> {
        self.at.ordinal
    }

    fn find_record(self, key: &[KeyValue]) -> Option<(At<'s>, At<'s>)> {
        let (maps, ordinal) = self.at.map()?;
        let (plan, state) = (self.at.plan, &self.at.bound.state);
        let (key, value) = match &plan.by_bucket {
            Some(lookup) => lookup.find_entry(state, ordinal, key),
            None => find_entry(plan, key, state, maps.entries(ordinal), |(key, _)| key),
        }?;
        Some((self.at.element(0, key), self.at.element(1, value)))
    }

    fn records(self) -> impl Iterator<Item = (At<'s>, At<'s>)> + 's {
        let of = self.at;
        let entries = of.map().into_iter().flat_map(|(maps, ordinal)| maps.entries(ordinal));
        entries.map(move |(key, value)| (of.element(0, key), of.element(1, value)))
    }
}

super::views_are_copy!(MapRef[K, V, By]);
