//! Finding records by their values.
//!
//! An index is part of a state: it is an immutable value like the state itself, made with it, and a delta makes the next
//! one of it at the cost of the changes, sharing everything else. So it never disagrees with the data next to it, there
//! is nothing to register or refresh, and an old state that is held can still be asked.
//!
//! | index | finds | memory | a delta costs, for each record changed |
//! |---|---|---|---|
//! | [`UniqueKey`] | the record with a key | 7 bytes a record | a microsecond or two: two pages of 1 KB |
//! | [`HashIndex`] | all records that lead to a value | 4 bytes for each pair of value and record, 20 for each value | its values, a page of some hundred values for each |
//! | [`SortedIndex`] | ranges, prefixes, the order | 12 bytes a record | a few microseconds: two blocks of 6 KB |
//!
//! (If a large part of the records changed, an index is made anew instead, which takes 30 to 100 ns a record. A unique key
//! is also copied, at some 4 ns a record, whenever three quarters of its pages were changed, or half by one delta.)
//!
//! Indexes are declared once, by [`IndexSpec`]: to a [`ConsumerBuilder`](crate::consumer::ConsumerBuilder::index), whose
//! states all have them then, or to a state.
//!
//! ```
//! use hollow::index::IndexSpec;
//! use hollow::read::ReadState;
//! use hollow::record::json;
//! use hollow::schema::Dataset;
//! use hollow::write::{WriteConfig, WriteStateEngine};
//!
//! let dataset = Dataset::parse(
//!     "Movie @PrimaryKey(id) { long id; string title; Cast cast; } Cast List<Person>; Person { long id; string name; }",
//! )?;
//! let mut engine = WriteStateEngine::new(WriteConfig::default());
//! for schema in dataset.schemas() {
//!     engine.add_type(schema.clone(), None)?;
//! }
//! let mut add = |engine: &mut WriteStateEngine, movie: &str| -> Result<(), Box<dyn std::error::Error>> {
//!     engine.add("Movie", &json::parse(&dataset, "Movie", movie.as_bytes())?)?;
//!     Ok(())
//! };
//! add(&mut engine, r#"{"id":1,"title":"Sintel","cast":[{"id":7,"name":"Halina"}]}"#)?;
//! engine.set_next_tag(1);
//! let mut snapshot = Vec::new();
//! engine.write_snapshot(&mut snapshot)?;
//!
//! // Declared once, when the snapshot is loaded.
//! let state = ReadState::from_snapshot(&snapshot)?.with_indexes(&[
//!     IndexSpec::primary_key("Movie"),
//!     IndexSpec::hash("Movie", &["cast.element.id"]).named("by person"),
//!     IndexSpec::sorted("Movie", "title").named("by title"),
//! ]);
//! let sintel = state.unique_key("Movie")?.find_long(1).expect("it is there");
//!
//! // The next state has its own.
//! engine.prepare_for_next_cycle(2);
//! engine.add_all_from_previous_cycle()?;
//! add(&mut engine, r#"{"id":2,"title":"Spring","cast":[{"id":7,"name":"Halina"}]}"#)?;
//! let mut delta = Vec::new();
//! engine.write_delta(&mut delta)?;
//! let next = state.apply_delta(&delta)?;
//! let spring = next.unique_key("Movie")?.find_long(2).expect("it came with the delta");
//! assert!(next.hash_index("by person")?.find_long(7).eq([sintel, spring]));
//! assert!(next.sorted_index("by title")?.prefix("Sp").eq([spring]));
//!
//! // The one before is as it was.
//! assert_eq!(state.unique_key("Movie")?.find_long(2), None);
//! assert_eq!(state.hash_index("by person")?.find_long(7).len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why changes of the type itself are enough
//!
//! A path can lead far away from a record, and still only records of the indexed type that a delta adds or removes are
//! looked at. A record never changes: where a referred-to record is another one now, it has another ordinal, so the
//! record that refers to it has another content and another ordinal too, and so on up to the indexed type. That holds
//! for every state that is whole, which those of a producer are: what a record refers to is in the state as long as the
//! record is. In a blob that breaks it (a record removed while another still refers to it) the index may still have that
//! other record by its old values, or not have it by its new ones. What a unique key finds is compared with the records
//! of the state each time, so it is never a record with another key.
//!
//! # Stored beside the snapshot
//!
//! [`ReadState::write_indexes`](crate::read::ReadState::write_indexes) writes the indexes of a state to a file, and
//! [`ReadState::with_indexes_from`](crate::read::ReadState::with_indexes_from) takes them from there if they are those
//! of the state; see [`IndexFile`].

mod file;
mod hash;
mod hash_index;
mod ordered;
mod paths;
mod set;
mod sorted_index;
mod spec;
mod table;
mod unique_key;
mod value_path;
mod values;
mod view;

pub use file::{IndexFile, IndexFileError, Restored};
pub use hash_index::{HashIndex, Matches};
pub use sorted_index::{InOrder, SortedIndex};
pub use spec::{IndexError, IndexSpec};
pub use unique_key::{DuplicateKey, UniqueKey};
pub(crate) use value_path::ValuePath;
pub use view::{HashView, KeyView, LongKeyReader, SortedView};
