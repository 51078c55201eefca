//! Ordinals that can be handed out: holes first, then new ones. See `docs/format.md`, section 10.3.

use crate::Ordinal;

/// A stack of free ordinals, and the next one never used. Partitioned types have four of these, over local numbers.
///
/// Free ordinals are kept as ranges: a restored state may have few records at very high ordinals.
#[derive(Clone, Debug, Default)]
pub(super) struct FreeOrdinals {
    stack: Vec<Range>,
    highest_first: bool, // which end of a range comes first
    next: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u32,
    last: u32,
}

impl FreeOrdinals {
    /// The free ordinal at the top of the stack, or a new one up to `limit`.
    pub(super) fn take(&mut self, limit: u32) -> Option<u32> {
        if let Some(top) = self.stack.last_mut() {
            let ordinal = if self.highest_first { top.last } else { top.first };
            if top.first == top.last {
                self.stack.pop();
            } else if self.highest_first {
                top.last -= 1;
            } else {
                top.first += 1;
            }
            return Some(ordinal);
        }
        let ordinal = self.next;
        if ordinal > limit {
            return None;
        }
        self.next += 1;
        Some(ordinal)
    }

    /// Takes up to so many ordinals, for a thread that hands them out by itself. New ones end where a multiple of so many
    /// begins, so that threads that always take as many have such ranges to themselves.
    pub(super) fn take_some(&mut self, limit: u32, count: u32, taken: &mut Vec<u32>) {
        for _ in 0..count {
            let is_new = self.stack.is_empty();
            let Some(ordinal) = self.take(limit) else { break };
            taken.push(ordinal);
            if is_new && self.next.is_multiple_of(count) {
                break;
            }
        }
    }

    /// Makes an ordinal free. It will be handed out before those that are there, until the next sort.
    pub(super) fn put_back(&mut self, ordinal: u32) {
        self.stack.push(Range {
            first: ordinal,
            last: ordinal,
        });
    }

    /// From now on the lowest comes first.
    pub(super) fn sort(&mut self) {
        self.highest_first = false;
        // A stable sort takes what is in order already as it is: most of the stack was sorted the cycle before.
        self.stack.sort_by_key(|range| std::cmp::Reverse(range.first));
        self.stack.dedup_by(|next, before| {
            let adjacent = next.last + 1 == before.first;
            if adjacent {
                before.first = next.first;
            }
            adjacent
        });
    }

    /// From now on all of the shard with most free ordinals come first, ascending, then the shard with next most.
    pub(super) fn sort_by_shard(&mut self, num_shards: u32, shard_of: impl Fn(u32) -> u32) {
        let mut ordinals: Vec<u32> = self.stack.iter().flat_map(|range| range.first..=range.last).collect();
        let mut per_shard = vec![0u32; num_shards as usize];
        ordinals
            .iter()
            .for_each(|&ordinal| per_shard[shard_of(ordinal) as usize] += 1);
        // What is popped last stands first: fewest free ordinals, then higher shards, then higher ordinals.
        ordinals.sort_unstable_by_key(|&ordinal| {
            let shard = shard_of(ordinal);
            (
                per_shard[shard as usize],
                std::cmp::Reverse(shard),
                std::cmp::Reverse(ordinal),
            )
        });
        self.stack.clear();
        ordinals.into_iter().for_each(|ordinal| self.put_back(ordinal));
    }

    /// Begins anew: what lies between the used ordinals (ascending) is free, the highest comes first.
    pub(super) fn recalculate(&mut self, used: impl Iterator<Item = u32>) {
        self.stack.clear();
        self.highest_first = true;
        self.next = 0;
        for ordinal in used {
            debug_assert!(ordinal >= self.next && ordinal <= Ordinal::MAX);
            if ordinal > self.next {
                self.stack.push(Range {
                    first: self.next,
                    last: ordinal - 1,
                });
            }
            self.next = ordinal + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(free: &mut FreeOrdinals, count: usize) -> Vec<u32> {
        (0..count).map(|_| free.take(Ordinal::MAX).unwrap()).collect()
    }

    #[test]
    fn holes_come_lowest_first_after_a_sort() {
        let mut free = FreeOrdinals::default();
        assert_eq!(taken(&mut free, 6), [0, 1, 2, 3, 4, 5]);
        [4, 1, 3].into_iter().for_each(|ordinal| free.put_back(ordinal));
        free.sort();
        assert_eq!(free.stack.len(), 2, "adjacent ordinals are one range");
        assert_eq!(taken(&mut free, 2), [1, 3]);
        free.put_back(0);
        free.sort();
        assert_eq!(taken(&mut free, 4), [0, 4, 6, 7]);
    }

    #[test]
    fn some_are_holes_first_and_end_at_a_multiple() {
        let mut free = FreeOrdinals::default();
        let some = |free: &mut FreeOrdinals, count| {
            let mut taken = Vec::new();
            free.take_some(Ordinal::MAX, count, &mut taken);
            taken
        };
        assert_eq!(some(&mut free, 4), [0, 1, 2, 3]);
        assert_eq!(some(&mut free, 2), [4, 5]);
        assert_eq!(some(&mut free, 8), [6, 7]);
        assert_eq!(some(&mut free, 8), [8, 9, 10, 11, 12, 13, 14, 15]);
        [7, 2, 9].into_iter().for_each(|ordinal| free.put_back(ordinal));
        free.sort();
        assert_eq!(some(&mut free, 2), [2, 7]);
        assert_eq!(some(&mut free, 4), [9, 16, 17, 18]);
        free.recalculate([Ordinal::MAX - 1].into_iter());
        free.stack.clear();
        assert_eq!(some(&mut free, 4), [Ordinal::MAX]);
        assert!(some(&mut free, 4).is_empty());
    }

    #[test]
    fn recalculated_holes_come_highest_first_and_cost_nothing_when_wide() {
        let mut free = FreeOrdinals::default();
        free.recalculate([2, 3, 6].into_iter());
        assert_eq!(taken(&mut free, 6), [5, 4, 1, 0, 7, 8]);
        free.recalculate([Ordinal::MAX].into_iter());
        assert_eq!(free.stack.len(), 1);
        assert_eq!(free.take(Ordinal::MAX), Some(Ordinal::MAX - 1));
        free.sort();
        assert_eq!(free.take(Ordinal::MAX), Some(0));
    }

    #[test]
    fn the_shard_with_most_holes_comes_first() {
        let mut free = FreeOrdinals::default();
        taken(&mut free, 12);
        // Shard 1 has three holes, shards 0 and 2 two each, shard 3 one.
        [0, 8, 9, 5, 1, 2, 10, 7].into_iter().for_each(|o| free.put_back(o));
        free.sort_by_shard(4, |ordinal| ordinal & 3);
        assert_eq!(taken(&mut free, 9), [1, 5, 9, 0, 8, 2, 10, 7, 12]);
    }

    #[test]
    fn there_is_a_last_ordinal() {
        let mut free = FreeOrdinals::default();
        free.recalculate([Ordinal::MAX - 1].into_iter());
        free.stack.clear();
        assert_eq!(free.take(Ordinal::MAX), Some(Ordinal::MAX));
        assert_eq!(free.take(Ordinal::MAX), None);
    }
}
