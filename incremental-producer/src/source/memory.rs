//! A log in memory, for tests and for what runs in one process.

use super::{BoxError, LogView, ReadLimits, Reading, Record, Source, SourceError};
use crate::Offsets;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A log in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    log: String,
    partitions: Vec<Partition>,
    failures: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Partition {
    first: i64,
    messages: VecDeque<Stored>,
}

type Headers = Vec<(String, Vec<u8>)>;

#[derive(Clone, Debug)]
struct Stored {
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    headers: Headers,
}

impl MemoryLog {
    /// An empty log with this identity and number of partitions.
    pub fn new(log: &str, partitions: usize) -> Self {
        let inner = Inner {
            log: log.to_owned(),
            partitions: std::iter::repeat_with(Partition::default).take(partitions).collect(),
            failures: VecDeque::new(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a message, and returns its offset; `None` if there is no such partition.
    pub fn append(
        &self,
        partition: usize,
        key: Option<&[u8]>,
        payload: Option<&[u8]>,
        headers: &[(&str, &[u8])],
    ) -> Option<i64> {
        let mut inner = self.lock();
        let partition = inner.partitions.get_mut(partition)?;
        partition.messages.push_back(Stored {
            key: key.map(<[u8]>::to_vec),
            payload: payload.map(<[u8]>::to_vec),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
                .collect(),
        });
        Some(partition.first + partition.messages.len() as i64 - 1)
    }

    /// Removes what lies before an offset, as retention does.
    pub fn truncate(&self, partition: usize, first: i64) {
        if let Some(partition) = self.lock().partitions.get_mut(partition) {
            while partition.first < first && partition.messages.pop_front().is_some() {
                partition.first += 1;
            }
        }
    }

    /// Adds empty partitions.
    pub fn add_partitions(&self, count: usize) {
        self.lock()
            .partitions
            .extend(std::iter::repeat_with(Partition::default).take(count));
    }

    /// Throws everything away and starts a log of another identity with as many partitions.
    pub fn start_anew(&self, log: &str) {
        let mut inner = self.lock();
        inner.log = log.to_owned();
        inner
            .partitions
            .iter_mut()
            .for_each(|partition| *partition = Partition::default());
    }

    /// Lets the next look at the log fail with this reason; several queue up.
    pub fn fail_next_look(&self, reason: &str) {
        self.lock().failures.push_back(reason.to_owned());
    }
}

/// Reads a [`MemoryLog`].
#[derive(Clone, Debug)]
pub struct MemorySource {
    topic: String,
    log: MemoryLog,
}

impl MemorySource {
    /// A source under this topic's name.
    pub fn new(topic: &str, log: MemoryLog) -> Self {
        Self {
            topic: topic.to_owned(),
            log,
        }
    }
}

impl Source for MemorySource {
    fn topic(&self) -> &str {
        &self.topic
    }

    fn look(&mut self) -> Result<LogView, SourceError> {
        let mut inner = self.log.lock();
        if let Some(reason) = inner.failures.pop_front() {
            return Err(SourceError::Unavailable {
                doing: "look at the log",
                topic: self.topic.clone(),
                servers: "memory".to_owned(),
                reason,
            });
        }
        let ranges = inner
            .partitions
            .iter()
            .map(|p| p.first..p.first + p.messages.len() as i64);
        Ok(LogView {
            log: inner.log.clone(),
            topic_id: None,
            partitions: (0..).zip(ranges).collect(),
        })
    }

    fn read(
        &mut self,
        from: &Offsets,
        cut: &Offsets,
        limits: &ReadLimits,
        fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
    ) -> Result<Reading, SourceError> {
        let mut reading = Reading {
            offsets: from.clone(),
            complete: true,
            ..Reading::default()
        };
        for (partition, end) in cut.iter() {
            let mut offset = from.get(partition).unwrap_or(0);
            while offset < end {
                if reading.messages >= limits.messages || reading.bytes >= limits.bytes {
                    reading.complete = false;
                    return Ok(reading);
                }
                let stored = self.message(partition, offset)?;
                let headers: Vec<_> = stored
                    .headers
                    .iter()
                    .map(|(n, v)| (n.as_str(), Some(v.as_slice())))
                    .collect();
                let record = Record {
                    partition,
                    offset,
                    key: stored.key.as_deref(),
                    payload: stored.payload.as_deref(),
                    headers: &headers,
                };
                reading.messages += 1;
                reading.bytes += record.bytes() as u64;
                fold(&record).map_err(SourceError::Fold)?;
                offset += 1;
                reading.offsets.set(partition, offset);
            }
        }
        Ok(reading)
    }
}

impl MemorySource {
    fn message(&self, partition: i32, offset: i64) -> Result<Stored, SourceError> {
        let inner = self.log.lock();
        let found = usize::try_from(partition)
            .ok()
            .and_then(|p| inner.partitions.get(p))
            .and_then(|partition| {
                let index = usize::try_from(offset - partition.first).ok()?;
                partition.messages.get(index)
            });
        found.cloned().ok_or_else(|| SourceError::Moved {
            topic: self.topic.clone(),
            reason: format!("no message, partition={partition} offset={offset}"),
        })
    }
}
