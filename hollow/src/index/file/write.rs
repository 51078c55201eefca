//! Writing the indexes of a state.

use super::frames::{About, Entries, Frame, Keys};
use super::{ALIGNMENT, MAGIC};
use crate::index::set::{Index, built};
use crate::read::ReadState;
use sha2::{Digest, Sha256};
use std::io;

/// Pages that go into one frame.
const FRAME_PAGES: usize = 64;

/// Bytes that are digested on their way.
struct Digested<'w, W> {
    out: &'w mut W,
    digest: Sha256,
}

impl<W: io::Write> Digested<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.out.write_all(bytes)
    }

    fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        let bytes = rkyv::to_bytes::<rkyv::rancor::Error>(frame).map_err(io::Error::other)?;
        let mut length = [0; ALIGNMENT];
        length[..8].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.write(&length)?;
        self.write(&bytes)?;
        self.write(&[0; ALIGNMENT][..bytes.len().next_multiple_of(ALIGNMENT) - bytes.len()])
    }
}

impl ReadState {
    /// Writes the indexes of this state, for [`ReadState::with_indexes_from`] to read. Takes little memory; the time is
    /// that of copying and digesting them. An index that could not be made is left out.
    ///
    /// Write to a file of its own and rename it, and let nobody else read it: it holds what the indexes' hashes are
    /// keyed with.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_indexes(&self, out: &mut impl io::Write) -> io::Result<()> {
        let mut out = Digested {
            out,
            digest: Sha256::new(),
        };
        out.write(MAGIC)?;
        out.frame(&Frame::State { tag: self.tag() })?;
        let mut indexes = 0;
        for (declared, index) in built(self) {
            indexes += 1;
            write_index(&mut out, declared, index)?;
        }
        out.frame(&Frame::End { indexes })?;
        let digest = out.digest.finalize();
        out.out.write_all(&digest)
    }
}

fn write_index(out: &mut Digested<'_, impl io::Write>, declared: String, index: &Index) -> io::Result<()> {
    match index {
        Index::UniqueKey(index) => {
            let (seeds, incomplete, table, hidden) = index.stored();
            let pages: Vec<_> = table.pages().collect();
            let about = About::UniqueKey {
                seeds,
                incomplete,
                pages: pages.len() as u32,
            };
            out.frame(&Frame::Index { declared, about })?;
            for pages in pages.chunks(FRAME_PAGES) {
                let bytes = pages.iter().map(|page| page.as_flattened().as_flattened().to_vec());
                out.frame(&Frame::Lines(bytes.collect()))?;
            }
            write_entries(out, hidden)
        }
        Index::Hash(index) => {
            let (seeds, built_for) = index.stored();
            let about = About::Hash { seeds, built_for };
            out.frame(&Frame::Index { declared, about })?;
            // A page may have long lists, so each is a frame.
            for page in index.all_pages() {
                let mut keys = Keys {
                    marks: page.marks().to_vec(),
                    key_ends: Vec::with_capacity(page.len()),
                    keys: Vec::new(),
                    counts: Vec::with_capacity(page.len()),
                    ordinals: Vec::new(),
                };
                for (key, records) in page.groups() {
                    keys.keys.extend_from_slice(key);
                    keys.key_ends.push(keys.keys.len() as u32);
                    keys.counts.push(records.len() as u32);
                    keys.ordinals.extend(records.map(|ordinal| ordinal.get()));
                }
                out.frame(&Frame::Keys(vec![keys]))?;
            }
            Ok(())
        }
        Index::Sorted(index) => {
            let (nulls, order) = index.stored();
            let about = About::Sorted { nulls };
            out.frame(&Frame::Index { declared, about })?;
            write_entries(out, order)
        }
    }
}

fn write_entries(out: &mut Digested<'_, impl io::Write>, list: &crate::index::ordered::Ordered) -> io::Result<()> {
    let blocks: Vec<_> = list.blocks().collect();
    for blocks in blocks.chunks(FRAME_PAGES) {
        let entries = blocks.iter().map(|(heads, ordinals)| Entries {
            heads: heads.to_vec(),
            ordinals: ordinals.iter().map(|ordinal| ordinal.get()).collect(),
        });
        out.frame(&Frame::Entries(entries.collect()))?;
    }
    Ok(())
}
