//! `hollow checksum`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::{print_json, write};
use crate::source;
use hollow::tools::checksum::Checksums;
use serde_json::json;
use std::io::Write;

#[derive(clap::Args)]
pub(crate) struct ChecksumArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
}

/// `TOTAL n` and `TYPE name n` lines.
pub(crate) fn run(args: &ChecksumArgs) -> Result<Answer, Failure> {
    let state = source::state(&args.state)?;
    let sums = Checksums::of(&state);
    if args.state.store.json {
        return print_json(&json!({
            "schema": 1,
            "version": state.version(),
            "total": sums.total,
            "types": sums.types,
        }));
    }
    write(|out| write!(out, "{sums}"))
}
