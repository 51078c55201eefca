//! n input datasets, one output dataset: pin, evaluate, publish, tag. Nothing here knows what is evaluated.
//!
//! ```text
//!  input stores ─► InputSet: a consumer each, pinned to one vector of versions
//!                     │ states                       ┌─ in.<dataset>, eval.instant, policy.id, logic.version,
//!                     ▼                              │  output.digest[, follows.version]
//!         Derivation::evaluate(states, instant) ─► Records ─► Producer ─► output store
//! ```
//!
//! The result is a function of the input states, the instant and the derivation's policy; the header tags name all three,
//! so any stored output can be made again ([`replay`]) and two environments can be compared at equal inputs.
//!
//! - A **leading** runner takes the newest states and the present instant, which never goes back.
//! - A **following** runner takes inputs and instant of the leading runner's newest output, so that its output differs by
//!   policy and logic only. It evaluates what is newest when it is done and skips what was published in between.
//!
//! An input that cannot be refreshed stays at its last good state and is reported with its age; the others go on.

mod cycle;
pub mod digest;
mod inputs;
mod records;
pub mod replay;
#[cfg(test)]
mod tests;

pub use cycle::{CycleReport, Follows, Outcome, Role, Runner, RunnerError, tag_names};
pub use digest::Digest;
pub use inputs::{InputSet, InputStatus, Opener, PinError, error_chain};
pub use records::{Part, RecordId, Records, RecordsError};

use hollow::read::ReadState;
use hollow::schema::Dataset;
use std::sync::Arc;

/// Any error of a derivation.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a [`Runner`] runs: a pure function from input states and an instant to records.
pub trait Derivation: Send {
    /// The names of the input datasets.
    fn inputs(&self) -> &[&'static str];

    /// The schemas of the output dataset.
    fn dataset(&self) -> Dataset;

    /// Tells this policy from every other: equal ids must mean equal results for equal inputs and instants.
    fn policy_id(&self) -> String;

    /// The version of the code that evaluates; to be raised whenever equal inputs may give other results.
    fn logic_version(&self) -> String;

    /// The records that follow from the states (in the order of [`inputs`](Self::inputs)) at an instant (epoch ms).
    ///
    /// # Errors
    /// Whatever keeps the inputs from being evaluated. Nothing is published then.
    fn evaluate(&mut self, states: &[Arc<ReadState>], instant: i64) -> Result<Records, BoxError>;
}
