//! Integration tests, and the tools they share.

pub mod harness;
pub mod interop;
pub mod replay;
