//! One broker: its folder, its process, and waiting for it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::error::LogTail;
use super::layout::{Cluster, Layout};
use super::process::{self, POLL, Process, Watchdog, mark_of};
use super::{KafkaError, jars, java, probe};

/// How long a broker may take to shut down in order before it is killed. Usually 0.3 s; the last brokers of three
/// may wait for a quorum that is gone.
pub(super) const GRACE: Duration = Duration::from_secs(10);

const TEMPLATE: &str = include_str!("../../../kafka/broker.properties");
const LOGGING: &str = include_str!("../../../kafka/log4j2.properties");

/// Who ends the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// This process; a watchdog does it when this process is killed.
    ThisProcess,
    /// Somebody later, by the pid file.
    Nobody,
}

/// One broker of a cluster, running or not.
#[derive(Debug)]
pub(super) struct Node {
    /// Counted from 1, as Kafka's `node.id`.
    number: u16,
    port: u16,
    layout: Layout,
    process: Option<Process>,
    watchdog: Option<Watchdog>,
}

impl Node {
    /// Writes the broker's properties; starts nothing.
    pub(super) fn prepare(
        layout: &Layout,
        cluster: &Cluster,
        number: u16,
        extra: &[(String, String)],
    ) -> Result<Node, KafkaError> {
        let dir = layout.broker_dir(number);
        fs::create_dir_all(&dir).map_err(|source| KafkaError::io("create folder", &dir, source))?;
        let logging = dir.join("log4j2.properties");
        fs::write(&logging, LOGGING).map_err(|source| KafkaError::io("write", &logging, source))?;
        let file = layout.properties_file(number);
        let text = properties(layout, cluster, number, extra);
        fs::write(&file, text).map_err(|source| KafkaError::io("write", &file, source))?;
        let port = cluster
            .listeners
            .get(usize::from(number).saturating_sub(1))
            .map(|listener| listener.port)
            .ok_or(KafkaError::NoSuchBroker {
                broker: number,
                brokers: 0,
            })?;
        Ok(Node {
            number,
            port,
            layout: layout.clone(),
            process: None,
            watchdog: None,
        })
    }

    pub(super) fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::is_running)
    }

    /// Starts the broker's process and records its id; does not wait for it to answer.
    pub(super) fn spawn(&mut self, heap_mib: u32, owner: Owner) -> Result<(), KafkaError> {
        let dir = self.layout.broker_dir(self.number);
        let log_file = self.layout.log_file(self.number);
        // One log per run: its end must speak of this run. The one before is kept for comparison.
        match fs::rename(&log_file, dir.join("broker.log.1")) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(KafkaError::io("rename", &log_file, source));
            }
            _ => {}
        }
        let log = fs::File::create(&log_file).map_err(|source| KafkaError::io("create", &log_file, source))?;
        let errors = log
            .try_clone()
            .map_err(|source| KafkaError::io("open", &log_file, source))?;
        let program = java::find()?;
        let mark = mark_of(&dir);
        let child = Command::new(&program)
            // The client compiler and one collector thread: a test broker lives for seconds and shares its cores.
            .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms64m"])
            .arg(format!("-Xmx{heap_mib}m"))
            .arg("-Djava.awt.headless=true")
            .arg(joined("-Dlog4j2.configurationFile=", dir.join("log4j2.properties")))
            .arg(&mark)
            .arg("-cp")
            .arg(class_path())
            .arg("kafka.Kafka")
            .arg(self.layout.properties_file(self.number))
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            // An interrupt at the terminal is for the owner, which then stops the broker in order.
            .process_group(0)
            .spawn()
            .map_err(|source| KafkaError::io("start Java", Path::new(&program), source))?;
        let pid = child.id();
        self.process = Some(Process::started(child, &dir));
        let pid_file = self.layout.pid_file(self.number);
        fs::write(&pid_file, format!("{pid}\n")).map_err(|source| KafkaError::io("write", &pid_file, source))?;
        if owner == Owner::ThisProcess {
            self.watchdog = Some(Watchdog::start(pid)?);
        }
        Ok(())
    }

    /// Waits until the broker answers requests and lists at least `brokers` brokers.
    pub(super) fn wait_until_it_answers(&mut self, brokers: u16, deadline: Instant) -> Result<(), KafkaError> {
        let started = Instant::now();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let log = self.layout.log_file(self.number);
        loop {
            if let Some(outcome) = self.ended() {
                let tail = LogTail::of_file(&log);
                return Err(KafkaError::Ended {
                    broker: self.number,
                    outcome,
                    log,
                    tail,
                });
            }
            let reason = match probe::known_brokers(address) {
                Ok(known) if known >= usize::from(brokers) => return Ok(()),
                Ok(known) => format!("it knows {known} of {brokers} brokers"),
                Err(error) => error.to_string(),
            };
            if Instant::now() >= deadline {
                return Err(KafkaError::Silent {
                    broker: self.number,
                    port: self.port,
                    reason,
                    waited: started.elapsed(),
                    tail: LogTail::of_file(&log),
                    log,
                });
            }
            thread::sleep(POLL * 2);
        }
    }

    /// How the process ended, `None` while it runs.
    fn ended(&mut self) -> Option<String> {
        match self.process.as_mut() {
            None => Some("it was not started".into()),
            Some(process) => process.ended(),
        }
    }

    /// Ends the broker: asks it to shut down, and kills it when `grace` is over (at once when it is zero).
    pub(super) fn stop(&mut self, grace: Duration) -> Result<(), KafkaError> {
        stop_all(std::slice::from_mut(self), grace)
    }

    fn forget(&mut self) {
        self.process = None;
        self.watchdog = None;
        // A pid file that stays is harmless: the process it names is not a broker of this folder.
        let _ = fs::remove_file(self.layout.pid_file(self.number));
    }
}

