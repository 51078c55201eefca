//! Reading indexes that were stored, and believing nothing of them.

use super::frames::{ArchivedAbout, ArchivedEntries, ArchivedFrame, ArchivedKeys};
use super::{ALIGNMENT, MAGIC};
use crate::Ordinal;
use crate::index::hash_index::StoredPage;
use crate::index::ordered::{Entry, Ordered};
use crate::index::set::{Index, declared};
use crate::index::spec::IndexSpec;
use crate::index::table::StoredTable;
use crate::index::{HashIndex, SortedIndex, UniqueKey};
use crate::memory::OrdinalSet;
use crate::read::{ReadState, TypeReadState};
use rkyv::util::AlignedVec;
use sha2::{Digest, Sha256};

/// A file of indexes in good order, made by [`ReadState::write_indexes`].
#[derive(Debug)]
pub struct IndexFile<'b> {
    tag: i64,
    /// The archives after the first one.
    frames: Vec<&'b [u8]>,
}

/// Why bytes are no file of indexes, or an index in it is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexFileError {
    /// It is of another version, or something else altogether.
    #[error("expected a file of indexes of this version, found other bytes")]
    Unknown,
    /// The digest at the end is not that of what stands before it: the file is cut short or damaged.
    #[error("the digest of the file of indexes does not fit: it is cut short or damaged")]
    Damaged,
    /// A part is not what it has to be.
    #[error("the file of indexes is malformed: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// The indexes are those of another state.
    #[error("expected indexes of the state with tag={expected}, found some of tag={found}")]
    OtherState {
        /// The state's tag.
        expected: i64,
        /// The file's.
        found: i64,
    },
    /// There is no index declared like this one.
    #[error("the file has no index that is declared like this")]
    Absent,
}

fn malformed(what: &'static str) -> IndexFileError {
    IndexFileError::Malformed { what }
}

/// How the indexes of a state came about; see [`ReadState::with_indexes_from`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The names of those that were read.
    pub read: Vec<String>,
    /// The names of those that were made from the records, and why they were not read.
    pub made: Vec<(String, IndexFileError)>,
}

impl<'b> IndexFile<'b> {
    /// Looks at a file: whether it is one, complete and undamaged. Reads all of it once.
    ///
    /// # Errors
    /// [`IndexFileError`] if it is not.
    pub fn open(bytes: &'b [u8]) -> Result<Self, IndexFileError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(IndexFileError::Unknown)?;
        let (content, digest) = bytes.split_last_chunk::<32>().ok_or(IndexFileError::Damaged)?;
        if Sha256::digest(content).as_slice() != digest {
            return Err(IndexFileError::Damaged);
        }
        let mut rest = rest.get(..rest.len().saturating_sub(32)).unwrap_or_default();
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let cut = || malformed("a frame is longer than the file");
            let (length, after) = rest.split_first_chunk::<ALIGNMENT>().ok_or_else(cut)?;
            let length = u128::from_le_bytes(*length); // the upper half is zero
            let length = usize::try_from(length).map_err(|_| cut())?;
            let padded = length.checked_next_multiple_of(ALIGNMENT).ok_or_else(cut)?;
            frames.push(after.get(..length).ok_or_else(cut)?);
            rest = after.get(padded..).ok_or_else(cut)?;
        }
        let first = frames.first().ok_or_else(|| malformed("there is no frame"))?;
        let tag = with_frame(first, |frame| match frame {
            ArchivedFrame::State { tag } => Ok(tag.to_native()),
            _ => Err(malformed("the first frame does not name a state")),
        })?;
        frames.remove(0);
        Ok(Self { tag, frames })
    }

    /// The tag of the state whose indexes these are.
    pub fn tag(&self) -> i64 {
        self.tag
    }

    /// The frames of an index after its first one, and what that says of it, handed to `read`.
    fn index<T>(
        &self,
        wanted: &str,
        read: impl FnOnce(&ArchivedAbout, &[&'b [u8]]) -> Result<T, IndexFileError>,
    ) -> Result<T, IndexFileError> {
        let mut begins = None;
        for (at, bytes) in self.frames.iter().enumerate() {
            let ends = with_frame(bytes, |frame| {
                Ok(match frame {
                    ArchivedFrame::Index { declared, .. } if begins.is_none() => {
                        begins = (declared.as_str() == wanted).then_some(at);
                        false
                    }
                    ArchivedFrame::Index { .. } | ArchivedFrame::End { .. } => begins.is_some(),
                    _ => false,
                })
            })?;
            if ends && let Some(begins) = begins {
                let frames = self.frames.get(begins + 1..at).unwrap_or_default();
                let first = self.frames.get(begins).copied().unwrap_or_default();
                return with_frame(first, |frame| match frame {
                    ArchivedFrame::Index { about, .. } => read(about, frames),
                    _ => Err(malformed("an index without its first frame")),
                });
            }
        }
        Err(IndexFileError::Absent)
    }
}

/// Checks an archive and hands it over. It is copied only if it does not lie as the processor needs it, which it does in
/// a mapped file.
fn with_frame<T>(
    bytes: &[u8],
    visit: impl FnOnce(&ArchivedFrame) -> Result<T, IndexFileError>,
) -> Result<T, IndexFileError> {
    let mut copy = AlignedVec::<ALIGNMENT>::new();
    let aligned = if bytes.as_ptr().addr().is_multiple_of(ALIGNMENT) {
        bytes
    } else {
        copy.extend_from_slice(bytes);
        copy.as_slice()
    };
    let frame = rkyv::access::<ArchivedFrame, rkyv::rancor::Error>(aligned);
    visit(frame.map_err(|_| malformed("a frame is no archive of its kind"))?)
}

impl ReadState {
    /// As [`ReadState::with_indexes`], with indexes taken from a file where it has them and made where it has not.
    ///
    /// What is read is checked: each record has to be there, in each index that has all records once. It takes about as
    /// long as copying the index and going through the populated ordinals.
    pub fn with_indexes_from<'a>(
        self,
        specs: impl IntoIterator<Item = &'a IndexSpec>,
        file: &IndexFile<'_>,
    ) -> (Self, Restored) {
        let mut restored = Restored::default();
        let state = self.with_indexes_by(specs, |state, spec| match read_index(state, spec, file) {
            Ok(index) => {
                restored.read.push(spec.name.clone());
                Some(index)
            }
            Err(error) => {
                restored.made.push((spec.name.clone(), error));
                None
            }
        });
        (state, restored)
    }
}

