//! `hollow`: looks into published states, checks them, and makes new ones, from the command line.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 done and the answer is no,
//! 2 usage, 3 not found, 4 data damaged, 5 store not available, 6 refused. Nothing is ever coloured.

mod args;
mod commands;
mod failure;
mod output;
mod progress;
mod publish;
mod source;

use clap::{Parser, Subcommand, error::ErrorKind};
use commands::{checksum, dump, get, inspect, load, query, schema, verify, versions};
use failure::{Answer, Failure};
use std::process::ExitCode;

/// Looks into the states of a dataset.
#[derive(Parser)]
#[command(name = "hollow", version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  hollow versions --store ./titles
  hollow get --store ./titles Title:81730412
  hollow query --store ./titles 'Title where work_type = Movie and release_date = null | count'

Exit codes: 0 done, 1 done and the answer is no, 2 usage, 3 not found, 4 data damaged, 5 store not available, 6 refused";

#[derive(Subcommand)]
enum Command {
    /// Lists the versions that can be loaded, newest first.
    Versions(versions::VersionsArgs),
    /// Prints header tags, types, numbers of records, and where the bytes are.
    Inspect(inspect::InspectArgs),
    /// Prints the schemas of a state.
    Schema(schema::SchemaArgs),
    /// Prints one record.
    Get(get::GetArgs),
    /// Prints or counts the records that fulfil a condition.
    Query(query::QueryArgs),
    /// Prints all records of a state.
    Dump(dump::DumpArgs),
    /// Makes a new store of lines of JSON.
    Load(load::LoadArgs),
    /// Prints the checksum of a state and of each of its types.
    Checksum(checksum::ChecksumArgs),
    /// Checks every version of a store: digests, routes, references.
    Verify(verify::VerifyArgs),
}

impl Command {
    fn json(&self) -> bool {
        match self {
            Command::Versions(args) => args.store.json,
            Command::Inspect(args) => args.state.store.json,
            Command::Schema(args) => args.state.store.json,
            Command::Get(args) => args.state.store.json,
            Command::Query(args) => args.state.store.json,
            Command::Dump(args) => args.state.store.json,
            Command::Load(args) => args.json,
            Command::Checksum(args) => args.state.store.json,
            Command::Verify(args) => args.store.json,
        }
    }

    fn run(&self) -> Result<Answer, Failure> {
        match self {
            Command::Versions(args) => versions::run(args),
            Command::Inspect(args) => inspect::run(args),
            Command::Schema(args) => schema::run(args),
            Command::Get(args) => get::run(args),
            Command::Query(args) => query::run(args),
            Command::Dump(args) => dump::run(args),
            Command::Load(args) => load::run(args),
            Command::Checksum(args) => checksum::run(args),
            Command::Verify(args) => verify::run(args),
        }
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match cli.command.run() {
        Ok(answer) => answer.into(),
        Err(failure) => failure.report(cli.command.json()),
    }
}

/// What is wrong with the arguments; or the help that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !is_help && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let message = text.lines().next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        failure::tell(2, message, "see hollow --help", true);
    } else {
        let _ = error.print(); // a reader that has gone misses nothing
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_declared_consistently() {
        super::Cli::command().debug_assert();
    }
}
