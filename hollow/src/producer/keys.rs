//! Which record has which key: a table per root type, carried from cycle to cycle and touched by changes only.
//!
//! The table holds eight bytes a record, a part of the key's hash and the ordinal. Keys themselves are read from the
//! announced state when hashes agree. What a cycle changes stands beside the table, with whole keys, until the cycle is
//! published; dropping that is all it takes to roll back.

use super::CycleError;
use crate::Ordinal;
use crate::read::ReadState;
use crate::record::{KeyError, KeyPaths, KeyValue, key_json};
use crate::schema::{FieldPath, FieldType};
use crate::store::KeyChanges;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher, RandomState};

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
        let mut parts = self.paths.iter().map(|path| part(state, path, ordinal));
        parts.all(|part| part.map(|part| push_part(out, &part)).is_some())
    }

    /// The key of a record; `None` if a part of it is null.
    pub(super) fn read(&self, state: &ReadState, ordinal: Ordinal) -> Option<Vec<KeyValue>> {
        self.paths.iter().map(|path| part(state, path, ordinal)).collect()
    }
}

fn part(state: &ReadState, path: &FieldPath, mut ordinal: Ordinal) -> Option<KeyValue> {
    let (last, through) = path.steps.split_last()?;
    for step in through {
        ordinal = state.object(&step.type_name)?.reference(ordinal, step.field)?;
    }
    let (ty, field) = (state.object(&last.type_name)?, last.field);
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

/// A key by which it can be compared and hashed: equal keys have equal bytes, and no two others do.
pub(super) fn key_bytes(key: &[KeyValue]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 * key.len());
    key.iter().for_each(|part| push_part(&mut out, part));
    out
}

