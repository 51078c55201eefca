//! The incremental producer as tests run it: the same program, built with moments to die at
//! (`incremental_producer::crash_points`) because the tests of this package ask for them.

use clap::Parser;
use incremental_producer::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(cli::Arguments::parse())
}
