//! Emits the changes and sweeps of PostgreSQL tables. See the library for how.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(cli::Arguments::parse())
}
