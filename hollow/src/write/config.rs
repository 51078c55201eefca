//! Settings of a write state engine.

/// How a [`WriteStateEngine`](super::WriteStateEngine) assigns ordinals and divides types into shards.
///
/// Plain data; the default is what Java Hollow's engine does by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteConfig {
    /// Four ordinal maps per type instead of one; the low two bits of an ordinal then say which. See
    /// `docs/format.md`, section 10.4.
    pub partitioned_ordinal_map: bool,
    /// Hand out free ordinals shard by shard, beginning with the shard that has most of them, so that few shards
    /// change.
    pub focus_hole_fill_in_fewest_shards: bool,
    /// Let the number of shards of a type follow its size, by a factor of two per version.
    pub allow_type_resharding: bool,
    /// The size in bytes that a shard should not exceed. Zero counts as one.
    pub target_max_type_shard_size_bytes: u64,
}

impl Default for WriteConfig {
    fn default() -> Self {
        Self {
            partitioned_ordinal_map: false,
            focus_hole_fill_in_fewest_shards: false,
            allow_type_resharding: false,
            target_max_type_shard_size_bytes: i64::MAX.cast_unsigned(),
        }
    }
}
