//! Single records taken from a state into an engine, with all they refer to.

use super::{Copier, HashPositions};
use crate::Ordinal;
use crate::read::{ReadState, TypeReadState};
use crate::schema::FieldType;
use crate::write::{TypeId, WriteError, WriteStateEngine};
use std::collections::{HashMap, HashSet};

/// Why a record cannot be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The engine does not take it.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A reference leads nowhere.
    #[error(
        "a reference leads to a record that is not there, from type={from} ordinal={record} to type={to} ordinal={missing}"
    )]
    Dangling {
        /// The type of the record that refers.
        from: String,
        /// Its ordinal.
        record: Ordinal,
        /// The type referred to.
        to: String,
        /// The ordinal without a record.
        missing: Ordinal,
    },
    /// The record refers to itself, be it by way of others: it has no place in a state where children come first.
    #[error("the record refers to itself, type={type_name} ordinal={record}")]
    Circular {
        /// The type.
        type_name: String,
        /// The record.
        record: Ordinal,
    },
    /// The record, or one it refers to, is not there.
    #[error("there is no such record, type={type_name} ordinal={record}")]
    NoRecord {
        /// The type.
        type_name: String,
        /// The ordinal.
        record: Ordinal,
    },
}

/// Copies records of one state into an engine, children first, each record once. The engine gives the ordinals: records
/// that are the same become one, also with records copied from other states before.
///
/// Schemas may differ: fields go by name. Buckets are computed anew, NaN stays NaN.
pub struct RecordCopier<'s> {
    state: &'s ReadState,
    types: HashMap<&'s str, Copied<'s>>,
}

/// What was copied of a type.
struct Copied<'s> {
    from: &'s TypeReadState,
    copier: Copier<'s>,
    id: TypeId,
    places: HashMap<u32, Ordinal>,
}

impl<'s> RecordCopier<'s> {
    /// From a state into an engine; the same engine is to be given with every record. Types that the engine does not have
    /// cannot be copied.
    ///
    /// # Errors
    /// [`WriteError::CannotRestore`] if kinds or field types differ.
    pub fn new(state: &'s ReadState, engine: &WriteStateEngine) -> Result<Self, WriteError> {
        let mut types = HashMap::new();
        for from in state.types() {
            let (Some(id), Some(schema)) = (engine.type_id(from.name()), engine.dataset().get(from.name())) else {
                continue;
            };
            let copier =
                Copier::new(from, schema, HashPositions::AsAdded).map_err(|why| WriteError::CannotRestore {
                    type_name: from.name().to_owned(),
                    why,
                })?;
            let copied = Copied {
                from,
                copier,
                id,
                places: HashMap::new(),
            };
            types.insert(from.name(), copied);
        }
        Ok(Self { state, types })
    }

    /// Says where a record is that is not to be copied because the engine has one in its place.
    pub fn is_at(&mut self, type_name: &str, record: Ordinal, place: Ordinal) {
        if let Some(ty) = self.types.get_mut(type_name) {
            ty.places.insert(record.get(), place);
        }
    }

    /// Copies a record and all it refers to; gives the ordinal it has in the engine. A record that was copied before is
    /// part of the cycle, but not copied again. Does not recurse: records may be nested as deep as they like.
    ///
    /// # Errors
    /// [`CopyError`]. What was copied before stays.
    pub fn copy(
        &mut self,
        engine: &mut WriteStateEngine,
        type_name: &str,
        record: Ordinal,
    ) -> Result<Ordinal, CopyError> {
        self.copy_with(engine, type_name, record, &mut |_, _| None)
    }

