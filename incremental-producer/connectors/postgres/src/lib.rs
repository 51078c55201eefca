//! A source application for PostgreSQL: emits the changes of its tables, and sweeps of them, as messages that the
//! incremental producer folds into datasets.
//!
//! ```text
//! transaction ──► row ─────────────────────────► sweep: chunks by key ──┐
//!            └──► row in distribution.outbox ──► relay: batches by id ──┴──► Sink ──► topic
//! ```
//!
//! What holds:
//!
//! - **Nothing is lost.** A row leaves the outbox in a transaction that begins after Kafka has acknowledged its message. A
//!   crash between the two sends it again.
//! - **Twice is harmless.** What is sent again is sent from the oldest row on, in the same order, with the same source
//!   versions: the last message of each key is its newest.
//! - **Order per key.** See [`outbox`] for why the order is by id, and why everything visible is sent rather than what comes
//!   after the last id. One connector at a time relays a dataset, which an advisory lock sees to.
//! - **Versions settle the rest.** Every message carries a source version that only grows for its key. A message that comes
//!   late, from a connector that was taken for dead or from a sweep that read an older row, loses against a newer one.
//!
//! - [`config`]: the configuration file;
//! - [`database`]: connecting, locking;
//! - [`outbox`]: changes;
//! - [`sweep`]: everything, in chunks, without locking the table;
//! - [`record`]: from a row to a message, by schema;
//! - [`sink`]: where messages go;
//! - [`service`]: all of it, on threads, until told to stop.
//!
//! Left to others: what the messages do ([`incremental_producer`]), and the tables themselves.

pub mod config;
pub mod database;
pub mod outbox;
pub mod record;
pub mod service;
pub mod sink;
pub mod sweep;

/// What the connector needs in the database, as SQL. Safe to run again.
pub const INSTALL_SQL: &str = include_str!("../sql/install.sql");
