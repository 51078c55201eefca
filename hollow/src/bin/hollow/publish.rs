//! From a state in memory to a store that others can follow.

use crate::failure::{Answer, Failure};
use crate::output::{print_json, write};
use crate::source::location;
use crate::staging::{Staging, require_empty};
use clap::ValueEnum;
use hollow::Version;
use hollow::producer::{CycleError, Producer};
use hollow::read::ReadState;
use hollow::schema::Dataset;
use hollow::store::{FsMirror, Store};
use hollow::tools::checksum::Checksums;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A random tag that no state has: it is replaced when the state is published.
pub(crate) const UNPUBLISHED: i64 = 1;

/// Where a new state goes.
#[derive(clap::Args)]
pub(crate) struct TargetArgs {
    /// The new store: a directory that is empty or not there; or s3://bucket/prefix?options where nothing was ever
    /// announced (if built with it).
    #[arg(long, value_name = "STORE")]
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

impl LayoutArg {
    fn publish(self, state: &ReadState, directory: &Path) -> Result<Published, Failure> {
        let store = match self {
            LayoutArg::Hollow => Store::fs(directory)?,
            LayoutArg::Java => Store::memory(),
        };
        let published = first_version(state, &store)?;
        if self == LayoutArg::Java {
            FsMirror::open(directory)?.sync(&store)?;
        }
        Ok(published)
    }
}

/// A state that was published.
pub(crate) struct Published {
    pub(crate) version: Version,
    pub(crate) state: ReadState,
}

impl TargetArgs {
    /// An error if there is something already.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match location(&self.to) {
            Some(location) => self.elsewhere(location).map(drop),
            None => require_empty(&self.to),
        }
    }

    /// A store that is in no directory, in which nothing was ever announced. The announcement is what makes a new state
    /// appear there, whole or not at all.
    fn elsewhere(&self, location: &str) -> Result<Store, Failure> {
        if self.layout == LayoutArg::Java {
            return Err(Failure::usage("Java Hollow's layout is one of directories: name one"));
        }
        let store = Store::open_at(location)?;
        match store.head()? {
            None => Ok(store),
            Some(_) => Err(Failure::refused(
                "there is a store already at this location",
                "name a prefix where nothing was ever announced; nothing that is there is ever changed",
            )),
        }
    }

    /// Publishes a state as the first version: records, ordinals, buckets, shards and application's header tags as they
    /// are; random tag, version and Hollow's own header tags are new.
    pub(crate) fn publish(&self, state: &ReadState) -> Result<Published, Failure> {
        if let Some(location) = location(&self.to) {
            return first_version(state, &self.elsewhere(location)?);
        }
        let staging = Staging::new(&self.to)?;
        let published = self.layout.publish(state, staging.directory())?;
        staging.finish()?;
        Ok(published)
    }

    /// Publishes each of several states to a store of its own: `part-0`, `part-1` and so on. In a directory all appear at
    /// once.
    pub(crate) fn publish_parts(
        &self,
        states: &[ReadState],
        mut progress: impl FnMut(usize),
    ) -> Result<Vec<Published>, Failure> {
        let mut published = Vec::new();
        if let Some(location) = location(&self.to) {
            let stores = (0..states.len()).map(|number| self.elsewhere(&Store::below(location, &part(number))));
            let stores: Vec<Store> = stores.collect::<Result<_, _>>()?;
            for (number, (state, store)) in states.iter().zip(&stores).enumerate() {
                progress(number);
                published.push(first_version(state, store)?);
            }
            return Ok(published);
        }
        let staging = Staging::new(&self.to)?;
        for (number, state) in states.iter().enumerate() {
            progress(number);
            let directory = staging.directory().join(part(number));
            published.push(self.layout.publish(state, &directory)?);
        }
        staging.finish()?;
        Ok(published)
    }
}

/// What a part of a state is called.
fn part(number: usize) -> String {
    format!("part-{number}")
}

fn first_version(state: &ReadState, store: &Store) -> Result<Published, Failure> {
    let dataset = Dataset::clone(state.dataset());
    // The state is published as it is: whoever made it may have had keys twice, or null.
    let builder = Producer::builder(dataset, store.clone())
        .snapshot_every(1)
        .check_keys(false);
    let mut producer = builder.build()?;
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
    /// What can be said about it as JSON.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "version": self.version,
            "records": self.records(),
            "types": self.state.types().len(),
            "checksum": Checksums::of(&self.state).total,
        })
    }

    /// The same for people.
    pub(crate) fn to_text(&self) -> String {
        format!(
            "version {}: {} records, {} types, checksum {}",
            self.version,
            self.records(),
            self.state.types().len(),
            Checksums::of(&self.state).total
        )
    }

    fn records(&self) -> usize {
        self.state.types().map(|ty| ty.len()).sum()
    }

    /// Says what was published. `more` goes into the JSON.
    pub(crate) fn report(&self, what: &str, more: &Value, as_json: bool) -> Result<Answer, Failure> {
        if as_json {
            let mut answer = json!({"schema": 1});
            for part in [&self.to_json(), more] {
                if let (Some(answer), Some(part)) = (answer.as_object_mut(), part.as_object()) {
                    answer.extend(part.clone());
                }
            }
            return print_json(&answer);
        }
        write(|out| writeln!(out, "{what} {}", self.to_text()))
    }
}
