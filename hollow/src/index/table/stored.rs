//! A table put together of stored pages.

use super::changes::MAX_LINES;
use super::{LINE_BYTES, Line, PAGE_LINES, Slab, Table, line};
use std::sync::Arc;

/// A table in the making: its pages one after the other.
pub(in crate::index) struct StoredTable {
    base: Slab,
    pages: usize,
    next: usize,
    grown: Vec<(usize, Vec<Line>)>,
}

impl StoredTable {
    /// For so many pages, which have so many bytes or fewer; `None` if so many cannot be.
    pub(in crate::index) fn new(pages: u32, bytes: usize) -> Option<Self> {
        let pages = pages as usize;
        (pages > 0 && pages <= bytes / (PAGE_LINES * LINE_BYTES)).then(|| Self {
            base: Slab::zeroed(pages * PAGE_LINES),
            pages,
            next: 0,
            grown: Vec::new(),
        })
    }

    /// Adds a page of lines; `None` if it is none.
    pub(in crate::index) fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let (words, []) = bytes.as_chunks::<4>() else {
            return None;
        };
        let (stored, []) = words.as_chunks::<16>() else {
            return None;
        };
        let page = self.base.lines_mut().chunks_exact_mut(PAGE_LINES).nth(self.next)?;
        match stored.len() {
            PAGE_LINES => page.copy_from_slice(stored),
            lines if lines > PAGE_LINES && lines < MAX_LINES => self.grown.push((self.next, stored.to_vec())),
            _ => return None,
        }
        self.next += 1;
        Some(())
    }

    /// The table; `None` if pages are missing.
    pub(in crate::index) fn finish(self) -> Option<Table> {
        let mut table = Table {
            base: Arc::new(self.base),
            changes: None,
            pages: self.pages as u32,
            len: 0,
        };
        for (number, stored) in &self.grown {
            table.changes_mut().put_page(*number, stored);
        }
        table.len = table.pages().flatten().map(line::len).sum();
        (self.next == self.pages).then_some(table)
    }
}
