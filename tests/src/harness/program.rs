//! A program under test: started with its output in files, killed at will, never left behind.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// What a program came to.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.status, self.stderr, self.stdout)
    }
}

impl Program {
    /// Starts a program; its output goes to `<name>.out` and `<name>.err` in `logs`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(command: &mut Command, logs: &Path, name: &str) -> Result<Self> {
        let stdout = logs.join(format!("{name}.out"));
        let stderr = logs.join(format!("{name}.err"));
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(&stdout)?)
            .stderr(File::create(&stderr)?)
            .spawn()
            .with_context(|| format!("{command:?} does not start"))?;
        Ok(Self { child, stdout, stderr })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// What the system says.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Makes sure that it still runs.
    ///
    /// # Errors
    /// When it has ended, with all it printed.
    pub fn must_run(&mut self) -> Result<()> {
        if !self.is_running()? {
            bail!("the program has ended: {}", self.finished()?);
        }
        Ok(())
    }

    /// Kills it with SIGKILL: nothing it holds in memory is written any more.
    ///
    /// # Errors
    /// When it has ended by itself before: then nothing was interrupted.
    pub fn kill(mut self) -> Result<()> {
        self.must_run()?;
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop with SIGTERM.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Lets it stand still (SIGSTOP): it does nothing and does not notice, as if its machine slept.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Wakes it (SIGCONT).
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn wake(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Whether it stands still.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn is_paused(&self) -> Result<bool> {
        // The state follows the name, which stands in brackets and may hold anything.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
        Ok(state == Some("T"))
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        // It is our child and was not waited for, so the id is nobody else's.
        kill_process(pid.context("no process id")?, signal).context("cannot send a signal")
    }

    /// What it has said on standard error so far.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn said(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(&self.stderr)?).into_owned())
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// When it does not within `patience`; it is killed then.
    pub fn wait(mut self, patience: Duration) -> Result<Finished> {
        let deadline = Instant::now() + patience;
        while self.is_running()? {
            if Instant::now() >= deadline {
                self.child.kill()?;
                let stderr = self.finished()?.stderr;
                bail!("it still ran after {} s:\n{stderr}", patience.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.finished()
    }

    fn finished(&mut self) -> Result<Finished> {
        let text = |path: &Path| std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Finished {
            status: self.child.wait()?,
            stdout: text(&self.stdout)?,
            stderr: text(&self.stderr)?,
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
