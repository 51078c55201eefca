//! A run: both sides do the same operations in turns, and what they find is compared.

use crate::data::published::PUBLISHED;
use crate::machine::Machine;
use crate::measure::Sample;
use crate::rows::{self, Group, Row, Unit};
use crate::scale::{Scale, ScaleName};
use crate::side::{Answer, Side};
use crate::summary::Summary;
use crate::table;
use anyhow::Context as _;
use serde::Serialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What to run, against what.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The `java` to run Java Hollow with; without it our side runs alone
    #[arg(long, requires = "classpath")]
    java: Option<OsString>,
    /// Where the program over Java Hollow and its jars are
    #[arg(long)]
    classpath: Option<OsString>,
    /// Sizes of the data sets
    #[arg(long, value_enum, default_value = "small")]
    scale: ScaleName,
    /// Rows, as `R4`, `R4-index`, `R4-index-1%` or `L1/D2`, between commas; all if none is named
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Where blobs are kept
    #[arg(long, default_value = "target/bench/data")]
    dir: PathBuf,
    /// Where the table is saved, as Markdown and JSON
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Put the table between the markers of this document
    #[arg(long)]
    readme: Option<PathBuf>,
}

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) scale: &'static str,
    pub(crate) java_options: Vec<String>,
    /// How many rows are still to come; zero when the run is over.
    pub(crate) rows_to_come: usize,
    pub(crate) rows: Vec<Measured>,
}

/// What a row came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) data: String,
    pub(crate) n: u32,
    pub(crate) unit: Unit,
    pub(crate) target: Option<f64>,
    pub(crate) java: Option<Summary>,
    pub(crate) ours: Option<Summary>,
    /// Why there is no number of ours.
    pub(crate) problem: Option<String>,
    /// The problem is a failure, not something that is not there yet.
    pub(crate) failed: bool,
    pub(crate) java_samples: Vec<Sample>,
    pub(crate) our_samples: Vec<Sample>,
}

impl Measured {
    /// How many times better ours is.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let (java, ours) = (self.java?.median, self.ours?.median);
        let ratio = match self.unit {
            Unit::MillionPerSecond => ours / java,
            _ => java / ours,
        };
        ratio.is_finite().then_some(ratio)
    }
}

/// Runs the rows, prints and saves the table. False if a row failed.
///
/// What is there is saved after every row: a run that is stopped leaves its finished rows.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    let scale = Scale::of(options.scale);
    let chosen = rows::chosen(&scale, &options.only)?;
    // The other process runs elsewhere.
    let dir = std::path::absolute(&options.dir)?;
    let mut machine = Machine::here();
    check(&mut Side::start("ours", &mut ours(Group::Write)?)?)?;
    let java = Java::of(options, &machine);
    if let Some(java) = &java {
        java.check(&mut machine)?;
    }
    let mut report = Report {
        machine,
        scale: scale.name,
        java_options: java.as_ref().map(|java| java.options.clone()).unwrap_or_default(),
        rows_to_come: chosen.len(),
        rows: Vec::new(),
    };
    // Rows that share processes one after the other, whatever their order in the table.
    let mut order: Vec<usize> = (0..chosen.len()).collect();
    order.sort_by_key(|&at| chosen[at].processes());
    let mut results: Vec<Option<Measured>> = chosen.iter().map(|_| None).collect();
    let mut pair: Option<Pair<'_>> = None;
    for at in order {
        let row = &chosen[at];
        if pair.as_ref().is_none_or(|pair| pair.serves != row.processes()) {
            drop(pair.take()); // the old ones end before the new ones start
        }
        let pair = pair.get_or_insert_with(|| Pair::new(row, java.as_ref()));
        let measured = pair.measure(row, &scale, &dir);
        eprintln!("{}", progress(&measured));
        results[at] = Some(measured);
        report.rows = results.iter().flatten().cloned().collect();
        report.rows_to_come -= 1;
        peers_agree(&mut report.rows);
        save(&options.out, &report)?;
    }
    publish(options, &report)?;
    Ok(report.rows.iter().all(|row| !row.failed))
}

