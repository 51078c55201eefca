//! The write side: records of a cycle get ordinals, and states become blobs.

mod config;
mod engine;
mod error;
mod object_record;

pub use config::WriteConfig;
pub use engine::{BlobPart, TypeId, WriteStateEngine};
pub use error::WriteError;
pub use object_record::{FieldValue, ObjectRecord};
