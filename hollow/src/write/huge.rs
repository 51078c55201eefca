//! Words for tables that are looked into at random: on huge pages, where the system has them.
//!
//! A random look into a table of a hundred megabytes costs two misses, one for the line and one for the page. With pages
//! of two megabytes the second one goes away.

/// Smaller tables fit the caches for pages anyway.
const HUGE: usize = 2 << 20;
const WORD: usize = size_of::<u64>();

/// Some words, zero at first. Their number does not change.
#[derive(Debug, Default)]
pub(super) struct HugeWords(Bytes);

#[derive(Debug)]
enum Bytes {
    Heap(Box<[u8]>),
    Mapped(memmap2::MmapMut),
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Heap(Box::default())
    }
}

impl HugeWords {
    /// This many zeros.
    pub(super) fn zeroed(len: usize) -> Self {
        let len_bytes = len * WORD;
        if len_bytes >= HUGE
            && let Ok(map) = memmap2::MmapMut::map_anon(len_bytes)
        {
            // Without huge pages it works as well, only slower.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Self(Bytes::Mapped(map));
        }
        Self(Bytes::Heap(vec![0; len_bytes].into()))
    }

    #[inline]
    fn words(&self) -> &[[u8; WORD]] {
        match &self.0 {
            Bytes::Heap(bytes) => bytes.as_chunks().0,
            Bytes::Mapped(map) => map.as_chunks().0,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.words().len()
    }

    /// A word, which must be there.
    #[inline]
    pub(super) fn get(&self, at: usize) -> u64 {
        u64::from_ne_bytes(self.words()[at])
    }

    /// Sets a word, which must be there.
    #[inline]
    pub(super) fn set(&mut self, at: usize, word: u64) {
        let words = match &mut self.0 {
            Bytes::Heap(bytes) => bytes.as_chunks_mut().0,
            Bytes::Mapped(map) => map.as_chunks_mut().0,
        };
        words[at] = word.to_ne_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_ones_hold_what_they_are_given() {
        for len in [0, 16, HUGE / WORD, HUGE / WORD + 16] {
            let mut words = HugeWords::zeroed(len);
            assert_eq!(words.len(), len);
            assert!((0..len).all(|at| words.get(at) == 0));
            (0..len).for_each(|at| words.set(at, at as u64 * 3));
            assert!((0..len).all(|at| words.get(at) == at as u64 * 3));
        }
    }
}
