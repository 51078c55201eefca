//! The checksum of list, set and map types.
//!
//! Each value waits for the sum of all before it, so what counts is that the processor reads and mixes what follows
//! meanwhile. Whether a bucket is empty can hardly be guessed, and a wrong guess throws away what was begun: so buckets
//! are gone over without asking, and what they have comes behind what waits to be summed up.
//!
//! ```text
//! filling  | values of these records ..     those of a bucket that is empty are overwritten by the next
//! waiting  | values of the records before   for each bucket one of them is mixed and summed up
//! ```
//!
//! Shards are gone over one after the other: the entries of a record lie together, so no other shard's are read.

use super::{Checksum, shards};
use crate::Ordinal;
use crate::read::{CollectionRecord, ListTypeState, MapTypeState, SetTypeState, TypeReadState};

/// Values that wait at most.
const ROOM: usize = 2048;
/// Entries between looks at how much room there is.
const ENTRIES: u32 = 256;

pub(super) fn sum_up_list(ty: &TypeReadState, list: &ListTypeState) -> Checksum {
    let mut sum = Checksum::default();
    for shard in 0..ty.num_shards() {
        for (number, slots) in shards::pages(ty, shard, 1) {
            list.for_each(number, &slots, |ordinal, record| {
                sum.apply_int(ordinal.get().cast_signed());
                record.for_each(0..record.len(), |_, element, _, _| sum.apply_int(element.cast_signed()));
            });
        }
    }
    sum
}

macro_rules! sum_up {
    ($($name:ident, $state:ident, $bucket:ident, $key:ident, $value:pat => $values:expr;)*) => {$(
        pub(super) fn $name(ty: &TypeReadState, state: &$state) -> Checksum {
            let mut waiting = Waiting::default();
            for shard in 0..ty.num_shards() {
                for (number, slots) in shards::pages(ty, shard, 1) {
                    state.for_each(number, &slots, |ordinal, record| {
                        waiting.record(ordinal, record, |$bucket, $key, $value| $values);
                    });
                }
            }
            waiting.finish()
        }
    )*};
}

sum_up! {
    sum_up_set, SetTypeState, bucket, element, _ => [bucket, element];
    sum_up_map, MapTypeState, bucket, key, value => [bucket, key, value];
}

/// Values to be summed up, and those that come after them.
struct Waiting {
    sum: Checksum,
    waiting: Box<[u32; ROOM]>,
    at: usize,
    end: usize,
    filling: Box<[u32; ROOM]>,
    filled: usize,
}

impl Default for Waiting {
    fn default() -> Self {
        let room = || Box::new([0; ROOM]);
        Self {
            sum: Checksum::default(),
            waiting: room(),
            at: 0,
            end: 0,
            filling: room(),
            filled: 0,
        }
    }
}

impl Waiting {
    /// Takes in a record and the values of its entries.
    #[inline(always)]
    fn record<const N: usize>(
        &mut self,
        ordinal: Ordinal,
        record: CollectionRecord<'_>,
        values: impl Fn(u32, u32, u32) -> [u32; N],
    ) {
        const { assert!((ENTRIES as usize + 1) * N < ROOM) };
        self.make_room(1);
        self.filling[self.filled % ROOM] = ordinal.get();
        self.filled += 1;
        let len = record.len();
        for start in (0..len).step_by(ENTRIES as usize) {
            let end = len.min(start.saturating_add(ENTRIES));
            self.make_room((end - start + 1) as usize * N);
            // In registers meanwhile, the sum above all.
            let (mut sum, mut at, mut filled) = (self.sum, self.at, self.filled);
            let (waiting, waits, filling) = (&self.waiting, self.end, &mut self.filling);
            record.for_each(start..end, |bucket, key, value, is_there| {
                for (number, value) in values(bucket, key, value).into_iter().enumerate() {
                    filling[(filled + number) % ROOM] = value;
                }
                filled += if is_there { N } else { 0 };
                if at < waits {
                    sum.apply_int(waiting[at % ROOM].cast_signed());
                    at += 1;
                }
            });
            (self.sum, self.at, self.filled) = (sum, at, filled);
        }
    }

    #[inline(always)]
    fn make_room(&mut self, values: usize) {
        if self.filled + values > ROOM {
            self.turn();
        }
    }

    /// Sums up what waits; what was filled in since is the next to wait.
    #[inline(never)]
    fn turn(&mut self) {
        let left = self.waiting.get(self.at..self.end).unwrap_or_default();
        let mut sum = self.sum;
        left.iter().for_each(|&value| sum.apply_int(value.cast_signed()));
        self.sum = sum;
        std::mem::swap(&mut self.waiting, &mut self.filling);
        (self.at, self.end, self.filled) = (0, self.filled, 0);
    }

    fn finish(mut self) -> Checksum {
        self.turn();
        self.turn();
        self.sum
    }
}
