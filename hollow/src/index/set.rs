//! The indexes of a state.

use super::spec::{By, IndexError, IndexSpec, Refusal};
use super::{HashIndex, HashView, KeyView, SortedIndex, SortedView, UniqueKey};
use crate::read::{Derived, ReadState};
use crate::schema::SchemaError;
use std::any::Any;
use std::sync::Arc;

/// The indexes that belong to one state.
#[derive(Clone, Debug, Default)]
struct Indexes {
    slots: Vec<Slot>,
}

#[derive(Clone, Debug)]
struct Slot {
    spec: Arc<IndexSpec>,
    index: Result<Index, Refusal>,
}

#[derive(Clone, Debug)]
pub(super) enum Index {
    UniqueKey(UniqueKey),
    Hash(HashIndex),
    Sorted(SortedIndex),
}

impl Index {
    fn build(state: &ReadState, spec: &IndexSpec) -> Result<Self, Refusal> {
        Ok(match Self::empty(state, spec)? {
            Self::UniqueKey(index) => Self::UniqueKey(index.rebuilt(state)),
            Self::Hash(index) => Self::Hash(index.rebuilt(state)?),
            Self::Sorted(index) => Self::Sorted(index.rebuilt(state)),
        })
    }

    /// The index with its paths resolved, without any records.
    pub(super) fn empty(state: &ReadState, spec: &IndexSpec) -> Result<Self, Refusal> {
        let ty = &spec.type_name;
        Ok(match &spec.by {
            By::PrimaryKey => Self::UniqueKey(UniqueKey::empty(state, ty, None)?),
            By::Key(paths) => Self::UniqueKey(UniqueKey::empty(state, ty, Some(&strs(paths)))?),
            By::Hash {
                paths,
                select,
                max_entries,
            } => {
                let select = select.as_deref();
                Self::Hash(HashIndex::empty(
                    state.dataset(),
                    ty,
                    &strs(paths),
                    select,
                    *max_entries,
                )?)
            }
            By::Sorted(path) => Self::Sorted(SortedIndex::empty(state, ty, path)?),
        })
    }

    fn next(&self, before: &ReadState, after: &ReadState) -> Result<Self, Refusal> {
        Ok(match self {
            Self::UniqueKey(index) => Self::UniqueKey(index.next(before, after)),
            Self::Hash(index) => Self::Hash(index.next(before, after)?),
            Self::Sorted(index) => Self::Sorted(index.next(before, after)),
        })
    }

    fn memory_bytes(&self) -> usize {
        match self {
            Self::UniqueKey(index) => index.memory_bytes(),
            Self::Hash(index) => index.memory_bytes(),
            Self::Sorted(index) => index.memory_bytes(),
        }
    }
}

fn strs(paths: &[String]) -> Vec<&str> {
    paths.iter().map(String::as_str).collect()
}

impl Indexes {
    fn of(state: &ReadState) -> Option<&Self> {
        let derived: &dyn Any = state.derived()?.as_ref();
        derived.downcast_ref()
    }
}

impl Derived for Indexes {
    fn next(&self, before: &ReadState, after: &ReadState) -> Arc<dyn Derived> {
        let slots = self.slots.iter().map(|slot| Slot {
            spec: Arc::clone(&slot.spec),
            // What was too much once may not be now.
            index: match &slot.index {
                Ok(index) => index.next(before, after),
                Err(Refusal::TooMany) => Index::build(after, &slot.spec),
                Err(refusal) => Err(refusal.clone()),
            },
        });
        Arc::new(Self { slots: slots.collect() })
    }

    fn memory_bytes(&self) -> usize {
        let built = self.slots.iter().filter_map(|slot| slot.index.as_ref().ok());
        built.map(Index::memory_bytes).sum()
    }
}

/// What an index is declared as, but for its name.
pub(super) fn declared(spec: &IndexSpec) -> String {
    format!("{} {:?}", spec.type_name, spec.by)
}

/// The indexes of a state that could be made, with what they are declared as.
pub(super) fn built(state: &ReadState) -> impl Iterator<Item = (String, &Index)> {
    let slots = Indexes::of(state).map(|indexes| indexes.slots.as_slice());
    let slots = slots.unwrap_or_default().iter();
    slots.filter_map(|slot| Some((declared(&slot.spec), slot.index.as_ref().ok()?)))
}

