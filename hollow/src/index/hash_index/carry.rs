//! A hash index carried from one state to the next.

use super::page::Edit;
use super::{CHUNK_PAGES, HashIndex};
use crate::Ordinal;
use crate::index::paths::TooMany;
use crate::read::{ReadState, Transition, TypeReadState};
use std::sync::Arc;

/// Keys that records leave or come to: hash, key (as range of some bytes), record, and whether it comes.
struct Moves {
    bytes: Vec<u8>,
    moves: Vec<(u64, usize, usize, Ordinal, bool)>,
}

impl HashIndex {
    /// The index of the state that follows: `after` was made of `before`, to which this one belongs, by a delta.
    ///
    /// The cost is that of the records of the type that changed, of the values they lead to, and of copying the pages
    /// and blocks where those stand; if more than half of the records changed, that of building an index. It is enough
    /// to look at the type itself: a record never changes, so where a value at the end of a path is another one now,
    /// the record is another one too, and so are all on the way to it.
    pub(in crate::index) fn next(&self, before: &ReadState, after: &ReadState) -> Result<Self, TooMany> {
        let changes = Transition::of_type(before, after, &self.type_name);
        if changes.is_empty() {
            return Ok(self.clone());
        }
        let number = changes.removed.len() + changes.added.len();
        let records = self.records(before).map_or(0, TypeReadState::len) as u64;
        if number > records.max(64) || self.num_keys > self.built_for.max(64) * 4 {
            return self.rebuilt(after);
        }
        let mut moves = Moves {
            bytes: Vec::new(),
            moves: Vec::new(),
        };
        let limit = self.limit(number);
        let mut key = Vec::new();
        for (state, ordinals, comes) in [(before, &changes.removed, false), (after, &changes.added, true)] {
            for record in ordinals.iter().filter_map(Ordinal::new) {
                self.each_key(state, record, &mut key, &mut |key| {
                    let start = moves.bytes.len();
                    moves.bytes.extend_from_slice(key);
                    let end = moves.bytes.len();
                    moves.moves.push((self.hash(key), start, end, record, comes));
                    moves.moves.len() as u64 <= limit
                })?;
                if moves.moves.len() as u64 > limit {
                    return Err(TooMany);
                }
            }
        }
        Ok(self.moved(&moves))
    }

    fn moved(&self, moves: &Moves) -> Self {
        let mut next = self.clone();
        let key = |&(hash, start, end, ..): &(u64, usize, usize, Ordinal, bool)| (hash, &moves.bytes[start..end]);
        let mut order: Vec<&(u64, usize, usize, Ordinal, bool)> = moves.moves.iter().collect();
        order.sort_unstable_by(|a, b| key(a).cmp(&key(b)).then(a.3.cmp(&b.3)));
        let edits: Vec<(u64, Edit<'_>)> = order
            .chunk_by(|a, b| key(a) == key(b))
            .filter_map(|same| {
                let (hash, key) = key(same.first()?);
                let of = |comes: bool| {
                    let moves = same.iter().filter(|entry| entry.4 == comes);
                    let mut ordinals: Vec<Ordinal> = moves.map(|entry| entry.3).collect();
                    ordinals.dedup();
                    ordinals
                };
                let edit = Edit {
                    mark: hash as u32,
                    key,
                    removed: of(false),
                    added: of(true),
                };
                Some((self.page_number(hash), edit))
            })
            .map(|(page, edit)| (page as u64, edit))
            .collect();
        let chunks = Arc::make_mut(&mut next.chunks);
        for same in edits.chunk_by(|a, b| a.0 == b.0) {
            let Some((number, _)) = same.first() else { continue };
            let number = *number as usize;
            let chunk = chunks.get_mut(number / CHUNK_PAGES).map(Arc::make_mut);
            let Some(place) = chunk.and_then(|chunk| chunk.get_mut(number % CHUNK_PAGES)) else {
                continue;
            };
            let edits: Vec<Edit<'_>> = same.iter().map(|(_, edit)| edit.clone()).collect();
            let page = place.changed(&edits);
            next.num_keys = next.num_keys + page.len() - place.len();
            next.num_entries = next.num_entries + page.num_records() - place.num_records();
            *place = Arc::new(page);
        }
        next
    }
}
