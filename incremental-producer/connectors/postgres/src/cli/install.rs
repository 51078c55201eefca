//! `install`: what the connector needs in the database.

use super::failure::{Failure, USAGE};
use anyhow::anyhow;
use postgres_connector::INSTALL_SQL;
use postgres_connector::config::Config;
use postgres_connector::database::{Database, DatabaseError};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file; needed to apply.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Apply the SQL instead of printing it. Safe to do again.
    #[arg(long)]
    apply: bool,
}

pub(super) fn install(arguments: &Arguments) -> Result<(), Failure> {
    if !arguments.apply {
        print!("{INSTALL_SQL}");
        return Ok(());
    }
    let path = arguments.config.as_deref();
    let path =
        path.ok_or_else(|| Failure::new(USAGE, anyhow!("--apply needs --config FILE: it names the database")))?;
    let config = Config::read(path)?;
    let mut client = Database::new(&config.database)?.connect("install")?;
    client
        .batch_execute(INSTALL_SQL)
        .map_err(DatabaseError::query("install"))?;
    eprintln!("installed in the database {}", config.database.name);
    Ok(())
}
