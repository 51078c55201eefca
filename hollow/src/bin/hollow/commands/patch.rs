//! `hollow patch`.

use crate::args::{SourceArg, StateArgs};
use crate::blobs::{BlobDirectory, later_than, new_tag, version_of};
use crate::failure::{Answer, Failure};
use crate::output::{print_json, write};
use crate::progress::{Progress, ProgressArg};
use crate::source;
use crate::staging::require_empty;
use hollow::Version;
use hollow::tools::patch::patch;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PatchArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// The state to lead to, that of the announced version if none is named.
    #[arg(long, value_name = "STORE[@VERSION]")]
    target: SourceArg,
    /// New directory for the blobs, in the layout of Java Hollow; without it only the plan is printed.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// How far it is, on standard error.
    #[arg(long, value_enum, default_value_t)]
    progress: ProgressArg,
}

const EXAMPLES: &str = "\
Examples:
  hollow patch --store ./titles --target ./rebuilt
  hollow patch --store ./titles --target ./rebuilt@20240102030405000 --to ./patch

Leads followers of one state to another that has nothing to do with it, by one delta, or by two where records stand in
each other's way. They then have the random tag of the target: what follows on the target in its chain applies to them.
The target keeps its version if it is late enough; otherwise it gets one of now.";

/// Makes the deltas from one state to another.
pub(crate) fn run(args: &PatchArgs) -> Result<Answer, Failure> {
    if let Some(to) = &args.to {
        require_empty(to)?;
    }
    let mut progress = Progress::new(args.progress);
    progress.at(0, 4, "reading the state");
    let from = source::state(&args.state)?;
    progress.at(1, 4, "reading the target");
    let target = source::further_state(&args.target)?;
    progress.at(2, 4, "looking for a way");
    let found = patch(&from, &target, new_tag(&[&from, &target])?)?;
    let versions = versions(version_of(&from)?, version_of(&target)?, found.steps.len())?;
    let more = json!({
        "from": from.version(),
        "target": target.version(),
        "steps": versions,
        "moved": found.moved,
    });
    let Some(to) = &args.to else {
        drop(progress);
        return plan(&versions, &found.moved, &more, args.state.store.json);
    };
    progress.at(3, 4, "writing");
    let mut blobs = BlobDirectory::new(to)?;
    let mut before = version_of(&from)?;
    for (step, &version) in found.steps.iter().zip(&versions) {
        blobs.deltas(&step.deltas, before, version)?;
        before = version;
    }
    blobs.snapshot(&target, before)?;
    drop(progress);
    blobs.finish(before, &more, args.state.store.json)
}

/// The versions of the steps: that of the target last, if there is room for the others before it.
fn versions(from: Version, target: Version, steps: usize) -> Result<Vec<Version>, Failure> {
    let between: Vec<Version> = (1i64..)
        .take(steps.saturating_sub(1))
        .map(|step| Version(from.0.saturating_add(step)))
        .collect();
    let last = match between.last().is_none_or(|between| *between < target) && from < target {
        true => target,
        false => later_than(&[&[from, target], &between[..]].concat())?,
    };
    Ok(between.into_iter().chain([last]).collect())
}

fn plan(
    versions: &[Version],
    moved: &std::collections::BTreeMap<String, u64>,
    more: &Value,
    as_json: bool,
) -> Result<Answer, Failure> {
    if as_json {
        let mut answer = more.clone();
        answer["schema"] = json!(1);
        return print_json(&answer);
    }
    write(|out| {
        let steps: Vec<String> = versions.iter().map(ToString::to_string).collect();
        writeln!(out, "{} delta(s), to version {}", versions.len(), steps.join(", then "))?;
        for (name, count) in moved {
            writeln!(
                out,
                "{count:>10} records of {} make way",
                crate::output::printable(name)
            )?;
        }
        writeln!(out, "nothing was written: --to DIR says where")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_keeps_its_version_if_there_is_room() {
        let of = |from, target, steps| -> Vec<i64> {
            let versions = versions(Version(from), Version(target), steps).expect("versions");
            versions.into_iter().map(|version| version.0).collect()
        };
        assert_eq!(of(5, 9, 1), [9]);
        assert_eq!(of(5, 9, 2), [6, 9]);
        assert_eq!(of(5, 7, 2), [6, 7]);
        for found in [of(5, 6, 2), of(5, 5, 2), of(9, 5, 2)] {
            // There is no room: the last one is of now, which is later than all small numbers.
            assert!(
                found.len() == 2 && found[0] < 11 && found[1] > 20_250_000_000_000_000,
                "{found:?}"
            );
        }
        assert!(of(9, 5, 1)[0] > 20_250_000_000_000_000);
        assert!(versions(Version(i64::MAX), Version(1), 1).is_err());
    }
}
