//! Values as words of the lines exchanged with the Java program; `tests/interop/.../Words.java` is the other side.

use std::fmt::Write;

/// Null.
pub(super) const NULL: &str = "~";

/// Appends text: its UTF-16 units, those other than letters, digits, `_`, `.` and `-` in hexadecimal.
pub(super) fn push_units(out: &mut String, units: impl Iterator<Item = u16>) {
    out.push('s');
    for unit in units {
        match u8::try_from(unit) {
            Ok(c) if c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-') => out.push(c.into()),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{unit:04x}");
            }
        }
    }
}

pub(super) fn push_text(out: &mut String, text: &str) {
    push_units(out, text.encode_utf16());
}

pub(super) fn push_bytes(out: &mut String, bytes: &[u8]) {
    out.push('x');
    push_hex(out, bytes);
}

pub(super) fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
}

/// A hash of a text (FNV-1a): enough to tell equal from different, not against anybody's will.
pub(super) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
