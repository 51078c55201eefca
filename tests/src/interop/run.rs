//! Many chains, on several JVMs.

use super::chain;
use super::java::Jvm;
use super::report::Report;
use super::whole;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What to run, and with what.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The seeds of the chains.
    pub seeds: Vec<u64>,
    /// How many chains may fail before no new ones begin.
    pub most_failures: usize,
    /// How many chains at a time, each with a JVM of its own.
    pub jobs: usize,
    /// Where to leave the directory of a chain that fails.
    pub keep: Option<PathBuf>,
    /// The `java` to start.
    pub java: OsString,
    /// Its class path.
    pub classpath: OsString,
    /// Its main class.
    pub main: String,
    /// Print how far it is, on standard error.
    pub progress: bool,
}

/// A chain on which the two sides disagree.
#[derive(Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What they disagree on.
    pub error: anyhow::Error,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seed = self.seed;
        writeln!(f, "seed {seed}: {:#}", self.error)?;
        write!(f, "again with: cargo xtask interop --seeds {seed} --keep DIR")
    }
}

/// Seeds that failed once, by a fault of this library or of these runs: they are run with every change.
pub const ONCE_FAILED: &[u64] = &[
    493,  // `HollowProducer` finds nothing changed in its first cycle
    966,  // the type behind a hash key is in an optional part that a reader leaves out
    986,  // the same for a map
    1758, // a field is gone in which the keys of a map differed
    1902, // consumers go back over a change of the shards of a type that has empty sets only
    7993, // two records of the version before have one key, none of those that are to be
    9850, // all that a filter leaves of a type is a field that is removed
];

/// Runs the chains.
///
/// # Errors
/// When Java does not start.
pub fn run(settings: &Settings) -> Result<(Report, Vec<Failure>)> {
    let begin = Instant::now();
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let outcome: Mutex<(Report, Vec<Failure>)> = Mutex::default();
    let work = || -> Result<()> {
        let mut jvm = Jvm::start(&settings.java, &settings.classpath, &settings.main)?;
        let version = jvm.ask("versions").context("the Java program")?;
        let mut total = Report::default();
        total.java_version = version;
        let mut last_told = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let begun = next.fetch_add(1, Ordering::Relaxed);
            let Some(&seed) = settings.seeds.get(begun) else { break };
            match one(settings, seed, &mut jvm) {
                Ok(report) => {
                    if report.ended_early > 0 {
                        jvm = Jvm::start(&settings.java, &settings.classpath, &settings.main)?;
                    }
                    total.add(report);
                }
                Err(error) => {
                    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                    let failure = Failure { seed, error };
                    if settings.progress {
                        eprintln!("{failure}");
                    }
                    outcome.1.push(failure);
                    if outcome.1.len() >= settings.most_failures {
                        stop.store(true, Ordering::Relaxed);
                    }
                    // Answers may be under way, or it may be gone.
                    jvm = Jvm::start(&settings.java, &settings.classpath, &settings.main)?;
                }
            }
            if settings.progress && last_told.elapsed() > Duration::from_secs(10) {
                last_told = Instant::now();
                let (done, all) = (begun + 1, settings.seeds.len());
                eprintln!("{done} of {all} chains after {:.0} s", begin.elapsed().as_secs_f64());
            }
        }
        for time in jvm.ask("times")?.split_whitespace() {
            if let Some((command, millis)) = time.split_once('=') {
                *total.java_millis.entry(command.to_owned()).or_default() += millis.parse::<u64>().unwrap_or_default();
            }
        }
        outcome.lock().unwrap_or_else(PoisonError::into_inner).0.add(total);
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..settings.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        let results = threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        results.collect::<Result<Vec<()>>>()
    })?;
    let (mut report, mut failures) = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.took = begin.elapsed();
    failures.sort_by_key(|failure| failure.seed);
    Ok((report, failures))
}

fn one(settings: &Settings, seed: u64, jvm: &mut Jvm) -> Result<Report> {
    let directory = tempfile::tempdir()?;
    let mut outcome = chain::run(seed, jvm, directory.path());
    if let Ok(report) = &mut outcome
        && seed % 10 == 3
        && report.ended_early == 0
    {
        outcome = whole::run(seed, jvm, directory.path()).map(|whole| {
            let mut report = std::mem::take(report);
            report.add(whole);
            report
        });
    }
    if let (Err(_), Some(keep)) = (&outcome, &settings.keep) {
        let target = keep.join(format!("seed-{seed}"));
        std::fs::create_dir_all(keep)?;
        let kept = directory.keep();
        if std::fs::rename(&kept, &target).is_err() {
            eprintln!("the chain of seed {seed} is left in {}", kept.display());
        }
    }
    outcome
}
