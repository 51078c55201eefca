//! Runs recorded operations through the write engine, to compare its blobs with those of Java Hollow byte for byte.
//!
//! A script lists the cycles of one or several producers with every operation, and the ordinals that Java assigned.
//! The format is described with the golden vectors, in `fixtures/vectors.README.md`.

mod fields;
mod flat_record;
mod ops;
mod reconstruct;
mod run;
mod script;

pub use run::{Replay, replay};
pub use script::{Cycle, Op, Producer, Script, TypeEntry};

/// Why a script cannot be replayed, or a replay is not what was recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// Not a script.
    #[error("not a script")]
    Json(#[from] serde_json::Error),
    /// An operation of a kind or form that is not known.
    #[error("cannot read operation, {what}, operation={operation}")]
    Operation {
        /// What is wrong.
        what: String,
        /// The operation, as JSON.
        operation: String,
    },
    /// A schema of the script.
    #[error(transparent)]
    Schema(#[from] hollow::schema::SchemaError),
    /// The engine refused.
    #[error("the engine refuses, version={version:?} operation={operation}")]
    Write {
        /// The version being written.
        version: Option<i64>,
        /// The operation, or what else was done.
        operation: String,
        /// Its reason.
        source: Box<hollow::write::WriteError>,
    },
    /// A blob that was written cannot be read back.
    #[error("cannot read blob back, version={version}")]
    Read {
        /// The version.
        version: i64,
        /// The reason.
        source: Box<hollow::blob::DecodeError>,
    },
    /// A version, type or recorded file that the script needs and that is not there.
    #[error("{what} is missing, name={name}")]
    Missing {
        /// What.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Something turned out otherwise than recorded.
    #[error("{what} differs, version={version:?} at={at} expected={expected} found={found}")]
    Differs {
        /// What.
        what: &'static str,
        /// The version being written.
        version: Option<i64>,
        /// The operation or key.
        at: String,
        /// As recorded.
        expected: String,
        /// As it turned out.
        found: String,
    },
}
