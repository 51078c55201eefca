//! One incremental producer for each dataset.

use crate::board::Board;
use crate::broker::Broker;
use crate::directory::Directory;
use anyhow::{Context, Result};
use fixtures::DatasetId;
use incremental_producer::Codec;
use incremental_producer::client::ClientSettings;
use incremental_producer::config::{AnnounceConfig, Checks, DatasetConfig};
use incremental_producer::emit::Pace;
use incremental_producer::service::{DatasetHandle, DatasetService, ServiceSettings};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A snapshot with every n-th version; deltas lead to the others.
const SNAPSHOT_EVERY: u32 = 60;

/// How messages of a dataset are read and written.
pub fn codec(id: DatasetId) -> Result<Codec> {
    let description = id.dataset();
    let dataset = hollow::schema::Dataset::parse(description.schema)?;
    Ok(Codec::new(dataset, description.root_type)?)
}

/// Starts the producers. They stop when the handles are dropped.
pub fn start(
    directory: &Directory,
    broker: &Broker,
    cadence: Duration,
    pace: &Arc<Pace>,
    board: &Arc<Board>,
) -> Result<Vec<DatasetHandle>> {
    let start = |&id: &DatasetId| {
        let name = id.name();
        let topic = directory.topic(name);
        let mut settings = ServiceSettings::new(name);
        settings.cadence = cadence;
        settings.new_log = broker.new_log();
        // Bounds a cycle, and so how long the first load goes without a published state.
        settings.limits.messages = 50_000;
        // A sweep that changes nothing must move the published offsets before the pace holds the sources back.
        settings.republish_after_messages = 20_000;
        settings.republish_after = Duration::from_secs(60);
        let config = DatasetConfig {
            settings,
            codec: codec(id)?,
            store: text(&directory.store(name))?,
            bootstrap_servers: broker.servers().to_owned(),
            dead_letter_topic: format!("{topic}.dlq"),
            topic: topic.clone(),
            log: broker.log(),
            client: ClientSettings::default(),
            snapshot_every: Some(SNAPSHOT_EVERY),
            keep_versions: None,
            checks: Checks::default(),
            announce: AnnounceConfig::default(),
        };
        let (board, pace) = (board.clone(), pace.clone());
        let service = DatasetService::open(&config)
            .with_context(|| format!("cannot open the incremental producer of {name}"))?
            .listener(Arc::new(move |dataset, event| {
                board.produced(dataset, event, &topic, &pace)
            }));
        Ok(service.start()?)
    };
    DatasetId::ALL.iter().map(start).collect()
}

/// A path as configurations have it.
fn text(path: &Path) -> Result<String> {
    let text = path.to_str().context("the directory's name must be text")?;
    Ok(text.to_owned())
}
