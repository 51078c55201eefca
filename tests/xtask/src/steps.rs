//! Running commands one after the other, with their times and a table at the end.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What has been run so far.
#[derive(Debug, Default)]
pub struct Steps {
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    failure: Option<String>,
}

impl Steps {
    /// Runs `work` as a step of that name; its error is printed and remembered. Returns whether it went well.
    pub fn run(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> bool {
        eprintln!("==> {name}");
        let start = Instant::now();
        let failure = work().err().map(|error| format!("{error:#}"));
        let took = start.elapsed();
        match &failure {
            Some(text) => eprintln!("==> {name}: FAILED after {}\n{text}", seconds(took)),
            None => eprintln!("==> {name}: done in {}", seconds(took)),
        }
        let good = failure.is_none();
        self.done.push(Step {
            name: name.to_owned(),
            took,
            failure,
        });
        good
    }

    /// True when every step so far went well.
    pub fn all_good(&self) -> bool {
        self.done.iter().all(|step| step.failure.is_none())
    }

    /// A line for each step: outcome, time, name.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for step in &self.done {
            let outcome = if step.failure.is_none() { "ok    " } else { "FAILED" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {outcome} {:>8}  {}", seconds(step.took), step.name);
        }
        text
    }
}

/// A time as people read it in a table: `0.4 s`, `83.0 s`.
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Runs a command to its end, its output going where ours goes.
///
/// # Errors
/// When it does not start or does not succeed; the message names the command.
pub fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let shown = shown(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| anyhow::anyhow!("`{shown}` does not start: {error}"))?;
    anyhow::ensure!(status.success(), "`{shown}` failed: {status}");
    Ok(())
}

/// The command as one would type it, without its folder.
pub fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut text = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_spoils_the_whole() {
        let mut steps = Steps::default();
        assert!(steps.run("first", || Ok(())));
        assert!(steps.all_good());
        assert!(!steps.run("second", || anyhow::bail!("no")));
        assert!(steps.run("third", || Ok(())));
        assert!(!steps.all_good());
        let table = steps.table();
        let outcomes: Vec<&str> = table
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(outcomes, ["ok", "FAILED", "ok"]);
    }

    #[test]
    fn a_command_that_fails_is_named() {
        let error = succeed(Command::new("false").arg("--really")).expect_err("false fails");
        assert!(error.to_string().starts_with("`false --really` failed"), "{error}");
        let error = succeed(&mut Command::new("no-such-program-here")).expect_err("it is not there");
        assert!(error.to_string().contains("does not start"), "{error}");
    }
}
