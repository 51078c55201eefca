//! R7: a whole process that answers one question and ends.

use super::{Context, Group, Row, RowResult, row};
use crate::data::{Data, d1};
use crate::measure::{Sample, process_cpu_ns};
use crate::scale::Scale;
use anyhow::Context as _;
use hollow::Ordinal;
use hollow::index::UniqueKey;
use hollow::read::ReadState;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The movie asked for, where there are as many.
const MOVIE: u32 = 54_321;

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    for (id, title, run) in [
        (
            "R7-heap",
            "process start to the title of a movie by ordinal",
            (|c, _, _| start(c, false, false)) as fn(&mut Context, &Row, u32) -> RowResult,
        ),
        (
            "R7-heap-index",
            "process start to the title of a movie by key",
            |c, _, _| start(c, false, true),
        ),
        ("R7-mapped", "the same by ordinal, mapped", |c, _, _| {
            start(c, true, false)
        }),
        ("R7-mapped-index", "the same by key, mapped", |c, _, _| {
            start(c, true, true)
        }),
    ] {
        let row = row(scale, Group::Start, Data::D1, id, title).does(run);
        rows.push(Row {
            warm_up: 1,
            ..row.target(50.0)
        });
    }
}

fn start(context: &mut Context, mapped: bool, index: bool) -> RowResult {
    let movie = MOVIE % context.n;
    let snapshot = context.chain()?.snapshot();
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("first-query").arg(snapshot).arg(movie.to_string());
    command
        .args(mapped.then_some("--mapped"))
        .args(index.then_some("--index"));
    let begin = Instant::now();
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let wall_ns = begin.elapsed().as_nanos() as u64;
    anyhow::ensure!(output.status.success(), "the process failed: {}", output.status);
    let answer = String::from_utf8(output.stdout)?;
    let (cpu, title) = answer.trim_end().split_once('\t').context("time and title")?;
    let sample = Sample {
        cpu_ns: cpu.parse()?,
        wall_ns,
        ops: 1,
        check: title.to_owned(),
        ..Sample::default()
    };
    Ok(sample.into())
}

/// What the process does.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The snapshot
    snapshot: PathBuf,
    /// The number of the movie
    movie: u32,
    /// Find it by its key
    #[arg(long)]
    index: bool,
    /// Map the file instead of loading it
    #[arg(long)]
    mapped: bool,
}

/// Answers the question and tells what it took.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let title = title(options)?;
    println!("{}\t{title}", process_cpu_ns());
    Ok(())
}

fn title(options: &Options) -> anyhow::Result<String> {
    let Options {
        snapshot,
        movie,
        index,
        mapped,
    } = options;
    let state = if *mapped {
        ReadState::open_mapped(snapshot)?
    } else {
        ReadState::from_snapshot(&super::context::open(snapshot)?)?
    };
    let ordinal = if *index {
        UniqueKey::build(&state, "Movie")?.find_long(&state, d1::id(*movie))
    } else {
        Ordinal::new(*movie)
    };
    let (movies, [title]) = super::context::object(&state, "Movie", ["title"])?;
    let (strings, [value]) = super::context::object(&state, "String", ["value"])?;
    let text = ordinal
        .and_then(|movie| movies.reference(movie, title))
        .and_then(|string| strings.text(string, value));
    Ok(text.context("the movie has a title")?.to_str().into_owned())
}
