//! Arguments that several commands have.

use clap::{Args, ValueEnum};
use hollow::Version;
use hollow::store::route::Preference;
use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

/// Where to look.
#[derive(Args)]
pub(crate) struct StoreArgs {
    /// The store: a directory, also one in the layout of Java Hollow; or s3://bucket/prefix?options (if built with it).
    #[arg(long, env = "HOLLOW_STORE", value_name = "STORE")]
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

/// A further state beside that of `--store`: `STORE`, or `STORE@VERSION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceArg {
    pub(crate) directory: PathBuf,
    /// The announced one if there is none.
    pub(crate) version: Option<Version>,
}

impl FromStr for SourceArg {
    type Err = Infallible;

    /// What stands behind the last `@` is a version if it is a number: names of directories may have the sign, too.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let versioned = text
            .rsplit_once('@')
            .and_then(|(directory, version)| Some((directory, version.parse().ok()?)));
        let (directory, version) = match versioned {
            Some((directory, version)) => (directory, Some(version)),
            None => (text, None),
        };
        Ok(Self {
            directory: PathBuf::from(directory),
            version,
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_behind_the_last_at() {
        let parsed = |text: &str| {
            let Ok(source) = text.parse::<SourceArg>();
            (
                source.directory.display().to_string(),
                source.version.map(|version| version.0),
            )
        };
        assert_eq!(parsed("a/b"), ("a/b".to_owned(), None));
        assert_eq!(parsed("a/b@17"), ("a/b".to_owned(), Some(17)));
        assert_eq!(parsed("a@1/b"), ("a@1/b".to_owned(), None));
        assert_eq!(parsed("a@1@17"), ("a@1".to_owned(), Some(17)));
        assert_eq!(parsed("me@home"), ("me@home".to_owned(), None));
        let bucket = "s3://bucket/prefix?endpoint=https://host:1";
        assert_eq!(parsed(&format!("{bucket}@17")), (bucket.to_owned(), Some(17)));
    }
}
