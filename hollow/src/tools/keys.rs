//! Keys of records in a state, without making trees of them.

use super::ToolError;
use crate::Ordinal;
use crate::read::ReadState;
use crate::record::{KeyValue, key_json};
use crate::schema::{Dataset, FieldPath, FieldType};

/// The primary key of a type in one state.
pub(super) struct Keys<'s> {
    state: &'s ReadState,
    paths: Vec<FieldPath>,
}

impl<'s> Keys<'s> {
    /// `None` if the type has no primary key.
    pub(super) fn of(state: &'s ReadState, type_name: &str) -> Result<Option<Self>, ToolError> {
        Self::by(state, state.dataset(), type_name)
    }

    /// As [`Keys::of`], by a key that another data set declares.
    pub(super) fn by(state: &'s ReadState, dataset: &Dataset, type_name: &str) -> Result<Option<Self>, ToolError> {
        let declared = dataset
            .get(type_name)
            .and_then(|schema| schema.as_object()?.primary_key.as_ref());
        let Some(key) = declared else {
            return Ok(None);
        };
        let paths = key.paths().iter().map(|path| state.dataset().resolve(type_name, path));
        let paths = paths
            .collect::<Result<_, _>>()
            .map_err(crate::schema::SchemaError::from)?;
        Ok(Some(Self { state, paths }))
    }

    /// The key of a record, as JSON: equal keys have equal texts. `None` if a part of it is null.
    pub(super) fn key(&self, record: Ordinal) -> Option<String> {
        let parts: Option<Vec<KeyValue>> = self.paths.iter().map(|path| self.part(path, record)).collect();
        parts.map(|parts| key_json(&parts))
    }

    fn part(&self, path: &FieldPath, record: Ordinal) -> Option<KeyValue> {
        let (last, through) = path.steps.split_last()?;
        let mut record = record;
        for step in through {
            record = self.state.object(&step.type_name)?.reference(record, step.field)?;
        }
        let (ty, field) = (self.state.object(&last.type_name)?, last.field);
        match path.ty {
            FieldType::Int => ty.int(record, field).map(KeyValue::Int),
            FieldType::Long => ty.long(record, field).map(KeyValue::Long),
            FieldType::Boolean => ty.boolean(record, field).map(KeyValue::Boolean),
            FieldType::Float => ty.float(record, field).map(KeyValue::Float),
            FieldType::Double => ty.double(record, field).map(KeyValue::Double),
            FieldType::String => ty
                .text(record, field)
                .map(|text| KeyValue::Text(text.to_str().into_owned())),
            FieldType::Bytes => ty.bytes(record, field).map(|bytes| KeyValue::Bytes(bytes.to_vec())),
            FieldType::Reference(_) => None,
        }
    }
}
