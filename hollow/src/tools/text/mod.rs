//! Whole states as lines of JSON, out and in again.
//!
//! | form | line by line | for |
//! |---|---|---|
//! | [`lossless`] | every record of every type, with ordinals, buckets and bits | keeping, comparing and moving states |
//! | [`records`] | the records that no other type refers to, each with all it refers to | reading, editing, other programs |
//!
//! Both begin with a line that says what follows, schemas included. Both are read and written one line at a time.

pub mod lossless;
pub mod records;
mod schema;

pub use schema::{SchemaDoc, SchemaDocError};

use crate::record::json::JsonError;
use crate::schema::SchemaError;
use crate::write::WriteError;
use std::io::{self, BufRead};

/// The longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 64 << 20;

/// Why a text is no state, and where.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ImportError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: Box<ImportReason>,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportReason {
    /// It is not JSON, or not of the shape of its form.
    #[error("expected {expected}: {problem}")]
    Syntax {
        /// What the line should be.
        expected: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// It is a record, but not one of its schema.
    #[error("the record does not fit its schema: {0}")]
    Record(#[from] JsonError),
    /// The schemas do not fit together.
    #[error("the schemas do not fit together: {0}")]
    Schema(#[from] SchemaError),
    /// A schema that is none.
    #[error(transparent)]
    SchemaDoc(#[from] SchemaDocError),
    /// The schemas do not have the type.
    #[error("the schemas have no such type, type={0}")]
    UnknownType(String),
    /// A place that a record cannot have.
    #[error("{what}, type={type_name} ordinal={ordinal}")]
    Place {
        /// What is wrong with it.
        what: &'static str,
        /// The type.
        type_name: String,
        /// The ordinal.
        ordinal: u32,
    },
    /// Records are missing, or there are too many.
    #[error("another number of records than announced, type={type_name} expected={expected} found={found}")]
    Count {
        /// The type.
        type_name: String,
        /// The number in the first line.
        expected: u64,
        /// The number of records.
        found: u64,
    },
    /// A line longer than [`MAX_LINE_BYTES`].
    #[error("longer than {MAX_LINE_BYTES} bytes")]
    TooLong,
    /// The record cannot be written.
    #[error("the record cannot be added: {0}")]
    Write(#[from] WriteError),
    /// The state that came of it cannot be read back.
    #[error("the state cannot be read back: {0}")]
    Decode(#[from] crate::blob::DecodeError),
    /// The input cannot be read.
    #[error("the input cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl ImportReason {
    fn at(self, line: u64) -> ImportError {
        ImportError {
            line,
            reason: Box::new(self),
        }
    }

    fn syntax(expected: &'static str, problem: impl ToString) -> Self {
        ImportReason::Syntax {
            expected,
            problem: problem.to_string(),
        }
    }
}

/// Reads lines of bounded length and counts them.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    pub(crate) line: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            line: 0,
        }
    }

    /// The next line that is not empty; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, ImportError> {
        loop {
            self.line += 1;
            self.buffer.clear();
            let most = MAX_LINE_BYTES as u64 + 1;
            let read = io::Read::take(&mut self.input, most).read_until(b'\n', &mut self.buffer);
            let read = read.map_err(|error| ImportReason::from(error).at(self.line))?;
            if read > MAX_LINE_BYTES {
                return Err(ImportReason::TooLong.at(self.line));
            }
            if read == 0 {
                return Ok(None);
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        Ok(Some(self.buffer.trim_ascii()))
    }
}
