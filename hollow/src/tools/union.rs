//! Schemas of several states made one.

use super::ToolError;
use crate::schema::{Dataset, Field, ObjectSchema, Schema};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// All types of these data sets, in the order in which they appear; object types have the fields of all.
///
/// A primary key counts if all that have the type agree on it.
pub(super) fn of(datasets: &[&Dataset]) -> Result<Dataset, ToolError> {
    let mut schemas: Vec<Schema> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for schema in datasets.iter().flat_map(|dataset| dataset.schemas()) {
        match places.entry(schema.name()) {
            Entry::Occupied(place) => merge(&mut schemas[*place.get()], schema)?,
            Entry::Vacant(place) => {
                place.insert(schemas.len());
                schemas.push(schema.clone());
            }
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
    let mut added: Vec<Field> = Vec::new();
    let positions = known.positions();
    for field in &other.fields {
        match positions.get(field.name.as_str()) {
            Some(&at) if known.fields[at].ty != field.ty => {
                return Err(format!(
                    "field {} is {} and {}",
                    field.name, known.fields[at].ty, field.ty
                ));
            }
            Some(_) => {}
            None => added.push(field.clone()),
        }
    }
    known.fields.extend(added);
    if known.primary_key != other.primary_key {
        known.primary_key = None;
    }
    Ok(())
}
