//! Bytes for tables that are looked into at random: on huge pages, where the system has them.
//!
//! A random look into a table of a hundred megabytes costs two misses, one for the line and one for the page. With pages
//! of two megabytes the second one goes away.

use std::ops::{Deref, DerefMut};

/// Smaller tables fit the caches for pages anyway.
const HUGE: usize = 2 << 20;

/// Some bytes, zero at first. Their number does not change.
#[derive(Debug)]
pub(super) enum HugeBytes {
    Heap(Box<[u8]>),
    Mapped(memmap2::MmapMut),
}

impl HugeBytes {
    /// This many zeros.
    pub(super) fn zeroed(len: usize) -> Self {
        if len >= HUGE
            && let Ok(map) = memmap2::MmapMut::map_anon(len)
        {
            // Without huge pages it works as well, only slower.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Self::Mapped(map);
        }
        Self::Heap(vec![0; len].into())
    }
}

impl Default for HugeBytes {
    fn default() -> Self {
        Self::Heap(Box::default())
    }
}

impl Deref for HugeBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Heap(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl DerefMut for HugeBytes {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Heap(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}
