//! What changed between two states.

use super::collection_page::CollectionPage;
use super::object_page::ObjectPage;
use super::slots::{PAGE_BITS, iter_bits};
use super::table::{Page, Records};
use super::{ReadState, TypeReadState};
use crate::schema::ObjectSchema;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;

/// The records that two states do not have in common, by type.
///
/// Pages that the two share are skipped, so between neighbours of a chain this costs what changed.
#[derive(Clone, Debug, Default)]
pub struct Transition {
    types: BTreeMap<String, TypeChanges>,
}

/// The records of one type that two states do not have in common.
///
/// Between states that do not follow directly on each other an ordinal can be in both sets: it was removed and used
/// again for another record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypeChanges {
    /// Ordinals populated in the second state, with a record that the first does not have there.
    pub added: RoaringBitmap,
    /// Ordinals populated in the first state, with a record that the second does not have there.
    pub removed: RoaringBitmap,
}

impl TypeChanges {
    /// Whether the records are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl Transition {
    /// What one has to do to `before` to get `after`.
    ///
    /// A record is the same if its fields are (those that both schemas have); what it refers to is judged in the type
    /// referred to. All records of a type that only one of the states has count as changed.
    pub fn between(before: &ReadState, after: &ReadState) -> Self {
        let neighbours = after.lineage.is_next_to(before.lineage);
        let mut types = BTreeMap::new();
        for old in before.types() {
            let changes = match after.ty(old.name()) {
                Some(new) => compare(old, new, neighbours),
                None => TypeChanges {
                    removed: all(old),
                    ..TypeChanges::default()
                },
            };
            types.insert(old.name().to_owned(), changes);
        }
        for new in after.types().filter(|new| before.ty(new.name()).is_none()) {
            let changes = TypeChanges {
                added: all(new),
                ..TypeChanges::default()
            };
            types.insert(new.name().to_owned(), changes);
        }
        types.retain(|_, changes| !changes.is_empty());
        Self { types }
    }

    /// The changes of one type only; as [`Transition::between`] would find them.
    pub fn of_type(before: &ReadState, after: &ReadState, type_name: &str) -> TypeChanges {
        match (before.ty(type_name), after.ty(type_name)) {
            (Some(old), Some(new)) => compare(old, new, after.lineage.is_next_to(before.lineage)),
            (old, new) => TypeChanges {
                added: new.map(all).unwrap_or_default(),
                removed: old.map(all).unwrap_or_default(),
            },
        }
    }

    /// The changes of a type; nothing if there are none.
    pub fn changes(&self, type_name: &str) -> TypeChanges {
        self.types.get(type_name).cloned().unwrap_or_default()
    }

    /// The types that changed, by name, with their changes.
    pub fn changed_types(&self) -> impl Iterator<Item = (&str, &TypeChanges)> {
        self.types.iter().map(|(name, changes)| (name.as_str(), changes))
    }

    /// Whether nothing changed in any type.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}

fn all(ty: &TypeReadState) -> RoaringBitmap {
    ty.populated().map(|ordinal| ordinal.get()).collect()
}

fn compare(old: &TypeReadState, new: &TypeReadState, neighbours: bool) -> TypeChanges {
    match (old, new) {
        (TypeReadState::Object(a), TypeReadState::Object(b)) => {
            let common = common_fields(a.schema(), b.schema());
            pages(&a.records, &b.records, neighbours, |a, i, b, j| {
                same_object(a, i, b, j, &common)
            })
        }
        (TypeReadState::List(a), TypeReadState::List(b)) => pages(&a.records, &b.records, neighbours, same_collection),
        (TypeReadState::Set(a), TypeReadState::Set(b)) => pages(&a.records, &b.records, neighbours, same_collection),
        (TypeReadState::Map(a), TypeReadState::Map(b)) => pages(&a.records, &b.records, neighbours, same_collection),
        _ => TypeChanges {
            added: all(new),
            removed: all(old),
        },
    }
}

fn pages<P: Page>(
    old: &Records<P>,
    new: &Records<P>,
    neighbours: bool,
    same: impl Fn(&P, usize, &P, usize) -> bool,
) -> TypeChanges {
    let mut changes = TypeChanges::default();
    for (number, a, b) in old.differing(new) {
        let bits = |page: Option<&P>| page.map_or([0; 16], |page| *page.slots().words());
        let (before, after) = (bits(a), bits(b));
        let mut both = [0; 16];
        for (both, (before, after)) in both.iter_mut().zip(before.iter().zip(&after)) {
            *both = before & after;
        }
        let minus = |left: &[u64; 16]| {
            let mut rest = *left;
            rest.iter_mut().zip(&both).for_each(|(word, both)| *word &= !both);
            rest
        };
        let first = number << PAGE_BITS;
        changes
            .removed
            .extend(iter_bits(&minus(&before)).map(|slot| first + slot));
        changes.added.extend(iter_bits(&minus(&after)).map(|slot| first + slot));
        let (false, Some(a), Some(b)) = (neighbours, a, b) else {
            continue;
        };
        for slot in iter_bits(&both) {
            let indexes = a.slots().index_of(slot).zip(b.slots().index_of(slot));
            if indexes.is_some_and(|(i, j)| !same(a, i, b, j)) {
                changes.removed.insert(first + slot);
                changes.added.insert(first + slot);
            }
        }
    }
    changes
}

/// The fields that both schemas have with the same type: positions in either.
fn common_fields(old: &ObjectSchema, new: &ObjectSchema) -> Vec<(usize, usize)> {
    let positions = new.positions();
    let fields = old.fields.iter().enumerate();
    fields
        .filter_map(|(at, field)| {
            let other = *positions.get(field.name.as_str())?;
            (new.fields[other].ty == field.ty).then_some((at, other))
        })
        .collect()
}

fn same_object(a: &ObjectPage, i: usize, b: &ObjectPage, j: usize, common: &[(usize, usize)]) -> bool {
    common
        .iter()
        .all(|&(f, g)| a.bytes(i, f) == b.bytes(j, g) && a.value(i, f) == b.value(j, g))
}

fn same_collection(a: &CollectionPage, i: usize, b: &CollectionPage, j: usize) -> bool {
    a.entries(i).eq(b.entries(j))
}