/// Indexes that are part of the state.
impl ReadState {
    /// The same state with these indexes, in place of all it has. Reads what they are made of.
    ///
    /// States made of this one by deltas have them too, each its own, at the cost of the changes. An index that does not
    /// fit the types of the state does no harm: asking for it says why.
    pub fn with_indexes<'a>(self, specs: impl IntoIterator<Item = &'a IndexSpec>) -> Self {
        self.with_indexes_by(specs, |_, _| None)
    }

    /// As [`ReadState::with_indexes`], with those that there are already.
    pub(super) fn with_indexes_by<'a>(
        self,
        specs: impl IntoIterator<Item = &'a IndexSpec>,
        mut known: impl FnMut(&Self, &IndexSpec) -> Option<Index>,
    ) -> Self {
        let slots = specs.into_iter().map(|spec| Slot {
            spec: Arc::new(spec.clone()),
            index: known(&self, spec).map_or_else(|| Index::build(&self, spec), Ok),
        });
        let indexes = Indexes { slots: slots.collect() };
        if indexes.slots.is_empty() {
            return self.with_derived(None);
        }
        self.with_derived(Some(Arc::new(indexes)))
    }

    /// The same state with one more index.
    pub fn with_index(self, spec: &IndexSpec) -> Self {
        let mut indexes = Indexes::of(&self).cloned().unwrap_or_default();
        indexes.slots.push(Slot {
            spec: Arc::new(spec.clone()),
            index: Index::build(&self, spec),
        });
        self.with_derived(Some(Arc::new(indexes)))
    }

    /// What is declared for this state, in the order of declaration.
    pub fn index_specs(&self) -> impl Iterator<Item = &IndexSpec> {
        let slots = Indexes::of(self).map(|indexes| indexes.slots.as_slice());
        slots.unwrap_or_default().iter().map(|slot| &*slot.spec)
    }

    /// The unique key index of this name. Take it once per state, not once per record.
    ///
    /// # Errors
    /// [`IndexError`] if there is none.
    pub fn unique_key(&self, name: &str) -> Result<KeyView<'_>, IndexError> {
        match self.index(name)? {
            (_, Index::UniqueKey(index)) => Ok(index.view(self)),
            (spec, _) => Err(other_kind(spec, "unique key")),
        }
    }

    /// The unique key index on these paths of a type, whatever its name, if one is declared and could be made.
    ///
    /// # Errors
    /// [`SchemaError`] if a path does not lead to a field.
    pub(crate) fn unique_key_on(&self, type_name: &str, paths: &[&str]) -> Result<Option<&UniqueKey>, SchemaError> {
        let paths = paths.iter().map(|path| self.dataset().resolve(type_name, path));
        let paths = paths.collect::<Result<Vec<_>, _>>()?;
        let slots = Indexes::of(self).map_or(&[][..], |indexes| &indexes.slots);
        Ok(slots.iter().find_map(|slot| match &slot.index {
            Ok(Index::UniqueKey(index)) => (index.paths() == paths).then_some(index),
            _ => None,
        }))
    }

    /// The hash index of this name. Take it once per state, not once per record.
    ///
    /// # Errors
    /// [`IndexError`] if there is none.
    pub fn hash_index(&self, name: &str) -> Result<HashView<'_>, IndexError> {
        match self.index(name)? {
            (_, Index::Hash(index)) => Ok(HashView { state: self, index }),
            (spec, _) => Err(other_kind(spec, "hash")),
        }
    }

    /// The sorted index of this name. Take it once per state, not once per record.
    ///
    /// # Errors
    /// [`IndexError`] if there is none.
    pub fn sorted_index(&self, name: &str) -> Result<SortedView<'_>, IndexError> {
        match self.index(name)? {
            (_, Index::Sorted(index)) => Ok(SortedView { state: self, index }),
            (spec, _) => Err(other_kind(spec, "sorted")),
        }
    }

    /// Bytes held by all indexes, those shared with indexes of other states included. Walks over their pages.
    pub fn index_memory_bytes(&self) -> usize {
        Indexes::of(self).map_or(0, Derived::memory_bytes)
    }

    /// Bytes held by an index, those shared with indexes of other states included. Walks over its pages.
    ///
    /// # Errors
    /// [`IndexError`] if there is no index of this name.
    pub fn memory_bytes_of_index(&self, name: &str) -> Result<usize, IndexError> {
        self.index(name).map(|(_, index)| index.memory_bytes())
    }

    fn index(&self, name: &str) -> Result<(&IndexSpec, &Index), IndexError> {
        let slots = Indexes::of(self).map_or(&[][..], |indexes| &indexes.slots);
        let Some(slot) = slots.iter().rfind(|slot| slot.spec.name == name) else {
            return Err(IndexError::Undeclared {
                name: name.to_owned(),
                declared: slots.iter().map(|slot| slot.spec.name.clone()).collect(),
            });
        };
        match &slot.index {
            Ok(index) => Ok((&slot.spec, index)),
            Err(refusal) => Err(refusal.clone().of(name)),
        }
    }
}

fn other_kind(spec: &IndexSpec, expected: &'static str) -> IndexError {
    IndexError::OtherKind {
        name: spec.name.clone(),
        expected,
        found: spec.by.kind(),
    }
}
