//! Large blocks of bytes that are looked into at random, on huge pages where the system has them.
//!
//! A random look into a hundred megabytes costs two misses, one for the line and one for the page. With pages of two
//! megabytes the second one goes away, and so do five hundred page faults for each of them when it is filled.
//!
//! Where there are no huge pages (other systems, `transparent_hugepage` set to `never`, fragmented memory) a block is an
//! ordinary one and only slower. Counters in an allocator do not see mapped blocks: owners tell of them by
//! [`HugeBytes::memory_bytes`].

use std::ops::{Deref, DerefMut};

/// The size of a huge page. Smaller blocks fit the caches for pages anyway and come from the heap.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// A block of bytes, zero at first. Its length does not change.
#[derive(Debug)]
pub(crate) struct HugeBytes {
    len: usize,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Heap(Box<[u8]>),
    /// Whole huge pages: the system begins a mapping at the border of one only if it also ends at one.
    Mapped(memmap2::MmapMut),
}

impl Default for HugeBytes {
    fn default() -> Self {
        Self {
            len: 0,
            bytes: Bytes::Heap(Box::default()),
        }
    }
}

impl HugeBytes {
    /// This many zeros. Memory is taken when it is first written to.
    pub(crate) fn zeroed(len: usize) -> Self {
        if len >= HUGE_PAGE
            && let Ok(map) = memmap2::MmapMut::map_anon(len.next_multiple_of(HUGE_PAGE))
        {
            // Without huge pages it works as well, only slower.
            #[cfg(all(target_os = "linux", not(miri)))]
            let _ = map.advise(memmap2::Advice::HugePage);
            let bytes = Bytes::Mapped(map);
            return Self { len, bytes };
        }
        let bytes = Bytes::Heap(vec![0; len].into());
        Self { len, bytes }
    }

    /// Bytes of memory taken once all of it was written to.
    pub(crate) fn memory_bytes(&self) -> usize {
        match &self.bytes {
            Bytes::Heap(bytes) => bytes.len(),
            Bytes::Mapped(map) => map.len(),
        }
    }
}

impl Deref for HugeBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Heap(bytes) => bytes,
            Bytes::Mapped(map) => &map[..self.len],
        }
    }
}

impl DerefMut for HugeBytes {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.bytes {
            Bytes::Heap(bytes) => bytes,
            Bytes::Mapped(map) => &mut map[..self.len],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_ones_hold_what_they_are_given() {
        for len in [0, 16, HUGE_PAGE - 1, HUGE_PAGE, HUGE_PAGE + 3, 5 * HUGE_PAGE] {
            let mut bytes = HugeBytes::zeroed(len);
            assert_eq!(bytes.len(), len);
            assert!(bytes.iter().all(|&byte| byte == 0));
            bytes
                .iter_mut()
                .zip(0..)
                .for_each(|(byte, at)| *byte = (at % 251) as u8);
            assert!(
                bytes
                    .iter()
                    .zip(0..)
                    .all(|(&byte, at): (_, usize)| byte == (at % 251) as u8)
            );
        }
    }

    #[test]
    fn whole_pages_are_counted() {
        assert_eq!(HugeBytes::default().memory_bytes(), 0);
        assert_eq!(HugeBytes::zeroed(100).memory_bytes(), 100);
        assert_eq!(HugeBytes::zeroed(HUGE_PAGE).memory_bytes(), HUGE_PAGE);
        assert_eq!(HugeBytes::zeroed(HUGE_PAGE + 1).memory_bytes(), 2 * HUGE_PAGE);
    }
}
