//! S6 to S8: blobs, manifest, head. What the head does not name is not published, whatever else has happened.

use super::environment::Sleep;
use super::stage::Encoded;
use super::{CycleError, Producer, Step};
use crate::Version;
use crate::store::{Head, Key, Manifest, Put, SCHEMA, Staged, StoreError, Token};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What the names of refused candidates begin with. Nothing that readers follow leads here.
const QUARANTINE: &str = "quarantine/";

/// How often to try what the store does not answer, and how to wait in between.
#[derive(Clone)]
pub(super) struct Retries {
    attempts: u32,
    pause: Duration,
    sleep: Arc<Sleep>,
}

impl Retries {
    /// Does something with the store, again if it does not answer.
    pub(super) fn run<T>(&self, mut work: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut pause = self.pause;
        for _ in 1..self.attempts {
            match work() {
                Err(error) if error.is_transient() => (self.sleep)(pause),
                other => return other,
            }
            pause = pause.saturating_mul(2);
        }
        work()
    }
}

impl Producer {
    pub(super) fn retries(&self) -> Retries {
        Retries {
            attempts: self.config.attempts,
            pause: self.config.pause,
            sleep: self.environment.sleep.clone(),
        }
    }

    /// Does something with the store, again if it does not answer.
    pub(super) fn with_retries<T>(&self, work: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.retries().run(work)
    }

    /// S6: puts the blobs of a candidate. They are named by content, so putting them twice does no harm.
    pub(super) fn put_blobs(&mut self, encoded: &Encoded) -> Result<(), CycleError> {
        let failed = |source| CycleError::Store {
            step: Step::PartlyPut,
            source,
        };
        for blob in encoded.blobs() {
            let key = Key::new(blob.entry.key.as_str()).map_err(failed)?;
            let put = self.with_retries(|| match self.store.blobs().put(&key, &blob.content)? {
                Put::Created => Ok(()),
                // Put by an attempt whose answer was lost, or never finished by a store that promised to.
                Put::Exists => self.store.blob(&blob.entry).map(drop),
            });
            put.map_err(failed)?;
            self.environment.reach(Step::PartlyPut)?;
        }
        self.environment.reach(Step::BlobsPut)
    }

    /// S7 and S8: puts the manifest and announces it.
    pub(super) fn announce(&mut self, manifest: &Manifest) -> Result<(Head, Token), CycleError> {
        let put = self.with_retries(|| self.store.put_manifest(manifest));
        let sha256 = put.map_err(|source| CycleError::Store {
            step: Step::ManifestPut,
            source,
        })?;
        self.environment.reach(Step::ManifestPut)?;
        let head = Head {
            schema: SCHEMA,
            version: manifest.version,
            manifest: sha256,
            epoch: manifest.epoch,
            nonce: manifest.nonce.clone(),
            announced_at: self.environment.now_ms(),
        };
        let expected = self.published.as_ref().map(|published| published.token.clone());
        let token = self.move_head(expected.as_ref(), &head)?;
        if expected.is_none() {
            self.prove_exclusive(None, &head)?;
        }
        Ok((head, token))
    }

    /// Sets the head, and finds out what happened if the store does not say. The nonce tells our attempt from others.
    pub(super) fn move_head(&mut self, expected: Option<&Token>, head: &Head) -> Result<Token, CycleError> {
        let mut pause = self.config.pause;
        let mut attempt = 1;
        loop {
            let error = match self.store.set_head(expected, head) {
                Ok(token) => return Ok(token),
                // Refused before anything could happen.
                Err(source @ (StoreError::Denied { .. } | StoreError::Invalid { .. })) => {
                    let step = Step::Committed;
                    return Err(CycleError::Store { step, source });
                }
                Err(error) => error,
            };
            match self.with_retries(|| self.store.head()) {
                Ok(Some((found, token))) if found.nonce == head.nonce => return Ok(token),
                Ok(found) if found.as_ref().map(|(_, token)| token) == expected => {
                    // Not set yet. An attempt on its way could still arrive, but then ours is refused as a conflict and
                    // the nonce is found at the next reading.
                    if attempt >= self.config.attempts {
                        return self.unresolved(head, error);
                    }
                }
                Ok(found) => {
                    self.standing = super::Standing::Lost;
                    let theirs = found.map_or(0, |(found, _)| found.epoch);
                    return Err(CycleError::Fenced {
                        theirs,
                        ours: head.epoch,
                    });
                }
                Err(error) => return self.unresolved(head, error),
            }
            (self.environment.sleep)(pause);
            pause = pause.saturating_mul(2);
            attempt += 1;
        }
    }

