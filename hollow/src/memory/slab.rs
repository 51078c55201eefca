//! Lines of the processor's cache in one allocation, in huge pages if there are many.
//!
//! A large table that is read at random places misses the processor's table of pages (its TLB) as often as its cache;
//! in pages of 2 MB it does not. The operating system gives them where it can and is asked: on Linux by an advice for
//! the mapping. If it does not, all is as it would have been.

use memmap2::MmapMut;

/// A line of the processor's cache: 64 bytes, in words.
pub(crate) type Line = [[u8; 4]; 16];

/// Bytes of a line.
pub(crate) const LINE_BYTES: usize = size_of::<Line>();

/// From so many bytes on memory comes from the operating system, in huge pages.
const HUGE: usize = 4 << 20;

/// So many lines, zero at first, each on a line of the cache.
#[derive(Debug)]
pub(crate) struct Slab(Memory);

#[derive(Debug)]
enum Memory {
    /// From this byte on.
    Heap(Vec<u8>, usize),
    Huge(MmapMut),
}

impl Slab {
    /// So many lines of zeros.
    pub(crate) fn zeroed(lines: usize) -> Self {
        let bytes = lines * LINE_BYTES;
        if bytes >= HUGE
            && let Ok(map) = MmapMut::map_anon(bytes)
        {
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage); // slower without
            return Self(Memory::Huge(map));
        }
        let mut memory = vec![0; bytes + LINE_BYTES - 1];
        let start = memory.as_ptr().align_offset(LINE_BYTES).min(LINE_BYTES - 1);
        memory.truncate(start + bytes);
        Self(Memory::Heap(memory, start))
    }

    /// The lines.
    #[inline]
    pub(crate) fn lines(&self) -> &[Line] {
        let bytes = match &self.0 {
            Memory::Huge(map) => &**map,
            Memory::Heap(bytes, start) => bytes.get(*start..).unwrap_or_default(),
        };
        bytes.as_chunks::<4>().0.as_chunks::<16>().0
    }

    /// The lines, to change them.
    pub(crate) fn lines_mut(&mut self) -> &mut [Line] {
        let bytes = match &mut self.0 {
            Memory::Huge(map) => &mut **map,
            Memory::Heap(bytes, start) => bytes.get_mut(*start..).unwrap_or_default(),
        };
        bytes.as_chunks_mut::<4>().0.as_chunks_mut::<16>().0
    }

    /// Bytes held.
    pub(crate) fn memory_bytes(&self) -> usize {
        match &self.0 {
            Memory::Huge(map) => map.len(),
            Memory::Heap(bytes, _) => bytes.capacity(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_cache_wherever_they_lie() {
        for lines in [0, 1, 3, 100, HUGE / LINE_BYTES, HUGE / LINE_BYTES + 5] {
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
