//! Sweeps as they are folded: which run, how far they are in each partition, which keys they have seen.

mod marks;
#[cfg(test)]
mod tests;

use super::range::KeyRange;
use super::seen::{KeyHash, Newest, Place, Seen};
use super::tags::{ACTIVE_TAG, ActiveSweep, LAST_TAG, LastSweep, SweepOutcome, SweepTags};
use crate::share::Share;
use crate::source::LogPosition;
use crate::{Codec, Offsets};
use hollow::record::KeyValue;
use std::collections::{BTreeMap, BTreeSet};

/// The most sweeps at a time. More than one runs only while partitions are read unevenly far.
const MOST_ACTIVE: usize = 16;
/// The most bytes of the header tag of those that run, with room for what is not counted.
const MOST_TAG_BYTES: usize = 60_000;

/// Something that happened to a sweep.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SweepEvent {
    /// The first of its marks was folded.
    Begun {
        /// The sweep's id.
        id: String,
    },
    /// It is over, one way or another.
    Over(LastSweep),
    /// A mark was not heeded.
    Ignored {
        /// The sweep's id.
        id: String,
        /// The partition of the mark.
        partition: i32,
        /// The offset of the mark.
        offset: i64,
        /// Why.
        reason: String,
    },
}

/// One sweep.
#[derive(Clone, Debug)]
struct Active {
    tag: ActiveSweep,
    keys: KeyRange,
    /// Keys of messages that mean nothing, between the marks. They stay, without counting as changed.
    unread: BTreeSet<KeyHash>,
}

impl Active {
    fn is_alive(&self) -> bool {
        self.tag.given_up.is_none()
    }

    fn is_open(&self, partition: i32) -> bool {
        self.tag.begun.get(partition).is_some() && self.tag.ended.get(partition).is_none()
    }

    fn has_open(&self) -> bool {
        self.tag.begun.len() > self.tag.ended.len()
    }

    /// Whether every partition has both marks.
    fn is_complete(&self) -> bool {
        let ended = usize::try_from(self.tag.partitions) == Ok(self.tag.ended.len());
        self.is_alive() && ended && !self.has_open()
    }

    /// About how many bytes it takes in the header tag, rather too many.
    fn tag_bytes(&self) -> usize {
        let digits = |n: i64| n.checked_ilog10().unwrap_or(0) as usize + 1;
        let pairs = self.tag.begun.iter().chain(self.tag.ended.iter());
        let marks: usize = pairs
            .map(|(partition, offset)| digits(partition.into()) + digits(offset) + 2)
            .sum();
        let range = serde_json::to_string(&self.tag.range).map_or(0, |range| range.len());
        let reason = self.tag.given_up.as_ref().map_or(0, String::len);
        // Text takes up to three times as much: as JSON, and as the format writes it.
        marks + 3 * (self.tag.id.len() + range + reason) + 200
    }

    fn has_seen(&self, seen: &Seen, key: KeyHash) -> bool {
        self.unread.contains(&key)
            || match seen.get(key) {
                None => false,
                Some(Place::Everywhere) => true,
                Some(Place::At(partition, offset)) => self.tag.begun.get(partition).is_some_and(|begin| offset > begin),
            }
    }
}

/// A message that is to be folded, as sweeps look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sighting<'a> {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: &'a [KeyValue],
    pub(crate) hash: KeyHash,
    /// Whether it is of a sweep.
    pub(crate) swept: bool,
    pub(crate) version: Option<i64>,
}

/// All sweeps of a dataset. What a cycle does to them is kept by [`commit`](Sweeps::commit), or taken back.
#[derive(Debug)]
pub(crate) struct Sweeps {
    most_removed: Share,
    active: Vec<Active>,
    last: Option<LastSweep>,
    seen: Seen,
    newest: Newest,
    saved: (Vec<Active>, Option<LastSweep>, usize),
    /// What was seen is not in memory, and must be read from the log again.
    forgotten: bool,
    events: Vec<SweepEvent>,
}

impl Sweeps {
    /// No sweeps. One may remove this share of its range.
    pub(crate) fn new(most_removed: Share) -> Self {
        Self {
            most_removed,
            active: Vec::new(),
            last: None,
            seen: Seen::default(),
            newest: Newest::default(),
            saved: (Vec::new(), None, 0),
            forgotten: false,
            events: Vec::new(),
        }
    }

