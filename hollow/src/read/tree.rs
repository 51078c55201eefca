//! Whole records as trees of values.

use super::{ObjectTypeState, ReadState, TypeReadState};
use crate::Ordinal;
use crate::record::Value;
use crate::schema::FieldType;

/// How many references deep [`ReadState::value`] goes.
pub const MAX_DEPTH: usize = 64;

/// How many values [`ReadState::value`] gives at most, 64 bytes of text or bytes counting as one more: records that share
/// children can stand for exponentially large trees.
pub const MAX_VALUES: usize = 1 << 20;

/// The record as a tree; see [`ReadState::value`].
pub(super) fn value(state: &ReadState, type_name: &str, ordinal: Ordinal) -> Option<Value> {
    let ty = state.ty(type_name)?;
    let mut tree = Tree {
        state,
        values_left: MAX_VALUES,
    };
    ty.is_populated(ordinal).then(|| tree.record(ty, ordinal, MAX_DEPTH))
}

struct Tree<'s> {
    state: &'s ReadState,
    values_left: usize,
}

impl Tree<'_> {
    fn referred(&mut self, type_name: &str, ordinal: Option<Ordinal>, depth: usize) -> Value {
        match (ordinal, self.state.ty(type_name)) {
            (Some(ordinal), Some(ty)) if depth > 0 && ty.is_populated(ordinal) => self.record(ty, ordinal, depth - 1),
            _ => Value::Null,
        }
    }

    /// An element, a key or a value. Those that are not there count too: there can be as many of them as bits in a blob.
    fn element(&mut self, type_name: &str, ordinal: Ordinal, depth: usize) -> Value {
        let value = self.referred(type_name, Some(ordinal), depth);
        if matches!(value, Value::Null) {
            self.take(1);
        }
        value
    }

    /// Counts so many more values; false if there may not be as many.
    fn take(&mut self, values: usize) -> bool {
        let enough = self.values_left >= values;
        self.values_left = self.values_left.saturating_sub(values);
        enough
    }

    fn record(&mut self, ty: &TypeReadState, ordinal: Ordinal, depth: usize) -> Value {
        if !self.take(1) {
            return Value::Null;
        }
        match ty {
            TypeReadState::Object(ty) => {
                let fields = ty.schema().fields.iter().enumerate();
                Value::Object(
                    fields
                        .map(|(at, field)| self.field(ty, ordinal, at, &field.ty, depth))
                        .collect(),
                )
            }
            TypeReadState::List(ty) => Value::List(self.elements(&ty.schema().element, ty.elements(ordinal), depth)),
            TypeReadState::Set(ty) => Value::Set(self.elements(&ty.schema().element, ty.elements(ordinal), depth)),
            TypeReadState::Map(ty) => {
                let mut entries = Vec::new();
                for (key, value) in ty.entries(ordinal) {
                    if self.values_left == 0 {
                        break;
                    }
                    let key = self.element(&ty.schema().key, key, depth);
                    entries.push((key, self.element(&ty.schema().value, value, depth)));
                }
                Value::Map(entries)
            }
        }
    }

    fn field(&mut self, ty: &ObjectTypeState, ordinal: Ordinal, at: usize, holds: &FieldType, depth: usize) -> Value {
        let length = match holds {
            FieldType::String => ty.text(ordinal, at).map_or(0, |text| text.bytes().len()),
            FieldType::Bytes => ty.bytes(ordinal, at).map_or(0, <[u8]>::len),
            _ => 0,
        };
        if !self.take(1 + length / 64) {
            return Value::Null;
        }
        let found = match holds {
            FieldType::Int => ty.int(ordinal, at).map(Value::Int),
            FieldType::Long => ty.long(ordinal, at).map(Value::Long),
            FieldType::Boolean => ty.boolean(ordinal, at).map(Value::Boolean),
            FieldType::Float => ty.float(ordinal, at).map(Value::Float),
            FieldType::Double => ty.double(ordinal, at).map(Value::Double),
            FieldType::String => ty
                .text(ordinal, at)
                .map(|text| Value::String(text.to_str().into_owned())),
            FieldType::Bytes => ty.bytes(ordinal, at).map(|bytes| Value::Bytes(bytes.to_vec())),
            FieldType::Reference(name) => Some(self.referred(name, ty.reference(ordinal, at), depth)),
        };
        found.unwrap_or(Value::Null)
    }

    fn elements(&mut self, element: &str, ordinals: impl Iterator<Item = Ordinal>, depth: usize) -> Vec<Value> {
        let mut elements = Vec::new();
        for ordinal in ordinals {
            if self.values_left == 0 {
                break;
            }
            elements.push(self.element(element, ordinal, depth));
        }
        elements
    }
}
