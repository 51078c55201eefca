//! A total, high-density near cache: whole datasets, bit-packed, in the memory of every process that needs them.
//!
//! A dataset travels as snapshots, deltas and reverse deltas in the blob format of Netflix Hollow, byte for byte, in both
//! directions. In memory a **data state** ([`read::ReadState`]) is an immutable value made of shared pages: a delta makes
//! new pages for the records it touches and shares all others, so a state is cheap to derive, cheap to keep, and never
//! changes under the reader who holds it.
//!
//! ```
//! use hollow::consumer::Consumer;
//! use hollow::index::IndexSpec;
//! use hollow::producer::Producer;
//! use hollow::store::Store;
//! use hollow::typed::{Hollow, Model};
//!
//! // Records are ordinary structs. What they refer to (a text, a genre) is stored once, whoever refers to it.
//! #[derive(Hollow)]
//! #[hollow(primary_key(id))]
//! struct Movie {
//!     id: i64,
//!     title: String,
//!     genres: Vec<String>,
//! }
//! let model = Model::of::<Movie>()?;
//! let store = Store::memory(); // or Store::fs("some/directory")
//!
//! // A producer: changes in, one checked, announced version out, at the cost of the changes.
//! let mut producer = Producer::builder(model.dataset().clone(), store.clone()).name("movies").root("Movie").build()?;
//! producer.restore()?; // goes on from what is announced, if anything is
//! producer.run_incremental_cycle(|cycle| {
//!     let genres = vec!["fantasy".to_owned(), "short".to_owned()];
//!     Ok(cycle.upsert_record(&Movie { id: 1, title: "Sintel".to_owned(), genres }).map(drop)?)
//! })?;
//!
//! // A consumer: follows in the background, and has what it takes to answer.
//! let consumer = Consumer::builder(store)
//!     .index(IndexSpec::sorted("Movie", "title.value").named("by title")) // part of every state, carried forward by deltas
//!     .refresh_every(std::time::Duration::from_secs(5))
//!     .history(100) // old states cost what changed since
//!     .start()?; // returns with the first state in force
//!
//! // A reader: an `Arc` of one version per unit of work. Nothing ever changes under it, and it never waits.
//! let state = consumer.state().expect("a version is announced");
//! let typed = model.bind(&state)?; // names become positions: some microseconds
//! let movies = typed.table::<Movie>()?;
//! let sintel = movies.get(1).expect("it was added"); // by primary key; copies nothing
//! assert_eq!(sintel.title(), "Sintel");
//! assert_eq!(sintel.genres().iter().count(), 2);
//! let titles = state.sorted_index("by title")?;
//! assert_eq!(titles.prefix("Sin").count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Without structs everything goes by name and position, with the same power: [`schema::Dataset::parse`],
//! [`record::Value`] or [`record::json`], [`read::ReadState::object`]. What changed between two states is
//! [`typed`]'s `changes`, or a [`read::Transition`]; a start that reads the snapshot where it lies is
//! [`consumer::ConsumerBuilder::mapped`].
//!
//! # Where to look
//!
//! | to | see |
//! |---|---|
//! | describe records | [`schema`] |
//! | make states | [`producer`]; below it [`write`](mod@write) |
//! | follow states | [`consumer`]; below it [`read`] |
//! | find records | [`index`] |
//! | keep blobs, announce versions | [`store`] |
//! | take records as JSON | [`record`] |
//! | have structs as records, and read them by field | [`typed`] |
//! | compare, dump, check | [`tools`] |
//!
//! Every byte of the format is described in `docs/format.md` beside the sources.
//!
//! # Features
//!
//! - `cli` (on by default): the command line program `hollow`.
//! - `testing`: a clock set by hand, seeded randomness, a store that fails on demand, a plain model to compare with.

// Derived code says `::hollow`, also in this crate's own tests.
#[cfg(test)]
extern crate self as hollow;

pub mod blob;
pub mod consumer;
pub mod copy;
pub mod flat;
pub mod index;
pub mod memory;
mod ordinal;
pub mod prepared;
pub mod producer;
pub mod read;
pub mod record;
pub mod schema;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tools;
pub mod typed;
mod version;
pub mod write;

pub use ordinal::Ordinal;
pub use version::Version;
