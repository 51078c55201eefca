//! One cycle from S2 to S11.

use super::check::{Checked, Extent, check};
use super::due::{Interval, SinceSnapshot};
use super::stage::{Encoded, Snapshot, Staging};
use super::{
    BoxError, CycleError, CycleOutcome, CycleStats, Producer, PublishUnchanged, Published, SnapshotWriting, Standing,
    Step, builder,
};
use crate::read::ReadState;
use crate::record::Value;
use crate::store::{Manifest, SCHEMA};
use crate::typed::{self, AddError, Record};
use crate::write::{CompactionConfig, WriteError, WriteStateEngine};
use crate::{Ordinal, Version};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// A cycle that is being filled: the whole dataset, record by record.
pub struct Cycle<'a> {
    pub(super) engine: &'a mut WriteStateEngine,
    pub(super) tags: &'a mut BTreeMap<String, String>,
    pub(super) previous: Option<&'a ReadState>,
    pub(super) typed: typed::Session,
}

impl Cycle<'_> {
    /// Adds a record with all it refers to. A record that is there already is not added again.
    ///
    /// # Errors
    /// [`WriteError`] if the record does not fit its schema.
    pub fn add(&mut self, type_name: &str, value: &Value) -> Result<Ordinal, WriteError> {
        self.engine.add(type_name, value)
    }

    /// Adds a typed record with all it refers to; see [`typed`]. What an `Arc` points to is added once.
    ///
    /// # Errors
    /// [`AddError`] if the type does not fit the dataset, or a value cannot be stored.
    pub fn add_record<T: Record>(&mut self, record: &T) -> Result<Ordinal, AddError> {
        self.typed.add(self.engine, record)
    }

    /// Sets a header tag. Tags stay from version to version until they are set again or removed.
    pub fn tag(&mut self, key: &str, value: &str) {
        self.tags.insert(key.to_owned(), value.to_owned());
    }

    /// Removes a header tag.
    pub fn remove_tag(&mut self, key: &str) {
        self.tags.remove(key);
    }

    /// The header tags as they will be published, without those that Hollow sets itself.
    pub fn tags(&self) -> &BTreeMap<String, String> {
        self.tags
    }

    /// The announced state.
    pub fn previous(&self) -> Option<&ReadState> {
        self.previous
    }

    /// The engine, for records that are built from ordinals, or carried from the previous cycle.
    pub fn engine(&mut self) -> &mut WriteStateEngine {
        self.typed.forget(); // whatever is done there, what it remembers may not be true any more
        self.engine
    }
}

/// How a cycle is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filling {
    /// Record by record: two of them can have one key.
    Freely,
    /// Root records by key: none has the key of another, and each has one.
    ByKey,
}

/// What a cycle knows before it is filled.
struct Attempt {
    filling: Filling,
    version: Version,
    nonce: String,
    started_at: u64,
}

