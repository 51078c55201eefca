//! One side of a run: a process that does operations when told to.

use crate::data::Data;
use crate::measure::Sample;
use anyhow::Context as _;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process that answers a line with a line. It ends with this value.
#[derive(Debug)]
pub(crate) struct Side {
    name: &'static str,
    child: Child,
    /// None once it is told to end.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What a side answers to a repetition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Done(Sample),
    /// It cannot do this, and why.
    None(String),
}

impl Side {
    pub(crate) fn start(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} does not start"))?;
        let commands = child.stdin.take();
        let answers = child.stdout.take().context("its output is piped")?;
        Ok(Self {
            name,
            child,
            commands,
            answers: BufReader::new(answers),
        })
    }

    /// The answer to a command; an error if it says that it failed, or says nothing any more.
    pub(crate) fn ask(&mut self, words: &[&str]) -> anyhow::Result<String> {
        let name = self.name;
        let dead = || format!("{name} ended during `{}`", words.join(" "));
        let commands = self.commands.as_mut().with_context(dead)?;
        writeln!(commands, "{}", words.join("\t"))
            .and_then(|()| commands.flush())
            .with_context(dead)?;
        let mut line = String::new();
        anyhow::ensure!(self.answers.read_line(&mut line).with_context(dead)? > 0, dead());
        match line.trim_end().strip_prefix("failed ") {
            Some(why) => anyhow::bail!("{name} failed in `{}`: {why}", words.join(" ")),
            None => Ok(line.trim_end().to_owned()),
        }
    }

    /// Says what the repetitions to come are about.
    pub(crate) fn begin(&mut self, data: Data, n: u32, lookups: usize, directory: &Path) -> anyhow::Result<()> {
        let directory = directory.to_str().context("the folder's name is no text")?;
        let answer = self.ask(&[
            "begin",
            &data.to_string(),
            &n.to_string(),
            &lookups.to_string(),
            directory,
        ])?;
        anyhow::ensure!(answer == "ok", "{} answers: {answer}", self.name);
        Ok(())
    }

    /// Does a repetition.
    pub(crate) fn run(&mut self, row: &str, repetition: u32, param: u32) -> anyhow::Result<Answer> {
        let answer = self.ask(&["run", row, &repetition.to_string(), &param.to_string()])?;
        match answer.strip_prefix("none ") {
            Some(why) => Ok(Answer::None(why.to_owned())),
            None => {
                let sample = serde_json::from_str(&answer);
                Ok(Answer::Done(
                    sample.with_context(|| format!("{} answers: {answer}", self.name))?,
                ))
            }
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // It ends when there are no more commands, unless it hangs: nothing here may wait for ever.
        drop(self.commands.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
