//! Schemas of several states made one.

use super::ToolError;
use crate::schema::{Dataset, ObjectSchema, Schema};

/// All types of these data sets, in the order in which they appear; object types have the fields of all.
///
/// A primary key counts if all that have the type agree on it.
pub(super) fn of(datasets: &[&Dataset]) -> Result<Dataset, ToolError> {
    let mut schemas: Vec<Schema> = Vec::new();
    for schema in datasets.iter().flat_map(|dataset| dataset.schemas()) {
        match schemas.iter_mut().find(|known| known.name() == schema.name()) {
            Some(known) => merge(known, schema)?,
            None => schemas.push(schema.clone()),
        }
    }
    Ok(Dataset::new(schemas)?)
}

fn merge(known: &mut Schema, other: &Schema) -> Result<(), ToolError> {
    let disagreement = |why: String| ToolError::Disagreement {
        type_name: other.name().to_owned(),
        why,
    };
    match (known, other) {
        (Schema::Object(known), Schema::Object(other)) => merge_objects(known, other).map_err(disagreement),
        (known, other) if known == other => Ok(()),
        (known, other) => Err(disagreement(format!("{known} and {other}"))),
    }
}

fn merge_objects(known: &mut ObjectSchema, other: &ObjectSchema) -> Result<(), String> {
    for field in &other.fields {
        match known.position(&field.name) {
            Some(at) if known.fields[at].ty != field.ty => {
                return Err(format!(
                    "field {} is {} and {}",
                    field.name, known.fields[at].ty, field.ty
                ));
            }
            Some(_) => {}
            None => known.fields.push(field.clone()),
        }
    }
    if known.primary_key != other.primary_key {
        known.primary_key = None;
    }
    Ok(())
}
