//! What is remembered of keys while a sweep runs.
//!
//! [`Seen`] has one entry a key: eight bytes of hash, and eight that say in which partition and at which offset the key was
//! last seen. With the table's own byte and its room to grow that is 20 to 39 bytes a key: 10 million keys take 285 MB, and
//! half as much again for the moment in which the table grows. [`Newest`] has one for each key that changed live since the
//! begin mark: 33 bytes and room, usually for few keys.
//!
//! Keys are known by 64 bits of hash. Two of 10 million keys agree in them with a chance of 3 in a million; a record that
//! should go then stays until the next sweep. The hash is the same in every process, so what is read again after a restart
//! comes to the same.
//!
//! Both write down what a cycle changes, and can take it back.

use hollow::record::KeyValue;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

/// A key, hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyHash(u64);

impl KeyHash {
    pub(crate) fn of(key: &[KeyValue]) -> Self {
        let mut hasher = DefaultHasher::new();
        for part in key {
            match part {
                KeyValue::Int(n) => hasher.write_i64((*n).into()),
                KeyValue::Long(n) => hasher.write_i64(*n),
                KeyValue::Boolean(b) => hasher.write_u8((*b).into()),
                KeyValue::Float(n) => hasher.write_u32(if n.is_nan() { f32::NAN } else { *n }.to_bits()),
                KeyValue::Double(n) => hasher.write_u64(if n.is_nan() { f64::NAN } else { *n }.to_bits()),
                KeyValue::Text(text) => write_bytes(&mut hasher, text.as_bytes()),
                KeyValue::Bytes(bytes) => write_bytes(&mut hasher, bytes),
            }
        }
        Self(hasher.finish())
    }
}

fn write_bytes(hasher: &mut DefaultHasher, bytes: &[u8]) {
    hasher.write_usize(bytes.len());
    hasher.write(bytes);
}

/// Hands a hash on.
#[derive(Default)]
pub(crate) struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        // Not called: the only key is one number.
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// A table that can take back what a cycle changed.
#[derive(Debug)]
struct Journaled<V> {
    table: HashMap<KeyHash, V, BuildHasherDefault<Same>>,
    before: Vec<(KeyHash, Option<V>)>,
}

impl<V> Default for Journaled<V> {
    fn default() -> Self {
        Self {
            table: HashMap::default(),
            before: Vec::new(),
        }
    }
}

impl<V: Copy + PartialEq> Journaled<V> {
    fn set(&mut self, key: KeyHash, value: V) {
        let before = self.table.insert(key, value);
        if before != Some(value) {
            self.before.push((key, before));
        }
    }

    fn commit(&mut self) {
        self.before = Vec::new();
    }

    fn roll_back(&mut self) {
        while let Some((key, before)) = self.before.pop() {
            match before {
                Some(value) => self.table.insert(key, value),
                None => self.table.remove(&key),
            };
        }
    }
}

/// Where a key was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    At(i32, i64),
    /// In several partitions, or too far on to be written down: seen by every sweep, for nothing may go by mistake.
    Everywhere,
}

/// The last place of each key.
#[derive(Debug, Default)]
pub(crate) struct Seen(Journaled<u64>);

const EVERYWHERE: u64 = u64::MAX;
const OFFSET_BITS: u32 = 48;

impl Seen {
    pub(crate) fn get(&self, key: KeyHash) -> Option<Place> {
        self.0.table.get(&key).map(|&packed| match packed {
            EVERYWHERE => Place::Everywhere,
            _ => Place::At(
                (packed >> OFFSET_BITS) as i32,
                (packed & ((1 << OFFSET_BITS) - 1)).cast_signed(),
            ),
        })
    }

    pub(crate) fn set(&mut self, key: KeyHash, partition: i32, offset: i64) {
        let elsewhere = match self.get(key) {
            Some(Place::At(other, _)) => other != partition,
            Some(Place::Everywhere) => true,
            None => false,
        };
        let packed = match (u16::try_from(partition), u64::try_from(offset)) {
            (Ok(partition), Ok(offset)) if partition < u16::MAX && offset >> OFFSET_BITS == 0 && !elsewhere => {
                u64::from(partition) << OFFSET_BITS | offset
            }
            _ => EVERYWHERE,
        };
        self.0.set(key, packed);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.table.len()
    }

    #[cfg(test)]
    pub(crate) fn undo(&self) -> usize {
        self.0.before.len()
    }

    pub(crate) fn commit(&mut self) {
        self.0.commit();
    }

    pub(crate) fn roll_back(&mut self) {
        self.0.roll_back();
    }
}

