//! A real Apache Kafka, from its published jars, for tests and for trying things by hand.
//!
//! ```no_run
//! use xtask::kafka::{Kafka, StartOptions};
//!
//! let kafka = Kafka::start(StartOptions::default())?;      // a fresh single broker, gone when dropped
//! let servers = kafka.bootstrap();                         // "127.0.0.1:23817"
//! # Ok::<(), xtask::kafka::KafkaError>(())
//! ```
//!
//! # What it needs
//!
//! * Java 17 or newer: brokers of Kafka 4 refuse older ones. No ZooKeeper.
//! * Maven, once, for `tests/kafka/pom.xml`: 46 jars, 43 MB, into `target/kafka/lib`. `kafka_2.13` brings the server
//!   and also log4j-api and log4j-core; only `log4j-slf4j-impl` is missing in its POM, and without it the broker logs
//!   nothing. The console tools (`kafka-topics` and the like) are not in these jars and not needed.
//! * A formatted data folder: `kafka.tools.StorageTool format`, once per broker. With `controller.quorum.voters` in
//!   the properties it needs only the cluster id; any 16 bytes in URL-safe base64 do.
//! * `-Dlog4j2.configurationFile`: the default configuration prints errors only.
//!
//! # On disk
//!
//! ```text
//! target/kafka/lib/            the jars, with the pom.xml they were fetched for
//! <dir>/cluster.properties     cluster id and the ports of each broker
//! <dir>/broker-1/              broker.properties  broker.log  pid  data/
//! ```
//!
//! # Invariants
//!
//! * Only processes of this cluster are ever signalled: the command line of a recorded process id must name the
//!   broker's own folder, so a stale pid file harms nobody.
//! * Data outlives the processes; only [`wipe`] and a throwaway cluster's end delete it.
//! * A broker started by [`Kafka`] ends with its owner, also when the owner is killed: a small shell watches a pipe.
//!
//! Left to others: creating topics (Kafka's own admin protocol does that).

mod error;
mod jars;
mod java;
mod layout;
mod node;
pub(crate) mod ports;
mod probe;
pub(crate) mod process;
mod secured;
mod standing;

#[cfg(test)]
mod tests;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub use error::{KafkaError, LogTail};
pub use jars::fetch;
pub use secured::User;
pub use standing::{BrokerStatus, status, stop, wipe};

use crate::{skip, workspace};
use layout::{Cluster, Layout};
use node::Node;
use secured::Secured;

/// The variable that tells tests whether to start a real broker: unset or `on`, or `off` with an optional reason
/// after a colon (`off: no Java`). `cargo xtask test` sets it.
pub const SWITCH: &str = "REAL_KAFKA";

/// How to start a cluster.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// How many brokers: 1 or 3. With 3, topics have three replicas, and two must be in sync.
    pub brokers: u16,
    /// Port of the first broker, the others follow. 0: the ports this folder had before, else any free ones.
    pub port: u16,
    /// Where the data lives, to be found again by the next start. `None`: a folder of its own, deleted at the end.
    pub dir: Option<PathBuf>,
    /// Broker settings in addition to, or instead of, those of `tests/kafka/broker.properties`.
    pub properties: Vec<(String, String)>,
    /// A user for whom a single broker has a second listener, with TLS and passwords (PLAIN and SCRAM-SHA-512).
    pub secured_for: Option<User>,
    /// Most heap per broker, in MiB.
    pub heap_mib: u32,
    /// How long the brokers together may take until they answer.
    pub patience: Duration,
}

impl Default for StartOptions {
    fn default() -> StartOptions {
        StartOptions {
            brokers: 1,
            port: 0,
            dir: None,
            properties: Vec::new(),
            secured_for: None,
            heap_mib: 384,
            // 3 to 8 s is usual. A machine that compiles at the same time may need much more.
            patience: Duration::from_secs(120),
        }
    }
}

/// A running cluster that ends with this value.
///
/// Dropped, a cluster with a folder given is shut down in order and keeps its data; a throwaway one is killed and
/// deleted.
#[derive(Debug)]
pub struct Kafka {
    layout: Layout,
    cluster: Cluster,
    nodes: Vec<Node>,
    bootstrap: String,
    secured: Option<Secured>,
    throwaway: bool,
    options: StartOptions,
}

impl Kafka {
    /// Starts the brokers and returns when each answers requests and knows all the others.
    ///
    /// Fetches the jars if they are not there yet. Takes some 4 s for a fresh broker, 3 s for one with data.
    ///
    /// # Errors
    /// When something needed is missing, a port is taken, the folder is in use, or a broker ends or does not answer
    /// in time; the message then carries the end of its log.
    pub fn start(options: StartOptions) -> Result<Kafka, KafkaError> {
        Kafka::launch(options, node::Owner::ThisProcess)
    }

