//! Reading that ends when the service is told to stop.

use super::handle::Shared;
use crate::Offsets;
use crate::source::{BoxError, LogView, ReadLimits, Reading, Record, Source, SourceError};
use std::sync::Arc;

/// A source that hands nothing over any more once the service is to stop: the cycle fails, and is given up before it has
/// put anything into the store. What it had read is read again after the next start.
pub(super) struct UntilStopped {
    source: Box<dyn Source>,
    shared: Arc<Shared>,
}

/// The reading was cut short.
#[derive(Debug, thiserror::Error)]
#[error("told to stop")]
struct ToldToStop;

/// Asking is a lock: not for every message.
const ASK_EVERY: u32 = 64;

impl UntilStopped {
    pub(super) fn new(source: Box<dyn Source>, shared: Arc<Shared>) -> Self {
        Self { source, shared }
    }
}

impl Source for UntilStopped {
    fn topic(&self) -> &str {
        self.source.topic()
    }

    fn look(&mut self) -> Result<LogView, SourceError> {
        self.source.look()
    }

    fn read(
        &mut self,
        from: &Offsets,
        cut: &Offsets,
        limits: &ReadLimits,
        fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
    ) -> Result<Reading, SourceError> {
        let shared = &self.shared;
        let mut count = 0_u32;
        self.source.read(from, cut, limits, &mut |record| {
            if count.is_multiple_of(ASK_EVERY) && shared.is_stopping() {
                return Err(ToldToStop.into());
            }
            count = count.wrapping_add(1);
            fold(record)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DatasetService, Event, Phase, ServiceSettings};
    use super::*;
    use crate::Codec;
    use crate::dead_letter::MemoryDeadLetters;
    use hollow::producer::{Producer, PublishUnchanged};
    use hollow::schema::Dataset;
    use hollow::store::Store;
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};

    /// Messages without end.
    struct Endless(Sender<()>);

    impl Source for Endless {
        fn topic(&self) -> &str {
            "titles"
        }

        fn look(&mut self) -> Result<LogView, SourceError> {
            Ok(LogView {
                log: "log".into(),
                topic_id: None,
                partitions: [(0, 0..i64::MAX)].into(),
            })
        }

        fn read(
            &mut self,
            _: &Offsets,
            _: &Offsets,
            _: &ReadLimits,
            fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
        ) -> Result<Reading, SourceError> {
            for offset in 0..i64::MAX {
                let (key, payload) = (format!("[{}]", offset % 10), format!("{{\"id\":{}}}", offset % 10));
                let record = Record {
                    partition: 0,
                    offset,
                    key: Some(key.as_bytes()),
                    payload: Some(payload.as_bytes()),
                    headers: &[],
                };
                fold(&record).map_err(SourceError::Fold)?;
                if offset == 1000 {
                    let _ = self.0.send(());
                }
            }
            Ok(Reading::default())
        }
    }

    #[test]
    fn a_cycle_that_reads_is_given_up_and_announces_nothing() {
        let codec = Codec::new(
            Dataset::parse("Title @PrimaryKey(id) { long id; }").expect("a schema"),
            "Title",
        );
        let codec = codec.expect("a key");
        let store = Store::memory();
        let producer = Producer::builder(codec.dataset().clone(), store.clone())
            .root("Title")
            .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
            .build()
            .expect("a producer");
        let (sender, reads) = channel();
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let heard = events.clone();
        let settings = ServiceSettings::new("titles");
        let letters = Box::new(MemoryDeadLetters::new());
        let handle = DatasetService::new(settings, codec, producer, Box::new(Endless(sender)), letters)
            .listener(Arc::new(move |_, event| {
                heard.lock().expect("no panic").push(event.clone());
            }))
            .start()
            .expect("a thread");
        reads.recv().expect("it reads");
        assert!(handle.busy_for().is_some(), "at work");
        handle.stop();
        while !handle.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(handle.status().phase, Phase::Stopped);
        let events = events.lock().expect("no panic").clone();
        assert!(
            matches!(events.as_slice(), [Event::Restored { .. }, Event::Stopped]),
            "being told to stop is no failure: {events:?}"
        );
        let head = store.head().expect("readable");
        assert!(head.is_none(), "{head:?}");
    }
}
