//! Clusters that outlive the program that started them: what the command line stops, shows and deletes.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::layout::{Cluster, Layout};
use super::node;
use super::process::{self, Process};
use super::{KafkaError, probe};

/// What [`status`] tells of one broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerStatus {
    /// Counted from 1.
    pub broker: u16,
    /// Where it listens, or would.
    pub address: String,
    /// Its process, when it runs.
    pub pid: Option<u32>,
    /// How many brokers it says the cluster has; `None` when it does not answer.
    pub knows: Option<usize>,
}

/// The brokers of the cluster in `dir`, running or not; nothing when there is no cluster.
///
/// # Errors
/// When the folder holds something else.
pub fn status(dir: &Path) -> Result<Vec<BrokerStatus>, KafkaError> {
    let Some((layout, cluster)) = open(dir)? else {
        return Ok(Vec::new());
    };
    let brokers = cluster.listeners.iter().zip(1..).map(|(listener, broker)| {
        let pid = Process::recorded(&layout, broker).map(|process| process.pid);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, listener.port));
        BrokerStatus {
            broker,
            address: address.to_string(),
            pid,
            // Without its process, whoever answers on that port is somebody else.
            knows: pid.and_then(|_| probe::known_brokers(address).ok()),
        }
    });
    Ok(brokers.collect())
}

/// Stops the brokers of the cluster in `dir` and returns how many ran. Their data stays.
///
/// # Errors
/// When the folder holds something else, or a broker cannot be stopped.
pub fn stop(dir: &Path) -> Result<usize, KafkaError> {
    let Some((layout, cluster)) = open(dir)? else {
        return Ok(0);
    };
    let mut running = recorded(&layout, &cluster);
    let mut all: Vec<&mut Process> = running.iter_mut().collect();
    process::stop_all(&mut all, node::GRACE)?;
    for (_, broker) in cluster.listeners.iter().zip(1..) {
        // One that stays names a process that is no broker any more, and is recognised as such.
        let _ = fs::remove_file(layout.pid_file(broker));
    }
    Ok(running.len())
}

/// Stops the cluster in `dir` and deletes what it wrote; the folder too, unless something else is in it. Returns
/// whether there was a cluster.
///
/// # Errors
/// When the folder holds something else (nothing is deleted then), or cannot be deleted.
pub fn wipe(dir: &Path) -> Result<bool, KafkaError> {
    let Some((layout, cluster)) = open(dir)? else {
        return Ok(false);
    };
    stop(dir)?;
    for (_, broker) in cluster.listeners.iter().zip(1..) {
        let broker_dir = layout.broker_dir(broker);
        match fs::remove_dir_all(&broker_dir) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(KafkaError::io("delete", &broker_dir, source));
            }
            _ => {}
        }
    }
    // Last: without the record, a second attempt would find nothing to delete.
    let record = layout.record();
    fs::remove_file(&record).map_err(|source| KafkaError::io("delete", &record, source))?;
    // Fails when the folder is not empty, and that is right.
    let _ = fs::remove_dir(&layout.dir);
    Ok(true)
}

/// An error when brokers of this folder run: two processes must not share a data folder.
pub(super) fn refuse_if_running(layout: &Layout) -> Result<(), KafkaError> {
    match Cluster::load(layout)? {
        Some(cluster) if !recorded(layout, &cluster).is_empty() => Err(KafkaError::AlreadyRunning {
            bootstrap: cluster.bootstrap(),
            dir: layout.dir.clone(),
        }),
        _ => Ok(()),
    }
}

fn recorded(layout: &Layout, cluster: &Cluster) -> Vec<Process> {
    cluster
        .listeners
        .iter()
        .zip(1..)
        .filter_map(|(_, broker)| Process::recorded(layout, broker))
        .collect()
}

fn open(dir: &Path) -> Result<Option<(Layout, Cluster)>, KafkaError> {
    let Some(layout) = Layout::find(dir) else {
        return Ok(None);
    };
    Ok(Cluster::load(&layout)?.map(|cluster| (layout, cluster)))
}
