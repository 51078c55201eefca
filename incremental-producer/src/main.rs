//! Folds record updates from Kafka into datasets. See the library for how.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(cli::Arguments::parse())
}
