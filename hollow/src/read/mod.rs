//! Data states in memory: read from snapshots, carried forward by deltas, asked by ordinal.
//!
//! A [`ReadState`] is an immutable value. The records of each of its types lie in *pages* of [`PAGE_ORDINALS`]
//! consecutive ordinals, each bit-packed on its own; applying a delta builds new pages for the ordinals it touches and
//! shares all others with the state before:
//!
//! ```text
//! state 1   type -> | page 0 | page 1 | page 2 |
//!                       ^                  ^
//! state 2   type -> |  (0)   | page 1'|   (2)  |
//! ```
//!
//! Readers hold a state (in an `Arc`, or a clone) and can never see a mixture of two. The wire's shards do not exist
//! here: pages go by global ordinals, and a change of the number of shards moves nothing.
//!
//! Input is hostile: whatever the bytes are, reading them gives a state or a [`DecodeError`](crate::blob::DecodeError),
//! with memory in proportion to the bytes (`docs/hostile-bytes.md` has the bounds). Every record that is not populated is gone at once. Nothing here does I/O,
//! and nothing knows about versions' order, stores or indexes.

mod apply;
mod bits;
mod block;
mod collection_block;
mod column;
mod content;
mod kind;
mod load;
mod log;
mod mapped;
mod object_block;
mod options;
mod overlay;
mod rebuild;
mod repack;
mod records;
mod slots;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod transition;
mod tree;
mod type_state;
mod wire;

pub use column::{Column, ColumnValue};
pub use content::ContentHash;
pub use options::{Filter, LoadOptions};
pub use records::Populated;
pub use slots::PAGE_ORDINALS;
pub use state::{OpenError, ReadState};
pub use transition::{Transition, TypeChanges};
pub use tree::{MAX_DEPTH, MAX_VALUES};
pub use type_state::{ListTypeState, MapTypeState, ObjectTypeState, SetTypeState, TypeReadState};
