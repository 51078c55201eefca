//! Describing a producer.

use super::due::{Interval, SinceSnapshot};
use super::environment::{Environment, FailPoints};
use super::recent::Watched;
use super::retention::Cleaning;
use super::{Background, BoxError, CycleError, Producer, Retention, SnapshotWriting, Standing, Step, Validator};
use crate::schema::{Dataset, Schema, SchemaError};
use crate::store::{FsMirror, Store};
use crate::write::{WriteConfig, WriteStateEngine};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What to do with a cycle that changed no record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PublishUnchanged {
    /// Publish nothing.
    #[default]
    Never,
    /// Publish if a header tag of the application has another value than in the announced state.
    WhenTagsDiffer,
    /// Publish always.
    Always,
}

/// The settings of a producer.
pub(super) struct Config {
    pub(super) name: String,
    pub(super) snapshots: Interval,
    pub(super) snapshot_writing: SnapshotWriting,
    pub(super) full_check_every: Option<u32>,
    pub(super) check_keys: bool,
    pub(super) publish_unchanged: PublishUnchanged,
    pub(super) roots: Vec<String>,
    pub(super) write: WriteConfig,
    pub(super) validators: Vec<Box<dyn Validator>>,
    /// What the validators want to know of the last while.
    pub(super) watched: Watched,
    /// How many refused candidates stay in quarantine.
    pub(super) keep_refused: usize,
    pub(super) staging: Option<PathBuf>,
    pub(super) mirror: Option<FsMirror>,
    pub(super) retention: Option<Retention>,
    pub(super) derived: Vec<Store>,
    pub(super) allow_chain_break: bool,
    pub(super) attempts: u32,
    pub(super) pause: Duration,
    /// Whether announced states lend the engine its records, so that it keeps none.
    pub(super) lends: bool,
}

/// Describes a producer; made by [`Producer::builder`].
pub struct ProducerBuilder {
    dataset: Dataset,
    store: Store,
    config: Config,
    environment: Environment,
}

impl ProducerBuilder {
    pub(super) fn new(dataset: Dataset, store: Store) -> Self {
        Self {
            config: Config {
                name: String::new(),
                snapshots: Interval::default(),
                snapshot_writing: SnapshotWriting::default(),
                full_check_every: None,
                check_keys: true,
                publish_unchanged: PublishUnchanged::default(),
                roots: Vec::new(),
                write: WriteConfig::default(),
                validators: Vec::new(),
                watched: Watched::default(),
                keep_refused: 10,
                staging: store.blobs().staging(),
                mirror: None,
                retention: None,
                derived: Vec::new(),
                allow_chain_break: false,
                attempts: 4,
                pause: Duration::from_millis(100),
                lends: true,
            },
            environment: Environment::default(),
            dataset,
            store,
        }
    }

    /// The name of the dataset, for messages.
    pub fn name(mut self, name: &str) -> Self {
        self.config.name = name.to_owned();
        self
    }

    /// Writes a snapshot of every n-th version, and always of the first. Zero counts as one.
    ///
    /// Without this, a version has a snapshot when following the deltas since the last one costs an eighth of what that
    /// snapshot is long, a request counting as 64 KiB: after ten versions at the earliest, after 240 at the latest. So the
    /// work for snapshots follows what changes, as that for deltas does, and a consumer starts in little more than the
    /// time to load a snapshot.
    pub fn snapshot_every(mut self, versions: u32) -> Self {
        self.config.snapshots = Interval::Versions(versions.max(1));
        self
    }

    /// When snapshots are written (default: in the background).
    pub fn snapshots(mut self, writing: SnapshotWriting) -> Self {
        self.config.snapshot_writing = writing;
        self
    }

    /// Checks every n-th version in full (default: never), besides what changed, which is checked with every version. Then
    /// every record of the new state is compared with what was put in, and a snapshot is encoded, read back as by a
    /// consumer that starts, and compared page by page; unless one is due it is not published. Finds what no delta tells,
    /// as damaged memory. Costs several looks at every record then. Zero counts as one.
    pub fn full_check_every(mut self, versions: u32) -> Self {
        self.config.full_check_every = Some(versions.max(1));
        self
    }

    /// Whether a full cycle is refused in which two root records have one primary key, or one has a null in it (default:
    /// yes). Costs a look at the keys of all records of root types that changed. Incremental cycles need no check: there
    /// records are named by their keys.
    pub fn check_keys(mut self, check: bool) -> Self {
        self.config.check_keys = check;
        self
    }

    /// Names a root type: its records are added and removed by key in incremental cycles; records of other types live as
    /// long as others refer to them. Without any, the object types that no other type refers to are the roots.
    pub fn root(mut self, type_name: &str) -> Self {
        self.config.roots.push(type_name.to_owned());
        self
    }

    /// Adds a validator.
    pub fn validator(self, validator: impl Validator + 'static) -> Self {
        self.validators([Box::new(validator) as Box<dyn Validator>])
    }

    /// Adds validators.
    pub fn validators(mut self, validators: impl IntoIterator<Item = Box<dyn Validator>>) -> Self {
        for validator in validators {
            self.config.watched.add(validator.watches());
            self.config.validators.push(validator);
        }
        self
    }

