//! Ordinary Rust structs and enums as the records of a dataset.

mod bind;
mod changes;
mod codegen;
mod collections;
mod enumeration;
mod error;
mod key;
mod memo;
mod model;
mod read;
mod record;
mod state;
mod values;
mod write;

pub use changes::{Change, changes, changes_of};
pub use codegen::{RustCode, to_rust};
pub use collections::{ListRef, MapRef, RecordMap, RecordSet, SetRef};
pub use error::{AddError, ModelError, ReadError, UnknownName};
pub use hollow_derive::Hollow;
pub use key::{KeyOf, KeyParts, NoKey, Own};
pub use model::Model;
pub use record::{Field, Keyed, Record};
pub use state::{Table, TypedState};
pub use values::{EpochMillis, Text};
pub use write::Mapper;
pub(crate) use write::Session;

// What derived code needs besides; not for other use, may change.
#[doc(hidden)]
pub use collections::{HasElements, MapLike, SetLike};
#[doc(hidden)]
pub use enumeration::Enumeration;
#[doc(hidden)]
pub use key::{FieldNamed, IsKey};
#[doc(hidden)]
pub use model::{FieldSpec, Holds, ModelBuilder, Naming, ObjectBuilder};
#[doc(hidden)]
pub use read::{At, Budget};
#[doc(hidden)]
pub use record::form;
#[doc(hidden)]
pub use write::{RecordBytes, Writer};

/// Calls of derived code; not for other use, may change.
#[doc(hidden)]
pub mod support;
