//! `cargo xtask bench`: the operations of the benchmark, done by this library and by Java Hollow in turns, in one table.
//!
//! With `--folding`: the incremental producer on a real Kafka, which is started here, and what its client does without it.
//!
//! The operations are in the package `bench`. Here is what it needs from outside: the published artifact of Java Hollow,
//! fetched by Maven, and our own program over it (`tests/bench/java`), compiled with `javac`.

use std::path::PathBuf;

use crate::interop::{JavaProgram, PrepareError, prepare_project};
use crate::kafka::{Kafka, StartOptions};
use crate::steps::succeed;
use crate::workspace;

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Whom to measure beside this library
    #[arg(long, value_enum)]
    against: Option<Against>,
    /// Measure the incremental producer on a real Kafka instead, which needs Java 17 (and Maven the first time)
    #[arg(long, conflicts_with = "against")]
    folding: bool,
    /// tiny: seconds, whether everything works; small: minutes; full: the sizes of the figures to reach
    #[arg(long, default_value = "small")]
    scale: String,
    /// Rows, as `R4`, `R4-index`, `R4-index-1%` or `L1/D2`, or `F1` to `F6` of folding, between commas; all if none is named
    #[arg(long)]
    only: Option<String>,
    /// Print JSON instead of the table; both are saved in target/bench
    #[arg(long)]
    json: bool,
    /// Put the table into README.md, between its markers
    #[arg(long)]
    readme: bool,
}

/// Whom to measure beside this library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Against {
    /// Java Hollow
    Java,
}

/// The folder in `target` for tables, blobs and the Java program.
const HOME: &str = "bench";

/// The Java program of the benchmark, ready to be started.
///
/// # Errors
/// As [`prepare`](crate::interop::prepare).
pub fn prepare() -> Result<JavaProgram, PrepareError> {
    prepare_project(&workspace::root().join("tests/bench/java"), "bench")
}

/// Runs the benchmark; it prints and saves the table. False if an operation failed, or the sides found different things.
///
/// # Errors
/// When Java or Maven is missing though asked for, something does not build, or an operation fails.
pub fn run(options: &Options) -> anyhow::Result<bool> {
    let java = match options.against {
        Some(Against::Java) => Some(prepare()?),
        None => None,
    };
    succeed(workspace::cargo().args(["build", "--release", "--package", "bench"]))?;
    let kafka = match options.folding {
        true => Some(Kafka::start(broker())?),
        false => None,
    };
    let home = workspace::target_dir().join(HOME);
    let mut command = workspace::cargo();
    command.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "bench",
        "--bin",
        "bench",
        "--",
    ]);
    match &kafka {
        Some(kafka) => command.args(["fold", "--servers", kafka.bootstrap()]),
        None => command.arg("run"),
    };
    command.args(["--scale", &options.scale]);
    command.arg("--dir").arg(home.join("data")).arg("--out").arg(&home);
    if let Some(java) = &java {
        command.arg("--java").arg(&java.java);
        command.arg("--classpath").arg(&java.classpath);
    }
    if let Some(only) = &options.only {
        command.args(["--only", only]);
    }
    if options.json {
        command.arg("--json");
    }
    if options.readme {
        let readme: PathBuf = workspace::root().join("README.md");
        command.arg("--readme").arg(readme);
    }
    succeed(&mut command)?;
    Ok(true)
}

/// A broker for the benchmark: one that keeps what it is given, in files of an ordinary size. Gone when it is over.
pub fn broker() -> StartOptions {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    StartOptions {
        heap_mib: 768,
        properties: vec![
            set("log.segment.bytes", "268435456"),
            set("log.retention.ms", "-1"),
            set("log.retention.bytes", "-1"),
            set("log.retention.check.interval.ms", "300000"),
        ],
        ..StartOptions::default()
    }
}
