//! Which records need no look because both states have them in the same pages.
//!
//! Between states of one chain a [`Transition`] names the ordinals whose own fields changed and skips the pages that
//! the states share. A record with unchanged fields can still say something else, if an ordinal it refers to was used
//! again for another record in the meantime. So changes spread from types to those that refer to them: where records of
//! a type changed, all records that could refer to them are asked for their references, which is far cheaper than
//! comparing them. Not so between neighbours, where one delta led from one state to the other: an ordinal freed in it
//! cannot be used again in it.

use crate::side::{Side, TypeNumber};
use hollow::Ordinal;
use hollow::read::{ReadState, Transition, TypeChanges};
use roaring::RoaringBitmap;
use std::collections::HashMap;

/// The records of each type that may differ.
pub(crate) struct Suspects {
    /// By type; `None` for a type all of whose records are suspect. Absent types have no suspects.
    types: HashMap<String, Option<TypeChanges>>,
    /// The ordinals that are suspect on either side, by the number of the type, which is that of both sides.
    either: Vec<Option<RoaringBitmap>>,
}

impl Suspects {
    /// Compares two states of one chain. `None` if their schemas differ: then nothing can be taken as unchanged.
    pub(crate) fn between(a: &Side<'_>, b: &Side<'_>) -> Option<Self> {
        let (before, after): (&ReadState, &ReadState) = (a.state, b.state);
        if before.dataset() != after.dataset() {
            return None;
        }
        let transition = Transition::between(before, after);
        let neighbours = before.is_next_to(after);
        let mut suspects = Suspects {
            types: HashMap::new(),
            either: Vec::new(),
        };
        for name in before.dataset().dependency_order() {
            let own = Some(transition.changes(name));
            let changes = match (a.number(name), b.number(name)) {
                _ if neighbours => own,
                (Some(x), Some(y)) if suspects.knows_references_of(before, name) => {
                    own.map(|own| suspects.spread((a, x), (b, y), own))
                }
                _ => None,
            };
            suspects.types.insert(name.to_owned(), changes);
        }
        let either = before.types().map(|ty| {
            let changes = suspects.of(ty.name())?;
            (a.number(ty.name()) == b.number(ty.name())).then(|| &changes.removed | &changes.added)
        });
        suspects.either = either.collect();
        Some(suspects)
    }

    /// Whether an ordinal stands for the same in both states: for a record that says the same, with all it refers to, or
    /// for none.
    pub(crate) fn spare(&self, ty: TypeNumber, ordinal: Ordinal) -> bool {
        let suspects = self.either.get(ty).and_then(Option::as_ref);
        suspects.is_some_and(|suspects| !suspects.contains(ordinal.get()))
    }

    /// The records of a type that may differ; `None` for all of them.
    pub(crate) fn of(&self, type_name: &str) -> Option<&TypeChanges> {
        self.types.get(type_name)?.as_ref()
    }

    /// Whether it is known for each type referred to which of its records are suspect. Not so for types on a circle.
    fn knows_references_of(&self, state: &ReadState, name: &str) -> bool {
        let schema = state.dataset().get(name);
        let mut references = schema.map(|schema| schema.references()).unwrap_or_default().into_iter();
        // A type that is referred to but not there reads as null on both sides.
        references.all(|name| state.ty(name).is_none() || self.of(name).is_some())
    }

    /// Adds the records that refer to suspects.
    fn spread(&self, a: (&Side<'_>, TypeNumber), b: (&Side<'_>, TypeNumber), mut own: TypeChanges) -> TypeChanges {
        let Some(records) = a.0.records(a.1) else { return own };
        let references = records.schema().references();
        if references
            .iter()
            .all(|name| self.of(name).is_none_or(TypeChanges::is_empty))
        {
            return own;
        }
        let changes =
            |side: &Side<'_>, number: TypeNumber| side.records(number).and_then(|records| self.of(records.name()));
        let refers_to_suspect = |(side, number): (&Side<'_>, TypeNumber), ordinal: Ordinal, removed: bool| {
            let mut found = false;
            side.for_each_child(number, ordinal, |child, ordinal| {
                found |= changes(side, child).is_some_and(|changes| {
                    let set = if removed { &changes.removed } else { &changes.added };
                    set.contains(ordinal.get())
                });
            });
            found
        };
        let mut more = Vec::new();
        for ordinal in records
            .populated()
            .filter(|ordinal| !own.removed.contains(ordinal.get()))
        {
            if refers_to_suspect(a, ordinal, true) || refers_to_suspect(b, ordinal, false) {
                more.push(ordinal.get());
            }
        }
        own.removed.extend(more.iter().copied());
        own.added.extend(more);
        own
    }
}
