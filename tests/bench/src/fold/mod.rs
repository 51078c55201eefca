//! The benchmark of folding: the incremental producer, from a real broker to a consumer.
//!
//! `cargo xtask bench --folding` starts the broker and runs it. With one that runs already:
//! `cargo run --release -p bench -- fold --servers 127.0.0.1:9092`; its topics stay there, each run has its own.
//!
//! | rows | what |
//! |---|---|
//! | F1–F4 | messages folded in a second, beside those that the same client reads in a second when nothing is done with them |
//! | F5 | the time of a cycle of a large dataset, alone and while a snapshot is written |
//! | F6 | from a record's acknowledgement to its being visible in a consumer |

mod cycle;
mod fresh;
mod rate;
mod raw;
mod records;
mod report;
mod service;
mod sizes;
mod topic;

use crate::machine::Machine;
use crate::scale::ScaleName;
use anyhow::Context as _;
use report::Report;
use sizes::Sizes;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The brokers
    #[arg(long)]
    servers: String,
    /// How much to do
    #[arg(long, value_enum, default_value = "small")]
    scale: ScaleName,
    /// Rows, as `F1`, between commas; all if none is named
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where datasets are published to
    #[arg(long, default_value = "target/bench/data")]
    dir: PathBuf,
    /// Where the table is saved, as Markdown and JSON
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Put the table between its markers in this document
    #[arg(long)]
    readme: Option<PathBuf>,
}

/// The rows there are.
const ROWS: [&str; 6] = ["F1", "F2", "F3", "F4", "F5", "F6"];

/// What the rows need.
struct Run<'a> {
    servers: &'a str,
    dir: &'a Path,
    only: &'a [String],
    /// Tells topics of this run from those of others.
    started: u64,
}

impl Run<'_> {
    fn wants(&self, row: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == row)
    }

    fn topic(&self, name: &str) -> String {
        format!("fold-{name}-{}", self.started)
    }

    /// A folder that is gone with this value.
    fn scratch(&self) -> anyhow::Result<tempfile::TempDir> {
        std::fs::create_dir_all(self.dir).with_context(|| format!("creating {}", self.dir.display()))?;
        Ok(tempfile::tempdir_in(self.dir)?)
    }
}

/// Runs the rows, prints and saves the tables. What is there is saved after every row.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if let Some(unknown) = options.only.iter().find(|only| !ROWS.contains(&only.as_str())) {
        anyhow::bail!("no row has such a name: {unknown}; there are {}", ROWS.join(", "));
    }
    let sizes = Sizes::of(options.scale);
    let run = Run {
        servers: &options.servers,
        dir: &options.dir,
        only: &options.only,
        started: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
    let mut report = Report::new(Machine::here(), sizes.name);
    let keep = |report: &Report, line: String| {
        eprintln!("{line}");
        report.save(&options.out)
    };
    rate::run(&run, &sizes, |rate| {
        let line = report::rate_line(&rate);
        report.rates.push(rate);
        keep(&report, line)
    })?;
    if run.wants("F5") {
        let cycles = cycle::run(&run, &sizes)?;
        let line = format!("F5: {} cycles", cycles.alone.len() + cycles.beside_snapshot.len());
        report.cycles = Some(cycles);
        keep(&report, line)?;
    }
    if run.wants("F6") {
        for &(cadence, observed) in &sizes.cadences {
            let freshness = fresh::run(&run, &sizes, cadence, observed)?;
            let line = format!("F6: {} records at {cadence:?}", freshness.ages.len());
            report.freshness.push(freshness);
            keep(&report, line)?;
        }
    }
    report.publish(options.readme.as_deref(), options.json)
}
