//! What both the mock and the real Kafka tests need: services over a Kafka, and waiting until they have folded.

use anyhow::{Context, Result, ensure};
use fixtures::DatasetId;
use hollow::consumer::Consumer;
use hollow::read::ReadState;
use hollow::schema::Dataset;
use hollow::store::Store;
use incremental_producer::client::ClientSettings;
use incremental_producer::config::{AnnounceConfig, Checks, DatasetConfig};
use incremental_producer::emit::{Delivered, Emitter};
use incremental_producer::service::{DatasetHandle, Phase, ServiceSettings};
use incremental_producer::{Codec, Offsets};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tests::harness::{PATIENCE, wait_for};

/// How messages of an input dataset are read and written.
pub fn codec(id: DatasetId) -> Result<Codec> {
    let description = id.dataset();
    Ok(Codec::new(Dataset::parse(description.schema)?, description.root_type)?)
}

/// A dataset folded from a topic of its own name, often.
pub fn config(name: &str, codec: Codec, servers: &str, log: Option<String>) -> DatasetConfig {
    let mut settings = ServiceSettings::new(name);
    settings.cadence = Duration::from_millis(100);
    settings.longest_pause = Duration::from_secs(1);
    DatasetConfig {
        settings,
        codec,
        store: "unused".into(),
        bootstrap_servers: servers.to_owned(),
        topic: name.to_owned(),
        dead_letter_topic: format!("{name}.dlq"),
        log,
        client: ClientSettings::default(),
        snapshot_every: Some(7),
        keep_versions: None,
        checks: Checks::default(),
        announce: AnnounceConfig::default(),
    }
}

/// Writes to a Kafka, and knows how far each topic has got.
pub struct Writer {
    pub emitter: Emitter,
    ends: Arc<Mutex<HashMap<String, Offsets>>>,
}

impl Writer {
    pub fn new(servers: &str) -> Result<Self> {
        let ends = Arc::<Mutex<HashMap<String, Offsets>>>::default();
        let shared = ends.clone();
        let note = move |message: &Delivered| {
            let mut ends = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let offsets = ends.entry(message.topic.clone()).or_default();
            let next = offsets.get(message.partition).unwrap_or(0).max(message.offset + 1);
            offsets.set(message.partition, next);
        };
        let emitter = Emitter::new(servers, &ClientSettings::default(), None, Some(Arc::new(note)))?;
        Ok(Self { emitter, ends })
    }

    /// The next offset of each partition of a topic, once everything sent is delivered.
    pub fn ends(&self, topic: &str) -> Result<Offsets> {
        self.emitter.flush(PATIENCE)?;
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(ends.get(topic).cloned().unwrap_or_default())
    }

    /// Waits until a service has folded everything that was sent to its topic.
    pub fn wait_until_folded(&self, topic: &str, service: &DatasetHandle) -> Result<()> {
        let ends = self.ends(topic)?;
        wait_for(&format!("{topic} to be folded up to {ends}"), || {
            let status = service.status();
            ensure!(status.phase != Phase::Halted, "halted: {:?}", status.last_error);
            let reached = status.position.map(|position| position.offsets).unwrap_or_default();
            let is_there = |(partition, end)| reached.get(partition).is_some_and(|offset| offset >= end);
            Ok(ends.iter().all(is_there).then_some(()))
        })
    }
}

/// The announced state of a store.
pub fn announced(store: &Store) -> Result<Arc<ReadState>> {
    let consumer = Consumer::builder(store.clone()).build()?;
    consumer.refresh()?;
    consumer.state().context("nothing is announced")
}
