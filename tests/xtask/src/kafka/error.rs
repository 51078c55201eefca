//! What can go wrong with a broker, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a broker could not be fetched, started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KafkaError {
    /// No usable Java.
    #[error("Kafka needs Java 17 or newer: {reason}; install it with `apt-get install openjdk-17-jre-headless`")]
    Java {
        /// What was found instead.
        reason: String,
    },
    /// No Maven, and the jars are not there yet.
    #[error("Maven is needed once to fetch Kafka's jars: {reason}; install it with `apt-get install maven`")]
    Maven {
        /// What was found instead.
        reason: String,
    },
    /// Maven could not fetch the jars.
    #[error("Maven could not fetch Kafka's jars ({outcome}); is the artifact repository reachable?{tail}")]
    Fetch {
        /// How Maven ended.
        outcome: String,
        /// The end of what it printed.
        tail: LogTail,
    },
    /// A port that was asked for, or that this folder had before, is taken.
    #[error("another program listens on the port: stop it, or ask for any free port with --port 0; port={port}")]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// No free ports were found.
    #[error("no free ports found for the brokers; tried={tried}")]
    NoFreePort {
        /// How many were tried.
        tried: u32,
    },
    /// Only one or three brokers are supported.
    #[error("a cluster has 1 or 3 brokers; asked={brokers}")]
    BrokerCount {
        /// What was asked for.
        brokers: u16,
    },
    /// The cluster has no broker of that number.
    #[error("no such broker, they are counted from 1; broker={broker} brokers={brokers}")]
    NoSuchBroker {
        /// What was asked for.
        broker: u16,
        /// How many there are.
        brokers: u16,
    },
    /// Brokers of this folder run already.
    #[error("brokers of this folder run already, `cargo xtask kafka stop` ends them; bootstrap={bootstrap} dir={dir}")]
    AlreadyRunning {
        /// Where they listen.
        bootstrap: String,
        /// The folder.
        dir: PathBuf,
    },
    /// The folder holds something this program did not write, or for another number of brokers.
    #[error("{reason}; path={path}")]
    State {
        /// What is wrong, and what to do.
        reason: String,
        /// The file or folder.
        path: PathBuf,
    },
    /// Formatting the data folder failed.
    #[error("the data folder could not be formatted ({outcome}); path={path}{tail}")]
    Format {
        /// How the tool ended.
        outcome: String,
        /// The broker's folder.
        path: PathBuf,
        /// The end of what it printed.
        tail: LogTail,
    },
    /// A broker ended while it was waited for.
    #[error("a broker ended while starting ({outcome}); broker={broker} log={log}{tail}")]
    Ended {
        /// Which, counted from 1.
        broker: u16,
        /// How it ended.
        outcome: String,
        /// Its log.
        log: PathBuf,
        /// The end of the log.
        tail: LogTail,
    },
    /// A broker does not answer in time.
    #[error("a broker does not answer ({reason}); broker={broker} port={port} waited={waited:?} log={log}{tail}")]
    Silent {
        /// Which, counted from 1.
        broker: u16,
        /// Where it should listen.
        port: u16,
        /// What the last attempt said.
        reason: String,
        /// How long it was waited for.
        waited: Duration,
        /// Its log.
        log: PathBuf,
        /// The end of the log.
        tail: LogTail,
    },
    /// A broker survives its own killing.
    #[error("a broker could not be stopped; pid={pid}")]
    Unstoppable {
        /// Its process id.
        pid: u32,
    },
    /// A skip, where nothing may be skipped.
    #[error("with CI=true the real broker must be there: {reason}")]
    Required {
        /// Why it is not.
        reason: String,
    },
    /// A file or process operation failed.
    #[error("cannot {what}; path={path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl KafkaError {
    pub(super) fn io(what: &'static str, path: &Path, source: io::Error) -> KafkaError {
        KafkaError::Io {
            what,
            path: path.to_path_buf(),
            source,
        }
    }

    /// The message on one line, with the cause and without log lines.
    pub fn brief(&self) -> String {
        let mut text = self.to_string();
        if let Some(end) = text.find('\n') {
            text.truncate(end);
        }
        if let Some(source) = std::error::Error::source(self) {
            text.push_str(&format!(" cause={source}"));
        }
        text
    }

    /// True when the broker could not start because somebody else has the port.
    pub(super) fn is_taken_port(&self) -> bool {
        match self {
            KafkaError::PortTaken { .. } => true,
            KafkaError::Ended { tail, .. } => tail.mentions("Address already in use"),
            _ => false,
        }
    }
}

/// The last lines of a log, printed below the message that needs them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogTail(Vec<String>);

impl LogTail {
    const LINES: usize = 25;
    const LINE_CHARS: usize = 300;

    /// Keeps the end of `text`; very long lines are cut.
    pub fn of(text: &str) -> LogTail {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let first = lines.len().saturating_sub(LogTail::LINES);
        LogTail(
            lines
                .into_iter()
                .skip(first)
                .map(|line| line.chars().take(LogTail::LINE_CHARS).collect())
                .collect(),
        )
    }

    /// The end of a file; nothing when it cannot be read.
    pub(crate) fn of_file(path: &Path) -> LogTail {
        std::fs::read(path)
            .map(|bytes| LogTail::of(&String::from_utf8_lossy(&bytes)))
            .unwrap_or_default()
    }

    fn mentions(&self, text: &str) -> bool {
        self.0.iter().any(|line| line.contains(text))
    }
}

impl fmt::Display for LogTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.0 {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}
