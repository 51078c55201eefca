//! Folds record updates from Kafka into datasets. See the library for how.

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use hollow::store::Store;
use incremental_producer::config::Config;
use incremental_producer::service::{DatasetHandle, DatasetService, Event, Listener, Phase, Report};
use incremental_producer::source::LogPosition;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Folds record updates from Kafka into datasets, publishes and announces them.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Folds every dataset of a configuration file, until it is told to stop.
    Run {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Reads a configuration file, and says what it comes to. Nothing is connected.
    CheckConfig {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Prints the header tags of the announced version: how far the log is folded in it.
    Offsets {
        /// The directory the dataset is published to.
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
    },
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let result = match Arguments::parse().command {
        Command::Run { config } => run(&config),
        Command::CheckConfig { config } => check_config(&config),
        Command::Offsets { store } => offsets(&store),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &Path) -> Result<()> {
    let config = Config::read(path).context("cannot use the configuration")?;
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
        .map(|handle| handle.name().to_owned())
        .collect();
    handles.into_iter().for_each(DatasetHandle::join);
    if !halted.is_empty() {
        bail!("datasets were waiting for a person: {}", halted.join(", "));
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

fn log_event(dataset: &str, event: &Event) {
    match event {
        Event::Restored { version, position } => {
            let version = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            let offsets = position
                .as_ref()
                .map(|position| position.offsets.to_string())
                .unwrap_or_default();
            tracing::info!(dataset, version, offsets, "restored");
        }
        Event::Cycle(report) => log_report(dataset, report),
        Event::Retry { error, failures, pause } => {
            tracing::warn!(
                dataset,
                error,
                failures,
                pause_ms = pause.as_millis() as u64,
                "failed; trying again"
            );
        }
        Event::Halted { error } => tracing::error!(dataset, error, "HALTED; a person is needed"),
        Event::Stopped => tracing::info!(dataset, "stopped"),
        _ => {}
    }
}

fn log_report(dataset: &str, report: &Report) {
    if let Some(evidence) = &report.started_anew {
        tracing::warn!(dataset, evidence, "the log started anew; a new generation begins");
    }
    if !report.stalled.is_empty() {
        tracing::warn!(dataset, partitions = ?report.stalled, "partitions do not deliver what they have");
    }
    if report.dead_letters > 0 {
        tracing::warn!(
            dataset,
            dead_letters = report.dead_letters,
            "messages that mean nothing were set aside"
        );
    }
    let Some(stats) = &report.published else {
        tracing::debug!(dataset, messages = report.messages, "nothing changed");
        return;
    };
    tracing::info!(
        dataset,
        version = report.version.map_or(0, |version| version.0),
        messages = report.messages,
        upserts = report.upserts,
        deletes = report.deletes,
        unchanged = report.unchanged,
        behind = report.behind,
        records = stats.records,
        delta_bytes = stats.delta_bytes,
        snapshot_bytes = stats.snapshot_bytes,
        took_ms = report.took.as_millis() as u64,
        "published"
    );
    for warning in &stats.warnings {
        tracing::warn!(dataset, warning, "after publishing");
    }
}

fn check_config(path: &Path) -> Result<()> {
    let config = Config::read(path).context("cannot use the configuration")?;
    for dataset in &config.datasets {
        println!(
            "{}: topic={} root={} types={} cadence={:?} store={} dead_letter_topic={} new_log={:?}",
            dataset.settings.name,
            dataset.topic,
            dataset.codec.root(),
            dataset.codec.dataset().len(),
            dataset.settings.cadence,
            dataset.store.display(),
            dataset.dead_letter_topic,
            dataset.settings.new_log,
        );
    }
    Ok(())
}

fn offsets(directory: &Path) -> Result<()> {
    // Opening a store would make the directory.
    if !directory.is_dir() {
        bail!("no such directory, store={}", directory.display());
    }
    let store = Store::fs(directory).context("cannot open the store")?;
    let Some((head, _)) = store.head().context("cannot read the head")? else {
        bail!("nothing is announced, store={}", directory.display());
    };
    let manifest = store
        .manifest(head.version, &head.manifest)
        .context("cannot read the manifest")?;
    println!("version={}", head.version);
    for (tag, value) in &manifest.header_tags {
        println!("{tag}={value}");
    }
    LogPosition::from_tags(&manifest.header_tags)?;
    Ok(())
}
