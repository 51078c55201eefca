//! Variable-length integers: base 128, most significant group first. See `docs/format.md`, section 1.1.

/// The byte that stands for null in serialized records. It never begins a number.
pub const NULL: u8 = 0x80;

/// Appends a 32-bit value in its shortest form, 1 to 5 bytes.
#[inline]
pub fn write_u32(out: &mut Vec<u8>, value: u32) {
    write_u64(out, u64::from(value));
}

/// Appends a signed 32-bit value: a negative one as its unsigned pattern, in five bytes.
#[inline]
pub fn write_i32(out: &mut Vec<u8>, value: i32) {
    write_u32(out, value.cast_unsigned());
}

/// Appends a 64-bit value in its shortest form, 1 to 10 bytes.
#[inline]
pub fn write_u64(out: &mut Vec<u8>, value: u64) {
    let mut groups = size_of_u64(value) as u32;
    while groups > 1 {
        groups -= 1;
        out.push((value >> (7 * groups)) as u8 | 0x80);
    }
    out.push((value & 0x7f) as u8);
}

/// How many bytes [`write_u64`] takes for this value.
#[inline]
pub fn size_of_u64(value: u64) -> usize {
    let bits = 64 - value.leading_zeros();
    (bits.max(1) as usize).div_ceil(7)
}

/// How many bytes [`write_u32`] takes for this value.
#[inline]
pub fn size_of_u32(value: u32) -> usize {
    size_of_u64(u64::from(value))
}

/// What a variable-length integer at the start of some bytes turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A value and the number of bytes it took.
    Value(u64, usize),
    /// The null marker (one byte).
    Null,
    /// The bytes end within the number.
    Truncated,
    /// More groups than the width allows, or a value that does not fit it.
    TooLong,
}

/// Decodes a value of at most 64 bits.
#[inline]
pub fn read_u64(bytes: &[u8]) -> Decoded {
    read(bytes, 10, u64::MAX)
}

/// Decodes a value of at most 32 bits.
#[inline]
pub fn read_u32(bytes: &[u8]) -> Decoded {
    read(bytes, 5, u64::from(u32::MAX))
}

#[inline]
fn read(bytes: &[u8], max_bytes: usize, max_value: u64) -> Decoded {
    let Some(&first) = bytes.first() else {
        return Decoded::Truncated;
    };
    if first < 0x80 {
        return Decoded::Value(u64::from(first), 1);
    }
    if first == NULL {
        return Decoded::Null;
    }
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().enumerate() {
        if index == max_bytes || value > u64::MAX >> 7 {
            return Decoded::TooLong;
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return if value > max_value {
                Decoded::TooLong
            } else {
                Decoded::Value(value, index + 1)
            };
        }
    }
    Decoded::Truncated
}
