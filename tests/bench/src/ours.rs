//! Our side alone: `bench ours R4 --n 10000000`.

use crate::measure::Sample;
use crate::rows::{self, Context, Outcome, Row};
use crate::scale::{Scale, ScaleName};
use crate::summary::Summary;
use crate::table;
use std::path::PathBuf;

/// What to run of our side.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Rows, as `R4`, `R4-index`, `R4-index-1%` or `L1/D2`; all if none is named
    rows: Vec<String>,
    /// Sizes of the data sets
    #[arg(long, value_enum, default_value = "small")]
    scale: ScaleName,
    /// Top-level records of every data set, instead
    #[arg(long)]
    n: Option<u32>,
    /// Repetitions that count
    #[arg(long)]
    reps: Option<u32>,
    /// Where blobs are kept
    #[arg(long, default_value = "target/bench/data")]
    dir: PathBuf,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut scale = Scale::of(options.scale);
    if let Some(n) = options.n {
        scale = scale.with_n(n);
    }
    // Nothing compiles while it runs.
    scale.warm_up = 1;
    let mut context: Option<(Row, Context)> = None;
    println!(
        "{:<34} {:>14} {:>14} {:>14} {:>14}",
        "row", "median, CPU", "min", "max", "median, wall"
    );
    for mut row in rows::chosen(&scale, &options.rows)? {
        if let Some(reps) = options.reps {
            row.repetitions = reps;
        }
        let same = |other: &Row| (other.group, other.data, other.n) == (row.group, row.data, row.n);
        if !context.as_ref().is_some_and(|(other, _)| same(other)) {
            drop(context.take()); // the old one goes before the new one comes
        }
        let (_, context) =
            context.get_or_insert_with(|| (row.clone(), Context::new(row.data, row.n, scale.lookups, &options.dir)));
        match repetitions(context, &row)? {
            Ok(samples) => print(&row, &samples),
            Err(why) => println!("{:<34} {why}", row.key()),
        }
    }
    Ok(())
}

/// The samples of a row, without those of warming up; or why there are none.
fn repetitions(context: &mut Context, row: &Row) -> anyhow::Result<Result<Vec<Sample>, &'static str>> {
    let mut samples = Vec::new();
    for repetition in 0..row.warm_up + row.repetitions {
        match (row.run)(context, row, repetition)? {
            Outcome::Done(sample) if repetition >= row.warm_up => samples.push(sample),
            Outcome::Done(_) => {}
            Outcome::NotThere(why) => return Ok(Err(why)),
        }
    }
    Ok(Ok(samples))
}

fn print(row: &Row, samples: &[Sample]) {
    let Some(found) = Summary::of(row.unit, samples) else {
        return;
    };
    let number = |value| table::number(row.unit, value);
    println!(
        "{:<34} {:>14} {:>14} {:>14} {:>14}",
        row.key(),
        number(found.median),
        number(found.min),
        number(found.max),
        number(found.wall),
    );
}
