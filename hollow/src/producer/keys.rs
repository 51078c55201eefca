//! Which record has which key: a table per root type, carried from cycle to cycle and touched by changes only.
//!
//! The table holds eight bytes a record, a part of the key's hash and the ordinal. Keys themselves are read from the
//! announced state when hashes agree. What a cycle changes stands beside the table, with whole keys, until the cycle is
//! published; dropping that is all it takes to roll back.

use super::CycleError;
use crate::Ordinal;
use crate::read::{ObjectTypeState, ReadState};
use crate::record::key_bytes::{key_bytes, key_of_bytes, push_part, push_text};
use crate::record::{KeyError, KeyPaths, KeyValue, key_json};
use crate::schema::{FieldPath, FieldType};
use crate::store::KeyChanges;
use crate::write::RecordHasher;
use hashbrown::HashTable;
use std::ops::Range;
use std::sync::Arc;

/// Reads primary keys of records of one type from a state.
#[derive(Clone, Debug)]
pub(super) struct KeyReader {
    paths: Vec<FieldPath>,
}

impl KeyReader {
    pub(super) fn of(paths: &KeyPaths) -> Self {
        Self {
            paths: paths.paths().to_vec(),
        }
    }

    pub(super) fn resolve(state: &ReadState, type_name: &str) -> Result<Self, KeyError> {
        let paths = KeyPaths::resolve(state.dataset(), type_name)?.paths().to_vec();
        Ok(Self { paths })
    }

    /// Appends the key of a record, as [`key_bytes`] has it; false if a part of it is null.
    fn push(&self, state: &ReadState, ordinal: Ordinal, out: &mut Vec<u8>) -> bool {
        self.paths
            .iter()
            .all(|path| push_part_of(state, path, ordinal, out).is_some())
    }

    /// Something of the key of a record, for bringing it close.
    pub(super) fn touch(&self, state: &ReadState, ordinal: Ordinal) -> u64 {
        let first = self.paths.first().and_then(|path| end(state, path, ordinal));
        first.map_or(0, |(ty, ordinal, field)| {
            let bytes = ty.text(ordinal, field).map(|text| text.bytes());
            let number = ty.long(ordinal, field).map_or(0, i64::cast_unsigned);
            bytes
                .and_then(|bytes| bytes.first())
                .map_or(number, |&byte| byte.into())
        })
    }

    /// The key of a record; `None` if a part of it is null.
    pub(super) fn read(&self, state: &ReadState, ordinal: Ordinal) -> Option<Vec<KeyValue>> {
        self.paths.iter().map(|path| part(state, path, ordinal)).collect()
    }
}

/// The record that has the last field of a path, and that field.
fn end<'a>(
    state: &'a ReadState,
    path: &FieldPath,
    mut ordinal: Ordinal,
) -> Option<(&'a ObjectTypeState, Ordinal, usize)> {
    let (last, through) = path.steps.split_last()?;
    for step in through {
        ordinal = state.object(&step.type_name)?.reference(ordinal, step.field)?;
    }
    Some((state.object(&last.type_name)?, ordinal, last.field))
}

/// Appends a part of a key; none if it is null.
fn push_part_of(state: &ReadState, path: &FieldPath, ordinal: Ordinal, out: &mut Vec<u8>) -> Option<()> {
    if path.ty == FieldType::String {
        let (ty, ordinal, field) = end(state, path, ordinal)?;
        let text = ty.text(ordinal, field)?;
        // ASCII is stored as it is.
        if text.bytes().is_ascii()
            && let Ok(text) = std::str::from_utf8(text.bytes())
        {
            push_text(out, text);
            return Some(());
        }
    }
    push_part(out, &part(state, path, ordinal)?);
    Some(())
}

fn part(state: &ReadState, path: &FieldPath, ordinal: Ordinal) -> Option<KeyValue> {
    let (ty, ordinal, field) = end(state, path, ordinal)?;
    match path.ty {
        FieldType::Int => ty.int(ordinal, field).map(KeyValue::Int),
        FieldType::Long => ty.long(ordinal, field).map(KeyValue::Long),
        FieldType::Boolean => ty.boolean(ordinal, field).map(KeyValue::Boolean),
        FieldType::Float => ty.float(ordinal, field).map(KeyValue::Float),
        FieldType::Double => ty.double(ordinal, field).map(KeyValue::Double),
        FieldType::String => ty.text(ordinal, field).map(|text| KeyValue::Text(text.to_string())),
        FieldType::Bytes => ty.bytes(ordinal, field).map(|bytes| KeyValue::Bytes(bytes.to_vec())),
        FieldType::Reference(_) => None,
    }
}

