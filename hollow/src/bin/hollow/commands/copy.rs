//! `hollow copy`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::progress::{Progress, ProgressArg};
use crate::publish::{TargetArgs, UNPUBLISHED};
use crate::record_finder::RecordFinder;
use crate::source;
use hollow::tools::combine::select;
use serde_json::json;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CopyArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    target: TargetArgs,
    /// The records: Type:key[,key…]; with a comma or quote within a key Type:["a,b",7]; by ordinal Type:#7.
    #[arg(value_name = "TYPE:KEY", required = true)]
    records: Vec<String>,
    /// How far it is, on standard error.
    #[arg(long, value_enum, default_value_t)]
    progress: ProgressArg,
}

const EXAMPLES: &str = "\
Examples:
  hollow copy --store ./titles --to ./two Title:81730412 Title:40560
  hollow copy --store ./texts --to ./one LocalizedText:40560,de

All that the records refer to goes with them. If one is not there, nothing is copied.";

/// Publishes some records of a state, with all they refer to, as the first version of a new store.
pub(crate) fn run(args: &CopyArgs) -> Result<Answer, Failure> {
    args.target.check()?;
    let mut progress = Progress::new(args.progress);
    progress.at(0, 3, "reading the state");
    let state = source::state(&args.state)?;
    progress.at(1, 3, "copying");
    let mut finder = RecordFinder::new(&state);
    let records = args.records.iter().map(|name| finder.find(name));
    let records = records.collect::<Result<Vec<_>, _>>()?;
    let selected = select(&state, records, UNPUBLISHED)?;
    progress.at(2, 3, "publishing");
    let published = args.target.publish(&selected)?;
    drop(progress);
    published.report("copied", &json!({"from": state.version()}), args.state.store.json)
}
