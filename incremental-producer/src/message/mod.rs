//! What a Kafka message means: a record to keep under its primary key, or the end of one.
//!
//! The key of a message is the primary key as a JSON array, such as `[81730412,"de"]`. A null payload deletes that key.
//! Other payloads hold the record in one of two forms, told apart by their first bytes:
//!
//! - `{`: the readable form, JSON by schema ([`hollow::record::json`]);
//! - `HRK1`: the compact form, an rkyv archive that is validated before anything in it is used.
//!
//! The key of the message must be the key within the record: messages of one record are in order only because they share a
//! partition, which their key decides. Write keys the way [`hollow::record::key_json`] does, without white space: Kafka
//! sees bytes, not JSON.
//!
//! Headers say more:
//!
//! | header | meaning |
//! |---|---|
//! | `source-ms` | when the source made the change, decimal epoch milliseconds |
//! | `source-version` | the version of the record at the source: a decimal number that only grows for one key |
//! | `sweep` | the id of the sweep that the message is part of |
//! | `sweep-mark` | `begin` or `end`: no record, but a mark of that sweep ([`crate::sweep`]) |
//!
//! Messages come from elsewhere: no input may panic, recurse without bound, or allocate much more than its own size.

mod compact;
mod hash_keys;
#[cfg(test)]
mod tests;

pub use compact::{CompactError, MAGIC};

use hash_keys::HashKeys;
use hollow::prepared::{PreparedRecords, Preparer, RecordPlan};
use hollow::record::json::{JsonError, Limits};
use hollow::record::{KeyError, KeyPaths, KeyValue, Value, json, key_json};
use hollow::schema::Dataset;
use std::sync::Arc;

/// What a message asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The primary key of the record.
    pub key: Vec<KeyValue>,
    /// What to do with it.
    pub change: Change,
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is this now.
    Upsert(Value),
    /// It is gone.
    Delete,
}

/// Why a message means nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeFailure {
    /// The message has no key.
    #[error("the message has no key")]
    NoKey,
    /// Its key is no primary key.
    #[error("message key: {0}")]
    Key(KeyError),
    /// Its payload is neither form of a record.
    #[error("the payload begins neither with {{ nor with HRK1, length={length} begins={begins}")]
    UnknownForm {
        /// Bytes of payload.
        length: usize,
        /// The first of them, escaped.
        begins: String,
    },
    /// The readable form is wrong.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The compact form is wrong.
    #[error("compact form: {0}")]
    Compact(CompactError),
    /// The record has no complete primary key.
    #[error("record: {0}")]
    RecordKey(KeyError),
    /// An element has no value where the hash key of its set or map asks for one, so it cannot be placed.
    #[error("{place}: the element has no value for the hash key, field={path}")]
    NullHashKey {
        /// The set or map in the record: `Asset.territory`.
        place: String,
        /// The path of the hash key from the element, in full.
        path: String,
    },
    /// Message and record disagree.
    #[error("the key of the message is not the key of the record, message={message} record={record}")]
    KeyMismatch {
        /// The message's key.
        message: String,
        /// The record's key.
        record: String,
    },
}

/// Reads and writes the messages of one dataset. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Codec {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dataset: Dataset,
    root: String,
    key: KeyPaths,
    hash_keys: HashKeys,
    schema_hash: i32,
    limits: Limits,
    plan: Option<RecordPlan>,
}

impl Codec {
    /// A codec for records of type `root`, which needs a primary key.
    ///
    /// # Errors
    /// [`KeyError`] if there is no such type, or its primary key or any hash key leads nowhere.
    pub fn new(dataset: Dataset, root: &str) -> Result<Self, KeyError> {
        let key = KeyPaths::resolve(&dataset, root)?;
        let hash_keys = HashKeys::resolve(&dataset)?;
        Ok(Self {
            inner: Arc::new(Inner {
                schema_hash: dataset.schema_hash(),
                plan: RecordPlan::new(&dataset, root),
                dataset,
                root: root.to_owned(),
                key,
                hash_keys,
                limits: Limits::DEFAULT,
            }),
        })
    }

    /// The schemas.
    pub fn dataset(&self) -> &Dataset {
        &self.inner.dataset
    }

    /// The type of the records.
    pub fn root(&self) -> &str {
        &self.inner.root
    }