    /// As [`RecordCopier::copy`], asking for each record that is to be added whether the engine has one in its place
    /// already, by type and ordinal in the state.
    ///
    /// # Errors
    /// As [`RecordCopier::copy`].
    pub fn copy_with(
        &mut self,
        engine: &mut WriteStateEngine,
        type_name: &str,
        record: Ordinal,
        in_place: &mut dyn FnMut(&str, Ordinal) -> Option<Ordinal>,
    ) -> Result<Ordinal, CopyError> {
        let no_record = |type_name: &str, record| CopyError::NoRecord {
            type_name: type_name.to_owned(),
            record,
        };
        let root = self.name_of(type_name).ok_or_else(|| no_record(type_name, record))?;
        let mut waiting: Vec<(&'s str, Ordinal)> = vec![(root, record)];
        let mut begun: HashSet<(&'s str, u32)> = HashSet::new();
        while let Some(&(name, ordinal)) = waiting.last() {
            if self.place(name, ordinal).is_some() {
                waiting.pop();
                continue;
            }
            if let Some(place) = in_place(name, ordinal) {
                self.is_at(name, ordinal, place);
                continue;
            }
            let before = waiting.len();
            self.push_children(name, ordinal, &mut waiting)?;
            if waiting.len() == before {
                let place = self.add(engine, name, ordinal)?;
                self.is_at(name, ordinal, place);
                begun.remove(&(name, ordinal.get()));
            } else if !begun.insert((name, ordinal.get())) {
                let type_name = name.to_owned();
                return Err(CopyError::Circular {
                    type_name,
                    record: ordinal,
                });
            }
        }
        self.place(root, record).ok_or_else(|| no_record(type_name, record))
    }

    fn name_of(&self, type_name: &str) -> Option<&'s str> {
        self.types.get_key_value(type_name).map(|(name, _)| *name)
    }

    /// Where a record of the state is in the engine, if it was copied.
    pub fn place(&self, type_name: &str, record: Ordinal) -> Option<Ordinal> {
        self.types.get(type_name)?.places.get(&record.get()).copied()
    }

    /// Appends what a record refers to and is not copied yet.
    fn push_children(
        &self,
        name: &'s str,
        record: Ordinal,
        waiting: &mut Vec<(&'s str, Ordinal)>,
    ) -> Result<(), CopyError> {
        let Some(ty) = self.types.get(name).filter(|ty| ty.from.is_populated(record)) else {
            let type_name = name.to_owned();
            return Err(CopyError::NoRecord { type_name, record });
        };
        let mut push = |to: &str, ordinal: Ordinal| {
            let is_there = self.state.ty(to).is_some_and(|ty| ty.is_populated(ordinal));
            match self.name_of(to).filter(|_| is_there) {
                Some(to) if self.place(to, ordinal).is_none() => waiting.push((to, ordinal)),
                Some(_) => {}
                None => {
                    return Err(CopyError::Dangling {
                        from: name.to_owned(),
                        record,
                        to: to.to_owned(),
                        missing: ordinal,
                    });
                }
            }
            Ok(())
        };
        match ty.from {
            TypeReadState::Object(object) => {
                for (at, field) in object.schema().fields.iter().enumerate() {
                    // A field that the engine does not have refers to nothing there.
                    let is_kept = ty.copier.keeps(at);
                    if let (FieldType::Reference(to), Some(ordinal), true) =
                        (&field.ty, object.reference(record, at), is_kept)
                    {
                        push(to, ordinal)?;
                    }
                }
            }
            TypeReadState::List(list) => {
                for ordinal in list.elements(record) {
                    push(&list.schema().element, ordinal)?;
                }
            }
            TypeReadState::Set(set) => {
                for ordinal in set.elements(record) {
                    push(&set.schema().element, ordinal)?;
                }
            }
            TypeReadState::Map(map) => {
                for (key, value) in map.entries(record) {
                    push(&map.schema().key, key)?;
                    push(&map.schema().value, value)?;
                }
            }
        }
        Ok(())
    }

    /// Adds a record whose children are there.
    fn add(&self, engine: &mut WriteStateEngine, name: &str, record: Ordinal) -> Result<Ordinal, CopyError> {
        let Some(ty) = self.types.get(name) else {
            let type_name = name.to_owned();
            return Err(CopyError::NoRecord { type_name, record });
        };
        let mut bytes = Vec::new();
        let moves = |to: &str, ordinal: Ordinal| self.place(to, ordinal).unwrap_or(ordinal);
        ty.copier.serialize_moved(record, &moves, &mut bytes);
        Ok(engine.add_record(ty.id, &bytes)?)
    }
}

impl std::fmt::Debug for RecordCopier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordCopier")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
