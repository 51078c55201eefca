//! `hollow load`.

use crate::failure::{Answer, Failure};
use crate::publish::{TargetArgs, UNPUBLISHED};
use hollow::read::ReadState;
use hollow::schema::Dataset;
use hollow::tools::text::{ImportError, ImportReason, lossless, records};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct LoadArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Prints JSON, and errors as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Lines of JSON as `hollow dump` prints them with --lossless or --lines [default: standard input].
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// File with schemas, for lines that do not begin with them.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Every line is a record of this type, and nothing else.
    #[arg(long = "type", value_name = "TYPE", requires = "schema")]
    type_name: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  hollow dump --store ./titles --lossless | hollow load --to ./copy
  hollow dump --store ./titles --lines | sed s/Salt/Sugar/ | hollow load --to ./edited
  hollow load --to ./new --schema titles.schema --type Title titles.jsonl";

/// Makes a state of lines of JSON, and publishes it as the first version of a new store.
pub(crate) fn run(args: &LoadArgs) -> Result<Answer, Failure> {
    args.target.check()?;
    let input: Box<dyn Read> = match &args.file {
        Some(path) => Box::new(open(path)?),
        None => Box::new(io::stdin().lock()),
    };
    let state = read(BufReader::with_capacity(1 << 16, input), args)?;
    args.target
        .publish(&state)?
        .report("loaded", &serde_json::Value::Null, args.json)
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::not_found(format!("{}: {error}", path.display())).hint("check the name"))
}

fn read(mut input: impl BufRead, args: &LoadArgs) -> Result<ReadState, Failure> {
    let dataset =
        match &args.schema {
            Some(path) => {
                let text = io::read_to_string(open(path)?);
                let text = text.map_err(|error| Failure::unavailable(format!("{}: {error}", path.display())))?;
                let parsed = Dataset::parse(&text);
                Some(parsed.map_err(|error| {
                    Failure::damaged(format!("{}: {error}", path.display())).hint("see hollow schema")
                })?)
            }
            None => None,
        };
    let beginning = input
        .fill_buf()
        .map_err(|error| Failure::unavailable(error.to_string()))?;
    let is_lossless = beginning.trim_ascii_start().starts_with(b"{\"hollow\":\"state\"");
    let state = match is_lossless {
        true => lossless::read(input),
        false => {
            let options = records::ReadOptions {
                dataset,
                type_name: args.type_name.clone(),
            };
            records::read(input, &options, UNPUBLISHED)
        }
    };
    state.map_err(failed)
}

fn failed(error: ImportError) -> Failure {
    match &*error.reason {
        ImportReason::Io(_) => Failure::unavailable(error),
        _ => Failure::damaged(error).hint("hollow load --help shows what is expected; hollow dump prints it"),
    }
}
