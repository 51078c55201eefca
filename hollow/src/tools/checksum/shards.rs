//! Values summed up in the order in which the wire has them: shard by shard, ascending within each.

use super::Checksum;
use crate::Ordinal;
use crate::read::{PAGE_ORDINALS, SlotBits, TypeReadState};

/// What goes over the records of a type.
pub(super) trait Visit {
    /// It reads that many ordinals next to each other at little more than the cost of one.
    const TOGETHER: u32;
    /// Hands over the values of the records in these slots of a page, all of which are populated.
    fn page(&mut self, number: u32, slots: &SlotBits, out: &mut impl Out);
}

/// Where values go.
pub(super) trait Out {
    /// The values that follow are those of this record.
    fn record(&mut self, ordinal: Ordinal);
    /// A value, mixed: that part does not depend on what came before.
    fn mixed(&mut self, value: i32);
}

impl Out for Checksum {
    #[inline]
    fn record(&mut self, ordinal: Ordinal) {
        self.apply_mixed(super::of_ordinal(ordinal));
    }

    #[inline]
    fn mixed(&mut self, value: i32) {
        self.apply_mixed(value);
    }
}

/// Mixed values that are kept at least.
const KEPT: usize = 4 << 20;
/// Times that the records are gone over, if they have as many shards.
const ROUNDS: u32 = 4;

/// Sums up the records of a type.
///
/// Each value waits for the sum of all before it, so what counts is that the processor has other work meanwhile. With one
/// shard that is reading and mixing the values that follow. With several, memory has the ordinals of all shards next to
/// each other: they are gone over in a few rounds, each for as many shards as fit the memory that may be taken (half of
/// what the type has), and for each value that is kept one of the round before is summed up.
pub(super) fn sum_up(ty: &TypeReadState, values: usize, visit: &mut impl Visit) -> i32 {
    let num_shards = ty.num_shards();
    if num_shards == 1 {
        let mut sum = Checksum::default();
        (0..ty.num_pages()).for_each(|number| visit.page(number, &ty.slots(number), &mut sum));
        return sum.value();
    }
    let together = shards_together(ty, values, visit);
    let mut out = Kept {
        last_shard: num_shards - 1,
        first: 0,
        shard: 0,
        kept: vec![Vec::new(); together as usize],
        before: Before::default(),
    };
    for first in (0..num_shards).step_by(together as usize) {
        out.first = first;
        let of_round = of_shards(first, together, num_shards);
        for number in 0..ty.num_pages() {
            let slots = ty.slots(number);
            let slots = std::array::from_fn(|at| slots[at] & of_round(number, at));
            visit.page(number, &slots, &mut out);
        }
        out.before.finish();
        std::mem::swap(&mut out.kept, &mut out.before.shards);
        out.kept.resize_with(together as usize, Vec::new);
    }
    out.before.finish();
    out.before.sum.value()
}

fn shards_together<V: Visit>(ty: &TypeReadState, values: usize, _visit: &V) -> u32 {
    let num_shards = ty.num_shards();
    let kept = KEPT.max(ty.memory_bytes() / 16); // twice four bytes a value
    let fit = (kept / (values / num_shards as usize).max(1)).clamp(1, num_shards as usize) as u32;
    let most = (num_shards / ROUNDS).max(V::TOGETHER);
    1 << fit.min(most).ilog2()
}

/// For each word of a page the slots of these shards.
fn of_shards(first: u32, together: u32, num_shards: u32) -> impl Fn(u32, usize) -> u64 {
    let is_of_them = move |ordinal: u32| (ordinal & (num_shards - 1)).wrapping_sub(first) < together;
    // As many shards as ordinals in a word or fewer: all words have the same slots.
    let every = (0..64)
        .filter(|&slot| is_of_them(slot))
        .fold(0, |word, slot| word | 1 << slot);
    move |page, at| match num_shards {
        ..=64 => every,
        _ => {
            let start = page * PAGE_ORDINALS + at as u32 * 64;
            let slots = (0..64).filter(|slot| is_of_them(start + slot));
            slots.fold(0, |word, slot| word | 1 << slot)
        }
    }
}

/// Values of the shards of this round, while those of the round before are summed up.
struct Kept {
    /// The number of the last shard of all.
    last_shard: u32,
    /// The first shard of the round.
    first: u32,
    /// The shard of the record at hand, among those of the round.
    shard: usize,
    kept: Vec<Vec<i32>>,
    before: Before,
}

