//! Tools over whole states: for people, for tests, for checking producers against each other.
//!
//! | to | see |
//! |---|---|
//! | look into a state | [`dump`], [`query`], [`references`], [`usage`] |
//! | compare states | [`checksum`] |
//! | write states down and read them again | [`text`] |
//! | write blobs of any state, or between any two of a chain | [`rewrite`] |
//! | make states of other states | [`filter`](mod@filter), [`split`](mod@split), [`combine`](mod@combine), [`compact`](mod@compact) |
//! | lead followers of one state to another that has nothing to do with it | [`patch`](mod@patch) |
//!
//! They work on states in memory and change none; where states come from and go to belongs to `store` and to the command
//! line program.

pub mod checksum;
pub mod combine;
pub mod compact;
pub mod dump;
mod error;
pub mod filter;
mod keys;
pub mod patch;
pub mod query;
pub mod references;
pub mod rewrite;
pub mod split;
pub mod text;
mod union;
pub mod usage;

pub use error::ToolError;
