//! One cycle from S2 to S11.

use super::check::{Checked, check};
use super::stage::{Encoded, Staging};
use super::validate::{Candidate, validate};
use super::{BoxError, CycleError, Producer, PublishUnchanged, Published, Standing, Step};
use crate::read::ReadState;
use crate::record::Value;
use crate::store::{Manifest, Receipt, SCHEMA};
use crate::write::{WriteError, WriteStateEngine};
use crate::{Ordinal, Version};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Header tags that Hollow itself sets begin with this.
const OWN_TAGS: &str = "hollow.";

/// What a cycle came to.
#[derive(Clone, Debug, PartialEq)]
pub enum CycleOutcome {
    /// No record changed, so nothing was published.
    NothingChanged,
    /// A version was published and announced.
    Published {
        /// The version.
        version: Version,
        /// What it took.
        stats: CycleStats,
    },
}

impl CycleOutcome {
    /// The version that was published.
    pub fn version(&self) -> Option<Version> {
        match self {
            CycleOutcome::NothingChanged => None,
            CycleOutcome::Published { version, .. } => Some(*version),
        }
    }
}

/// What publishing a version took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CycleStats {
    /// Bytes of the snapshot, if one was written.
    pub snapshot_bytes: Option<u64>,
    /// Bytes of the delta.
    pub delta_bytes: Option<u64>,
    /// Bytes of the reverse delta.
    pub reverse_delta_bytes: Option<u64>,
    /// Records of all types.
    pub records: u64,
    /// Records added, of all types.
    pub added: u64,
    /// Records removed, of all types.
    pub removed: u64,
    /// S2: time to fill the cycle.
    pub populate: Duration,
    /// S3: time to encode.
    pub encode: Duration,
    /// S4: time to read back.
    pub check: Duration,
    /// S5: time of the validators.
    pub validate: Duration,
    /// S6 to S8: time to publish and announce.
    pub publish: Duration,
    /// What went wrong after the version was announced: mirror, cleaning up. Both are tried again in the next cycle.
    pub warnings: Vec<String>,
}

/// A cycle that is being filled: the whole dataset, record by record.
pub struct Cycle<'a> {
    pub(super) engine: &'a mut WriteStateEngine,
    pub(super) tags: &'a mut BTreeMap<String, String>,
    pub(super) previous: Option<&'a ReadState>,
}

impl Cycle<'_> {
    /// Adds a record with all it refers to. A record that is there already is not added again.
    ///
    /// # Errors
    /// [`WriteError`] if the record does not fit its schema.
    pub fn add(&mut self, type_name: &str, value: &Value) -> Result<Ordinal, WriteError> {
        self.engine.add(type_name, value)
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
        self.engine
    }
}

/// What a cycle knows before it is filled.
struct Attempt {
    version: Version,
    nonce: String,
    started_at: u64,
}

