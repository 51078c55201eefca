//! A model against the schemas of a state, to read, or of an engine, to write.

use super::mapper::RecordSink;
use super::model::{FieldModel, Holds, Shape, TypeModel};
use super::read::{Bound, Place, Slot, TypePlan};
use super::write::{Source, WritePlan};
use super::{Model, ModelError, TypedState, waiting};
use crate::memory::var_int;
use crate::read::{HashKeyLookup, ReadState, Route, TypeReadState};
use crate::schema::{FieldType, ObjectSchema, Schema};
use crate::write::record_form;

/// See [`Model::bind`].
pub(super) fn bind(model: &Model, state: &ReadState) -> Result<TypedState, ModelError> {
    for &root in &model.roots {
        let ty = &model.types[root];
        if state.ty(&ty.name).is_none() && !ty.optional {
            return Err(ModelError::MissingType {
                type_name: ty.name.clone(),
                needed_by: "the model".to_owned(),
            });
        }
    }
    let mut binder = Binder {
        model,
        state,
        wrappers: Vec::new(),
    };
    let plans = (0..model.types.len())
        .map(|at| binder.plan(at))
        .collect::<Result<Vec<_>, _>>()?;
    let plans = plans.into_iter().chain(binder.wrappers).collect();
    let bound = Bound {
        state: state.clone(),
        plans,
    };
    Ok(TypedState::new(model.clone(), bound))
}

/// Where the parts of a type are, and their names.
type NamedSlots = (Box<[Slot]>, Box<[Box<str>]>);

struct Binder<'a> {
    model: &'a Model,
    state: &'a ReadState,
    /// Types that the data has where the model has a value in the record.
    wrappers: Vec<TypePlan>,
}

