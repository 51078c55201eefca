//! Snapshots written while cycles go on.
//!
//! A snapshot that is due after a version was announced is written by a thread of its own, from the announced state,
//! which never changes, and a plan that the engine made of it ([`SnapshotPlan`]):
//!
//! ```text
//! cycle V ─ commit ─┬─ cycle V+1 ── cycle V+2 ───────────── cycle V+3: its manifest names the snapshot of V
//!                   └─ encode V ─ read back, compare ─ put ─┘
//! ```
//!
//! - The snapshot is read back and compared with the state before it is put, and put before anything names it.
//! - It becomes visible by the commit of a later version, so a crash at any moment leaves nothing half visible: at most
//!   an object that nothing names, which cleaning up removes.
//! - At most one is written at a time. One that fails is reported with the next version and tried again, of the state
//!   announced by then; the chain does not depend on it, since consumers can begin with the snapshot before.

use super::check::same_pages;
use super::commit::Retries;
use super::due::SinceSnapshot;
use super::environment::FailPoints;
use super::sink::Sink;
use super::stage::Staging;
use super::{BoxError, CycleError, Producer, Step};
use crate::Version;
use crate::read::ReadState;
use crate::store::{BlobEntry, BlobKind, Key, LateSnapshot, Put, Sha256, Staged, Store};
use crate::write::SnapshotPlan;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// When the snapshot of a version is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SnapshotWriting {
    /// After the version is announced, by a thread of its own, from a state that cycles leave alone. The manifest of a
    /// later version names it. The first version, and any that no delta leads to, has its snapshot with it all the same;
    /// so has every version if each is to have one.
    #[default]
    InBackground,
    /// In the cycle, before the version is announced.
    WithVersion,
}

/// The snapshots between their version and the manifest that names them.
#[derive(Debug, Default)]
pub(super) struct Background {
    running: Option<Job>,
    /// In the store, and named by no manifest yet.
    finished: Option<LateSnapshot>,
    /// What was published since the version that is being, or was last, written.
    since: SinceSnapshot,
}

#[derive(Debug)]
struct Job {
    version: Version,
    cancel: Arc<AtomicBool>,
    thread: JoinHandle<Result<LateSnapshot, Failure>>,
}

/// Why there is no snapshot.
#[derive(Debug)]
enum Failure {
    /// A fail point: the process is taken for dead.
    Interrupted(Step),
    Other(BoxError),
}

impl<E: Into<BoxError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Other(error.into())
    }
}

impl Background {
    /// The version whose snapshot is being written, or waits for being named.
    pub(super) fn version(&self) -> Option<Version> {
        let running = self.running.as_ref().map(|job| job.version);
        running.or(self.finished.as_ref().map(|late| late.version))
    }

    /// The snapshot that the next manifest is to name.
    pub(super) fn finished(&self) -> Option<&LateSnapshot> {
        self.finished.as_ref()
    }

    /// A version was announced. Gives what there is since the snapshot that its manifest named, if it did.
    pub(super) fn announced(&mut self, named: bool, delta_bytes: u64) -> Option<SinceSnapshot> {
        self.since = self.since.and(delta_bytes);
        let late = self.finished.take_if(|_| named)?;
        Some(self.since.behind(late.blob.length))
    }

    /// Ends the work that is under way and forgets what was done.
    pub(super) fn abandon(&mut self) {
        *self = Self::default();
    }

    fn begin(&mut self, work: Work) -> io::Result<()> {
        let (version, cancel) = (work.version, work.cancel.clone());
        let thread = std::thread::Builder::new().name("hollow-snapshot".to_owned());
        let thread = thread.spawn(move || {
            step_back();
            work.run()
        })?;
        self.running = Some(Job {
            version,
            cancel,
            thread,
        });
        self.since = SinceSnapshot::default();
        Ok(())
    }

    /// What became of the work, if it is over or `wait` says so.
    fn collect(&mut self, wait: bool) -> Option<(Version, Result<(), Failure>)> {
        if self
            .running
            .as_ref()
            .is_none_or(|job| !wait && !job.thread.is_finished())
        {
            return None;
        }
        let job = self.running.take()?;
        let result = job.thread.join().unwrap_or_else(|_| Err("panicked".into()));
        let result = result.map(|late| self.finished = Some(late));
        Some((job.version, result))
    }
}

/// Lets this thread have what processors the others leave: cycles are not to wait for it.
fn step_back() {
    // Elsewhere it would be the whole process that steps back. Where it is not allowed, the thread is as good as others.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(10);
}

impl Drop for Background {
    fn drop(&mut self) {
        // A thread that outlived its producer would go on writing to the store.
        if let Some(job) = self.running.take() {
            job.cancel.store(true, Ordering::Relaxed);
            drop(job.thread.join());
        }
    }
}

impl Producer {
    /// The version whose snapshot is being written in the background, or is written and waits for the manifest that
    /// names it.
    pub fn background_snapshot(&self) -> Option<Version> {
        self.background.version()
    }

