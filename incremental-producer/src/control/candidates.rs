//! Refused candidates, as they lie in quarantine.

use super::Acceptance;
use crate::source::LogPosition;
use hollow::store::{Key, Manifest, Receipt, SCHEMA, Store, StoreError};

/// What the names in quarantine begin with, and what the name of a manifest there ends with.
const QUARANTINE: &str = "quarantine/";
const MANIFEST: &str = "-manifest";
/// A manifest that is longer is none of ours.
const MOST_BYTES: u64 = 4 << 20;

/// A candidate that was refused. Its blobs lie beside its manifest, under `quarantine/<name>-<kind>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name: version and nonce.
    pub name: String,
    /// Its manifest, with what the validators said.
    pub manifest: Manifest,
}

impl Candidate {
    /// What the validators that refused it said.
    pub fn refusals(&self) -> impl Iterator<Item = &Receipt> {
        self.manifest.receipts.iter().filter(|receipt| receipt.refuses())
    }

    /// How far it had folded the log.
    pub fn position(&self) -> Option<LogPosition> {
        LogPosition::from_tags(&self.manifest.header_tags).ok().flatten()
    }

    /// The word of a person that it is to be published all the same; none if the candidate lacks what that takes.
    pub fn accepted(&self, by: &str, reason: &str, at: u64) -> Option<Acceptance> {
        let position = self.position()?;
        Some(Acceptance {
            schema: SCHEMA,
            candidate: self.name.clone(),
            based_on: self.manifest.previous,
            position: position
                .tags()
                .into_iter()
                .map(|(tag, value)| (tag.to_owned(), value))
                .collect(),
            digest: self.manifest.change_digest?,
            overrules: self.refusals().map(|receipt| receipt.validator.clone()).collect(),
            by: by.to_owned(),
            reason: reason.to_owned(),
            at,
        })
    }
}

fn read(store: &Store, key: &Key) -> Result<Manifest, StoreError> {
    let bytes = store.blobs().open_within(key, MOST_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|error| StoreError::Corrupt {
        what: key.to_string(),
        expected: "a manifest".to_owned(),
        found: error.to_string(),
    })
}

/// The candidates in quarantine, newest first. What cannot be read is left out: it may have gone meanwhile.
///
/// # Errors
/// [`StoreError`] if the store cannot tell what there is.
pub fn candidates(store: &Store) -> Result<Vec<Candidate>, StoreError> {
    let mut found = Vec::new();
    for key in store.blobs().list(QUARANTINE)? {
        let name = key
            .as_str()
            .strip_prefix(QUARANTINE)
            .and_then(|name| name.strip_suffix(MANIFEST));
        let Some(name) = name else { continue };
        match read(store, &key) {
            Ok(manifest) => found.push(Candidate {
                name: name.to_owned(),
                manifest,
            }),
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => tracing::debug!(%error, "a candidate cannot be read"),
        }
    }
    found.sort_by(|a, b| {
        let order = |candidate: &Candidate| (candidate.manifest.version, candidate.manifest.created_at);
        order(b).cmp(&order(a)).then_with(|| a.name.cmp(&b.name))
    });
    Ok(found)
}

/// The candidate of this name.
///
/// # Errors
/// [`StoreError::Absent`] if there is none.
pub fn candidate(store: &Store, name: &str) -> Result<Candidate, StoreError> {
    let key = Key::new(format!("{QUARANTINE}{name}{MANIFEST}"))?;
    Ok(Candidate {
        name: name.to_owned(),
        manifest: read(store, &key)?,
    })
}