impl Producer {
    /// Publishes the dataset as the closure fills it. Records that are not added are removed.
    ///
    /// Root records must have primary keys of their own, without nulls, where their type declares one; see
    /// [`ProducerBuilder::check_keys`](super::ProducerBuilder::check_keys).
    ///
    /// # Errors
    /// [`CycleError`]; see there which of them leave the producer able to go on.
    pub fn run_cycle(
        &mut self,
        populate: impl FnOnce(&mut Cycle<'_>) -> Result<(), BoxError>,
    ) -> Result<CycleOutcome, CycleError> {
        let outcome = self.attempt(Filling::Freely, |this, tags| {
            let previous = this.published.as_ref().map(|published| published.state.clone());
            populate(&mut Cycle {
                engine: &mut this.engine,
                tags,
                previous: previous.as_deref(),
                typed: typed::Session::default(),
            })
            .map_err(CycleError::Populate)
        })?;
        if outcome.version().is_some() {
            self.incremental = None; // keys and reference counts are taken anew when they are needed
        }
        Ok(outcome)
    }

    /// Publishes the announced state with records moved into the holes below them, where that is worth it, so that
    /// ordinals are dense again; see [`WriteStateEngine::compact_within`] for `budget_bytes`. No record changes. What is
    /// kept for incremental cycles is taken anew after it.
    ///
    /// # Errors
    /// As [`Producer::run_cycle`].
    pub fn run_compaction_cycle(
        &mut self,
        config: CompactionConfig,
        budget_bytes: u64,
    ) -> Result<CycleOutcome, CycleError> {
        let outcome = self.attempt(Filling::ByKey, |this, _| {
            // Before the first version there is nothing to compact.
            if this.engine.has_previous_state() && this.engine.compact_within(config, budget_bytes)? == 0 {
                this.engine.add_all_from_previous_cycle()?;
            }
            Ok(())
        })?;
        if outcome.version().is_some() {
            self.incremental = None;
        }
        Ok(outcome)
    }

    /// One cycle, whatever it is filled by. Rolls back when it fails.
    pub(super) fn attempt(
        &mut self,
        filling: Filling,
        fill: impl FnOnce(&mut Self, &mut BTreeMap<String, String>) -> Result<(), CycleError>,
    ) -> Result<CycleOutcome, CycleError> {
        match self.standing {
            Standing::Ready => {}
            Standing::New => drop(self.restore()?),
            Standing::Lost => return Err(CycleError::NeedsRestore),
        }
        // Until it has ended well, the cycle may have left anything in the engine, also by a panic of the caller's code.
        self.standing = Standing::Lost;
        let result = self.steps(filling, fill);
        self.acceptance = None;
        match &result {
            Ok(_) => self.standing = Standing::Ready,
            Err(
                CycleError::Interrupted(_)
                | CycleError::Fenced { .. }
                | CycleError::Unresolved { .. }
                | CycleError::NeedsRestore,
            ) => {}
            // Announced, but by a store that cannot be relied on.
            Err(CycleError::Store {
                step: Step::EpochTaken, ..
            }) => {}
            Err(_) => {
                self.engine.reset();
                self.standing = Standing::Ready;
            }
        }
        result
    }

    fn steps(
        &mut self,
        filling: Filling,
        fill: impl FnOnce(&mut Self, &mut BTreeMap<String, String>) -> Result<(), CycleError>,
    ) -> Result<CycleOutcome, CycleError> {
        let mut stats = CycleStats::default();
        let attempt = Attempt {
            filling,
            version: Version::mint(self.environment.now(), self.version()),
            nonce: self.environment.nonce(),
            started_at: self.environment.now_ms(),
        };
        let previous_tag = self.published.as_ref().map(|published| published.state.tag());
        let tag = self.environment.tag(previous_tag);
        self.engine.set_next_tag(tag);

        // S2
        let start = Instant::now();
        let mut tags = self.application_tags();
        fill(self, &mut tags)?;
        stats.populate = start.elapsed();
        self.environment.reach(Step::Populated)?;
        let evolved = self.is_evolved();
        if !self.has_to_publish(&tags, evolved) {
            self.engine.reset();
            return Ok(CycleOutcome::NothingChanged);
        }
        self.engine.prepare_for_write()?;
        let tags = self.all_tags(tags, attempt.version, attempt.started_at);
        self.set_tags(&tags);

        // S3
        let start = Instant::now();
        let failed = |source| CycleError::Store {
            step: Step::PartlyEncoded,
            source,
        };
        let staging = Staging::begin(self.config.staging.as_deref(), self.epoch, &attempt.nonce).map_err(failed)?;
        let result = self.publish(&attempt, tags, evolved, &staging, &mut stats, start);
        if let Err(CycleError::Interrupted(_)) = &result {
            staging.abandon();
            return result;
        }
        drop(staging);
        result
    }

    /// S3 to S11.
    fn publish(
        &mut self,
        attempt: &Attempt,
        tags: BTreeMap<String, String>,
        evolved: bool,
        staging: &Staging,
        stats: &mut CycleStats,
        start: Instant,
    ) -> Result<CycleOutcome, CycleError> {
        let state = self.state();
        // Nothing leads over a break of the chain.
        let continued = if self.chain_broken { None } else { self.version() };
        let interval = self.config.snapshots;
        let due = self.since_snapshot.and(0).is_due(interval);
        let in_background =
            self.config.snapshot_writing == SnapshotWriting::InBackground && interval != Interval::Versions(1);
        let snapshot = evolved || continued.is_none() || (due && !in_background);
        let in_full_due = self
            .config
            .full_check_every
            .is_some_and(|every| self.since_full_check.saturating_add(1) >= every);
        let in_full = in_full_due && !self.primed_in_common;
        stats.warnings.extend(self.collect_snapshot()?);
        let environment = &mut self.environment;
        let between = || environment.reach(Step::PartlyEncoded);
        let encode = match (snapshot, in_full) {
            (true, _) => Snapshot::Published,
            (false, true) => Snapshot::Checked,
            (false, false) => Snapshot::None,
        };
        let encoded = Encoded::stage(&mut self.engine, staging, continued, attempt.version, encode, between)?;
        self.environment.reach(Step::Encoded)?;
        stats.encode = start.elapsed();
        let bytes = |blob: &Option<super::stage::StagedBlob>| blob.as_ref().map(|blob| blob.entry.length);
        stats.snapshot_bytes = bytes(&encoded.snapshot);
        stats.delta_bytes = bytes(&encoded.delta);
        stats.reverse_delta_bytes = bytes(&encoded.reverse_delta);

        // S4
        let start = Instant::now();
        let before = state.as_deref().filter(|_| continued.is_some());
        let extent = Extent { evolved, in_full };
        let Checked { state: next, checksum } = check(&self.engine, &encoded, before, extent)?;
        let next = next.with_version(attempt.version);
        if attempt.filling == Filling::Freely && self.config.check_keys {
            self.check_keys(&next)?;
        }
        stats.check = start.elapsed();
        self.environment.reach(Step::Checked)?;

        // S5
        let start = Instant::now();
        let mut manifest = self.make_manifest(attempt, &encoded, &next, tags, checksum);
        manifest.counts = self.count(state.as_deref(), &next);
        self.judge(&mut manifest, state.as_deref(), &next);
        stats.validate = start.elapsed();
        if manifest.receipts.iter().any(|receipt| receipt.refuses()) {
            return Err(CycleError::Rejected {
                version: attempt.version,
                candidate: self.quarantine(&encoded, &manifest),
                receipts: manifest.receipts,
            });
        }
        stats.late_snapshot_bytes = manifest.late_snapshot.as_ref().map(|late| late.blob.length);
        self.environment.reach(Step::Validated)?;

        // S6, S7, S8
        let start = Instant::now();
        self.put_blobs(&encoded)?;
        let (head, token) = self.announce(&manifest)?;
        stats.publish = start.elapsed();

        // The version is announced: nothing from here on may fail the cycle, unless the process dies.
        self.environment.reach(Step::Committed)?;

        // S9
        self.count_changes(&next, stats);
        let delta_bytes = stats.delta_bytes.unwrap_or(0);
        let named = self.background.announced(manifest.late_snapshot.is_some(), delta_bytes);
        let next = Arc::new(next);
        self.published = Some(Published {
            head,
            token,
            manifest,
            state: next.clone(),
        });
        self.since_snapshot = match named {
            _ if snapshot => SinceSnapshot::new(stats.snapshot_bytes.unwrap_or(0)),
            Some(since) => since,
            None => self.since_snapshot.and(delta_bytes),
        };
        self.since_full_check = if in_full {
            0
        } else {
            self.since_full_check.saturating_add(1)
        };
        self.chain_broken = false;
        // Counted with this version now, and since the one whose snapshot it named.
        if in_background && self.since_snapshot.is_due(interval) && self.background.version().is_none() {
            match self.engine.snapshot_plan() {
                Ok(plan) => stats.warnings.extend(self.begin_snapshot(plan)),
                Err(error) => stats.warnings.push(format!("no snapshot planned: {error}")),
            }
        }
        if evolved {
            // What was carried over still is in the form of the schemas before: begin with a fresh engine.
            self.engine = builder::new_engine(&self.config, &self.dataset)?;
            self.resume(&next).map_err(|_| CycleError::NeedsRestore)?;
            self.primed_in_common = false;
        } else {
            let tag = self.environment.tag(self.engine.next_tag());
            match self.config.lends {
                true => self.engine.prepare_for_next_cycle_lent(tag, &*next),
                false => self.engine.prepare_for_next_cycle(tag),
            }
        }
        self.environment.reach(Step::Swapped)?;

        // S10
        if let Some(mirror) = &self.config.mirror
            && let Err(error) = mirror.sync(&self.store)
        {
            stats.warnings.push(format!("mirror not brought up to date: {error}"));
        }
        self.environment.reach(Step::Mirrored)?;

        // S11
        if snapshot || named.is_some() {
            self.cleaning.look_again();
        }
        if let Some(retention) = self.config.retention
            && let Err(error) = self.clean(retention)
        {
            stats.warnings.push(format!("old versions not removed: {error}"));
        }
        self.environment.reach(Step::Cleaned)?;
        Ok(CycleOutcome::Published {
            version: attempt.version,
            stats: std::mem::take(stats),
        })
    }

    /// Whether the announced state has other schemas than this producer.
    pub(super) fn is_evolved(&self) -> bool {
        let announced = self.published.as_ref();
        announced.is_some_and(|published| published.state.dataset().schemas() != self.dataset.schemas())
    }

    fn has_to_publish(&self, tags: &BTreeMap<String, String>, evolved: bool) -> bool {
        let first_or_different = self.published.is_none() || self.chain_broken || evolved;
        first_or_different
            || self.engine.has_changed()
            || match self.config.publish_unchanged {
                PublishUnchanged::Never => false,
                PublishUnchanged::WhenTagsDiffer => *tags != self.application_tags(),
                PublishUnchanged::Always => true,
            }
    }

    fn make_manifest(
        &self,
        attempt: &Attempt,
        encoded: &Encoded,
        state: &ReadState,
        header_tags: BTreeMap<String, String>,
        record_checksum: Option<i32>,
    ) -> Manifest {
        Manifest {
            schema: SCHEMA,
            version: attempt.version,
            previous: self.previous(),
            epoch: self.epoch,
            nonce: attempt.nonce.clone(),
            tag: state.tag(),
            blobs: encoded.blobs().map(|blob| blob.entry.clone()).collect(),
            header_tags,
            schema_hash: state.dataset().schema_hash(),
            record_checksum,
            created_at: self.environment.now_ms(),
            receipts: Vec::new(),
            counts: BTreeMap::new(),
            change_digest: None,
            recent: Vec::new(),
            late_snapshot: self.background.finished().cloned(),
        }
    }

    fn count_changes(&self, next: &ReadState, stats: &mut CycleStats) {
        for id in self.engine.type_ids() {
            let changes = self.engine.changes(id);
            stats.added += changes.added.len() as u64;
            stats.removed += changes.removed.len() as u64;
        }
        stats.records = next.types().map(|ty| ty.len() as u64).sum();
    }
}
