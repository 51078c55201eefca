//! The hash functions of the format. See `docs/format.md`, section 2.

/// Mixes a 32-bit value; places elements in sets and maps.
#[inline]
pub fn hash_int(value: i32) -> i32 {
    let mut k = value.cast_unsigned();
    k = (!k).wrapping_add(k << 15);
    k ^= k >> 12;
    k = k.wrapping_add(k << 2);
    k ^= k >> 4;
    k = k.wrapping_mul(2057);
    k ^= k >> 16;
    k.cast_signed()
}

/// Mixes a 64-bit value into 32 bits.
#[inline]
pub fn hash_long(value: i64) -> i32 {
    let mut k = value.cast_unsigned();
    k = (!k).wrapping_add(k << 18);
    k ^= k >> 31;
    k = k.wrapping_mul(21);
    k ^= k >> 11;
    k = k.wrapping_add(k << 6);
    k ^= k >> 22;
    (k as u32).cast_signed()
}

/// MurmurHash3 x86 32-bit with Hollow's seed.
pub fn murmur(bytes: &[u8]) -> i32 {
    const SEED: u32 = 0xEAB5_24B9;
    const C1: u32 = 0xcc9e_2d51;
    const C2: u32 = 0x1b87_3593;
    let mut h = SEED;
    let (blocks, tail) = bytes.as_chunks::<4>();
    for block in blocks {
        let k = u32::from_le_bytes(*block)
            .wrapping_mul(C1)
            .rotate_left(15)
            .wrapping_mul(C2);
        h = (h ^ k).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    // How many bytes are left can hardly be guessed: they are taken from the last four.
    let k = match bytes.last_chunk::<4>() {
        Some(last) => (u64::from(u32::from_le_bytes(*last)) >> (32 - 8 * tail.len())) as u32,
        None => tail.iter().rev().fold(0u32, |k, &byte| k << 8 | u32::from(byte)),
    };
    h ^= k.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2);
    h ^= bytes.len() as u32;
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^= h >> 16;
    h.cast_signed()
}

/// [`murmur`] over the stored form of a text: its UTF-16 units as variable-length integers.
pub fn murmur_str(text: &str) -> i32 {
    murmur(&super::text::encode(text))
}

/// Java's `String.hashCode` over UTF-16 units; places text keys in sets and maps.
pub fn java_string_hash(units: impl Iterator<Item = u16>) -> i32 {
    units.fold(0i32, |h, unit| h.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The largest number of elements a set or map may have.
pub const MAX_COLLECTION_SIZE: u32 = 751_619_276;

/// How many buckets a set or map of `size` elements owns; `None` above [`MAX_COLLECTION_SIZE`].
#[inline]
pub fn table_size(size: u32) -> Option<u32> {
    match size {
        0 => Some(1),
        1 => Some(2),
        2 => Some(4),
        _ if size > MAX_COLLECTION_SIZE => None,
        _ => Some(((u64::from(size) * 10 / 7) as u32).next_power_of_two()),
    }
}
