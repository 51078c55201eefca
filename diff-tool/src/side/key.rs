//! Primary keys of records.

use super::{Side, TypeNumber, content, tree};
use crate::tree::Node;
use hollow::Ordinal;
use hollow::read::{ObjectTypeState, TypeReadState};
use hollow::schema::{FieldPath, FieldType};
use std::hash::Hasher;

/// A key resolved for one side: for each part the way to its value.
pub(crate) struct KeyPlan<'s> {
    parts: Vec<Part<'s>>,
}

struct Part<'s> {
    /// The references to follow: the records to ask, and the field.
    through: Vec<(&'s ObjectTypeState, usize)>,
    /// The records that hold the value; `None` if the state lacks the type.
    last: Option<&'s ObjectTypeState>,
    field: usize,
    ty: FieldType,
    name: String,
}

impl<'s> KeyPlan<'s> {
    /// Resolves a key of a type. `None` if a path leads nowhere.
    pub(crate) fn new(side: &Side<'s>, type_name: &str, paths: &[String]) -> Option<Self> {
        let dataset = side.state.dataset();
        let parts = paths
            .iter()
            .map(|path| Some(Part::new(side, dataset.resolve(type_name, path).ok()?)));
        Some(KeyPlan {
            parts: parts.collect::<Option<_>>()?,
        })
    }

    /// What the parts hold, to read keys that people write.
    pub(crate) fn types(&self) -> Vec<&FieldType> {
        self.parts.iter().map(|part| &part.ty).collect()
    }

    /// The full names of the paths.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.parts.iter().map(|part| part.name.as_str()).collect()
    }

    /// The key of a record. Parts without a value are null.
    pub(crate) fn read(&self, ordinal: Ordinal) -> Vec<Node> {
        let read = |part: &Part<'_>| {
            let (records, ordinal) = part.find(ordinal)?;
            tree::value(records, ordinal, &part.ty, part.field)
        };
        self.parts.iter().map(|part| read(part).unwrap_or(Node::Null)).collect()
    }

    /// A hash of the key, equal on both sides for equal keys.
    pub(crate) fn hash(&self, side: &Side<'_>, ordinal: Ordinal) -> u128 {
        let mut hasher = side.contents.borrow().seed().hasher();
        for part in &self.parts {
            let written = part.find(ordinal).is_some_and(|(records, ordinal)| {
                content::write_value(&mut hasher, records, ordinal, &part.ty, part.field)
            });
            if !written {
                hasher.write_u8(b'n');
            }
        }
        content::finish(&hasher)
    }
}

impl<'s> Part<'s> {
    fn new(side: &Side<'s>, path: FieldPath) -> Self {
        let records = |name: &str| match side.number(name).and_then(|number| side.records(number)) {
            Some(TypeReadState::Object(records)) => Some(records),
            _ => None,
        };
        let name = path.full_name();
        let mut steps = path.steps;
        let last = steps.pop();
        let through: Option<Vec<_>> = steps
            .iter()
            .map(|step| Some((records(&step.type_name)?, step.field)))
            .collect();
        Part {
            last: last
                .as_ref()
                .filter(|_| through.is_some())
                .and_then(|step| records(&step.type_name)),
            field: last.map_or(0, |step| step.field),
            through: through.unwrap_or_default(),
            ty: path.ty,
            name,
        }
    }

    /// The record that holds the value.
    fn find(&self, mut ordinal: Ordinal) -> Option<(&'s ObjectTypeState, Ordinal)> {
        for (records, field) in &self.through {
            ordinal = records.reference(ordinal, *field)?;
        }
        Some((self.last?, ordinal))
    }
}

impl Side<'_> {
    /// The primary key that the type declares.
    pub(crate) fn declared_key(&self, ty: TypeNumber) -> Option<Vec<String>> {
        let schema = self.records(ty)?.schema().as_object()?;
        schema.primary_key.as_ref().map(|key| key.paths().to_vec())
    }
}
