//! From a state in memory to a store that others can follow.

use crate::failure::{Answer, Failure};
use crate::output::{print_json, write};
use clap::ValueEnum;
use hollow::Version;
use hollow::producer::{CycleError, Producer};
use hollow::read::ReadState;
use hollow::schema::Dataset;
use hollow::store::{FsMirror, Store};
use hollow::tools::checksum::Checksums;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where a new state goes.
#[derive(clap::Args)]
pub(crate) struct TargetArgs {
    /// Directory for the new store; must be empty or not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// Layout of the new store.
    #[arg(long, value_enum, default_value_t)]
    layout: LayoutArg,
}

/// The layouts of directories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutArg {
    /// Blobs named by content, manifests, head.
    #[default]
    Hollow,
    /// Java Hollow's: snapshot-VERSION and announced.version.
    Java,
}

/// A state that was published.
pub(crate) struct Published {
    pub(crate) version: Version,
    pub(crate) state: ReadState,
}

impl TargetArgs {
    /// An error if there is something already.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        require_empty(&self.to)
    }

    /// Publishes a state as the first version: records, ordinals, buckets, shards and application's header tags as they
    /// are; random tag, version and Hollow's own header tags are new.
    pub(crate) fn publish(&self, state: &ReadState) -> Result<Published, Failure> {
        self.check()?;
        let store = match self.layout {
            LayoutArg::Hollow => Store::fs(&self.to)?,
            LayoutArg::Java => Store::memory(),
        };
        let published = first_version(state, &store)?;
        if self.layout == LayoutArg::Java {
            FsMirror::open(&self.to)?.sync(&store)?;
        }
        Ok(published)
    }
}

/// An error if a directory has anything in it.
pub(crate) fn require_empty(directory: &Path) -> Result<(), Failure> {
    let is_empty = match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(Failure::unavailable(format!("{}: {error}", directory.display()))),
    };
    match is_empty {
        true => Ok(()),
        false => Err(Failure::refused(
            format!("{} is not empty", directory.display()),
            "name a directory that is empty or does not exist; nothing that is there is ever changed",
        )),
    }
}

fn first_version(state: &ReadState, store: &Store) -> Result<Published, Failure> {
    let dataset = Dataset::clone(state.dataset());
    let mut producer = Producer::builder(dataset, store.clone()).snapshot_every(1).build()?;
    let outcome = producer.run_cycle(|cycle| {
        cycle.engine().add_state(state)?;
        for (key, value) in application_tags(state) {
            cycle.tag(key, value);
        }
        Ok(())
    })?;
    match (outcome.version(), producer.state()) {
        (Some(version), Some(published)) => Ok(Published {
            version,
            state: ReadState::clone(&published),
        }),
        _ => Err(Failure::damaged("the state was not published")),
    }
}

/// Header tags that Hollow does not set itself.
pub(crate) fn application_tags(state: &ReadState) -> impl Iterator<Item = (&String, &String)> {
    state
        .header_tags()
        .iter()
        .filter(|(key, _)| !key.starts_with("hollow."))
}

impl From<CycleError> for Failure {
    fn from(error: CycleError) -> Self {
        match error {
            CycleError::Store { .. } | CycleError::Unresolved { .. } => Failure::unavailable(error),
            CycleError::Fenced { .. } | CycleError::Rejected { .. } => {
                Failure::refused(error, "somebody else publishes to this store")
            }
            _ => Failure::damaged(error).hint("the state cannot be published as it is"),
        }
    }
}

impl Published {
    /// Says what was published.
    pub(crate) fn report(&self, what: &str, as_json: bool) -> Result<Answer, Failure> {
        let checksum = Checksums::of(&self.state).total;
        let records: usize = self.state.types().map(|ty| ty.len()).sum();
        if as_json {
            return print_json(&json!({
                "schema": 1,
                "version": self.version,
                "records": records,
                "types": self.state.types().len(),
                "checksum": checksum,
            }));
        }
        let (version, types) = (self.version, self.state.types().len());
        write(|out| {
            writeln!(
                out,
                "{what} version {version}: {records} records, {types} types, checksum {checksum}"
            )
        })
    }
}
