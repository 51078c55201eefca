//! Sweeps: every row of a table as a message, in chunks, without locking the table.
//!
//! ```text
//! requested ──► running: begin marks, chunk, chunk, …, end marks ──► ended
//!                  └── problem that stays ──► failed
//! ```
//!
//! A chunk is one short read: the rows after the last key, in the order of the key. Writers are never waited for and never
//! wait. How far a sweep is stands in the database after each chunk: a sweep that was interrupted goes on there, under the
//! same id and without new begin marks. A chunk that is sent twice does no harm.
//!
//! # Why a row of a sweep never overwrites a newer change
//!
//! A row may be read, then changed, and the change sent before the row. Its source version decides: the row has the version
//! that the configured column had when it was read. Without such a column ids of the outbox are the versions, and all rows of
//! a sweep have one version: the last id handed out when the sweep began, and every transaction of that time has ended before
//! the first chunk is read. A row that is read then has every change up to that id in it, and each later change has a greater
//! one.
//!
//! # Rows that do not fit
//!
//! They are counted and reported, and **the sweep gets no end marks**: at the end of a sweep records that were not seen are
//! removed, and a row that cannot be sent is not gone.

pub mod control;
pub mod range;
pub mod requests;
mod run;
mod table;

pub use range::RangeError;
pub use requests::{Request, State, Sweep};
pub use run::{Outcome, SweepError, Sweeper};
