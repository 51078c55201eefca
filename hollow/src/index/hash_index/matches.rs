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
                left: ordinals.len(),
            },
            Some(Found::Long(postings)) => Self {
                block: [].iter(),
                blocks: postings.blocks().iter(),
                left: postings.len(),
            },
        }
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
            self.block = self.blocks.next()?.iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }

    fn fold<B, F: FnMut(B, Ordinal) -> B>(self, init: B, mut f: F) -> B {
        let first = self.block.fold(init, |folded, &ordinal| f(folded, ordinal));
        self.blocks.fold(first, |folded, block| {
            block.iter().fold(folded, |folded, &ordinal| f(folded, ordinal))
        })
    }
}

impl ExactSizeIterator for Matches<'_> {}