/// The keys that one root type has in the announced state.
#[derive(Clone, Debug)]
pub(super) struct PublishedKeys {
    reader: KeyReader,
    hasher: RecordHasher,
    table: HashTable<(u32, Ordinal)>,
}

/// The keys of one root type.
#[derive(Debug)]
pub(super) struct KeyTable {
    published: Arc<PublishedKeys>,
    changed: HashTable<Change>,
    /// The keys that the cycle changes, one behind the other.
    changed_keys: Vec<u8>,
}

/// What the cycle makes of a key.
#[derive(Debug)]
struct Change {
    /// Where the key stands among those of the cycle.
    key: Range<usize>,
    hash: u64,
    before: Option<Ordinal>,
    now: Option<Ordinal>,
}

impl Change {
    fn is_of(&self, hash: u64, key: &[u8], keys: &[u8]) -> bool {
        self.hash == hash && keys.get(self.key.clone()) == Some(key)
    }
}

/// Spreads the half hash that is kept over the bits a table looks at.
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl PublishedKeys {
    fn new(reader: KeyReader, room: usize) -> Self {
        Self {
            reader,
            hasher: RecordHasher::default(),
            table: HashTable::with_capacity(room),
        }
    }

    pub(super) fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash(key)
    }

    fn find(&self, state: &ReadState, half: u32, key: &[u8]) -> Option<Ordinal> {
        let mut found = Vec::new();
        let same = |&(other, ordinal): &(u32, Ordinal)| {
            found.clear();
            other == half && self.reader.push(state, ordinal, &mut found) && found == key
        };
        self.table.find(spread(half), same).map(|&(_, ordinal)| ordinal)
    }

    /// Looks for several keys, which takes less time than one after the other: a processor waits for many places of distant
    /// memory hardly longer than for one. Appends the hash of each, and its record.
    pub(super) fn find_all<'k>(
        &self,
        state: &ReadState,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        found: &mut Vec<(u64, Option<Ordinal>)>,
    ) {
        let first = found.len();
        found.extend(keys.clone().map(|key| {
            let hash = self.hash(key);
            let half = hash as u32;
            let candidate = self.table.find(spread(half), |&(other, _)| other == half);
            (hash, candidate.map(|&(_, ordinal)| ordinal))
        }));
        let found = found.get_mut(first..).unwrap_or_default();
        // The sum is of no use, but has to be read for.
        let read = found.iter().filter_map(|&(_, candidate)| candidate);
        let read = read.map(|ordinal| self.reader.touch(state, ordinal));
        std::hint::black_box(read.fold(0, u64::wrapping_add));
        let mut bytes = Vec::new();
        for (key, (hash, candidate)) in keys.zip(found) {
            let Some(ordinal) = *candidate else { continue };
            bytes.clear();
            if !self.reader.push(state, ordinal, &mut bytes) || bytes != key {
                *candidate = self.find(state, *hash as u32, key); // another one has the same half hash
            }
        }
    }
}

impl KeyTable {
    /// The keys of a type in a state. Reads all of them.
    pub(super) fn build(state: &ReadState, type_name: &str) -> Result<Self, CycleError> {
        let reader = KeyReader::resolve(state, type_name)?;
        let count = state.ty(type_name).map_or(0, |ty| ty.len());
        let mut keys = PublishedKeys::new(reader, count);
        for ordinal in state.ty(type_name).into_iter().flat_map(|ty| ty.populated()) {
            // A record with a null in its key cannot be named: it stays as it is.
            let Some(key) = keys.reader.read(state, ordinal) else {
                continue;
            };
            let bytes = key_bytes(&key);
            let half = keys.hash(&bytes) as u32;
            if keys.find(state, half, &bytes).is_some() {
                return Err(CycleError::DuplicateKey {
                    type_name: type_name.to_owned(),
                    key: key_json(&key),
                });
            }
            keys.table
                .insert_unique(spread(half), (half, ordinal), |(half, _)| spread(*half));
        }
        Ok(Self::of(keys))
    }

    /// A table of a type that has no records yet.
    pub(super) fn empty(reader: KeyReader) -> Self {
        Self::of(PublishedKeys::new(reader, 0))
    }

