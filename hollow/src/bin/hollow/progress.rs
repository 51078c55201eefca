//! How far a long command is, told on standard error.

use clap::ValueEnum;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// What to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressArg {
    /// A line that renews itself, if standard error is a terminal; nothing otherwise.
    #[default]
    Auto,
    /// A plain line every ten seconds.
    Plain,
    /// Nothing.
    None,
}

/// A command that finishes sooner tells nothing.
const PATIENCE: Duration = Duration::from_millis(500);
const REDRAW: Duration = Duration::from_millis(100);
const PLAIN: Duration = Duration::from_secs(10);

/// Tells how far a command is.
pub(crate) struct Progress {
    mode: ProgressArg,
    started: Instant,
    told: Option<Instant>,
}

impl Progress {
    pub(crate) fn new(mode: ProgressArg) -> Self {
        let mode = match mode {
            ProgressArg::Auto if !io::stderr().is_terminal() => ProgressArg::None,
            mode => mode,
        };
        Self {
            mode,
            started: Instant::now(),
            told: None,
        }
    }

    /// So much of the whole is done; `what` comes next.
    pub(crate) fn at(&mut self, done: usize, whole: usize, what: &str) {
        let since = self.told.unwrap_or(self.started).elapsed();
        let due = match (self.mode, self.told) {
            (ProgressArg::None, _) => false,
            (ProgressArg::Auto, None) => since >= PATIENCE,
            (ProgressArg::Auto, Some(_)) => since >= REDRAW,
            (ProgressArg::Plain, _) => since >= PLAIN,
        };
        if !due {
            return;
        }
        self.told = Some(Instant::now());
        let elapsed = self.started.elapsed().as_secs_f64();
        let rest = match done {
            0 => String::new(),
            _ => format!(
                ", {:.0} s to go",
                elapsed / done as f64 * (whole - done.min(whole)) as f64
            ),
        };
        let mut err = io::stderr().lock();
        // Nothing depends on whether anybody can see it.
        let _ = match self.mode {
            ProgressArg::Auto => write!(err, "\r\x1b[K{done} of {whole}: {what}{rest}"),
            _ => writeln!(err, "{done} of {whole}: {what}{rest}"),
        };
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.mode == ProgressArg::Auto && self.told.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