    /// The key of a record.
    ///
    /// # Errors
    /// [`KeyError`] if a part is null, or the record does not fit its schema.
    pub fn key_of(&self, record: &Value) -> Result<Vec<KeyValue>, KeyError> {
        self.inner.key.of(record)
    }

    /// Reads the key of a message.
    ///
    /// # Errors
    /// [`KeyError`] if it is no primary key.
    pub fn decode_key(&self, key: &[u8]) -> Result<Vec<KeyValue>, KeyError> {
        self.inner.key.parse(key)
    }

    /// What a message means.
    ///
    /// # Errors
    /// [`DecodeFailure`] if it means nothing.
    pub fn decode(&self, key: Option<&[u8]>, payload: Option<&[u8]>) -> Result<Message, DecodeFailure> {
        let inner = &*self.inner;
        let key = inner
            .key
            .parse(key.ok_or(DecodeFailure::NoKey)?)
            .map_err(DecodeFailure::Key)?;
        let Some(payload) = payload else {
            return Ok(Message {
                key,
                change: Change::Delete,
            });
        };
        let record = if payload.first() == Some(&b'{') {
            json::parse_within(&inner.dataset, &inner.root, payload, &inner.limits)?
        } else if let Some(archive) = payload.strip_prefix(&MAGIC) {
            compact::decode(&inner.dataset, &inner.root, inner.schema_hash, archive, &inner.limits)
                .map_err(DecodeFailure::Compact)?
        } else {
            return Err(DecodeFailure::UnknownForm {
                length: payload.len(),
                begins: payload.get(..8).unwrap_or(payload).escape_ascii().to_string(),
            });
        };
        let inside = inner.key.of(&record).map_err(DecodeFailure::RecordKey)?;
        if !same_key(&key, &inside) {
            return Err(DecodeFailure::KeyMismatch {
                message: key_json(&key),
                record: key_json(&inside),
            });
        }
        if let Some((place, path)) = inner.hash_keys.first_null(&inner.dataset, &inner.root, &record) {
            return Err(DecodeFailure::NullHashKey { place, path });
        }
        Ok(Message {
            key,
            change: Change::Upsert(record),
        })
    }

    /// What prepares plain records without [`decode`](Codec::decode), if anything can for this type.
    pub(crate) fn preparer(&self) -> Option<Preparer> {
        self.inner.plan.clone().map(Preparer::new)
    }

    /// Prepares a record, in either form; gives its position if it is plain and has this key.
    pub(crate) fn prepare(
        &self,
        preparer: &mut Preparer,
        key: &[u8],
        payload: &[u8],
        prepared: &mut PreparedRecords,
    ) -> Option<usize> {
        match payload.strip_prefix(&MAGIC) {
            Some(archive) => compact::prepare(preparer, key, self.inner.schema_hash, archive, prepared),
            None => preparer.json(key, payload, prepared),
        }
    }

    /// The same codec, which has nothing prepared: every record is decoded to values.
    #[cfg(test)]
    pub(crate) fn by_values(&self) -> Self {
        let mut this = Self::new(self.dataset().clone(), self.root()).expect("a codec");
        if let Some(inner) = Arc::get_mut(&mut this.inner) {
            inner.plan = None;
        }
        this
    }

    /// The bytes of a message key.
    pub fn encode_key(&self, key: &[KeyValue]) -> Vec<u8> {
        key_json(key).into_bytes()
    }

    /// A record in the readable form.
    pub fn encode_json(&self, record: &Value) -> Vec<u8> {
        json::to_vec(&self.inner.dataset, &self.inner.root, record)
    }

    /// A record in the compact form.
    ///
    /// # Errors
    /// [`CompactError`] if the record does not fit its schema, or is too large to be read again.
    pub fn encode_rkyv(&self, record: &Value) -> Result<Vec<u8>, CompactError> {
        let inner = &*self.inner;
        compact::encode(&inner.dataset, &inner.root, inner.schema_hash, record, &inner.limits)
    }
}

/// At most so many bytes of a text, cut between characters.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    let end = (0..=most.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

/// Whether two keys are the same. Floating point is compared by bits: a key may well be NaN.
fn same_key(a: &[KeyValue], b: &[KeyValue]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|pair| match pair {
            (KeyValue::Float(a), KeyValue::Float(b)) => a.to_bits() == b.to_bits(),
            (KeyValue::Double(a), KeyValue::Double(b)) => a.to_bits() == b.to_bits(),
            (a, b) => a == b,
        })
}
