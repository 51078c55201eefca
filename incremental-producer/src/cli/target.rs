//! From arguments to a dataset and its store.

use super::failure::Known;
use anyhow::{Context, Result};
use hollow::store::Store;
use incremental_producer::config::{Config, DatasetConfig};
use std::path::{Path, PathBuf};

/// A dataset of a configuration file.
#[derive(clap::Args)]
pub(super) struct Target {
    /// The dataset's name in the configuration file.
    #[arg(value_name = "DATASET")]
    dataset: String,
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Prints JSON, and errors as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Target {
    pub(super) fn name(&self) -> &str {
        &self.dataset
    }

    /// The dataset's configuration.
    pub(super) fn config(&self) -> Result<DatasetConfig> {
        find(&self.config, &self.dataset)
    }

    /// The dataset's store, which is there.
    pub(super) fn store(&self) -> Result<Store> {
        open(&self.config()?)
    }
}

/// The configuration of a file.
pub(super) fn read(path: &Path) -> Result<Config> {
    Config::read(path).context("cannot use the configuration")
}

/// A dataset of a configuration file.
pub(super) fn find(path: &Path, name: &str) -> Result<DatasetConfig> {
    let config = read(path)?;
    let names: Vec<String> = config
        .datasets
        .iter()
        .map(|dataset| dataset.settings.name.clone())
        .collect();
    let found = config
        .datasets
        .into_iter()
        .find(|dataset| dataset.settings.name == name);
    found.ok_or_else(|| {
        Known::NotFound(format!(
            "no dataset of this name is configured, dataset={name} configured={}",
            names.join(",")
        ))
        .into()
    })
}

/// A dataset's store, which is there.
pub(super) fn open(config: &DatasetConfig) -> Result<Store> {
    Store::open_existing_at(&config.store).context("cannot open the store")
}