    /// Makes sure that the store compares before it sets: some accept the condition and ignore it, and two producers
    /// would then overwrite each other. Sets the head as it is, from what it no longer is; that must be refused.
    pub(super) fn prove_exclusive(&mut self, outdated: Option<&Token>, head: &Head) -> Result<(), CycleError> {
        let source = match self.with_retries(|| self.store.set_head(outdated, head)) {
            Err(StoreError::Conflict { .. }) => return Ok(()),
            Err(error) => error,
            Ok(_) => StoreError::Invalid {
                what: "store",
                expected: "a store that refuses to set a register that is not as expected",
                found: "a store that sets it".to_owned(),
            },
        };
        self.standing = super::Standing::Lost;
        let step = Step::EpochTaken;
        Err(CycleError::Store { step, source })
    }

    fn unresolved<T>(&mut self, head: &Head, source: StoreError) -> Result<T, CycleError> {
        self.standing = super::Standing::Lost;
        Err(CycleError::Unresolved {
            version: head.version,
            source,
        })
    }

    /// Keeps a refused candidate for inspection, under names that no reader looks for, and lets go of older ones. Gives its
    /// name. Does what it can: the cycle has failed already, and what cannot be kept is not worth another error.
    pub(super) fn quarantine(&self, encoded: &Encoded, manifest: &Manifest) -> String {
        let name = format!("{}-{}", manifest.version, manifest.nonce);
        let keep = self.config.keep_refused;
        if keep == 0 {
            return name;
        }
        let put = |suffix: &str, content: &Staged| {
            let key = Key::new(format!("{QUARANTINE}{name}-{suffix}"));
            drop(key.and_then(|key| self.store.blobs().put(&key, content)));
        };
        for blob in encoded.blobs() {
            put(&blob.entry.kind.to_string(), &blob.content);
        }
        // The manifest last: a candidate that has one is complete.
        put("manifest", &Staged::Bytes(manifest.to_json().into()));
        drop(self.bound_quarantine(&name, keep));
        name
    }

    fn bound_quarantine(&self, newest: &str, keep: usize) -> Result<(), StoreError> {
        // Versions of one second may be the same.
        let mut candidates: BTreeMap<(Version, bool, String), Vec<Key>> = BTreeMap::new();
        for key in self.store.blobs().list(QUARANTINE)? {
            // Names that begin otherwise are none of ours.
            let name = key
                .as_str()
                .strip_prefix(QUARANTINE)
                .and_then(|name| name.rsplit_once('-'));
            let Some((name, _)) = name else { continue };
            if let Some(version) = name.split('-').next().and_then(|version| version.parse().ok()) {
                let candidate = (version, name == newest, name.to_owned());
                candidates.entry(candidate).or_default().push(key);
            }
        }
        let old = candidates.len().saturating_sub(keep);
        let keys = candidates.into_values().take(old).flatten();
        keys.map(|key| self.store.blobs().remove(&key)).collect()
    }

    /// The link to the version before.
    pub(super) fn previous(&self) -> Option<crate::store::Previous> {
        self.published.as_ref().map(|published| crate::store::Previous {
            version: published.head.version,
            manifest: published.head.manifest,
        })
    }
}
