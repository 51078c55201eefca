//! Ordinary Rust structs and enums as the records of a dataset: fast to write, read where they are.
//!
//! `#[derive(Hollow)]` gives a struct its schemas, its way into a producer, and an accessor that reads a record in a state
//! without taking it out: `Movie` gets a `MovieRef`, which is `Copy`, has a method for each field, and decodes nothing
//! before it is asked to.
//!
//! ```
//! use hollow::{consumer::Consumer, producer::Producer, store::Store};
//! use hollow::typed::{Hollow, Model};
//! use std::collections::{BTreeMap, HashSet};
//!
//! #[derive(Hollow, Debug, PartialEq)]
//! #[hollow(primary_key(id))]
//! struct Movie {
//!     id: i64,
//!     title: String,               // a record of its own, shared by all who have the same text
//!     #[hollow(inline)]
//!     tagline: Option<String>,     // in this record; may be null
//!     kind: Kind,
//!     genres: Vec<String>,
//!     #[hollow(hash_key(country))]
//!     windows: HashSet<Window>,    // found by country
//!     titles: BTreeMap<String, String>,
//! }
//!
//! #[derive(Hollow, Debug, PartialEq, Eq, Hash)]
//! struct Window { country: String, from_day: i32, to_day: Option<i32> }
//!
//! #[derive(Hollow, Debug, PartialEq, Eq)]
//! enum Kind { Feature, Short }
//!
//! // The model: the schemas, made once.
//! let model = Model::of::<Movie>()?;
//! let store = Store::memory();
//!
//! // A producer takes values.
//! let mut producer = Producer::builder(model.dataset().clone(), store.clone()).root("Movie").build()?;
//! producer.run_incremental_cycle(|cycle| {
//!     cycle.upsert_record(&Movie {
//!         id: 1,
//!         title: "The Salt Harbour".into(),
//!         tagline: None,
//!         kind: Kind::Short,
//!         genres: vec!["drama".into()],
//!         windows: [Window { country: "DE".into(), from_day: 20_000, to_day: None }].into(),
//!         titles: [("de".into(), "Der Salzhafen".into())].into(),
//!     })?;
//!     Ok(())
//! })?;
//!
//! // A consumer keeps what the model has, and binds the model to each state.
//! let consumer = Consumer::builder(store).filter(model.filter()).build()?;
//! consumer.refresh()?;
//! let state = model.bind(&consumer.state().expect("a version is announced"))?;
//! let movies = state.table::<Movie>()?;
//! let movie = movies.get(1).expect("it was added");
//! assert_eq!(movie.title(), "The Salt Harbour");
//! assert_eq!(movie.kind(), Ok(Kind::Short));
//! assert!(movie.windows().find("DE").is_some_and(|window| window.from_day() == 20_000));
//! assert_eq!(movie.titles().get("de").expect("there is one"), "Der Salzhafen");
//! for movie in movies.iter() {
//!     let owned: Movie = movie.to_owned()?; // the whole record, if it has to outlive the state
//!     assert_eq!(owned.genres, ["drama"]);
//! }
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! # What becomes of Rust types
//!
//! The schemas are those that Java Hollow's object mapper derives from the equivalent classes, so that producers in either
//! language can take turns.
//!
//! | Rust | in the schema | accessor |
//! |---|---|---|
//! | `i32`, `i64`, `bool`, `f32`, `f64` | `int`, `long`, `boolean`, `float`, `double` | the same |
//! | `i8`, `i16`, `u8`, `u16`; `u32` | `int`; `long` | `i32`; `i64` |
//! | `char` | `int` | `char` |
//! | [`EpochMillis`], `SystemTime` | `long`, in milliseconds | [`EpochMillis`] |
//! | `String`, `Box<str>`, `Arc<str>` | a reference to `String { string value; }` | [`Text`] |
//! | the same, `inline` | `string` | [`Text`] |
//! | `Vec<u8>`, `Box<[u8]>` | `bytes` | `&[u8]` |
//! | a number or time, `boxed`, or as an element | a reference to `Integer { int value; }`, `Long`, `Double`, `Date`, .. | as above |
//! | a derived struct | a reference to its type | its accessor |
//! | a derived enum | a reference to `Kind { string _name; }`; `inline`: `string` | `Result` of the enum |
//! | `Vec<T>` | `ListOfT List<T>` | [`ListRef`] |
//! | `HashSet`, `BTreeSet`, [`RecordSet`] | `SetOfT Set<T>` | [`SetRef`] |
//! | `HashMap`, `BTreeMap`, [`RecordMap`] | `MapOfKToV Map<K,V>` | [`MapRef`] |
//! | `Option<T>` | as `T`, and null | `Option` |
//! | `Box<T>`, `Arc<T>` | as `T` | as `T` |
//!
//! Types may refer to themselves through `Box`, `Arc` or a collection. The smallest `i32` and `i64` stand for null in the
//! format: to write them is an error that names the field. Elements, keys and values are never null. The types of fields
//! must be as visible as the struct.
//!
//! The attributes are listed at [`Hollow`](derive@Hollow).
//!
//! # Null and what is missing
//!
//! Accessors never fail: of a field without `Option` that is null in the data they give zero, no text, no elements, or an
//! accessor all of whose fields are null. Taking the whole record with `to_owned` is strict: it is an error that names the
//! field, unless the field is marked `default`.
//!
//! [`Model::bind`] compares the model with the schemas of a state once. A field that the data does not have must be an
//! `Option` or marked `default`; a type that may be missing is marked `optional`; everything else that does not fit is a
//! [`ModelError`] with type, field, expected and found. Only whether text or a number is in the record or in one of its
//! own does not matter for reading.
//!
//! # Accessors
//!
//! `MovieRef<'s>` borrows from the [`TypedState`], which holds the state: whatever is published meanwhile, it reads the
//! record as it was bound. Besides the fields it has
//! - `ordinal()`, the record's number in this state (`None` for the stand-in of a null),
//! - `is_null()`, whether it is such a stand-in,
//! - `to_owned()`, the whole record as a `Movie`.
//!
//! Sets and maps are asked by key: the one declared with `hash_key(..)`, or else the element's primary key or its single
//! field. An enum field gives `Result<Kind, UnknownName>`, for a newer producer may know more names; a variant
//! `#[hollow(other)] Other(String)` takes those instead.
//!
//! # Shared records
//!
//! Many records are part of others: one status is that of a thousand titles. A program that holds such records in an
//! [`Arc`](std::sync::Arc) need not do more: within a cycle, what an `Arc` points to is added once, and its ordinal is
//! remembered by its address for as long as the cycle is filled. The writer keeps a clone of the `Arc` meanwhile (of up to
//! 262,144 different ones), so the value cannot change or be replaced by another. An `Arc` that nobody else holds is not
//! remembered. The same goes for `Arc<str>`. Small records that are not shared this way are recognised by their bytes, the
//! last thousand or so of each type. Blobs do not show any of it.
//!
//! # Below and beside
//!
//! All this is built upon the dynamic library and can be mixed with it: ordinals lead from one to the other,
//! [`Cycle::add`](crate::producer::Cycle::add) takes a [`Value`](crate::record::Value) beside typed records,
//! [`TypedState::state`] is the state, and [`Mapper`] adds typed records to a bare engine. [`to_rust`], or
//! `hollow schema --rust`, makes the structs for a dataset that exists.