    /// Starts the brokers so that they outlive this process, and returns their bootstrap addresses.
    /// [`stop`] ends them.
    ///
    /// # Errors
    /// As [`Kafka::start`].
    pub fn start_detached(options: StartOptions) -> Result<String, KafkaError> {
        let mut kafka = Kafka::launch(options, node::Owner::Nobody)?;
        kafka.nodes.clear(); // nothing left for Drop to stop
        kafka.throwaway = false;
        Ok(kafka.bootstrap.clone())
    }

    /// Whether a real broker can be started here, or in one line why not and what to do.
    ///
    /// Fetches the jars if needed, so the first call may take a while; the answer is kept for the process.
    ///
    /// # Errors
    /// The reason, for a person to read.
    pub fn available() -> Result<(), String> {
        static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
        ANSWER
            .get_or_init(|| {
                if let Some(reason) = switched_off(env::var(SWITCH).ok().as_deref()) {
                    return Err(reason);
                }
                java::find().and_then(|_| fetch()).map_err(|error| error.brief())
            })
            .clone()
    }

    /// Starts a cluster for the test `what`, or says why not: prints a skip line and returns `None`.
    ///
    /// ```no_run
    /// # use xtask::kafka::{Kafka, StartOptions};
    /// # fn test() -> Result<(), Box<dyn std::error::Error>> {
    /// let Some(kafka) = Kafka::start_or_skip("offsets survive a restart", StartOptions::default())? else {
    ///     return Ok(());
    /// };
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Kafka::start`]; with `CI=true` also where it would skip.
    pub fn start_or_skip(what: &str, options: StartOptions) -> Result<Option<Kafka>, KafkaError> {
        match Kafka::available() {
            Ok(()) => Kafka::start(options).map(Some),
            Err(reason) if workspace::in_ci() => Err(KafkaError::Required { reason }),
            Err(reason) => {
                skip::skip(what, &reason);
                Ok(None)
            }
        }
    }

    /// The addresses for `bootstrap.servers`.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The address of the secured listener, and the file of the authority whose certificates it shows; see
    /// [`StartOptions::secured_for`].
    pub fn secured(&self) -> Option<(String, PathBuf)> {
        let secured = self.secured.as_ref()?;
        Some((secured.bootstrap(), secured.authority()))
    }

    /// The cluster id that the brokers report.
    pub fn cluster_id(&self) -> &str {
        &self.cluster.id
    }

    /// The folder with everything the brokers keep.
    pub fn dir(&self) -> &Path {
        &self.layout.dir
    }

    /// The log of one broker, counted from 1.
    pub fn log_file(&self, broker: u16) -> PathBuf {
        self.layout.log_file(broker)
    }

    /// Shuts one broker down in order, counted from 1. Its data and ports stay for [`Kafka::start_broker`].
    ///
    /// # Errors
    /// When there is no such broker, or it cannot be stopped.
    pub fn stop_broker(&mut self, broker: u16) -> Result<(), KafkaError> {
        self.node(broker)?.stop(node::GRACE)
    }

    /// Kills one broker, counted from 1, as a crash would: nothing is flushed by it.
    ///
    /// # Errors
    /// When there is no such broker, or it cannot be stopped.
    pub fn kill_broker(&mut self, broker: u16) -> Result<(), KafkaError> {
        self.node(broker)?.stop(Duration::ZERO)
    }

    /// Starts a broker that was stopped or killed, on the same port with the same data.
    ///
    /// Returns when it answers requests; its partitions may still be electing leaders. A broker without a quorum (two
    /// of three stopped) cannot answer: start the others with [`Kafka::start_brokers`].
    ///
    /// # Errors
    /// As [`Kafka::start`].
    pub fn start_broker(&mut self, broker: u16) -> Result<(), KafkaError> {
        self.start_brokers(&[broker])
    }

    /// Starts several stopped brokers at once; see [`Kafka::start_broker`].
    ///
    /// # Errors
    /// As [`Kafka::start`].
    pub fn start_brokers(&mut self, brokers: &[u16]) -> Result<(), KafkaError> {
        let deadline = Instant::now() + self.options.patience;
        for &broker in brokers {
            let heap_mib = self.options.heap_mib;
            let node = self.node(broker)?;
            if !node.is_running() {
                node.spawn(heap_mib, node::Owner::ThisProcess)?;
            }
        }
        for &broker in brokers {
            self.node(broker)?.wait_until_it_answers(1, deadline)?;
        }
        Ok(())
    }

    /// Stops all brokers and starts them again, on the same ports with the same data.
    ///
    /// # Errors
    /// As [`Kafka::start`].
    pub fn restart(&mut self) -> Result<(), KafkaError> {
        node::stop_all(&mut self.nodes, node::GRACE)?;
        let all: Vec<u16> = (1..=self.options.brokers).collect();
        self.start_brokers(&all)
    }

    fn node(&mut self, broker: u16) -> Result<&mut Node, KafkaError> {
        let brokers = self.options.brokers;
        usize::from(broker)
            .checked_sub(1)
            .and_then(|index| self.nodes.get_mut(index))
            .ok_or(KafkaError::NoSuchBroker { broker, brokers })
    }

    fn launch(options: StartOptions, owner: node::Owner) -> Result<Kafka, KafkaError> {
        if options.brokers != 1 && options.brokers != 3 {
            return Err(KafkaError::BrokerCount {
                brokers: options.brokers,
            });
        }
        java::find()?;
        fetch()?;
        let throwaway = options.dir.is_none();
        let dir = match &options.dir {
            Some(dir) => dir.clone(),
            None => throwaway_dir()?,
        };
        let layout = Layout::create(&dir)?;
        standing::refuse_if_running(&layout)?;
        // A free port can be taken by somebody else before the broker binds it: then others are picked.
        let mut attempt = 1;
        loop {
            let cluster = Cluster::open(&layout, options.brokers, options.port)?;
            match Kafka::launch_on(&layout, cluster, &options, owner, throwaway) {
                Err(error) if error.is_taken_port() && options.port == 0 && attempt < 3 => {
                    layout.forget_ports()?;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    fn launch_on(
        layout: &Layout,
        cluster: Cluster,
        options: &StartOptions,
        owner: node::Owner,
        throwaway: bool,
    ) -> Result<Kafka, KafkaError> {
        let deadline = Instant::now() + options.patience;
        let secured = options.secured_for.as_ref();
        let secured = secured
            .map(|user| Secured::prepare(layout, &cluster, user))
            .transpose()?;
        let mut properties = options.properties.clone();
        properties.extend(secured.iter().flat_map(|secured| secured.properties.clone()));
        let nodes = (1..=options.brokers)
            .map(|broker| Node::prepare(layout, &cluster, broker, &properties))
            .collect::<Result<Vec<_>, _>>()?;
        let bootstrap = cluster.bootstrap();
        // From here on Drop cleans up whatever was started.
        let mut kafka = Kafka {
            layout: layout.clone(),
            cluster,
            nodes,
            bootstrap,
            secured,
            throwaway,
            options: options.clone(),
        };
        let started = kafka.start_nodes(owner, deadline);
        if started.is_err() {
            // Half a cluster serves nobody; the error already carries the log.
            let _ = node::stop_all(&mut kafka.nodes, Duration::ZERO);
        }
        started.map(|()| kafka)
    }

    fn start_nodes(&mut self, owner: node::Owner, deadline: Instant) -> Result<(), KafkaError> {
        let more = self.secured.as_ref().map_or(&[][..], |secured| &secured.format);
        node::format_all(&self.nodes, &self.cluster.id, more)?;
        for node in &mut self.nodes {
            node.spawn(self.options.heap_mib, owner)?;
        }
        for node in &mut self.nodes {
            node.wait_until_it_answers(self.options.brokers, deadline)?;
        }
        Ok(())
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        let grace = if self.throwaway { Duration::ZERO } else { node::GRACE };
        if let Err(error) = node::stop_all(&mut self.nodes, grace) {
            eprintln!("a Kafka broker could not be stopped: {error}");
        }
        if self.throwaway {
            // A left-over folder is removed by the next throwaway cluster.
            let _ = fs::remove_dir_all(&self.layout.dir);
        }
    }
}

/// The folder of the cluster called `name`, for the command line.
pub fn named_dir(name: &str) -> PathBuf {
    home().join(name)
}

/// Where jars and data go.
fn home() -> PathBuf {
    workspace::target_dir().join("kafka")
}

/// Why [`SWITCH`] forbids a real broker, if it does.
fn switched_off(value: Option<&str>) -> Option<String> {
    skip::switched_off(SWITCH, value)
}

/// A new folder under `run/`, named after this process; those of processes that are gone are deleted.
fn throwaway_dir() -> Result<PathBuf, KafkaError> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let run = home().join("run");
    fs::create_dir_all(&run).map_err(|source| KafkaError::io("create folder", &run, source))?;
    for entry in fs::read_dir(&run).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.split('-').next())
            .and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| pid != std::process::id() && !process::process_exists(pid)) {
            // Another process may be deleting the same left-over.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(run.join(format!(
        "{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )))
}
