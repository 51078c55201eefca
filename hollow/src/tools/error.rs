//! Why a tool has no result.

use crate::Ordinal;
use crate::blob::DecodeError;
use crate::copy::CopyError;
use crate::schema::SchemaError;
use crate::write::WriteError;

/// Why a tool has no result. The states given stay as they are, whatever happens.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// A record or a blob cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A record cannot be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// What was written does not read back: a mistake of this program.
    #[error("the result cannot be read back")]
    Decode(#[from] Box<DecodeError>),
    /// Schemas do not fit together.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A type that states have in common without agreeing on it.
    #[error("the states do not agree on a type, type={type_name}: {why}")]
    Disagreement {
        /// The type.
        type_name: String,
        /// In what.
        why: String,
    },
    /// An ordinal with another record before than after: no delta can lead from the one state to the other.
    #[error(
        "no delta leads there: another record has the ordinal before, type={type_name} ordinal={ordinal}; patch takes two steps"
    )]
    Contradiction {
        /// The type.
        type_name: String,
        /// The ordinal.
        ordinal: Ordinal,
    },
    /// Two records with one key, where keys must be unique.
    #[error("two records have one key, type={type_name} key={key}")]
    DuplicateKey {
        /// The type.
        type_name: String,
        /// The key, as JSON.
        key: String,
    },
    /// A record that has no key, where one is needed to tell what becomes of it.
    #[error("a part of the primary key is null, type={type_name} ordinal={ordinal}")]
    NoKey {
        /// The type.
        type_name: String,
        /// The record.
        ordinal: Ordinal,
    },
    /// Values would be lost that are not to be lost.
    #[error("moving records of this type would turn NaN into null, type={type_name}")]
    LosesNan {
        /// The type.
        type_name: String,
    },
    /// A type has as many ordinals as the format allows.
    #[error("no ordinal is left, the format allows 2^29 per type, type={type_name}")]
    OrdinalLimit {
        /// The type.
        type_name: String,
    },
    /// A setting that makes no sense.
    #[error("{what}: expected {expected}, found={found}")]
    Setting {
        /// The setting.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

impl From<DecodeError> for ToolError {
    fn from(error: DecodeError) -> Self {
        ToolError::Decode(Box::new(error))
    }
}
