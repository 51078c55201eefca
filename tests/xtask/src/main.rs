//! The command line of the repository's jobs; see the library of this package for what they do.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use xtask::kafka::{self, Kafka, StartOptions};
use xtask::{bench, ci, deps, interop, kills, prove, steps, test_run, tidy};

/// Jobs of this repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Job {
    /// Run all tests, with a real Kafka where there is Java, a real S3 server and PostgreSQL where there is pip, and sum them up
    Test {
        /// Only tests whose name contains this
        filter: Option<String>,
        /// Fail when Cargo.lock is not up to date
        #[arg(long)]
        locked: bool,
    },
    /// Run what must pass before a change lands: formatting, lints, documentation, dependencies, tests
    Ci,
    /// Check the repository's own rules for its files
    Tidy,
    /// Check licences, banned crates and sources of the dependencies
    Deps,
    /// Let Java Hollow and this library extend chains of versions in turns, and compare all they see (needs Java 17, Maven)
    Interop(interop::Options),
    /// Measure the operations of this library, side by side with Java Hollow's (which needs Java 17, Maven)
    Bench(bench::Options),
    /// Race readers against refreshes for a minute, and run the tests of states under sanitizers and Miri (which need nightly)
    Prove(prove::Options),
    /// Kill producers on a real Kafka and a real S3 server, ten thousand times unless told otherwise (needs Java 17, pip)
    Kills(kills::Options),
    /// Start and stop a real Kafka (needs Java 17 or newer, and Maven the first time)
    #[command(subcommand)]
    Kafka(KafkaJob),
}

#[derive(Subcommand)]
enum KafkaJob {
    /// Start brokers on 127.0.0.1 that go on when this command ends, and print their addresses
    Start {
        /// 1 or 3
        #[arg(long, default_value_t = 1)]
        brokers: u16,
        /// Port of the first broker, the others follow; 0: the ones it had before, or any free ones
        #[arg(long, default_value_t = 9092)]
        port: u16,
        /// A broker setting, as `name=value`; may be given several times
        #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
        settings: Vec<(String, String)>,
        #[command(flatten)]
        place: Place,
    },
    /// Stop the brokers; their data stays
    Stop {
        #[command(flatten)]
        place: Place,
    },
    /// Show whether the brokers run and answer; fails when one does not
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Stop the brokers and delete their data
    Wipe {
        #[command(flatten)]
        place: Place,
    },
    /// Fetch the jars, so that a later start needs no network
    Fetch,
}

#[derive(clap::Args)]
struct Place {
    /// Folder of the brokers [default: kafka/default in the target folder]
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Place {
    fn dir(self) -> PathBuf {
        self.dir.unwrap_or_else(|| kafka::named_dir("default"))
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err("expected name=value".into()),
    }
}

fn main() -> ExitCode {
    match run(Job::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does the job; false when it was done and the outcome is bad.
fn run(job: Job) -> anyhow::Result<bool> {
    match job {
        Job::Test { filter, locked } => Ok(test_run::report(&test_run::run(locked, filter.as_deref())?)),
        Job::Ci => ci::run(),
        Job::Tidy => tidy::check().map(|()| true),
        Job::Deps => deps::check().map(|()| true),
        Job::Interop(options) => interop::run(&options),
        Job::Bench(options) => bench::run(&options),
        Job::Prove(options) => prove::run(&options),
        Job::Kills(options) => kills::run(&options),
        Job::Kafka(job) => kafka_job(job),
    }
}

fn kafka_job(job: KafkaJob) -> anyhow::Result<bool> {
    match job {
        KafkaJob::Start {
            brokers,
            port,
            settings,
            place,
        } => {
            let begin = Instant::now();
            let dir = place.dir();
            let options = StartOptions {
                brokers,
                port,
                dir: Some(dir.clone()),
                properties: settings,
                ..StartOptions::default()
            };
            match Kafka::start_detached(options) {
                Ok(bootstrap) => {
                    eprintln!(
                        "Kafka answers after {}; data in {}",
                        steps::seconds(begin.elapsed()),
                        dir.display()
                    );
                    println!("{bootstrap}");
                }
                // Asked to run, it runs.
                Err(kafka::KafkaError::AlreadyRunning { bootstrap, dir }) => {
                    eprintln!("Kafka runs already; data in {}", dir.display());
                    println!("{bootstrap}");
                }
                Err(error) => return Err(error.into()),
            }
            Ok(true)
        }
        KafkaJob::Stop { place } => {
            println!("{} broker(s) stopped", kafka::stop(&place.dir())?);
            Ok(true)
        }
        KafkaJob::Status { place } => {
            let dir = place.dir();
            let brokers = kafka::status(&dir)?;
            if brokers.is_empty() {
                println!("no brokers in {}", dir.display());
            }
            for broker in &brokers {
                let state = match (broker.pid, broker.knows) {
                    (None, _) => "stopped".to_owned(),
                    (Some(pid), None) => format!("runs as process {pid}, does not answer"),
                    (Some(pid), Some(known)) => format!("answers as process {pid}, knows {known} broker(s)"),
                };
                println!("broker {} at {}: {state}", broker.broker, broker.address);
            }
            Ok(!brokers.is_empty() && brokers.iter().all(|broker| broker.knows.is_some()))
        }
        KafkaJob::Wipe { place } => {
            let wiped = kafka::wipe(&place.dir())?;
            println!(
                "{}",
                if wiped {
                    "deleted"
                } else {
                    "there was nothing to delete"
                }
            );
            Ok(true)
        }
        KafkaJob::Fetch => {
            kafka::fetch()?;
            println!("the jars are there");
            Ok(true)
        }
    }
}