impl Binder<'_> {
    fn plan(&mut self, at: usize) -> Result<TypePlan, ModelError> {
        let ty = &self.model.types[at];
        let records = self.state.ty(&ty.name);
        if let Some(records) = records
            && records.schema().kind() != ty.kind()
        {
            return Err(ModelError::WrongKind {
                type_name: ty.name.clone(),
                expected: ty.kind(),
                found: records.schema().kind(),
            });
        }
        let (slots, fields) = match (&ty.shape, records.map(TypeReadState::schema)) {
            (Shape::Object { fields, .. }, schema) => {
                let names = fields.iter().map(|field| field.name.into()).collect();
                let schema = schema.and_then(Schema::as_object);
                let slots = fields.iter().map(|field| self.slot(ty, field, schema));
                (slots.collect::<Result<Box<_>, _>>()?, names)
            }
            (shape, schema) => self.element_slots(ty, shape, schema)?,
        };
        let (element, paths) = self.key_of(&ty.shape);
        let routes = records.map(|_| self.routes(element, &paths)).unwrap_or_default();
        let placed_by = records.and_then(|records| hash_key(records.schema()));
        let is_placed = placed_by.is_some_and(|paths| !routes.is_empty() && self.routes(element, paths) == routes);
        let by_bucket = is_placed.then(|| HashKeyLookup::of(self.state, &ty.name).ok());
        Ok(TypePlan {
            name: ty.name.as_str().into(),
            by_bucket: by_bucket.flatten(),
            routes,
            records: records.cloned(),
            slots,
            fields,
        })
    }

    fn slot(&mut self, ty: &TypeModel, field: &FieldModel, schema: Option<&ObjectSchema>) -> Result<Slot, ModelError> {
        let missing = Slot {
            place: Place::Missing,
            target: match field.holds {
                Holds::Reference(target) => target,
                Holds::Inline(_) => usize::MAX,
            },
        };
        let Some(schema) = schema else {
            return Ok(missing); // without the type there are no records
        };
        let Some(position) = schema.position(field.name) else {
            if field.may_miss {
                return Ok(missing);
            }
            return Err(ModelError::MissingField {
                type_name: ty.name.clone(),
                field: field.name.to_owned(),
            });
        };
        let found = &schema.fields[position].ty;
        match (&field.holds, found) {
            (Holds::Inline(expected), found) if expected == found => Ok(Slot {
                place: Place::Inline(position),
                ..missing
            }),
            (Holds::Reference(target), FieldType::Reference(name)) if *name == self.model.types[*target].name => {
                let known = self.state.ty(name).is_some();
                if !known && !field.may_miss {
                    return Err(ModelError::MissingType {
                        type_name: name.clone(),
                        needed_by: format!("{}.{}", ty.name, field.name),
                    });
                }
                let place = if known {
                    Place::Reference(position)
                } else {
                    Place::Missing
                };
                Ok(Slot { place, target: *target })
            }
            // A single value may stand in the record or in one of its own, whatever that is called.
            (Holds::Reference(target), found) if self.model.types[*target].wrapped() == Some(found) => Ok(Slot {
                place: Place::Inline(position),
                ..missing
            }),
            (holds, FieldType::Reference(name)) => {
                let value = match holds {
                    Holds::Inline(value) => Some(value),
                    Holds::Reference(target) => self.model.types[*target].wrapped(),
                };
                match value.and_then(|value| self.wrapper(name, value)) {
                    Some(target) => Ok(Slot {
                        place: Place::Reference(position),
                        target,
                    }),
                    None => Err(self.wrong_type(ty, field, found)),
                }
            }
            _ => Err(self.wrong_type(ty, field, found)),
        }
    }

    /// A plan of a type of the data that merely names a value of this type.
    fn wrapper(&mut self, name: &str, value: &FieldType) -> Option<usize> {
        let records = self.state.ty(name)?;
        let wrapped = records.schema().as_object()?.wrapped_field()?;
        if wrapped.ty != *value {
            return None;
        }
        self.wrappers.push(TypePlan {
            name: name.into(),
            records: Some(records.clone()),
            slots: Box::new([Slot {
                place: Place::Inline(0),
                target: usize::MAX,
            }]),
            fields: Box::new([wrapped.name.as_str().into()]),
            routes: Vec::new(),
            by_bucket: None,
        });
        Some(self.model.types.len() + self.wrappers.len() - 1)
    }

    fn element_slots(&self, ty: &TypeModel, shape: &Shape, schema: Option<&Schema>) -> Result<NamedSlots, ModelError> {
        let (targets, names): (&[usize], &[&str]) = match shape {
            Shape::Map { key, value, .. } => (&[*key, *value], &["key", "value"]),
            Shape::List { element } | Shape::Set { element, .. } => (&[*element], &["element"]),
            Shape::Object { .. } | Shape::Pending { .. } => (&[], &[]),
        };
        let found = schema.map(Schema::references);
        for (index, (&target, name)) in targets.iter().zip(names).enumerate() {
            let expected = &self.model.types[target].name;
            match found.as_ref().and_then(|found| found.get(index)) {
                Some(found) if found != expected => {
                    return Err(ModelError::WrongType {
                        type_name: ty.name.clone(),
                        field: (*name).to_owned(),
                        expected: expected.clone(),
                        found: (*found).to_owned(),
                    });
                }
                Some(_) if self.state.ty(expected).is_none() => {
                    return Err(ModelError::MissingType {
                        type_name: expected.clone(),
                        needed_by: ty.name.clone(),
                    });
                }
                _ => {}
            }
        }
        let slots = targets.iter().map(|&target| Slot {
            place: Place::Missing,
            target,
        });
        Ok((slots.collect(), names.iter().map(|&name| name.into()).collect()))
    }

    /// What a set or map is asked by, and the type these paths begin at: the model's hash key, or else the key of the
    /// elements.
    fn key_of(&self, shape: &Shape) -> (usize, Vec<String>) {
        let (element, hash_key) = match shape {
            Shape::Set { element, hash_key } => (*element, hash_key),
            Shape::Map { key, hash_key, .. } => (*key, hash_key),
            _ => return (0, Vec::new()),
        };
        let paths = match &self.model.types[element].shape {
            _ if !hash_key.is_empty() => hash_key.clone(),
            Shape::Object { primary_key, .. } if !primary_key.is_empty() => {
                primary_key.iter().map(|&path| path.to_owned()).collect()
            }
            Shape::Object { fields, .. } if fields.len() == 1 => vec![fields[0].name.to_owned()],
            _ => Vec::new(),
        };
        (element, paths)
    }

    /// The key in this state. One that cannot be followed finds nothing.
    fn routes(&self, from: usize, paths: &[String]) -> Vec<Route> {
        let paths = paths.iter().map(String::as_str);
        Route::all(self.state.dataset(), &self.model.types[from].name, paths).unwrap_or_default()
    }

    fn wrong_type(&self, ty: &TypeModel, field: &FieldModel, found: &FieldType) -> ModelError {
        ModelError::WrongType {
            type_name: ty.name.clone(),
            field: field.name.to_owned(),
            expected: self.describe(&field.holds),
            found: found.to_string(),
        }
    }

    fn describe(&self, holds: &Holds) -> String {
        describe(self.model, holds)
    }
}

fn hash_key(schema: &Schema) -> Option<&[String]> {
    match schema {
        Schema::Set(schema) => schema.hash_key.as_ref().map(|key| key.paths()),
        Schema::Map(schema) => schema.hash_key.as_ref().map(|key| key.paths()),
        Schema::Object(_) | Schema::List(_) => None,
    }
}

fn describe(model: &Model, holds: &Holds) -> String {
    match holds {
        Holds::Inline(ty) => ty.to_string(),
        Holds::Reference(at) => model.types[*at].name.clone(),
    }
}

