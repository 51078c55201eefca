//! One of the two states, prepared for comparison.
//!
//! A [`Side`] knows the state's types by number, with references and keys resolved once. On this work the readings of a
//! record, in a file each:
//!
//! - `content`: a hash of everything the record says, remembered for each ordinal;
//! - `key`: its primary key, as a hash to match by and as values to show;
//! - `tree`: the whole record as a [`Node`](crate::tree::Node);
//! - `twins`: two records as trees that have only what can differ.
//!
//! All of them treat what is missing, or not populated, as null, and none fails: a damaged state gives poorer
//! answers, not errors. Records that contain themselves, which only damaged states have, are cut off.

mod content;
mod key;
mod tree;
mod twins;

pub(crate) use content::Seed;
pub(crate) use key::KeyPlan;
pub(crate) use twins::Twins;

use crate::tree::KeyPaths;
use hollow::Ordinal;
use hollow::read::{ListTypeState, MapTypeState, ObjectTypeState, ReadState, SetTypeState, TypeReadState};
use hollow::schema::{Dataset, FieldType, ObjectSchema, Schema};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// The number of a type within a side.
pub(crate) type TypeNumber = usize;

/// A state with its types resolved. See the module.
pub(crate) struct Side<'s> {
    pub(crate) state: &'s ReadState,
    types: Vec<Type<'s>>,
    numbers: HashMap<&'s str, TypeNumber>,
    contents: RefCell<content::Contents>,
}

struct Type<'s> {
    state: &'s TypeReadState,
    body: Body<'s>,
}

enum Body<'s> {
    Object {
        records: &'s ObjectTypeState,
        /// Sorted by name.
        fields: Vec<FieldPlan>,
        wraps: bool,
    },
    List {
        records: &'s ListTypeState,
        element: Option<TypeNumber>,
        key: Option<Arc<KeyPaths>>,
    },
    Set {
        records: &'s SetTypeState,
        element: Option<TypeNumber>,
        key: Option<Arc<KeyPaths>>,
    },
    Map {
        records: &'s MapTypeState,
        key: Option<TypeNumber>,
        value: Option<TypeNumber>,
    },
}

struct FieldPlan {
    name: Arc<str>,
    position: usize,
    holds: Holds,
}

/// What a field holds; the type of a reference is `None` if the state does not have it.
enum Holds {
    Value(FieldType),
    Reference(Option<TypeNumber>),
}

impl<'s> Side<'s> {
    pub(crate) fn new(state: &'s ReadState, seed: Seed) -> Self {
        let states: Vec<&TypeReadState> = state.types().collect();
        let numbers: HashMap<&str, TypeNumber> = states
            .iter()
            .enumerate()
            .map(|(number, ty)| (ty.schema().name(), number))
            .collect();
        let dataset = state.dataset();
        let types: Vec<Type<'s>> = states
            .iter()
            .map(|&state| Type {
                state,
                body: body(state, dataset, &numbers),
            })
            .collect();
        let contents = RefCell::new(content::Contents::new(seed, types.len()));
        Side {
            state,
            types,
            numbers,
            contents,
        }
    }

    /// The number of the type with this name.
    pub(crate) fn number(&self, name: &str) -> Option<TypeNumber> {
        self.numbers.get(name).copied()
    }

    /// The records of a type.
    pub(crate) fn records(&self, ty: TypeNumber) -> Option<&'s TypeReadState> {
        self.types.get(ty).map(|ty| ty.state)
    }

    fn body(&self, ty: TypeNumber) -> Option<&Body<'s>> {
        self.types.get(ty).map(|ty| &ty.body)
    }

    /// The record, if it is there.
    fn at(&self, ty: Option<TypeNumber>, ordinal: Option<Ordinal>) -> Option<(TypeNumber, Ordinal)> {
        let (ty, ordinal) = (ty?, ordinal?);
        self.types.get(ty)?.state.is_populated(ordinal).then_some((ty, ordinal))
    }

    /// Calls back for each record that this record refers to directly.
    pub(crate) fn for_each_child(&self, ty: TypeNumber, ordinal: Ordinal, mut f: impl FnMut(TypeNumber, Ordinal)) {
        let Some(ty) = self.types.get(ty) else { return };
        let mut visit = |ty: Option<TypeNumber>, ordinal: Option<Ordinal>| {
            if let Some((ty, ordinal)) = self.at(ty, ordinal) {
                f(ty, ordinal);
            }
        };
        match &ty.body {
            Body::Object { records, fields, .. } => {
                for field in fields {
                    if let Holds::Reference(to) = field.holds {
                        visit(to, records.reference(ordinal, field.position));
                    }
                }
            }
            Body::List { records, element, .. } => records.elements(ordinal).for_each(|o| visit(*element, Some(o))),
            Body::Set { records, element, .. } => records.elements(ordinal).for_each(|o| visit(*element, Some(o))),
            Body::Map { records, key, value } => records.entries(ordinal).for_each(|(k, v)| {
                visit(*key, Some(k));
                visit(*value, Some(v));
            }),
        }
    }
}

fn body<'s>(state: &'s TypeReadState, dataset: &Dataset, numbers: &HashMap<&str, TypeNumber>) -> Body<'s> {
    let number = |name: &str| numbers.get(name).copied();
    let schema = state.schema();
    match state {
        TypeReadState::Object(records) => {
            let mut fields: Vec<FieldPlan> = schema.as_object().map_or_else(Vec::new, |schema| {
                let plan = |(position, field): (usize, &hollow::schema::Field)| FieldPlan {
                    name: Arc::from(field.name.as_str()),
                    position,
                    holds: match &field.ty {
                        FieldType::Reference(name) => Holds::Reference(number(name)),
                        ty => Holds::Value(ty.clone()),
                    },
                };
                schema.fields.iter().enumerate().map(plan).collect()
            });
            fields.sort_by(|x, y| x.name.cmp(&y.name));
            let wraps = schema
                .as_object()
                .is_some_and(|object| object.wrapped_field().is_some());
            Body::Object { records, fields, wraps }
        }
        TypeReadState::List(records) => {
            let element = schema.references().first().copied().unwrap_or_default();
            Body::List {
                records,
                element: number(element),
                key: element_key(dataset, element, None),
            }
        }
        TypeReadState::Set(records) => {
            let element = schema.references().first().copied().unwrap_or_default();
            let hash_key = match schema {
                Schema::Set(set) => set.hash_key.as_ref().map(|key| key.paths()),
                _ => None,
            };
            Body::Set {
                records,
                element: number(element),
                key: element_key(dataset, element, hash_key),
            }
        }
        TypeReadState::Map(records) => {
            let references = schema.references();
            let at = |index: usize| references.get(index).and_then(|name| number(name));
            Body::Map {
                records,
                key: at(0),
                value: at(1),
            }
        }
    }
}

/// What identifies an element: its primary key, or else the hash key of the set. `None` for elements that are a single
/// value, and for keys that lead nowhere.
fn element_key(dataset: &Dataset, element: &str, hash_key: Option<&[String]>) -> Option<Arc<KeyPaths>> {
    let schema: &ObjectSchema = dataset.get(element)?.as_object()?;
    if schema.wrapped_field().is_some() {
        return None;
    }
    let paths = schema.primary_key.as_ref().map(|key| key.paths()).or(hash_key)?;
    let names = |path: &String| {
        let path = dataset.resolve(element, path).ok()?;
        Some(
            path.steps
                .iter()
                .map(|step| Arc::from(step.field_name.as_str()))
                .collect(),
        )
    };
    paths.iter().map(names).collect::<Option<KeyPaths>>().map(Arc::new)
}
