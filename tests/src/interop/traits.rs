//! What a chain of versions is like: a few random switches, so that each chain has few things going on at once and all
//! chains together have everything.

use super::rng::Rng;

/// How many versions a chain has.
pub const VERSIONS: usize = 12;

/// What a chain is like.
#[derive(Clone, Debug)]
pub(super) struct Traits {
    /// NaN comes up in FLOAT and DOUBLE fields.
    pub(super) nan: bool,
    /// Sets and maps get hashes of the caller's.
    pub(super) hashed: bool,
    /// The model changes between producers.
    pub(super) evolution: bool,
    /// Types are in optional parts.
    pub(super) parts: bool,
    /// The number of shards follows the size.
    pub(super) resharding: bool,
    /// Types begin with several shards.
    pub(super) shards: bool,
    /// Header tags come and go.
    pub(super) tags: bool,
    /// Free ordinals are handed out shard by shard.
    pub(super) focus: bool,
    /// Producers are at times made as if they had published the version before, instead of restored.
    pub(super) recreation: bool,
    /// The most new records of root types in a version.
    pub(super) most_new: usize,
}

impl Traits {
    /// Random ones.
    pub(super) fn random(rng: &mut Rng) -> Self {
        Self {
            nan: rng.percent(12),
            hashed: rng.percent(15),
            evolution: rng.percent(40),
            parts: rng.percent(20),
            resharding: rng.percent(30),
            shards: rng.percent(50),
            tags: rng.percent(60),
            focus: rng.percent(25),
            recreation: rng.percent(33),
            most_new: *rng.pick(&[3, 6, 6, 12, 12, 30]),
        }
    }

    /// Whether Java Hollow loses something between versions, so that a snapshot may differ from the state that deltas
    /// lead to: NaN becomes null on restoring, buckets of the caller's are taken for the same record, and fields that come
    /// or go are unknown to readers that follow.
    pub(super) fn is_lossy(&self) -> bool {
        self.nan || self.hashed || self.evolution
    }
}
