//! The hash of what a record says.
//!
//! Equal trees have equal hashes on both sides; unequal trees have different hashes but for a chance of 2^-128 or so.
//! The hash is keyed with a secret drawn for each run, so that nobody can prepare a change that goes unseen. It must
//! therefore never decide an order or appear in a report.
//!
//! Hashes are remembered by ordinal in pages made on demand: comparing the few records that changed costs their hashes
//! only, and children shared by many records are hashed once.

use super::{Body, Holds, Side, TypeNumber};
use hollow::Ordinal;
use hollow::memory::text::StoredText;
use hollow::read::ObjectTypeState;
use hollow::schema::FieldType;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::{BuildHasher, Hasher, RandomState};

/// The secret of a run.
#[derive(Clone, Copy)]
pub(crate) struct Seed(u64, u64);

impl Seed {
    /// A new secret.
    pub(crate) fn draw() -> Self {
        let source = RandomState::new();
        Seed(source.hash_one(0u8), source.hash_one(1u8))
    }

    /// A hasher with this secret.
    pub(crate) fn hasher(self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0, self.1)
    }
}

const PAGE: usize = 1024;
/// Not hashed yet.
const UNKNOWN: u128 = 0;
/// Being hashed: a record that is met in this condition contains itself.
const BUSY: u128 = 1;
/// The hash of null, and of a record within itself.
const NULL: u128 = 2;

/// The hashes known so far, by type and ordinal.
pub(super) struct Contents {
    seed: Seed,
    pages: Vec<Vec<Option<Box<[u128]>>>>,
}

impl Contents {
    pub(super) fn new(seed: Seed, types: usize) -> Self {
        Contents {
            seed,
            pages: vec![Vec::new(); types],
        }
    }

    pub(super) fn seed(&self) -> Seed {
        self.seed
    }

    fn get(&self, ty: TypeNumber, ordinal: Ordinal) -> u128 {
        let page = self.pages.get(ty).and_then(|pages| pages.get(ordinal.index() / PAGE));
        let page = page.and_then(|page| page.as_deref());
        page.and_then(|page| page.get(ordinal.index() % PAGE))
            .copied()
            .unwrap_or(UNKNOWN)
    }

    fn set(&mut self, ty: TypeNumber, ordinal: Ordinal, hash: u128) {
        let Some(pages) = self.pages.get_mut(ty) else { return };
        let index = ordinal.index() / PAGE;
        if index >= pages.len() {
            pages.resize(index + 1, None);
        }
        let page = pages[index].get_or_insert_with(|| vec![UNKNOWN; PAGE].into());
        page[ordinal.index() % PAGE] = hash;
    }
}

