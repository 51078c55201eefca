//! A state with some types and fields left out, for those who need no more: filtered where it is published instead of
//! by each reader.
//!
//! Records keep their ordinals. Two states of a chain, filtered alike, are two states of a chain again:
//! [`rewrite::deltas`](super::rewrite::deltas) leads from the one to the other.

use super::ToolError;
use super::references::{Origins, RecordSets, reachable};
use super::rewrite::{new_engine, state_of};
use crate::copy::{Copier, HashPositions};
use crate::memory::OrdinalSet;
use crate::read::{Filter, ReadState, TypeReadState};
use crate::schema::{Dataset, Schema, SchemaError};
use crate::write::{WriteError, WriteStateEngine};
use std::collections::{BTreeSet, HashMap};

/// What a filter made of a state.
#[derive(Clone, Debug)]
pub struct Filtered {
    /// The state. Random tag, header tags and version are those of the state it was made of.
    pub state: ReadState,
    /// What had to go beyond the types and fields that were named, in words: what refers to types that are gone, and keys
    /// that lead through fields that are gone.
    pub consequences: Vec<String>,
}

/// Leaves types and fields out, and what cannot be without them: fields that refer to types that are gone, collections of
/// these, keys through fields that are gone. A set or map that loses its hash key is hashed by ordinals.
///
/// With `prune`, records go that something referred to before and nothing refers to any more, and in turn what only they
/// referred to. Costs a look at every record.
///
/// # Errors
/// [`ToolError::Schema`] if the filter keeps nothing that is there, [`ToolError::Write`].
pub fn filter(state: &ReadState, filter: &Filter, prune: bool) -> Result<Filtered, ToolError> {
    let mut consequences = Vec::new();
    let dataset = reduced(state.dataset(), filter, &mut consequences)?;
    let mut engine = new_engine(&dataset)?;
    engine.keep_buckets();
    let kept: RecordSets<'_> = match prune {
        true => still_reachable(state, &dataset),
        false => state.types().map(|ty| (ty.name(), ty.populated().collect())).collect(),
    };
    for (name, ordinals) in &kept {
        if let Some(from) = state.ty(name) {
            place(&mut engine, from, state.dataset(), ordinals)?;
        }
    }
    engine.set_origin_tag(state.origin_tag());
    engine.set_next_tag(state.tag());
    for (key, value) in state.header_tags() {
        engine.set_header_tag(key, value);
    }
    let mut filtered = state_of(engine)?;
    if let Some(version) = state.version() {
        filtered = filtered.with_version(version);
    }
    Ok(Filtered {
        state: filtered,
        consequences,
    })
}

/// What can still be reached from the records that nothing referred to before.
fn still_reachable<'s>(state: &'s ReadState, dataset: &Dataset) -> RecordSets<'s> {
    let Origins {
        unreferenced: mut origins,
        circular,
    } = Origins::of(state);
    for (name, records) in &circular {
        origins.entry(name).or_default().union_with(records);
    }
    origins.retain(|name, _| dataset.get(name).is_some());
    let fields: HashMap<&str, HashMap<&str, usize>> = dataset
        .schemas()
        .iter()
        .filter_map(|schema| Some((schema.name(), schema.as_object()?.positions())))
        .collect();
    reachable(state, origins, |name, through, to, _| {
        let field_stays = fields.get(name).is_none_or(|fields| fields.contains_key(through));
        field_stays && dataset.get(to).is_some()
    })
}

fn place(
    engine: &mut WriteStateEngine,
    from: &TypeReadState,
    before: &Dataset,
    ordinals: &OrdinalSet,
) -> Result<(), ToolError> {
    let name = from.name();
    let (Some(id), Some(schema)) = (engine.type_id(name), engine.dataset().get(name)) else {
        return Ok(());
    };
    let keyless = hash_key(schema).is_none() && before.get(name).is_some_and(|before| hash_key(before).is_some());
    let positions = match keyless {
        true => HashPositions::AsAdded,
        false => HashPositions::Verbatim,
    };
    let copier = Copier::new(from, schema, positions).map_err(|why| WriteError::CannotRestore {
        type_name: name.to_owned(),
        why,
    })?;
    engine.set_num_shards(id, from.num_shards());
    Ok(engine.take_records(id, &copier, ordinals.iter())?)
}