    /// How many refused candidates stay in quarantine, the newest ones (default: 10). Zero keeps none.
    pub fn keep_refused(mut self, candidates: usize) -> Self {
        self.config.keep_refused = candidates;
        self
    }

    /// What to do with a cycle that changed no record (default: nothing).
    pub fn publish_unchanged(mut self, publish: PublishUnchanged) -> Self {
        self.config.publish_unchanged = publish;
        self
    }

    /// Settings of the write state engine.
    pub fn write_config(mut self, config: WriteConfig) -> Self {
        self.config.write = config;
        self
    }

    /// The directory in which blobs are staged. The default is the store's own, which saves a copy, or memory.
    pub fn staging(mut self, directory: impl Into<PathBuf>) -> Self {
        self.config.staging = Some(directory.into());
        self
    }

    /// Keeps a directory in Java Hollow's layout up to date.
    pub fn mirror(mut self, mirror: FsMirror) -> Self {
        self.config.mirror = Some(mirror);
        self
    }

    /// Removes versions past their time. The default keeps all.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.config.retention = Some(retention);
        self
    }

    /// Names the store of a dataset that is made from this one: versions are not removed while its versions name them as
    /// their inputs. It is read when something could be removed; if it cannot be, nothing is.
    pub fn derived(mut self, store: Store) -> Self {
        self.config.derived.push(store);
        self
    }

    /// Lets the producer begin a new chain where the announced state cannot be continued under the schemas given:
    /// consumers then load a snapshot once. Without it such a producer refuses to start.
    pub fn allow_chain_break(mut self, allow: bool) -> Self {
        self.config.allow_chain_break = allow;
        self
    }

    /// How often to try what the store does not answer, and how long to wait before the first repetition (doubled after
    /// each). Default: 4 times, 100 ms.
    pub fn retry(mut self, attempts: u32, pause: Duration) -> Self {
        self.config.attempts = attempts.max(1);
        self.config.pause = pause;
        self
    }

    /// Tells the time, for versions and time stamps. Default: the system's clock.
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.environment.clock = Box::new(clock);
        self
    }

    /// Gives random bits, for tags and nonces. Default: the operating system's.
    pub fn entropy(mut self, entropy: impl FnMut() -> u64 + Send + 'static) -> Self {
        self.environment.entropy = Box::new(entropy);
        self
    }

    /// Waits. Default: lets the thread sleep.
    pub fn sleep(mut self, sleep: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        self.environment.sleep = Arc::new(sleep);
        self
    }

    /// Is called at every [`Step`]. When it fails, the producer stops there and cleans nothing up, as if its process had
    /// died. For tests.
    pub fn fail_point(mut self, point: impl FnMut(Step) -> Result<(), BoxError> + Send + 'static) -> Self {
        self.environment.fail_points = FailPoints::new(point);
        self
    }

    /// Whether announced states lend the engine its records, so that it keeps none.
    #[cfg(test)]
    pub(super) fn lends(mut self, lends: bool) -> Self {
        self.config.lends = lends;
        self
    }

    /// The producer. Nothing is read from the store yet; see [`Producer::restore`].
    ///
    /// # Errors
    /// [`CycleError`] if the schemas or roots do not fit together.
    pub fn build(mut self) -> Result<Producer, CycleError> {
        if self.config.roots.is_empty() {
            self.config.roots = unreferenced(&self.dataset);
        }
        for root in &self.config.roots {
            match self.dataset.get(root) {
                None => return Err(unknown(root)),
                Some(schema) if schema.as_object().is_none() => return Err(CycleError::NotARoot(root.clone())),
                Some(_) => {}
            }
        }
        let engine = new_engine(&self.config, &self.dataset)?;
        Ok(Producer {
            config: self.config,
            dataset: self.dataset,
            store: self.store,
            environment: self.environment,
            engine,
            standing: Standing::New,
            epoch: 0,
            published: None,
            incremental: None,
            since_snapshot: SinceSnapshot::default(),
            primed_in_common: false,
            since_full_check: 0,
            background: Background::default(),
            chain_broken: false,
            cleaning: Cleaning::default(),
            acceptance: None,
            store_is_proven: false,
        })
    }
}

fn unknown(name: &str) -> CycleError {
    CycleError::Write(SchemaError::UnknownType(name.to_owned()).into())
}

/// An engine with the types of the dataset and nothing in it.
pub(super) fn new_engine(config: &Config, dataset: &Dataset) -> Result<WriteStateEngine, CycleError> {
    let mut engine = WriteStateEngine::new(config.write);
    for schema in dataset.schemas() {
        engine.add_type(schema.clone(), None)?;
    }
    Ok(engine)
}

/// The object types that no other type refers to.
fn unreferenced(dataset: &Dataset) -> Vec<String> {
    let others = |schema: &Schema| {
        let name = schema.name().to_owned();
        dataset
            .schemas()
            .iter()
            .all(move |other| other.name() == name || !other.references().contains(&name.as_str()))
    };
    let objects = dataset.schemas().iter().filter(|schema| schema.as_object().is_some());
    objects
        .filter(|schema| others(schema))
        .map(|schema| schema.name().to_owned())
        .collect()
}
