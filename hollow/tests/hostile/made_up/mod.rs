//! Blobs and texts built to cost much more time or memory than their size.
//!
//! `docs/hostile-bytes.md` says what holds; the figures there are those that these tests print and hold to.

mod build;
mod memory;
mod time;
