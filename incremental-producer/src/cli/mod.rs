//! The program's commands, one file each.

mod check_config;
mod dataset;
mod dead_letters;
mod log;
mod offsets;
mod run;
mod sweep;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Folds record updates from Kafka into datasets, publishes and announces them.
#[derive(Parser)]
#[command(version, about)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Folds every dataset of a configuration file, until it is told to stop.
    Run(run::Arguments),
    /// Reads a configuration file, and says what it comes to. Nothing is connected.
    CheckConfig(check_config::Arguments),
    /// Prints the header tags of the announced version: how far the log is folded in it.
    Offsets(offsets::Arguments),
    /// Shows the sweep that runs and the one before, as the announced version says, or asks the sources for one.
    Sweep(sweep::Arguments),
    /// Lists messages that meant nothing, or sends them back to their topic.
    DeadLetters(dead_letters::Arguments),
}

/// Does what the arguments say.
pub fn main(arguments: Arguments) -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would be told on standard error, and not being able to is a panic: a full disk under the log would end datasets.
        .log_internal_errors(false)
        .init();
    let result: Result<()> = match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::CheckConfig(arguments) => check_config::check_config(&arguments),
        Command::Offsets(arguments) => offsets::offsets(&arguments),
        Command::Sweep(arguments) => sweep::sweep(&arguments),
        Command::DeadLetters(arguments) => dead_letters::dead_letters(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
