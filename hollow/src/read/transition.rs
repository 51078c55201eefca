//! What changed between two states.

use super::differing::Differing;
use super::kind::{Collections, ObjectPlace, RecordKind};
use super::object_block::FieldKind;
use super::records::Records;
use super::slots::{PAGE_BITS, SlotBits, WORDS, iter_bits};
use super::{ReadState, TypeReadState};
use crate::Ordinal;
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
            let same = |a: ObjectPlace<'_>, b: ObjectPlace<'_>| same_object(a, b, &common);
            pages(&a.records, &b.records, neighbours, same)
        }
        (TypeReadState::List(a), TypeReadState::List(b)) => collections(&a.records, &b.records, neighbours),
        (TypeReadState::Set(a), TypeReadState::Set(b)) => collections(&a.records, &b.records, neighbours),
        (TypeReadState::Map(a), TypeReadState::Map(b)) => collections(&a.records, &b.records, neighbours),
        _ => TypeChanges {
            added: all(new),
            removed: all(old),
        },
    }
}

fn collections(old: &Records<Collections>, new: &Records<Collections>, neighbours: bool) -> TypeChanges {
    pages(old, new, neighbours, |a, b| Collections::same(&old.plan, a, b))
}

fn pages<K: RecordKind>(
    old: &Records<K>,
    new: &Records<K>,
    neighbours: bool,
    same: impl Fn(K::Row<'_>, K::Row<'_>) -> bool,
) -> TypeChanges {
    let mut changes = TypeChanges::default();
    for Differing { number, slots } in old.differing(new) {
        let (before, after) = (old.slots(number), new.slots(number));
        let touched = slots.unwrap_or([u64::MAX; WORDS]);
        let select =
            |of: fn(u64, u64) -> u64| -> SlotBits { std::array::from_fn(|at| of(before[at], after[at]) & touched[at]) };
        let first = number << PAGE_BITS;
        let removed = select(|before, after| before & !after);
        changes.removed.extend(iter_bits(&removed).map(|slot| first + slot));
        let added = select(|before, after| after & !before);
        changes.added.extend(iter_bits(&added).map(|slot| first + slot));
        if neighbours {
            continue;
        }
        for slot in iter_bits(&select(|before, after| before & after)) {
            let ordinal = Ordinal::new(first + slot);
            let rows = ordinal.and_then(|ordinal| old.locate(ordinal).zip(new.locate(ordinal)));
            if rows.is_some_and(|(a, b)| !same(a, b)) {
                changes.removed.insert(first + slot);
                changes.added.insert(first + slot);
            }
        }
    }
    changes
}

/// The fields that both schemas have with the same type: what they hold, and their positions in either.
fn common_fields(old: &ObjectSchema, new: &ObjectSchema) -> Vec<(FieldKind, usize, usize)> {
    let positions = new.positions();
    let fields = old.fields.iter().enumerate();
    fields
        .filter_map(|(at, field)| {
            let other = *positions.get(field.name.as_str())?;
            (new.fields[other].ty == field.ty).then_some((FieldKind::of(&field.ty), at, other))
        })
        .collect()
}

fn same_object(a: ObjectPlace<'_>, b: ObjectPlace<'_>, common: &[(FieldKind, usize, usize)]) -> bool {
    common.iter().all(|&(kind, f, g)| {
        if kind.is_variable_length() {
            a.bytes_of(f, kind) == b.bytes_of(g, kind)
        } else {
            a.value_of(f, kind) == b.value_of(g, kind)
        }
    })
}
