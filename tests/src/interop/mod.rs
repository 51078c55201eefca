//! Java Hollow as the witness: chains of versions that it and this library extend in turns.
//!
//! ```text
//!              same random operations
//!    Java engine <---- script ----> our engine        blobs of both: the same bytes
//!         |                              |
//!         `---- whose turn it is --------' publishes
//!                      |
//!              one directory in Java's layout
//!                      |
//!    HollowConsumer <--+--> Consumer                   by deltas, and back by reverse deltas
//!    HollowBlobReader <-+--> ReadState                 snapshots, filtered, with some parts
//!                                                      content and checksums of both: the same
//! ```
//!
//! A seed decides everything about a chain: the model, what producers and readers do, who has the turn. After each turn
//! both producers are made anew and restored from the last version, whoever published it.
//!
//! What is compared at every version: the ordinals of all records and the bytes of all blobs; content, header tags and
//! checksums of the snapshot, of the state that the consumers reached by deltas, and of the reverse delta; that these
//! three are the same state; and that the records of root types are those that the operations asked for.
//!
//! Every fourth seed has the state tools at work on the finished chain, and Java read what they make of it.
//! Every tenth seed also runs the whole producers and consumers of both sides against one another.
//!
//! The Java side is our own program over the published artifact, in `tests/interop`.

mod blobs;
mod canonical;
mod chain;
mod cycle;
mod flat;
mod java;
mod limits;
mod model;
mod readers;
pub mod readme;
mod report;
mod rng;
mod run;
mod script;
mod state_tools;
mod traits;
mod values;
mod whole;
mod words;

pub use java::Jvm;
pub use report::{Publisher, Report};
pub use run::{Failure, ONCE_FAILED, Settings, run};
pub use traits::VERSIONS;
