//! What went wrong, as exit code and message with a hint.

use hollow::consumer::RefreshError;
use hollow::store::{LoadError, StoreError};
use hollow::tools::ToolError;
use hollow::write::WriteError;
use std::error::Error;
use std::io;
use std::process::ExitCode;

/// What a command that worked says by its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, found, in good order: 0.
    Yes,
    /// Done, and the answer is no: 1.
    No,
    /// Done, and what was looked at is damaged: 4.
    Damaged,
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        ExitCode::from(match answer {
            Answer::Yes => 0,
            Answer::No => 1,
            Answer::Damaged => 4,
        })
    }
}

/// Why a command has no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    error: Box<dyn Error>,
    hint: String,
}

/// The kinds of failures, by what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The arguments cannot be meant.
    Usage,
    /// The dataset, state, blob or record is not there.
    NotFound,
    /// The data is damaged, or not what it must be.
    Damaged,
    /// The store does not answer.
    Unavailable,
    /// Not allowed as things are.
    Refused,
    /// Standard output was closed: whoever read it has enough.
    Closed,
}

impl Failure {
    fn new(kind: Kind, error: impl Into<Box<dyn Error>>, hint: &str) -> Self {
        Self {
            kind,
            error: error.into(),
            hint: hint.to_owned(),
        }
    }

    /// The arguments cannot be meant.
    pub(crate) fn usage(error: impl Into<Box<dyn Error>>) -> Self {
        Self::new(Kind::Usage, error, "see hollow --help")
    }

    /// It is not there.
    pub(crate) fn not_found(error: impl Into<Box<dyn Error>>) -> Self {
        Self::new(Kind::NotFound, error, "hollow versions --store DIR lists what is there")
    }

    /// The data is damaged, or not what it must be.
    pub(crate) fn damaged(error: impl Into<Box<dyn Error>>) -> Self {
        let hint = "try another way with --route, or another version; hollow verify looks at everything";
        Self::new(Kind::Damaged, error, hint)
    }

    /// Something outside does not do what it should.
    pub(crate) fn unavailable(error: impl Into<Box<dyn Error>>) -> Self {
        Self::new(
            Kind::Unavailable,
            error,
            "check that the store can be reached, read and written",
        )
    }

    /// Not allowed as things are.
    pub(crate) fn refused(error: impl Into<Box<dyn Error>>, hint: &str) -> Self {
        Self::new(Kind::Refused, error, hint)
    }

    /// Standard output cannot be written to.
    pub(crate) fn output(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::BrokenPipe => Kind::Closed,
            _ => Kind::Unavailable,
        };
        Self::new(kind, error, "check where the output goes")
    }

    /// The same with another hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    fn code(&self) -> u8 {
        match self.kind {
            Kind::Closed => 0,
            Kind::Usage => 2,
            Kind::NotFound => 3,
            Kind::Damaged => 4,
            Kind::Unavailable => 5,
            Kind::Refused => 6,
        }
    }

    /// Tells standard error and gives the exit code.
    pub(crate) fn report(self, json: bool) -> ExitCode {
        if self.kind != Kind::Closed {
            tell(self.code(), &causes(self.error.as_ref()), &self.hint, json);
        }
        ExitCode::from(self.code())
    }
}

/// Tells standard error what went wrong.
pub(crate) fn tell(code: u8, message: &str, hint: &str, json: bool) {
    use std::io::Write;
    let text = match json {
        true => serde_json::json!({"error": {"code": code, "message": message, "hint": hint}}).to_string(),
        false => format!("error: {}\n  hint: {hint}", crate::output::printable(message)),
    };
    let _ = writeln!(io::stderr(), "{text}"); // there is nobody else to tell
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Absent { .. } => Failure::not_found(error),
            StoreError::Corrupt { .. } => Failure::damaged(error),
            StoreError::Invalid { .. } => Failure::usage(error),
            _ => Failure::unavailable(error),
        }
    }
}

impl From<RefreshError> for Failure {
    fn from(error: RefreshError) -> Self {
        let kind = match &error {
            RefreshError::Load {
                source: LoadError::Decode { .. },
                ..
            } => Failure::damaged,
            _ => match error.store_error() {
                Some(StoreError::Absent { .. }) => Failure::not_found,
                Some(StoreError::Corrupt { .. }) => Failure::damaged,
                _ => Failure::unavailable,
            },
        };
        kind(error)
    }
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        match &error {
            ToolError::Write(WriteError::Io(_)) => Failure::unavailable(error),
            ToolError::Disagreement { .. } => Failure::refused(
                error,
                "hollow schema shows the types of each state; hollow filter leaves some out",
            ),
            ToolError::Contradiction { .. } => {
                Failure::refused(error, "hollow patch makes deltas between states of different chains")
            }
            ToolError::DuplicateKey { .. } => Failure::refused(error, "--on-duplicate says which of them counts"),
            ToolError::NoKey { .. } => Failure::refused(error, "name other types, or give the record a key"),
            ToolError::LosesNan { .. } => Failure::refused(error, "leave the state as it is, or its NaN out"),
            ToolError::OrdinalLimit { .. } => Failure::refused(error, "hollow split divides a state"),
            ToolError::Setting { .. } => Failure::usage(error),
            _ => Failure::damaged(error),
        }
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
