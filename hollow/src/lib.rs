//! A total, high-density near cache: whole datasets, bit-packed, in the memory of every process that needs them.
//!
//! A dataset travels as snapshots, deltas and reverse deltas in the blob format of Netflix Hollow, byte for byte, in both
//! directions. In memory a **data state** ([`read::ReadState`]) is an immutable value made of shared pages: a delta makes
//! new pages for the records it touches and shares all others, so a state is cheap to derive, cheap to keep, and never
//! changes under the reader who holds it.
//!
//! ```
//! use hollow::consumer::Consumer;
//! use hollow::index::UniqueKey;
//! use hollow::producer::{CycleOutcome, Producer};
//! use hollow::record::{KeyValue, json};
//! use hollow::schema::Dataset;
//! use hollow::store::Store;
//!
//! // What records look like. A reference to a type that merely names a value (`Genre`) is shared by all who name it.
//! let dataset = Dataset::parse(
//!     "Movie @PrimaryKey(id) { long id; string title; Genres genres; }
//!      Genres Set<Genre> @HashKey(name);
//!      Genre { string name; }",
//! )?;
//! let store = Store::memory(); // or Store::fs("some/directory")
//!
//! // A producer: records in, one checked, announced version out.
//! let mut producer = Producer::builder(dataset.clone(), store.clone()).name("movies").root("Movie").build()?;
//! producer.restore()?; // goes on from what is announced, if anything is
//! let sintel = json::parse(&dataset, "Movie", br#"{"id":1,"title":"Sintel","genres":["fantasy","short"]}"#)?;
//! let outcome = producer.run_incremental_cycle(|cycle| Ok(cycle.upsert("Movie", &sintel).map(drop)?))?;
//! assert!(matches!(outcome, CycleOutcome::Published { .. }));
//!
//! // A consumer: one `Arc` of one version, whatever is announced meanwhile.
//! let consumer = Consumer::builder(store).build()?;
//! consumer.refresh()?;
//! let state = consumer.state().expect("a version is announced");
//! let by_id = UniqueKey::build(&state, "Movie")?;
//! let ordinal = by_id.find(&state, &[KeyValue::Long(1)]).expect("Sintel was added");
//! let movies = state.object("Movie").expect("the dataset has this type");
//! let title = movies.schema().position("title").expect("the type has this field");
//! assert_eq!(movies.text(ordinal, title).expect("not null").to_str(), "Sintel");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
