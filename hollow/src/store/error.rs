//! What can go wrong with a store, by what to do next.

use std::io;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a store did not do what was asked. The variant says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It is not there. Asking again will not help; another route or another version may.
    #[error("there is no {what}")]
    Absent {
        /// The object or version that was asked for.
        what: String,
    },
    /// The store refuses. Somebody has to change rights or credentials; do not retry.
    #[error("the store refuses access, object={what}; check the rights of this process")]
    Denied {
        /// The object.
        what: String,
        /// What the store said.
        #[source]
        cause: Cause,
    },
    /// The store does not answer, or not properly. Whether a write took effect is unknown. Retry, with pauses.
    #[error("the store is not available, object={what}; try again later")]
    Unavailable {
        /// The object.
        what: String,
        /// What happened.
        #[source]
        cause: Cause,
    },
    /// The store is asked more often than it allows. Whether a write took effect is unknown. Retry, with longer pauses.
    #[error("the store is asked too often, object={what}; ask less often, or have its limits raised")]
    Throttled {
        /// The object.
        what: String,
        /// What the store said.
        #[source]
        cause: Cause,
    },
    /// The bytes are not what they must be. Never use them; try another copy or another route.
    #[error("damaged object={what}: expected {expected}, found={found}")]
    Corrupt {
        /// The object.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// Somebody else was faster. Read again before doing anything.
    #[error("somebody else changed object={what} first")]
    Conflict {
        /// The object.
        what: String,
    },
    /// A name or setting that no store accepts: a mistake of the caller.
    #[error("{what}: expected {expected}, found={found:?}")]
    Invalid {
        /// The kind of name or setting.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

impl StoreError {
    /// Sorts an operating system's error by what to do next.
    pub fn io(what: impl Into<String>, error: io::Error) -> Self {
        let what = what.into();
        match error.kind() {
            io::ErrorKind::NotFound => StoreError::Absent { what },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::Denied {
                what,
                cause: error.into(),
            },
            _ => StoreError::Unavailable {
                what,
                cause: error.into(),
            },
        }
    }

    pub(crate) fn corrupt(what: impl ToString, expected: impl ToString, found: impl ToString) -> Self {
        StoreError::Corrupt {
            what: what.to_string(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    pub(crate) fn absent(what: impl ToString) -> Self {
        StoreError::Absent { what: what.to_string() }
    }

    /// Whether the same call may succeed a little later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Unavailable { .. } | StoreError::Throttled { .. })
    }
}