mod bind;
mod changes;
mod codegen;
mod collections;
mod enumeration;
mod error;
mod key;
mod mapper;
mod memo;
mod model;
mod read;
mod recent;
mod record;
mod state;
mod values;
mod waiting;
mod write;

pub use changes::{Change, changes, changes_of};
pub use codegen::{RustCode, to_rust};
pub use collections::{ListRef, MapRef, RecordMap, RecordSet, SetRef};
pub use error::{AddError, ModelError, ReadError, UnknownName};
pub use hollow_derive::Hollow;
pub use key::{KeyOf, KeyParts, NoKey, Own};
pub use mapper::Mapper;
pub use model::{Model, ModelBuilder, Naming};
pub use record::{Field, Keyed, Record};
pub use state::{Table, TypedState};
pub use values::{EpochMillis, Text};
pub(crate) use write::Session;

// What derived code needs besides; not for other use, may change.
#[doc(hidden)]
pub use collections::{HasElements, MapLike, SetLike};
#[doc(hidden)]
pub use enumeration::Enumeration;
#[doc(hidden)]
pub use key::{FieldNamed, IsKey};
#[doc(hidden)]
pub use model::{FieldSpec, Holds, ObjectBuilder};
#[doc(hidden)]
pub use read::{At, Budget};
#[doc(hidden)]
pub use record::form;
#[doc(hidden)]
pub use write::{RecordBytes, Writer};

/// Calls of derived code; not for other use, may change.
#[doc(hidden)]
pub mod support;
