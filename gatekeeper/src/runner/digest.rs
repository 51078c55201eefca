//! Digests of records by content: what two states have in common however their ordinals fell.
//!
//! A record's digest is the SHA-256 of its canonical form, in which a reference stands as the digest of what it refers to:
//!
//! ```text
//! object  'O' name  then for each field in schema order: '-' | 'i' be32 | 'l' be64 | 'b' 0/1 | 'f' be32 | 'd' be64
//!                                                         | 't' text | 'y' bytes | 'r' digest
//! list    'L' name  count  digests in order
//! set     'S' name  count  digests ascending
//! map     'M' name  count  (key digest, value digest) ascending
//! ```
//!
//! Names, texts and bytes begin with their length; lengths and counts are 64 bits, big-endian. The digest of a dataset is
//! that of its root records' digests in ascending order, which is an order of content, not of storage.

use hollow::Ordinal;
use hollow::read::{ReadState, TypeReadState};
use hollow::schema::{FieldType, Schema};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// A SHA-256 digest; as text, 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 lower-case hexadecimal digits, found={0:?}")]
pub struct NotADigest(String);

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let bad = || NotADigest(text.chars().take(80).collect());
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(bad()),
        };
        let mut digest = Digest::default();
        if text.len() != 64 {
            return Err(bad());
        }
        for (byte, pair) in digest.0.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = pair.iter().try_fold(0, |sum, half| Ok(sum << 4 | digit(*half)?))?;
        }
        Ok(digest)
    }
}

/// Takes in the canonical form of one record.
pub(super) struct Hasher(Sha256);

impl Hasher {
    pub(super) fn new(kind: u8, type_name: &str) -> Self {
        let mut hasher = Hasher(Sha256::new());
        hasher.0.update([kind]);
        hasher.bytes(type_name.as_bytes());
        hasher
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.update(bytes);
    }

    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_be_bytes());
    }

    pub(super) fn null(&mut self) {
        self.0.update(b"-");
    }

    pub(super) fn int(&mut self, value: i32) {
        self.0.update(b"i");
        self.0.update(value.to_be_bytes());
    }

    pub(super) fn long(&mut self, value: i64) {
        self.0.update(b"l");
        self.0.update(value.to_be_bytes());
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.0.update([b'b', u8::from(value)]);
    }

    pub(super) fn float(&mut self, value: f32) {
        self.0.update(b"f");
        let value = if value.is_nan() { f32::NAN } else { value };
        self.0.update(value.to_bits().to_be_bytes());
    }

    pub(super) fn double(&mut self, value: f64) {
        self.0.update(b"d");
        let value = if value.is_nan() { f64::NAN } else { value };
        self.0.update(value.to_bits().to_be_bytes());
    }

    pub(super) fn text(&mut self, value: &str) {
        self.0.update(b"t");
        self.bytes(value.as_bytes());
    }

    pub(super) fn raw(&mut self, value: &[u8]) {
        self.0.update(b"y");
        self.bytes(value);
    }

    pub(super) fn reference(&mut self, value: &Digest) {
        self.0.update(b"r");
        self.0.update(value.0);
    }

    pub(super) fn elements(&mut self, digests: &[Digest]) {
        self.count(digests.len());
        digests.iter().for_each(|digest| self.0.update(digest.0));
    }

    pub(super) fn entries(&mut self, entries: &[(Digest, Digest)]) {
        self.count(entries.len());
        for (key, value) in entries {
            self.0.update(key.0);
            self.0.update(value.0);
        }
    }

    pub(super) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// The digest of a dataset from the digests of its root records, in any order.
pub(super) fn of_roots(mut roots: Vec<Digest>) -> Digest {
    roots.sort_unstable();
    let mut hasher = Hasher::new(b'D', "");
    hasher.elements(&roots);
    hasher.finish()
}

/// A state whose types refer to each other in a circle, or to a type that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot digest type={0}: it refers to itself or to a type that the state does not have")]
pub struct NoOrder(String);

/// The digest of the records of a root type in a state, with all they refer to. Reads every record once.
///
/// # Errors
/// [`NoOrder`] for types that have no order of dependency.
pub fn of_state(state: &ReadState, root: &str) -> Result<Digest, NoOrder> {
    let mut known: HashMap<String, Vec<Digest>> = HashMap::new();
    for name in order(state, root)? {
        let digests = state.ty(&name).map(|ty| of_type(ty, &known)).unwrap_or_default();
        known.insert(name, digests);
    }
    let roots = known.remove(root).unwrap_or_default();
    let populated = state.ty(root).into_iter().flat_map(TypeReadState::populated);
    Ok(of_roots(
        populated
            .filter_map(|ordinal| roots.get(ordinal.index()).copied())
            .collect(),
    ))
}

