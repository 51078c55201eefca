//! Every decoder of `hollow` behind one function each that takes any bytes.
//!
//! A function says whether the bytes were taken for what they should be, or panics: then the decoder has a bug. Besides not panicking they hold
//! decoders to what must be true of anything that is taken (see [`walk`]), and text and header forms to coming back as
//! they were. The fuzz targets call these, and so do plain tests over the inputs in `seeds/`: `tests/hostile` includes
//! this file.

mod blobs;
mod messages;
mod walk;

pub use blobs::{delta, filtered_snapshot, header, part, snapshot};
pub use messages::{flat, json, manifest, schema_text, state_text};
pub use walk::{content, walk};

/// A decoder behind a function that takes anything.
pub type Target = fn(&[u8]) -> bool;

/// All of them, by the name of their fuzz target and of the folder of their inputs.
pub const TARGETS: &[(&str, Target)] = &[
    ("snapshot", snapshot),
    ("filtered_snapshot", filtered_snapshot),
    ("delta", delta),
    ("part", part),
    ("flat", flat),
    ("header", header),
    ("manifest", manifest),
    ("schema_text", schema_text),
    ("json", json),
    ("state_text", state_text),
];
