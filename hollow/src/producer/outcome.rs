//! What a cycle came to, and what it took.

use crate::Version;
use std::time::Duration;

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
    /// Bytes of the snapshot of an earlier version that this one names: it was written while cycles went on.
    pub late_snapshot_bytes: Option<u64>,
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
