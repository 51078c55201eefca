//! Dead letters in memory.

use super::{DeadLetterError, DeadLetters};
use crate::source::Record;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

/// A dead letter as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The topic the message was read from.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The payload.
    pub payload: Option<Vec<u8>>,
    /// Why it means nothing.
    pub reason: String,
}

/// Dead letters in memory, for tests. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryDeadLetters {
    letters: Arc<Mutex<Vec<DeadLetter>>>,
    failing: Arc<AtomicU64>,
}

impl MemoryDeadLetters {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// All of them.
    pub fn letters(&self) -> Vec<DeadLetter> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the next so many calls of [`DeadLetters::settle`] fail.
    pub fn fail_next(&self, times: u64) {
        self.failing.store(times, SeqCst);
    }
}

impl DeadLetters for MemoryDeadLetters {
    fn put(&mut self, topic: &str, record: &Record<'_>, reason: &str) -> Result<(), DeadLetterError> {
        self.letters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(DeadLetter {
                topic: topic.to_owned(),
                partition: record.partition,
                offset: record.offset,
                key: record.key.map(<[u8]>::to_vec),
                payload: record.payload.map(<[u8]>::to_vec),
                reason: reason.to_owned(),
            });
        Ok(())
    }

    fn settle(&mut self) -> Result<(), DeadLetterError> {
        let failing = self.failing.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1));
        failing.map_or(Ok(()), |_| {
            Err(DeadLetterError {
                topic: "memory".to_owned(),
                undelivered: 1,
                reason: "told to fail".to_owned(),
            })
        })
    }
}
