//! `cargo xtask prove`: what takes too long for every change. Readers race refreshes for a minute, and the tests of states
//! and indexes run once more where a wrong look into memory, or one without order between threads, ends the process.
//!
//! | part | what runs | needs |
//! |---|---|---|
//! | `stress` | readers against refreshes, with every figure printed | nothing |
//! | `address` | random histories, indexes, held states, readers, under AddressSanitizer, with leaks looked for at the end | nightly |
//! | `thread` | readers against refreshes, writers side by side, under ThreadSanitizer, with a standard library built for it | nightly, rust-src |
//! | `miri` | packing and reading of pages, as the language defines it, by an interpreter | nightly, miri |
//!
//! Each part is built in a folder of its own in `target/prove`, so that other builds are not disturbed.

#[cfg(test)]
mod tests;
mod toolchain;

use crate::steps::{Steps, seconds};
use crate::test_run::{self, summary::Summary};
use crate::workspace;
use std::process::Command;
use std::time::Instant;
use toolchain::Toolchain;

/// What to prove.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// How long readers race refreshes; a third of it under a sanitizer
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Parts, between commas; all if none is named
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// The nightly toolchain, as rustup calls it
    #[arg(long, default_value = "nightly")]
    toolchain: String,
}

/// A part of the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Readers race refreshes
    Stress,
    /// AddressSanitizer
    Address,
    /// ThreadSanitizer
    Thread,
    /// Miri
    Miri,
}

/// How long readers race, for tests that do.
const SECONDS: &str = "HOLLOW_STRESS_SECONDS";

/// Tests in which readers race refreshes.
const RACES: [&str; 2] = ["read_stress", "consumer_stress"];
/// Tests of random histories, for AddressSanitizer.
const HISTORIES: [&str; 4] = ["read_histories", "read_held", "index", "write_properties"];
/// Tests in which threads share what is no state, for ThreadSanitizer.
const THREADS: [&str; 1] = ["write_parallel"];
/// Unit tests for Miri: those of packing and unpacking, which touch neither files nor anything foreign.
const PURE: [&str; 9] = [
    "memory::tests::",
    "read::tests::slots_have_places",
    "read::tests::object_pages_hold_what_was_packed",
    "read::tests::pages_made_anew_hold_what_their_blocks_held",
    "read::tests::patched_pages_hold_what_stays_and_what_is_new",
    "read::tests::collection_pages_hold_what_was_packed",
    "read::tests::tables_share_what_is_not_replaced",
    "read::tests::values_that_cannot_be_are_refused",
    "read::tests::fields_that_are_null_throughout_take_no_room",
];

impl Part {
    const ALL: [Part; 4] = [Part::Stress, Part::Address, Part::Thread, Part::Miri];

    fn name(self) -> &'static str {
        match self {
            Part::Stress => "readers race refreshes",
            Part::Address => "AddressSanitizer",
            Part::Thread => "ThreadSanitizer",
            Part::Miri => "Miri",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Part::Stress => "stress",
            Part::Address => "address",
            Part::Thread => "thread",
            Part::Miri => "miri",
        }
    }

    /// What of the toolchain it needs beside the compiler.
    fn component(self) -> Option<&'static str> {
        match self {
            Part::Stress | Part::Address => None,
            Part::Thread => Some("rust-src"),
            Part::Miri => Some("miri"),
        }
    }

    /// The cargo command: everything up to the names of tests.
    fn command(self, toolchain: Option<&Toolchain>, seconds: u64) -> Command {
        let Some(toolchain) = toolchain else {
            // The compiler and the folder of all other tests.
            let mut command = workspace::cargo();
            command.args(["test", "--package", "hollow"]);
            RACES.iter().for_each(|test| _ = command.args(["--test", test]));
            command.env(SECONDS, seconds.to_string());
            return command;
        };
        let mut command = toolchain.cargo();
        command.env(
            "CARGO_TARGET_DIR",
            workspace::target_dir().join("prove").join(self.folder()),
        );
        command.env(SECONDS, seconds.div_ceil(3).to_string());
        if self == Part::Miri {
            command.args(["miri", "test", "--package", "hollow", "--lib"]);
            // Proptest reads the clock and the environment.
            command.env("MIRIFLAGS", "-Zmiri-disable-isolation");
            command.env("PROPTEST_CASES", "3");
            return command;
        }
        let tests: Vec<&str> = match self {
            Part::Thread => RACES.into_iter().chain(THREADS).collect(),
            _ => RACES.into_iter().chain(HISTORIES).collect(),
        };
        // Flags are for what is tested, not for build scripts and macros: hence the target by name.
        command.args(["test", "--package", "hollow", "--target", &toolchain.host]);
        tests.iter().for_each(|test| _ = command.args(["--test", test]));
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        command.env(
            "RUSTFLAGS",
            format!("{flags} -Zsanitizer={}", self.folder()).trim_start(),
        );
        if self == Part::Thread {
            // What the standard library does between threads must be seen too.
            command.arg("-Zbuild-std");
        }
        command
    }

    /// What goes to the tests themselves.
    fn test_arguments(self) -> &'static [&'static str] {
        match self {
            Part::Miri => &PURE,
            _ => &["--show-output"],
        }
    }
}

/// Runs the parts; prints what they came to. False if one of them failed.
///
/// # Errors
/// When what a part needs is not installed; then nothing runs.
pub fn run(options: &Options) -> anyhow::Result<bool> {
    let chosen: Vec<Part> = match options.only.as_slice() {
        [] => Part::ALL.to_vec(),
        some => some.to_vec(),
    };
    let nightly = match chosen.iter().any(|part| *part != Part::Stress) {
        true => Some(Toolchain::find(&options.toolchain)?),
        false => None,
    };
    let components: Vec<&str> = chosen.iter().filter_map(|part| part.component()).collect();
    nightly.iter().try_for_each(|nightly| nightly.has(&components))?;

    let mut steps = Steps::default();
    let mut total = Summary::default();
    let mut lines = Vec::new();
    for part in chosen {
        let toolchain = nightly.as_ref().filter(|_| part != Part::Stress);
        let start = Instant::now();
        let mut summary = Summary::default();
        let good = steps.run(part.name(), || {
            let mut command = part.command(toolchain, options.seconds);
            command.arg("--no-fail-fast").arg("--").args(part.test_arguments());
            summary = test_run::pass_through(&mut command)?;
            anyhow::ensure!(summary.failed == 0, "{} failed", summary.failed);
            anyhow::ensure!(summary.passed > 0, "no test ran");
            Ok(())
        });
        if !good {
            summary.failed = summary.failed.max(1);
        }
        let figures = std::mem::take(&mut summary.figures);
        lines.push(format!("{}: {summary}, {}", part.name(), seconds(start.elapsed())));
        lines.extend(figures.into_iter().map(|figure| format!("  {figure}")));
        total.add(&summary);
    }
    println!("{}", steps.table().trim_end());
    lines.iter().for_each(|line| println!("{line}"));
    Ok(test_run::report(&total) && steps.all_good())
}
