//! Integration tests, and the tools they share.

pub mod replay;
