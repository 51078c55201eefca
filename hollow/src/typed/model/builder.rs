//! Putting a model together: what derived code calls.

use super::super::{Field, ModelError, Record};
use super::{FieldModel, Holds, Model, Shape, TypeModel, schema_of};
use crate::schema::{Dataset, FieldType};
use std::any;
use std::collections::HashMap;

/// Collects the types of a [`Model`].
#[derive(Debug, Default)]
pub struct ModelBuilder {
    types: Vec<TypeModel>,
    by_name: HashMap<String, usize>,
    /// Finished types, each after those it refers to.
    order: Vec<usize>,
    roots: Vec<usize>,
}

/// Names that a field gives to the types behind it, and the hash key it asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naming {
    /// The name of the type itself.
    pub type_name: Option<&'static str>,
    /// The name of the elements' type.
    pub element: Option<&'static str>,
    /// The name of the keys' type.
    pub key: Option<&'static str>,
    /// The name of the values' type.
    pub value: Option<&'static str>,
    /// The hash key; an empty one is none.
    pub hash_key: Option<&'static [&'static str]>,
}

impl Naming {
    /// Only a name.
    pub fn named(type_name: Option<&'static str>) -> Self {
        Self {
            type_name,
            ..Self::default()
        }
    }
}

/// A field, as derived code describes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct FieldSpec {
    /// Its name in the schema.
    pub name: &'static str,
    /// Whether it is marked `default`.
    pub default: bool,
    /// What it says about the types behind it.
    pub naming: Naming,
}

/// Collects the fields of one object type.
#[derive(Debug)]
pub struct ObjectBuilder<'m> {
    model: &'m mut ModelBuilder,
    fields: Vec<FieldModel>,
}

impl ObjectBuilder<'_> {
    /// Adds a field, after the types it refers to.
    ///
    /// # Errors
    /// Those of the types.
    pub fn field<T: Field, const FORM: u8>(&mut self, spec: FieldSpec) -> Result<(), ModelError> {
        let holds = T::declare::<FORM>(self.model, &spec.naming)?;
        self.fields.push(FieldModel {
            name: spec.name,
            holds,
            may_miss: T::OPTIONAL || spec.default,
        });
        Ok(())
    }

    /// Adds a field that is in the record itself.
    pub fn inline(&mut self, name: &'static str, ty: FieldType) {
        self.fields.push(FieldModel {
            name,
            holds: Holds::Inline(ty),
            may_miss: false,
        });
    }
}

impl ModelBuilder {
    /// Adds a root type, with all it reaches.
    ///
    /// # Errors
    /// [`ModelError::Conflict`] if two types do not go together.
    pub fn root<T: Record>(self) -> Result<Self, ModelError> {
        self.root_with::<T>(&Naming::default())
    }

    /// Adds a root type under other names than its own: a collection that no record refers to.
    ///
    /// # Errors
    /// [`ModelError::Conflict`] if two types do not go together.
    pub fn root_with<T: Record>(mut self, naming: &Naming) -> Result<Self, ModelError> {
        let root = T::declare_record(&mut self, naming)?;
        if !self.roots.contains(&root) {
            self.roots.push(root);
        }
        Ok(self)
    }

    /// The model.
    ///
    /// # Errors
    /// [`ModelError::Schema`] if a key leads nowhere.
    pub fn build(self) -> Result<Model, ModelError> {
        // Types are known by position from here on, and positions follow the order.
        let mut moved = vec![0; self.types.len()];
        self.order.iter().enumerate().for_each(|(to, &from)| moved[from] = to);
        let types: Vec<TypeModel> = self
            .order
            .iter()
            .map(|&at| renumbered(&self.types[at], &moved))
            .collect();
        let schemas = (0..types.len()).map(|at| schema_of(&types, at)).collect();
        let dataset = Dataset::new(schemas)?;
        for ty in &types {
            match &ty.shape {
                Shape::Object { .. } => _ = dataset.primary_key(&ty.name)?,
                Shape::Set { element, hash_key }
                | Shape::Map {
                    key: element, hash_key, ..
                } => {
                    for path in hash_key {
                        dataset
                            .resolve(&types[*element].name, path)
                            .map_err(crate::schema::SchemaError::from)?;
                    }
                }
                Shape::List { .. } | Shape::Pending { .. } => {}
            }
        }
        Ok(Model {
            types: types.into(),
            roots: self.roots.iter().map(|&root| moved[root]).collect(),
            dataset,
        })
    }

