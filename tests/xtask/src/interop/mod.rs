//! `cargo xtask interop`: chains of versions that Java Hollow and this repository extend in turns.
//!
//! What is tested, and how, is in the package `tests` (`tests::interop`). Here is what it needs from outside: the published
//! artifact of Java Hollow, fetched by Maven, and our own small program over it (`tests/interop`), compiled with `javac`.

mod program;

pub use program::{JavaProgram, PrepareError, prepare, prepare_project};

use crate::steps::succeed;
use crate::workspace;

/// What to run.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Seeds of the chains, single ones and `FROM..TO` without TO, between commas [default: 0..300]
    #[arg(long, value_name = "A..B")]
    seeds: Option<String>,
    /// 10,000 chains
    #[arg(long, conflicts_with = "seeds")]
    long: bool,
    /// Write what the run came to into README.md
    #[arg(long, conflicts_with_all = ["seeds", "long"])]
    table: bool,
    /// How many chains at a time, each with a JVM [default: one per core, at most 4]
    #[arg(long)]
    jobs: Option<usize>,
    /// Leave the store of a failing chain in this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<std::path::PathBuf>,
}

/// Runs the chains; they print what they came to.
///
/// # Errors
/// When Java or Maven is missing, something does not build, or a chain fails.
pub fn run(options: &Options) -> anyhow::Result<bool> {
    let java = prepare()?;
    let mut command = workspace::cargo();
    command.args(["run", "--release", "--package", "tests", "--bin", "interop", "--"]);
    command
        .arg("--java")
        .arg(&java.java)
        .arg("--classpath")
        .arg(&java.classpath);
    let seeds = match (&options.seeds, options.long) {
        (Some(seeds), _) => seeds.clone(),
        (None, true) => "0..10000".into(),
        (None, false) => "0..300".into(),
    };
    command.args(["--seeds", &seeds]);
    if let Some(jobs) = options.jobs {
        command.args(["--jobs", &jobs.to_string()]);
    }
    if options.table {
        command.arg("--readme").arg(workspace::root().join("README.md"));
    }
    if let Some(keep) = &options.keep {
        // The other program runs in the root folder.
        command.arg("--keep").arg(std::path::absolute(keep)?);
    }
    succeed(&mut command)?;
    Ok(true)
}
