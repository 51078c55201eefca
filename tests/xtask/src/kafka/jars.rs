//! Fetching the jars, once for all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::error::LogTail;
use super::{KafkaError, home};
use crate::workspace;

/// How long Maven may take. 43 MB took 6 s; a repository that does not answer must not hang a test run.
const PATIENCE: Duration = Duration::from_secs(300);

/// The folder of the jars.
pub(super) fn dir() -> PathBuf {
    home().join("lib")
}

/// Makes sure that the jars of `tests/kafka/pom.xml` are in `target/kafka/lib`.
///
/// Costs two file reads when they are. Two processes may call this at once: one fetches, the other waits.
///
/// # Errors
/// When Maven is missing or fails, or the folder cannot be written.
pub fn fetch() -> Result<(), KafkaError> {
    let pom_file = workspace::root().join("tests/kafka/pom.xml");
    let pom = fs::read(&pom_file).map_err(|source| KafkaError::io("read", &pom_file, source))?;
    if fetched_for(&pom) {
        return Ok(());
    }
    let home = home();
    fs::create_dir_all(&home).map_err(|source| KafkaError::io("create folder", &home, source))?;
    let lock_file = home.join("lib.lock");
    let lock = fs::File::create(&lock_file).map_err(|source| KafkaError::io("create", &lock_file, source))?;
    lock.lock()
        .map_err(|source| KafkaError::io("lock", &lock_file, source))?;
    if fetched_for(&pom) {
        return Ok(()); // another process did it while we waited for the lock
    }
    let fresh = home.join("lib.new");
    remove_dir(&fresh)?;
    let tail = run_maven(&pom_file, &fresh)?;
    let is_there = fs::read_dir(&fresh)
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("kafka_"));
    if !is_there {
        return Err(KafkaError::Fetch {
            outcome: "it left no kafka jar".into(),
            tail,
        });
    }
    // The note that says which jars these are goes in last, the folder appears whole or not at all.
    let note = fresh.join("pom.xml");
    fs::write(&note, &pom).map_err(|source| KafkaError::io("write", &note, source))?;
    let lib = dir();
    remove_dir(&lib)?;
    fs::rename(&fresh, &lib).map_err(|source| KafkaError::io("rename", &fresh, source))
}

fn fetched_for(pom: &[u8]) -> bool {
    fs::read(dir().join("pom.xml")).is_ok_and(|note| note == pom)
}

fn remove_dir(path: &Path) -> Result<(), KafkaError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(KafkaError::io("delete", path, source)),
        _ => Ok(()),
    }
}

/// Copies the jars to `into`; returns what Maven said last.
fn run_maven(pom: &Path, into: &Path) -> Result<LogTail, KafkaError> {
    let log_file = home().join("maven.log");
    let log = fs::File::create(&log_file).map_err(|source| KafkaError::io("create", &log_file, source))?;
    let errors = log
        .try_clone()
        .map_err(|source| KafkaError::io("open", &log_file, source))?;
    let mut output_dir = std::ffi::OsString::from("-DoutputDirectory=");
    output_dir.push(into);
    let mut child = Command::new("mvn")
        .args(["--quiet", "--batch-mode", "-DincludeScope=runtime", "--file"])
        .arg(pom)
        .arg(output_dir)
        .arg("dependency:copy-dependencies")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(|error| KafkaError::Maven {
            reason: format!("`mvn` does not start: {error}"),
        })?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let ended = child
            .try_wait()
            .map_err(|source| KafkaError::io("wait for Maven", &log_file, source))?;
        match ended {
            Some(status) if status.success() => return Ok(LogTail::of_file(&log_file)),
            Some(status) => {
                return Err(KafkaError::Fetch {
                    outcome: status.to_string(),
                    tail: LogTail::of_file(&log_file),
                });
            }
            None if Instant::now() >= deadline => {
                let _ = child.kill();
                let _ = child.wait();
                let outcome = format!("it took longer than {} s", PATIENCE.as_secs());
                return Err(KafkaError::Fetch {
                    outcome,
                    tail: LogTail::of_file(&log_file),
                });
            }
            None => thread::sleep(Duration::from_millis(100)),
        }
    }
}
