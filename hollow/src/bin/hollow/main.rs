//! `hollow`: looks into published states, checks them, and makes new ones, from the command line.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 done and the answer is no,
//! 2 usage, 3 not found, 4 data damaged, 5 store not available, 6 refused. Nothing is ever coloured.

mod args;
mod blobs;
mod commands;
mod failure;
mod operator;
mod output;
mod progress;
mod publish;
mod record_finder;
mod source;
mod staging;

use clap::{Parser, Subcommand, error::ErrorKind};
use commands::{
    checksum, combine, compact, copy, dump, filter, gc, get, inspect, load, marks, patch, pins, query, rewrite, schema,
    split, tags, verify, versions,
};
use failure::{Answer, Failure};
use hollow::store::Verdict;
use std::process::ExitCode;

/// Looks into the states of a dataset, checks them, and makes new ones of them.
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
    /// Makes a new store of a state without some types or fields.
    Filter(filter::FilterArgs),
    /// Divides the records of a state by their keys into several new stores.
    Split(split::SplitArgs),
    /// Makes a new store of the records of several states.
    Combine(combine::CombineArgs),
    /// Makes a new store of some records, with all they refer to.
    Copy(copy::CopyArgs),
    /// Makes the deltas that lead from one state to another that has nothing to do with it.
    Patch(patch::PatchArgs),
    /// Moves the records of a state into its holes, and makes the deltas that lead there.
    Compact(compact::CompactArgs),
    /// Writes a snapshot of any version, and one delta between any two.
    Rewrite(rewrite::RewriteArgs),
    /// Prints the checksum of a state and of each of its types.
    Checksum(checksum::ChecksumArgs),
    /// Checks every version of a store: digests, routes, references.
    Verify(verify::VerifyArgs),
    /// Holds consumers at a version, whatever is announced.
    Pin(pins::PinArgs),
    /// Lets consumers go that a pin holds.
    Unpin(pins::UnpinArgs),
    /// Lists the pins.
    Pins(pins::PinsArgs),
    /// Says that the data of versions is wrong: pins stay while what is announced descends from one.
    MarkBad(marks::MarkArgs),
    /// Says that the data of versions is right, or right again.
    MarkGood(marks::MarkArgs),
    /// Lists what versions are marked as.
    Marks(marks::MarksArgs),
    /// Names a version, which keeps it.
    Tag(tags::TagArgs),
    /// Takes the name of a version back.
    Untag(tags::UntagArgs),
    /// Lists the tags.
    Tags(tags::TagsArgs),
    /// Removes what no version that is kept needs; prints what it would do unless told to.
    Gc(gc::GcArgs),
}

impl Command {
    fn json(&self) -> bool {
        match self {
            Command::Versions(args) => args.store.json,
            Command::Inspect(args) => args.state.store.json,
            Command::Schema(args) => args.json,
            Command::Get(args) => args.state.store.json,
            Command::Query(args) => args.state.store.json,
            Command::Dump(args) => args.state.store.json,
            Command::Load(args) => args.json,
            Command::Filter(args) => args.state.store.json,
            Command::Split(args) => args.state.store.json,
            Command::Combine(args) => args.state.store.json,
            Command::Copy(args) => args.state.store.json,
            Command::Patch(args) => args.state.store.json,
            Command::Compact(args) => args.state.store.json,
            Command::Rewrite(args) => args.state.store.json,
            Command::Checksum(args) => args.state.store.json,
            Command::Verify(args) => args.store.json,
            Command::Pin(args) => args.location.json,
            Command::Unpin(args) => args.location.json,
            Command::Pins(args) => args.location.json,
            Command::MarkBad(args) | Command::MarkGood(args) => args.location.json,
            Command::Marks(args) => args.location.json,
            Command::Tag(args) => args.location.json,
            Command::Untag(args) => args.location.json,
            Command::Tags(args) => args.location.json,
            Command::Gc(args) => args.location.json,
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
            Command::Filter(args) => filter::run(args),
            Command::Split(args) => split::run(args),
            Command::Combine(args) => combine::run(args),
            Command::Copy(args) => copy::run(args),
            Command::Patch(args) => patch::run(args),
            Command::Compact(args) => compact::run(args),
            Command::Rewrite(args) => rewrite::run(args),
            Command::Checksum(args) => checksum::run(args),
            Command::Verify(args) => verify::run(args),
            Command::Pin(args) => pins::pin(args),
            Command::Unpin(args) => pins::unpin(args),
            Command::Pins(args) => pins::pins(args),
            Command::MarkBad(args) => marks::mark(args, Verdict::Bad),
            Command::MarkGood(args) => marks::mark(args, Verdict::Good),
            Command::Marks(args) => marks::marks(args),
            Command::Tag(args) => tags::tag(args),
            Command::Untag(args) => tags::untag(args),
            Command::Tags(args) => tags::tags(args),
            Command::Gc(args) => gc::gc(args),
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
