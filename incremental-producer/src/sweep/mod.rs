//! Sweeps: sources send everything they have, and what was not among it goes.

mod mark;
mod request;

pub use mark::{MOST_ID_BYTES, MarkError, MarkKind, SweepMark, SweepRange};
pub use request::{REQUEST_KEY, SweepRequest, control_topic};