/// The key these bytes were made of.
fn key_of_bytes(mut bytes: &[u8]) -> Option<Vec<KeyValue>> {
    let mut key = Vec::new();
    while let Some((tag, rest)) = bytes.split_first() {
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (part, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        key.push(match tag {
            0 => KeyValue::Int(i32::from_le_bytes(part.try_into().ok()?)),
            1 => KeyValue::Long(i64::from_le_bytes(part.try_into().ok()?)),
            2 => KeyValue::Boolean(*part.first()? != 0),
            3 => KeyValue::Float(f32::from_bits(u32::from_le_bytes(part.try_into().ok()?))),
            4 => KeyValue::Double(f64::from_bits(u64::from_le_bytes(part.try_into().ok()?))),
            5 => KeyValue::Text(String::from_utf8(part.to_vec()).ok()?),
            _ => KeyValue::Bytes(part.to_vec()),
        });
    }
    Some(key)
}

fn push_part(out: &mut Vec<u8>, part: &KeyValue) {
    let (tag, bytes): (u8, &[u8]) = match part {
        KeyValue::Int(n) => (0, &n.to_le_bytes()),
        KeyValue::Long(n) => (1, &n.to_le_bytes()),
        KeyValue::Boolean(b) => (2, &[u8::from(*b)]),
        KeyValue::Float(n) => (3, &canonical32(*n).to_le_bytes()),
        KeyValue::Double(n) => (4, &canonical64(*n).to_le_bytes()),
        KeyValue::Text(text) => (5, text.as_bytes()),
        KeyValue::Bytes(bytes) => (6, bytes),
    };
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// All NaNs are one value when stored.
fn canonical32(n: f32) -> u32 {
    if n.is_nan() { f32::NAN.to_bits() } else { n.to_bits() }
}

fn canonical64(n: f64) -> u64 {
    if n.is_nan() { f64::NAN.to_bits() } else { n.to_bits() }
}

/// The keys of one root type.
#[derive(Debug)]
pub(super) struct KeyTable {
    reader: KeyReader,
    hasher: RandomState,
    table: HashTable<(u32, Ordinal)>,
    changed: HashTable<Change>,
}

/// What the cycle makes of a key.
#[derive(Debug)]
struct Change {
    key: Vec<u8>,
    hash: u64,
    before: Option<Ordinal>,
    now: Option<Ordinal>,
}

impl Change {
    fn is_of(&self, hash: u64, key: &[u8]) -> bool {
        self.hash == hash && self.key == key
    }
}

/// Spreads the half hash that is kept over the bits a table looks at.
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl KeyTable {
    /// The keys of a type in a state. Reads all of them.
    pub(super) fn build(state: &ReadState, type_name: &str) -> Result<Self, CycleError> {
        let reader = KeyReader::resolve(state, type_name)?;
        let count = state.ty(type_name).map_or(0, |ty| ty.len());
        let mut this = Self {
            reader,
            hasher: RandomState::new(),
            table: HashTable::with_capacity(count),
            changed: HashTable::new(),
        };
        let Some(ty) = state.ty(type_name) else {
            return Ok(this);
        };
        for ordinal in ty.populated() {
            // A record with a null in its key cannot be named: it stays as it is.
            let Some(key) = this.reader.read(state, ordinal) else {
                continue;
            };
            let bytes = key_bytes(&key);
            let half = this.hash(&bytes) as u32;
            if this.find_published(state, half, &bytes).is_some() {
                return Err(CycleError::DuplicateKey {
                    type_name: type_name.to_owned(),
                    key: key_json(&key),
                });
            }
            this.table
                .insert_unique(spread(half), (half, ordinal), |(half, _)| spread(*half));
        }
        Ok(this)
    }

    /// A table of a type that has no records yet.
    pub(super) fn empty(reader: KeyReader) -> Self {
        Self {
            reader,
            hasher: RandomState::new(),
            table: HashTable::new(),
            changed: HashTable::new(),
        }
    }

    fn hash(&self, key: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key);
        hasher.finish()
    }

    fn find_published(&self, state: &ReadState, half: u32, key: &[u8]) -> Option<Ordinal> {
        let mut found = Vec::new();
        let same = |&(other, ordinal): &(u32, Ordinal)| {
            found.clear();
            other == half && self.reader.push(state, ordinal, &mut found) && found == key
        };
        self.table.find(spread(half), same).map(|&(_, ordinal)| ordinal)
    }

    /// The record with this key in the cycle. `published` is the state the table was last advanced to.
    pub(super) fn get(&self, published: Option<&ReadState>, key: &[u8]) -> Option<Ordinal> {
        let hash = self.hash(key);
        match self.changed.find(hash, |change| change.is_of(hash, key)) {
            Some(change) => change.now,
            None => self.find_published(published?, hash as u32, key),
        }
    }

    /// Gives the key another record, or none; gives back the one it had in the cycle.
    pub(super) fn replace(
        &mut self,
        published: Option<&ReadState>,
        key: Vec<u8>,
        now: Option<Ordinal>,
    ) -> Option<Ordinal> {
        let hash = self.hash(&key);
        if let Some(change) = self.changed.find_mut(hash, |change| change.is_of(hash, &key)) {
            return std::mem::replace(&mut change.now, now);
        }
        let before = published.and_then(|state| self.find_published(state, hash as u32, &key));
        if before != now {
            let change = Change { key, hash, before, now };
            self.changed.insert_unique(hash, change, |change| change.hash);
        }
        before
    }

    /// Calls `look` with the key of each record of the cycle. Reads all keys of the published state.
    pub(super) fn each(&self, published: Option<&ReadState>, look: &mut dyn FnMut(&[KeyValue])) {
        if let Some(state) = published {
            for &(_, ordinal) in &self.table {
                let Some(key) = self.reader.read(state, ordinal) else {
                    continue;
                };
                let bytes = key_bytes(&key);
                let hash = self.hash(&bytes);
                if self.changed.find(hash, |change| change.is_of(hash, &bytes)).is_none() {
                    look(&key);
                }
            }
        }
        for change in &self.changed {
            if change.now.is_some()
                && let Some(key) = key_of_bytes(&change.key)
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
    }

    /// Makes what the cycle changed the published table.
    pub(super) fn commit(&mut self) {
        for change in std::mem::take(&mut self.changed) {
            let half = change.hash as u32;
            if let Some(before) = change.before
                && let Ok(entry) = self.table.find_entry(spread(half), |&entry| entry == (half, before))
            {
                entry.remove();
            }
            if let Some(now) = change.now {
                self.table
                    .insert_unique(spread(half), (half, now), |(half, _)| spread(*half));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_can_be_read_from_its_bytes() {
        let key = [
            KeyValue::Int(-7),
            KeyValue::Long(i64::MIN),
            KeyValue::Boolean(true),
            KeyValue::Float(0.5),
            KeyValue::Double(-0.5),
            KeyValue::Text("größe".into()),
            KeyValue::Bytes(vec![0, 255]),
            KeyValue::Text(String::new()),
        ];
        assert_eq!(key_of_bytes(&key_bytes(&key)).as_deref(), Some(key.as_slice()));
        assert_eq!(key_of_bytes(&[1, 8]), None);
    }
}
