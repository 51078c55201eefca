//! Ordinals that can be handed out: holes first, then new ones. See `docs/format.md`, section 10.3.

use crate::Ordinal;

/// A stack of free ordinals, and the next one never used. Partitioned types have four of these, over local numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct FreeOrdinals {
    stack: Vec<u32>,
    next: u32,
}

impl FreeOrdinals {
    /// The free ordinal at the top of the stack, or a new one up to `limit`.
    pub(super) fn take(&mut self, limit: u32) -> Option<u32> {
        if let Some(ordinal) = self.stack.pop() {
            return Some(ordinal);
        }
        let ordinal = self.next;
        if ordinal > limit {
            return None;
        }
        self.next += 1;
        Some(ordinal)
    }

    /// Makes an ordinal free. It will be handed out before those that are there, until the next sort.
    pub(super) fn put_back(&mut self, ordinal: u32) {
        self.stack.push(ordinal);
    }

    /// From now on the lowest comes first.
    pub(super) fn sort(&mut self) {
        self.stack.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// From now on all of the shard with most free ordinals come first, ascending, then the shard with next most.
    pub(super) fn sort_by_shard(&mut self, num_shards: u32, shard_of: impl Fn(u32) -> u32) {
        let mut per_shard = vec![0u32; num_shards as usize];
        self.stack
            .iter()
            .for_each(|&ordinal| per_shard[shard_of(ordinal) as usize] += 1);
        // What is popped last stands first: fewest free ordinals, then higher shards, then higher ordinals.
        self.stack.sort_unstable_by_key(|&ordinal| {
            let shard = shard_of(ordinal);
            (
                per_shard[shard as usize],
                std::cmp::Reverse(shard),
                std::cmp::Reverse(ordinal),
            )
        });
    }

    /// Begins anew: what lies between the used ordinals (ascending) is free, the highest comes first.
    pub(super) fn recalculate(&mut self, used: impl Iterator<Item = u32>) {
        self.stack.clear();
        self.next = 0;
        for ordinal in used {
            debug_assert!(ordinal >= self.next && ordinal <= Ordinal::MAX);
            self.stack.extend(self.next..ordinal);
            self.next = ordinal + 1;
        }
    }
}
