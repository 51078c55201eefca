//! The program's commands, one file each.

mod check_config;
mod dataset;
mod dead_letters;
mod log;
mod offsets;
mod run;
mod stop;
mod sweep;

use anyhow::Result;
use clap::{Parser, Subcommand};
use incremental_producer::observe::LogFormat;
use std::process::ExitCode;

/// Folds record updates from Kafka into datasets, publishes and announces them.
#[derive(Parser)]
#[command(version, about)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The form of the log on standard error, instead of the configured one. RUST_LOG says how much of it.
    #[arg(long, global = true, value_enum)]
    log_format: Option<LogFormat>,
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
    let format = arguments.log_format;
    if !matches!(arguments.command, Command::Run(_)) {
        log::begin(format.unwrap_or_default());
    }
    let result: Result<ExitCode> = match arguments.command {
        Command::Run(arguments) => run::run(&arguments, format),
        Command::CheckConfig(arguments) => check_config::check_config(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Offsets(arguments) => offsets::offsets(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Sweep(arguments) => sweep::sweep(&arguments).map(|()| ExitCode::SUCCESS),
        Command::DeadLetters(arguments) => dead_letters::dead_letters(&arguments).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