/// Ends several brokers together; see [`process::stop_all`].
pub(super) fn stop_all(nodes: &mut [Node], grace: Duration) -> Result<(), KafkaError> {
    let mut processes: Vec<&mut Process> = nodes.iter_mut().filter_map(|node| node.process.as_mut()).collect();
    process::stop_all(&mut processes, grace)?;
    nodes.iter_mut().for_each(Node::forget);
    Ok(())
}

/// Formats the data folders that are not formatted yet, all at the same time (1.2 s each, alone).
pub(super) fn format_all(nodes: &[Node], cluster_id: &str, more: &[String]) -> Result<(), KafkaError> {
    let program = java::find()?;
    let mut formatting = Vec::new();
    for node in nodes {
        if node.layout.data_dir(node.number).join("meta.properties").exists() {
            continue;
        }
        let dir = node.layout.broker_dir(node.number);
        let child = Command::new(&program)
            .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp"])
            .arg(class_path())
            .args([
                "kafka.tools.StorageTool",
                "format",
                "--ignore-formatted",
                "--cluster-id",
                cluster_id,
                "--config",
            ])
            .arg(node.layout.properties_file(node.number))
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| KafkaError::io("start Java", Path::new(&program), source))?;
        formatting.push((dir, child));
    }
    // All are waited for, also when one fails: none is left behind.
    let results: Vec<Result<(), KafkaError>> = formatting
        .into_iter()
        .map(|(dir, child)| {
            let output = child
                .wait_with_output()
                .map_err(|source| KafkaError::io("wait for the format tool", &dir, source))?;
            if output.status.success() {
                return Ok(());
            }
            let text = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            Err(KafkaError::Format {
                outcome: output.status.to_string(),
                path: dir,
                tail: LogTail::of(&text),
            })
        })
        .collect();
    results.into_iter().collect()
}

/// The text of `broker.properties`.
pub(super) fn properties(layout: &Layout, cluster: &Cluster, number: u16, extra: &[(String, String)]) -> String {
    let brokers = cluster.listeners.len();
    let listener = cluster
        .listeners
        .get(usize::from(number).saturating_sub(1))
        .copied()
        .unwrap_or_default();
    let mut text = TEMPLATE
        .replace("{node}", &number.to_string())
        .replace("{port}", &listener.port.to_string())
        .replace("{controller_port}", &listener.controller_port.to_string())
        .replace("{voters}", &cluster.voters())
        .replace("{data}", &escape(&layout.data_dir(number).to_string_lossy()))
        .replace("{replicas}", if brokers >= 3 { "3" } else { "1" })
        .replace("{min_isr}", if brokers >= 3 { "2" } else { "1" });
    for (name, value) in extra {
        text.push_str(&format!("{name}={}\n", escape(value)));
    }
    text
}

/// A value as Java's properties format wants it: its backslashes and line ends escaped.
fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn class_path() -> PathBuf {
    jars::dir().join("*")
}

fn joined(prefix: &str, rest: impl AsRef<OsStr>) -> OsString {
    let mut joined = OsString::from(prefix);
    joined.push(rest);
    joined
}
