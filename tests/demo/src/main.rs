//! The whole pipeline in one process: sources, Kafka, incremental producers, two gatekeepers, a web page.
//!
//! ```text
//! sources ─► Kafka ─► incremental producers ─► stores ─► gatekeeper PROD ─► liveness ─┬─► web page
//!                                                └─────► gatekeeper PREPROD ─────────┘   summary
//! ```

#![allow(unreachable_pub, reason = "a program has no public interface")]

mod board;
mod broker;
mod directory;
mod freshness;
mod gatekeepers;
mod options;
mod page;
mod producers;
mod run;
mod sources;
mod summary;
mod verify;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = options::Options::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off")),
        )
        .with_writer(std::io::stderr)
        .init();
    match run::run(&options) {
        Ok(summary) => {
            if options.json {
                println!("{}", summary.to_json());
            } else {
                print!("{summary}");
            }
            if summary.is_good() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(1)
            }
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(5)
        }
    }
}
