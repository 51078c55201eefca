//! Field paths: how primary keys and hash keys name a value, possibly through references.

use super::{Dataset, FieldType, Schema};

/// A path resolved against a data set: the positions of the fields to follow, the last one holding the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath {
    /// The type the path starts from.
    pub root: String,
    /// One step for each field on the way, the last one at the value.
    pub steps: Vec<Step>,
    /// What the last field holds.
    pub ty: FieldType,
}

/// One field on a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The object type that has the field.
    pub type_name: String,
    /// The field's name.
    pub field_name: String,
    /// The field's position in its type.
    pub field: usize,
}

impl FieldPath {
    /// The path as text, with everything that was implied written out: `country.code.value`.
    pub fn full_name(&self) -> String {
        self.steps
            .iter()
            .map(|step| step.field_name.as_str())
            .collect::<Vec<_>>()
            .join(".")
    }
}

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A type on the way is not part of the data set. Writers place elements by stored buckets then.
    #[error("path={path} needs type={name}, which is not part of the data set")]
    MissingType {
        /// The path as written.
        path: String,
        /// The type.
        name: String,
        /// Whether the type is needed for a segment that is written out (as opposed to one that is implied).
        written: bool,
    },
    /// A type has no field of this name.
    #[error("path={path}: type={type_name} has no field={field}")]
    NoSuchField {
        /// The path as written.
        path: String,
        /// The type.
        type_name: String,
        /// The field.
        field: String,
    },
    /// A path can only pass through references to object types.
    #[error("path={path} cannot go through {through}")]
    NotTraversable {
        /// The path as written.
        path: String,
        /// The field or type in the way.
        through: String,
    },
    /// The path ends at a reference to a type that has several fields and no single key.
    #[error("path={path} ends at a reference to type={name}, which has no single value; write the rest of the path")]
    NotExpandable {
        /// The path as written.
        path: String,
        /// The type referred to.
        name: String,
    },
}

/// Resolves a path from a root type. See `docs/format.md`, section 3.5.
pub(super) fn resolve(dataset: &Dataset, root: &str, path: &str) -> Result<FieldPath, PathError> {
    let (written, expand) = match path.strip_suffix('!') {
        Some(written) => (written, false),
        None => (path, true),
    };
    let mut resolver = Resolver {
        dataset,
        path,
        steps: Vec::new(),
    };
    let mut ty = FieldType::Reference(root.to_owned());
    for segment in written.split('.') {
        ty = resolver.step(&ty, segment, true)?;
    }
    if expand {
        ty = resolver.expand(ty)?;
    }
    Ok(FieldPath {
        root: root.to_owned(),
        steps: resolver.steps,
        ty,
    })
}

struct Resolver<'a> {
    dataset: &'a Dataset,
    path: &'a str,
    steps: Vec<Step>,
}

impl Resolver<'_> {
    /// Takes the field `name` of the type that `from` refers to.
    fn step(&mut self, from: &FieldType, name: &str, written: bool) -> Result<FieldType, PathError> {
        let Some(type_name) = from.reference() else {
            return Err(PathError::NotTraversable {
                path: self.path.to_owned(),
                through: self
                    .steps
                    .last()
                    .map_or_else(String::new, |step| step.field_name.clone()),
            });
        };
        let schema = self.dataset.get(type_name).ok_or_else(|| PathError::MissingType {
            path: self.path.to_owned(),
            name: type_name.to_owned(),
            written,
        })?;
        let Schema::Object(object) = schema else {
            return Err(PathError::NotTraversable {
                path: self.path.to_owned(),
                through: type_name.to_owned(),
            });
        };
        let field = object.position(name).ok_or_else(|| PathError::NoSuchField {
            path: self.path.to_owned(),
            type_name: type_name.to_owned(),
            field: name.to_owned(),
        })?;
        self.steps.push(Step {
            type_name: type_name.to_owned(),
            field_name: name.to_owned(),
            field,
        });
        Ok(object.fields[field].ty.clone())
    }

    /// Follows references to types that stand for a single value, down to that value.
    fn expand(&mut self, mut ty: FieldType) -> Result<FieldType, PathError> {
        // A chain longer than the number of types goes round in a circle.
        for _ in 0..=self.dataset.len() {
            let Some(name) = ty.reference().map(str::to_owned) else {
                return Ok(ty);
            };
            let object = match self.dataset.get(&name) {
                Some(Schema::Object(object)) => object,
                Some(_) => {
                    return Err(PathError::NotExpandable {
                        path: self.path.to_owned(),
                        name,
                    });
                }
                None => {
                    return Err(PathError::MissingType {
                        path: self.path.to_owned(),
                        name,
                        written: false,
                    });
                }
            };
            if let [only] = object.fields.as_slice() {
                ty = self.step(&ty, &only.name, false)?;
            } else if let Some([path]) = object.primary_key.as_ref().map(|key| key.paths()) {
                for segment in path.trim_end_matches('!').split('.') {
                    ty = self.step(&ty, segment, false)?;
                }
            } else {
                return Err(PathError::NotExpandable {
                    path: self.path.to_owned(),
                    name,
                });
            }
        }
        Err(PathError::NotExpandable {
            path: self.path.to_owned(),
            name: ty.to_string(),
        })
    }
}
