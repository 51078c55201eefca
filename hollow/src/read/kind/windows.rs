//! The bits around some fields of all records of a page.
//!
//! A blob has a record's fields next to each other, and its words are big-endian. Here the words that some fields lie in
//! are read once for each record, turned round and shifted so that all records begin at the same bit, and put down word
//! by word: the first words of all records, then the second ones. A field is at the same place of the same words in all
//! records then, and taking it out is one loop over words next to each other.

use super::Lanes;
use crate::memory::bit_array::mask;
use crate::read::bits::WireWords;

/// Words of a record that are looked at together, at most.
pub(crate) const MAX_WORDS: u64 = 4;

/// The same words of all records.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    words: Vec<u64>,
    room: usize,
    /// The bit of the record at which they begin.
    first: u64,
    bits: u64,
}

impl Windows {
    /// Nothing is in there any more.
    pub(super) fn clear(&mut self) {
        self.bits = 0;
    }

    /// Whether a field of the record lies within.
    #[inline]
    pub(super) fn cover(&self, offset: u64, width: u32) -> bool {
        self.first <= offset && offset + u64::from(width) <= self.first + self.bits
    }

    /// Reads bits of each record that has a place, at most [`MAX_WORDS`] words. `step` is from record to record.
    pub(super) fn fill<'a>(
        &mut self,
        lanes: &Lanes<'_>,
        words_of: impl Fn(usize) -> WireWords<'a>,
        step: u64,
        first: u64,
        bits: u64,
    ) {
        self.room = lanes.places.room as usize;
        (self.first, self.bits) = (first, bits);
        match bits.div_ceil(64) {
            0..=1 => self.fill_words::<1, 2>(lanes, words_of, step),
            2 => self.fill_words::<2, 3>(lanes, words_of, step),
            3 => self.fill_words::<3, 4>(lanes, words_of, step),
            _ => self.fill_words::<4, 5>(lanes, words_of, step),
        }
    }

    /// `MORE` is one more than `WORDS`.
    fn fill_words<'a, const WORDS: usize, const MORE: usize>(
        &mut self,
        lanes: &Lanes<'_>,
        words_of: impl Fn(usize) -> WireWords<'a>,
        step: u64,
    ) {
        let (room, first) = (self.room, self.first);
        self.words.resize(WORDS * room, 0);
        let mut rest = self.words.as_mut_slice();
        let mut planes: [&mut [u64]; WORDS] = std::array::from_fn(|_| rest.split_off_mut(..room).unwrap_or_default());
        let mut put = |words: WireWords<'a>, at: u64, place: usize| {
            let window = words.window::<MORE>(at);
            for (plane, word) in planes.iter_mut().zip(window) {
                if let Some(to) = plane.get_mut(place) {
                    *to = word;
                }
            }
        };
        if lanes.places.are_slots() {
            for (number, lane) in lanes.lanes.iter().enumerate().take(room) {
                let words = words_of(lane.shard as usize);
                let mut at = u64::from(lane.position) * step + first;
                for place in (number..room).step_by(lanes.lanes.len()) {
                    put(words, at, place);
                    at += step;
                }
            }
        } else {
            lanes.each(|place, shard, position| {
                put(words_of(shard), u64::from(position) * step + first, place);
            });
        }
    }

    /// The field of all records, by place; those of places without a record are anything.
    pub(super) fn extract(&self, offset: u64, width: u32, values: &mut [u64]) {
        let at = offset.saturating_sub(self.first);
        let (word, shift, mask) = ((at / 64) as usize, (at % 64) as u32, mask(width));
        let plane = |word: usize| {
            self.words
                .get(word * self.room..(word + 1) * self.room)
                .unwrap_or_default()
        };
        let low = plane(word);
        if shift + width <= 64 {
            for (value, low) in values.iter_mut().zip(low) {
                *value = low >> shift & mask;
            }
        } else {
            let up = 64 - shift;
            for ((value, low), high) in values.iter_mut().zip(low).zip(plane(word + 1)) {
                *value = (low >> shift | high << (up & 63)) & mask;
            }
        }
    }
}
