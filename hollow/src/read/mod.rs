//! Data states in memory: read from snapshots, carried forward by deltas, asked by ordinal.
//!
//! A [`ReadState`] is an immutable value. The records of each of its types lie in *pages* of [`PAGE_ORDINALS`]
//! consecutive ordinals. A delta leaves the pages alone: the records it brings go to a *log*, and *overlays* say which
//! ordinals of a page are elsewhere or gone. Pages are made anew when much of them lies elsewhere. All of it is shared
//! between states but for what changed:
//!
//! ```text
//!           pages    | page 0 | page 1 | page 2 |        log
//! state 1   overlays |        |        |        |
//! state 2   overlays |        | 3 gone |  (..)  |        | records of delta 1 |
//! state 3   overlays |  (..)  |  same  |  same  |        | records of delta 1 | records of delta 2 |
//! ```
//!
//! Readers hold a state (in an `Arc`, or a clone) and can never see a mixture of two. The wire's shards do not exist
//! here: pages go by global ordinals, and a change of the number of shards moves nothing.
//!
//! A snapshot can also be read where its file has it ([`ReadState::open_mapped`]): then ordinals without a page are read
//! from the mapped file, and deltas apply as ever. [`History`] holds the last states of a chain, [`Transition`] says what
//! changed between two, [`Column`] reads a field of all records, [`HashKeyLookup`] finds elements in sets and maps.
//!
//! Input is hostile: whatever the bytes are, reading them gives a state or a [`DecodeError`](crate::blob::DecodeError),
//! with memory in proportion to the bytes (`docs/hostile-bytes.md` has the bounds). A record that is not populated
//! cannot be reached; its bits go when its page is made anew. But for opening files there is no I/O here, and nothing
//! knows about versions' order, stores or indexes.

mod apply;
mod bits;
mod block;
mod collection_block;
mod collection_record;
mod column;
mod content;
mod derived;
mod differing;
mod hash_key;
mod history;
mod keyed;
mod kind;
mod load;
mod log;
mod mapped;
mod object_block;
mod options;
mod overlay;
mod pack;
mod page_hashes;
mod patched;
mod patched_collections;
mod reader;
mod rebuild;
mod reclaim;
mod records;
mod route;
mod rows;
mod slots;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod transition;
mod tree;
mod type_state;
mod unpack;
mod wire;

pub(crate) use collection_record::CollectionRecord;
pub use column::{Column, ColumnValue};
pub use content::ContentHash;
pub use derived::Derived;
pub use hash_key::HashKeyLookup;
pub use history::{HeldVersion, History};
pub use keyed::RecordChange;
pub(crate) use object_block::FieldKind;
pub use options::{Filter, LoadOptions};
pub(crate) use page_hashes::page_of;
pub use reader::{ColumnReader, TextReader};
pub use reclaim::{states_to_release, wait_for_release};
pub use records::Populated;
pub(crate) use route::{Part, Route, object};
pub(crate) use rows::{Rows, Values};
pub use slots::PAGE_ORDINALS;
pub(crate) use slots::{PAGE_BITS, SlotBits, iter_bits};
pub use state::{OpenError, ReadState};
pub use transition::{Transition, TypeChanges};
pub use tree::{MAX_DEPTH, MAX_VALUES};
pub use type_state::{ListTypeState, MapTypeState, ObjectTypeState, SetTypeState, TypeReadState};
