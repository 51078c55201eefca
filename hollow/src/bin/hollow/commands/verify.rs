//! `hollow verify`.

use crate::args::StoreArgs;
use crate::failure::{Answer, Failure};
use crate::output::{print_json, printable, write};
use crate::progress::{Progress, ProgressArg};
use crate::source;
use hollow::store::verify::{Severity, Verification, verify};
use serde_json::json;
use std::io::Write;

#[derive(clap::Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Looks at references and keys of every version, not only of the newest.
    #[arg(long)]
    deep: bool,
    /// How far it is, on standard error.
    #[arg(long, value_enum, default_value_t)]
    progress: ProgressArg,
    /// Ends with exit code 0 also if faults are found.
    #[arg(long)]
    exit_zero: bool,
}

/// Every version of a store by every route. Exit code 1 if anything contradicts itself, 4 if bytes are damaged.
pub(crate) fn run(args: &VerifyArgs) -> Result<Answer, Failure> {
    let source = source::source(&args.store.store)?;
    let mut progress = Progress::new(args.progress);
    let report = verify(source.as_ref(), args.deep, |step| {
        progress.at(step.done, step.versions, &format!("version {}", step.next));
    })?;
    drop(progress);
    match args.store.json {
        true => print_json(&json!({
            "schema": 1,
            "ok": report.worst().is_none_or(|worst| worst == Severity::Note),
            "verification": report,
        }))?,
        false => print(&report)?,
    };
    Ok(match report.worst() {
        Some(Severity::Damage) => Answer::Damaged,
        Some(Severity::Fault) if !args.exit_zero => Answer::No,
        _ => Answer::Yes,
    })
}

fn print(report: &Verification) -> Result<Answer, Failure> {
    write(|out| {
        for finding in &report.findings {
            let version = finding
                .version
                .map_or_else(|| "-".to_owned(), |version| version.to_string());
            writeln!(
                out,
                "{:<6}  {version}  {}: {}",
                finding.severity.to_string(),
                printable(&finding.what),
                printable(&finding.problem)
            )?;
        }
        let of = |severity| {
            report
                .findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .count()
        };
        writeln!(
            out,
            "{} versions, {} snapshots, {} deltas, {} reverse deltas, {} bytes: {} damaged, {} faults, {} notes",
            report.versions,
            report.snapshots,
            report.deltas,
            report.reverse_deltas,
            report.bytes,
            of(Severity::Damage),
            of(Severity::Fault),
            of(Severity::Note),
        )
    })
}
