//! S4: what was encoded is read back and compared, before anybody else can read it.
//!
//! - The delta, applied to the announced state, must give exactly the engine's records; the reverse delta must lead back.
//!   Both are judged by what changed: with every version before checked, that settles the whole.
//! - A snapshot must hold the same records as the state reached by the delta, by checksum over everything.

use super::CycleError;
use super::stage::{Encoded, StagedBlob};
use crate::Ordinal;
use crate::memory::var_int::{self, Decoded};
use crate::read::{ReadState, Transition, TypeReadState};
use crate::schema::FieldType;
use crate::store::BlobBytes;
use crate::tools::checksum::Checksums;
use crate::write::WriteStateEngine;
use roaring::RoaringBitmap;

/// What reading back gave.
pub(super) struct Checked {
    /// The state as the producer goes on with it.
    pub(super) state: ReadState,
    /// Its checksum, if everything was read.
    pub(super) checksum: Option<i32>,
}

fn open(blob: &StagedBlob) -> Result<BlobBytes, CycleError> {
    let step = super::Step::Encoded;
    blob.content.open().map_err(|source| CycleError::Store { step, source })
}

fn differ(what: impl Into<String>) -> CycleError {
    CycleError::Integrity(what.into())
}

/// How much is to be compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// The announced state has other schemas than the engine.
    pub(super) evolved: bool,
    /// Every record, not only what changed.
    pub(super) in_full: bool,
}

/// Reads back and compares.
pub(super) fn check(
    engine: &WriteStateEngine,
    encoded: &Encoded,
    previous: Option<&ReadState>,
    extent: Extent,
) -> Result<Checked, CycleError> {
    let Extent { evolved, in_full } = extent;
    let by_snapshot = match &encoded.snapshot {
        Some(blob) => Some(ReadState::from_snapshot(&open(blob)?)?),
        None => None,
    };
    let by_delta = match (&encoded.delta, previous) {
        (Some(blob), Some(previous)) => {
            let next = previous.apply_delta(&open(blob)?)?;
            changed_as_told(engine, previous, &next, evolved)?;
            if let Some(back) = &encoded.reverse_delta {
                let back = next.apply_delta(&open(back)?)?;
                leads_back(engine, previous, &back, evolved)?;
                if back.tag() != previous.tag() || back.header_tags() != previous.header_tags() {
                    return Err(differ("the reverse delta leads back to other tags"));
                }
            }
            if in_full && !evolved {
                populated_as_told(engine, &next)?;
                for ty in next.types() {
                    same_records(engine, ty, ty.populated())?;
                }
            }
            Some(next)
        }
        _ => None,
    };
    match (by_snapshot, by_delta) {
        (Some(snapshot), Some(next)) => {
            let (a, b) = Checksums::common(&snapshot, &next);
            if a != b {
                return Err(differ(format!("snapshot and delta give different states: {a} and {b}")));
            }
            if snapshot.header_tags() != next.header_tags() || snapshot.tag() != next.tag() {
                return Err(differ("snapshot and delta have different tags"));
            }
            populated_as_told(engine, &snapshot)?;
            let checksum = Some(Checksums::of(&snapshot).total);
            // The state reached by the delta shares its pages with the state before, unless the model has changed.
            let state = if evolved { snapshot } else { next };
            Ok(Checked { state, checksum })
        }
        (Some(snapshot), None) => {
            populated_as_told(engine, &snapshot)?;
            for ty in snapshot.types() {
                same_records(engine, ty, ty.populated())?;
            }
            let checksum = Some(Checksums::of(&snapshot).total);
            Ok(Checked {
                state: snapshot,
                checksum,
            })
        }
        (None, Some(state)) => Ok(Checked { state, checksum: None }),
        (None, None) => Err(differ("nothing was encoded")),
    }
}

/// Whether the reverse delta undid the delta.
fn leads_back(
    engine: &WriteStateEngine,
    previous: &ReadState,
    back: &ReadState,
    evolved: bool,
) -> Result<(), CycleError> {
    let differs = |name: &str| differ(format!("the reverse delta does not lead back, type={name}"));
    if !evolved {
        let difference = Transition::between(previous, back);
        return match difference.changed_types().next() {
            Some((name, _)) => Err(differs(name)),
            None => Ok(()),
        };
    }
    // What the engine's schemas no longer have is not in the reverse delta: only ordinals can be compared.
    for ty in previous.types().filter(|ty| engine.type_id(ty.name()).is_some()) {
        if !back
            .ty(ty.name())
            .is_some_and(|back| back.populated().eq(ty.populated()))
        {
            return Err(differs(ty.name()));
        }
    }
    Ok(())
}

