//! Fetching Java Hollow and compiling a program over it, once for all.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::workspace;

/// How long Maven or the compiler may take. Both need seconds; a repository that does not answer must not hang a run.
const PATIENCE: Duration = Duration::from_secs(300);

/// A Java program, ready to be started: that of `tests/interop` has the main class [`JavaProgram::MAIN`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaProgram {
    /// The `java` to start.
    pub java: OsString,
    /// Value of `-cp`.
    pub classpath: OsString,
}

impl JavaProgram {
    /// The main class.
    pub const MAIN: &'static str = "interop.Main";
}

/// Why the program is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// Something that must be installed is not.
    #[error("`{program}` does not start: {source}; install it with `apt-get install {package}`")]
    Missing {
        /// The program.
        program: String,
        /// The package of Debian that has it.
        package: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// Maven or the compiler failed.
    #[error("`{program}` failed, {outcome}\n{output}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        outcome: String,
        /// What it printed.
        output: String,
    },
    /// A file or folder.
    #[error("cannot {what}, path={path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PrepareError {
    let path = path.to_owned();
    move |source| PrepareError::Io { what, path, source }
}

/// Makes sure that the program of `tests/interop` is compiled in `target/interop`, with the jars it needs.
///
/// Costs reading the sources when it is. Two processes may call this at once: one works, the other waits.
///
/// # Errors
/// [`PrepareError`] when Java 17's compiler or Maven is missing or fails.
pub fn prepare() -> Result<JavaProgram, PrepareError> {
    prepare_project(&workspace::root().join("tests/interop"), "interop")
}

/// The same for another program over Java Hollow: a folder with `pom.xml` and `src/main/java`, and the name of the folder
/// in `target` for what is made of it.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_project(project: &Path, name: &str) -> Result<JavaProgram, PrepareError> {
    let home = workspace::target_dir().join(name);
    let (java, javac) = (tool("java"), tool("javac"));
    let program = JavaProgram {
        java,
        classpath: classpath(&home),
    };
    let sources = sources(&project.join("src/main/java"))?;
    let pom = project.join("pom.xml");
    let note = note(&pom, &sources)?;
    let note_file = home.join("sources");
    let ready = || fs::read(&note_file).is_ok_and(|found| found == note);
    if ready() {
        return Ok(program);
    }
    fs::create_dir_all(&home).map_err(io_error("create folder", &home))?;
    let lock_file = home.join("lock");
    let lock = fs::File::create(&lock_file).map_err(io_error("create", &lock_file))?;
    lock.lock().map_err(io_error("lock", &lock_file))?;
    if ready() {
        return Ok(program); // another process did it while we waited for the lock
    }
    for folder in ["lib", "classes"].map(|name| home.join(name)) {
        match fs::remove_dir_all(&folder) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("delete", &folder)(source));
            }
            _ => {}
        }
    }
    let mut copy_jars = Command::new("mvn");
    copy_jars
        .args(["--quiet", "--batch-mode", "-DincludeScope=runtime", "--file"])
        .arg(&pom)
        .arg(concat("-DoutputDirectory=", &home.join("lib")))
        .arg("dependency:copy-dependencies");
    run(copy_jars, &home, "maven")?;
    let mut compile = Command::new(javac);
    compile
        .args(["-encoding", "UTF-8", "--release", "17", "-cp"])
        .arg(home.join("lib/*"))
        .arg("-d")
        .arg(home.join("classes"))
        .args(&sources);
    run(compile, &home, "openjdk-17-jdk-headless")?;
    // Last: it says that all the rest is there.
    fs::write(&note_file, &note).map_err(io_error("write", &note_file))?;
    Ok(program)
}

fn concat(text: &str, path: &Path) -> OsString {
    let mut joined = OsString::from(text);
    joined.push(path);
    joined
}

fn classpath(home: &Path) -> OsString {
    let mut path = home.join("classes").into_os_string();
    path.push(if cfg!(windows) { ";" } else { ":" });
    path.push(home.join("lib/*"));
    path
}

/// A program of the JDK: that of `JAVA_HOME`, else the one on the path.
fn tool(name: &str) -> OsString {
    match std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty()) {
        Some(home) => PathBuf::from(home).join("bin").join(name).into_os_string(),
        None => name.into(),
    }
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>, PrepareError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(io_error("list", &folder))? {
            let path = entry.map_err(io_error("list", &folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "java") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// What the program is made from, one after the other.
fn note(pom: &Path, sources: &[PathBuf]) -> Result<Vec<u8>, PrepareError> {
    let mut note = Vec::new();
    for path in std::iter::once(pom).chain(sources.iter().map(PathBuf::as_path)) {
        note.extend_from_slice(&fs::read(path).map_err(io_error("read", path))?);
    }
    Ok(note)
}

/// Runs a program to its end, or to the end of our patience; its output goes to a file.
fn run(mut command: Command, home: &Path, package: &'static str) -> Result<(), PrepareError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let log_file = home.join("build.log");
    let log = fs::File::create(&log_file).map_err(io_error("create", &log_file))?;
    let errors = log.try_clone().map_err(io_error("open", &log_file))?;
    let started = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
    let mut child = started.map_err(|source| PrepareError::Missing {
        program: program.clone(),
        package,
        source,
    })?;
    let deadline = Instant::now() + PATIENCE;
    let outcome = loop {
        match child.try_wait().map_err(io_error("wait for a program", &log_file))? {
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
    let output = fs::read(&log_file).unwrap_or_default();
    let output = String::from_utf8_lossy(&output);
    let last: Vec<&str> = output.lines().rev().take(20).collect();
    Err(PrepareError::Failed {
        program,
        outcome,
        output: last.into_iter().rev().collect::<Vec<_>>().join("\n"),
    })
}
