//! Java's modified UTF-8, used for names and header tags. See `docs/format.md`, section 1.3.

/// Why bytes are not modified UTF-8 that can be held as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mutf8Error {
    /// A byte that cannot stand there.
    #[error("malformed modified UTF-8 at byte={0}")]
    Malformed(usize),
    /// Half of a surrogate pair.
    #[error("unpaired surrogate in a name or header tag")]
    UnpairedSurrogate,
}

/// Decodes a text.
pub fn decode(bytes: &[u8]) -> Result<String, Mutf8Error> {
    // ASCII without NUL is the same in every encoding, and nearly all there is.
    if bytes.is_ascii() && !bytes.contains(&0) {
        return Ok(bytes.iter().map(|&b| char::from(b)).collect());
    }
    let mut units = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&first) = bytes.get(at) {
        let continuation = |k: usize| match bytes.get(at + k) {
            Some(&b) if b & 0xC0 == 0x80 => Ok(u16::from(b & 0x3F)),
            _ => Err(Mutf8Error::Malformed(at + k)),
        };
        match first {
            0x01..=0x7F => {
                units.push(u16::from(first));
                at += 1;
            }
            0xC0..=0xDF => {
                units.push(u16::from(first & 0x1F) << 6 | continuation(1)?);
                at += 2;
            }
            0xE0..=0xEF => {
                units.push(u16::from(first & 0x0F) << 12 | continuation(1)? << 6 | continuation(2)?);
                at += 3;
            }
            _ => return Err(Mutf8Error::Malformed(at)),
        }
    }
    String::from_utf16(&units).map_err(|_| Mutf8Error::UnpairedSurrogate)
}

/// Encodes a text. The caller checks the length limit of 65,535 bytes.
pub fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        match unit {
            0x0001..=0x007F => out.push(unit as u8),
            0x0000 | 0x0080..=0x07FF => out.extend([0xC0 | (unit >> 6) as u8, 0x80 | (unit & 0x3F) as u8]),
            _ => out.extend([
                0xE0 | (unit >> 12) as u8,
                0x80 | (unit >> 6 & 0x3F) as u8,
                0x80 | (unit & 0x3F) as u8,
            ]),
        }
    }
    out
}