impl Side<'_> {
    /// The hash of a record's content.
    pub(crate) fn content(&self, ty: TypeNumber, ordinal: Ordinal) -> u128 {
        let mut contents = self.contents.borrow_mut();
        let known = contents.get(ty, ordinal);
        if known > BUSY {
            return known;
        }
        // Children before parents, with a stack of our own: records can be nested deeper than a thread's stack.
        let mut stack = vec![(ty, ordinal)];
        while let Some(&(ty, ordinal)) = stack.last() {
            match contents.get(ty, ordinal) {
                UNKNOWN => {
                    contents.set(ty, ordinal, BUSY);
                    self.for_each_child(ty, ordinal, |ty, ordinal| {
                        if contents.get(ty, ordinal) == UNKNOWN {
                            stack.push((ty, ordinal));
                        }
                    });
                }
                BUSY => {
                    let hash = self.hash_record(&contents, ty, ordinal);
                    contents.set(ty, ordinal, hash);
                    stack.pop();
                }
                _ => {
                    stack.pop();
                }
            }
        }
        contents.get(ty, ordinal)
    }

    /// The hash of a record whose children are hashed.
    fn hash_record(&self, contents: &Contents, ty: TypeNumber, ordinal: Ordinal) -> u128 {
        let mut hasher = contents.seed.hasher();
        let child = |ty: Option<TypeNumber>, ordinal: Option<Ordinal>| match self.at(ty, ordinal) {
            Some((ty, ordinal)) => contents.get(ty, ordinal).max(NULL),
            None => NULL,
        };
        match self.types.get(ty).map(|ty| &ty.body) {
            Some(Body::Object { records, fields, .. }) => {
                hasher.write_u8(b'O');
                // Value, then name: a field without a value leaves no trace, as in trees.
                for field in fields {
                    let written = match &field.holds {
                        Holds::Value(ty) => write_value(&mut hasher, records, ordinal, ty, field.position),
                        Holds::Reference(to) => {
                            let hash = child(*to, records.reference(ordinal, field.position));
                            if hash != NULL {
                                hasher.write_u8(b'r');
                                hasher.write_u128(hash);
                            }
                            hash != NULL
                        }
                    };
                    if written {
                        hasher.write_usize(field.name.len());
                        hasher.write(field.name.as_bytes());
                    }
                }
            }
            Some(Body::List { records, element, .. }) => {
                hasher.write_u8(b'L');
                records
                    .elements(ordinal)
                    .for_each(|o| hasher.write_u128(child(*element, Some(o))));
            }
            Some(Body::Set { records, element, .. }) => {
                hasher.write_u8(b'S');
                let mut hashes: Vec<u128> = records.elements(ordinal).map(|o| child(*element, Some(o))).collect();
                hashes.sort_unstable();
                hashes.into_iter().for_each(|hash| hasher.write_u128(hash));
            }
            Some(Body::Map { records, key, value }) => {
                hasher.write_u8(b'M');
                let entries = records.entries(ordinal);
                let mut hashes: Vec<(u128, u128)> = entries
                    .map(|(k, v)| (child(*key, Some(k)), child(*value, Some(v))))
                    .collect();
                hashes.sort_unstable();
                for (key, value) in hashes {
                    hasher.write_u128(key);
                    hasher.write_u128(value);
                }
            }
            None => return NULL,
        }
        finish(&hasher)
    }
}

/// The hash, kept apart from the three numbers with a meaning of their own.
pub(super) fn finish(hasher: &SipHasher13) -> u128 {
    let hash = hasher.finish128().as_u128();
    if hash > NULL { hash } else { hash + NULL + 1 }
}

/// Feeds a hasher with the value of a field, as [`Node`](crate::tree::Node) tells values apart. False, and nothing fed,
/// if it has none.
pub(super) fn write_value(
    hasher: &mut SipHasher13,
    records: &ObjectTypeState,
    ordinal: Ordinal,
    ty: &FieldType,
    at: usize,
) -> bool {
    let mut whole = |number: i64| {
        hasher.write_u8(b'i');
        hasher.write_i64(number);
    };
    let written = match ty {
        FieldType::Int => records.int(ordinal, at).map(|number| whole(number.into())),
        FieldType::Long => records.long(ordinal, at).map(whole),
        FieldType::Boolean => records
            .boolean(ordinal, at)
            .map(|value| hasher.write(&[b'b', u8::from(value)])),
        FieldType::Float => records.float(ordinal, at).map(|value| {
            hasher.write_u8(b'f');
            hasher.write_u32(value.to_bits());
        }),
        FieldType::Double => records.double(ordinal, at).map(|value| {
            hasher.write_u8(b'd');
            hasher.write_u64(value.to_bits());
        }),
        FieldType::String => records.text(ordinal, at).map(|text| write_text(hasher, text)),
        FieldType::Bytes => records.bytes(ordinal, at).map(|bytes| {
            hasher.write_u8(b'y');
            hasher.write_usize(bytes.len());
            hasher.write(bytes);
        }),
        FieldType::Reference(_) => None,
    };
    written.is_some()
}

/// Text by its units: a unit can be stored in more ways than one.
fn write_text(hasher: &mut SipHasher13, text: StoredText<'_>) {
    let bytes = text.bytes();
    if bytes.is_ascii() {
        hasher.write_u8(b't');
        hasher.write_usize(bytes.len());
        hasher.write(bytes);
        return;
    }
    let units: Vec<u16> = text.units().collect();
    if units.iter().all(|&unit| unit < 0x80) {
        hasher.write_u8(b't');
        hasher.write_usize(units.len());
        units
            .into_iter()
            .for_each(|unit| hasher.write(&unit.to_le_bytes()[..1]));
    } else {
        hasher.write_u8(b'u');
        hasher.write_usize(units.len());
        units.into_iter().for_each(|unit| hasher.write_u16(unit));
    }
}
