//! `hollow dump`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::write;
use crate::source;

#[derive(clap::Args)]
pub(crate) struct DumpArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
}

/// All records of a state as JSON.
pub(crate) fn run(args: &DumpArgs) -> Result<Answer, Failure> {
    let state = source::state(&args.state)?;
    write(|out| hollow::tools::dump::write_json(&state, out))
}
