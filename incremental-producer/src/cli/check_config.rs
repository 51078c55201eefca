//! `check-config`: what a configuration comes to.

use anyhow::{Context, Result};
use incremental_producer::config::Config;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn check_config(arguments: &Arguments) -> Result<()> {
    let config = Config::read(&arguments.config).context("cannot use the configuration")?;
    for dataset in &config.datasets {
        println!(
            "{}: topic={} root={} types={} cadence={:?} store={} dead_letter_topic={} new_log={:?}",
            dataset.settings.name,
            dataset.topic,
            dataset.codec.root(),
            dataset.codec.dataset().len(),
            dataset.settings.cadence,
            dataset.store,
            dataset.dead_letter_topic,
            dataset.settings.new_log,
        );
    }
    Ok(())
}