    fn of(published: PublishedKeys) -> Self {
        Self {
            published: Arc::new(published),
            changed: HashTable::new(),
            changed_keys: Vec::new(),
        }
    }

    /// The keys of the announced state, for looking them up elsewhere.
    pub(super) fn published(&self) -> Arc<PublishedKeys> {
        self.published.clone()
    }

    fn hash(&self, key: &[u8]) -> u64 {
        self.published.hash(key)
    }

    /// The record with this key in the cycle. `published` is the state the table was last advanced to.
    pub(super) fn get(&self, published: Option<&ReadState>, key: &[u8]) -> Option<Ordinal> {
        let hash = self.hash(key);
        match self
            .changed
            .find(hash, |change| change.is_of(hash, key, &self.changed_keys))
        {
            Some(change) => change.now,
            None => self.published.find(published?, hash as u32, key),
        }
    }

    /// Brings close what is known of these keys in the cycle.
    pub(super) fn bring_close(&self, hashes: impl Iterator<Item = u64>) {
        let read = hashes.map(|hash| self.changed.find(hash, |_| true).map_or(0, |change| change.hash));
        std::hint::black_box(read.fold(0, u64::wrapping_add));
    }

    /// Gives the key another record, or none; gives back the one it had in the cycle. The hash of the key, and the record
    /// that the announced state has under it, may be known.
    pub(super) fn replace(
        &mut self,
        published: Option<&ReadState>,
        key: &[u8],
        known: Option<(u64, Option<Ordinal>)>,
        now: Option<Ordinal>,
    ) -> Option<Ordinal> {
        let hash = known.map_or_else(|| self.hash(key), |(hash, _)| hash);
        let is_it = |change: &Change| change.is_of(hash, key, &self.changed_keys);
        if let Some(change) = self.changed.find_mut(hash, is_it) {
            return std::mem::replace(&mut change.now, now);
        }
        let before = match known {
            Some((_, before)) => before,
            None => published.and_then(|state| self.published.find(state, hash as u32, key)),
        };
        if before != now {
            let first = self.changed_keys.len();
            self.changed_keys.extend_from_slice(key);
            let key = first..self.changed_keys.len();
            let change = Change { key, hash, before, now };
            self.changed.insert_unique(hash, change, |change| change.hash);
        }
        before
    }

    /// Calls `look` with the key of each record of the cycle. Reads all keys of the published state.
    pub(super) fn each(&self, published: Option<&ReadState>, look: &mut dyn FnMut(&[KeyValue])) {
        if let Some(state) = published {
            for &(_, ordinal) in &self.published.table {
                let Some(key) = self.published.reader.read(state, ordinal) else {
                    continue;
                };
                let bytes = key_bytes(&key);
                let hash = self.hash(&bytes);
                let is_it = |change: &Change| change.is_of(hash, &bytes, &self.changed_keys);
                if self.changed.find(hash, is_it).is_none() {
                    look(&key);
                }
            }
        }
        for change in &self.changed {
            if change.now.is_some()
                && let Some(key) = self.changed_keys.get(change.key.clone()).and_then(key_of_bytes)
            {
                look(&key);
            }
        }
    }

    /// What the cycle changed.
    pub(super) fn changes(&self) -> KeyChanges {
        let mut changes = KeyChanges::default();
        for change in &self.changed {
            match (change.before, change.now) {
                (None, Some(_)) => changes.added += 1,
                (Some(_), None) => changes.removed += 1,
                (before, now) if before != now => changes.changed += 1,
                _ => {}
            }
        }
        changes
    }

    /// Forgets what the cycle changed.
    pub(super) fn roll_back(&mut self) {
        self.changed.clear();
        self.changed_keys.clear();
    }

    /// Makes what the cycle changed the published table.
    pub(super) fn commit(&mut self) {
        self.changed_keys = Vec::new();
        if self.changed.is_empty() {
            return;
        }
        // A copy if somebody still looks keys up in what was announced before.
        let table = &mut Arc::make_mut(&mut self.published).table;
        for change in std::mem::take(&mut self.changed) {
            let half = change.hash as u32;
            if let Some(before) = change.before
                && let Ok(entry) = table.find_entry(spread(half), |&entry| entry == (half, before))
            {
                entry.remove();
            }
            if let Some(now) = change.now {
                table.insert_unique(spread(half), (half, now), |(half, _)| spread(*half));
            }
        }
    }
}
