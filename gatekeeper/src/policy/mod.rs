//! What is required, as a value: which rules count, how hard, and where they differ.
//!
//! A policy is read from TOML, strictly: every rule must be named and nothing unknown may stand there, because a misspelt
//! rule that is silently ignored puts titles live. Its id is its name with a hash of its content, so equal ids mean equal
//! policies wherever they were read from.

mod compiled;
mod parse;
#[cfg(test)]
mod tests;

pub use compiled::CompiledPolicy;
pub use parse::PolicyError;

use crate::language::Substitution;
use crate::reason::Code;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// How much a missing requirement weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Not live without it.
    Hard,
    /// Live without it, but worth naming.
    Soft,
    /// Not asked for.
    Off,
}

/// What an override changes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The rule weighs something else there.
    Severity(Severity),
    /// These languages are not required there.
    DropLanguages(BTreeSet<String>),
}

/// A rule that differs in some countries.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Override {
    /// The rule.
    pub rule: Code,
    /// The countries, by code. Codes that the countries dataset does not have are without effect.
    pub countries: BTreeSet<String>,
    /// The difference.
    pub change: Change,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Policy {
    /// Its name, part of its id.
    pub name: String,
    /// Days before a window from which on a missing requirement means AT_RISK.
    pub at_risk_days: u16,
    /// Which languages stand in for others.
    pub languages: Substitution,
    /// The weight of each configurable rule.
    pub rules: BTreeMap<Code, Severity>,
    /// Differences by country; of two for the same rule and country the later one counts.
    pub overrides: Vec<Override>,
}

impl Policy {
    /// The policy PROD runs with when none is configured: `policies/default.toml`.
    pub fn default_policy() -> Policy {
        Policy::parse(include_str!("../../policies/default.toml")).expect("a test reads the built-in policy")
    }

    /// The policy for PREPROD to try when none is configured: `policies/candidate.toml`.
    pub fn candidate_policy() -> Policy {
        Policy::parse(include_str!("../../policies/candidate.toml")).expect("a test reads the built-in policy")
    }

    /// Reads a policy from TOML.
    ///
    /// # Errors
    /// [`PolicyError`] names what is wrong and what may stand there.
    pub fn parse(text: &str) -> Result<Policy, PolicyError> {
        parse::parse(text)
    }

    /// Name and content hash, such as `prod-3f9a1c0b72de`. Equal ids mean equal policies.
    pub fn id(&self) -> String {
        let canonical = serde_json::to_vec(self).expect("a policy holds nothing that JSON cannot");
        let digest = Sha256::digest(&canonical);
        let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{hash}", self.name)
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
