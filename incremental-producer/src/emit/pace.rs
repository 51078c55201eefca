//! How far writers may run ahead.

use crate::Offsets;
use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Keeps what is written and not yet folded below a number of bytes per partition. Shared by the emitters that write to a
/// log and the services that fold it.
///
/// For a log that drops its oldest messages without asking, such as the mock cluster's. Feed it offsets that are safe, that
/// is published: a restart reads from those.
#[derive(Debug)]
pub struct Pace {
    most_bytes: u64,
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    topics: HashMap<String, Topic>,
    closed: bool,
}

#[derive(Debug, Default)]
struct Topic {
    /// Bytes whose partition is not known yet. They may all end in the same one.
    in_flight: u64,
    partitions: HashMap<i32, Partition>,
}

#[derive(Debug, Default)]
struct Partition {
    folded: i64,
    bytes: u64,
    /// Runs of delivered messages: the last offset of each, and its bytes.
    runs: VecDeque<(i64, u64)>,
}

/// Runs of about this many bytes are counted as one.
const RUN_BYTES: u64 = 32 << 10;

impl Pace {
    /// At most so many bytes per partition. For a log that keeps n bytes, leave room for batches: 3/4 of it.
    pub fn new(most_bytes: u64) -> Self {
        Self {
            most_bytes,
            inner: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a message of so many bytes may be sent; false if the pace was closed.
    pub(super) fn wait(&self, topic: &str, bytes: u64) -> bool {
        let mut inner = self.lock();
        loop {
            if inner.closed {
                return false;
            }
            if !inner.topics.contains_key(topic) {
                inner.topics.insert(topic.to_owned(), Topic::default());
            }
            if let Some(state) = inner.topics.get_mut(topic) {
                let ahead = state.in_flight + state.partitions.values().map(|p| p.bytes).max().unwrap_or(0);
                // A message that is too large for any pace goes alone.
                if ahead == 0 || ahead + bytes <= self.most_bytes {
                    state.in_flight += bytes;
                    return true;
                }
            }
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn delivered(&self, topic: &str, partition: i32, offset: i64, bytes: u64) {
        let mut inner = self.lock();
        let Some(state) = inner.topics.get_mut(topic) else {
            return;
        };
        state.in_flight = state.in_flight.saturating_sub(bytes);
        let partition = state.partitions.entry(partition).or_default();
        if offset >= partition.folded {
            partition.bytes += bytes;
            match partition.runs.back_mut() {
                Some((last, run)) if *run < RUN_BYTES => {
                    *last = (*last).max(offset);
                    *run += bytes;
                }
                _ => partition.runs.push_back((offset, bytes)),
            }
        }
        drop(inner);
        self.changed.notify_all();
    }

    pub(super) fn failed(&self, topic: &str, bytes: u64) {
        if let Some(state) = self.lock().topics.get_mut(topic) {
            state.in_flight = state.in_flight.saturating_sub(bytes);
        }
        self.changed.notify_all();
    }

    /// Says how far a topic has been folded.
    pub fn folded(&self, topic: &str, offsets: &Offsets) {
        let mut inner = self.lock();
        let Some(state) = inner.topics.get_mut(topic) else {
            return;
        };
        for (id, offset) in offsets.iter() {
            let partition = state.partitions.entry(id).or_default();
            partition.folded = partition.folded.max(offset);
            while let Some((_, bytes)) = partition.runs.pop_front_if(|(last, _)| *last < offset) {
                partition.bytes = partition.bytes.saturating_sub(bytes);
            }
        }
        drop(inner);
        self.changed.notify_all();
    }

    /// Bytes sent and not folded: in the fullest partition of the topic, with all that is on its way.
    pub fn ahead_bytes(&self, topic: &str) -> u64 {
        let inner = self.lock();
        inner.topics.get(topic).map_or(0, |state| {
            state.in_flight + state.partitions.values().map(|p| p.bytes).max().unwrap_or(0)
        })
    }

    /// Lets all who wait, and all who come later, fail.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::time::Duration;

    fn offsets(pairs: &[(i32, i64)]) -> Offsets {
        pairs.iter().copied().collect()
    }

    #[test]
    fn the_fullest_partition_and_all_in_flight_count() {
        let pace = Pace::new(1000);
        assert!(pace.wait("t", 400));
        assert!(pace.wait("t", 400));
        assert_eq!(pace.ahead_bytes("t"), 800);
        pace.delivered("t", 0, 7, 400);
        pace.delivered("t", 1, 3, 400);
        assert_eq!(pace.ahead_bytes("t"), 400);
        pace.folded("t", &offsets(&[(0, 7), (1, 4)]));
        assert_eq!(pace.ahead_bytes("t"), 400, "offset 7 is the next to be folded");
        pace.folded("t", &offsets(&[(0, 8)]));
        assert_eq!(pace.ahead_bytes("t"), 0);
    }

    #[test]
    fn what_is_folded_before_its_delivery_is_reported_does_not_count() {
        let pace = Pace::new(1000);
        assert!(pace.wait("t", 400));
        pace.folded("t", &offsets(&[(0, 8)]));
        pace.delivered("t", 0, 7, 400);
        assert_eq!(pace.ahead_bytes("t"), 0);
    }

    #[test]
    fn a_writer_waits_for_the_folding_and_is_let_go() {
        let pace = Arc::new(Pace::new(1000));
        assert!(pace.wait("t", 5000), "too large for the pace: alone");
        let passed = Arc::new(AtomicBool::new(false));
        let writer = {
            let (pace, passed) = (pace.clone(), passed.clone());
            std::thread::spawn(move || {
                let allowed = pace.wait("t", 10);
                passed.store(true, SeqCst);
                allowed
            })
        };
        pace.delivered("t", 0, 0, 5000);
        std::thread::sleep(Duration::from_millis(30));
        assert!(!passed.load(SeqCst));
        pace.folded("t", &offsets(&[(0, 1)]));
        assert!(writer.join().expect("no panic"));
        pace.close();
        assert!(!pace.wait("t", 1));
    }
}