/// Whether a state has the engine's records at their ordinals.
fn populated_as_told(engine: &WriteStateEngine, state: &ReadState) -> Result<(), CycleError> {
    if state.dataset().schemas() != engine.dataset().schemas() {
        return Err(differ("the state read back has other schemas"));
    }
    for (id, ty) in engine.type_ids().zip(state.types()) {
        if !engine.populated(id).iter().eq(ty.populated()) {
            return Err(differ(format!(
                "the state read back has other ordinals, type={}",
                ty.name()
            )));
        }
    }
    Ok(())
}

/// Whether the delta changed what the engine changed.
fn changed_as_told(
    engine: &WriteStateEngine,
    previous: &ReadState,
    next: &ReadState,
    evolved: bool,
) -> Result<(), CycleError> {
    let transition = Transition::between(previous, next);
    for (id, schema) in engine.type_ids().zip(engine.dataset().schemas()) {
        let Some(ty) = next.ty(schema.name()) else {
            continue; // a type that consumers learn of with the next snapshot
        };
        let bitmap = |ordinals: &[Ordinal]| ordinals.iter().map(|o| o.get()).collect::<RoaringBitmap>();
        let told = engine.changes(id);
        let changes = transition.changes(schema.name());
        if changes.added != bitmap(&told.added) || changes.removed != bitmap(&told.removed) {
            return Err(differ(format!(
                "the delta changes other ordinals, type={}",
                schema.name()
            )));
        }
        if !evolved {
            same_records(engine, ty, changes.added.iter().filter_map(Ordinal::new))?;
        }
    }
    Ok(())
}

/// Whether records in a state are those in the engine.
fn same_records(
    engine: &WriteStateEngine,
    ty: &TypeReadState,
    ordinals: impl Iterator<Item = Ordinal>,
) -> Result<(), CycleError> {
    let Some(id) = engine.type_id(ty.name()) else {
        return Ok(());
    };
    for ordinal in ordinals {
        if !engine
            .record_bytes(id, ordinal)
            .is_some_and(|bytes| same_record(bytes, ty, ordinal))
        {
            return Err(differ(format!(
                "a record reads back differently, type={} ordinal={ordinal}",
                ty.name()
            )));
        }
    }
    Ok(())
}

/// Compares a record in its serialized form (`docs/format.md`, section 5) with the one read. Buckets of sets and maps are
/// left to the checksum of snapshots: the form has them before collisions are resolved.
fn same_record(bytes: &[u8], ty: &TypeReadState, ordinal: Ordinal) -> bool {
    let mut form = Form(bytes);
    let same = match ty {
        TypeReadState::Object(ty) => {
            let fields = ty.schema().fields.iter().enumerate();
            fields.map(|(at, field)| (at, &field.ty)).all(|(at, kind)| match kind {
                FieldType::String => form.bytes() == ty.text(ordinal, at).map(|text| text.bytes()),
                FieldType::Bytes => form.bytes() == ty.bytes(ordinal, at),
                FieldType::Float => form.array().map(u32::from_be_bytes).map(u64::from) == ty.stored_bits(ordinal, at),
                FieldType::Double => form.array().map(u64::from_be_bytes) == ty.stored_bits(ordinal, at),
                _ => form.number() == ty.stored_bits(ordinal, at),
            })
        }
        TypeReadState::List(ty) => {
            let size = form.number();
            size == Some(ty.len_of(ordinal) as u64)
                && ty
                    .elements(ordinal)
                    .all(|element| form.number() == Some(element.get().into()))
        }
        TypeReadState::Set(ty) => {
            let mut elements: Vec<u32> = ty.elements(ordinal).map(Ordinal::get).collect();
            elements.sort_unstable();
            let (mut size, mut last) = (form.number() == Some(elements.len() as u64), 0);
            for element in elements {
                size &= form.number() == Some((element - last).into()) && form.number().is_some();
                last = element;
            }
            size
        }
        TypeReadState::Map(ty) => {
            let mut entries: Vec<(u32, u32)> = ty.entries(ordinal).map(|(k, v)| (k.get(), v.get())).collect();
            entries.sort_unstable();
            let (mut same, mut last) = (form.number() == Some(entries.len() as u64), 0);
            for (key, value) in entries {
                same &= form.number() == Some((key - last).into()) && form.number() == Some(value.into());
                same &= form.number().is_some();
                last = key;
            }
            same
        }
    };
    same && form.0.is_empty()
}

/// Takes values off the front of a serialized record.
struct Form<'b>(&'b [u8]);

impl<'b> Form<'b> {
    /// A variable-length integer; `None` for null.
    fn number(&mut self) -> Option<u64> {
        let (value, length) = match var_int::read_u64(self.0) {
            Decoded::Value(value, length) => (Some(value), length),
            Decoded::Null => (None, 1),
            Decoded::Truncated | Decoded::TooLong => (None, 0), // leaves bytes over, or none where some are due
        };
        self.0 = &self.0[length..];
        value
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (value, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (value, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*value)
    }
}
