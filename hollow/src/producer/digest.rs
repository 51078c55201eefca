//! A digest over what a version changes, by which a refused candidate is known again when it is made anew.
//!
//! It speaks of root records by content: the same changes to the same version have the same digest in whatever order they
//! came, whichever ordinals they got. It tells mistakes apart, not forgeries.

use crate::Ordinal;
use crate::read::ReadState;
use crate::record::Value;
use crate::store::Sha256;
use sha2::Digest;

/// Adds up the digests of records, which makes their order matter nothing.
#[derive(Default)]
pub(super) struct ChangeDigest {
    sum: [u64; 4],
    records: u64,
}

impl ChangeDigest {
    /// Takes up a record that came (`+`) or went (`-`).
    pub(super) fn add(&mut self, sign: u8, state: &ReadState, type_name: &str, ordinal: Ordinal) {
        let value = state.value(type_name, ordinal).unwrap_or(Value::Null);
        let mut hasher = sha2::Sha256::new();
        hasher.update([sign]);
        hash_bytes(&mut hasher, b'T', type_name.as_bytes());
        hash(&mut hasher, &value);
        let digest: [u8; 32] = hasher.finalize().into();
        let (parts, _) = digest.as_chunks::<8>();
        for (sum, part) in self.sum.iter_mut().zip(parts) {
            *sum = sum.wrapping_add(u64::from_be_bytes(*part));
        }
        self.records += 1;
    }

    /// The digest of all that was taken up.
    pub(super) fn finish(self) -> Sha256 {
        let mut bytes = self.records.to_be_bytes().to_vec();
        bytes.extend(self.sum.iter().flat_map(|part| part.to_be_bytes()));
        Sha256::of(&bytes)
    }
}

fn hash_bytes(hasher: &mut sha2::Sha256, kind: u8, bytes: &[u8]) {
    hasher.update([kind]);
    hasher.update((bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

fn hash(hasher: &mut sha2::Sha256, value: &Value) {
    match value {
        Value::Null => hasher.update(b"-"),
        Value::Int(n) => hash_bytes(hasher, b'i', &n.to_be_bytes()),
        Value::Long(n) => hash_bytes(hasher, b'l', &n.to_be_bytes()),
        Value::Boolean(b) => hash_bytes(hasher, b'b', &[u8::from(*b)]),
        // All NaNs are one value when stored.
        Value::Float(n) if n.is_nan() => hash_bytes(hasher, b'f', b"NaN"),
        Value::Float(n) => hash_bytes(hasher, b'f', &n.to_bits().to_be_bytes()),
        Value::Double(n) if n.is_nan() => hash_bytes(hasher, b'd', b"NaN"),
        Value::Double(n) => hash_bytes(hasher, b'd', &n.to_bits().to_be_bytes()),
        Value::String(text) => hash_bytes(hasher, b't', text.as_bytes()),
        Value::Bytes(bytes) => hash_bytes(hasher, b'y', bytes),
        Value::Object(values) => hash_all(hasher, b'O', values),
        Value::List(values) => hash_all(hasher, b'L', values),
        // Where elements stand in a set or map depends on their ordinals.
        Value::Set(values) => {
            let each = |value: &Value| digest_of(|hasher| hash(hasher, value));
            hash_sorted(hasher, b'S', values.iter().map(each).collect());
        }
        Value::Map(entries) => {
            let each = |(key, value): &(Value, Value)| {
                digest_of(|hasher| {
                    hash(hasher, key);
                    hash(hasher, value);
                })
            };
            hash_sorted(hasher, b'M', entries.iter().map(each).collect());
        }
    }
}

fn hash_all(hasher: &mut sha2::Sha256, kind: u8, values: &[Value]) {
    hash_bytes(hasher, kind, &(values.len() as u64).to_be_bytes());
    values.iter().for_each(|value| hash(hasher, value));
}

fn digest_of(feed: impl FnOnce(&mut sha2::Sha256)) -> [u8; 32] {
    let mut hasher = sha2::Sha256::new();
    feed(&mut hasher);
    hasher.finalize().into()
}

fn hash_sorted(hasher: &mut sha2::Sha256, kind: u8, mut digests: Vec<[u8; 32]>) {
    digests.sort_unstable();
    hash_bytes(hasher, kind, digests.as_flattened());
}
