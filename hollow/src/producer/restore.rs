//! S0: going on from what is announced.

use super::due::SinceSnapshot;
use super::retention::Cleaning;
use super::stage::Staging;
use super::{BoxError, CycleError, Producer, Published, Standing, Step, builder};
use crate::Version;
use crate::copy::HashPositions;
use crate::read::{Filter, ReadState};
use crate::store::route::{Chain, Preference, Route};
use crate::store::{Head, LinkRef, Manifest, Store, StoreError, load};
use crate::tools::checksum::Checksums;
use crate::write::WriteError;
use std::sync::Arc;

/// How often to begin again when the head moves meanwhile.
const ATTEMPTS: u32 = 3;

impl Producer {
    /// Loads and verifies the announced state and takes over from whoever announced it: the next cycle continues its
    /// chain. Returns the announced version; `None` if nothing was announced yet.
    ///
    /// Cycles call it when it was not called. Reads every record once.
    ///
    /// # Errors
    /// [`CycleError::Restore`] if the announced state cannot be loaded by any route, or not be continued under the
    /// schemas of this producer; [`CycleError::Store`] if the store does not answer now.
    pub fn restore(&mut self) -> Result<Option<Version>, CycleError> {
        self.standing = Standing::New;
        self.incremental = None;
        self.background.abandon();
        self.cleaning = Cleaning::default();
        let failed = |step| move |source| CycleError::Store { step, source };
        for _ in 0..ATTEMPTS {
            self.environment.reach(Step::Restoring)?;
            if !self.store_is_proven {
                self.with_retries(|| self.store.registers().prove())
                    .map_err(failed(Step::Restoring))?;
                self.store_is_proven = true;
            }
            let read = self.with_retries(|| self.store.head());
            let Some((head, token)) = read.map_err(failed(Step::Restoring))? else {
                self.engine = builder::new_engine(&self.config, &self.dataset)?;
                self.primed_in_common = false;
                self.published = None;
                self.epoch = 1;
                self.standing = Standing::Ready;
                return Ok(None);
            };
            let (manifest, state) = self.with_retries_of_load(&head)?;
            self.continue_from(&state, head.version)?;
            self.environment.reach(Step::ChainLoaded)?;
            let taken = Head {
                epoch: head.epoch.saturating_add(1),
                nonce: self.environment.nonce(),
                ..head
            };
            let outdated = token;
            let token = match self.move_head(Some(&outdated), &taken) {
                Err(CycleError::Fenced { .. }) => continue, // the head moved while the chain was loaded
                other => other?,
            };
            self.prove_exclusive(Some(&outdated), &taken)?;
            self.environment.reach(Step::EpochTaken)?;
            self.epoch = taken.epoch;
            self.since_snapshot = self.count_since_snapshot(&taken).map_err(failed(Step::EpochTaken))?;
            self.published = Some(Published {
                head: taken,
                token,
                manifest,
                state: Arc::new(state),
            });
            if let Some(root) = &self.config.staging {
                Staging::sweep(root, self.epoch);
            }
            self.standing = Standing::Ready;
            return Ok(self.version());
        }
        self.standing = Standing::Lost;
        let head = self.store.head().map_err(failed(Step::Restoring))?;
        Err(CycleError::Fenced {
            theirs: head.map_or(0, |(head, _)| head.epoch),
            ours: self.epoch,
        })
    }

    fn with_retries_of_load(&self, head: &Head) -> Result<(Manifest, ReadState), CycleError> {
        let mut pause = self.config.pause;
        let mut attempt = 1;
        loop {
            match announced_state(&self.store, head) {
                Ok(loaded) => return Ok(loaded),
                Err(Failure::Transient(_)) if attempt < self.config.attempts => {
                    (self.environment.sleep)(pause);
                    pause = pause.saturating_mul(2);
                    attempt += 1;
                }
                // Nothing is wrong with what is announced: whoever called may try again later.
                Err(Failure::Transient(source)) => {
                    let step = Step::Restoring;
                    return Err(CycleError::Store { step, source });
                }
                Err(Failure::Final(source)) => {
                    let version = head.version;
                    return Err(CycleError::Restore { version, source });
                }
            }
        }
    }