/// A live change since the begin mark of a partition.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Live {
    /// The offset of the mark.
    begin: i64,
    /// The version at the source, if it was given.
    version: Option<i64>,
}

/// What changed live.
#[derive(Debug, Default)]
pub(crate) struct Newest(Journaled<Live>);

impl Newest {
    /// Whether a sweep's value of this version is older than what changed live since the mark at `begin`.
    pub(crate) fn is_newer(&self, key: KeyHash, begin: i64, version: Option<i64>) -> bool {
        match self.0.table.get(&key) {
            Some(live) if live.begin == begin => match (live.version, version) {
                (Some(live), Some(swept)) => swept <= live,
                _ => true,
            },
            _ => false,
        }
    }

    pub(crate) fn changed(&mut self, key: KeyHash, begin: i64, version: Option<i64>) {
        let before = self.0.table.get(&key).filter(|live| live.begin == begin);
        let version = match (before.and_then(|live| live.version), version) {
            (Some(before), Some(version)) => Some(before.max(version)),
            (_, version) => version,
        };
        self.0.set(key, Live { begin, version });
    }

    /// A sweep's value was taken over a live one: no older one is, from here on.
    pub(crate) fn swept(&mut self, key: KeyHash, begin: i64, version: Option<i64>) {
        if version.is_some() && self.0.table.get(&key).is_some_and(|live| live.begin == begin) {
            self.changed(key, begin, version);
        }
    }

    pub(crate) fn commit(&mut self) {
        self.0.commit();
    }

    pub(crate) fn roll_back(&mut self) {
        self.0.roll_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: i64) -> KeyHash {
        KeyHash::of(&[KeyValue::Long(n)])
    }

    #[test]
    fn a_key_is_where_it_was_last_seen_unless_that_is_unclear() {
        let mut seen = Seen::default();
        assert_eq!(seen.get(key(1)), None);
        seen.set(key(1), 3, 70);
        seen.set(key(1), 3, 71);
        assert_eq!(seen.get(key(1)), Some(Place::At(3, 71)));
        seen.set(key(1), 4, 1);
        seen.set(key(1), 4, 2);
        assert_eq!(seen.get(key(1)), Some(Place::Everywhere));
        for (n, partition, offset) in [(2, 65_535, 1), (3, 0, 1 << 48), (4, 0, -1), (5, -1, 1)] {
            seen.set(key(n), partition, offset);
            assert_eq!(seen.get(key(n)), Some(Place::Everywhere), "{partition} {offset}");
        }
        seen.set(key(6), 65_534, (1 << 48) - 1);
        assert_eq!(seen.get(key(6)), Some(Place::At(65_534, (1 << 48) - 1)));
    }

    #[test]
    fn what_a_cycle_changed_can_be_taken_back() {
        let mut seen = Seen::default();
        seen.set(key(1), 0, 1);
        seen.commit();
        for offset in 2..5 {
            seen.set(key(1), 0, offset);
            seen.set(key(2), 0, offset);
        }
        seen.roll_back();
        assert_eq!((seen.get(key(1)), seen.get(key(2))), (Some(Place::At(0, 1)), None));
    }

    #[test]
    fn live_changes_win_unless_a_version_says_otherwise() {
        let mut newest = Newest::default();
        assert!(!newest.is_newer(key(1), 5, None), "nothing changed live");
        newest.changed(key(1), 5, Some(10));
        assert!(newest.is_newer(key(1), 5, Some(9)) && newest.is_newer(key(1), 5, Some(10)));
        assert!(
            newest.is_newer(key(1), 5, None),
            "without a version the live change wins"
        );
        assert!(!newest.is_newer(key(1), 5, Some(11)));
        assert!(!newest.is_newer(key(1), 6, Some(9)), "that was before the mark");
        newest.swept(key(1), 5, Some(20));
        assert!(newest.is_newer(key(1), 5, Some(15)));
        newest.changed(key(1), 5, None);
        assert!(
            newest.is_newer(key(1), 5, Some(99)),
            "nobody knows how old the live change is"
        );
    }

    #[test]
    fn hashes_tell_keys_apart() {
        let text = |text: &str| KeyValue::Text(text.into());
        let keys = [
            KeyHash::of(&[text("a"), text("bc")]),
            KeyHash::of(&[text("ab"), text("c")]),
            KeyHash::of(&[text("abc")]),
            KeyHash::of(&[KeyValue::Long(0)]),
            KeyHash::of(&[KeyValue::Long(0), KeyValue::Long(0)]),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
}
