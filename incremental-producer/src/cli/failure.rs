//! What a command comes to: an exit code, and what to say.
//!
//! 0 done, yes · 1 done, and the answer is no · 2 usage · 3 not found · 4 data damaged · 5 store or network · 6 refused.

use crate::observe::escape::is_hidden;
use hollow::producer::CycleError;
use hollow::store::StoreError;
use incremental_producer::config::ConfigError;
use incremental_producer::source::SourceError;
use std::io::{self, Write};
use std::process::ExitCode;

/// What a command that worked says by its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Done, in good order: 0.
    Yes,
    /// Done, and the answer is no: 1.
    No,
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        ExitCode::from(match answer {
            Answer::Yes => 0,
            Answer::No => 1,
        })
    }
}

/// An error of these is known by what it means, whatever else is wrapped around it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Known {
    /// The arguments cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// It is not there.
    #[error("{0}")]
    NotFound(String),
    /// Not allowed as things are.
    #[error("{0}")]
    Refused(String),
    /// Whoever read the output has enough.
    #[error("standard output was closed")]
    Closed,
}

/// The exit code of an error.
fn code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if let Some(known) = cause.downcast_ref::<Known>() {
            return match known {
                Known::Closed => 0,
                Known::Usage(_) => 2,
                Known::NotFound(_) => 3,
                Known::Refused(_) => 6,
            };
        }
        let store = cause.downcast_ref::<StoreError>();
        if let Some(error) = store.or_else(|| Some(cause.downcast_ref::<Box<StoreError>>()?.as_ref())) {
            return match error {
                StoreError::Absent { .. } => 3,
                StoreError::Corrupt { .. } => 4,
                StoreError::Invalid { .. } => 2,
                StoreError::Conflict { .. } => 6,
                _ => 5,
            };
        }
        if cause.is::<ConfigError>() {
            return 2;
        }
        match cause.downcast_ref::<SourceError>() {
            Some(SourceError::Settings { .. }) => return 2,
            Some(_) => return 5,
            None => {}
        }
        if matches!(cause.downcast_ref::<CycleError>(), Some(CycleError::Fenced { .. })) {
            return 6;
        }
    }
    5
}

fn hint(code: u8) -> &'static str {
    match code {
        2 => "see incremental-producer --help",
        3 => "incremental-producer status --config FILE lists what there is",
        4 => "hollow verify --store DIR looks at everything",
        6 => "incremental-producer status --config FILE tells how things are",
        _ => "incremental-producer doctor --config FILE finds out what is not in order",
    }
}

/// Tells standard error what went wrong, and gives the exit code.
pub(super) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    let code = code(error);
    if code != 0 {
        let (message, hint) = (format!("{error:#}"), hint(code));
        let text = match json {
            true => serde_json::json!({"error": {"code": code, "message": message, "hint": hint}}).to_string(),
            false => format!("error: {}\n  hint: {hint}", printable(&message)),
        };
        let _ = writeln!(io::stderr(), "{text}"); // there is nobody else to tell
    }
    ExitCode::from(code)
}

/// Writes to standard output.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Known::Closed.into()),
        result => Ok(result?),
    }
}

/// Writes a JSON document in one line to standard output.
pub(super) fn print_json(value: &serde_json::Value) -> anyhow::Result<()> {
    print(&format!("{value}\n"))
}

/// Text from data, with everything that could steer a terminal made visible.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) && c != '\n' {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn errors_are_known_however_they_are_wrapped() {
        let absent = || StoreError::Absent { what: "x".into() };
        let wrapped = Err::<(), _>(absent()).context("cannot look").expect_err("an error");
        assert_eq!(code(&wrapped), 3);
        let boxed = incremental_producer::service::ServiceError::Store {
            dataset: "d".into(),
            store: "s".into(),
            source: Box::new(absent()),
        };
        assert_eq!(code(&boxed.into()), 3);
        assert_eq!(code(&ConfigError::NoDataset.into()), 2);
        assert_eq!(code(&Known::Refused("no".into()).into()), 6);
        assert_eq!(code(&CycleError::Fenced { theirs: 2, ours: 1 }.into()), 6);
        assert_eq!(code(&anyhow::anyhow!("anything")), 5);
    }

    #[test]
    fn nothing_in_data_steers_the_terminal() {
        assert_eq!(printable("\u{1b}[2J\u{202e}x"), "\\u{1b}[2J\\u{202e}x");
    }
}
