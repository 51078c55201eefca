//! What went wrong, as exit code and message with a hint.

use hollow::consumer::RefreshError;
use hollow::store::{LoadError, StoreError};
use std::error::Error;
use std::io;
use std::process::ExitCode;

/// Why a command has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The dataset, state or blob is not there.
    NotFound(Box<dyn Error>),
    /// The data is damaged.
    Damaged(Box<dyn Error>),
    /// The store does not answer or refuses.
    Unavailable(Box<dyn Error>),
    /// The arguments cannot be meant.
    Usage(Box<dyn Error>),
    /// Standard output cannot be written to.
    Output(io::Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Absent { .. } => Failure::NotFound(error.into()),
            StoreError::Corrupt { .. } => Failure::Damaged(error.into()),
            StoreError::Invalid { .. } => Failure::Usage(error.into()),
            _ => Failure::Unavailable(error.into()),
        }
    }
}

impl From<RefreshError> for Failure {
    fn from(error: RefreshError) -> Self {
        let kind = match &error {
            RefreshError::Load {
                source: LoadError::Decode { .. },
                ..
            } => Failure::Damaged,
            _ => match error.store_error() {
                Some(StoreError::Absent { .. }) => Failure::NotFound,
                Some(StoreError::Corrupt { .. }) => Failure::Damaged,
                _ => Failure::Unavailable,
            },
        };
        kind(error.into())
    }
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Failure::Usage(_) => 2,
            Failure::NotFound(_) => 3,
            Failure::Damaged(_) => 4,
            Failure::Unavailable(_) | Failure::Output(_) => 5,
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Failure::Usage(_) => "see hollow --help",
            Failure::NotFound(_) => "hollow versions --store DIR lists what is there",
            Failure::Damaged(_) => "try another way with --route, or another version",
            Failure::Unavailable(_) => "check that the store can be reached and read",
            Failure::Output(_) => "check where the output goes",
        }
    }

    /// Tells standard error and gives the exit code.
    pub(crate) fn report(self, json: bool) -> ExitCode {
        let error: &(dyn Error + 'static) = match &self {
            // Whoever read the output has enough of it.
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            Failure::Output(error) => error,
            Failure::NotFound(error)
            | Failure::Damaged(error)
            | Failure::Unavailable(error)
            | Failure::Usage(error) => error.as_ref(),
        };
        let message = causes(error);
        let (code, hint) = (self.code(), self.hint());
        if json {
            let error = serde_json::json!({"error": {"code": code, "message": message, "hint": hint}});
            eprintln!("{error}");
        } else {
            eprintln!("error: {}\n  hint: {hint}", crate::output::printable(&message));
        }
        ExitCode::from(code)
    }
}

/// An error with everything that caused it, in one line.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