fn hash_key(schema: &Schema) -> Option<&[String]> {
    match schema {
        Schema::Set(set) => set.hash_key.as_ref().map(|key| key.paths()),
        Schema::Map(map) => map.hash_key.as_ref().map(|key| key.paths()),
        _ => None,
    }
}

/// The schemas that are left.
fn reduced(before: &Dataset, filter: &Filter, consequences: &mut Vec<String>) -> Result<Dataset, ToolError> {
    let mut schemas: Vec<Schema> = before
        .schemas()
        .iter()
        .filter(|schema| filter.keeps_type(schema.name()))
        .cloned()
        .collect();
    for schema in &mut schemas {
        if let Schema::Object(object) = schema {
            let name = object.name.clone();
            object.fields.retain(|field| filter.keeps_field(&name, &field.name));
        }
    }
    if schemas.is_empty() {
        let what = "any of the types that are to be kept".to_owned();
        return Err(SchemaError::UnknownType(what).into());
    }
    // What refers to a type that is gone goes, too, until nothing does. Types that were never there stay as they are.
    loop {
        let names: BTreeSet<String> = schemas.iter().map(|schema| schema.name().to_owned()).collect();
        let is_gone = |name: &str| before.get(name).is_some() && !names.contains(name);
        let mut gone: Vec<String> = Vec::new();
        for schema in &mut schemas {
            if let Schema::Object(object) = schema {
                let name = object.name.clone();
                object.fields.retain(|field| {
                    let goes = field.ty.reference().is_some_and(is_gone);
                    if goes {
                        consequences.push(format!("field {name}.{} is gone: {} is", field.name, field.ty));
                    }
                    !goes
                });
            } else if let Some(missing) = schema.references().into_iter().find(|name| is_gone(name)) {
                consequences.push(format!("type {} is gone: {missing} is", schema.name()));
                gone.push(schema.name().to_owned());
            }
        }
        if gone.is_empty() {
            break;
        }
        schemas.retain(|schema| !gone.iter().any(|name| name == schema.name()));
    }
    without_broken_keys(before, schemas, consequences)
}

/// Takes away keys that led somewhere before and do not any more.
fn without_broken_keys(
    before: &Dataset,
    schemas: Vec<Schema>,
    consequences: &mut Vec<String>,
) -> Result<Dataset, ToolError> {
    let after = Dataset::new(schemas)?;
    let breaks = |root: &str, paths: &[String]| {
        paths.iter().any(|path| match before.resolve(root, path) {
            // It must lead through the same fields as before: names that are gone can make another path of it.
            Ok(old) => after.resolve(root, path).ok().map(|new| new.full_name()) != Some(old.full_name()),
            Err(_) => false,
        })
    };
    let mut schemas = after.schemas().to_vec();
    for schema in &mut schemas {
        let name = schema.name().to_owned();
        let lost = match schema {
            Schema::Object(object) => {
                let key = object.primary_key.take_if(|key| breaks(&name, key.paths()));
                key.map(|key| ("primary key", key.paths().join(", ")))
            }
            Schema::Set(set) => {
                let key = set.hash_key.take_if(|key| breaks(&set.element, key.paths()));
                key.map(|key| ("hash key", key.paths().join(", ")))
            }
            Schema::Map(map) => {
                let key = map.hash_key.take_if(|key| breaks(&map.key, key.paths()));
                key.map(|key| ("hash key", key.paths().join(", ")))
            }
            Schema::List(_) => None,
        };
        if let Some((what, paths)) = lost {
            consequences.push(format!(
                "{what} of {name} is gone: it leads through fields that are, paths={paths}"
            ));
        }
    }
    Ok(Dataset::new(schemas)?)
}
