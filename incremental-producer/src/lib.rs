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
//! - [`source`]: where messages come from, in cuts that end at a known offset in each partition;
//! - [`announce`]: telling consumers over a topic that there is something new;
//! - [`client`]: which Kafka client settings may be given;
//! - [`dead_letter`]: what happens to messages that mean nothing;
//! - [`service`]: one dataset's loop on a thread of its own;
//! - [`config`]: the configuration file;
//! - [`emit`]: the client that source applications write with;
//! - [`mock`]: a Kafka cluster within the process, for tests and demonstrations.

pub mod announce;
pub mod client;
pub mod config;
pub mod dead_letter;
pub mod emit;
pub mod message;
pub mod mock;
mod offsets;
pub mod service;
pub mod source;

pub use message::Codec;
pub use offsets::{Offsets, OffsetsError};
