//! The records of one key: ascending ordinals in blocks, shared between states.

use crate::Ordinal;
use std::slice;
use std::sync::Arc;

/// Ordinals of a block at most.
const BLOCK: usize = 1024;
/// Ordinals of a block when a list is built.
const FILL: usize = 768;

/// Many ordinals, ascending. A clone shares all blocks.
#[derive(Clone, Debug)]
pub(super) struct Postings {
    /// The first of all: who asks for no more need not fetch a block from memory.
    first: Option<Ordinal>,
    blocks: Blocks,
}

#[derive(Clone, Debug)]
enum Blocks {
    /// A single block, found without a detour.
    One(Arc<[Ordinal]>),
    /// Blocks, none of them empty, and how many ordinals they have.
    Many(Arc<[Arc<[Ordinal]>]>, usize),
}

impl Postings {
    /// A list of ascending ordinals.
    pub(super) fn build(ordinals: &[Ordinal]) -> Self {
        Self::of(ordinals.chunks(FILL).map(Arc::from).collect())
    }

    fn of(mut blocks: Vec<Arc<[Ordinal]>>) -> Self {
        let first = blocks.first().and_then(|block| block.first()).copied();
        let len = blocks.iter().map(|block| block.len()).sum();
        let blocks = match blocks.len() {
            0 | 1 => Blocks::One(blocks.pop().unwrap_or_default()),
            _ => Blocks::Many(blocks.into(), len),
        };
        Self { first, blocks }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match &self.blocks {
            Blocks::One(block) => block.len(),
            Blocks::Many(_, len) => *len,
        }
    }

    /// The first ordinal, as the list of that one.
    #[inline]
    pub(super) fn first(&self) -> &[Ordinal] {
        self.first.as_slice()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let blocks = self.blocks();
        let lists: usize = blocks.iter().map(|block| size_of_val(&**block) + 16).sum();
        lists + if blocks.len() > 1 { size_of_val(blocks) + 16 } else { 0 }
    }

    #[inline]
    pub(super) fn blocks(&self) -> &[Arc<[Ordinal]>] {
        match &self.blocks {
            Blocks::One(block) => slice::from_ref(block),
            Blocks::Many(blocks, _) => blocks,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Ordinal> + '_ {
        self.blocks().iter().flat_map(|block| block.iter().copied())
    }

    /// The list without some ordinals and with others, both ascending. What is not there cannot be removed, what is
    /// there already is not added again.
    pub(super) fn changed(&self, removed: &[Ordinal], added: &[Ordinal]) -> Self {
        let mut blocks: Vec<Arc<[Ordinal]>> = Vec::with_capacity(self.blocks().len() + 1);
        let (mut removed, mut added) = (removed, added);
        for (at, block) in self.blocks().iter().enumerate() {
            // What lies before the next block belongs to this one.
            let end = self.blocks().get(at + 1).and_then(|next| next.first());
            let here = |ordinals: &mut &[Ordinal]| {
                let number = end.map_or(ordinals.len(), |end| ordinals.partition_point(|ordinal| ordinal < end));
                let (here, rest) = ordinals.split_at(number);
                *ordinals = rest;
                here.to_vec()
            };
            let (out, new) = (here(&mut removed), here(&mut added));
            if out.is_empty() && new.is_empty() {
                blocks.push(Arc::clone(block));
                continue;
            }
            let mut left: Vec<Ordinal> = block.to_vec();
            left.retain(|ordinal| out.binary_search(ordinal).is_err());
            left.extend(new);
            left.sort_unstable();
            left.dedup();
            push(&mut blocks, &left);
        }
        if !added.is_empty() {
            push(&mut blocks, added); // there was no block
        }
        Self::of(blocks)
    }
}

/// Appends ordinals as a block or several, or to the block before if both are small.
fn push(blocks: &mut Vec<Arc<[Ordinal]>>, ordinals: &[Ordinal]) {
    match blocks.last_mut() {
        Some(last) if last.len() + ordinals.len() <= BLOCK / 4 => {
            *last = last.iter().chain(ordinals).copied().collect();
        }
        _ if ordinals.len() > BLOCK => blocks.extend(ordinals.chunks(FILL).map(Arc::from)),
        _ if ordinals.is_empty() => {}
        _ => blocks.push(ordinals.into()),
    }
}