    /// The sweeps that a state's header tags speak of. What they saw must be read again: [`Sweeps::read_again`].
    pub(crate) fn restore(&mut self, tags: &BTreeMap<String, String>, codec: &Codec) {
        *self = Self::new(self.most_removed);
        let read = match SweepTags::from_tags(tags) {
            Ok(read) => read,
            Err(error) => {
                // Nothing is removed by a sweep that nobody knows.
                tracing::warn!(%error, "sweeps that ran are given up");
                return;
            }
        };
        self.last = read.last;
        for tag in read.active {
            match KeyRange::of(codec, &tag.range) {
                Ok(keys) => self.active.push(Active {
                    tag,
                    keys,
                    unread: BTreeSet::new(),
                }),
                Err(error) => self.over(&tag, SweepOutcome::GivenUp, 0, 0, Some(error.to_string())),
            }
        }
        self.forgotten = !self.active.is_empty();
    }

    /// Begins a cycle.
    pub(crate) fn begin_cycle(&mut self) {
        self.saved = (self.active.clone(), self.last.clone(), self.events.len());
    }

    /// The cycle went well: what happened to sweeps in it, and before it.
    pub(crate) fn commit(&mut self) -> Vec<SweepEvent> {
        self.seen.commit();
        self.newest.commit();
        if !self.active.iter().any(Active::is_alive) && self.seen.len() > 0 {
            self.seen = Seen::default();
        }
        if !self.active.iter().any(Active::has_open) {
            self.newest = Newest::default();
        }
        std::mem::take(&mut self.events)
    }

    /// The cycle failed.
    pub(crate) fn roll_back(&mut self) {
        let events;
        (self.active, self.last, events) = std::mem::take(&mut self.saved);
        self.events.truncate(events);
        self.seen.roll_back();
        self.newest.roll_back();
    }

