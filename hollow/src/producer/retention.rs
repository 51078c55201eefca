//! S11: removing versions that nobody can need any more.

use super::Producer;
use crate::Version;
use crate::store::gc::{self, GcError, Keep};
use crate::store::{Document, Pins, ReadUnless, Store, StoreError, Tags, Token, now_ms};
use std::collections::BTreeSet;
use std::time::Duration;

/// Which versions to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    keep_versions: usize,
    grace: Duration,
}

impl Retention {
    /// Keeps the newest `count` versions (at least one), those that are pinned, tagged or what a
    /// [derived](super::ProducerBuilder::derived) dataset was made from, and whatever it takes to load them; see
    /// [`gc`](crate::store::gc).
    pub fn versions(count: usize) -> Self {
        Self {
            keep_versions: count.max(1),
            grace: Duration::ZERO,
        }
    }

    /// Keeps whatever is younger than this, too (default: nothing). At least twice as long as consumers take to load a
    /// version.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

/// When to look again for versions that can go: walking the chain with every version would cost more than the version.
#[derive(Debug, Default)]
pub(super) struct Cleaning {
    pins: Read<Pins>,
    tags: Read<Tags>,
    /// What was held by name when the chain was walked.
    held: BTreeSet<Version>,
    /// Versions until a snapshot that was seen becomes old enough for all before it to go.
    wait: usize,
}

/// A document as it was read last.
#[derive(Debug, Default)]
struct Read<D> {
    document: D,
    token: Option<Token>,
}

impl<D: Document> Read<D> {
    fn again(&mut self, store: &Store) -> Result<(), StoreError> {
        if let Some(token) = &self.token
            && store.registers().read_unless(D::REGISTER, token)? == ReadUnless::Unchanged
        {
            return Ok(());
        }
        (self.document, self.token) = store.document()?;
        Ok(())
    }
}

impl Cleaning {
    /// There is a snapshot that was not seen yet.
    pub(super) fn look_again(&mut self) {
        self.wait = 0;
    }

    /// The versions that people hold at this moment.
    fn held_now(&mut self, store: &Store, now: u64) -> Result<BTreeSet<Version>, StoreError> {
        self.pins.again(store)?;
        self.tags.again(store)?;
        let pins = self.pins.document.all().iter().filter(|pin| pin.is_in_force(now));
        let tags = self.tags.document.all().values();
        Ok(pins.map(|pin| pin.version).chain(tags.map(|tag| tag.version)).collect())
    }
}

impl Producer {
    /// Removes what nothing reaches any more, with the versions that may make a difference.
    pub(super) fn clean(&mut self, retention: Retention) -> Result<(), GcError> {
        if self.published.is_none() {
            return Ok(());
        }
        let now = now_ms(self.environment.now());
        let held = self.cleaning.held_now(&self.store, now)?;
        if self.cleaning.wait > 0 && self.cleaning.held == held {
            self.cleaning.wait -= 1;
            return Ok(());
        }
        let keep = Keep::versions(retention.keep_versions)
            .grace(retention.grace)
            .only_the_chain();
        let keep = self.config.derived.iter().cloned().fold(keep, Keep::derived);
        let collection = gc::plan(&self.store, &keep, self.environment.now())?;
        let wait = collection.wait;
        // Only whoever holds the head may remove anything.
        let now = || self.environment.now();
        gc::remove(&self.store, collection, &keep, now, || self.still_in_charge())?;
        (self.cleaning.held, self.cleaning.wait) = (held, wait);
        Ok(())
    }

    fn still_in_charge(&self) -> Result<bool, StoreError> {
        let head = self.store.head()?;
        let ours = self.published.as_ref().map(|published| &published.head.nonce);
        Ok(head.map(|(head, _)| head.nonce).as_ref() == ours)
    }
}
