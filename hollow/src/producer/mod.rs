//! Producing: one data state after the other, each checked before anybody can see it.
//!
//! A cycle goes through these steps; a failure before S8 leaves announced version, chain and memory as they were.
//!
//! | step | what | where |
//! |---|---|---|
//! | S0 | read the head, load and verify the state, raise the epoch | `restore` |
//! | S2 | the caller adds records, or changes some | [`Cycle`], [`IncrementalCycle`] |
//! | S3 | encode to the staging directory, hash | `stage` |
//! | S4 | read back and compare | `check` |
//! | S5 | ask the validators | [`Validator`] |
//! | S6 | put the blobs | `commit` |
//! | S7 | put the manifest | `commit` |
//! | S8 | compare-and-set the head: **the commit** | `commit` |
//! | S9 | go on from the new state | `cycle` |
//! | S10 | bring the mirror for Java up to date | [`FsMirror`](crate::store::FsMirror) |
//! | S11 | remove staged files and versions past their time | `retention` |
//!
//! A snapshot is written in the cycle only if no delta leads to its version; later ones are written in the background, and
//! the manifest of a later version names them ([`SnapshotWriting`]).
//!
//! (S1, polling a source, belongs to whoever runs the producer.)
//!
//! Only one producer can announce: taking over raises the epoch in the head, and whoever based a cycle on the head
//! before is refused. Time and randomness come from outside; see [`ProducerBuilder`].
//!
//! ```
//! use hollow::{consumer::Consumer, producer::Producer, record::Value, schema::Dataset, store::Store};
//!
//! let dataset = Dataset::parse("Movie @PrimaryKey(id) { long id; string title; }")?;
//! let store = Store::memory();
//! let mut producer = Producer::builder(dataset, store.clone()).name("movies").build()?;
//! producer.restore()?; // continues the chain, if there is one
//! let movie = Value::Object(vec![Value::Long(1), Value::String("The Salt Harbour".into())]);
//! let outcome = producer.run_incremental_cycle(|cycle| {
//!     cycle.upsert("Movie", &movie)?;
//!     cycle.tag("source", "example");
//!     Ok(())
//! })?;
//!
//! let consumer = Consumer::builder(store).build()?;
//! consumer.refresh()?;
//! assert_eq!(consumer.version(), outcome.version());
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```

mod acceptance;
mod background;
mod builder;
mod check;
mod commit;
mod counts;
mod cycle;
mod digest;
mod due;
mod environment;
mod error;
mod finder;
mod incremental;
mod keys;
mod outcome;
mod prepared;
mod recent;
mod references;
mod restore;
mod retention;
mod sink;
mod stage;
mod tags;
#[cfg(test)]
mod tests;
mod validate;

pub use acceptance::Acceptance;
pub use background::SnapshotWriting;
pub use builder::{ProducerBuilder, PublishUnchanged};
pub use cycle::Cycle;
pub use environment::Step;
pub use error::{BoxError, CycleError};
pub use finder::Finder;
pub use incremental::{IncrementalCycle, IncrementalStats};
pub use outcome::{CycleOutcome, CycleStats};
pub use recent::Window;
pub use retention::Retention;
pub use validate::{
    ByValueError, Candidate, ChangedRecords, DuplicateKeys, MinimumRecordCount, NullKeys, RecordCountChange,
    RecordsByValue, RemovedRecords, Validator,
};

use crate::Version;
use crate::read::ReadState;
use crate::schema::Dataset;
use crate::store::{Head, Manifest, Previous, Store, Token};
use crate::write::WriteStateEngine;
use background::Background;
use builder::Config;
use due::SinceSnapshot;
use environment::Environment;
use incremental::Incremental;
use retention::Cleaning;
use std::sync::Arc;

/// Publishes the states of one dataset.
pub struct Producer {
    config: Config,
    dataset: Dataset,
    store: Store,
    environment: Environment,
    engine: WriteStateEngine,
    standing: Standing,
    epoch: u64,
    published: Option<Published>,
    incremental: Option<Incremental>,
    since_snapshot: SinceSnapshot,
    /// The engine was primed by what its schemas and the announced state have in common: records that are not added again
    /// have null there where the state has NaN, so the two cannot be compared in full.
    primed_in_common: bool,
    /// How many versions were published since every record was compared.
    since_full_check: u32,
    /// Snapshots that are written while cycles go on.
    background: Background,
    /// The announced state could not be continued: the next version begins with a snapshot and no delta leads to it.
    chain_broken: bool,
    cleaning: Cleaning,
    /// Overrules validators in the next cycle.
    acceptance: Option<Acceptance>,
    /// Whether the store has shown that it writes under conditions only.
    store_is_proven: bool,
}

/// Whether a producer may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Not restored yet.
    New,
    /// Yes.
    Ready,
    /// Not before it is restored.
    Lost,
}

/// What is announced.
struct Published {
    head: Head,
    token: Token,
    manifest: Manifest,
    state: Arc<ReadState>,
}

impl Producer {
    /// Begins to describe a producer of this dataset to this store.
    pub fn builder(dataset: Dataset, store: Store) -> ProducerBuilder {
        ProducerBuilder::new(dataset, store)
    }

    /// The name given to the dataset.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// The schemas this producer publishes.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The announced state; `None` before the first one, and before [`restore`](Producer::restore).
    pub fn state(&self) -> Option<Arc<ReadState>> {
        self.published.as_ref().map(|published| published.state.clone())
    }

    /// The announced version.
    pub fn version(&self) -> Option<Version> {
        self.published.as_ref().map(|published| published.head.version)
    }

    /// The manifest of the announced version, with what the validators said.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.published.as_ref().map(|published| &published.manifest)
    }

    /// The announced version with the digest of its manifest; `None` as for [`version`](Producer::version).
    pub fn announced(&self) -> Option<Previous> {
        self.previous()
    }

    /// How many versions were announced since the last one with a snapshot: deltas that a consumer follows at its start.
    pub fn versions_since_snapshot(&self) -> u32 {
        self.since_snapshot.versions()
    }

    /// The epoch under which this producer announces; zero before it is restored.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer")
            .field("name", &self.config.name)
            .field("version", &self.version())
            .field("epoch", &self.epoch)
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}