impl Out for Kept {
    #[inline]
    fn record(&mut self, ordinal: Ordinal) {
        self.shard = (ordinal.get() & self.last_shard).wrapping_sub(self.first) as usize;
        self.mixed(super::of_ordinal(ordinal));
    }

    #[inline]
    fn mixed(&mut self, value: i32) {
        if let Some(kept) = self.kept.get_mut(self.shard) {
            kept.push(value);
        }
        self.before.step();
    }
}

/// Values that are to be summed up, shard after shard.
#[derive(Default)]
struct Before {
    sum: Checksum,
    shards: Vec<Vec<i32>>,
    shard: usize,
    at: usize,
}

impl Before {
    /// Sums up the next value, or goes on to the next shard; false if nothing is left in any.
    #[inline]
    fn step(&mut self) -> bool {
        match self.shards.get(self.shard).and_then(|values| values.get(self.at)) {
            Some(&value) => {
                self.sum.apply_mixed(value);
                self.at += 1;
                true
            }
            None => self.next_shard(),
        }
    }

    #[cold]
    fn next_shard(&mut self) -> bool {
        self.at = 0;
        self.shard += usize::from(self.shard < self.shards.len());
        self.shard < self.shards.len()
    }

    /// Sums up what is left, and begins anew with nothing.
    fn finish(&mut self) {
        let mut sum = self.sum;
        for (number, values) in self.shards.iter_mut().enumerate().skip(self.shard) {
            let start = if number == self.shard { self.at } else { 0 };
            let left = values.get(start..).unwrap_or_default();
            left.iter().for_each(|&value| sum.apply_mixed(value));
        }
        self.shards.iter_mut().for_each(Vec::clear);
        (self.sum, self.shard, self.at) = (sum, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{PAGE_BITS, ReadState, iter_bits};
    use crate::write::{FieldValue, WriteConfig, WriteStateEngine};

    /// Two values a record, made of its ordinal.
    struct Ordinals;

    impl Visit for Ordinals {
        const TOGETHER: u32 = 1;

        fn page(&mut self, number: u32, slots: &SlotBits, out: &mut impl Out) {
            for slot in iter_bits(slots) {
                let ordinal = Ordinal::new((number << PAGE_BITS) + slot).expect("of a page");
                out.record(ordinal);
                out.mixed(!ordinal.get().cast_signed());
            }
        }
    }

    /// Some thousand records with holes between them.
    fn state(num_shards: u32) -> ReadState {
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        let schema = crate::schema::parse("Thing { int number; }")
            .expect("a schema")
            .remove(0);
        let ty = engine.add_type(schema, Some(num_shards)).expect("new");
        let (mut snapshot, mut delta) = (Vec::new(), Vec::new());
        for (cycle, out) in [&mut snapshot, &mut delta].into_iter().enumerate() {
            engine.prepare_for_next_cycle(cycle as i64 + 1);
            let kept = (0..5000).filter(|number| cycle == 0 || number % 7 > 2);
            for number in kept {
                engine.add_fields(ty, &[FieldValue::Int(number)]).expect("fits");
            }
            match cycle {
                0 => engine.write_snapshot(out).expect("written"),
                _ => engine.write_delta(out).expect("written"),
            };
        }
        let state = ReadState::from_snapshot(&snapshot).expect("a state");
        state.apply_delta(&delta).expect("the next state")
    }

    #[test]
    fn any_number_of_shards_is_summed_up_in_their_order() {
        for num_shards in [1, 2, 16, 64, 128, 1024, 4096] {
            let state = state(num_shards);
            let ty = state.ty("Thing").expect("the type");
            assert_eq!((ty.num_shards(), ty.len()), (num_shards, 714 * 4));
            let mut expected = Checksum::default();
            for shard in 0..num_shards {
                for ordinal in ty.populated().filter(|ordinal| ordinal.get() % num_shards == shard) {
                    expected.record(ordinal);
                    expected.mixed(!ordinal.get().cast_signed());
                }
            }
            for values in [2 * ty.len(), usize::MAX] {
                let found = sum_up(ty, values, &mut Ordinals);
                assert_eq!(found, expected.value(), "{num_shards} shards, {values} values");
            }
        }
    }
}
