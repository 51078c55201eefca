//! `hollow dump`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::write;
use crate::source;
use hollow::tools::text::{lossless, records};

#[derive(clap::Args)]
pub(crate) struct DumpArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// One line for each record, with ordinals, buckets and bits: `hollow load` makes the very same state of it.
    #[arg(long, conflicts_with = "lines")]
    lossless: bool,
    /// One line for each record that no other type refers to, in readable form, with all it refers to.
    #[arg(long)]
    lines: bool,
    /// With --lines: the types to print [default: those that no other type refers to].
    #[arg(value_name = "TYPE", requires = "lines")]
    types: Vec<String>,
}

/// All records of a state as JSON.
pub(crate) fn run(args: &DumpArgs) -> Result<Answer, Failure> {
    let state = source::state(&args.state)?;
    for name in &args.types {
        source::require_type(&state, name)?;
    }
    if args.lossless {
        return write(|out| lossless::write(&state, out));
    }
    if args.lines {
        let types = match args.types.is_empty() {
            true => records::roots(state.dataset()),
            false => args.types.iter().map(String::as_str).collect(),
        };
        return write(|out| records::write(&state, &types, out));
    }
    write(|out| hollow::tools::dump::write_json(&state, out))
}
