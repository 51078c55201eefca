//! Chains that Java Hollow and this library extend in turns; started by `cargo xtask interop`, which provides the Java program.

use clap::Parser;
use std::ffi::OsString;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use tests::interop::{Settings, readme, run};

#[derive(Parser)]
struct Options {
    /// The `java` to start
    #[arg(long)]
    java: OsString,
    /// Class path of the Java program
    #[arg(long)]
    classpath: OsString,
    /// Its main class
    #[arg(long, default_value = "interop.Main")]
    main: String,
    /// Seeds of the chains: single ones and `FROM..TO` without TO, between commas
    #[arg(long, value_delimiter = ',', value_parser = seeds, default_value = "0..300")]
    seeds: Vec<Range<u64>>,
    /// How many chains may fail before no new ones begin
    #[arg(long, default_value_t = 50)]
    most_failures: usize,
    /// How many chains at a time, each with a JVM
    #[arg(long)]
    jobs: Option<usize>,
    /// Leave the directory of a failing chain in this folder
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Write the table into this file, between its two comments
    #[arg(long)]
    readme: Option<PathBuf>,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text}: {error}"));
    match text.split_once("..") {
        Some((from, to)) => Ok(number(from)?..number(to)?),
        None => number(text).map(|seed| seed..seed + 1),
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let seeds: Vec<u64> = options.seeds.into_iter().flatten().collect();
    let all = seeds.len();
    let (report, failures) = run(&Settings {
        seeds,
        most_failures: options.most_failures,
        jobs: options.jobs.unwrap_or(cores.min(4)),
        keep: options.keep,
        java: options.java,
        classpath: options.classpath,
        main: options.main,
        progress: true,
    })?;
    println!("{report}");
    // Each was told when it happened; here they are together.
    for failure in &failures {
        println!("{failure}");
    }
    let chains = report.chains + failures.len();
    if chains < all {
        println!("ended before all {all} chains had begun");
    }
    println!("{chains} chains, {} failures", failures.len());
    if let (Some(readme), true) = (&options.readme, failures.is_empty()) {
        let text = std::fs::read_to_string(readme)?;
        std::fs::write(readme, readme::with(&text, &report)?)?;
    }
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
