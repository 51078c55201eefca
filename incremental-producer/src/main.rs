//! Folds record updates from Kafka into datasets. See the library for how.

use clap::Parser;
use incremental_producer::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(cli::Arguments::parse())
}
