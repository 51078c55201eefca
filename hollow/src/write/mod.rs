//! The write side: records of a cycle get ordinals, and states become blobs.
//!
//! [`WriteStateEngine`] is filled in a cycle and writes the state; its blobs are byte for byte those that Java Hollow
//! writes for the same operations. See `docs/format.md`, sections 5 and 10 to 12.
//!
//! ```text
//! Value -> tree -> adding -> record_form (bytes) -> type_state, assign: place_table, record_store (lent), free_ordinals
//!                                             |  counted in statistics -> layout (widths, shards)
//!                                             `-> emit (object, collection, hash_key) -> blob (header, parts)
//! ```
//!
//! What a cycle costs follows from the records that come and go: carrying over is a union of bit sets, widths come from
//! histograms, ordinals from a table that is never rebuilt but to grow. Only a snapshot looks at every record.
//!
//! One thread fills an engine, or several do (`parallel`): then ordinals of new records depend on who comes first.
//!
//! Tags, versions and the decision what to publish belong to the producer; nothing here reads a clock or does I/O other
//! than writing to the streams it is given.

mod adding;
mod assign;
mod blob;
mod compact;
mod config;
mod cycle;
mod emit;
mod engine;
mod error;
mod free_ordinals;
mod header_tags;
mod layout;
pub(crate) mod lent;
mod membership;
mod object_record;
mod ordinal_table;
mod parallel;
mod place;
mod place_table;
mod plan;
mod populated;
mod prepared;
pub(crate) mod record_form;
mod record_hash;
mod record_store;
pub(crate) mod restore;
mod restored;
mod statistics;
mod together;
mod tree;
mod type_state;

pub use blob::BlobPart;
pub use compact::CompactionConfig;
pub use config::WriteConfig;
pub use engine::{TypeId, WriteStateEngine};
pub use error::WriteError;
pub use membership::Changes;
pub use object_record::{FieldValue, ObjectRecord};
pub use parallel::{Adder, Adders};
pub use plan::SnapshotPlan;
pub(crate) use record_hash::RecordHasher;
pub(crate) use together::RecordList;
