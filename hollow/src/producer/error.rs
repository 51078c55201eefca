//! Why a cycle did not publish.

use super::Step;
use crate::blob::DecodeError;
use crate::store::{Receipt, StoreError};
use crate::typed::{AddError, ModelError};
use crate::write::WriteError;
use crate::{Ordinal, Version};

/// Any error of the code that fills a cycle.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a producer did not do what was asked. The announced version is the one before, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CycleError {
    /// The code that fills the cycle failed. The cycle is rolled back; the next one can go on.
    #[error("the cycle could not be filled")]
    Populate(#[source] BoxError),
    /// A record or blob could not be written. The cycle is rolled back.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// What was encoded does not read back as what was put in: a mistake of this program. The cycle is rolled back.
    #[error("integrity check failed: {0}")]
    Integrity(String),
    /// A validator refused the state. The cycle is rolled back, and the candidate lies in quarantine.
    #[error("version={version} was refused: {}; candidate={candidate}", refusals(receipts))]
    Rejected {
        /// The version it would have been.
        version: Version,
        /// Its name in quarantine.
        candidate: String,
        /// What every validator said.
        receipts: Vec<Receipt>,
    },
    /// The store failed before anything was announced. The cycle is rolled back.
    #[error("{step} failed")]
    Store {
        /// Where.
        step: Step,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// Another producer has taken over. This one is done: stop it, or call `restore` to take over again.
    #[error("another producer has taken over, epoch={theirs} ours={ours}; stop this one or restore it")]
    Fenced {
        /// The epoch in force.
        theirs: u64,
        /// The epoch of this producer.
        ours: u64,
    },
    /// Whether the version was announced could not be found out. Call `restore`, which begins with what is announced.
    #[error("it is unknown whether version={version} was announced; restore the producer to find out")]
    Unresolved {
        /// The version in question.
        version: Version,
        /// The last error.
        #[source]
        source: StoreError,
    },
    /// The announced state cannot be loaded by any route. Nothing is produced, for that would begin an empty chain.
    #[error("cannot restore version={version}; repair the store or restore an earlier version by hand")]
    Restore {
        /// The announced version.
        version: Version,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// A blob of ours does not decode: a mistake of this program. The cycle is rolled back.
    #[error("the candidate does not read back")]
    Decode(#[from] DecodeError),
    /// A Rust type does not fit the dataset of the producer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A key could not be used.
    #[error(transparent)]
    Key(#[from] crate::record::KeyError),
    /// An incremental cycle was asked to change something that is no root record.
    #[error("type={0} is not a root of this dataset; its records come and go with the records that refer to them")]
    NotARoot(String),
    /// Two records of a state have the same key, so a key does not tell which one is meant. The cycle is rolled back.
    #[error("two records have one key, type={type_name} key={key}; publish a full cycle without duplicates")]
    DuplicateKey {
        /// The type.
        type_name: String,
        /// The key, as JSON.
        key: String,
    },
    /// The snapshot of a version could not be written in the background. It is tried again when the next one is due.
    #[error("the snapshot of version={version} could not be written")]
    Snapshot {
        /// The version.
        version: Version,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// Root records have a null in their primary key, so nobody can find or replace them. The cycle is rolled back.
    #[error("{count} records have a null in their primary key, type={type_name}, such as ordinal={example}")]
    NullKey {
        /// The type.
        type_name: String,
        /// How many.
        count: usize,
        /// One of them.
        example: Ordinal,
    },
    /// The producer stopped at a fail point. Only tests see this.
    #[error("stopped {0}")]
    Interrupted(Step),
    /// The producer was stopped, fenced or left in doubt before. Call `restore` first.
    #[error("the producer cannot go on from here; restore it first")]
    NeedsRestore,
}

impl From<AddError> for CycleError {
    fn from(error: AddError) -> Self {
        match error {
            AddError::Model(error) => error.into(),
            AddError::Write(error) => error.into(),
        }
    }
}

fn refusals(receipts: &[Receipt]) -> String {
    let refused = receipts.iter().filter(|receipt| receipt.refuses());
    let texts: Vec<String> = refused
        .map(|receipt| format!("{}: {}", receipt.validator, receipt.details))
        .collect();
    texts.join("; ")
}
