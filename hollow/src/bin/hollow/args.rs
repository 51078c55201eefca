//! Arguments that several commands have.

use clap::{Args, ValueEnum};
use hollow::Version;
use hollow::store::route::Preference;
use std::path::PathBuf;

/// Where to look.
#[derive(Args)]
pub(crate) struct StoreArgs {
    /// Directory of the store; also one in the layout of Java Hollow.
    #[arg(long, env = "HOLLOW_STORE", value_name = "DIR")]
    pub(crate) store: PathBuf,
    /// Prints JSON, and errors as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which state to look at.
#[derive(Args)]
pub(crate) struct StateArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// The version [default: the announced one].
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<Version>,
    /// How to get there [default: the cheapest way].
    #[arg(long)]
    pub(crate) route: Option<RouteArg>,
}

/// How to get to a state.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RouteArg {
    /// The version's own snapshot.
    Snapshot,
    /// The earliest snapshot, then deltas forward.
    Deltas,
    /// The latest snapshot, then reverse deltas.
    Reverse,
}

impl From<RouteArg> for Preference {
    fn from(route: RouteArg) -> Self {
        match route {
            RouteArg::Snapshot => Preference::Snapshot,
            RouteArg::Deltas => Preference::Deltas,
            RouteArg::Reverse => Preference::Reverse,
        }
    }
}
