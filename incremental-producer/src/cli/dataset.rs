//! The dataset that a command is about.

use anyhow::{Context, Result, bail};
use incremental_producer::config::{Config, DatasetConfig};
use std::path::Path;

pub(super) fn dataset(file: &Path, name: &str) -> Result<DatasetConfig> {
    let config = Config::read(file).context("cannot use the configuration")?;
    let names: Vec<String> = config
        .datasets
        .iter()
        .map(|dataset| dataset.settings.name.clone())
        .collect();
    match config
        .datasets
        .into_iter()
        .find(|dataset| dataset.settings.name == name)
    {
        Some(dataset) => Ok(dataset),
        None => bail!(
            "no dataset of this name is configured, dataset={name} configured={}",
            names.join(",")
        ),
    }
}
