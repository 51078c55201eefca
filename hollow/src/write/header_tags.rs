//! Header tags in the order in which Java Hollow writes them. See `docs/format.md`, section 15.
//!
//! Readers do not care about the order. It is kept so that whole blobs can be compared byte for byte: it is the order
//! in which a `ConcurrentHashMap` with the same history would be walked, a table of bins with a list in each.

use crate::memory::hash;

/// Bins of a table that begins with single insertions, and when it doubles.
const FIRST_BINS: usize = 16;

/// The header tags of a state.
#[derive(Clone, Debug, Default)]
pub(super) struct HeaderTags {
    bins: Vec<Vec<Tag>>, // none, or a power of two
    threshold: usize,
    len: usize,
}

#[derive(Clone, Debug)]
struct Tag {
    spread: u32,
    key: String,
    value: String,
}

impl HeaderTags {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let bin = self.bins.get(self.bin(spread(key)))?;
        bin.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }

    pub(super) fn insert(&mut self, key: &str, value: &str) {
        if self.bins.is_empty() {
            self.bins = vec![Vec::new(); FIRST_BINS];
            self.threshold = FIRST_BINS - FIRST_BINS / 4;
        }
        let spread = spread(key);
        let bin = self.bin(spread);
        if let Some(tag) = self.bins[bin].iter_mut().find(|tag| tag.key == key) {
            value.clone_into(&mut tag.value);
            return;
        }
        self.bins[bin].push(Tag {
            spread,
            key: key.to_owned(),
            value: value.to_owned(),
        });
        self.len += 1;
        while self.len >= self.threshold {
            self.double();
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        let bin = self.bin(spread(key));
        if let Some(bin) = self.bins.get_mut(bin) {
            let before = bin.len();
            bin.retain(|tag| tag.key != key);
            self.len -= before - bin.len();
        }
    }

    /// Replaces everything by these tags, inserted in bulk in the order given.
    pub(super) fn refill<'t>(&mut self, tags: impl ExactSizeIterator<Item = (&'t str, &'t str)>) {
        self.bins.iter_mut().for_each(Vec::clear);
        self.len = 0;
        let count = tags.len();
        let capacity = (count + count / 2 + 1).next_power_of_two();
        if self.bins.is_empty() {
            self.bins = vec![Vec::new(); capacity];
            self.threshold = capacity - capacity / 4;
        }
        while self.threshold < capacity {
            self.double();
        }
        tags.for_each(|(key, value)| self.insert(key, value));
    }

    /// Key and value, in the order of the wire.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.bins
            .iter()
            .flatten()
            .map(|tag| (tag.key.as_str(), tag.value.as_str()))
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn bin(&self, spread: u32) -> usize {
        spread as usize & self.bins.len().wrapping_sub(1)
    }

    fn double(&mut self) {
        let count = self.bins.len();
        let mut doubled = vec![Vec::new(); count * 2];
        for (index, bin) in self.bins.drain(..).enumerate() {
            let (low, high) = split(bin, count);
            doubled[index] = low;
            doubled[index + count] = high;
        }
        self.bins = doubled;
        self.threshold = count * 2 - count / 2;
    }
}

/// Splits a bin by a bit of the hash. The longest tail that stays together keeps its order and its place at the end;
/// what stands before it is put in front of its side one by one.
fn split(mut bin: Vec<Tag>, bit: usize) -> (Vec<Tag>, Vec<Tag>) {
    let is_high = |tag: &Tag| tag.spread as usize & bit != 0;
    let Some(last) = bin.last().map(is_high) else {
        return (Vec::new(), Vec::new());
    };
    let tail_from = bin.iter().rposition(|tag| is_high(tag) != last).map_or(0, |at| at + 1);
    let tail = bin.split_off(tail_from);
    let (mut high, mut low): (Vec<Tag>, Vec<Tag>) = bin.into_iter().rev().partition(is_high);
    if last {
        high.extend(tail);
    } else {
        low.extend(tail);
    }
    (low, high)
}

fn spread(key: &str) -> u32 {
    let hash = hash::java_string_hash(key.encode_utf16()).cast_unsigned();
    (hash ^ hash >> 16) & 0x7FFF_FFFF
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(tags: &HeaderTags) -> Vec<&str> {
        tags.iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn a_tag_is_set_changed_and_removed() {
        let mut tags = HeaderTags::default();
        tags.remove("none");
        assert_eq!((tags.get("a"), tags.len()), (None, 0));
        tags.insert("a", "1");
        tags.insert("a", "2");
        tags.insert("b", "3");
        assert_eq!((tags.get("a"), tags.get("b"), tags.len()), (Some("2"), Some("3"), 2));
        tags.remove("a");
        assert_eq!((tags.get("a"), tags.len()), (None, 1));
    }

    /// Hashes of one-letter keys are their code: bins are code modulo 16.
    #[test]
    fn tags_come_by_bin_and_then_as_they_came() {
        let mut tags = HeaderTags::default();
        for key in ["q", "a", "B", "A"] {
            tags.insert(key, ""); // 113, 97, 66, 65: bins 1, 1, 2, 1
        }
        assert_eq!(keys(&tags), ["q", "a", "A", "B"]);
    }

    /// By hand from the rules of `docs/format.md`, section 15: the twelfth key doubles the table. Of the bin q, 1, a, A
    /// the tail a, A goes to the low side as it is; q and 1 are put in front of the high side one by one.
    #[test]
    fn doubling_turns_what_stands_before_the_tail() {
        let mut tags = HeaderTags::default();
        for key in ["q", "1", "a", "A"] {
            tags.insert(key, ""); // 113, 49, 97, 65, all in bin 1; bit 16 is set in q and 1
        }
        for key in ["C", "D", "E", "F", "G", "H", "I"] {
            tags.insert(key, "");
        }
        assert_eq!(keys(&tags)[..4], ["q", "1", "a", "A"]);
        tags.insert("J", "");
        assert_eq!(keys(&tags)[..2], ["a", "A"], "the tail keeps its order");
        assert_eq!(keys(&tags)[10..], ["1", "q"], "the rest is turned");
    }

    #[test]
    fn a_refill_forgets_what_was_there() {
        let mut tags = HeaderTags::default();
        tags.insert("old", "");
        tags.refill([("a", "1"), ("b", "2")].into_iter());
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
        assert_eq!(tags.len(), 2);
    }
}
