//! Failures of commands with their exit codes.

use gatekeeper::inputs::InputError;
use gatekeeper::runner::replay::ReplayError;
use gatekeeper::runner::{PinError, RunnerError, error_chain};
use gatekeeper::service::{ServiceError, SettingsError};
use gatekeeper::view::ViewError;
use hollow::consumer::RefreshError;
use hollow::store::StoreError;
use std::fmt;
use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

/// Exit codes besides 0 and 1.
const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;
const INVALID: u8 = 4;
const STORE: u8 = 5;
const REFUSED: u8 = 6;

impl Failure {
    fn new(code: u8, error: &dyn std::error::Error) -> Self {
        Failure {
            code,
            message: error_chain(error),
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure {
            code: USAGE,
            message: message.into(),
        }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Failure {
            code: NOT_FOUND,
            message: message.into(),
        }
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gatekeeper: {}", self.message)
    }
}

fn store_code(error: &StoreError) -> u8 {
    match error {
        StoreError::Absent { .. } => NOT_FOUND,
        StoreError::Corrupt { .. } => INVALID,
        StoreError::Denied { .. } | StoreError::Conflict { .. } => REFUSED,
        _ => STORE,
    }
}

fn refresh_code(error: &RefreshError) -> u8 {
    error.store_error().map_or(INVALID, store_code)
}

fn pin_code(error: &PinError) -> u8 {
    match error {
        PinError::Open { source, .. } => store_code(source),
        PinError::Refresh { source, .. } => refresh_code(source),
        _ => INVALID,
    }
}

fn runner_code(error: &RunnerError) -> u8 {
    match error {
        RunnerError::Evaluate(_) | RunnerError::Tag { .. } => INVALID,
        RunnerError::Lead(source) => refresh_code(source),
        RunnerError::Pin { source, .. } => pin_code(source),
        RunnerError::Replaced => REFUSED,
        _ => STORE,
    }
}

macro_rules! failures {
    ($($error:ty => $code:expr;)*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                let code: fn(&$error) -> u8 = $code;
                Failure::new(code(&error), &error)
            }
        }
    )*};
}
failures! {
    StoreError => store_code;
    RefreshError => refresh_code;
    RunnerError => runner_code;
    ReplayError => |error| match error {
        ReplayError::Output { source, .. } => refresh_code(source),
        ReplayError::Runner(source) => runner_code(source),
        ReplayError::Policy { .. } => USAGE,
        _ => INVALID,
    };
    ViewError => |_| INVALID;
    InputError => |_| INVALID;
    SettingsError => |_| USAGE;
    ServiceError => |error| match error {
        ServiceError::Store { source, .. } => store_code(source),
        _ => STORE,
    };
    std::io::Error => |_| STORE;
    serde_json::Error => |_| INVALID;
}
