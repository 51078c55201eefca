//! `check-config`: what a configuration comes to.

use super::failure::Failure;
use postgres_connector::config::Config;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn check_config(arguments: &Arguments) -> Result<(), Failure> {
    let config = Config::read(&arguments.config)?;
    let database = &config.database;
    println!(
        "database: host={} port={} name={} user={} password={} tls={}",
        database.host,
        database.port,
        database.name,
        database.user,
        if database.password.is_some() { "given" } else { "none" },
        if database.tls { "verify-full" } else { "off" },
    );
    for dataset in &config.datasets {
        println!(
            "{}: topic={} root={} types={} poll={:?} batch={} on_refused={:?} version={}",
            dataset.name,
            dataset.topic,
            dataset.codec.root(),
            dataset.codec.dataset().len(),
            dataset.poll,
            dataset.batch,
            dataset.on_refused,
            dataset.version_column.as_deref().unwrap_or("the outbox's id"),
        );
        if let Some(sweep) = &dataset.sweep {
            println!(
                "{}: sweep table={} key={} chunk={} rows_per_second={:?} every={:?} control={}",
                dataset.name,
                sweep.table,
                sweep.key.join(","),
                sweep.chunk,
                sweep.rows_per_second,
                sweep.every,
                sweep.control,
            );
        }
    }
    Ok(())
}
