//! Paths bound to a state: which way to go from a record to the values it reaches.

use super::{Path, QueryError, QueryReason, similar};
use crate::Ordinal;
use crate::read::{ListTypeState, MapTypeState, ObjectTypeState, ReadState, SetTypeState, TypeReadState};
use crate::schema::{FieldType, Schema};

/// How far a path may be extended by what is implied: types can wrap one another in a circle.
const MAX_STEPS: usize = 64;

/// One step from a record to others.
#[derive(Clone, Copy, Debug)]
enum Step<'s> {
    Reference(&'s ObjectTypeState, usize),
    ListElements(&'s ListTypeState),
    SetElements(&'s SetTypeState),
    Keys(&'s MapTypeState),
    Values(&'s MapTypeState),
}

/// What the path leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum End<'s> {
    /// A field that is no reference.
    Field(&'s ObjectTypeState, usize),
    /// Records without a single value: only whether there are any can be asked.
    Record(&'s TypeReadState),
}

/// A path from a type.
#[derive(Clone, Debug)]
pub(super) struct Route<'s> {
    steps: Vec<Step<'s>>,
    pub(super) end: End<'s>,
}

impl<'s> Route<'s> {
    /// Binds a path. Only if `records` is true it may end at records without a single value.
    pub(super) fn bind(
        state: &'s ReadState,
        from: &'s TypeReadState,
        path: &Path,
        records: bool,
    ) -> Result<Self, QueryError> {
        let mut binding = Binding {
            state,
            path,
            steps: Vec::new(),
        };
        let end = binding.follow(from, records)?;
        Ok(Self {
            steps: binding.steps,
            end,
        })
    }

    /// Whether `test` is true of any record that the steps lead to.
    pub(super) fn any(&self, from: Ordinal, test: &mut dyn FnMut(Ordinal) -> bool) -> bool {
        any(&self.steps, from, test)
    }
}

fn any(steps: &[Step<'_>], record: Ordinal, test: &mut dyn FnMut(Ordinal) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return test(record);
    };
    match step {
        Step::Reference(ty, field) => ty.reference(record, *field).is_some_and(|next| any(rest, next, test)),
        Step::ListElements(ty) => ty.elements(record).any(|next| any(rest, next, test)),
        Step::SetElements(ty) => ty.elements(record).any(|next| any(rest, next, test)),
        Step::Keys(ty) => ty.entries(record).any(|(key, _)| any(rest, key, test)),
        Step::Values(ty) => ty.entries(record).any(|(_, value)| any(rest, value, test)),
    }
}

struct Binding<'s, 'p> {
    state: &'s ReadState,
    path: &'p Path,
    steps: Vec<Step<'s>>,
}

impl<'s> Binding<'s, '_> {
    fn error(&self, reason: QueryReason) -> QueryError {
        QueryError::at(self.path.column, reason)
    }

    fn ty(&self, name: &str) -> Result<&'s TypeReadState, QueryError> {
        self.state.ty(name).ok_or_else(|| {
            self.error(QueryReason::UnknownType {
                name: name.to_owned(),
                similar: None,
            })
        })
    }

    fn follow(&mut self, from: &'s TypeReadState, records: bool) -> Result<End<'s>, QueryError> {
        let mut ty = from;
        let mut rest = self.path.segments.as_slice();
        loop {
            if rest.is_empty() && records && !self.has_value(ty) {
                return Ok(End::Record(ty));
            }
            if self.steps.len() >= MAX_STEPS {
                return Err(self.not_a_value(ty));
            }
            let next = match ty {
                TypeReadState::Object(object) => {
                    let field = match rest.split_first() {
                        Some((name, behind)) => {
                            rest = behind;
                            self.field(object, name)?
                        }
                        None => self.implied(object).ok_or_else(|| self.not_a_value(ty))?,
                    };
                    let held = &object.schema().fields[field];
                    let Some(name) = held.ty.reference() else {
                        return match rest.is_empty() {
                            true => Ok(End::Field(object, field)),
                            false => Err(self.behind_value(&held.name, &held.ty)),
                        };
                    };
                    self.steps.push(Step::Reference(object, field));
                    name
                }
                TypeReadState::List(list) => {
                    rest = self.without_element(&list.schema().element, rest);
                    self.steps.push(Step::ListElements(list));
                    &list.schema().element
                }
                TypeReadState::Set(set) => {
                    rest = self.without_element(&set.schema().element, rest);
                    self.steps.push(Step::SetElements(set));
                    &set.schema().element
                }
                TypeReadState::Map(map) => {
                    let (step, name) = match rest.first().map(String::as_str) {
                        Some("key") => (Step::Keys(map), &map.schema().key),
                        Some("value") => (Step::Values(map), &map.schema().value),
                        _ => return Err(self.not_a_value(ty)),
                    };
                    rest = rest.split_first().map_or(rest, |(_, behind)| behind);
                    self.steps.push(step);
                    name
                }
            };
            ty = self.ty(next)?;
        }
    }

    fn field(&self, ty: &ObjectTypeState, name: &str) -> Result<usize, QueryError> {
        ty.position(name).ok_or_else(|| {
            self.error(QueryReason::UnknownField {
                type_name: ty.schema().name.clone(),
                field: name.to_owned(),
                similar: similar(name, ty.schema().fields.iter().map(|field| field.name.as_str())),
            })
        })
    }

    /// The field that a path which ends at a record goes on to: its only one, or that of a primary key with one path.
    fn implied(&self, ty: &ObjectTypeState) -> Option<usize> {
        let schema = ty.schema();
        match (schema.fields.as_slice(), &schema.primary_key) {
            ([_], _) => Some(0),
            (_, Some(key)) => match key.paths() {
                [path] => schema.position(path),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a path that ends at records of this type goes on to values.
    fn has_value(&self, ty: &'s TypeReadState) -> bool {
        let mut ty = ty;
        for _ in 0..MAX_STEPS {
            let next = match ty {
                TypeReadState::Object(object) => match self.implied(object).map(|at| &object.schema().fields[at].ty) {
                    Some(FieldType::Reference(name)) => name,
                    implied => return implied.is_some(),
                },
                TypeReadState::List(list) => &list.schema().element,
                TypeReadState::Set(set) => &set.schema().element,
                TypeReadState::Map(_) => return false,
            };
            match self.state.ty(next) {
                Some(next) => ty = next,
                None => return false,
            }
        }
        false
    }

    /// `element` may be written, unless the elements have a field of that name: then it is that field.
    fn without_element<'r>(&self, element: &str, rest: &'r [String]) -> &'r [String] {
        let has_field = self
            .state
            .object(element)
            .is_some_and(|object| object.position("element").is_some());
        match rest.split_first() {
            Some((first, behind)) if first == "element" && (!has_field || !behind.is_empty()) => behind,
            _ => rest,
        }
    }

    fn not_a_value(&self, ty: &TypeReadState) -> QueryError {
        let parts = match ty.schema() {
            Schema::Object(object) => {
                let names: Vec<&str> = object.fields.iter().map(|field| field.name.as_str()).collect();
                names.join(", ")
            }
            Schema::Map(_) => "key, value".to_owned(),
            Schema::List(_) | Schema::Set(_) => "element".to_owned(),
        };
        self.error(QueryReason::NotAValue {
            type_name: ty.name().to_owned(),
            parts,
        })
    }

    fn behind_value(&self, field: &str, ty: &FieldType) -> QueryError {
        self.error(QueryReason::BehindValue {
            field: field.to_owned(),
            ty: ty.to_string(),
        })
    }
}
