//! `sweep`: a sweep of one dataset, now.

use super::failure::{DATA, Failure, NETWORK, NO, NOT_FOUND, USAGE};
use anyhow::anyhow;
use incremental_producer::sweep::SweepRange;
use postgres_connector::config::Config;
use postgres_connector::database::Database;
use postgres_connector::service::Stop;
use postgres_connector::sink::{KafkaSink, Sink};
use postgres_connector::sweep::requests::{Request, State, Sweep, ask, find, is_sweep_id};
use postgres_connector::sweep::{SweepError, Sweeper, range};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The dataset's name.
    #[arg(value_name = "DATASET")]
    dataset: String,
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Only these keys, such as {"from":[1000],"to":[2000]}: from the first up to but without the second.
    #[arg(long, value_name = "JSON")]
    range: Option<String>,
    /// The sweep's name. One that was interrupted goes on; one that is over is not done again.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Print the outcome as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn sweep(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::read(&arguments.config)?;
    let name = arguments.dataset.as_str();
    let dataset = config
        .dataset(name)
        .ok_or_else(|| Failure::new(NOT_FOUND, anyhow!("no such dataset is configured, dataset={name}")))?;
    let settings = dataset.sweep.as_ref().ok_or_else(|| {
        Failure::new(
            USAGE,
            anyhow!("the dataset has no [dataset.sweep] table, dataset={name}"),
        )
    })?;
    let range = match &arguments.range {
        Some(text) => range::parse(text)?,
        None => SweepRange::default(),
    };
    range::check(&range, settings.key.len())?;
    let id = arguments.id.clone().unwrap_or_else(new_id);
    if !is_sweep_id(&id) {
        let error = anyhow!("--id must be short and without control characters, found={id:?}");
        return Err(Failure::new(USAGE, error));
    }
    let stop = Stop::default();
    stop_on_signal(&stop)?;
    let mut client = Database::new(&config.database)?.connect(&format!("sweep {name}"))?;
    let request = Request {
        id: id.clone(),
        range,
        asked_by: "command",
    };
    ask(&mut client, name, &request)?;
    let sink = KafkaSink::new(&config.kafka).map_err(SweepError::from)?;
    let sweeper = Sweeper {
        dataset,
        sweep: settings,
        sink: &sink as &dyn Sink,
        stop: &stop,
    };
    loop {
        let found = find(&mut client, name, &id)?;
        let Some(found) = found else {
            return Err(Failure::new(
                NOT_FOUND,
                anyhow!("the sweep was removed from the database, id={id}"),
            ));
        };
        if matches!(found.state, State::Ended | State::Failed) {
            return report(arguments, &found);
        }
        sweeper.turn(&mut client)?;
        if stop.wait(Duration::from_millis(200)) {
            let error = anyhow!("interrupted; `--id {id}` goes on with it, and so does `run`");
            return Err(Failure::new(NO, error));
        }
    }
}

fn report(arguments: &Arguments, sweep: &Sweep) -> Result<(), Failure> {
    let ended = sweep.state == State::Ended;
    if arguments.json {
        let line = serde_json::json!({
            "schema": 1,
            "dataset": arguments.dataset,
            "id": sweep.id,
            "ended": ended,
            "rows": sweep.rows,
            "refused": sweep.refused,
            "problem": sweep.problem,
        });
        println!("{line}");
    } else {
        println!(
            "{}: sweep={} rows={} refused={}",
            arguments.dataset, sweep.id, sweep.rows, sweep.refused
        );
    }
    match &sweep.problem {
        _ if ended => Ok(()),
        problem => {
            let code = if sweep.refused > 0 { DATA } else { NO };
            Err(Failure::new(
                code,
                anyhow!(
                    "the sweep failed: {}",
                    problem.as_deref().unwrap_or("no reason is recorded")
                ),
            ))
        }
    }
}

fn new_id() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    format!("command-{}", now.map_or(0, |since| since.as_millis()))
}

/// The chunk under way is finished and recorded.
fn stop_on_signal(stop: &Stop) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(NETWORK, error))?;
    let stop = stop.clone();
    std::thread::spawn(move || {
        runtime.block_on(async {
            let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
            if let Ok(mut terminate) = terminate {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                stop.set();
            }
        });
    });
    Ok(())
}
