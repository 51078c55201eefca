//! Who refers to whom: references backwards, and references that lead nowhere.

use crate::Ordinal;
use crate::memory::OrdinalSet;
use crate::read::{ReadState, TypeReadState};
use crate::schema::FieldType;
use std::collections::BTreeMap;

/// A record that refers to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Referrer<'s> {
    /// Its type.
    pub type_name: &'s str,
    /// Its ordinal.
    pub ordinal: Ordinal,
    /// The field of an object, or `element`, `key` or `value`.
    pub through: &'s str,
}

/// The records that refer to one record, in the order of the state's types; a record stands once for each of its fields
/// that does. Looks at all records of the types that can refer to it.
pub fn referrers<'s>(state: &'s ReadState, type_name: &str, target: Ordinal) -> Vec<Referrer<'s>> {
    let mut found: Vec<Referrer<'s>> = Vec::new();
    for ty in state.types() {
        if !ty.schema().references().contains(&type_name) {
            continue;
        }
        for ordinal in ty.populated() {
            for_each_reference(ty, ordinal, |through, to_type, to| {
                let referrer = || Referrer {
                    type_name: ty.name(),
                    ordinal,
                    through,
                };
                if to == target && to_type == type_name && found.last() != Some(&referrer()) {
                    found.push(referrer());
                }
            });
        }
    }
    found
}

/// Calls `each` with name of the field, type referred to and ordinal for every reference of a record.
pub(crate) fn for_each_reference<'s>(
    ty: &'s TypeReadState,
    record: Ordinal,
    mut each: impl FnMut(&'s str, &'s str, Ordinal),
) {
    match ty {
        TypeReadState::Object(ty) => {
            for (at, field) in ty.schema().fields.iter().enumerate() {
                if let (FieldType::Reference(name), Some(to)) = (&field.ty, ty.reference(record, at)) {
                    each(&field.name, name, to);
                }
            }
        }
        TypeReadState::List(ty) => ty
            .elements(record)
            .for_each(|to| each("element", &ty.schema().element, to)),
        TypeReadState::Set(ty) => ty
            .elements(record)
            .for_each(|to| each("element", &ty.schema().element, to)),
        TypeReadState::Map(ty) => ty.entries(record).for_each(|(key, value)| {
            each("key", &ty.schema().key, key);
            each("value", &ty.schema().value, value);
        }),
    }
}

/// Records by type.
pub(crate) type RecordSets<'s> = BTreeMap<&'s str, OrdinalSet>;

/// Where everything in a state can be reached from.
pub(crate) struct Origins<'s> {
    /// The records that nothing refers to.
    pub(crate) unreferenced: RecordSets<'s>,
    /// The records that cannot be reached from those: circles, and what only they lead to.
    pub(crate) circular: RecordSets<'s>,
}

impl<'s> Origins<'s> {
    /// Looks at every reference of every record.
    pub(crate) fn of(state: &'s ReadState) -> Self {
        let mut unreferenced: RecordSets<'s> = state.types().map(|ty| (ty.name(), ty.populated().collect())).collect();
        for ty in state.types() {
            for record in ty.populated() {
                for_each_reference(ty, record, |_, to, ordinal| {
                    if let Some(records) = unreferenced.get_mut(to) {
                        records.remove(ordinal);
                    }
                });
            }
        }
        let reached = reachable(state, unreferenced.clone(), |_, _, _, _| true);
        let circular = state.types().map(|ty| {
            let all: OrdinalSet = ty.populated().collect();
            let rest = reached
                .get(ty.name())
                .map_or_else(OrdinalSet::new, |reached| all.difference(reached));
            (ty.name(), rest)
        });
        Self {
            unreferenced,
            circular: circular.collect(),
        }
    }
}

/// These records and all that can be reached from them by references that `follows` says yes to: type of the record that
/// refers, field, type and ordinal of the one referred to.
pub(crate) fn reachable<'s>(
    state: &'s ReadState,
    from: RecordSets<'s>,
    follows: impl Fn(&str, &str, &str, Ordinal) -> bool,
) -> RecordSets<'s> {
    let mut waiting: Vec<(&'s str, Ordinal)> = Vec::new();
    for (name, records) in &from {
        waiting.extend(records.iter().map(|record| (*name, record)));
    }
    let mut reached = from;
    while let Some((name, record)) = waiting.pop() {
        let Some(ty) = state.ty(name) else { continue };
        for_each_reference(ty, record, |through, to, ordinal| {
            let is_there = state.ty(to).is_some_and(|ty| ty.is_populated(ordinal));
            if is_there && follows(name, through, to, ordinal) && reached.entry(to).or_default().insert(ordinal) {
                waiting.push((to, ordinal));
            }
        });
    }
    reached
}

/// What the references of a whole state come to, type by type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// By name of the type referred to.
    pub types: BTreeMap<String, Referred>,
}

/// What is known about the references to one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Referred {
    /// How many references lead to records that are not there.
    pub dangling: u64,
    /// An example of those: type and ordinal of the record that refers, and the ordinal that is not there.
    pub example: Option<(String, Ordinal, Ordinal)>,
    /// Records that nothing refers to, although other types could. Such records are roots or forgotten.
    pub unreferenced: u64,
    /// Whether the type is part of the state.
    pub is_present: bool,
}

impl Survey {
    /// Looks at every reference of every record.
    pub fn of(state: &ReadState) -> Self {
        let mut reached: BTreeMap<&str, OrdinalSet> = BTreeMap::new();
        let mut survey = Self::default();
        for ty in state.types() {
            for name in ty.schema().references() {
                reached.entry(name).or_default();
                survey.types.entry(name.to_owned()).or_default();
            }
            for ordinal in ty.populated() {
                for_each_reference(ty, ordinal, |_, name, to| {
                    let there = state.ty(name).is_some_and(|target| target.is_populated(to));
                    if there {
                        reached.entry(name).or_default().insert(to);
                    } else if let Some(referred) = survey.types.get_mut(name) {
                        referred.dangling += 1;
                        referred
                            .example
                            .get_or_insert_with(|| (ty.name().to_owned(), ordinal, to));
                    }
                });
            }
        }
        for (name, referred) in &mut survey.types {
            let Some(ty) = state.ty(name) else {
                continue;
            };
            referred.is_present = true;
            let reached = reached.get(name.as_str()).map_or(0, OrdinalSet::len);
            referred.unreferenced = ty.len().saturating_sub(reached) as u64;
        }
        survey
    }
}
