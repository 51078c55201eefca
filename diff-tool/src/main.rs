//! The differences between two states of a data set, on the command line.

use clap::Parser;
use diff_tool::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if cli.wants_json() {
                let error = serde_json::json!({
                    "error": {"code": failure.code, "message": failure.message, "hint": failure.hint},
                });
                eprintln!("{error}");
            } else {
                eprintln!("diff-tool: {}", failure.message);
                if !failure.hint.is_empty() {
                    eprintln!("{}", failure.hint);
                }
            }
            ExitCode::from(failure.code)
        }
    }
}
