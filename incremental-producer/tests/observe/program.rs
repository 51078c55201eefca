//! The program as a child: its log line by line, its pages over a plain socket.

use incremental_producer::client::ClientSettings;
use incremental_producer::emit::Emitter;
use incremental_producer::mock::MockKafka;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Long enough for a busy machine: no test passes because of it.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    /// What was read of the log.
    pub(crate) log: Vec<String>,
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(config: &Path, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_incremental-producer"))
            .args(["run", "--log-format", "json", "--config"])
            .arg(config)
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n') {
                let line = String::from_utf8(line.expect("readable")).expect("text");
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut program = Self {
            child,
            lines,
            log: Vec::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let line = program.until_logged("listening");
        program.address = line["address"]
            .as_str()
            .expect("an address")
            .parse()
            .expect("an address");
        program
    }

    /// Waits for a line with this message.
    pub(crate) fn until_logged(&mut self, message: &str) -> serde_json::Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no {message:?}: {:#?}", self.log));
            self.log.push(line.clone());
            let line: serde_json::Value =
                serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
            if line["message"] == message {
                return line;
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end; the exit code. The rest of the log is read.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => break status,
                None if Instant::now() > deadline => panic!("it does not end: {:#?}", self.log),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        self.log.extend(self.lines.iter());
        status.code()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let bytes = self.send(request.as_bytes());
        Answer::parse(&bytes).unwrap_or_else(|| panic!("{path}: {:?}", String::from_utf8_lossy(&bytes)))
    }

    /// Sends bytes, and reads until the other side has had enough.
    pub(crate) fn send(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        let mut answer = Vec::new();
        // Both may fail: it may hang up in the middle.
        let _ = stream.write_all(bytes);
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    /// Asks until the answer is as wanted.
    pub(crate) fn until(&self, path: &str, done: impl Fn(&Answer) -> bool) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path);
            if done(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{path}: {answer:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        Some(Self {
            code: head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?,
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A configuration file of one dataset in a directory of its own.
pub(crate) struct Setting {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) config: PathBuf,
}

impl Setting {
    /// A dataset `titles` of records with an id and a name; `more` is added to its table.
    pub(crate) fn new(servers: &str, more: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let config = directory.path().join("producer.toml");
        let text = format!(
            r#"
            [observe]
            listen = "127.0.0.1:0"
            [[dataset]]
            name = "titles"
            root = "Title"
            cadence = "20ms"
            bootstrap_servers = "{servers}"
            schema = "Title @PrimaryKey(id) {{ long id; string name; }}"
            {more}
            "#
        );
        std::fs::write(&config, text).expect("a file");
        Self { directory, config }
    }
}

pub(crate) fn emitter(mock: &MockKafka) -> Emitter {
    Emitter::new(mock.bootstrap_servers(), &ClientSettings::default(), None, None).expect("a client")
}
