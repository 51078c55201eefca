//! The benchmark: operations on synthetic data sets, done by this library and by Java Hollow, in one table.
//!
//! `cargo xtask bench` runs it, and with `--folding` the one of the incremental producer. Our side alone, to measure a change: `cargo run --release -p bench -- ours R4 --n 1000000`.

mod chain;
mod compare;
mod data;
mod fold;
mod machine;
mod measure;
mod memory;
mod ours;
mod populate;
mod promises;
mod rows;
mod scale;
mod serve;
mod side;
mod summary;
mod table;

use clap::Parser;
use std::process::ExitCode;

/// Operations of the benchmark.
#[derive(Parser)]
#[command(name = "bench")]
enum Job {
    /// Measure both sides in turns, print and save the table
    Run(compare::Options),
    /// Do what the lines of the standard input say
    Serve,
    /// Load a snapshot, print the title of a movie
    FirstQuery(rows::start::Options),
    /// Measure the incremental producer on a real broker, print and save its tables
    Fold(fold::Options),
    /// Measure our side alone
    Ours(ours::Options),
}

/// The program. `in_use` tells the bytes in use, if the program's allocator counts them.
pub fn main(in_use: Option<fn() -> usize>) -> ExitCode {
    if let Some(in_use) = in_use {
        let _ = memory::IN_USE.set(in_use);
    }
    let outcome = match Job::parse() {
        Job::Run(options) => compare::run(&options),
        Job::Serve => serve::run().map(|()| true),
        Job::FirstQuery(options) => rows::start::run(&options).map(|()| true),
        Job::Fold(options) => fold::run(&options).map(|()| true),
        Job::Ours(options) => ours::run(&options).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
