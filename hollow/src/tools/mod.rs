//! Tools over whole states: for people, for tests, for checking producers against each other.
//!
//! They look at states only; where states come from and go to belongs to `store` and to the command line program.

pub mod checksum;
pub mod dump;
pub mod query;
pub mod references;
pub mod text;
pub mod usage;
