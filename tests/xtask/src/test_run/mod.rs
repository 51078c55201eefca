//! `cargo xtask test`: every test of the workspace, in an order that shows failures early, summed up in one line.
//!
//! 1. everything is built, so that a compile error is not mistaken for a test that fails;
//! 2. unit and property tests (libraries and programs);
//! 3. integration tests, with a real Kafka where there is Java, and a real S3 server and PostgreSQL where there is pip: they
//!    are fetched before, not within a test;
//! 4. examples in the documentation.
//!
//! The summary is read from cargo's output as it passes through: see [`summary::Summary`].

pub mod summary;

#[cfg(test)]
mod tests;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context;

use crate::kafka::{Kafka, SWITCH};
use crate::postgres::{self, Postgres};
use crate::s3::{self, S3Server};
use crate::skip;
use crate::steps::{self, Steps};
use crate::workspace;
use summary::Summary;

/// Runs the tests. `filter`: only those whose name contains it. Returns what they came to.
///
/// # Errors
/// When something does not build, or a part that `CI=true` requires is missing. Tests that fail are no error here:
/// they are in the summary.
pub fn run(locked: bool, filter: Option<&str>) -> anyhow::Result<Summary> {
    let kafka = prepare("a real Kafka", Kafka::available)?;
    let s3 = prepare("a real S3 server", S3Server::available)?;
    let postgres = prepare("a real PostgreSQL", Postgres::available)?;
    let mut steps = Steps::default();
    let mut total = Summary::default();

    let built = steps.run("build the tests", || {
        steps::succeed(&mut test_command(locked, &["--no-run"]))
    });
    anyhow::ensure!(built, "the tests do not build");

    let mut parts: Vec<(&str, &[&str], &[&str])> = vec![("unit and property tests", &["--lib", "--bins"], &[])];
    if has_integration_tests()? {
        // Their output is shown even when they pass: a skip line printed with `println!` must come through.
        parts.push(("integration tests", &["--test", "*"], &["--show-output"]));
    }
    parts.push(("examples in the documentation", &["--doc"], &[]));
    for (name, targets, test_arguments) in parts {
        let mut part = Summary::default();
        let good = steps.run(name, || {
            let mut command = test_command(locked, targets);
            command
                .arg("--no-fail-fast")
                .env(SWITCH, &kafka)
                .env(s3::SWITCH, &s3)
                .env(postgres::SWITCH, &postgres)
                .arg("--")
                .args(test_arguments)
                .args(filter);
            part = pass_through(&mut command)?;
            anyhow::ensure!(part.failed == 0, "{} failed", part.failed);
            Ok(())
        });
        // Also what never came to a result, such as cargo not starting, must show in the sum.
        if !good {
            part.failed = part.failed.max(1);
        }
        total.add(&part);
    }
    print!("{}", steps.table());
    Ok(total)
}

/// The value of the switch of a real component for the tests: whether they may start it.
fn prepare(what: &str, available: impl FnOnce() -> Result<(), String>) -> anyhow::Result<String> {
    let start = Instant::now();
    match available() {
        Ok(()) => {
            eprintln!("==> {what}: ready, looked for in {}", steps::seconds(start.elapsed()));
            Ok("on".into())
        }
        Err(reason) if workspace::in_ci() => anyhow::bail!("with CI=true {what} must be there: {reason}"),
        Err(reason) => {
            eprintln!("==> tests with {what} are skipped: {reason}");
            Ok(format!("off: {}", reason.replace('\n', " ")))
        }
    }
}

fn test_command(locked: bool, arguments: &[&str]) -> Command {
    let mut command = workspace::cargo();
    command
        .args(["test", "--workspace"])
        .args(workspace::features())
        .args(locked.then_some("--locked"))
        .args(arguments);
    command
}

/// True when a package has tests beside its library. Cargo takes `--test '*'` for an error when there are none.
fn has_integration_tests() -> anyhow::Result<bool> {
    let metadata = crate::deps::metadata(&["--no-deps"])?;
    let targets = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|package| {
            package["targets"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|target| target["kind"].as_array().into_iter().flatten())
        });
    Ok(targets.into_iter().any(|kind| kind == "test"))
}

/// Runs a cargo test command, printing its output as it comes, and sums up what it says.
pub(crate) fn pass_through(command: &mut Command) -> anyhow::Result<Summary> {
    let shown = steps::shown(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{shown}` does not start"))?;
    let mut summary = Summary::default();
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut line = Vec::new();
        let mut out = std::io::stdout();
        while reader
            .read_until(b'\n', &mut line)
            .context("reading the tests' output")?
            > 0
        {
            // The tests go on when nobody reads our output any more.
            let _ = out.write_all(&line).and_then(|()| out.flush());
            summary.read_line(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    let status = child.wait().with_context(|| format!("waiting for `{shown}`"))?;
    if !status.success() {
        eprintln!("`{shown}`: {status}");
    }
    summary.finish(status.success());
    Ok(summary)
}

/// Prints the figures that tests came to, what was skipped, and the sum, which is the last line of a run. Returns whether the run went well: a run of
/// no tests did not.
pub fn report(summary: &Summary) -> bool {
    for figure in &summary.figures {
        println!("  {figure}");
    }
    for line in &summary.skip_lines {
        println!("{}{line}", skip::PREFIX);
    }
    println!("{summary}");
    if summary.passed + summary.failed + summary.skipped == 0 {
        eprintln!("no test ran");
        return false;
    }
    summary.failed == 0
}
