//! The serialized form of lists, sets and maps. See `docs/format.md`, sections 5.2 to 5.4.

use super::{push_number, push_ordinal, take_number};
use crate::Ordinal;
use crate::memory::hash;

/// Appends a list.
pub(crate) fn push_list(out: &mut Vec<u8>, elements: &[Ordinal]) {
    push_number(out, elements.len() as u64);
    elements.iter().for_each(|&element| push_ordinal(out, element));
}

/// What becomes of the hashes of elements and keys in the serialized form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buckets {
    /// The bucket is computed from the mixed hash: records added by their hashes.
    Mixed,
    /// The bucket is computed from the hash as it is: records copied with their buckets.
    Unmixed,
}

impl Buckets {
    fn place(self, hash: i32, mask: u32) -> u32 {
        match self {
            Buckets::Mixed => hash::hash_int(hash).cast_unsigned() & mask,
            Buckets::Unmixed => hash.cast_unsigned() & mask,
        }
    }
}

/// Appends a set, after sorting its elements; `false` if it has more than the format allows.
pub(crate) fn push_set(out: &mut Vec<u8>, elements: &mut [(Ordinal, i32)], buckets: Buckets) -> bool {
    let Some(size) = u32::try_from(elements.len()).ok().and_then(hash::table_size) else {
        return false;
    };
    elements.sort_unstable_by_key(|&(ordinal, hash)| (ordinal, hash.cast_unsigned()));
    push_number(out, elements.len() as u64);
    let mut previous = 0;
    for &(ordinal, hash) in &*elements {
        push_number(out, (ordinal.get() - previous).into());
        push_number(out, (buckets.place(hash, size - 1)).into());
        previous = ordinal.get();
    }
    true
}

/// Appends a map, after sorting its entries (key, value, hash of the key); `false` if it has more than the format
/// allows.
pub(crate) fn push_map(out: &mut Vec<u8>, entries: &mut [(Ordinal, Ordinal, i32)], buckets: Buckets) -> bool {
    let Some(size) = u32::try_from(entries.len()).ok().and_then(hash::table_size) else {
        return false;
    };
    entries.sort_by_key(|&(key, value, _)| (key, value));
    push_number(out, entries.len() as u64);
    let mut previous = 0;
    for &(key, value, hash) in &*entries {
        push_number(out, (key.get() - previous).into());
        push_number(out, (value.get()).into());
        push_number(out, (buckets.place(hash, size - 1)).into());
        previous = key.get();
    }
    true
}

/// The number of elements or entries of a serialized collection, and what follows it.
#[inline]
pub(crate) fn collection(mut bytes: &[u8]) -> (u32, &[u8]) {
    let size = take_number(&mut bytes).unwrap_or(0);
    (u32::try_from(size).unwrap_or(0), bytes)
}

/// The elements of a serialized list.
pub(crate) fn list_elements(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let (size, mut rest) = collection(bytes);
    (0..size).map_while(move |_| take_u32(&mut rest))
}

/// The elements of a serialized set with their buckets, ascending.
pub(crate) fn set_elements(bytes: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    let (size, mut rest) = collection(bytes);
    let mut element = 0u32;
    (0..size).map_while(move |_| {
        element = element.wrapping_add(take_u32(&mut rest)?);
        Some((element, take_u32(&mut rest)?))
    })
}

/// The entries of a serialized map, key, value and bucket, by ascending key.
pub(crate) fn map_entries(bytes: &[u8]) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
    let (size, mut rest) = collection(bytes);
    let mut key = 0u32;
    (0..size).map_while(move |_| {
        key = key.wrapping_add(take_u32(&mut rest)?);
        Some((key, take_u32(&mut rest)?, take_u32(&mut rest)?))
    })
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    take_number(bytes).and_then(|value| u32::try_from(value).ok())
}
