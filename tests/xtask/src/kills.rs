//! `cargo xtask kills`: the test that kills producers, for as long as one likes.

use std::process::Command;

use crate::steps;
use crate::workspace;

/// How long, and which.
#[derive(clap::Args)]
pub struct Options {
    /// How many kills; the tests of a change do 320
    #[arg(long, default_value_t = 10_000)]
    n: u64,
    /// What decides order and moments; a run that fails says with which it can be seen again
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs it. Returns whether it went well.
///
/// # Errors
/// When cargo does not start, or the test fails: it has said why.
pub fn run(options: &Options) -> anyhow::Result<bool> {
    steps::succeed(&mut command(options)).map(|()| true)
}

fn command(options: &Options) -> Command {
    let mut command = workspace::cargo();
    command
        .args(["test", "-p", "tests", "--test", "kills", "--"])
        .args([
            "--exact",
            "kills::killed_anywhere_it_goes_on_exactly_once",
            "--nocapture",
        ])
        .env("KILLS", options.n.to_string());
    if let Some(seed) = options.seed {
        command.env("KILLS_SEED", seed.to_string());
    }
    command
}