/// Whatever keeps the records, the same is found in them.
fn peers_agree(rows: &mut [Measured]) {
    let operation = |row: &Measured| row.id.split('-').next().map(str::to_owned);
    for at in 1..rows.len() {
        let (earlier, rest) = rows.split_at_mut(at);
        let row = &mut rest[0];
        let other = earlier
            .iter()
            .find(|other| row.id.starts_with('P') && operation(other) == operation(row));
        let (Some(other), Some(mine)) = (
            other.and_then(|other| other.our_samples.first()),
            row.our_samples.first(),
        ) else {
            continue;
        };
        if other.check != mine.check {
            row.problem = Some(format!(
                "FAILED: the results differ, others={} here={}",
                other.check, mine.check
            ));
            row.failed = true;
        }
    }
}

fn progress(row: &Measured) -> String {
    let name = format!("{}/{}/{}", row.id, row.data, row.n);
    let side =
        |summary: Option<Summary>| summary.map_or("-".to_owned(), |summary| table::number(row.unit, summary.median));
    let ratio = row.ratio().map(|ratio| format!(", {} times", table::digits(ratio)));
    match &row.problem {
        Some(problem) => format!("{name}: {problem}"),
        None => format!(
            "{name}: Java {}, ours {}{}",
            side(row.java),
            side(row.ours),
            ratio.unwrap_or_default()
        ),
    }
}

/// The name of the files of a report, without extension. One of a run that goes on does not replace that of one which is over.
fn file_name(report: &Report) -> String {
    match report.rows_to_come {
        0 => report.machine.date.clone(),
        _ => format!("{}-unfinished", report.machine.date),
    }
}

/// Writes the table as it is now.
fn save(out: &Path, report: &Report) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("creating {}", out.display()))?;
    let texts = [
        ("json", serde_json::to_string_pretty(report)?),
        ("md", table::markdown(report)),
    ];
    for (extension, text) in texts {
        // Whole or not at all: the run may be stopped at any moment.
        let file = out.join(format!("{}.{extension}", file_name(report)));
        let new = file.with_extension("new");
        std::fs::write(&new, text)
            .and_then(|()| std::fs::rename(&new, &file))
            .with_context(|| format!("writing {}", file.display()))?;
        if report.rows_to_come == 0 {
            // There is none if the run had only one row.
            let _ = std::fs::remove_file(out.join(format!("{}-unfinished.{extension}", report.machine.date)));
        }
    }
    Ok(())
}

/// Prints the table of a run that is over, and puts it where it was asked for.
fn publish(options: &Options, report: &Report) -> anyhow::Result<()> {
    let markdown = table::markdown(report);
    if let Some(readme) = &options.readme {
        let document = std::fs::read_to_string(readme).with_context(|| format!("reading {}", readme.display()))?;
        let document =
            table::insert(&document, table::MARKERS, &markdown).with_context(|| readme.display().to_string())?;
        std::fs::write(readme, document).with_context(|| format!("writing {}", readme.display()))?;
    }
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(report)?),
        false => println!("{markdown}"),
    }
    Ok(())
}

/// How Java Hollow is run.
struct Java<'a> {
    program: &'a OsString,
    classpath: &'a OsString,
    options: Vec<String>,
}

impl<'a> Java<'a> {
    const MAIN: &'static str = "bench.Main";

    fn of(options: &'a Options, machine: &Machine) -> Option<Self> {
        // At most half of the memory: the other side needs some as well.
        let gib = (machine.memory_gib / 2).clamp(1, 12);
        Some(Self {
            program: options.java.as_ref()?,
            classpath: options.classpath.as_ref()?,
            options: vec![format!("-Xmx{gib}g"), "-XX:+UseG1GC".to_owned()],
        })
    }

    fn start(&self) -> anyhow::Result<Side> {
        let mut command = Command::new(self.program);
        command
            .args(&self.options)
            .arg("-cp")
            .arg(self.classpath)
            .arg(Self::MAIN);
        Side::start("Java", &mut command)
    }

    /// What it is, and whether its data sets are the published ones.
    fn check(&self, machine: &mut Machine) -> anyhow::Result<()> {
        let mut side = self.start()?;
        let versions = side.ask(&["versions"])?;
        let (hollow, java) = versions.split_once('\t').context("versions are two words")?;
        (machine.java_hollow, machine.java) = (hollow.to_owned(), java.to_owned());
        check(&mut side)
    }
}

