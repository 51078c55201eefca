//! A state as the model has it: tables of root types.

use super::key::KeyParts;
use super::read::{At, Bound};
use super::{Keyed, Model, ModelError, Record};
use crate::Ordinal;
use crate::index::UniqueKey;
use crate::read::ReadState;
use crate::schema::SchemaError;
use std::any;
use std::marker::PhantomData;
use std::sync::OnceLock;

/// One state, read by the types of a [`Model`]. Accessors borrow from it.
///
/// Made once for each state, by [`Model::bind`]; share it by `Arc`. It holds the state.
#[derive(Debug)]
pub struct TypedState {
    model: Model,
    bound: Bound,
    /// The index of each type by its primary key, looked for or built when first asked for.
    keys: Box<[OnceLock<Result<UniqueKey, SchemaError>>]>,
}

impl TypedState {
    pub(super) fn new(model: Model, bound: Bound) -> Self {
        let keys = model.types.iter().map(|_| OnceLock::new()).collect();
        Self { model, bound, keys }
    }

    /// A state with one root type. For many states make the [`Model`] once.
    ///
    /// # Errors
    /// As [`Model::of`] and [`Model::bind`].
    pub fn of<T: Record>(state: &ReadState) -> Result<Self, ModelError> {
        Model::of::<T>()?.bind(state)
    }

    /// The records of a type of the model.
    ///
    /// # Errors
    /// [`ModelError::NotInModel`].
    pub fn table<T: Record>(&self) -> Result<Table<'_, T>, ModelError> {
        let plan = self.model.position::<T>();
        let plan = plan.ok_or(ModelError::NotInModel(any::type_name::<T>()))?;
        Ok(Table {
            state: self,
            plan,
            record: PhantomData,
        })
    }

    /// The state.
    pub fn state(&self) -> &ReadState {
        &self.bound.state
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }
}

/// The records of one type in one state. A copy costs nothing.
pub struct Table<'s, T> {
    state: &'s TypedState,
    plan: usize,
    record: PhantomData<fn() -> T>,
}

impl<'s, T: Record> Table<'s, T> {
    /// How many records there are.
    pub fn len(self) -> usize {
        self.at(None).plan.records.as_ref().map_or(0, |records| records.len())
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// All records, by ascending ordinal.
    pub fn iter(self) -> impl Iterator<Item = T::Ref<'s>> + 's {
        let at = self.at(None);
        let ordinals = at.plan.records.iter().flat_map(|records| records.populated());
        ordinals.map(move |ordinal| {
            T::view_record(At {
                ordinal: Some(ordinal),
                ..at
            })
        })
    }

    /// The record with this ordinal.
    pub fn record(self, ordinal: Ordinal) -> Option<T::Ref<'s>> {
        let at = self.at(Some(ordinal));
        let records = at.plan.records.as_ref()?;
        records.is_populated(ordinal).then(|| T::view_record(at))
    }

    /// The record with this primary key.
    ///
    /// Found by the index of [`Table::index`]: the one that the state has, or one that is built by the first call.
    pub fn get(self, key: T::Key<'_>) -> Option<T::Ref<'s>>
    where
        T: Keyed,
    {
        let index = self.index().ok()?;
        let ordinal = key.with(|key| index.find(&self.state.bound.state, key))?;
        Some(T::view_record(self.at(Some(ordinal))))
    }

    /// The index behind [`Table::get`]. If an index on the primary key of this type is declared for the state
    /// ([`ReadState::with_indexes`], [`ConsumerBuilder::index`](crate::consumer::ConsumerBuilder::index)) it is that one,
    /// which costs nothing more and follows deltas. If not, one is built by the first who asks, which reads all keys of
    /// the type, for each state anew: ask when the state is new, not when the first request waits for it.
    ///
    /// # Errors
    /// [`SchemaError`] if the data does not have the fields of the key: a model whose key fields are all required finds
    /// that out when it is bound.
    pub fn index(self) -> Result<&'s UniqueKey, SchemaError>
    where
        T: Keyed,
    {
        let index = self.state.keys[self.plan].get_or_init(|| {
            let (state, name) = (&self.state.bound.state, &self.state.model.types[self.plan].name);
            match state.unique_key_on(name, T::PRIMARY_KEY)? {
                Some(declared) => Ok(declared.clone()), // which shares all of it
                None => UniqueKey::build_on(state, name, T::PRIMARY_KEY),
            }
        });
        index.as_ref().map_err(SchemaError::clone)
    }

    /// The name of the type.
    pub fn name(self) -> &'s str {
        &self.state.model.types[self.plan].name
    }

    pub(super) fn state(self) -> &'s TypedState {
        self.state
    }

    pub(super) fn at(self, ordinal: Option<Ordinal>) -> At<'s> {
        let bound = &self.state.bound;
        At {
            bound,
            plan: &bound.plans[self.plan],
            ordinal,
        }
    }
}

impl<T> Clone for Table<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Table<'_, T> {}

impl<T> std::fmt::Debug for Table<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({})", self.state.model.types[self.plan].name)
    }
}
