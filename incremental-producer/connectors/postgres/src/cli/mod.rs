//! The program's commands, one file each. Data on standard output, all else on standard error.

mod check_config;
mod failure;
mod install;
mod run;
mod sweep;

use clap::{Parser, Subcommand};
use failure::Failure;
use std::io::IsTerminal;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Emits the changes and sweeps of PostgreSQL tables as messages that the incremental producer folds.
///
/// Exit codes: 0 done, 1 done and the answer is no, 2 usage or configuration, 3 not found, 4 data that does not fit,
/// 5 database or network.
#[derive(Parser)]
#[command(version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Relays every dataset of a configuration file, and sweeps those that are due or asked for, until told to stop.
    Run(run::Arguments),
    /// Asks for a sweep of a dataset, and does it unless a running connector is at it. Waits for its end.
    Sweep(sweep::Arguments),
    /// Prints the SQL of what the connector needs in the database, or applies it.
    Install(install::Arguments),
    /// Reads a configuration file, and says what it comes to. Nothing is connected.
    CheckConfig(check_config::Arguments),
}

/// Does what the arguments say.
pub(crate) fn main(arguments: Arguments) -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let result: Result<(), Failure> = match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Sweep(arguments) => sweep::sweep(&arguments),
        Command::Install(arguments) => install::install(&arguments),
        Command::CheckConfig(arguments) => check_config::check_config(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {:#}", failure.error);
            ExitCode::from(failure.code)
        }
    }
}
