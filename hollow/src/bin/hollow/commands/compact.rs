//! `hollow compact`.

use crate::args::StateArgs;
use crate::blobs::{BlobDirectory, later_than, new_tag, version_of};
use crate::failure::{Answer, Failure};
use crate::output::{print_json, printable, write};
use crate::progress::{Progress, ProgressArg};
use crate::source;
use crate::staging::require_empty;
use hollow::Version;
use hollow::read::ReadState;
use hollow::tools::compact::compact;
use hollow::tools::usage::usage;
use hollow::write::CompactionConfig;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompactArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// New directory for the blobs, in the layout of Java Hollow; without it only the plan is printed.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Leaves types alone whose holes take fewer bytes than this in a snapshot.
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    min_hole_bytes: u64,
    /// Leaves types alone in which fewer ordinals than this are holes, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 5)]
    min_hole_percent: u32,
    /// How far it is, on standard error.
    #[arg(long, value_enum, default_value_t)]
    progress: ProgressArg,
}

const EXAMPLES: &str = "\
Examples:
  hollow compact --store ./titles
  hollow compact --store ./titles --min-hole-percent 20 --to ./compacted

Moves records into holes. The deltas lead followers of the state to the compacted one, type after type: types that refer
to each other need a step each. Exit code 1 if there is nothing to compact; nothing is written then.";

/// One step: a version whose records stand closer together.
struct Step {
    version: Version,
    moved: usize,
    deltas: hollow::tools::rewrite::Deltas,
    state: ReadState,
}

/// Moves the records of a state together.
pub(crate) fn run(args: &CompactArgs) -> Result<Answer, Failure> {
    if let Some(to) = &args.to {
        require_empty(to)?;
    }
    let mut progress = Progress::new(args.progress);
    progress.at(0, 3, "reading the state");
    let state = source::state(&args.state)?;
    let config = CompactionConfig {
        min_candidate_hole_cost_bytes: args.min_hole_bytes,
        min_candidate_hole_percentage: args.min_hole_percent,
    };
    let mut steps: Vec<Step> = Vec::new();
    // Moving records makes holes in types that refer to them only: each step is the last for at least one type.
    while steps.len() <= state.types().len() {
        progress.at(1, 3, &format!("step {}", steps.len() + 1));
        let last = steps.last().map_or(&*state, |step| &step.state);
        let version = steps
            .last()
            .map_or_else(|| version_of(&state), |step| Ok(step.version))?;
        let Some(found) = compact(last, config, new_tag(&[last])?)? else {
            break;
        };
        steps.push(Step {
            version: later_than(&[version])?,
            moved: found.moved,
            deltas: found.deltas,
            state: found.state,
        });
    }
    let Some(last) = steps.last() else {
        drop(progress);
        return nothing(&state, args.state.store.json);
    };
    let more = json!({
        "from": state.version(),
        "steps": steps.iter().map(|step| json!({"version": step.version, "moved": step.moved})).collect::<Vec<_>>(),
        "types": saved(&state, &last.state),
    });
    let Some(to) = &args.to else {
        drop(progress);
        return plan(&steps, &more, args.state.store.json);
    };
    progress.at(2, 3, "writing");
    let mut blobs = BlobDirectory::new(to)?;
    let mut before = version_of(&state)?;
    for step in &steps {
        blobs.deltas(&step.deltas, before, step.version)?;
        before = step.version;
    }
    blobs.snapshot(&last.state, last.version)?;
    drop(progress);
    blobs.finish(last.version, &more, args.state.store.json)
}

/// The types that changed, with their holes and bytes in a snapshot before and after.
fn saved(before: &ReadState, after: &ReadState) -> Vec<Value> {
    let (before, after) = (usage(before), usage(after));
    let pairs = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before.holes != after.holes);
    pairs
        .map(|(before, after)| {
            json!({
                "name": before.name,
                "holes": {"before": before.holes, "after": after.holes},
                "snapshot_bytes": {"before": before.snapshot_bytes, "after": after.snapshot_bytes},
            })
        })
        .collect()
}

fn nothing(state: &ReadState, as_json: bool) -> Result<Answer, Failure> {
    match as_json {
        true => print_json(&json!({"schema": 1, "from": state.version(), "steps": [], "types": []}))?,
        false => write(|out| writeln!(out, "no type has that many holes"))?,
    };
    Ok(Answer::No)
}

fn plan(steps: &[Step], more: &Value, as_json: bool) -> Result<Answer, Failure> {
    if as_json {
        let mut answer = more.clone();
        answer["schema"] = json!(1);
        return print_json(&answer);
    }
    write(|out| {
        for step in steps {
            writeln!(out, "version {}: {} records move", step.version, step.moved)?;
        }
        for ty in more["types"].as_array().into_iter().flatten() {
            writeln!(
                out,
                "{}: {} holes, {} bytes; then {} holes, {} bytes",
                printable(ty["name"].as_str().unwrap_or_default()),
                ty["holes"]["before"],
                ty["snapshot_bytes"]["before"],
                ty["holes"]["after"],
                ty["snapshot_bytes"]["after"],
            )?;
        }
        writeln!(out, "nothing was written: --to DIR says where")
    })
}