    /// Waits until no snapshot is being written in the background; what was written is named by the next version. Gives
    /// the version whose snapshot that is. For orderly ends and for tests: cycles need not call it.
    ///
    /// # Errors
    /// Why the snapshot could not be written, as text in [`CycleError::Snapshot`]. The producer can go on.
    pub fn finish_background_snapshot(&mut self) -> Result<Option<Version>, CycleError> {
        match self.background.collect(true) {
            Some((_, Err(Failure::Interrupted(step)))) => {
                self.standing = super::Standing::Lost;
                Err(CycleError::Interrupted(step))
            }
            Some((version, Err(Failure::Other(source)))) => Err(CycleError::Snapshot { version, source }),
            _ => Ok(self.background.version()),
        }
    }

    /// Takes notice of a snapshot that is finished; of one that failed, in words.
    pub(super) fn collect_snapshot(&mut self) -> Result<Option<String>, CycleError> {
        match self.background.collect(false) {
            Some((_, Err(Failure::Interrupted(step)))) => Err(CycleError::Interrupted(step)),
            Some((version, Err(Failure::Other(source)))) => {
                let text = super::restore::chain_of_causes(source.as_ref());
                Ok(Some(format!(
                    "snapshot of version={version} not written, to be tried again: {text}"
                )))
            }
            _ => Ok(None),
        }
    }

    /// Begins to write the snapshot of the version just announced, unless another one is under way. What went wrong, in
    /// words.
    pub(super) fn begin_snapshot(&mut self, plan: SnapshotPlan) -> Option<String> {
        let published = self.published.as_ref()?;
        let work = Work {
            version: published.head.version,
            manifest: published.head.manifest,
            state: published.state.clone(),
            plan,
            store: self.store.clone(),
            staging: self.config.staging.clone(),
            epoch: self.epoch,
            nonce: published.head.nonce.clone(),
            retries: self.retries(),
            fail_points: self.environment.fail_points.clone(),
            cancel: Arc::default(),
        };
        let begun = self.background.begin(work);
        begun
            .err()
            .map(|error| format!("no thread to write a snapshot with: {error}"))
    }
}

/// Everything the thread needs.
struct Work {
    version: Version,
    manifest: Sha256,
    state: Arc<ReadState>,
    plan: SnapshotPlan,
    store: Store,
    staging: Option<PathBuf>,
    epoch: u64,
    nonce: String,
    retries: Retries,
    fail_points: FailPoints,
    cancel: Arc<AtomicBool>,
}

impl Work {
    fn run(self) -> Result<LateSnapshot, Failure> {
        self.reach(Step::SnapshotBegun)?;
        let staging = Staging::begin(self.staging.as_deref(), self.epoch, &format!("{}-snapshot", self.nonce))?;
        match self.write(&staging) {
            Err(Failure::Interrupted(step)) => {
                staging.abandon();
                Err(Failure::Interrupted(step))
            }
            other => other,
        }
    }

    fn write(&self, staging: &Staging) -> Result<LateSnapshot, Failure> {
        let write = |out: &mut Sink| {
            let cancel = &self.cancel;
            self.plan.write(&self.state, &mut Cancellable { out, cancel })
        };
        let blob = staging.blob(BlobKind::Snapshot, None, self.version, write)?;
        self.reach(Step::SnapshotStaged)?;
        self.check(&blob.content)?;
        self.reach(Step::SnapshotChecked)?;
        self.put(&blob.entry, &blob.content)?;
        self.reach(Step::SnapshotPut)?;
        Ok(LateSnapshot {
            version: self.version,
            manifest: self.manifest,
            blob: blob.entry,
        })
    }

    /// Reads the snapshot back and compares all of it with the state it was written from.
    fn check(&self, staged: &Staged) -> Result<(), Failure> {
        let read = ReadState::from_snapshot(&staged.open()?)?;
        self.go_on()?;
        let same_tags = read.tag() == self.state.tag() && read.header_tags() == self.state.header_tags();
        if !same_tags || read.dataset() != self.state.dataset() {
            return Err("the snapshot reads back with other tags or schemas".into());
        }
        Ok(same_pages("the snapshot reads back differently", &self.state, &read)?)
    }

    fn put(&self, entry: &BlobEntry, content: &Staged) -> Result<(), Failure> {
        let key = Key::new(entry.key.as_str())?;
        self.retries.run(|| match self.store.blobs().put(&key, content)? {
            Put::Created => Ok(()),
            Put::Exists => self.store.blob(entry).map(drop),
        })?;
        Ok(())
    }

    fn reach(&self, step: Step) -> Result<(), Failure> {
        self.go_on()?;
        match self.fail_points.stops_at(step) {
            true => Err(Failure::Interrupted(step)),
            false => Ok(()),
        }
    }

    fn go_on(&self) -> io::Result<()> {
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(io::Error::other("the producer is gone")),
            false => Ok(()),
        }
    }
}

/// A stream that fails once the work is cancelled.
struct Cancellable<'a> {
    out: &'a mut Sink,
    cancel: &'a AtomicBool,
}

impl io::Write for Cancellable<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(io::Error::other("the producer is gone"));
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