    /// Primes the engine with a state: the records as if this engine had published them.
    fn continue_from(&mut self, state: &ReadState, version: Version) -> Result<(), CycleError> {
        self.engine = builder::new_engine(&self.config, &self.dataset)?;
        self.chain_broken = false;
        // Under other schemas, or where hashes were given that nobody knows any more, records are recognised by what
        // the schemas have in common and else keep what they have.
        let by_common_fields = state.dataset().schemas() != self.dataset.schemas()
            || state.header_tags().contains_key("DEFINED_HASH_CODES");
        self.primed_in_common = by_common_fields;
        let primed = match by_common_fields {
            true => self.engine.restore(state),
            false => self.resume(state),
        };
        if let Err(error) = primed {
            if !self.config.allow_chain_break {
                let source: BoxError = format!("{error}; allow a break of the chain to begin a new one").into();
                return Err(CycleError::Restore { version, source });
            }
            self.engine = builder::new_engine(&self.config, &self.dataset)?;
            self.chain_broken = true;
            self.primed_in_common = false;
        }
        Ok(())
    }

    /// Makes the engine one that has just published a state, which lends it its records.
    pub(super) fn resume(&mut self, state: &ReadState) -> Result<(), WriteError> {
        match self.config.lends {
            true => self.engine.recreate_lent(state)?,
            false => self.engine.recreate(state, HashPositions::AsAdded)?,
        }
        let tag = self.environment.tag(Some(state.tag()));
        self.engine.prepare_for_next_cycle(tag);
        Ok(())
    }

    fn count_since_snapshot(&self, head: &Head) -> Result<SinceSnapshot, StoreError> {
        let mut chain = Chain::new(&self.store, Some(announced(head)));
        let mut since = SinceSnapshot::default();
        while chain.extend()? {
            let Some(link) = chain.links().last() else { break };
            if let Some(snapshot) = &link.snapshot {
                return Ok(since.behind(snapshot.length));
            }
            since = since.and(link.delta.as_ref().map_or(0, |delta| delta.length));
        }
        Ok(since)
    }
}

fn announced(head: &Head) -> LinkRef {
    LinkRef {
        version: head.version,
        manifest: Some(head.manifest),
    }
}

/// Why the announced state could not be loaded.
enum Failure {
    /// The store does not answer now.
    Transient(StoreError),
    /// By no route.
    Final(BoxError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error.is_transient() {
            true => Self::Transient(error),
            false => Self::Final(error.into()),
        }
    }
}

/// Loads the announced state by the nearest snapshot, or by another one if that fails.
fn announced_state(store: &Store, head: &Head) -> Result<(Manifest, ReadState), Failure> {
    let manifest = store.manifest(head.version, &head.manifest)?;
    let mut chain = Chain::new(store, Some(announced(head)));
    let mut failures: Vec<String> = Vec::new();
    let mut tried: Vec<Route> = Vec::new();
    let first = chain.routes(None, head.version, Preference::Best)?;
    let others = chain.alternatives(head.version)?;
    for route in first.into_iter().chain(others) {
        if tried.contains(&route) {
            continue;
        }
        match load(store, &route, None, &Filter::everything()) {
            Ok(state) => match verify(&manifest, &state) {
                Ok(()) => return Ok((manifest, state)),
                Err(reason) => failures.push(reason),
            },
            Err(crate::store::LoadError::Store(error)) if error.is_transient() => return Err(error.into()),
            Err(error) => failures.push(chain_of_causes(&error)),
        }
        tried.push(route);
    }
    Err(Failure::Final(failures.join("; ").into()))
}

pub(super) fn chain_of_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Whether a state is the one a manifest speaks of.
fn verify(manifest: &Manifest, state: &ReadState) -> Result<(), String> {
    if state.tag() != manifest.tag || state.header_tags() != &manifest.header_tags {
        return Err(format!(
            "version={} has other tags than its manifest says",
            manifest.version
        ));
    }
    let found = state.dataset().schema_hash();
    if found != manifest.schema_hash {
        let expected = manifest.schema_hash;
        return Err(format!(
            "version={}: schema hash expected={expected} found={found}",
            manifest.version
        ));
    }
    match manifest.record_checksum {
        Some(expected) => {
            let found = Checksums::of(state).total;
            let text = || {
                format!(
                    "version={}: checksum expected={expected} found={found}",
                    manifest.version
                )
            };
            if found == expected { Ok(()) } else { Err(text()) }
        }
        None => Ok(()),
    }
}
