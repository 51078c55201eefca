//! `hollow split`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::{print_json, printable, write};
use crate::progress::{Progress, ProgressArg};
use crate::publish::{Published, TargetArgs, UNPUBLISHED};
use crate::source;
use hollow::tools::split::split_by_key;
use hollow::tools::text::records::roots;
use serde_json::{Value, json};
use std::io::Write;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SplitArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    target: TargetArgs,
    /// The number of parts.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    parts: u16,
    /// The types whose records are divided [default: those that no other type refers to].
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// How far it is, on standard error.
    #[arg(long, value_enum, default_value_t)]
    progress: ProgressArg,
}

const EXAMPLES: &str = "\
Examples:
  hollow split --store ./titles --parts 4 --to ./divided
  hollow combine --store ./divided/part-0 --with ./divided/part-1 --to ./half

Each part is a store of its own: part-0, part-1 and so on in the new directory. A record goes by the hash of its primary
key, always to the same part of as many; what it refers to goes with it, to several parts if need be.";

/// Divides the records of a state by their keys, each part published as the first version of a new store.
pub(crate) fn run(args: &SplitArgs) -> Result<Answer, Failure> {
    args.target.check()?;
    let parts = usize::from(args.parts);
    let mut progress = Progress::new(args.progress);
    progress.at(0, parts + 2, "reading the state");
    let state = source::state(&args.state)?;
    for name in &args.types {
        source::require_type(&state, name)?;
    }
    let types: Vec<&str> = match args.types.is_empty() {
        true => roots(state.dataset()),
        false => args.types.iter().map(String::as_str).collect(),
    };
    progress.at(1, parts + 2, "dividing");
    let divided = split_by_key(&state, &types, parts, UNPUBLISHED)
        .map_err(|error| Failure::from(error).hint("--type names the types whose records have a primary key"))?;
    let published = args.target.publish_parts(&divided, |part| {
        progress.at(part + 2, parts + 2, &format!("publishing part {part}"));
    })?;
    drop(progress);
    if args.state.store.json {
        let parts: Vec<Value> = published.iter().enumerate().map(part_json).collect();
        return print_json(&json!({"schema": 1, "from": state.version(), "types": types, "parts": parts}));
    }
    write(|out| {
        for (number, part) in published.iter().enumerate() {
            writeln!(out, "part-{number} {}", printable(&part.to_text()))?;
        }
        Ok(())
    })
}

fn part_json((number, part): (usize, &Published)) -> Value {
    let mut json = part.to_json();
    json["name"] = json!(format!("part-{number}"));
    json
}
