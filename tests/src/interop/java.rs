//! The Java program: one process, commanded line by line.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How long an answer may take. They take milliseconds; a machine that compiles at the same time may need more.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running JVM with Java Hollow. Ends when dropped.
#[derive(Debug)]
pub struct Jvm {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    answers: Receiver<String>,
}

impl Jvm {
    /// Starts `java -cp classpath main`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(java: &OsStr, classpath: &OsStr, main: &str) -> Result<Self> {
        let mut child = Command::new(java)
            .args(["-Xmx512m", "-XX:+UseSerialGC", "-ea", "-cp"])
            .arg(classpath)
            .arg(main)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("`{}` does not start", java.to_string_lossy()))?;
        let input = child.stdin.take().context("no standard input")?;
        let output = child.stdout.take().context("no standard output")?;
        let (sender, answers) = mpsc::channel();
        // Ends with the process, whose output it reads to the end.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            input: Some(BufWriter::new(input)),
            answers,
        })
    }

    /// Gives a command, whose answer [`Jvm::answer`] fetches later; commands that are not answered need no more.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn send(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("the JVM was stopped")?;
        input.write_all(line.as_bytes())?;
        input.write_all(b"\n").context("the JVM takes no more commands")
    }

    /// Sees to it that what was sent arrives.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn flush(&mut self) -> Result<()> {
        self.input
            .as_mut()
            .context("the JVM was stopped")?
            .flush()
            .context("the JVM takes no more commands")
    }

    /// The next answer.
    ///
    /// # Errors
    /// What Java says went wrong; when the process is gone or silent.
    pub fn answer(&mut self) -> Result<String> {
        self.flush()?;
        let line = match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(error) => bail!("the JVM does not answer: {error}, {:?}", self.child.try_wait()),
        };
        match line.strip_prefix("ok") {
            Some(rest) => Ok(rest.trim_start().to_owned()),
            None => bail!("java: {}", line.strip_prefix("err ").unwrap_or(&line)),
        }
    }

    /// Gives a command and waits for its answer.
    ///
    /// # Errors
    /// As [`Jvm::answer`].
    pub fn ask(&mut self, line: &str) -> Result<String> {
        self.send(line)?;
        self.answer()
    }
}

impl Drop for Jvm {
    fn drop(&mut self) {
        drop(self.input.take()); // end of input ends the program
        for _ in 0..100 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
