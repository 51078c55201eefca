//! `hollow rewrite`.

use crate::args::StateArgs;
use crate::blobs::{BlobDirectory, version_of};
use crate::failure::{Answer, Failure};
use crate::progress::{Progress, ProgressArg};
use crate::source;
use crate::staging::require_empty;
use hollow::Version;
use hollow::store::route::Preference;
use hollow::tools::rewrite::deltas;
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RewriteArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// New directory for the blobs, in the layout of Java Hollow.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Also writes the delta from this version of the store, and the one back.
    #[arg(long, value_name = "VERSION")]
    from: Option<Version>,
    /// How far it is, on standard error.
    #[arg(long, value_enum, default_value_t)]
    progress: ProgressArg,
}

const EXAMPLES: &str = "\
Examples:
  hollow rewrite --store ./titles --version 20240102030405000 --to ./snapshot
  hollow rewrite --store ./titles --from 20240102030405000 --to ./leap

Writes a snapshot of any version, also of one that is reached by deltas only, and one delta in place of many. Versions,
random tags, ordinals, shards, buckets and header tags stay as they are: the blobs fit into the chain they come from.";

/// Writes a snapshot of a state, and the deltas from another one of its chain.
pub(crate) fn run(args: &RewriteArgs) -> Result<Answer, Failure> {
    require_empty(&args.to)?;
    let mut progress = Progress::new(args.progress);
    progress.at(0, 3, "reading the state");
    let state = source::state(&args.state)?;
    let version = version_of(&state)?;
    let before = match args.from {
        Some(from) if from >= version => {
            return Err(Failure::usage(format!("--from {from} is not before version {version}"))
                .hint("deltas lead forward from the earlier version; the one back is written with it"));
        }
        Some(from) => Some(source::state_at(&args.state.store.store, Some(from), Preference::Best)?),
        None => None,
    };
    progress.at(1, 3, "writing the snapshot");
    let mut blobs = BlobDirectory::new(&args.to)?;
    blobs.snapshot(&state, version)?;
    if let Some(before) = &before {
        progress.at(2, 3, "writing the deltas");
        blobs.deltas(&deltas(before, &state)?, version_of(before)?, version)?;
    }
    drop(progress);
    blobs.finish(version, &json!({"from": args.from}), args.state.store.json)
}
