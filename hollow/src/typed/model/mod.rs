//! What Rust types say about a dataset: its types, in the order in which a producer registers them.

mod builder;
#[cfg(test)]
mod tests;

pub use builder::{FieldSpec, ModelBuilder, Naming, ObjectBuilder};

use super::{ModelError, Record, TypedState, bind};
use crate::read::{Filter, ReadState};
use crate::schema::{
    Dataset, Field, FieldType, HashKey, Kind, ListSchema, MapSchema, ObjectSchema, PrimaryKey, Schema, SetSchema,
};
use crate::write::{TypeId, WriteError, WriteStateEngine};
use std::any;
use std::sync::Arc;

/// The types of a dataset as Rust declares them: one or more root types and all they reach.
///
/// The schemas are those that Java Hollow's object mapper derives from the equivalent classes, in the same order.
///
/// ```
/// use hollow::typed::{Hollow, Model};
///
/// #[derive(Hollow)]
/// #[hollow(primary_key(id))]
/// struct Movie {
///     id: i64,
///     title: String,
///     #[hollow(inline)]
///     tagline: Option<String>,
///     genres: Vec<String>,
/// }
///
/// let model = Model::of::<Movie>()?;
/// let text: Vec<String> = model.dataset().schemas().iter().map(|schema| schema.to_string()).collect();
/// assert_eq!(text.join("\n"), "\
/// String {
/// \tstring value;
/// }
/// ListOfString List<String>;
/// Movie @PrimaryKey(id) {
/// \tlong id;
/// \tString title;
/// \tstring tagline;
/// \tListOfString genres;
/// }");
/// # Ok::<(), hollow::typed::ModelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) types: Arc<[TypeModel]>,
    pub(super) roots: Vec<usize>,
    dataset: Dataset,
}

/// A type of a model.
#[derive(Clone, Debug)]
pub(super) struct TypeModel {
    pub(super) name: String,
    pub(super) rust_id: any::TypeId,
    pub(super) rust_name: &'static str,
    pub(super) shape: Shape,
    /// The type may be missing from a state; then it has no records.
    pub(super) optional: bool,
}

/// What records of a type are made of. Other types are positions in the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Being declared.
    Pending {
        primary_key: &'static [&'static str],
    },
    Object {
        fields: Vec<FieldModel>,
        primary_key: &'static [&'static str],
    },
    List {
        element: usize,
    },
    Set {
        element: usize,
        hash_key: Vec<String>,
    },
    Map {
        key: usize,
        value: usize,
        hash_key: Vec<String>,
    },
}

/// A field of an object type of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldModel {
    pub(super) name: &'static str,
    pub(super) holds: Holds,
    /// The data need not have the field.
    pub(super) may_miss: bool,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A value in the record itself.
    Inline(FieldType),
    /// A record of the type at this position of the model.
    Reference(usize),
}

impl TypeModel {
    pub(super) fn kind(&self) -> Kind {
        match self.shape {
            Shape::Object { .. } | Shape::Pending { .. } => Kind::Object,
            Shape::List { .. } => Kind::List,
            Shape::Set { .. } => Kind::Set,
            Shape::Map { .. } => Kind::Map,
        }
    }

    /// What the only field holds, if the type merely names a value.
    pub(super) fn wrapped(&self) -> Option<&FieldType> {
        match &self.shape {
            Shape::Object { fields, .. } => match fields.as_slice() {
                [
                    FieldModel {
                        holds: Holds::Inline(ty),
                        ..
                    },
                ] => Some(ty),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Model {
    /// The model of one root type.
    ///
    /// # Errors
    /// [`ModelError`] if two of the types that it reaches do not go together.
    pub fn of<T: Record>() -> Result<Self, ModelError> {
        Self::builder().root::<T>()?.build()
    }

    /// Begins a model with several root types.
    pub fn builder() -> ModelBuilder {
        ModelBuilder::default()
    }

    /// The schemas, each after those it refers to (types that refer to each other in a circle: as they were reached).
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The names of the root types.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(|&root| self.types[root].name.as_str())
    }

    /// Registers the types with an engine.
    ///
    /// # Errors
    /// [`WriteError`] if the engine has one of the types, or is writing.
    pub fn add_types(&self, engine: &mut WriteStateEngine) -> Result<Vec<TypeId>, WriteError> {
        let schemas = self.dataset.schemas().iter();
        schemas.map(|schema| engine.add_type(schema.clone(), None)).collect()
    }

    /// Keeps of a state what the model has: its types and fields.
    pub fn filter(&self) -> Filter {
        let mut filter = Filter::nothing();
        for ty in self.types.iter() {
            filter = match &ty.shape {
                Shape::Object { fields, .. } if !fields.is_empty() => {
                    let fields = fields.iter();
                    fields.fold(filter, |filter, field| filter.with_field(&ty.name, field.name))
                }
                _ => filter.with_type(&ty.name),
            };
        }
        filter
    }

    /// The records of a state as Rust types. Compares the schemas and looks at no record: some microseconds for a few types,
    /// once for a state or once for a request.
    ///
    /// # Errors
    /// [`ModelError`] if the state does not have what the model asks for; says what was expected and found where.
    pub fn bind(&self, state: &ReadState) -> Result<TypedState, ModelError> {
        bind::bind(self, state)
    }

    pub(super) fn position<T: Record>(&self) -> Option<usize> {
        let (id, roots) = (any::TypeId::of::<T>(), self.roots.iter());
        let is_it = |&at: &usize| self.types[at].rust_id == id;
        roots.copied().find(is_it).or_else(|| (0..self.types.len()).find(is_it))
    }
}

/// The schemas of finished types.
fn schema_of(types: &[TypeModel], at: usize) -> Schema {
    let name = |at: usize| types[at].name.clone();
    let ty = &types[at];
    match &ty.shape {
        Shape::Pending { .. } => Schema::Object(ObjectSchema {
            name: name(at),
            fields: Vec::new(),
            primary_key: None,
        }),
        Shape::Object { fields, primary_key } => Schema::Object(ObjectSchema {
            name: name(at),
            fields: fields
                .iter()
                .map(|field| Field {
                    name: field.name.to_owned(),
                    ty: match &field.holds {
                        Holds::Inline(ty) => ty.clone(),
                        Holds::Reference(at) => FieldType::Reference(name(*at)),
                    },
                })
                .collect(),
            primary_key: PrimaryKey::new(primary_key.iter().copied()),
        }),
        Shape::List { element } => Schema::List(ListSchema {
            name: name(at),
            element: name(*element),
        }),
        Shape::Set { element, hash_key } => Schema::Set(SetSchema {
            name: name(at),
            element: name(*element),
            hash_key: HashKey::new(hash_key),
        }),
        Shape::Map { key, value, hash_key } => Schema::Map(MapSchema {
            name: name(at),
            key: name(*key),
            value: name(*value),
            hash_key: HashKey::new(hash_key),
        }),
    }
}
