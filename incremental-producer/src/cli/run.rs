//! `run`: the service itself.

use super::failure::Known;
use super::log::log_event;
use anyhow::{Context, Result};
use incremental_producer::config::Config;
use incremental_producer::service::{DatasetHandle, DatasetService, Listener, Phase};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Goes on, once, behind messages of this dataset that the log has lost, and notes that in the header. Sweep after it.
    #[arg(long, value_name = "DATASET")]
    accept_gap: Vec<String>,
    /// Goes on, once, with partitions that were added to the topic of this dataset. Sweep after it.
    #[arg(long, value_name = "DATASET")]
    accept_repartition: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let mut config = Config::read(&arguments.config).context("cannot use the configuration")?;
    allow(&mut config, arguments)?;
    let listener: Listener = Arc::new(log_event);
    let mut services = Vec::with_capacity(config.datasets.len());
    for dataset in &config.datasets {
        services.push(DatasetService::open(dataset)?.listener(listener.clone()));
    }
    let handles = services
        .into_iter()
        .map(DatasetService::start)
        .collect::<Result<Vec<_>, _>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(until_stopped(&handles))?;
    // All at once, so that they end together and not one after the other.
    handles.iter().for_each(DatasetHandle::stop);
    let halted: Vec<String> = handles
        .iter()
        .filter(|handle| handle.status().phase == Phase::Halted)
        .map(|handle| format!("{} ({})", handle.name(), handle.status().last_error.unwrap_or_default()))
        .collect();
    handles.into_iter().for_each(DatasetHandle::join);
    if !halted.is_empty() {
        let text = format!("datasets were waiting for a person: {}", halted.join(", "));
        return Err(Known::Refused(text).into());
    }
    Ok(())
}

/// Notes what a person allows for this start.
fn allow(config: &mut Config, arguments: &Arguments) -> Result<()> {
    for name in arguments.accept_gap.iter().chain(&arguments.accept_repartition) {
        if !config.datasets.iter().any(|dataset| dataset.settings.name == *name) {
            return Err(Known::NotFound(format!("no such dataset, dataset={name}")).into());
        }
    }
    for dataset in &mut config.datasets {
        let settings = &mut dataset.settings;
        settings.accept_gap = arguments.accept_gap.contains(&settings.name);
        settings.accept_repartition = arguments.accept_repartition.contains(&settings.name);
    }
    Ok(())
}

/// Waits for a signal, or until every dataset has halted.
async fn until_stopped(handles: &[DatasetHandle]) -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let all_finished = async {
        while !handles.iter().all(DatasetHandle::is_finished) {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
        () = all_finished => {}
    }
    Ok(())
}
