//! The program's commands, one file each.

mod accept;
mod check_config;
mod doctor;
mod failure;
mod hold;
mod log;
mod offsets;
mod quarantine;
mod run;
mod status;
mod target;
mod time;

use anyhow::Result;
use clap::{Parser, Subcommand};
use failure::Answer;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 done and the answer is no, 2 usage, 3 not found, 4 data damaged, 5 store or network, 6 refused";

/// Folds record updates from Kafka into datasets, publishes and announces them.
#[derive(Parser)]
#[command(version, about, after_help = EXIT_CODES)]
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
    /// Tells how datasets are, from their stores alone.
    Status(status::Arguments),
    /// Lists the candidates that validators refused, and writes one out for inspection.
    Quarantine(quarantine::Arguments),
    /// Lets a refused candidate be published all the same, just as it was.
    Accept(accept::Arguments),
    /// Lets the service of a dataset wait: nothing is folded or published until it is released.
    Hold(hold::HoldArguments),
    /// Ends a hold; also one that came of candidates being refused again and again.
    Release(hold::ReleaseArguments),
    /// Finds out whether stores, topics and clocks are there and do what they should.
    Doctor(doctor::Arguments),
}

impl Command {
    fn json(&self) -> bool {
        match self {
            Command::CheckConfig(arguments) => arguments.json,
            Command::Offsets(arguments) => arguments.json,
            Command::Status(arguments) => arguments.json,
            Command::Quarantine(arguments) => arguments.target.json,
            Command::Accept(arguments) => arguments.target.json,
            Command::Hold(arguments) => arguments.target.json,
            Command::Release(arguments) => arguments.target.json,
            Command::Doctor(arguments) => arguments.json,
            Command::Run(_) => false,
        }
    }
}

/// Does what the arguments say.
pub fn main(arguments: Arguments) -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let json = arguments.command.json();
    let result: Result<Answer> = match arguments.command {
        Command::Run(arguments) => run::run(&arguments).map(|()| Answer::Yes),
        Command::CheckConfig(arguments) => check_config::check_config(&arguments),
        Command::Offsets(arguments) => offsets::offsets(&arguments),
        Command::Status(arguments) => status::status(&arguments),
        Command::Quarantine(arguments) => quarantine::quarantine(&arguments),
        Command::Accept(arguments) => accept::accept(&arguments),
        Command::Hold(arguments) => hold::hold(&arguments),
        Command::Release(arguments) => hold::release(&arguments),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
    };
    match result {
        Ok(answer) => answer.into(),
        Err(error) => failure::report(&error, json),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_declared_consistently() {
        super::Arguments::command().debug_assert();
    }
}
