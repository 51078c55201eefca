//! One state divided into several, each with some of the records that nothing else refers to.

use super::ToolError;
use super::combine::select;
use super::keys::Keys;
use crate::Ordinal;
use crate::memory::hash::murmur;
use crate::read::ReadState;

/// Divides a state: `part_of` says for each record of the types named in which part it goes (`None`: in none), by type
/// and ordinal. A part has all that its records refer to; what records of several parts refer to is in each of them.
/// The parts have schemas and header tags of the state, and the random tags `tag`, `tag + 1` and so on.
///
/// # Errors
/// [`ToolError::Setting`] if `part_of` names a part that is not there; [`ToolError::Copy`].
pub fn split(
    state: &ReadState,
    types: &[&str],
    parts: usize,
    mut part_of: impl FnMut(&str, Ordinal) -> Result<Option<usize>, ToolError>,
    tag: i64,
) -> Result<Vec<ReadState>, ToolError> {
    let mut chosen: Vec<Vec<(&str, Ordinal)>> = vec![Vec::new(); parts];
    for &name in types {
        let Some(ty) = state.ty(name) else { continue };
        for record in ty.populated() {
            let Some(part) = part_of(name, record)? else { continue };
            let outside = || ToolError::Setting {
                what: "part of a record",
                expected: "one of the parts",
                found: part.to_string(),
            };
            chosen.get_mut(part).ok_or_else(outside)?.push((name, record));
        }
    }
    let numbered = (0i64..).zip(chosen);
    numbered
        .map(|(number, records)| select(state, records, tag.wrapping_add(number)))
        .collect()
}

/// Divides a state by the hash of primary keys: a key is always in the same part of as many parts.
///
/// # Errors
/// [`ToolError::Setting`] if there is to be no part; [`ToolError::NoKey`] if a type has no primary key, or a record none;
/// otherwise as [`split`].
pub fn split_by_key(state: &ReadState, types: &[&str], parts: usize, tag: i64) -> Result<Vec<ReadState>, ToolError> {
    let count = u32::try_from(parts)
        .ok()
        .filter(|parts| *parts > 0)
        .ok_or(ToolError::Setting {
            what: "number of parts",
            expected: "one or more",
            found: parts.to_string(),
        })?;
    let mut keys = std::collections::HashMap::new();
    for &name in types {
        let of_type = Keys::of(state, name)?.ok_or_else(|| ToolError::Disagreement {
            type_name: name.to_owned(),
            why: "it has no primary key to divide its records by".to_owned(),
        })?;
        keys.insert(name, of_type);
    }
    let part_of = |name: &str, ordinal: Ordinal| {
        let key = keys.get(name).and_then(|keys| keys.key(ordinal));
        let key = key.ok_or_else(|| ToolError::NoKey {
            type_name: name.to_owned(),
            ordinal,
        })?;
        Ok(Some((murmur(key.as_bytes()).cast_unsigned() % count) as usize))
    };
    split(state, types, parts, part_of, tag)
}
