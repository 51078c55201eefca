//! Tools over whole states: for people, for tests, for checking producers against each other.

pub mod checksum;
pub mod dump;
