//! A persistent table in two levels: the next version copies pointers to what changed only.

use std::sync::Arc;

/// Entries behind one pointer of the upper level.
pub(crate) const CHUNK: usize = 16;

type Chunk<T> = [Option<T>; CHUNK];

/// What a table can have.
pub(crate) trait Entry: Clone {
    /// Tells it from all other entries that live at the same time.
    fn id(&self) -> *const u8;
    /// Bytes it holds.
    fn memory_bytes(&self) -> usize;
}

impl Entry for Arc<[u32]> {
    fn id(&self) -> *const u8 {
        self.as_ptr().cast()
    }

    fn memory_bytes(&self) -> usize {
        size_of_val(&**self) + ARC
    }
}

/// For each number an immutable entry or nothing. A clone shares everything.
#[derive(Debug)]
pub(crate) struct Table<T> {
    chunks: Arc<[Option<Arc<Chunk<T>>>]>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self {
            chunks: Arc::clone(&self.chunks),
        }
    }
}

/// What replaces the entries with these numbers, ascending.
pub(crate) type Edits<T> = Vec<(u32, Option<T>)>;

impl<T: Entry> Table<T> {
    /// Nothing.
    pub(crate) fn empty() -> Self {
        Self { chunks: Arc::new([]) }
    }

    /// The table after this one: some entries replaced, all others shared.
    pub(crate) fn with(&self, edits: Edits<T>) -> Self {
        if edits.is_empty() {
            return self.clone();
        }
        let mut chunks: Vec<Option<Arc<Chunk<T>>>> = self.chunks.to_vec();
        let mut edits = edits.into_iter().peekable();
        while let Some((first, _)) = edits.peek() {
            let at = *first as usize / CHUNK;
            if chunks.len() <= at {
                chunks.resize(at + 1, None);
            }
            let mut chunk: Chunk<T> = match &chunks[at] {
                Some(chunk) => Chunk::clone(chunk),
                None => [const { None }; CHUNK],
            };
            while let Some((number, entry)) = edits.next_if(|(n, _)| *n as usize / CHUNK == at) {
                chunk[number as usize % CHUNK] = entry;
            }
            chunks[at] = chunk.iter().any(Option::is_some).then(|| Arc::new(chunk));
        }
        while matches!(chunks.last(), Some(None)) {
            chunks.pop();
        }
        Self { chunks: chunks.into() }
    }

    /// The entry with this number.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        let chunk = self.chunks.get(number as usize / CHUNK)?.as_ref()?;
        chunk[number as usize % CHUNK].as_ref()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// All entries have numbers below this.
    pub(crate) fn end(&self) -> u32 {
        (self.chunks.len() * CHUNK) as u32
    }

    /// The numbers that the two tables do not share, ascending; costs what lies between only by chunks.
    pub(crate) fn differences<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u32> + 'a {
        let num_chunks = self.chunks.len().max(other.chunks.len());
        let chunk_of = |table: &'a Self, at: usize| table.chunks.get(at).and_then(Option::as_ref);
        let chunks = (0..num_chunks).map(move |at| (at, chunk_of(self, at), chunk_of(other, at)));
        let unlike = chunks.filter(|(_, a, b)| a.map(Arc::as_ptr) != b.map(Arc::as_ptr));
        unlike.flat_map(|(at, a, b)| {
            let id_in = |chunk: Option<&Arc<Chunk<T>>>, place: usize| chunk?[place].as_ref().map(T::id);
            let places = (0..CHUNK).filter(move |&place| id_in(a, place) != id_in(b, place));
            places.map(move |place| (at * CHUNK + place) as u32)
        })
    }

    /// Bytes held by the table and its entries that are not shared with `other`.
    pub(crate) fn bytes_beside(&self, other: &Self) -> usize {
        if Arc::ptr_eq(&self.chunks, &other.chunks) {
            return 0;
        }
        let mut bytes = size_of_val(&*self.chunks) + ARC;
        for (at, chunk) in self.chunks.iter().enumerate() {
            let Some(chunk) = chunk else { continue };
            let others = other.chunks.get(at).and_then(Option::as_ref);
            if others.is_some_and(|other| Arc::ptr_eq(chunk, other)) {
                continue;
            }
            bytes += size_of::<Chunk<T>>() + ARC;
            for (place, entry) in chunk.iter().enumerate() {
                let Some(entry) = entry else { continue };
                let other = others.and_then(|chunk| chunk[place].as_ref());
                if other.is_none_or(|other| other.id() != entry.id()) {
                    bytes += entry.memory_bytes();
                }
            }
        }
        bytes
    }
}

/// What stands before the content of a counted pointer, and what the allocator needs.
pub(crate) const ARC: usize = 2 * size_of::<usize>() + size_of::<usize>();