    /// The header tags of a state that was folded so far; without a value the tag goes.
    pub(crate) fn tags(&self) -> [(&'static str, Option<String>); 2] {
        let active: Vec<&ActiveSweep> = self.active.iter().map(|sweep| &sweep.tag).collect();
        let active = (!active.is_empty()).then(|| serde_json::to_string(&active).ok());
        let last = self.last.as_ref().map(|last| serde_json::to_string(last).ok());
        [(ACTIVE_TAG, active.flatten()), (LAST_TAG, last.flatten())]
    }

    // Between cycles: what sweeps lost.

    /// Where to read from to know again what was seen; none if nothing is forgotten, or nothing can be read.
    pub(crate) fn read_again(&mut self, position: &LogPosition, firsts: &BTreeMap<i32, i64>) -> Option<Offsets> {
        if !self.forgotten {
            return None;
        }
        self.forgotten = false;
        for index in 0..self.active.len() {
            let begun = self.active[index].tag.begun.iter();
            let gone = |(partition, begin): &(i32, i64)| firsts.get(partition).is_none_or(|&first| first > begin + 1);
            let gone: Vec<i32> = begun.filter(gone).map(|(partition, _)| partition).collect();
            if !gone.is_empty() {
                let reason = format!(
                    "the producer was started again, and the log no longer holds what followed the begin mark, \
                     partitions={gone:?}"
                );
                self.give_up(index, reason);
            }
        }
        self.retire();
        let mut from = position.offsets.clone();
        for (partition, begin) in self.active.iter().flat_map(|sweep| sweep.tag.begun.iter()) {
            // One that is given up goes on protecting live changes, those that the log still has.
            let begin = firsts.get(&partition).map_or(begin + 1, |&first| first.max(begin + 1));
            if from.get(partition).is_some_and(|offset| begin < offset) {
                from.set(partition, begin);
            }
        }
        (from != position.offsets).then_some(from)
    }

    /// A message that is read again. It was folded, and counted, before.
    pub(crate) fn refill(&mut self, message: &Sighting<'_>) {
        let (partition, offset) = (message.partition, message.offset);
        let counts = |sweep: &Active| {
            sweep.is_alive()
                && sweep.tag.begun.get(partition).is_some_and(|begin| offset > begin)
                && sweep.keys.contains(message.key)
        };
        if self.active.iter().any(counts) {
            self.seen.set(message.hash, partition, offset);
        }
        self.look_at_version(message);
    }

    /// A message that is read again and means nothing.
    pub(crate) fn refill_unread(&mut self, partition: i32, offset: i64, key: &[KeyValue]) {
        for sweep in self.active.iter_mut().filter(|sweep| sweep.is_alive()) {
            let after = sweep.tag.begun.get(partition).is_some_and(|begin| offset > begin);
            let before = sweep.tag.ended.get(partition).is_none_or(|end| offset < end);
            if after && before && sweep.keys.contains(key) {
                sweep.unread.insert(KeyHash::of(key));
            }
        }
    }

    /// Reading again failed in the middle.
    pub(crate) fn forget(&mut self) {
        self.seen = Seen::default();
        self.newest = Newest::default();
        self.active.iter_mut().for_each(|sweep| sweep.unread.clear());
        self.forgotten = !self.active.is_empty();
    }

    /// What was read again is known for good.
    pub(crate) fn remembered(&mut self) {
        self.seen.commit();
        self.newest.commit();
    }

    /// Offsets were skipped that may have held what sweeps needed to see.
    pub(crate) fn skipped(&mut self, partition: i32) {
        for index in 0..self.active.len() {
            if self.active[index].tag.begun.get(partition).is_some() {
                self.give_up(index, format!("messages of the log were lost, partition={partition}"));
            }
        }
        self.retire();
    }

    /// The log started anew, and no mark in it belongs to any sweep before.
    pub(crate) fn start_anew(&mut self) {
        for index in 0..self.active.len() {
            self.give_up(index, "the log started anew".to_owned());
        }
        self.active.clear();
    }

    // Messages.

    /// Whether messages of this partition matter to any sweep.
    pub(crate) fn is_tracking(&self, partition: i32) -> bool {
        self.active.iter().any(|sweep| sweep.tag.begun.get(partition).is_some())
    }

    /// Whether a message is a sweep's value that is older than what its key has seen.
    pub(crate) fn loses(&self, message: &Sighting<'_>) -> bool {
        message.swept
            && self
                .open_at(message.partition)
                .is_some_and(|begin| self.newest.is_newer(message.hash, begin, message.version))
    }

    /// A message that means something, before it is folded. `exists` tells whether there is a record of its key.
    pub(crate) fn saw(&mut self, message: &Sighting<'_>, exists: impl Fn() -> bool) {
        let (partition, mut counts) = (message.partition, false);
        for sweep in self.active.iter_mut().filter(|sweep| sweep.is_alive()) {
            if sweep.tag.begun.get(partition).is_none() || !sweep.keys.contains(message.key) {
                continue;
            }
            counts = true;
            if !sweep.has_seen(&self.seen, message.hash) {
                if sweep.is_open(partition) {
                    sweep.tag.seen += 1;
                } else if exists() {
                    sweep.tag.late += 1;
                }
            }
        }
        if counts {
            self.seen.set(message.hash, partition, message.offset);
        }
        self.look_at_version(message);
    }

    /// A message that means nothing. `key` is its key, if that can be read.
    pub(crate) fn saw_unread(&mut self, partition: i32, offset: i64, key: Option<&[KeyValue]>, swept: bool) {
        let open = |sweep: &Active| sweep.is_alive() && sweep.is_open(partition);
        let Some(index) = self.active.iter().position(open) else {
            return;
        };
        match key {
            Some(key) => {
                let hash = KeyHash::of(key);
                let sweep = &mut self.active[index];
                if sweep.keys.contains(key) && !sweep.has_seen(&self.seen, hash) {
                    sweep.tag.seen += 1;
                }
                if sweep.keys.contains(key) {
                    sweep.unread.insert(hash);
                }
            }
            // It may have shown any record.
            None if swept => {
                let reason = format!("a message of it has no readable key, partition={partition} offset={offset}");
                self.give_up(index, reason);
                self.retire();
            }
            None => {}
        }
    }

    fn look_at_version(&mut self, message: &Sighting<'_>) {
        let Some(begin) = self.open_at(message.partition).filter(|&begin| message.offset > begin) else {
            return;
        };
        match message.swept {
            true if self.loses(message) => {}
            true => self.newest.swept(message.hash, begin, message.version),
            false => self.newest.changed(message.hash, begin, message.version),
        }
    }

    /// The offset of the begin mark after which no end mark came.
    fn open_at(&self, partition: i32) -> Option<i64> {
        let sweep = self.active.iter().find(|sweep| sweep.is_open(partition))?;
        sweep.tag.begun.get(partition)
    }

    /// Entries in memory, for tests.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.seen.len()
    }

    /// Changes in memory that could be taken back, for tests.
    #[cfg(test)]
    pub(crate) fn undo(&self) -> usize {
        self.seen.undo()
    }
}
