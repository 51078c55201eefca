//! How far a comparison is, for people who wait.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Nothing is said before this: most comparisons are done by then.
const PATIENCE: Duration = Duration::from_millis(500);
const EVERY: Duration = Duration::from_millis(100);

/// A line on standard error that is written over again and again, if that is a terminal and the work takes a while.
pub struct Progress {
    shown: Option<Shown>,
    what: String,
    total: usize,
    done: usize,
}

struct Shown {
    since: Instant,
    next: Instant,
    dirty: bool,
}

impl Progress {
    /// Progress that nobody sees.
    pub fn silent() -> Self {
        Progress {
            shown: None,
            what: String::new(),
            total: 0,
            done: 0,
        }
    }

    /// Progress on standard error, if it is a terminal.
    pub fn on_terminal() -> Self {
        let since = Instant::now();
        let shown = io::stderr().is_terminal().then_some(Shown {
            since,
            next: since + PATIENCE,
            dirty: false,
        });
        Progress {
            shown,
            what: String::new(),
            total: 0,
            done: 0,
        }
    }

    /// A new piece of work of this size.
    pub(crate) fn start(&mut self, what: &str, total: usize) {
        self.what = crate::show::name(what);
        (self.total, self.done) = (total, 0);
    }

    /// Some of it is done.
    pub(crate) fn advance(&mut self, count: usize) {
        self.done += count;
        // The clock is asked now and then only.
        if !self.done.is_multiple_of(256) {
            return;
        }
        let Some(shown) = &mut self.shown else { return };
        let now = Instant::now();
        if now < shown.next {
            return;
        }
        shown.next = now + EVERY;
        shown.dirty = true;
        let seconds = shown.since.elapsed().as_secs();
        let _ = write!(
            io::stderr(),
            "\r\u{1b}[Kcomparing {}: {} of {} ({seconds} s)",
            self.what,
            self.done,
            self.total
        );
    }

    /// Takes the line away.
    pub fn finish(&mut self) {
        if let Some(Shown {
            dirty: dirty @ true, ..
        }) = &mut self.shown
        {
            *dirty = false;
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
