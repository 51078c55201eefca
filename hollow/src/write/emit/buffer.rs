//! Bytes being packed, in memory that is used again for the next shards.

/// Bytes that are appended to. Room is not given back until the end: it costs more to be given new pages by the system
/// than to fill them. Not on huge pages: it lives for one snapshot, and the system may have to make room for them first.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    /// With room for about so many bytes; not touched before it is needed.
    pub(super) fn with_capacity(len: u64) -> Self {
        Self {
            bytes: vec![0; usize::try_from(len).unwrap_or(0)],
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// The bytes behind those that are there, at least so many. What is written there counts after [`Buffer::advance`].
    #[inline]
    pub(super) fn room(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.len() - self.len < len {
            self.grow(len);
        }
        &mut self.bytes[self.len..]
    }

    #[inline]
    pub(super) fn advance(&mut self, len: usize) {
        self.len += len;
        debug_assert!(self.len <= self.bytes.len());
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.advance(bytes.len());
    }

    #[cold]
    fn grow(&mut self, len: usize) {
        const LEAST: usize = 1 << 10;
        let mut larger = vec![0; (self.bytes.len() * 2).max(self.len + len).max(LEAST)];
        larger[..self.len].copy_from_slice(self.as_slice());
        self.bytes = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_stays_while_it_grows() {
        let mut buffer = Buffer::with_capacity(3);
        let mut expected = Vec::new();
        for number in 0..40_000u32 {
            let bytes = number.to_le_bytes();
            buffer.extend(&bytes[..(number % 5) as usize]);
            expected.extend_from_slice(&bytes[..(number % 5) as usize]);
            let room = buffer.room(4);
            room[..4].copy_from_slice(&bytes);
            buffer.advance(2);
            expected.extend_from_slice(&bytes[..2]);
        }
        assert_eq!(buffer.as_slice(), expected);
        buffer.clear();
        assert_eq!(buffer.len(), 0);
        buffer.extend(b"again");
        assert_eq!(buffer.as_slice(), b"again");
    }
}
