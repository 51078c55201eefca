//! The checksum of an object type.
//!
//! Each value waits for the sum of all before it, so what counts is that the processor has other work meanwhile. With one
//! shard that is reading and mixing the values that follow. With several, the records are gone over in a few rounds, each
//! for as many shards as fit the memory that may be taken (half of what the type has), and while a record is kept one of
//! the round before is summed up.

use super::{Checksum, of_ordinal, shards};
use crate::Ordinal;
use crate::memory::hash::{hash_int, hash_long, murmur};
use crate::read::{
    FieldKind, ObjectTypeState, PAGE_BITS, PAGE_ORDINALS, Rows, SlotBits, TypeReadState, Values, iter_bits,
};

/// Mixed values that are kept at least.
const KEPT: usize = 4 << 20;
/// Times that the records are gone over, if they have as many shards.
const ROUNDS: u32 = 4;
/// Columns are unpacked by eights: so many ordinals next to each other cost little more than one.
const TOGETHER: u32 = 8;

/// Stands for null: a number that mixes to what `i32::MAX` does, which is what the format has for null. So there is
/// nothing to decide where values are mixed.
pub(super) const LIKE_NULL: u64 = 0x1_445e_e957;

/// Sums up these fields, in this order.
pub(super) fn sum_up(ty: &TypeReadState, object: &ObjectTypeState, fields: &[(usize, FieldKind)]) -> Checksum {
    let (mut rows, num_shards) = (Rows::new(object, fields), ty.num_shards());
    let row_len = 1 + fields.len();
    if num_shards == 1 {
        let (mut sum, mut row) = (Checksum::default(), vec![0; row_len]);
        for (number, slots) in shards::pages(ty, 0, 1) {
            for_each(&mut rows, number, &slots, |ordinal, rows, slot| {
                mix(ordinal, rows, slot, &mut row);
                sum.apply_all(&row);
            });
        }
        return sum;
    }
    let together = shards_together(ty, ty.len() * row_len);
    let mut rounds = Rounds::new(row_len, together, ty.len() / num_shards as usize);
    for first in (0..num_shards).step_by(together as usize) {
        for (number, slots) in shards::pages(ty, first, together) {
            for_each(&mut rows, number, &slots, |ordinal, rows, slot| {
                let shard = (ordinal.get() & (num_shards - 1)).wrapping_sub(first);
                rounds.keep(shard, |row| mix(ordinal, rows, slot, row));
            });
        }
        rounds.turn();
    }
    rounds.turn();
    rounds.sum
}

/// Hands over the records of a page in these slots, each with its slot.
#[inline(always)]
fn for_each<'s>(rows: &mut Rows<'s>, number: u32, slots: &SlotBits, mut each: impl FnMut(Ordinal, &Rows<'s>, usize)) {
    rows.read(number, slots, LIKE_NULL);
    let records: u32 = slots.iter().map(|word| word.count_ones()).sum();
    let lines = rows.lines_ahead().div_ceil(records.max(1) as usize);
    for slot in iter_bits(slots) {
        rows.come_closer(lines);
        if let Some(ordinal) = Ordinal::new((number << PAGE_BITS) + slot) {
            each(ordinal, rows, slot as usize);
        }
    }
}

/// The values of a record, mixed: that part does not depend on what came before. All of them before the first is summed
/// up: there are hardly enough registers for one and the other.
#[inline(always)]
fn mix(ordinal: Ordinal, rows: &Rows<'_>, slot: usize, row: &mut [i32]) {
    let slot = slot % PAGE_ORDINALS as usize;
    let Some((first, row)) = row.split_first_mut() else {
        return;
    };
    *first = of_ordinal(ordinal);
    for (to, values) in row.iter_mut().zip(rows.fields()) {
        *to = match values {
            Values::Bits(bits) => hash_long(bits[slot].cast_signed()),
            Values::Bytes(bytes) => hash_int(bytes[slot].map_or(-1, murmur)),
        };
    }
}

fn shards_together(ty: &TypeReadState, values: usize) -> u32 {
    let num_shards = ty.num_shards();
    let kept = KEPT.max(ty.memory_bytes() / 16); // twice four bytes a value
    let fit = (kept / (values / num_shards as usize).max(1)).clamp(1, num_shards as usize) as u32;
    1 << fit.min((num_shards / ROUNDS).max(TOGETHER)).ilog2()
}

/// Records of the shards of this round, while those of the round before are summed up.
struct Rounds {
    /// Values of a record, its ordinal included.
    row_len: usize,
    kept: Vec<Kept>,
    before: Before,
    sum: Checksum,
}

/// The mixed values of a shard, record after record.
#[derive(Debug, Default)]
struct Kept {
    values: Vec<i32>,
    end: usize,
}

/// What is left to be summed up of the shards of a round.
#[derive(Debug, Default)]
struct Before {
    shards: Vec<Kept>,
    shard: usize,
    at: usize,
}

impl Rounds {
    /// For so many shards together that have about so many records each.
    fn new(row_len: usize, together: u32, records: usize) -> Self {
        let shards = || {
            let room = (records + records / 16 + 1) * row_len;
            let kept = |_| Kept {
                values: vec![0; room], // not touched before it is needed
                end: 0,
            };
            (0..together).map(kept).collect()
        };
        Self {
            row_len,
            kept: shards(),
            before: Before {
                shards: shards(),
                ..Before::default()
            },
            sum: Checksum::default(),
        }
    }

    /// Keeps the values of a record.
    #[inline(always)]
    fn keep(&mut self, shard: u32, mix: impl FnOnce(&mut [i32])) {
        if let Some(kept) = self.kept.get_mut(shard as usize) {
            mix(kept.next(self.row_len));
            self.sum.apply_all(self.before.next(self.row_len));
        }
    }

    /// Sums up what is left of the round before. The shards of this round are the next to be summed up.
    fn turn(&mut self) {
        while self.before.is_left() {
            self.sum.apply_all(self.before.next(self.row_len));
        }
        self.before.shards.iter_mut().for_each(|shard| shard.end = 0);
        std::mem::swap(&mut self.kept, &mut self.before.shards);
        (self.before.shard, self.before.at) = (0, 0);
    }
}

impl Kept {
    /// Room for the next record.
    #[inline(always)]
    fn next(&mut self, len: usize) -> &mut [i32] {
        let start = self.end;
        self.end += len;
        if self.values.len() < self.end {
            self.grow();
        }
        self.values.get_mut(start..self.end).unwrap_or_default()
    }

    #[cold]
    fn grow(&mut self) {
        self.values.resize(self.end + self.end / 8, 0);
    }
}

impl Before {
    /// Whether there is another record. The last shards may have one less than others.
    #[inline(always)]
    fn is_left(&mut self) -> bool {
        while let Some(shard) = self.shards.get(self.shard) {
            if self.at < shard.end {
                return true;
            }
            (self.shard, self.at) = (self.shard + 1, 0);
        }
        false
    }

    /// The values of the next record, if there is one.
    #[inline(always)]
    fn next(&mut self, len: usize) -> &[i32] {
        if !self.is_left() {
            return &[];
        }
        let start = self.at;
        self.at += len;
        let shard = self.shards.get(self.shard);
        shard
            .and_then(|shard| shard.values.get(start..self.at))
            .unwrap_or_default()
    }
}
