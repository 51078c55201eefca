//! What blobs changed, told by the hashes of pages.
//!
//! ```text
//!   what a page held  - what the engine removed there  + what it added there  =  what the page holds now
//! ```
//!
//! Pages that two states share are equal for free, so all of this costs what changed. A page that was made anew on the way
//! is looked at in full: a record that came out of that as another one is found, although no delta speaks of it.

use super::{differ, same_records};
use crate::Ordinal;
use crate::producer::CycleError;
use crate::read::{ContentHash, PAGE_ORDINALS, ReadState, TypeReadState, page_of};
use crate::write::{TypeId, WriteStateEngine};
use std::collections::BTreeMap;

/// Whether the delta changed what the engine changed, and nothing else. For states with the schemas of the engine.
pub(super) fn changed_as_told(
    engine: &WriteStateEngine,
    previous: &ReadState,
    next: &ReadState,
) -> Result<(), CycleError> {
    for (before, after) in both(previous, next)? {
        let Some(id) = engine.type_id(after.name()) else {
            return Err(differ(format!("a type nobody told of, type={}", after.name())));
        };
        let mut told = told(engine, id, before, after)?;
        for page in before.differing_pages(after).unwrap_or_default() {
            let change = told.remove(&page.number).unwrap_or_default();
            if page.after != page.before.plus(change) {
                return Err(of_page("the delta changes other records", after, page.number));
            }
        }
        if let Some((&number, _)) = told.iter().find(|(_, change)| **change != ContentHash::default()) {
            return Err(of_page("the delta leaves records as they were", after, number));
        }
        let changes = engine.changes(id);
        same_records(engine, after, changes.added.into_iter())?;
        // What the engine has itself the reverse delta tells.
        let lent = |ordinal: &Ordinal| engine.own_record_bytes(id, *ordinal).is_none();
        same_records(engine, before, changes.removed.into_iter().filter(lent))?;
    }
    Ok(())
}

/// Whether two states hold the same, page by page.
pub(in crate::producer) fn same_pages(what: &str, expected: &ReadState, found: &ReadState) -> Result<(), CycleError> {
    for (expected, found) in both(expected, found)? {
        let pages = expected.differing_pages(found);
        let pages = pages.ok_or_else(|| differ(format!("{what}: another kind, type={}", found.name())))?;
        if let Some(page) = pages.iter().find(|page| page.before != page.after) {
            return Err(of_page(what, found, page.number));
        }
    }
    Ok(())
}

/// The types of two states that should have the same.
fn both<'s>(
    a: &'s ReadState,
    b: &'s ReadState,
) -> Result<impl Iterator<Item = (&'s TypeReadState, &'s TypeReadState)>, CycleError> {
    match a.dataset().schemas() == b.dataset().schemas() {
        true => Ok(a.types().zip(b.types())),
        false => Err(differ("a state read back has other schemas")),
    }
}

/// What the engine says of each page: the hashes of what it added there, without those of what it removed.
fn told(
    engine: &WriteStateEngine,
    id: TypeId,
    before: &TypeReadState,
    after: &TypeReadState,
) -> Result<BTreeMap<u32, ContentHash>, CycleError> {
    let changes = engine.changes(id);
    let mut pages = BTreeMap::<u32, ContentHash>::new();
    let hash = |ty: &TypeReadState, ordinal: Ordinal, what: &str| {
        let missing = || differ(format!("{what}, type={} ordinal={ordinal}", ty.name()));
        ty.record_hash(ordinal).ok_or_else(missing)
    };
    for ordinal in changes.added {
        let page = pages.entry(page_of(ordinal)).or_default();
        *page = page.plus(hash(after, ordinal, "the delta does not add a record")?);
    }
    for ordinal in changes.removed {
        let page = pages.entry(page_of(ordinal)).or_default();
        *page = page.minus(hash(before, ordinal, "a record was removed that was not there")?);
    }
    Ok(pages)
}

fn of_page(what: &str, ty: &TypeReadState, number: u32) -> CycleError {
    let first = number * PAGE_ORDINALS;
    let last = first + (PAGE_ORDINALS - 1);
    differ(format!("{what}, type={} ordinals={first}..={last}", ty.name()))
}