impl Producer {
    /// Publishes the dataset as the closure fills it. Records that are not added are removed.
    ///
    /// # Errors
    /// [`CycleError`]; see there which of them leave the producer able to go on.
    pub fn run_cycle(
        &mut self,
        populate: impl FnOnce(&mut Cycle<'_>) -> Result<(), BoxError>,
    ) -> Result<CycleOutcome, CycleError> {
        let outcome = self.attempt(|this, tags| {
            let previous = this.published.as_ref().map(|published| published.state.clone());
            populate(&mut Cycle {
                engine: &mut this.engine,
                tags,
                previous: previous.as_deref(),
            })
            .map_err(CycleError::Populate)
        })?;
        if outcome.version().is_some() {
            self.incremental = None; // keys and reference counts are taken anew when they are needed
        }
        Ok(outcome)
    }

    /// One cycle, whatever it is filled by. Rolls back when it fails.
    pub(super) fn attempt(
        &mut self,
        fill: impl FnOnce(&mut Self, &mut BTreeMap<String, String>) -> Result<(), CycleError>,
    ) -> Result<CycleOutcome, CycleError> {
        match self.standing {
            Standing::Ready => {}
            Standing::New => drop(self.restore()?),
            Standing::Lost => return Err(CycleError::NeedsRestore),
        }
        // Until it has ended well, the cycle may have left anything in the engine, also by a panic of the caller's code.
        self.standing = Standing::Lost;
        let result = self.steps(fill);
        match &result {
            Ok(_) => self.standing = Standing::Ready,
            Err(CycleError::Interrupted(_) | CycleError::Fenced { .. } | CycleError::Unresolved { .. }) => {}
            Err(_) => {
                self.engine.reset();
                self.standing = Standing::Ready;
            }
        }
        result
    }

    fn steps(
        &mut self,
        fill: impl FnOnce(&mut Self, &mut BTreeMap<String, String>) -> Result<(), CycleError>,
    ) -> Result<CycleOutcome, CycleError> {
        let mut stats = CycleStats::default();
        let attempt = Attempt {
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
        let tags = self.all_tags(tags, &attempt);
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
        let due = self.since_snapshot >= self.config.snapshot_every;
        let snapshot = due || evolved || continued.is_none();
        let environment = &mut self.environment;
        let between = || environment.reach(Step::PartlyEncoded);
        let encoded = Encoded::stage(&mut self.engine, staging, continued, attempt.version, snapshot, between)?;
        self.environment.reach(Step::Encoded)?;
        stats.encode = start.elapsed();
        let bytes = |blob: &Option<super::stage::StagedBlob>| blob.as_ref().map(|blob| blob.entry.length);
        stats.snapshot_bytes = bytes(&encoded.snapshot);
        stats.delta_bytes = bytes(&encoded.delta);
        stats.reverse_delta_bytes = bytes(&encoded.reverse_delta);

        // S4
        let start = Instant::now();
        let before = state.as_deref().filter(|_| continued.is_some());
        let Checked { state: next, checksum } = check(&self.engine, &encoded, before, evolved)?;
        let next = next.with_version(attempt.version);
        stats.check = start.elapsed();
        self.environment.reach(Step::Checked)?;

        // S5
        let start = Instant::now();
        let candidate = Candidate {
            version: attempt.version,
            state: &next,
            previous: state.as_deref(),
        };
        let receipts = validate(&self.config.validators, &candidate);
        stats.validate = start.elapsed();
        let manifest = self.make_manifest(attempt, &encoded, &next, tags, checksum, receipts);
        if manifest.receipts.iter().any(|receipt| !receipt.passed) {
            self.quarantine(&encoded, &manifest);
            return Err(CycleError::Rejected {
                version: attempt.version,
                receipts: manifest.receipts,
            });
        }
        self.environment.reach(Step::Validated)?;

        // S6, S7, S8
        let start = Instant::now();
        self.put_blobs(&encoded)?;
        let (head, token) = self.announce(&manifest)?;
        stats.publish = start.elapsed();

        // The version is announced: nothing from here on may fail the cycle, unless the process dies.
        self.environment.reach(Step::Committed)?;

        // S9
        self.count_changes(stats);
        self.published = Some(Published {
            head,
            token,
            manifest,
            state: Arc::new(next),
        });
        self.since_snapshot = if snapshot {
            1
        } else {
            self.since_snapshot.saturating_add(1)
        };
        self.chain_broken = false;
        let tag = self.environment.tag(self.engine.next_tag());
        self.engine.prepare_for_next_cycle(tag);
        self.environment.reach(Step::Swapped)?;

        // S10
        if let Some(mirror) = &self.config.mirror
            && let Err(error) = mirror.sync(&self.store)
        {
            stats.warnings.push(format!("mirror not brought up to date: {error}"));
        }
        self.environment.reach(Step::Mirrored)?;

        // S11
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

    /// The header tags of the announced state that are not Hollow's own.
    fn application_tags(&self) -> BTreeMap<String, String> {
        let tags = self
            .published
            .iter()
            .flat_map(|published| published.state.header_tags());
        let tags = tags.filter(|(key, _)| !key.starts_with(OWN_TAGS));
        tags.map(|(key, value)| (key.clone(), value.clone())).collect()
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

    /// Adds the tags that Hollow sets itself.
    fn all_tags(&self, mut tags: BTreeMap<String, String>, attempt: &Attempt) -> BTreeMap<String, String> {
        let before = self.published.as_ref().map(|published| published.state.header_tags());
        let counter = before.and_then(|tags| tags.get("hollow.delta.chain.version.counter"));
        let counter = counter.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        let mut set = |key: &str, value: String| tags.insert(key.to_owned(), value);
        set("hollow.metric.cycle.start", attempt.started_at.to_string());
        set("hollow.schema.hash", self.dataset.schema_hash().to_string());
        set("hollow.blob.to.version", attempt.version.to_string());
        set(
            "hollow.delta.chain.version.counter",
            counter.saturating_add(1).to_string(),
        );
        set(
            "hollow.partitioned.ordinal.map",
            self.config.write.partitioned_ordinal_map.to_string(),
        );
        if self.is_evolved() {
            set("hollow.schema.changedFromPriorVersion", "true".to_owned());
        }
        // The engine found out about this one when it prepared for writing.
        const RESHARDING: &str = "hollow.type.resharding.invoked";
        if let Some(value) = self.engine.header_tag(RESHARDING) {
            set(RESHARDING, value.to_owned());
        }
        tags
    }

    fn set_tags(&mut self, tags: &BTreeMap<String, String>) {
        let gone: Vec<String> = self.engine.header_tags().map(|(key, _)| key.to_owned()).collect();
        for key in gone.iter().filter(|key| !tags.contains_key(*key)) {
            self.engine.remove_header_tag(key);
        }
        for (key, value) in tags {
            self.engine.set_header_tag(key, value);
        }
    }

    fn make_manifest(
        &self,
        attempt: &Attempt,
        encoded: &Encoded,
        state: &ReadState,
        header_tags: BTreeMap<String, String>,
        record_checksum: Option<i32>,
        receipts: Vec<Receipt>,
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
            receipts,
        }
    }

    fn count_changes(&self, stats: &mut CycleStats) {
        for id in self.engine.type_ids() {
            let (before, after) = (self.engine.previous_populated(id), self.engine.populated(id));
            stats.records += after.len() as u64;
            stats.added += after.difference(before).len() as u64;
            stats.removed += before.difference(after).len() as u64;
        }
    }
}
