//! How a test says that it could not run for lack of a real component.
//!
//! libtest has no outcome "skipped" that a running test can choose: the test prints a line that starts with
//! [`PREFIX`] and returns. `cargo xtask test` counts those lines as skipped instead of passed.

use std::io::Write;

/// What a skip line starts with.
pub const PREFIX: &str = "SKIPPED: ";

/// Says that the test `what` is skipped because of `why`.
///
/// Writes to the process's standard output itself: `println!` from a test that passes is swallowed by libtest.
pub fn skip(what: &str, why: &str) {
    let why = why.replace('\n', " | ");
    // One write, starting a line of its own: with one test thread libtest has already printed `test name ... `.
    let line = format!("\n{PREFIX}{what}: {why}\n");
    let mut out = std::io::stdout().lock();
    // Nobody is left to tell when standard output is closed.
    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
}

/// Why a switch forbids a real component, if it does: its value is `off`, with an optional reason after a colon.
pub fn switched_off(switch: &str, value: Option<&str>) -> Option<String> {
    let rest = value?.trim().strip_prefix("off")?;
    Some(match rest.trim_start_matches(':').trim() {
        "" => format!("switched off by {switch}=off"),
        reason => reason.to_owned(),
    })
}

/// Whether a real component may be started and is here, or in one line why not. `fetch` fetches it if need be.
///
/// # Errors
/// The reason, for a person to read.
pub(crate) fn available<T, E: std::fmt::Display>(
    switch: &str,
    fetch: impl FnOnce() -> Result<T, E>,
) -> Result<(), String> {
    if let Some(reason) = switched_off(switch, std::env::var(switch).ok().as_deref()) {
        return Err(reason);
    }
    fetch()
        .map(drop)
        .map_err(|error| error.to_string().replace('\n', " | "))
}
