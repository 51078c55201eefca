//! Resolves type and field names against a state, once per state, and says everything that is missing.

use hollow::Ordinal;
use hollow::read::{ListTypeState, ObjectTypeState, ReadState, SetTypeState};
use hollow::schema::{FieldType, Kind};
use std::fmt;

/// An input dataset without types or fields that the evaluation needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindError {
    /// Everything that is missing, over all datasets.
    pub missing: Vec<Missing>,
}

/// One type or field that is not there, or not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The dataset.
    pub dataset: &'static str,
    /// `Type` or `Type.field`.
    pub what: String,
    /// What it should be.
    pub expected: String,
    /// What is there; `None` = nothing.
    pub found: Option<String>,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the input datasets lack what the evaluation reads; compare their schemas with the contract:")?;
        for missing in &self.missing {
            let Missing {
                dataset,
                what,
                expected,
                found,
            } = missing;
            let found = found.as_deref().unwrap_or("nothing");
            write!(f, " {dataset}: {what} should be {expected}, found={found};")?;
        }
        Ok(())
    }
}

impl std::error::Error for BindError {}

/// Collects what is missing while views are put together.
pub(crate) struct Binder<'s> {
    dataset: &'static str,
    state: &'s ReadState,
    missing: Vec<Missing>,
}

/// A field by its position in a type.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Field(pub(crate) usize);

/// An object type whose fields are being bound.
pub(crate) struct Object {
    name: &'static str,
    state: Option<ObjectTypeState>,
}

/// A type that wraps one text, such as `Language { tag }`.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    state: ObjectTypeState,
    field: Field,
}

impl<'s> Binder<'s> {
    pub(crate) fn new(dataset: &'static str, state: &'s ReadState) -> Self {
        Binder {
            dataset,
            state,
            missing: Vec::new(),
        }
    }

    fn lacks(&mut self, what: String, expected: impl Into<String>, found: Option<String>) {
        self.missing.push(Missing {
            dataset: self.dataset,
            what,
            expected: expected.into(),
            found,
        });
    }

    fn lacks_type(&mut self, name: &str, kind: Kind) {
        let found = self
            .state
            .ty(name)
            .map(|ty| format!("a type of kind {}", ty.schema().kind()));
        self.lacks(name.to_owned(), format!("a type of kind {kind}"), found);
    }

    /// The object type of this name.
    pub(crate) fn object(&mut self, name: &'static str) -> Object {
        let state = self.state.object(name).cloned();
        if state.is_none() {
            self.lacks_type(name, Kind::Object);
        }
        Object { name, state }
    }

    /// A field that holds a value.
    pub(crate) fn field(&mut self, object: &Object, name: &str, expected: FieldType) -> Field {
        // A missing type is named once, not again with each of its fields.
        let Some(state) = &object.state else {
            return Field::default();
        };
        let field = state.position(name);
        let found = field
            .and_then(|position| state.schema().fields.get(position))
            .map(|field| &field.ty);
        if found != Some(&expected) {
            let what = format!("{}.{name}", object.name);
            self.lacks(what, describe(&expected), found.map(describe));
        }
        Field(field.unwrap_or_default())
    }

    /// A field that refers to records of a type.
    pub(crate) fn reference(&mut self, object: &Object, name: &str, to: &str) -> Field {
        self.field(object, name, FieldType::Reference(to.to_owned()))
    }

    /// A type that wraps one text.
    pub(crate) fn word(&mut self, name: &'static str, field: &str) -> Option<Word> {
        let object = self.object(name);
        let field = self.field(&object, field, FieldType::String);
        object.state.map(|state| Word { state, field })
    }

    /// The set type of this name, whose elements are of the type `element`.
    pub(crate) fn set(&mut self, name: &'static str, element: &str) -> Option<SetTypeState> {
        let Some(set) = self.state.set(name) else {
            self.lacks_type(name, Kind::Set);
            return None;
        };
        let found = &set.schema().element;
        if found != element {
            self.lacks(
                name.to_owned(),
                format!("Set<{element}>"),
                Some(format!("Set<{found}>")),
            );
        }
        Some(set.clone())
    }

    /// The list type of this name, whose elements are of the type `element`.
    pub(crate) fn list(&mut self, name: &'static str, element: &str) -> Option<ListTypeState> {
        let Some(list) = self.state.list(name) else {
            self.lacks_type(name, Kind::List);
            return None;
        };
        let found = &list.schema().element;
        if found != element {
            self.lacks(
                name.to_owned(),
                format!("List<{element}>"),
                Some(format!("List<{found}>")),
            );
        }
        Some(list.clone())
    }

    /// The bound parts, or everything that is missing. `parts` is `None` only if something was.
    pub(crate) fn finish<T>(self, parts: Option<T>) -> Result<T, BindError> {
        match parts {
            Some(parts) if self.missing.is_empty() => Ok(parts),
            _ => Err(BindError { missing: self.missing }),
        }
    }
}

impl Object {
    pub(crate) fn state(self) -> Option<ObjectTypeState> {
        self.state
    }
}

fn describe(ty: &FieldType) -> String {
    match ty {
        FieldType::Reference(name) => format!("a reference to {name}"),
        FieldType::Int => "int".to_owned(),
        FieldType::Long => "long".to_owned(),
        FieldType::Boolean => "boolean".to_owned(),
        FieldType::Float => "float".to_owned(),
        FieldType::Double => "double".to_owned(),
        FieldType::String => "string".to_owned(),
        FieldType::Bytes => "bytes".to_owned(),
    }
}

/// A value for each ordinal of a type.
#[derive(Clone, Debug)]
pub(crate) struct ByOrdinal<T>(Vec<Option<T>>);

impl<T> ByOrdinal<T> {
    /// A value for each of these ordinals, which ascend.
    pub(crate) fn of(populated: impl Iterator<Item = Ordinal>, value: impl Fn(Ordinal) -> Option<T>) -> Self {
        let mut values: Vec<Option<T>> = Vec::new();
        for ordinal in populated {
            values.resize_with(ordinal.index().max(values.len()), || None);
            values.push(value(ordinal));
        }
        ByOrdinal(values)
    }

    /// These values, whose ordinals ascend.
    pub(crate) fn from_pairs(pairs: Vec<(Ordinal, T)>) -> Self {
        let mut values: Vec<Option<T>> = Vec::new();
        for (ordinal, value) in pairs {
            values.resize_with(ordinal.index().max(values.len()), || None);
            values.push(Some(value));
        }
        ByOrdinal(values)
    }

    /// All values, by ordinal.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }

    /// A value for each record of a set type.
    pub(crate) fn of_set(set: &SetTypeState, value: impl Fn(Ordinal) -> T) -> Self {
        Self::of(set.populated(), |ordinal| Some(value(ordinal)))
    }

    /// The value of a record; none for a record that is not there.
    pub(crate) fn get(&self, ordinal: Option<Ordinal>) -> Option<&T> {
        self.0.get(ordinal?.index())?.as_ref()
    }
}

impl Word {
    /// The text of a record.
    pub(crate) fn text(&self, ordinal: Ordinal) -> Option<String> {
        Some(self.state.text(ordinal, self.field.0)?.to_str().into_owned())
    }

    /// A value for the text of each record.
    pub(crate) fn table<T>(&self, value: impl Fn(&str) -> T) -> ByOrdinal<T> {
        ByOrdinal::of(self.state.populated(), |ordinal| {
            let text = self.state.text(ordinal, self.field.0)?;
            Some(value(&text.to_str()))
        })
    }
}
