//! What cargo's test output comes to.

use std::fmt;

use crate::skip;

/// What a line begins with that is to be repeated at the end: a figure that a test came to.
pub const FIGURE: &str = "FIGURE: ";

/// Tests that passed, failed, or were skipped, over any number of test binaries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Ran and held.
    pub passed: u64,
    /// Ran and did not hold; a test binary that crashed counts as one.
    pub failed: u64,
    /// Ignored, or returned early for lack of a real component.
    pub skipped: u64,
    /// What the tests that returned early said, without the prefix.
    pub skip_lines: Vec<String>,
    /// The figures that tests came to, without the prefix.
    pub figures: Vec<String>,
    /// Test binaries that began and have not told their result.
    open: u64,
}

impl Summary {
    /// Takes one line of output into account. Lines that mean nothing here cost nothing.
    pub fn read_line(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(why) = line.strip_prefix(skip::PREFIX) {
            self.skip_lines.push(why.to_owned());
        } else if let Some(figure) = line.strip_prefix(FIGURE) {
            self.figures.push(figure.to_owned());
        } else if let Some(counts) = line.strip_prefix("test result: ") {
            self.open = self.open.saturating_sub(1);
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
            self.skipped += count(counts, "ignored");
        } else if is_start(line) {
            self.open += 1;
        }
    }

    /// To be called at the end of a cargo command's output, with how the command ended.
    ///
    /// libtest counts a test that returned early as passed: moved here. A test binary that crashed has no result line:
    /// each counts as a failure, and so does a command that fails without anything else to show for it.
    pub fn finish(&mut self, success: bool) {
        let early = u64::try_from(self.skip_lines.len())
            .unwrap_or(u64::MAX)
            .min(self.passed);
        self.passed -= early;
        self.skipped += early;
        if !success {
            self.failed = (self.failed + self.open).max(1);
        }
        self.open = 0;
    }

    /// Adds another finished summary to this one.
    pub fn add(&mut self, other: &Summary) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.skip_lines.extend_from_slice(&other.skip_lines);
        self.figures.extend_from_slice(&other.figures);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// True for `running 3 tests`, which a test binary prints first.
fn is_start(line: &str) -> bool {
    let number = line
        .strip_prefix("running ")
        .and_then(|rest| rest.strip_suffix(" tests").or(rest.strip_suffix(" test")));
    number.is_some_and(|number| number.parse::<u64>().is_ok())
}

/// The number before `word` in `ok. 3 passed; 0 failed; ..`; 0 when it is not there.
fn count(counts: &str, word: &str) -> u64 {
    counts
        .split(['.', ';'])
        .filter_map(|part| part.trim().split_once(' '))
        .find(|(_, name)| *name == word)
        .and_then(|(number, _)| number.parse().ok())
        .unwrap_or(0)
}
