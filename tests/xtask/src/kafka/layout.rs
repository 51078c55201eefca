//! What a cluster keeps on disk: names of files, and the record of its id and ports.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{KafkaError, ports};

/// Names within a cluster's folder.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// The folder: absolute, with no symbolic links, because processes are recognised by it.
    pub(super) dir: PathBuf,
}

impl Layout {
    /// The layout of a folder, made if it is not there.
    pub(super) fn create(dir: &Path) -> Result<Layout, KafkaError> {
        fs::create_dir_all(dir).map_err(|source| KafkaError::io("create folder", dir, source))?;
        let dir = dir
            .canonicalize()
            .map_err(|source| KafkaError::io("open folder", dir, source))?;
        Ok(Layout { dir })
    }

    /// The layout of a folder with a cluster in it, `None` when there is no cluster.
    pub(super) fn find(dir: &Path) -> Option<Layout> {
        let layout = Layout {
            dir: dir.canonicalize().ok()?,
        };
        layout.record().is_file().then_some(layout)
    }

    pub(super) fn record(&self) -> PathBuf {
        self.dir.join("cluster.properties")
    }

    pub(super) fn broker_dir(&self, broker: u16) -> PathBuf {
        self.dir.join(format!("broker-{broker}"))
    }

    pub(super) fn data_dir(&self, broker: u16) -> PathBuf {
        self.broker_dir(broker).join("data")
    }

    pub(super) fn properties_file(&self, broker: u16) -> PathBuf {
        self.broker_dir(broker).join("broker.properties")
    }

    pub(super) fn log_file(&self, broker: u16) -> PathBuf {
        self.broker_dir(broker).join("broker.log")
    }

    pub(super) fn pid_file(&self, broker: u16) -> PathBuf {
        self.broker_dir(broker).join("pid")
    }

    /// Makes the next start pick new ports; the cluster id and the data stay.
    pub(super) fn forget_ports(&self) -> Result<(), KafkaError> {
        if let Some(mut cluster) = Cluster::load(self)? {
            cluster
                .listeners
                .iter_mut()
                .for_each(|listener| *listener = Listener::default());
            cluster.save(self)?;
        }
        Ok(())
    }
}

/// The ports of one broker. 0: not chosen yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Listener {
    /// For clients and the other brokers.
    pub(super) port: u16,
    /// For the metadata quorum.
    pub(super) controller_port: u16,
}

/// A cluster's identity, kept in `cluster.properties`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cluster {
    /// 16 bytes in URL-safe base64.
    pub(super) id: String,
    /// One for each broker.
    pub(super) listeners: Vec<Listener>,
}

impl Cluster {
    /// The cluster of the folder, made if there is none, with free ports from `port` on (0: those it had, or any).
    pub(super) fn open(layout: &Layout, brokers: u16, port: u16) -> Result<Cluster, KafkaError> {
        let mut cluster = match Cluster::load(layout)? {
            Some(cluster) => cluster,
            None => Cluster {
                id: new_cluster_id(),
                listeners: vec![Listener::default(); usize::from(brokers)],
            },
        };
        if cluster.listeners.len() != usize::from(brokers) {
            let reason = format!(
                "the folder holds a cluster of another size: wipe it or use another; brokers={} asked={brokers}",
                cluster.listeners.len()
            );
            return Err(KafkaError::State {
                reason,
                path: layout.dir.clone(),
            });
        }
        cluster.choose_ports(port)?;
        cluster.save(layout)?;
        Ok(cluster)
    }

    fn choose_ports(&mut self, first: u16) -> Result<(), KafkaError> {
        let mut taken = Vec::new();
        for (listener, number) in self.listeners.iter_mut().zip(0u16..) {
            if first != 0 {
                listener.port = first.checked_add(number).ok_or(KafkaError::PortTaken { port: first })?;
                if !ports::is_free(listener.port) {
                    return Err(KafkaError::PortTaken { port: listener.port });
                }
            } else if listener.port != 0 && !ports::is_free(listener.port) {
                listener.port = 0;
            }
            taken.push(listener.port);
        }
        for listener in &mut self.listeners {
            let keep_controller = listener.controller_port != 0
                && !taken.contains(&listener.controller_port)
                && ports::is_free(listener.controller_port);
            if !keep_controller {
                listener.controller_port = 0;
            }
            for slot in [&mut listener.port, &mut listener.controller_port] {
                if *slot == 0 {
                    *slot = ports::pick(1, &taken)?.first().copied().unwrap_or(0);
                }
                taken.push(*slot);
            }
        }
        Ok(())
    }

    /// The addresses for clients.
    pub(super) fn bootstrap(&self) -> String {
        let addresses: Vec<String> = self
            .listeners
            .iter()
            .map(|listener| format!("127.0.0.1:{}", listener.port))
            .collect();
        addresses.join(",")
    }

    /// The setting `controller.quorum.voters`.
    pub(super) fn voters(&self) -> String {
        let voters: Vec<String> = self
            .listeners
            .iter()
            .zip(1..)
            .map(|(listener, node)| format!("{node}@127.0.0.1:{}", listener.controller_port))
            .collect();
        voters.join(",")
    }

    /// Reads the record; `None` when there is none.
    pub(super) fn load(layout: &Layout) -> Result<Option<Cluster>, KafkaError> {
        let path = layout.record();
        match fs::read_to_string(&path) {
            Ok(text) => Cluster::parse(&text).map(Some).ok_or_else(|| KafkaError::State {
                reason: "this is not a record of a cluster: wipe the folder or use another".into(),
                path,
            }),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(KafkaError::io("read", &path, source)),
        }
    }

    fn save(&self, layout: &Layout) -> Result<(), KafkaError> {
        let path = layout.record();
        fs::write(&path, self.render()).map_err(|source| KafkaError::io("write", &path, source))
    }

    pub(super) fn render(&self) -> String {
        let mut text = format!("cluster.id={}\n", self.id);
        for (listener, node) in self.listeners.iter().zip(1..) {
            text.push_str(&format!(
                "broker.{node}={},{}\n",
                listener.port, listener.controller_port
            ));
        }
        text
    }

    pub(super) fn parse(text: &str) -> Option<Cluster> {
        let mut lines = text.lines();
        let id = lines.next()?.strip_prefix("cluster.id=")?.to_owned();
        let mut listeners = Vec::new();
        for (line, node) in lines.zip(1..) {
            let (port, controller_port) = line.strip_prefix(&format!("broker.{node}="))?.split_once(',')?;
            listeners.push(Listener {
                port: port.parse().ok()?,
                controller_port: controller_port.parse().ok()?,
            });
        }
        (!id.is_empty() && !listeners.is_empty()).then_some(Cluster { id, listeners })
    }
}

/// 16 random bytes in URL-safe base64 without padding, as Kafka writes ids: 22 digits.
pub(super) fn new_cluster_id() -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bits = (u128::from(ports::random()) << 64) | u128::from(ports::random());
    // Kafka refuses ids that look like an option: the first digit must not be `-` (62, in the top six bits).
    if bits >> 122 == 62 {
        bits &= u128::MAX >> 6;
    }
    // 128 bits are 21 digits of six bits and one of two, which stand at the top of the last digit.
    let mut id = String::with_capacity(22);
    for digit in 0..22u32 {
        let shift = 122i32 - 6 * i32::try_from(digit).unwrap_or(0);
        let value = if shift >= 0 { bits >> shift } else { bits << -shift };
        let index = usize::try_from(value & 63).unwrap_or(0);
        id.push(DIGITS.get(index).copied().map_or('A', char::from));
    }
    id
}