/// The types that `root` needs, each after those it refers to.
fn order(state: &ReadState, root: &str) -> Result<Vec<String>, NoOrder> {
    fn visit(state: &ReadState, name: &str, open: &mut Vec<String>, done: &mut Vec<String>) -> Result<(), NoOrder> {
        if done.iter().any(|known| known == name) {
            return Ok(());
        }
        let circular = open.iter().any(|known| known == name);
        let ty = state
            .ty(name)
            .filter(|_| !circular)
            .ok_or_else(|| NoOrder(name.to_owned()))?;
        open.push(name.to_owned());
        for child in ty.schema().references() {
            visit(state, child, open, done)?;
        }
        open.pop();
        done.push(name.to_owned());
        Ok(())
    }
    let mut done = Vec::new();
    visit(state, root, &mut Vec::new(), &mut done)?;
    Ok(done)
}

/// The digests of the records of a type by ordinal.
fn of_type(ty: &TypeReadState, known: &HashMap<String, Vec<Digest>>) -> Vec<Digest> {
    let mut digests = Vec::new();
    let of = |type_name: &str, ordinal: Ordinal| -> Digest {
        let digests = known.get(type_name);
        digests
            .and_then(|digests| digests.get(ordinal.index()))
            .copied()
            .unwrap_or_default()
    };
    for ordinal in ty.populated() {
        digests.resize(ordinal.index().max(digests.len()), Digest::default());
        digests.push(of_record(ty, ordinal, &of));
    }
    digests
}

fn of_record(ty: &TypeReadState, ordinal: Ordinal, of: &dyn Fn(&str, Ordinal) -> Digest) -> Digest {
    let name = ty.name();
    match (ty, ty.schema()) {
        (TypeReadState::Object(object), Schema::Object(schema)) => {
            let mut hasher = Hasher::new(b'O', name);
            for (field, described) in schema.fields.iter().enumerate() {
                let value = match &described.ty {
                    FieldType::Int => object.int(ordinal, field).map(|value| hasher.int(value)),
                    FieldType::Long => object.long(ordinal, field).map(|value| hasher.long(value)),
                    FieldType::Boolean => object.boolean(ordinal, field).map(|value| hasher.boolean(value)),
                    FieldType::Float => object.float(ordinal, field).map(|value| hasher.float(value)),
                    FieldType::Double => object.double(ordinal, field).map(|value| hasher.double(value)),
                    FieldType::String => object.text(ordinal, field).map(|value| hasher.text(&value.to_str())),
                    FieldType::Bytes => object.bytes(ordinal, field).map(|value| hasher.raw(value)),
                    FieldType::Reference(to) => {
                        let child = object.reference(ordinal, field);
                        child.map(|child| hasher.reference(&of(to, child)))
                    }
                };
                if value.is_none() {
                    hasher.null();
                }
            }
            hasher.finish()
        }
        (TypeReadState::List(list), Schema::List(schema)) => {
            let elements = list.elements(ordinal).map(|element| of(&schema.element, element));
            list_digest(name, &elements.collect::<Vec<_>>())
        }
        (TypeReadState::Set(set), Schema::Set(schema)) => {
            let elements = set.elements(ordinal).map(|element| of(&schema.element, element));
            set_digest(name, elements.collect())
        }
        (TypeReadState::Map(map), Schema::Map(schema)) => {
            let entries = map.entries(ordinal);
            let entries = entries.map(|(key, value)| (of(&schema.key, key), of(&schema.value, value)));
            map_digest(name, entries.collect())
        }
        // A type state has the kind of its schema.
        _ => Digest::default(),
    }
}

pub(super) fn list_digest(name: &str, elements: &[Digest]) -> Digest {
    let mut hasher = Hasher::new(b'L', name);
    hasher.elements(elements);
    hasher.finish()
}

pub(super) fn set_digest(name: &str, mut elements: Vec<Digest>) -> Digest {
    elements.sort_unstable();
    let mut hasher = Hasher::new(b'S', name);
    hasher.elements(&elements);
    hasher.finish()
}

pub(super) fn map_digest(name: &str, mut entries: Vec<(Digest, Digest)>) -> Digest {
    entries.sort_unstable();
    let mut hasher = Hasher::new(b'M', name);
    hasher.entries(&entries);
    hasher.finish()
}
