//! Finding records by their values.
//!
//! An index is part of a state: it is an immutable value like the state itself, made with it, and a delta makes the next
//! one of it at the cost of the changes, sharing everything else. So it never disagrees with the data next to it, and
//! an old state that is held can still be asked.

mod file;
mod hash;
mod hash_index;
mod ordered;
mod paths;
mod route;
mod set;
mod sorted_index;
mod spec;
mod table;
mod unique_key;
mod view;

pub use file::{IndexFile, IndexFileError, Restored};
pub use hash_index::{HashIndex, Matches};
pub use sorted_index::{InOrder, SortedIndex};
pub use spec::{IndexError, IndexSpec};
pub use unique_key::{DuplicateKey, UniqueKey};
pub use view::{HashView, KeyView, SortedView};