fn read_index(state: &ReadState, spec: &IndexSpec, file: &IndexFile<'_>) -> Result<Index, IndexFileError> {
    if file.tag != state.tag() {
        return Err(IndexFileError::OtherState {
            expected: state.tag(),
            found: file.tag,
        });
    }
    let unbound = || malformed("an index that the types of the state do not have");
    let empty = Index::empty(state, spec).map_err(|_| unbound())?;
    let ty = state.ty(&spec.type_name).ok_or_else(unbound)?;
    file.index(&declared(spec), |about, frames| match (about, empty) {
        (
            ArchivedAbout::UniqueKey {
                seeds,
                incomplete,
                pages,
            },
            Index::UniqueKey(index),
        ) => {
            let bytes = frames.iter().map(|frame| frame.len()).sum();
            let table = StoredTable::new(pages.to_native(), bytes);
            let table = table.ok_or_else(|| malformed("more pages than bytes, or none"))?;
            unique_key(index, native(seeds), incomplete.to_native(), table, frames, ty).map(Index::UniqueKey)
        }
        (ArchivedAbout::Hash { seeds, built_for }, Index::Hash(index)) => {
            let built_for = usize::try_from(built_for.to_native()).unwrap_or(usize::MAX);
            hash(index, native(seeds), built_for, frames, ty).map(Index::Hash)
        }
        (ArchivedAbout::Sorted { nulls }, Index::Sorted(index)) => {
            sorted(index, nulls.to_native(), frames, ty).map(Index::Sorted)
        }
        _ => Err(malformed("an index of another kind")),
    })
}

fn native(seeds: &[rkyv::rend::u64_le; 4]) -> [u64; 4] {
    seeds.map(|seed| seed.to_native())
}

/// The records that an index has to name, once each.
struct Once {
    left: OrdinalSet,
}

impl Once {
    fn of(ty: &TypeReadState) -> Self {
        Self {
            left: ty.populated().collect(),
        }
    }

    fn take(&mut self, ordinal: Option<Ordinal>) -> Result<Ordinal, IndexFileError> {
        let once = || malformed("a record that is not there, or is named twice");
        ordinal.filter(|&ordinal| self.left.remove(ordinal)).ok_or_else(once)
    }

    /// All are named but these.
    fn ends(&self, without: u64) -> Result<(), IndexFileError> {
        match self.left.len() as u64 == without {
            true => Ok(()),
            false => Err(malformed("records are missing")),
        }
    }
}

