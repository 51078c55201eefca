//! Errors with the code the program ends with.

use postgres_connector::config::ConfigError;
use postgres_connector::database::DatabaseError;
use postgres_connector::outbox::RelayError;
use postgres_connector::sweep::{RangeError, SweepError};

/// Why a command failed.
pub(super) struct Failure {
    pub(super) code: u8,
    pub(super) error: anyhow::Error,
}

/// The answer is no.
pub(super) const NO: u8 = 1;
/// The command or its configuration cannot be.
pub(super) const USAGE: u8 = 2;
/// What is named is not there.
pub(super) const NOT_FOUND: u8 = 3;
/// Data does not fit.
pub(super) const DATA: u8 = 4;
/// Database or network.
pub(super) const NETWORK: u8 = 5;

impl Failure {
    pub(super) fn new(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self {
            code,
            error: error.into(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(USAGE, anyhow::Error::new(error).context("cannot use the configuration"))
    }
}

impl From<RangeError> for Failure {
    fn from(error: RangeError) -> Self {
        Self::new(USAGE, error)
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::new(NETWORK, error)
    }
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Self {
        Self::new(NETWORK, error)
    }
}

impl From<RelayError> for Failure {
    fn from(error: RelayError) -> Self {
        let code = if matches!(error, RelayError::Halted { .. }) {
            DATA
        } else {
            NETWORK
        };
        Self::new(code, error)
    }
}
