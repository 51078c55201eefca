//! Making a stored output again from what its header tags say it was made from.

use super::Derivation;
use super::cycle::{Provenance, RunnerError, tag_names};
use super::digest::{self, Digest, NoOrder};
use super::inputs::InputSet;
use hollow::Version;
use hollow::consumer::{Consumer, RefreshError};
use std::collections::BTreeMap;

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Replay {
    /// The output that was made again.
    pub version: i64,
    /// The versions of its inputs.
    pub inputs: BTreeMap<String, i64>,
    /// Its instant, epoch milliseconds.
    pub instant: i64,
    /// The policy it names, and the one it was made again with.
    pub policy: [String; 2],
    /// The logic it names, and the one it was made again with.
    pub logic: [String; 2],
    /// The digest it names.
    pub named: String,
    /// The digest of its records as they are stored.
    pub stored: String,
    /// The digest of the records made again.
    pub replayed: String,
}

impl Replay {
    /// Whether the output is what its tags say it is.
    pub fn is_equal(&self) -> bool {
        self.named == self.stored && self.stored == self.replayed
    }
}

/// Why an output could not be made again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The output cannot be loaded.
    #[error("cannot load the output version={version}")]
    Output {
        /// The version.
        version: Version,
        /// What happened.
        source: RefreshError,
    },
    /// Another policy is at hand than the output names.
    #[error("version={version} was made with another policy; give the one it names, policy={named} at_hand={at_hand}")]
    Policy {
        /// The version.
        version: Version,
        /// The policy named.
        named: String,
        /// The policy at hand.
        at_hand: String,
    },
    /// Its tags, its inputs or their evaluation.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// Its types cannot be digested.
    #[error(transparent)]
    Digest(#[from] NoOrder),
}

/// The policy that an output names.
///
/// # Errors
/// [`ReplayError::Output`] if it cannot be loaded.
pub fn policy_of(output: &Consumer, version: Version) -> Result<Option<String>, ReplayError> {
    output
        .refresh_to(version)
        .map_err(|source| ReplayError::Output { version, source })?;
    let state = output.state();
    Ok(state.and_then(|state| state.header_tags().get(tag_names::POLICY).cloned()))
}

/// Makes version `version` of an output again and compares the digests. `root` is the output's root type.
///
/// # Errors
/// [`ReplayError`] if the output, its inputs or its policy are not at hand. A difference is no error.
pub fn replay(
    output: &Consumer,
    version: Version,
    root: &str,
    inputs: &mut InputSet,
    derivation: &mut impl Derivation,
    now: i64,
) -> Result<Replay, ReplayError> {
    let named = policy_of(output, version)?.unwrap_or_default();
    let state = output.state().filter(|state| state.version() == Some(version));
    let state = state.ok_or_else(|| RunnerError::Tag {
        version,
        tag: tag_names::POLICY.to_owned(),
        expected: "in the state that was asked for",
        found: None,
    })?;
    let provenance = Provenance::read(&state)?;
    let at_hand = derivation.policy_id();
    if named != at_hand {
        return Err(ReplayError::Policy {
            version,
            named,
            at_hand,
        });
    }
    let pinned = inputs.pin_to(|name| provenance.inputs.get(name).copied(), now);
    pinned.map_err(|source| RunnerError::Pin {
        version,
        source: Box::new(source),
    })?;
    let states = inputs
        .states()
        .map_err(|missing| RunnerError::Evaluate(missing.join(", ").into()))?;
    let records = derivation
        .evaluate(&states, provenance.instant)
        .map_err(RunnerError::Evaluate)?;
    let stored: Digest = digest::of_state(&state, root)?;
    let tag = |name: &str| state.header_tags().get(name).cloned().unwrap_or_default();
    Ok(Replay {
        version: version.0,
        inputs: provenance
            .inputs
            .iter()
            .map(|(name, version)| (name.clone(), version.0))
            .collect(),
        instant: provenance.instant,
        policy: [named, at_hand],
        logic: [tag(tag_names::LOGIC), derivation.logic_version()],
        named: tag(tag_names::DIGEST),
        stored: stored.to_string(),
        replayed: records.digest().to_string(),
    })
}
