//! What serialized records refer to, and copies that refer elsewhere.

use super::{
    Buckets, FieldKind, NAN_DOUBLE, NAN_FLOAT, Shape, Stored, list_elements, map_entries, push_list, push_map,
    push_null, push_ordinal, push_set, set_elements, take_field,
};
use crate::Ordinal;
use crate::write::TypeId;

/// What a record refers to, in order, as often as it appears.
pub(crate) fn for_each_reference(shape: &Shape, bytes: &[u8], mut each: impl FnMut(TypeId, Ordinal)) {
    let mut visit = |ty: Option<TypeId>, ordinal: u32| {
        if let (Some(ty), Some(ordinal)) = (ty, Ordinal::new(ordinal)) {
            each(ty, ordinal);
        }
    };
    match shape {
        Shape::Object(fields) => {
            let mut rest = bytes;
            for &kind in fields {
                let stored = take_field(&mut rest, kind);
                if let (FieldKind::Reference(ty), Stored::Number(ordinal)) = (kind, stored) {
                    visit(ty, u32::try_from(ordinal).unwrap_or(u32::MAX));
                }
            }
        }
        Shape::List(ty) => list_elements(bytes).for_each(|element| visit(*ty, element)),
        Shape::Set(ty) => set_elements(bytes).for_each(|(element, _)| visit(*ty, element)),
        Shape::Map(key_ty, value_ty) => map_entries(bytes).for_each(|(key, value, _)| {
            visit(*key_ty, key);
            visit(*value_ty, value);
        }),
    }
}

/// Appends a copy of a record, with references moved to where `moved_to` says (`None`: they stay). NaN becomes null.
///
/// If a set or map has a reference that moved, its buckets are computed from the ordinals anew.
pub(crate) fn copy(shape: &Shape, record: &[u8], moved_to: impl Fn(TypeId, u32) -> Option<Ordinal>, out: &mut Vec<u8>) {
    let moved = |ty: Option<TypeId>, ordinal: u32| -> (Option<Ordinal>, bool) {
        match ty.and_then(|ty| moved_to(ty, ordinal)) {
            Some(to) => (Some(to), true),
            None => (Ordinal::new(ordinal), false),
        }
    };
    let own_hash = |ordinal: Ordinal| ordinal.get().cast_signed();
    match shape {
        Shape::Object(kinds) => copy_object(kinds, record, moved, out),
        Shape::List(ty) => {
            let elements: Vec<Ordinal> = list_elements(record)
                .filter_map(|element| moved(*ty, element).0)
                .collect();
            push_list(out, &elements);
        }
        Shape::Set(ty) => {
            let mut any_moved = false;
            let mut elements: Vec<(Ordinal, i32)> = set_elements(record)
                .filter_map(|(element, _)| {
                    let (element, has_moved) = moved(*ty, element);
                    any_moved |= has_moved;
                    element.map(|element| (element, own_hash(element)))
                })
                .collect();
            match any_moved {
                true => _ = push_set(out, &mut elements, Buckets::Mixed),
                false => out.extend_from_slice(record),
            }
        }
        Shape::Map(key_ty, value_ty) => {
            let mut any_moved = false;
            let mut entries: Vec<(Ordinal, Ordinal, i32)> = map_entries(record)
                .filter_map(|(key, value, _)| {
                    let ((key, key_moved), (value, value_moved)) = (moved(*key_ty, key), moved(*value_ty, value));
                    any_moved |= key_moved || value_moved;
                    key.zip(value).map(|(key, value)| (key, value, own_hash(key)))
                })
                .collect();
            match any_moved {
                true => _ = push_map(out, &mut entries, Buckets::Mixed),
                false => out.extend_from_slice(record),
            }
        }
    }
}

fn copy_object(
    kinds: &[FieldKind],
    record: &[u8],
    moved: impl Fn(Option<TypeId>, u32) -> (Option<Ordinal>, bool),
    out: &mut Vec<u8>,
) {
    let mut rest = record;
    for &kind in kinds {
        let before = rest;
        let stored = take_field(&mut rest, kind);
        let as_it_is = &before[..before.len() - rest.len()];
        match (kind, stored) {
            (FieldKind::Reference(ty), Stored::Number(ordinal)) => {
                match moved(ty, u32::try_from(ordinal).unwrap_or(u32::MAX)).0 {
                    Some(ordinal) => push_ordinal(out, ordinal),
                    None => out.extend_from_slice(as_it_is),
                }
            }
            (FieldKind::Float, Stored::Number(bits)) if bits == u64::from(NAN_FLOAT) => push_null(out, kind),
            (FieldKind::Double, Stored::Number(NAN_DOUBLE)) => push_null(out, kind),
            _ => out.extend_from_slice(as_it_is),
        }
    }
}
