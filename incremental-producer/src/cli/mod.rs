//! The program's commands, one file each.

mod accept;
mod check_config;
mod dead_letters;
mod doctor;
mod failure;
mod hold;
mod log;
mod offsets;
mod quarantine;
mod run;
mod status;
mod stop;
mod sweep;
mod target;
mod time;

use anyhow::Result;
use clap::{Parser, Subcommand};
use failure::Answer;
use incremental_producer::observe::LogFormat;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 done and the answer is no, 2 usage, 3 not found, 4 data damaged, 5 store or network, 6 refused";

/// Folds record updates from Kafka into datasets, publishes and announces them.
#[derive(Parser)]
#[command(version, about, after_help = EXIT_CODES)]
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
    /// Shows the sweep that runs and the one before, as the announced version says, or asks the sources for one.
    Sweep(sweep::Arguments),
    /// Lists messages that meant nothing, or sends them back to their topic.
    DeadLetters(dead_letters::Arguments),
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
            Command::Sweep(arguments) => arguments.json,
            Command::DeadLetters(arguments) => arguments.json,
            Command::Run(_) => false,
        }
    }
}

/// Does what the arguments say.
pub fn main(arguments: Arguments) -> ExitCode {
    let format = arguments.log_format;
    if !matches!(arguments.command, Command::Run(_)) {
        log::begin(format.unwrap_or_default());
    }
    let json = arguments.command.json();
    let answer = |answer: Result<Answer>| answer.map(ExitCode::from);
    let done = |done: Result<()>| done.map(|()| ExitCode::SUCCESS);
    let result: Result<ExitCode> = match arguments.command {
        Command::Run(arguments) => run::run(&arguments, format),
        Command::CheckConfig(arguments) => answer(check_config::check_config(&arguments)),
        Command::Offsets(arguments) => answer(offsets::offsets(&arguments)),
        Command::Status(arguments) => answer(status::status(&arguments)),
        Command::Quarantine(arguments) => answer(quarantine::quarantine(&arguments)),
        Command::Accept(arguments) => answer(accept::accept(&arguments)),
        Command::Hold(arguments) => answer(hold::hold(&arguments)),
        Command::Release(arguments) => answer(hold::release(&arguments)),
        Command::Doctor(arguments) => answer(doctor::doctor(&arguments)),
        Command::Sweep(arguments) => done(sweep::sweep(&arguments)),
        Command::DeadLetters(arguments) => done(dead_letters::dead_letters(&arguments)),
    };
    result.unwrap_or_else(|error| failure::report(&error, json))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_declared_consistently() {
        super::Arguments::command().debug_assert();
    }
}
