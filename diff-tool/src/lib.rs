//! The differences between two states of a data set.
//!
//! [`diff`] compares two states: schemas and header tags first, then per type how many records are equal, modified or
//! only on one side, where the modified ones differ, and which of them changed in the same way. Records are matched by
//! primary key, those of types without one by everything they say. [`Details`] reads the records behind the figures
//! and [`compare`] lays two of them over each other. [`report`] makes text and JSON of all this; the program
//! `diff-tool` is a command line over it.
//!
//! What counts is what records say. Ordinals, and how records share others, are accidents of a state: two producers
//! that were told the same have the same data, and `diff` finds nothing.
//!
//! ```
//! use diff_tool::{Options, diff};
//! use hollow::read::ReadState;
//!
//! fn changed_records(before: &ReadState, after: &ReadState) -> usize {
//!     let options = Options { types: vec!["VideoLiveness".to_owned()], ..Options::default() };
//!     diff(before, after, &options).types.iter().map(|ty| ty.modified.len()).sum()
//! }
//! ```

pub mod cli;
mod details;
mod engine;
mod model;
mod pairing;
mod progress;
pub mod report;
pub mod schemas;
pub mod select;
mod shared;
pub mod show;
mod side;
mod side_name;
pub mod tags;
pub mod tree;

pub use details::{Details, KeyError};
pub use engine::{diff, diff_with};
pub use model::{Diff, FieldDiff, Group, MatchedBy, Modified, Options, TypeDiff};
pub use progress::Progress;
pub use side_name::SideName;
pub use tree::{Change, Edit, Node, changes, compare};
