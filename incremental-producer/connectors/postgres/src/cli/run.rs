//! `run`: the service itself.

use super::failure::{Failure, NETWORK};
use postgres_connector::config::Config;
use postgres_connector::service::Service;
use std::path::PathBuf;
use std::time::Duration;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::read(&arguments.config)?;
    let failed = |error: std::io::Error| Failure::new(NETWORK, error);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let service = Service::start(&config)?;
    runtime.block_on(until_stopped(&service)).map_err(failed)?;
    service.stop();
    match service.join().into_iter().next() {
        None => Ok(()),
        Some(halted) => {
            let mut failure = Failure::from(halted.error);
            failure.error = failure
                .error
                .context(format!("dataset={} waits for a person", halted.dataset));
            Err(failure)
        }
    }
}

/// Waits for a signal, or until every thread has ended.
async fn until_stopped(service: &Service) -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let all_finished = async {
        while !service.is_finished() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
        () = all_finished => Ok(()),
    }
}
