//! States made of records of other states: all of several, or some of one.
//!
//! Records are copied with all they refer to, children first; records that are the same become one. Ordinals are new.

use super::keys::Keys;
use super::references::{Origins, RecordSets};
use super::rewrite::{new_engine, state_of};
use super::text::records::roots;
use super::{ToolError, union};
use crate::Ordinal;
use crate::copy::RecordCopier;
use crate::read::ReadState;
use crate::schema::Dataset;
use crate::write::WriteStateEngine;
use std::collections::{BTreeMap, HashMap};

/// What becomes of records of several states that have one primary key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// The record of the first state that has one counts; what refers to the others refers to it.
    #[default]
    KeepFirst,
    /// There must not be any.
    Refuse,
    /// All are kept.
    KeepAll,
}

/// How to combine states.
#[derive(Clone, Debug, Default)]
pub struct CombineOptions {
    /// What becomes of records with the same primary key.
    pub on_duplicate: OnDuplicate,
    /// The types in which primary keys are looked at; `None`: those that no other type refers to.
    pub unique: Option<Vec<String>>,
}

/// What was combined.
#[derive(Clone, Debug)]
pub struct Combined {
    /// The state. Its header tags are those of all states, the first one's where several have a tag.
    pub state: ReadState,
    /// How many records were left out because an earlier state has one with their key, by type.
    pub duplicates: BTreeMap<String, u64>,
}

/// Combines the records of several states. Types and fields are those of all; the result has this random tag.
///
/// Holds the result twice for a moment. Every record is copied that no other record refers to; others with them.
///
/// # Errors
/// [`ToolError::Disagreement`] if the states do not agree on a type, [`ToolError::DuplicateKey`] if there must not be
/// any, [`ToolError::Copy`] if a record cannot be copied.
pub fn combine(states: &[&ReadState], options: &CombineOptions, tag: i64) -> Result<Combined, ToolError> {
    let datasets: Vec<&Dataset> = states.iter().map(|state| &**state.dataset()).collect();
    let dataset = union::of(&datasets)?;
    let mut engine = new_engine(&dataset)?;
    let unique = match &options.unique {
        Some(unique) => unique.clone(),
        None => roots(&dataset).into_iter().map(str::to_owned).collect(),
    };
    let mut known: HashMap<String, HashMap<String, Ordinal>> = match options.on_duplicate {
        OnDuplicate::KeepAll => HashMap::new(),
        _ => unique.into_iter().map(|name| (name, HashMap::new())).collect(),
    };
    let mut duplicates: BTreeMap<String, u64> = BTreeMap::new();
    for state in states {
        add_all(
            &mut engine,
            state,
            options.on_duplicate,
            &dataset,
            &mut known,
            &mut duplicates,
        )?;
    }
    engine.set_next_tag(tag);
    for (key, value) in states.iter().rev().flat_map(|state| state.header_tags()) {
        engine.set_header_tag(key, value);
    }
    Ok(Combined {
        state: state_of(engine)?,
        duplicates,
    })
}

/// Copies the records of one state. `known` has the keys of the states before.
fn add_all(
    engine: &mut WriteStateEngine,
    state: &ReadState,
    on_duplicate: OnDuplicate,
    dataset: &Dataset,
    known: &mut HashMap<String, HashMap<String, Ordinal>>,
    duplicates: &mut BTreeMap<String, u64>,
) -> Result<(), ToolError> {
    let mut copier = RecordCopier::new(state, engine)?;
    let mut keys = HashMap::new();
    for name in known.keys() {
        if state.ty(name).is_some()
            && let Some(of_type) = Keys::by(state, dataset, name)?
        {
            keys.insert(name.clone(), of_type);
        }
    }
    // What only left out records refer to is left out with them. Circles are refused, wherever one begins.
    let Origins { unreferenced, circular } = Origins::of(state);
    for (name, record) in each(&unreferenced).chain(each(&circular)) {
        let mut refused = None;
        let mut in_place = |type_name: &str, ordinal: Ordinal| {
            let key = keys.get(type_name)?.key(ordinal)?;
            let place = known.get(type_name)?.get(&key).copied()?;
            *duplicates.entry(type_name.to_owned()).or_default() += 1;
            refused.get_or_insert_with(|| (type_name.to_owned(), key));
            Some(place)
        };
        copier.copy_with(engine, name, record, &mut in_place)?;
        if let (OnDuplicate::Refuse, Some((type_name, key))) = (on_duplicate, refused) {
            return Err(ToolError::DuplicateKey { type_name, key });
        }
    }
    // Records of one state may have one key among themselves: only from now on the keys are known.
    let mut found: Vec<(&String, String, Ordinal)> = Vec::new();
    for (name, keys) in &keys {
        let populated = state.ty(name).into_iter().flat_map(|ty| ty.populated());
        for record in populated {
            if let (Some(key), Some(place)) = (keys.key(record), copier.place(name, record)) {
                found.push((name, key, place));
            }
        }
    }
    for (name, key, place) in found {
        known.entry(name.clone()).or_default().entry(key).or_insert(place);
    }
    Ok(())
}

fn each<'r>(records: &'r RecordSets<'_>) -> impl Iterator<Item = (&'r str, Ordinal)> {
    records
        .iter()
        .flat_map(|(name, records)| records.iter().map(move |record| (*name, record)))
}

/// A state of some records of another one, with all they refer to. Schemas and header tags are those of the state; the
/// result has this random tag.
///
/// # Errors
/// [`ToolError::Copy`] if a record is not there or cannot be copied.
pub fn select<'n>(
    state: &ReadState,
    records: impl IntoIterator<Item = (&'n str, Ordinal)>,
    tag: i64,
) -> Result<ReadState, ToolError> {
    let mut engine = new_engine(state.dataset())?;
    let mut copier = RecordCopier::new(state, &engine)?;
    for (type_name, record) in records {
        copier.copy(&mut engine, type_name, record)?;
    }
    engine.set_next_tag(tag);
    for (key, value) in state.header_tags() {
        engine.set_header_tag(key, value);
    }
    state_of(engine)
}
