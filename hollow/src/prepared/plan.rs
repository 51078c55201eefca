//! What there is to know of a dataset to read its records quickly, found out once.

use crate::record::KeyPaths;
use crate::schema::{Dataset, FieldPath, FieldType, ObjectSchema, Schema};
use crate::write::record_form::FieldKind;
use std::sync::Arc;

/// How to prepare records of one type of a dataset. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RecordPlan {
    inner: Arc<Plan>,
}

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) dataset: Dataset,
    /// In the order of the dataset.
    pub(super) types: Vec<TypePlan>,
    pub(super) root: u32,
    /// The types of the parts of the primary key.
    pub(super) key: Vec<FieldKind>,
}

#[derive(Debug)]
pub(super) enum TypePlan {
    Object {
        fields: Vec<FieldPlan>,
        /// Whether its only field can stand for it.
        wraps: bool,
    },
    /// A list or a set, and the type of its elements.
    Elements(u32),
    /// Records of this type are never plain.
    NotPlain,
}

#[derive(Debug)]
pub(super) struct FieldPlan {
    pub(super) name: Box<[u8]>,
    pub(super) kind: FieldKind,
    /// The type referred to.
    pub(super) target: u32,
    /// Some key leads through it: a record without it is not plain.
    pub(super) needed: bool,
    /// The part of the root's primary key that it is.
    pub(super) key_part: Option<usize>,
}

impl RecordPlan {
    /// A plan for records of type `root`; none if there is none that would be any use: the type has no primary key of
    /// whole numbers, texts and booleans that stand in the record itself or in what merely wraps a value.
    pub fn new(dataset: &Dataset, root: &str) -> Option<Self> {
        let paths = KeyPaths::resolve(dataset, root).ok()?;
        let mut types: Vec<TypePlan> = dataset
            .schemas()
            .iter()
            .map(|schema| type_plan(dataset, schema))
            .collect();
        for schema in dataset.schemas() {
            let (element, key) = match schema {
                Schema::Set(set) => (&set.element, &set.hash_key),
                Schema::Map(map) => (&map.key, &map.hash_key),
                _ => continue,
            };
            for path in key.iter().flat_map(|key| key.paths()) {
                need(dataset, &mut types, &dataset.resolve(element, path).ok()?);
            }
        }
        let mut key = Vec::new();
        for (part, path) in paths.paths().iter().enumerate() {
            key.push(key_kind(&path.ty)?);
            need(dataset, &mut types, path);
            let (first, rest) = path.steps.split_first()?;
            // Further in, it would have to be found in what is told from its text alone.
            if let [_, _, ..] = rest {
                return None;
            }
            let through = rest.first().and_then(|step| dataset.get(&step.type_name));
            if !rest.is_empty()
                && through
                    .and_then(Schema::as_object)
                    .and_then(ObjectSchema::wrapped_field)
                    .is_none()
            {
                return None;
            }
            let TypePlan::Object { fields, .. } = types.get_mut(dataset.position(root)?)? else {
                return None;
            };
            let field = fields.get_mut(first.field)?;
            if field.key_part.replace(part).is_some() {
                return None;
            }
        }
        Some(Self {
            inner: Arc::new(Plan {
                dataset: dataset.clone(),
                types,
                root: u32::try_from(dataset.position(root)?).ok()?,
                key,
            }),
        })
    }

    /// The schemas.
    pub(crate) fn dataset(&self) -> &Dataset {
        &self.inner.dataset
    }

    /// The type of the records.
    pub fn root(&self) -> &str {
        let root = self.inner.dataset.schemas().get(self.inner.root as usize);
        root.map_or("", Schema::name)
    }

    pub(super) fn inner(&self) -> &Plan {
        &self.inner
    }
}

/// The kind of a part of a key, if such parts are plain.
fn key_kind(ty: &FieldType) -> Option<FieldKind> {
    match ty {
        FieldType::Int => Some(FieldKind::Int),
        FieldType::Long => Some(FieldKind::Long),
        FieldType::Boolean => Some(FieldKind::Boolean),
        FieldType::String => Some(FieldKind::Text),
        _ => None,
    }
}

fn type_plan(dataset: &Dataset, schema: &Schema) -> TypePlan {
    let position = |name: &str| dataset.position(name).and_then(|position| u32::try_from(position).ok());
    let elements = |name: &str| position(name).map_or(TypePlan::NotPlain, TypePlan::Elements);
    match schema {
        Schema::Object(object) => {
            let fields = object.fields.iter().map(|field| {
                Some(FieldPlan {
                    name: field.name.as_bytes().into(),
                    kind: FieldKind::of(&field.ty, |_| None),
                    target: match field.ty.reference() {
                        Some(name) => position(name)?,
                        None => 0,
                    },
                    needed: false,
                    key_part: None,
                })
            });
            let fields: Option<Vec<FieldPlan>> = fields.collect();
            fields.map_or(TypePlan::NotPlain, |fields| TypePlan::Object {
                fields,
                wraps: object.wrapped_field().is_some(),
            })
        }
        Schema::List(list) => elements(&list.element),
        Schema::Set(set) => elements(&set.element),
        Schema::Map(_) => TypePlan::NotPlain,
    }
}

/// Notes that records without a value on this path are not plain.
fn need(dataset: &Dataset, types: &mut [TypePlan], path: &FieldPath) {
    for step in &path.steps {
        let ty = dataset
            .position(&step.type_name)
            .and_then(|position| types.get_mut(position));
        if let Some(TypePlan::Object { fields, .. }) = ty
            && let Some(field) = fields.get_mut(step.field)
        {
            field.needed = true;
        }
    }
}
