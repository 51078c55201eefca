//! A hash index made from all records: keys are numbered as they come, then records are counted into place.

use super::key::encode;
use super::page::{Group, Page, Records};
use super::{CHUNK_PAGES, HashIndex};
use crate::Ordinal;
use crate::index::paths::TooMany;
use crate::read::{ReadState, TypeReadState};
use hashbrown::HashTable;
use std::sync::Arc;

/// Keys that a page is made for.
const PAGE_KEYS: usize = 96;

/// Keys and their records as they come.
#[derive(Default)]
struct Collected {
    numbers: HashTable<u32>,
    keys: Vec<Key>,
    bytes: Vec<u8>,
    entries: Vec<(u32, Ordinal)>,
}

struct Key {
    hash: u64,
    end: usize,
    count: u32,
    /// The record that came last.
    last: Option<Ordinal>,
}

impl Collected {
    fn bytes_of(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let start = at
            .checked_sub(1)
            .and_then(|before| self.keys.get(before))
            .map_or(0, |key| key.end);
        self.bytes.get(start..self.keys[at].end).unwrap_or_default()
    }

    /// The number of a key.
    fn number(&mut self, hash: u64, key: &[u8]) -> u32 {
        let same = |&number: &u32| self.keys[number as usize].hash == hash && self.bytes_of(number) == key;
        if let Some(&number) = self.numbers.find(hash, same) {
            return number;
        }
        let number = self.keys.len() as u32;
        self.bytes.extend_from_slice(key);
        self.keys.push(Key {
            hash,
            end: self.bytes.len(),
            count: 0,
            last: None,
        });
        let keys = &self.keys;
        self.numbers
            .insert_unique(hash, number, |&number| keys[number as usize].hash);
        number
    }

    /// Adds a record to a key, once. Records come in ascending order.
    #[inline]
    fn add(&mut self, number: u32, record: Ordinal) {
        let key = &mut self.keys[number as usize];
        if key.last != Some(record) {
            key.last = Some(record);
            key.count += 1;
            self.entries.push((number, record));
        }
    }
}

impl HashIndex {
    /// The same index made from all records of a state.
    pub(in crate::index) fn rebuilt(&self, state: &ReadState) -> Result<Self, TooMany> {
        let collected = self.collect(state)?;
        Ok(self.filled(&collected))
    }

    fn collect(&self, state: &ReadState) -> Result<Collected, TooMany> {
        let mut collected = Collected::default();
        let records = self.records(state);
        let limit = self.limit(records.map_or(0, TypeReadState::len) as u64);
        let ordinals = records.into_iter().flat_map(TypeReadState::populated);
        let mut visited = 0u64;
        let mut bytes = Vec::new();
        if self.paths.leaves().len() > 1 {
            for record in ordinals {
                self.each_key(state, record, &mut bytes, &mut |key| {
                    visited += 1;
                    let number = collected.number(self.hash(key), key);
                    collected.add(number, record);
                    visited <= limit
                })?;
                if visited > limit {
                    return Err(TooMany);
                }
            }
            return Ok(collected);
        }
        // Many records lead to few others: what key those have is looked up once.
        let mut known: Vec<u32> = Vec::new(); // the number of the key, plus one
        let remembers = if self.paths.is_direct() {
            0
        } else {
            self.most_ends(state)
        };
        for record in ordinals {
            self.paths.each_end(state, record, &mut |end| {
                visited += 1;
                if visited > limit {
                    return;
                }
                let place = end.map_or(0, |end| end.index() + 1);
                if let Some(number) = known.get(place).and_then(|number| number.checked_sub(1)) {
                    return collected.add(number, record);
                }
                bytes.clear();
                encode(state, self.leaves(), &[end], &mut bytes);
                let number = collected.number(self.hash(&bytes), &bytes);
                collected.add(number, record);
                if place < remembers {
                    if known.len() <= place {
                        known.resize((place + 1).max(known.len() * 2).min(remembers), 0);
                    }
                    known[place] = number + 1;
                }
            });
            if visited > limit {
                return Err(TooMany);
            }
        }
        Ok(collected)
    }

    /// How many ordinals of the records at the end of the path, and one for null, are worth a place each: few of them
    /// are holes, or references to records that are not there.
    fn most_ends(&self, state: &ReadState) -> usize {
        let ty = self
            .leaves()
            .first()
            .and_then(|leaf| state.types().as_slice().get(leaf.ty));
        ty.map_or(0, |ty| ty.len() * 4 + 1024)
    }

    /// Hands over the keys of a record, as long as `visit` wants more; a key may come several times.
    pub(super) fn each_key(
        &self,
        state: &ReadState,
        record: Ordinal,
        bytes: &mut Vec<u8>,
        visit: &mut impl FnMut(&[u8]) -> bool,
    ) -> Result<(), TooMany> {
        if self.paths.leaves().len() == 1 {
            let mut wanted = true;
            self.paths.each_end(state, record, &mut |end| {
                if wanted {
                    bytes.clear();
                    encode(state, self.leaves(), &[end], bytes);
                    wanted = visit(bytes);
                }
            });
            return Ok(());
        }
        let width = self.paths.leaves().len();
        for row in self.paths.combinations(state, record)?.chunks(width) {
            bytes.clear();
            encode(state, self.leaves(), row, bytes);
            if !visit(bytes) {
                break;
            }
        }
        Ok(())
    }

    /// The index with these keys.
    fn filled(&self, collected: &Collected) -> Self {
        let num_keys = collected.keys.len();
        let pages = num_keys.div_ceil(PAGE_KEYS).max(1) as u32;
        let mut next = Self {
            pages,
            built_for: num_keys,
            num_keys,
            num_entries: collected.entries.len(),
            ..self.clone()
        };
        let mut order: Vec<(u64, u32)> = (0..)
            .zip(&collected.keys)
            .map(|(number, key)| (key.hash, number))
            .collect();
        order.sort_unstable_by_key(|&(hash, _)| (next.page_number(hash), hash as u32));
        let mut starts = vec![0; num_keys];
        let mut total = 0;
        for &(_, number) in &order {
            starts[number as usize] = total;
            total += collected.keys[number as usize].count as usize;
        }
        let mut ordinals: Vec<Ordinal> = collected.entries.iter().map(|&(_, record)| record).collect();
        for &(number, record) in &collected.entries {
            let place = &mut starts[number as usize];
            ordinals[*place] = record;
            *place += 1;
        }
        let (mut rest, mut at) = (order.as_slice(), 0);
        let pages = (0..pages as usize).map(|page| {
            let end = rest.partition_point(|&(hash, _)| next.page_number(hash) <= page);
            let (here, after) = rest.split_at(end);
            rest = after;
            Arc::new(Page::build(here.iter().map(|&(hash, number)| {
                let start = at;
                at += collected.keys[number as usize].count as usize;
                Group {
                    mark: hash as u32,
                    key: collected.bytes_of(number),
                    records: Records::Few(&ordinals[start..at]),
                }
            })))
        });
        let pages: Vec<Arc<Page>> = pages.collect();
        next.chunks = Arc::new(
            pages
                .chunks(CHUNK_PAGES)
                .map(|chunk| Arc::new(chunk.to_vec()))
                .collect(),
        );
        next
    }
}
