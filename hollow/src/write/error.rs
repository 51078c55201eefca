//! What can go wrong when a state is written.

use crate::Ordinal;
use crate::schema::{Kind, PathError, SchemaError};

/// Why a record cannot be added, an ordinal not be used, or a blob not be written.
///
/// An error while adding leaves the engine usable: the records added so far stay. An error while writing leaves an
/// incomplete stream behind, to be thrown away; [`reset`](super::WriteStateEngine::reset) gets back to where the cycle
/// began.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A type of this name is not registered.
    #[error("no such type, register it before use, type={0}")]
    UnknownType(String),
    /// The schemas do not go together.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A configured number of shards that is not a power of two.
    #[error("the number of shards must be a power of two up to 2^29, type={type_name} shards={found}")]
    ShardCount {
        /// The type.
        type_name: String,
        /// The number configured.
        found: u32,
    },
    /// The engine is writing: begin the next cycle first.
    #[error("cannot {what} while blobs are being written, prepare the next cycle first")]
    WrongPhase {
        /// What was tried.
        what: &'static str,
    },
    /// The state to be written has no tag yet.
    #[error("the state has no tag, set one before writing")]
    NoTag,
    /// A delta was asked for although there is no state before this one.
    #[error("there is no previous state to write a delta from")]
    NoPreviousState,
    /// A record of another kind than its type.
    #[error("type={type_name} is {expected}, the record is {found}")]
    WrongKind {
        /// The type.
        type_name: String,
        /// The type's kind.
        expected: Kind,
        /// The kind of the record.
        found: Kind,
    },
    /// A record that does not look as its schema says.
    #[error("record does not fit its schema, at={at} expected={expected} found={found}")]
    Mismatch {
        /// Path from the root record: `Movie.cast[2].name`.
        at: String,
        /// What the schema asks for.
        expected: String,
        /// What the record has.
        found: String,
    },
    /// Records nested deeper than can be added in one call.
    #[error("records are nested deeper than {limit} levels, at={at}")]
    TooDeep {
        /// Path from the root record.
        at: String,
        /// The limit.
        limit: usize,
    },
    /// A map with two values for one key.
    #[error("a map has two values for one key, type={type_name} key ordinal={key}")]
    DuplicateKey {
        /// The map type.
        type_name: String,
        /// The ordinal of the key record.
        key: Ordinal,
    },
    /// An ordinal that is not populated where it must be.
    #[error("ordinal is not part of the previous state, type={type_name} ordinal={ordinal}")]
    NotInPreviousState {
        /// The type.
        type_name: String,
        /// The ordinal.
        ordinal: Ordinal,
    },
    /// An ordinal that holds a record already.
    #[error("ordinal holds another record, type={type_name} ordinal={ordinal}")]
    OrdinalTaken {
        /// The type.
        type_name: String,
        /// The ordinal.
        ordinal: Ordinal,
    },
    /// A type has as many records as the format allows.
    #[error("no ordinal is left, the format allows 2^29 per type, type={type_name}")]
    OrdinalLimit {
        /// The type.
        type_name: String,
    },
    /// A record, collection, name or type that is larger than the format allows.
    #[error("{what} is larger than the format allows, type={type_name} size={size} limit={limit}")]
    SizeLimit {
        /// What is too large.
        what: &'static str,
        /// The type.
        type_name: String,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// A name or header tag too long for its 16-bit length.
    #[error("a name or header tag takes more than 65,535 bytes, starts={starts}")]
    NameTooLong {
        /// How it starts.
        starts: String,
    },
    /// A path of a hash key cannot be followed.
    #[error("hash key of type={type_name} cannot be used")]
    HashKeyPath {
        /// The set or map type.
        type_name: String,
        /// Why.
        source: PathError,
    },
    /// An element (a map: a key) that has no value where the hash key asks for one.
    #[error("hash key is null, type={type_name} path={path} element type={element_type} element ordinal={element}")]
    NullHashKey {
        /// The set or map type.
        type_name: String,
        /// The path of the key.
        path: String,
        /// The type of the element or key.
        element_type: String,
        /// The ordinal of the element or key.
        element: u32,
    },
    /// A collection refers to a record that is not there.
    #[error(
        "collection refers to a record that does not exist, type={type_name} element type={element_type} element ordinal={element}"
    )]
    DanglingReference {
        /// The set or map type.
        type_name: String,
        /// The type of the record referred to.
        element_type: String,
        /// The ordinal without a record.
        element: u32,
    },
    /// A restore into an engine that has been used, or that differs in what cannot be changed.
    #[error("cannot restore, {why}, type={type_name}")]
    CannotRestore {
        /// The type, empty if it concerns the engine.
        type_name: String,
        /// The reason.
        why: String,
    },
    /// A type that stands in two optional parts, or a part that stands twice.
    #[error("{what} is assigned to more than one optional part, name={name}")]
    PartTwice {
        /// "type" or "part".
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The stream could not be written.
    #[error("cannot write blob")]
    Io(#[from] std::io::Error),
}

impl From<crate::blob::TooLong<'_>> for WriteError {
    fn from(error: crate::blob::TooLong<'_>) -> Self {
        WriteError::NameTooLong {
            starts: error.0.chars().take(40).collect(),
        }
    }
}
