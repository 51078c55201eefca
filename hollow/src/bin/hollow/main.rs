//! `hollow`: looks into published states from the command line.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 the answer is no, 2 usage,
//! 3 not found, 4 data damaged, 5 store not available.

mod failure;
mod output;
mod report;
mod source;

use clap::{Args, Parser, Subcommand, ValueEnum};
use failure::Failure;
use hollow::Version;
use hollow::store::route::Preference;
use std::path::PathBuf;
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
  hollow checksum --store ./titles --version 20240102030405001 --route deltas
  hollow dump --store ./titles | jq .Title.records

Exit codes: 0 done, 2 usage, 3 not found, 4 data damaged, 5 store not available";

#[derive(Subcommand)]
enum Command {
    /// Prints all records of a state as JSON.
    Dump(StateArgs),
    /// Prints the checksum of a state and of each of its types.
    Checksum(StateArgs),
    /// Prints header tags, types, numbers of records and memory of a state.
    Inspect(StateArgs),
    /// Lists the versions that can be loaded, newest first.
    Versions(VersionsArgs),
}

#[derive(Args)]
struct StoreArgs {
    /// Directory of the store; also one in the layout of Java Hollow.
    #[arg(long, env = "HOLLOW_STORE", value_name = "DIR")]
    store: PathBuf,
    /// Prints JSON, and errors as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct StateArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The version [default: the announced one].
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// How to get there [default: the cheapest way].
    #[arg(long)]
    route: Option<RouteArg>,
}

#[derive(Args)]
struct VersionsArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Lists this many versions at most; 0 lists all.
    #[arg(long, default_value_t = 0)]
    limit: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum RouteArg {
    /// The version's own snapshot.
    Snapshot,
    /// The earliest snapshot, then deltas forward.
    Deltas,
    /// The latest snapshot, then reverse deltas.
    Reverse,
}

impl From<RouteArg> for Preference {
    fn from(route: RouteArg) -> Self {
        match route {
            RouteArg::Snapshot => Preference::Snapshot,
            RouteArg::Deltas => Preference::Deltas,
            RouteArg::Reverse => Preference::Reverse,
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = match &cli.command {
        Command::Dump(args) | Command::Checksum(args) | Command::Inspect(args) => args.store.json,
        Command::Versions(args) => args.store.json,
    };
    match run(&cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Dump(args) => {
            let state = source::state(args)?;
            output::write(|out| hollow::tools::dump::write_json(&state, out))
        }
        Command::Checksum(args) => report::checksum(&*source::state(args)?, args.store.json),
        Command::Inspect(args) => report::inspect(&*source::state(args)?, args.store.json),
        Command::Versions(args) => {
            let (announced, versions) = source::versions(args)?;
            report::versions(announced, &versions, args.store.json)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_declared_consistently() {
        super::Cli::command().debug_assert();
    }
}