/// Nothing is timed before a side has shown that its data sets are the published ones.
fn check(side: &mut Side) -> anyhow::Result<()> {
    for published in PUBLISHED.iter().filter(|published| published.n == 1000) {
        let words = [
            published.data.to_string(),
            published.n.to_string(),
            published.version.to_string(),
        ];
        let answer = side.ask(&["check", &words[0], &words[1], &words[2]])?;
        let found: Vec<&str> = answer.split(' ').collect();
        let good = match found[..] {
            [hash, bytes, adds] => published.is(u64::from_str_radix(hash, 16)?, bytes.parse()?, adds.parse()?),
            _ => false,
        };
        anyhow::ensure!(
            good,
            "a data set is not the published one: {published:?}, found: {answer}"
        );
    }
    Ok(())
}

/// The two processes that do the rows of a group.
struct Pair<'a> {
    serves: (Group, crate::data::Data, u32),
    java: Option<&'a Java<'a>>,
    running: Option<(Side, Option<Side>)>,
}

impl<'a> Pair<'a> {
    fn new(row: &Row, java: Option<&'a Java<'a>>) -> Self {
        Self {
            serves: row.processes(),
            java,
            running: None,
        }
    }

    fn start(&self, row: &Row, scale: &Scale, dir: &Path) -> anyhow::Result<(Side, Option<Side>)> {
        let mut ours = Side::start("ours", &mut ours(row.group)?)?;
        ours.begin(row.data, row.n, scale.lookups, dir)?;
        let mut java = match (self.java, row.group.has_java()) {
            (Some(java), true) => Some(java.start()?),
            _ => None,
        };
        if let Some(java) = &mut java {
            java.begin(row.data, row.n, scale.lookups, dir)?;
        }
        Ok((ours, java))
    }

    fn measure(&mut self, row: &Row, scale: &Scale, dir: &Path) -> Measured {
        let mut measured = Measured {
            id: row.id.clone(),
            title: row.title.clone(),
            data: row.data.to_string(),
            n: row.n,
            unit: row.unit,
            target: row.target,
            java: None,
            ours: None,
            problem: None,
            failed: false,
            java_samples: Vec::new(),
            our_samples: Vec::new(),
        };
        if let Err(error) = self.repeat(row, scale, dir, &mut measured) {
            measured.problem = Some(format!("FAILED: {error:#}"));
            measured.failed = true;
            // Whatever state they are in, the next row begins with new ones.
            self.running = None;
        }
        measured.java = Summary::of(row.unit, &measured.java_samples);
        measured.ours = Summary::of(row.unit, &measured.our_samples);
        measured
    }

    /// Java, ours, Java, ours: noise of the machine hits both.
    fn repeat(&mut self, row: &Row, scale: &Scale, dir: &Path, measured: &mut Measured) -> anyhow::Result<()> {
        let (ours, java) = match self.running.take() {
            Some(running) => self.running.insert(running),
            None => {
                let started = self.start(row, scale, dir)?;
                self.running.insert(started)
            }
        };
        for repetition in 0..row.warm_up + row.repetitions {
            let counts = repetition >= row.warm_up;
            // First ours: it makes the blobs that both read.
            let our_answer = ours.run(&row.id, repetition, row.param)?;
            let java_answer = match java {
                Some(java) => Some(java.run(&row.id, repetition, row.param)?),
                None => None,
            };
            if let (Answer::Done(ours), Some(Answer::Done(java))) = (&our_answer, &java_answer) {
                anyhow::ensure!(
                    ours.check == java.check,
                    "the results differ, java={} ours={}",
                    java.check,
                    ours.check
                );
            }
            match our_answer {
                Answer::Done(sample) if counts => measured.our_samples.push(sample),
                Answer::Done(_) => {}
                Answer::None(why) => measured.problem = Some(why),
            }
            match java_answer {
                Some(Answer::Done(sample)) if counts => measured.java_samples.push(sample),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The program of our side that does the rows of a group: it lies beside this one.
fn ours(group: Group) -> anyhow::Result<Command> {
    let this = std::env::current_exe().context("finding this program")?;
    let name = if group.counts() { "bench-memory" } else { "bench" };
    let program = this
        .with_file_name(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    let mut command = Command::new(program);
    command.arg("serve");
    Ok(command)
}
