//! Lines of the processor's cache side by side.

use super::huge::HugeBytes;

/// A line of the processor's cache: 64 bytes, in words.
pub(crate) type Line = [[u8; 4]; 16];

/// Bytes of a line.
pub(crate) const LINE_BYTES: usize = size_of::<Line>();

/// So many lines, zero at first, each on a line of the cache.
#[derive(Debug)]
pub(crate) struct Slab {
    bytes: HugeBytes,
    /// Bytes before the first line.
    start: usize,
}

impl Slab {
    /// So many lines of zeros.
    pub(crate) fn zeroed(lines: usize) -> Self {
        // What comes from the heap begins where it likes.
        let bytes = HugeBytes::zeroed(lines * LINE_BYTES + LINE_BYTES - 1);
        let start = bytes.as_ptr().align_offset(LINE_BYTES).min(LINE_BYTES - 1);
        Self { bytes, start }
    }

    /// The lines.
    #[inline]
    pub(crate) fn lines(&self) -> &[Line] {
        let bytes = self.bytes.get(self.start..).unwrap_or_default();
        bytes.as_chunks::<4>().0.as_chunks::<16>().0
    }

    /// The lines, to change them.
    pub(crate) fn lines_mut(&mut self) -> &mut [Line] {
        let bytes = self.bytes.get_mut(self.start..).unwrap_or_default();
        bytes.as_chunks_mut::<4>().0.as_chunks_mut::<16>().0
    }

    /// Bytes held.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes.memory_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::huge::HUGE_PAGE;

    #[test]
    fn lines_are_those_of_the_cache_wherever_they_lie() {
        for lines in [0, 1, 3, 100, HUGE_PAGE / LINE_BYTES, HUGE_PAGE / LINE_BYTES + 5] {
            let mut slab = Slab::zeroed(lines);
            assert_eq!(slab.lines().len(), lines);
            assert!(slab.lines().iter().all(|line| *line == Line::default()));
            assert!(lines == 0 || slab.lines().as_ptr().align_offset(LINE_BYTES) == 0);
            for (at, line) in slab.lines_mut().iter_mut().enumerate() {
                line[15] = (at as u32).to_le_bytes();
            }
            let expected = (0..lines).map(|at| (at as u32).to_le_bytes());
            assert!(slab.lines().iter().map(|line| line[15]).eq(expected));
            assert!(slab.memory_bytes() >= lines * LINE_BYTES);
        }
    }
}
