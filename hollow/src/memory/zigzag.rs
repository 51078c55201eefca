//! ZigZag: signed integers as unsigned ones, small magnitudes first. See `docs/format.md`, section 1.2.

/// Encodes a 32-bit value.
#[inline]
pub fn encode32(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)).cast_unsigned()
}

/// Decodes a 32-bit value.
#[inline]
pub fn decode32(value: u32) -> i32 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Encodes a 64-bit value.
#[inline]
pub fn encode64(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Decodes a 64-bit value.
#[inline]
pub fn decode64(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}