/// The types of a model in an engine; plans are numbered from `first`. The engine may have more fields, not fewer, and
/// the keys must be the same.
pub(super) fn write_plans(model: &Model, engine: &dyn RecordSink, first: usize) -> Result<Vec<WritePlan>, ModelError> {
    let plan = |ty: &TypeModel| {
        let id = engine.type_id(&ty.name).ok_or_else(|| ModelError::MissingType {
            type_name: ty.name.clone(),
            needed_by: "the model".to_owned(),
        })?;
        let schema = engine.schema(id);
        if schema.kind() != ty.kind() {
            return Err(ModelError::WrongKind {
                type_name: ty.name.clone(),
                expected: ty.kind(),
                found: schema.kind(),
            });
        }
        check_keys(model, ty, schema)?;
        let (fields, targets, order) = match (&ty.shape, schema) {
            (Shape::Object { fields, .. }, Schema::Object(schema)) => (
                fields.iter().map(|field| field.name).collect(),
                fields
                    .iter()
                    .map(|field| match field.holds {
                        Holds::Reference(target) => first + target,
                        Holds::Inline(_) => usize::MAX,
                    })
                    .collect(),
                order_of(model, ty, fields, schema)?,
            ),
            (Shape::Map { key, value, .. }, _) => (Box::default(), [first + key, first + value].into(), None),
            (Shape::List { element } | Shape::Set { element, .. }, _) => {
                (Box::default(), [first + element].into(), None)
            }
            _ => (Box::default(), Box::default(), None),
        };
        Ok(WritePlan {
            ty: id,
            name: ty.name.as_str().into(),
            fields,
            targets,
            order,
            collection: !matches!(schema, Schema::Object(_)),
            waits: false,
        })
    };
    let mut plans = model.types.iter().map(plan).collect::<Result<Vec<_>, _>>()?;
    waiting::decide(&mut plans, first);
    Ok(plans)
}

fn check_keys(model: &Model, ty: &TypeModel, schema: &Schema) -> Result<(), ModelError> {
    let key_text = |schema: &Schema| {
        let paths: Option<&[String]> = match schema {
            Schema::Object(schema) => schema.primary_key.as_ref().map(|key| key.paths()),
            Schema::Set(schema) => schema.hash_key.as_ref().map(|key| key.paths()),
            Schema::Map(schema) => schema.hash_key.as_ref().map(|key| key.paths()),
            Schema::List(_) => None,
        };
        paths.unwrap_or_default().join(", ")
    };
    let Some(own) = model.dataset().get(&ty.name) else {
        return Ok(());
    };
    let (expected, found) = (key_text(own), key_text(schema));
    if expected != found {
        return Err(ModelError::WrongKey {
            type_name: ty.name.clone(),
            expected,
            found,
        });
    }
    let elements = own.references().into_iter().zip(schema.references());
    for (name, (expected, found)) in ["element or key", "value"].into_iter().zip(elements) {
        if expected != found && !matches!(schema, Schema::Object(_)) {
            return Err(ModelError::WrongType {
                type_name: ty.name.clone(),
                field: name.to_owned(),
                expected: expected.to_owned(),
                found: found.to_owned(),
            });
        }
    }
    Ok(())
}

fn order_of(
    model: &Model,
    ty: &TypeModel,
    fields: &[FieldModel],
    schema: &ObjectSchema,
) -> Result<Option<Box<[Source]>>, ModelError> {
    for field in fields {
        let Some(position) = schema.position(field.name) else {
            return Err(ModelError::MissingField {
                type_name: ty.name.clone(),
                field: field.name.to_owned(),
            });
        };
        let (expected, found) = (describe(model, &field.holds), schema.fields[position].ty.to_string());
        if expected != found {
            return Err(ModelError::WrongType {
                type_name: ty.name.clone(),
                field: field.name.to_owned(),
                expected,
                found,
            });
        }
    }
    if schema
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .eq(fields.iter().map(|field| field.name))
    {
        return Ok(None);
    }
    let source = |field: &crate::schema::Field| {
        let of_model = fields.iter().position(|own| own.name == field.name);
        of_model.map_or(Source::Null(null_bytes(&field.ty)), Source::Field)
    };
    Ok(Some(schema.fields.iter().map(source).collect()))
}

fn null_bytes(ty: &FieldType) -> &'static [u8] {
    const FLOAT: [u8; 4] = record_form::NULL_FLOAT.to_be_bytes();
    const DOUBLE: [u8; 8] = record_form::NULL_DOUBLE.to_be_bytes();
    match ty {
        FieldType::Float => &FLOAT,
        FieldType::Double => &DOUBLE,
        _ => &[var_int::NULL],
    }
}
