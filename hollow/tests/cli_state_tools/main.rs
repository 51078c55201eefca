//! The commands that make states of other states, over the golden vectors.
//!
//! What must come out is taken from what Java Hollow said about the states that went in (`state-V.json`,
//! `checksum-V.txt`), changed by hand as the command should change it. Nothing is compared with what the program itself
//! printed, but for commands that must leave all records as they are.

#![cfg(feature = "cli")]

mod blobs;
mod filter;
mod refusals;
mod stores;
mod support;
