//! Folds record updates from Kafka into a dataset: once per cadence it takes what the topic has, applies it to the state
//! before, publishes the result and announces it.
//!
//! ```text
//! source applications ──► topic ──► Source ──► Codec ──► Producer ──► blobs, announcement
//!     (Emitter)                        │          └─► dead letters
//!                                      └── offsets, as header tags of the same state
//! ```
//!
//! The invariant everything here serves: **the offsets in a state's header tags say exactly which messages are inside it.**
//! State and offsets are published as one thing, so a restart continues where the announced state ends, whatever happened
//! in between; upserts and deletes by primary key make it harmless to read a message twice.
//!
//! - [`message`]: what a Kafka message means;
//! - [`sweep`]: what sources send all over again, and what goes because it was not among it;
//! - [`source`]: where messages come from, in cuts that end at a known offset in each partition;
//! - [`announce`]: telling consumers over a topic that there is something new;
//! - [`client`]: which Kafka client settings may be given;
//! - [`dead_letter`]: what happens to messages that mean nothing;
//! - [`service`]: one dataset's loop on a thread of its own;
//! - [`control`]: what keeps bad data from being announced, and what a person can do about it;
//! - [`config`]: the configuration file;
//! - [`Figures`]: what its parts count by themselves;
//! - [`observe`]: the service seen from outside: health, status, metrics, the log;
//! - [`emit`]: the client that source applications write with;
//! - [`cli`]: the program's commands;
//! - [`mock`]: a Kafka cluster within the process, for tests and demonstrations.

pub mod announce;
#[allow(
    unreachable_patterns,
    reason = "the commands are written as those of any other program over this library"
)]
pub mod cli;
pub mod client;
pub mod config;
pub mod control;
#[cfg(feature = "crash-points")]
pub mod crash_points;
#[cfg(not(feature = "crash-points"))]
mod crash_points;
pub mod dead_letter;
pub mod emit;
mod figures;
pub mod message;
pub mod mock;
pub mod observe;
mod offsets;
pub mod service;
mod share;
pub mod source;
pub mod sweep;

// The commands speak of this crate as other programs do.
extern crate self as incremental_producer;

pub use figures::Figures;
pub use message::Codec;
pub use offsets::{Offsets, OffsetsError};
pub use share::Share;
