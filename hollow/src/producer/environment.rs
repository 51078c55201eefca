//! What a producer takes from the world, so that tests can give it something else: time, randomness, a point to stop at.

use super::BoxError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Where in a cycle a producer is. Each value is a moment at which a process can die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Step {
    /// S0: before the head is read.
    Restoring,
    /// S0: the chain is loaded, the epoch not yet taken.
    ChainLoaded,
    /// S0: the epoch is taken.
    EpochTaken,
    /// S2: the records are in.
    Populated,
    /// S3: one blob of several is staged.
    PartlyEncoded,
    /// S3: all blobs are staged.
    Encoded,
    /// S4: read back and found right.
    Checked,
    /// S5: accepted by the validators.
    Validated,
    /// S6: some blobs are in the store.
    PartlyPut,
    /// S6: all blobs are in the store.
    BlobsPut,
    /// S7: the manifest is in the store.
    ManifestPut,
    /// S8: the head names the new version.
    Committed,
    /// S9: the state in memory is the new one.
    Swapped,
    /// S10: the mirror follows.
    Mirrored,
    /// S11: cleaned up.
    Cleaned,
    /// In the background: before anything of a snapshot is written.
    SnapshotBegun,
    /// In the background: the snapshot is staged.
    SnapshotStaged,
    /// In the background: the snapshot is read back and found right.
    SnapshotChecked,
    /// In the background: the snapshot is in the store, and nothing names it.
    SnapshotPut,
}

impl Step {
    /// All steps, in order; those of the background last.
    pub const ALL: [Step; 19] = [
        Step::Restoring,
        Step::ChainLoaded,
        Step::EpochTaken,
        Step::Populated,
        Step::PartlyEncoded,
        Step::Encoded,
        Step::Checked,
        Step::Validated,
        Step::PartlyPut,
        Step::BlobsPut,
        Step::ManifestPut,
        Step::Committed,
        Step::Swapped,
        Step::Mirrored,
        Step::Cleaned,
        Step::SnapshotBegun,
        Step::SnapshotStaged,
        Step::SnapshotChecked,
        Step::SnapshotPut,
    ];

    /// Whether the step is one of those that happen in the background.
    pub fn is_in_background(self) -> bool {
        self >= Step::SnapshotBegun
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Restoring => "s0-restoring",
            Step::ChainLoaded => "s0-chain-loaded",
            Step::EpochTaken => "s0-epoch-taken",
            Step::Populated => "s2-populated",
            Step::PartlyEncoded => "s3-partly-encoded",
            Step::Encoded => "s3-encoded",
            Step::Checked => "s4-checked",
            Step::Validated => "s5-validated",
            Step::PartlyPut => "s6-partly-put",
            Step::BlobsPut => "s6-blobs-put",
            Step::ManifestPut => "s7-manifest-put",
            Step::Committed => "s8-committed",
            Step::Swapped => "s9-swapped",
            Step::Mirrored => "s10-mirrored",
            Step::Cleaned => "s11-cleaned",
            Step::SnapshotBegun => "snapshot-begun",
            Step::SnapshotStaged => "snapshot-staged",
            Step::SnapshotChecked => "snapshot-checked",
            Step::SnapshotPut => "snapshot-put",
        })
    }
}

type Clock = dyn Fn() -> SystemTime + Send + Sync;
type Entropy = dyn FnMut() -> u64 + Send;
type FailPoint = dyn FnMut(Step) -> Result<(), BoxError> + Send;
pub(super) type Sleep = dyn Fn(Duration) + Send + Sync;

/// Time, randomness and the fail point.
pub(super) struct Environment {
    pub(super) clock: Box<Clock>,
    pub(super) entropy: Box<Entropy>,
    pub(super) fail_points: FailPoints,
    pub(super) sleep: Arc<Sleep>,
}

/// The point at which a test wants a producer to stop, if there is one. Clones share it.
#[derive(Clone, Default)]
pub(super) struct FailPoints(Option<Arc<Mutex<FailPoint>>>);

impl FailPoints {
    pub(super) fn new(point: impl FnMut(Step) -> Result<(), BoxError> + Send + 'static) -> Self {
        Self(Some(Arc::new(Mutex::new(point))))
    }

    /// Whether the producer is to stop here.
    pub(super) fn stops_at(&self, step: Step) -> bool {
        self.0.as_ref().is_some_and(|point| {
            let mut point = point.lock().unwrap_or_else(PoisonError::into_inner);
            point(step).is_err()
        })
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            clock: Box::new(SystemTime::now),
            entropy: Box::new(random),
            fail_points: FailPoints::default(),
            sleep: Arc::new(std::thread::sleep),
        }
    }
}

/// 64 random bits from the operating system.
fn random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| {
        // No source of randomness this early in the start of a machine: keys of hash maps are seeded without one.
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(SystemTime::now())
    })
}

impl Environment {
    pub(super) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// Milliseconds since 1970.
    pub(super) fn now_ms(&self) -> u64 {
        let since = self.now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    /// A text that no other attempt has.
    pub(super) fn nonce(&mut self) -> String {
        format!("{:016x}{:016x}", (self.entropy)(), (self.entropy)())
    }

    /// A random tag after `previous`. Java Hollow relies on what its upper half is not.
    pub(super) fn tag(&mut self, previous: Option<i64>) -> i64 {
        let upper = |tag: i64| (tag >> 32) as i32;
        // An entropy source that only repeats itself, as in tests, must not hang the producer.
        for _ in 0..64 {
            let tag = (self.entropy)().cast_signed();
            if !matches!(upper(tag), 0 | -1) && previous.map(upper) != Some(upper(tag)) {
                return tag;
            }
        }
        let candidates = [0x1234_5678_0000_0001, 0x2345_6789_0000_0001];
        let unlike = |tag: &i64| previous.map(upper) != Some(upper(*tag));
        candidates.into_iter().find(unlike).unwrap_or(candidates[0])
    }

    /// Stops here if a test says so.
    pub(super) fn reach(&mut self, step: Step) -> Result<(), super::CycleError> {
        match self.fail_points.stops_at(step) {
            true => Err(super::CycleError::Interrupted(step)),
            false => Ok(()),
        }
    }
}
