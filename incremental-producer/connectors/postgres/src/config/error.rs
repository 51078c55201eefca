//! What can be wrong with a configuration. No text of it shows what may be a secret.

use hollow::record::KeyError;
use hollow::schema::SchemaError;
use incremental_producer::client::RefusedSetting;
use std::path::PathBuf;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {what}, file={}", path.display())]
    File {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no configuration. The line itself is not shown: it may hold a secret.
    #[error("the configuration does not make sense: {message}{}", line.map_or_else(String::new, |line| format!(", line={line}")))]
    Toml {
        /// What is wrong.
        message: String,
        /// Where.
        line: Option<usize>,
    },
    /// No dataset is configured.
    #[error("no dataset is configured; add a [[dataset]] table")]
    NoDataset,
    /// Two datasets share what they cannot.
    #[error("two datasets have the same {key}, value={value:?}")]
    Shared {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
    /// Something is wrong with one table of the file.
    #[error("[{table}]: {problem}")]
    Table {
        /// The table: `database`, `kafka`, or `dataset <name>`.
        table: String,
        /// What is wrong.
        problem: Problem,
    },
}

/// What is wrong with a table of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A value that cannot be.
    #[error("`{key}` must be {expected}, found={found:?}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A secret that stands in the file.
    #[error("{key:?} is a secret: give it as {{ env = \"VARIABLE\" }} or {{ file = \"PATH\" }}")]
    Plain {
        /// The key.
        key: String,
    },
    /// An environment variable that is not set.
    #[error("{key:?} is taken from the environment variable {variable}, which is not set")]
    Environment {
        /// The key.
        key: String,
        /// The variable.
        variable: String,
    },
    /// A file that cannot be read.
    #[error("{key:?} is taken from a file that cannot be read, file={}: {source}", path.display())]
    File {
        /// The key.
        key: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The schemas are wrong.
    #[error("the schema is wrong: {0}")]
    Schema(SchemaError),
    /// The root type has no usable key.
    #[error("the root type cannot be folded by key: {0}")]
    Root(KeyError),
    /// A client setting that cannot be given.
    #[error(transparent)]
    Client(#[from] RefusedSetting),
}

impl Problem {
    pub(super) fn value(key: &'static str, expected: &'static str, found: impl ToString) -> Self {
        let found = found.to_string();
        Self::Value { key, expected, found }
    }
}
