//! Removing what nothing reaches any more.
//!
//! Kept are, with all it takes to load them,
//!
//! - the announced version and those behind it, as many as [`Keep::versions`] says;
//! - versions that a pin in force holds consumers at, or that was in force within the grace time;
//! - versions that have a [tag](super::Tags);
//! - versions that a derived dataset was made from: its retained versions name them in header tags `in.<dataset>`;
//! - versions younger than the grace time.
//!
//! ```text
//! head ─ … ─ window ─ S │ ─ … no blobs, manifests only … ─ │ tagged ─ Δ ─ Δ ─ S │ ─ nothing
//! ```
//!
//! A version takes the nearest snapshot before it and the deltas in between. The way to it leads over the manifests of all
//! later versions, so these stay; blobs of versions in between that nothing reaches go. Routes over them fail, and readers
//! then take the one that begins at the snapshot ([`Chain`](super::route::Chain)).
//!
//! - Nothing depends on the order in which objects go: what is kept does not need them, whoever dies in between.
//! - Objects that no version names, left by attempts that failed, go when they are older than the grace time. Those of
//!   versions after the announced one stay, and so does a snapshot of a version that has none yet: the next version to be
//!   published may name it, however late that is.
//! - Head, pins and tags are read again before every few removals; if they are others, the plan is made anew.
//! - Time is only compared with times in the same store, and a clock that stands before the newest version removes nothing.

mod keep;
mod plan;

pub use keep::{Keep, Why};
pub use plan::{Collection, Garbage, Kept, plan};

use super::{Store, StoreError};
use std::time::SystemTime;

/// How many objects go between two looks at head, pins and tags.
const BATCH: usize = 50;

/// Why nothing is removed, or nothing more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GcError {
    /// A store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The clock cannot be right.
    #[error(
        "the clock of this machine is {behind_ms} ms behind the newest version; set it right before anything is removed"
    )]
    Clock {
        /// How far it is behind, in milliseconds.
        behind_ms: u64,
    },
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many objects.
    pub objects: usize,
    /// How many bytes, as far as the store tells.
    pub bytes: u64,
}

/// Removes the garbage of a collection, as long as `may_go_on` says so, which is asked before every few objects. What has
/// come into reach since stays. Doing it again, also after a crash half way, removes the rest.
///
/// # Errors
/// [`GcError`]; what was removed before stays removed, and was not needed.
pub fn remove(
    store: &Store,
    mut collection: Collection,
    keep: &Keep,
    now: impl Fn() -> SystemTime,
    mut may_go_on: impl FnMut() -> Result<bool, StoreError>,
) -> Result<Removed, GcError> {
    let mut removed = Removed::default();
    let mut garbage = std::mem::take(&mut collection.garbage);
    // Manifests first: a reader sees the end of the chain, and does not look for blobs that go.
    garbage.sort_by_key(|garbage| (!garbage.key.as_str().starts_with("manifests/"), garbage.key.clone()));
    while !garbage.is_empty() {
        if !may_go_on()? {
            break;
        }
        if !collection.basis.still_holds(store)? {
            let anew = plan(store, keep, now())?;
            garbage.retain(|old| anew.garbage.iter().any(|new| new.key == old.key));
            collection.basis = anew.basis;
        }
        let rest = garbage.split_off(garbage.len().min(BATCH));
        for object in std::mem::replace(&mut garbage, rest) {
            store.blobs().remove(&object.key)?;
            removed.objects += 1;
            removed.bytes += object.bytes.unwrap_or(0);
        }
    }
    Ok(removed)
}
