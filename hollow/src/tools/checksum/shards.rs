//! Which records are those of a shard. Memory has the ordinals of all shards next to each other.

use crate::read::{PAGE_BITS, PAGE_ORDINALS, SlotBits, TypeReadState};

/// Pages of a type with their populated slots of some consecutive shards, ascending; those without any are left out.
pub(super) fn pages(ty: &TypeReadState, first: u32, together: u32) -> impl Iterator<Item = (u32, SlotBits)> + '_ {
    let num_shards = ty.num_shards();
    // With more shards than a page has ordinals, a shard has none in most pages.
    let (start, step) = match together {
        1 => (first >> PAGE_BITS, (num_shards >> PAGE_BITS).max(1)),
        _ => (0, 1),
    };
    let of_round = of_shards(first, together, num_shards);
    (start..ty.num_pages())
        .step_by(step as usize)
        .filter_map(move |number| {
            let slots = ty.slots(number);
            let slots: SlotBits = std::array::from_fn(|at| slots[at] & of_round(number, at));
            slots.iter().any(|&word| word != 0).then_some((number, slots))
        })
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
