//! `run`: the service itself.
//!
//! # How it ends
//!
//! | | exit code |
//! |---|---|
//! | told to stop, by SIGTERM or SIGINT | 0 |
//! | told to stop, while datasets were halted | 6 |
//! | every dataset halted, and nobody is shown that over HTTP | 6 |
//! | the configuration is wrong | 2 |
//! | a second signal | 130 |
//! | anything else | as of the other commands |
//!
//! The first signal gives up what is still being read, and lets what is being published come to its end, for 10 seconds at
//! most. Then, and at a second signal, the process just ends. That costs nothing but the work of a cycle: whatever was
//! announced by then is whole, and the next start goes on from it.
//!
//! While pages are shown, a process whose datasets have all halted stays: it is where people look for the reason.

use super::failure::Known;
use super::log::{self, log_event};
use super::stop::Signals;
use anyhow::{Context, Result};
use incremental_producer::config::Config;
use incremental_producer::observe::{LogFormat, Looker, Observer, Sight, serve};
use incremental_producer::service::{DatasetHandle, DatasetService, Event, Listener, Phase};
use std::future::pending;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long the cycles at work may go on after a signal.
const GRACE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The configuration is wrong: starting again does not help.
const USAGE: u8 = 2;
/// Datasets wait for a person: starting again does not help.
const REFUSED: u8 = 6;
const INTERRUPTED: i32 = 130;

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

pub(super) fn run(arguments: &Arguments, format: Option<LogFormat>) -> Result<ExitCode> {
    let mut config = match Config::read(&arguments.config).context("cannot use the configuration") {
        Ok(config) => config,
        Err(error) => {
            eprintln!("error: {error:#}");
            return Ok(ExitCode::from(USAGE));
        }
    };
    allow(&mut config, arguments)?;
    log::begin(format.unwrap_or(config.observe.log_format));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Both before any dataset is touched: a port that is taken is found out now, and no signal is lost.
    let mut signals = runtime.block_on(async { Signals::new() })?;
    let listener = runtime.block_on(listen(&config))?;

    let observer = Observer::new(&config);
    let services = config
        .datasets
        .iter()
        .map(|dataset| {
            let figures = observer.figures(&dataset.settings.name);
            Ok(DatasetService::open_counted(dataset, &figures)?.listener(listener_of(&observer)))
        })
        .collect::<Result<Vec<_>>>()?;
    let handles = services
        .into_iter()
        .map(DatasetService::start)
        .collect::<Result<Vec<_>, _>>()?;
    let handles = Arc::new(handles);
    let seen = handles.clone();
    let look: Looker = Arc::new(move || seen.iter().map(Sight::of).collect());

    let is_shown = listener.is_some();
    let ended = runtime.block_on(async {
        let pages = async {
            match listener {
                Some(listener) => serve(listener, observer.clone(), look).await,
                None => pending().await,
            }
        };
        tokio::select! {
            ended = until_ended(&handles, &observer, &mut signals, is_shown) => ended,
            never = pages => match never {},
        }
    });
    match ended {
        Ended::Well => {}
        Ended::WithWaiting(halted) => {
            eprintln!("error: datasets were waiting for a person: {}", halted.join(", "));
            return Ok(ExitCode::from(REFUSED));
        }
        // Not by returning, which would wait for the threads.
        Ended::OutOfTime => std::process::exit(0),
        Ended::Interrupted => std::process::exit(INTERRUPTED),
    }
    Ok(ExitCode::SUCCESS)
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

async fn listen(config: &Config) -> Result<Option<TcpListener>> {
    let Some(address) = config.observe.listen else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen, address={address}"))?;
    let address = listener.local_addr().context("cannot listen")?;
    tracing::info!(%address, "listening");
    Ok(Some(listener))
}

fn listener_of(observer: &Observer) -> Listener {
    let observer = observer.clone();
    Arc::new(move |dataset: &str, event: &Event| {
        observer.event(dataset, event);
        log_event(dataset, event);
    })
}

/// How it ended.
enum Ended {
    Well,
    /// These datasets had halted.
    WithWaiting(Vec<String>),
    OutOfTime,
    Interrupted,
}

async fn until_ended(handles: &[DatasetHandle], observer: &Observer, signals: &mut Signals, is_shown: bool) -> Ended {
    tokio::select! {
        () = signals.next() => {}
        () = all_finished(handles), if !is_shown => {}
    }
    tracing::info!("stopping");
    observer.stopping();
    // All at once, so that they end together and not one after the other.
    handles.iter().for_each(DatasetHandle::stop);
    tokio::select! {
        () = all_finished(handles) => {}
        () = signals.next() => {
            tracing::warn!("a second signal; ending at once");
            return Ended::Interrupted;
        }
        () = tokio::time::sleep(GRACE) => {
            let names = handles.iter().filter(|handle| !handle.is_finished()).map(DatasetHandle::name);
            let datasets = names.collect::<Vec<_>>().join(", ");
            tracing::warn!(datasets, "cycles did not come to their end in time; ending without them");
            return Ended::OutOfTime;
        }
    }
    let halted = handles.iter().filter(|handle| handle.status().phase == Phase::Halted);
    let halted: Vec<String> = halted.map(|handle| handle.name().to_owned()).collect();
    match halted.is_empty() {
        true => Ended::Well,
        false => Ended::WithWaiting(halted),
    }
}

async fn all_finished(handles: &[DatasetHandle]) {
    while !handles.iter().all(DatasetHandle::is_finished) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
