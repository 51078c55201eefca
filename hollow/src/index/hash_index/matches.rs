//! What a hash index finds.

use super::page::Found;
use crate::Ordinal;
use std::slice;
use std::sync::Arc;

/// The records with a key: ascending, each once. Borrowed from the index; taking one costs about a nanosecond.
#[derive(Clone, Debug, Default)]
pub struct Matches<'a> {
    block: slice::Iter<'a, Ordinal>,
    blocks: slice::Iter<'a, Arc<[Ordinal]>>,
    /// How many ordinals of the next block were in a block before: the first of a long list stands beside it, too.
    had: usize,
    left: usize,
}

impl<'a> Matches<'a> {
    #[inline]
    pub(super) fn of(found: Option<Found<'a>>) -> Self {
        match found {
            None => Self::default(),
            Some(Found::Short(ordinals)) => Self {
                block: ordinals.iter(),
                blocks: [].iter(),
                had: 0,
                left: ordinals.len(),
            },
            Some(Found::Long(postings)) => Self {
                block: postings.first().iter(),
                blocks: postings.blocks().iter(),
                had: postings.first().len(),
                left: postings.len(),
            },
        }
    }

    #[inline]
    fn next_block(&mut self) -> Option<slice::Iter<'a, Ordinal>> {
        let block = self.blocks.next()?.get(self.had..).unwrap_or_default();
        self.had = 0;
        Some(block.iter())
    }
}

impl Iterator for Matches<'_> {
    type Item = Ordinal;

    #[inline]
    fn next(&mut self) -> Option<Ordinal> {
        loop {
            if let Some(&ordinal) = self.block.next() {
                self.left -= 1;
                return Some(ordinal);
            }
            self.block = self.next_block()?;
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }

    fn fold<B, F: FnMut(B, Ordinal) -> B>(mut self, init: B, mut f: F) -> B {
        let mut folded = init;
        let mut block = Some(self.block.clone());
        while let Some(ordinals) = block {
            folded = ordinals.fold(folded, |folded, &ordinal| f(folded, ordinal));
            block = self.next_block();
        }
        folded
    }
}

impl ExactSizeIterator for Matches<'_> {}
