//! S4: what was encoded is read back and compared, before anybody else can read it.
//!
//! | when | what | cost |
//! |---|---|---|
//! | every version | the delta, applied to the announced state, gives the engine's records, and the reverse delta leads back: by the hashes of the pages that are not shared (`pages`), and by the records that came | what changed |
//! | with a snapshot | it holds the engine's ordinals, and what the delta leads to, by checksum | every record |
//! | [in full](super::ProducerBuilder::full_check_every) | every record of the new state is the engine's, and a snapshot, read as by a consumer that starts, has the same pages | every record |
//!
//! As every version before was checked, what changed settles the whole, unless memory itself is damaged: that is what the
//! full check is for. Records that the announced state lends the engine are held against parts of their hashes, which the
//! engine took when they came: those that go in every version, all in full.

mod form;
mod pages;
#[cfg(test)]
mod tests;

use super::CycleError;
use super::stage::{Encoded, StagedBlob};
use crate::Ordinal;
use crate::copy::lent::EngineForm;
use crate::read::{ReadState, Transition, TypeReadState};
use crate::store::BlobBytes;
use crate::tools::checksum::Checksums;
use crate::write::WriteStateEngine;
use form::same_record;
use pages::changed_as_told;
pub(super) use pages::same_pages;
use roaring::RoaringBitmap;
use std::panic::resume_unwind;

/// What fewer bytes give is compared in less time than a thread would save.
const WORTH_A_THREAD: u64 = 32 << 10;

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

/// Does both, at once if so many bytes are worth it and there is a thread to be had.
fn both<A, B: Send>(bytes: u64, one: impl FnOnce() -> A, other: impl Fn() -> B + Sync) -> (A, B) {
    if bytes < WORTH_A_THREAD {
        return (one(), other());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("hollow-check".to_owned());
        match thread.spawn_scoped(scope, &other) {
            Ok(thread) => {
                let one = one();
                (one, thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            }
            Err(_) => (one(), other()),
        }
    })
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
    let read = |blob: &StagedBlob| Ok::<_, CycleError>(ReadState::from_snapshot(&open(blob)?)?);
    let by_snapshot = encoded.snapshot.as_ref().map(read).transpose()?;
    let by_delta = match (&encoded.delta, previous) {
        (Some(blob), Some(previous)) => {
            let next = previous.apply_delta(&open(blob)?)?;
            let forth = || match evolved {
                true => changed_ordinals_as_told(engine, previous, &next),
                false => changed_as_told(engine, previous, &next),
            };
            let back = || match &encoded.reverse_delta {
                Some(blob) => leads_back(engine, previous, &next.apply_delta(&open(blob)?)?, evolved),
                None => Ok(()),
            };
            let (forth, back) = both(blob.entry.length, forth, back);
            forth.and(back)?;
            if in_full && !evolved {
                populated_as_told(engine, &next)?;
                for ty in next.types() {
                    same_records(engine, ty, ty.populated())?;
                }
                let cold = encoded.for_check.as_ref().map(read).transpose()?;
                if let Some(snapshot) = by_snapshot.as_ref().or(cold.as_ref()) {
                    same_tags(snapshot, &next)?;
                    same_pages("the snapshot reads back differently", &next, snapshot)?;
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
            same_tags(&snapshot, &next)?;
            populated_as_told(engine, &snapshot)?;
            let checksum = Some(Checksums::of(&snapshot).total);
            // The state reached by the delta shares its pages with the state before, unless the model has changed.
            let state = if evolved { snapshot } else { next };
            Ok(Checked { state, checksum })
        }
        (Some(snapshot), None) => {
            populated_as_told(engine, &snapshot)?;
            let records = || {
                let mut types = snapshot.types();
                types.try_for_each(|ty| same_records(engine, ty, ty.populated()))
            };
            let bytes = encoded.snapshot.as_ref().map_or(0, |blob| blob.entry.length);
            let (same, checksums) = both(bytes, records, || Checksums::of(&snapshot));
            same?;
            Ok(Checked {
                checksum: Some(checksums.total),
                state: snapshot,
            })
        }
        (None, Some(state)) => Ok(Checked { state, checksum: None }),
        (None, None) => Err(differ("nothing was encoded")),
    }
}

fn same_tags(snapshot: &ReadState, next: &ReadState) -> Result<(), CycleError> {
    if snapshot.header_tags() != next.header_tags() || snapshot.tag() != next.tag() {
        return Err(differ("snapshot and delta have different tags"));
    }
    Ok(())
}

/// Whether the reverse delta undid the delta.
fn leads_back(
    engine: &WriteStateEngine,
    previous: &ReadState,
    back: &ReadState,
    evolved: bool,
) -> Result<(), CycleError> {
    if back.tag() != previous.tag() || back.header_tags() != previous.header_tags() {
        return Err(differ("the reverse delta leads back to other tags"));
    }
    if !evolved {
        return same_pages("the reverse delta does not lead back", previous, back);
    }
    // What the engine's schemas no longer have is not in the reverse delta: only ordinals can be compared.
    for ty in previous.types().filter(|ty| engine.type_id(ty.name()).is_some()) {
        if !back
            .ty(ty.name())
            .is_some_and(|back| back.populated().eq(ty.populated()))
        {
            let what = format!("the reverse delta does not lead back, type={}", ty.name());
            return Err(differ(what));
        }
    }
    Ok(())
}

/// Whether the delta changed the ordinals that the engine changed, where the schemas are others than before.
fn changed_ordinals_as_told(
    engine: &WriteStateEngine,
    previous: &ReadState,
    next: &ReadState,
) -> Result<(), CycleError> {
    let transition = Transition::between(previous, next);
    for (id, schema) in engine.type_ids().zip(engine.dataset().schemas()) {
        if next.ty(schema.name()).is_none() {
            continue; // a type that consumers learn of with the next snapshot
        }
        let bitmap = |ordinals: &[Ordinal]| ordinals.iter().map(|o| o.get()).collect::<RoaringBitmap>();
        let told = engine.changes(id);
        let changes = transition.changes(schema.name());
        if changes.added != bitmap(&told.added) || changes.removed != bitmap(&told.removed) {
            let what = format!("the delta changes other ordinals, type={}", schema.name());
            return Err(differ(what));
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

/// Whether records in a state are those in the engine: by the bytes that it has, and by what it kept of the hash of a
/// record that a state lends it, which says what the record was when it came, wherever memory was damaged since.
fn same_records(
    engine: &WriteStateEngine,
    ty: &TypeReadState,
    ordinals: impl Iterator<Item = Ordinal>,
) -> Result<(), CycleError> {
    let Some(id) = engine.type_id(ty.name()) else {
        return Ok(());
    };
    let (form, mut record) = (EngineForm::of(ty.schema()), Vec::new());
    for ordinal in ordinals {
        let is_same = match engine.own_record_bytes(id, ordinal) {
            Some(bytes) => same_record(bytes, ty, ordinal),
            None => {
                record.clear();
                form.push(ty, ordinal, &mut record);
                engine.is_told_to_be(id, ordinal, &record)
            }
        };
        if !is_same {
            return Err(differ(format!(
                "a record reads back differently, type={} ordinal={ordinal}",
                ty.name()
            )));
        }
    }
    Ok(())
}