    /// Declares an object type.
    ///
    /// # Errors
    /// [`ModelError::Conflict`], and what `fields` gives.
    #[doc(hidden)]
    pub fn object<T: 'static>(
        &mut self,
        name: &str,
        optional: bool,
        primary_key: &'static [&'static str],
        fields: impl FnOnce(&mut ObjectBuilder<'_>) -> Result<(), ModelError>,
    ) -> Result<usize, ModelError> {
        let (rust_id, rust_name) = (any::TypeId::of::<T>(), any::type_name::<T>());
        if let Some(&at) = self.by_name.get(name) {
            if self.types[at].rust_id == rust_id {
                return Ok(at);
            }
            if matches!(self.types[at].shape, Shape::Pending { .. }) {
                return Err(self.conflict(at, rust_name));
            }
            let fields = self.fields_of(fields)?;
            if self.types[at].shape == (Shape::Object { fields, primary_key }) {
                return Ok(at);
            }
            return Err(self.conflict(at, rust_name));
        }
        let at = self.types.len();
        self.by_name.insert(name.to_owned(), at);
        self.types.push(TypeModel {
            name: name.to_owned(),
            rust_id,
            rust_name,
            shape: Shape::Pending { primary_key },
            optional,
        });
        let fields = self.fields_of(fields)?;
        self.types[at].shape = Shape::Object { fields, primary_key };
        self.order.push(at);
        Ok(at)
    }

    fn fields_of(
        &mut self,
        fields: impl FnOnce(&mut ObjectBuilder<'_>) -> Result<(), ModelError>,
    ) -> Result<Vec<FieldModel>, ModelError> {
        let mut object = ObjectBuilder {
            model: self,
            fields: Vec::new(),
        };
        fields(&mut object)?;
        Ok(object.fields)
    }

    /// Declares the type that holds one value of `ty` in a field `value`.
    ///
    /// # Errors
    /// [`ModelError::Conflict`].
    #[doc(hidden)]
    pub fn wrapper<T: 'static>(&mut self, name: &str, field: &'static str, ty: FieldType) -> Result<usize, ModelError> {
        self.object::<T>(name, false, &[], |object| {
            object.inline(field, ty);
            Ok(())
        })
    }

    /// Declares a list type.
    ///
    /// # Errors
    /// [`ModelError::Conflict`], and those of the elements.
    #[doc(hidden)]
    pub fn list<C: 'static, T: Record>(&mut self, naming: &Naming) -> Result<usize, ModelError> {
        let element = self.element::<T>(naming.element)?;
        let name = naming
            .type_name
            .map_or_else(|| format!("ListOf{}", self.types[element].name), str::to_owned);
        self.collection::<C>(name, Shape::List { element })
    }

    /// Declares a set type.
    ///
    /// # Errors
    /// As [`ModelBuilder::list`].
    #[doc(hidden)]
    pub fn set<C: 'static, T: Record>(&mut self, naming: &Naming) -> Result<usize, ModelError> {
        let element = self.element::<T>(naming.element)?;
        let name = naming
            .type_name
            .map_or_else(|| format!("SetOf{}", self.types[element].name), str::to_owned);
        let hash_key = self.hash_key(element, naming.hash_key);
        self.collection::<C>(name, Shape::Set { element, hash_key })
    }

    /// Declares a map type.
    ///
    /// # Errors
    /// As [`ModelBuilder::list`].
    #[doc(hidden)]
    pub fn map<C: 'static, K: Record, V: Record>(&mut self, naming: &Naming) -> Result<usize, ModelError> {
        let key = self.element::<K>(naming.key)?;
        let value = self.element::<V>(naming.value)?;
        let (k, v) = (&self.types[key].name, &self.types[value].name);
        let name = naming.type_name.map_or_else(|| format!("MapOf{k}To{v}"), str::to_owned);
        let hash_key = self.hash_key(key, naming.hash_key);
        self.collection::<C>(name, Shape::Map { key, value, hash_key })
    }

    fn element<T: Record>(&mut self, name: Option<&'static str>) -> Result<usize, ModelError> {
        T::declare_record(self, &Naming::named(name))
    }

    fn collection<C: 'static>(&mut self, name: String, shape: Shape) -> Result<usize, ModelError> {
        let (rust_id, rust_name) = (any::TypeId::of::<C>(), any::type_name::<C>());
        if let Some(&at) = self.by_name.get(&name) {
            // Another Rust collection of the same kind and elements is as good.
            if self.types[at].shape == shape {
                return Ok(at);
            }
            return Err(self.conflict(at, rust_name));
        }
        let at = self.types.len();
        self.by_name.insert(name.clone(), at);
        self.types.push(TypeModel {
            name,
            rust_id,
            rust_name,
            shape,
            optional: false,
        });
        self.order.push(at);
        Ok(at)
    }

    /// The hash key asked for, or as the elements suggest: their primary key; else their only field, if it is a value.
    fn hash_key(&self, element: usize, asked: Option<&[&str]>) -> Vec<String> {
        let owned = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect();
        match (asked, &self.types[element].shape) {
            (Some(paths), _) => owned(paths),
            (None, Shape::Pending { primary_key } | Shape::Object { primary_key, .. }) if !primary_key.is_empty() => {
                owned(primary_key)
            }
            (None, Shape::Object { fields, .. }) => match fields.as_slice() {
                [
                    FieldModel {
                        name,
                        holds: Holds::Inline(_),
                        ..
                    },
                ] => owned(&[name]),
                _ => Vec::new(),
            },
            (None, _) => Vec::new(),
        }
    }

    fn conflict(&self, at: usize, second: &'static str) -> ModelError {
        ModelError::Conflict {
            type_name: self.types[at].name.clone(),
            first: self.types[at].rust_name,
            second,
        }
    }
}

fn renumbered(ty: &TypeModel, moved: &[usize]) -> TypeModel {
    let mut ty = ty.clone();
    match &mut ty.shape {
        Shape::Pending { .. } => {}
        Shape::Object { fields, .. } => {
            for field in fields {
                if let Holds::Reference(at) = &mut field.holds {
                    *at = moved[*at];
                }
            }
        }
        Shape::List { element } | Shape::Set { element, .. } => *element = moved[*element],
        Shape::Map { key, value, .. } => {
            *key = moved[*key];
            *value = moved[*value];
        }
    }
    ty
}
