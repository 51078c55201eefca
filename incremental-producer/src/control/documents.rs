//! What people write into the registers of a store.

use crate::source::LogPosition;
use hollow::Version;
use hollow::store::{Previous, Register, SCHEMA, Sha256, Store, StoreError, Token};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whether the producer of a dataset is to wait: what the register [`Register::Hold`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Form of this document: [`SCHEMA`].
    pub schema: u32,
    /// Whether it is to wait; false after a release.
    pub held: bool,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// When it goes on by itself, in milliseconds since 1970.
    pub until: Option<u64>,
    /// A release: refusals up to this version do not count any more.
    pub forgives: Option<Version>,
}

impl Hold {
    /// Whether the producer is to wait at this time, in milliseconds since 1970.
    pub fn is_in_force(&self, now: u64) -> bool {
        self.held && self.until.is_none_or(|until| now < until)
    }
}

/// A refused candidate that is to be published all the same: what the register [`Register::Acceptance`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Form of this document: [`SCHEMA`].
    pub schema: u32,
    /// The candidate's name in quarantine.
    pub candidate: String,
    /// The version it continues; none if it was to be the first.
    pub based_on: Option<Previous>,
    /// How far it had folded the log, as header tags.
    pub position: BTreeMap<String, String>,
    /// Digest of what it changes.
    pub digest: Sha256,
    /// The validators that refused it.
    pub overrules: Vec<String>,
    /// Who accepted it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub at: u64,
}

impl Acceptance {
    /// How far the candidate had folded the log; none if that cannot be read.
    pub fn position(&self) -> Option<LogPosition> {
        LogPosition::from_tags(&self.position).ok().flatten()
    }
}

/// The document in a register and the token to replace it; none if nobody ever wrote one.
///
/// # Errors
/// [`StoreError`]; [`StoreError::Corrupt`] if the register holds something else.
pub fn read_register<T: DeserializeOwned>(store: &Store, register: Register) -> Result<Option<(T, Token)>, StoreError> {
    #[derive(Deserialize)]
    struct Form {
        schema: u32,
    }
    let Some((bytes, token)) = store.registers().read(register)? else {
        return Ok(None);
    };
    let damaged = |expected: String, found: String| StoreError::Corrupt {
        what: register.to_string(),
        expected,
        found,
    };
    let not_this = |error: serde_json::Error| damaged("a JSON document of this kind".to_owned(), error.to_string());
    let form: Form = serde_json::from_slice(&bytes).map_err(not_this)?;
    if form.schema != SCHEMA {
        let expected = format!("form {SCHEMA}, the only one this program reads");
        return Err(damaged(expected, form.schema.to_string()));
    }
    let document = serde_json::from_slice(&bytes).map_err(not_this)?;
    Ok(Some((document, token)))
}

/// Writes a document into a register, if that still is as expected.
///
/// # Errors
/// As [`Registers::compare_and_set`](hollow::store::Registers::compare_and_set).
pub fn write_register<T: Serialize>(
    store: &Store,
    register: Register,
    expected: Option<&Token>,
    document: &T,
) -> Result<Token, StoreError> {
    let bytes = serde_json::to_vec(document).map_err(|error| StoreError::Invalid {
        what: "document of a register",
        expected: "plain data",
        found: error.to_string(),
    })?;
    store.registers().compare_and_set(register, expected, &bytes)
}