fn unique_key(
    index: UniqueKey,
    seeds: [u64; 4],
    incomplete: u64,
    mut table: StoredTable,
    frames: &[&[u8]],
    ty: &TypeReadState,
) -> Result<UniqueKey, IndexFileError> {
    let mut once = Once::of(ty);
    let mut hidden = Blocks::default();
    for bytes in frames {
        with_frame(bytes, |frame| match frame {
            ArchivedFrame::Lines(lines) => {
                let mut pages = lines.iter();
                let all = pages.try_for_each(|bytes| table.push(bytes));
                all.ok_or_else(|| malformed("a page that is none, or one too many"))
            }
            ArchivedFrame::Entries(blocks) => hidden.add(blocks, &mut once),
            _ => Err(malformed("a frame of another index")),
        })?;
    }
    let table = table.finish().ok_or_else(|| malformed("pages are missing"))?;
    for entry in table.entries() {
        once.take(Some(entry))?;
    }
    once.ends(incomplete)?;
    Ok(index.of_stored(seeds, table, incomplete as usize, hidden.list))
}

/// Ordered entries as they come in.
#[derive(Default)]
struct Blocks {
    list: Ordered,
    last: u64,
}

impl Blocks {
    fn add(&mut self, blocks: &rkyv::vec::ArchivedVec<ArchivedEntries>, once: &mut Once) -> Result<(), IndexFileError> {
        for block in blocks.iter() {
            if block.heads.len() != block.ordinals.len() {
                return Err(malformed("a block of uneven columns"));
            }
            let mut entries = Vec::with_capacity(block.heads.len());
            for (head, ordinal) in block.heads.iter().zip(block.ordinals.iter()) {
                let head = head.to_native();
                if head < self.last {
                    return Err(malformed("entries out of order"));
                }
                self.last = head;
                let ordinal = once.take(Ordinal::new(ordinal.to_native()))?;
                entries.push(Entry { head, ordinal });
            }
            self.list.push(&entries);
        }
        Ok(())
    }
}

fn sorted(index: SortedIndex, nulls: u64, frames: &[&[u8]], ty: &TypeReadState) -> Result<SortedIndex, IndexFileError> {
    let mut once = Once::of(ty);
    let mut order = Blocks::default();
    for bytes in frames {
        with_frame(bytes, |frame| match frame {
            ArchivedFrame::Entries(blocks) => order.add(blocks, &mut once),
            _ => Err(malformed("a frame of another index")),
        })?;
    }
    once.ends(nulls)?;
    Ok(index.of_stored(nulls as usize, order.list))
}

fn hash(
    index: HashIndex,
    seeds: [u64; 4],
    built_for: usize,
    frames: &[&[u8]],
    ty: &TypeReadState,
) -> Result<HashIndex, IndexFileError> {
    let populated: OrdinalSet = ty.populated().collect();
    let mut pages = Vec::new();
    for bytes in frames {
        with_frame(bytes, |frame| match frame {
            ArchivedFrame::Keys(keys) => {
                for keys in keys.iter() {
                    pages.push(page(keys, &populated)?);
                }
                Ok(())
            }
            _ => Err(malformed("a frame of another index")),
        })?;
    }
    let index = index.of_stored(seeds, built_for, pages);
    index.ok_or_else(|| malformed("keys where their hash does not lead"))
}

fn page(keys: &ArchivedKeys, populated: &OrdinalSet) -> Result<StoredPage, IndexFileError> {
    let uneven = || malformed("a page of uneven columns");
    let number = keys.marks.len();
    if keys.key_ends.len() != number || keys.counts.len() != number {
        return Err(uneven());
    }
    let mut ordinals = Vec::with_capacity(keys.ordinals.len());
    for ordinal in keys.ordinals.iter() {
        let ordinal = Ordinal::new(ordinal.to_native()).filter(|&ordinal| populated.contains(ordinal));
        ordinals.push(ordinal.ok_or_else(|| malformed("a record that is not there"))?);
    }
    let mut page = StoredPage::default();
    let (mut start, mut rest) = (0, ordinals.as_slice());
    for ((mark, end), count) in keys.marks.iter().zip(keys.key_ends.iter()).zip(keys.counts.iter()) {
        let end = end.to_native() as usize;
        let key = keys.keys.get(start..end).ok_or_else(uneven)?;
        start = end;
        let (records, after) = rest.split_at_checked(count.to_native() as usize).ok_or_else(uneven)?;
        rest = after;
        if !records.is_sorted_by(|a, b| a < b) || records.is_empty() {
            return Err(malformed("records of a key out of order"));
        }
        page.push((mark.to_native(), key.to_vec(), records.to_vec()));
    }
    if !rest.is_empty() || !page.is_sorted_by_key(|(mark, ..)| *mark) {
        return Err(uneven());
    }
    Ok(page)
}
