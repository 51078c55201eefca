//! Memory follows the keys of a sweep, not its messages.

use super::*;
use crate::Offsets;
use crate::source::{BoxError, LogView, Reading, Record, SourceError};

/// A log that is made up as it is read: a begin mark, and the same records again and again.
#[derive(Clone)]
struct Endless {
    records: i64,
    end: Arc<std::sync::atomic::AtomicI64>,
}

impl Source for Endless {
    fn topic(&self) -> &'static str {
        "titles"
    }

    fn look(&mut self) -> Result<LogView, SourceError> {
        let end = self.end.load(std::sync::atomic::Ordering::SeqCst);
        Ok(LogView {
            log: "one".into(),
            topic_id: None,
            partitions: [(0, 0..end)].into(),
        })
    }

    fn read(
        &mut self,
        from: &Offsets,
        cut: &Offsets,
        limits: &ReadLimits,
        fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
    ) -> Result<Reading, SourceError> {
        let (mut offset, end) = (from.get(0).unwrap_or(0), cut.get(0).unwrap_or(0));
        let mut reading = Reading::default();
        let mark = SweepMark::everything("s", MarkKind::Begin, 1);
        while offset < end && reading.messages < limits.messages {
            // All records, the mark, and from there on nothing but what is there already.
            let swept = offset > self.records;
            let id = if swept { offset - 1 } else { offset } % self.records;
            let (key, record) = (format!("[{id}]").into_bytes(), payload(id, "name"));
            let headers: &[(&str, Option<&[u8]>)] = match offset {
                _ if offset == self.records => &[("sweep", Some(b"s")), ("sweep-mark", Some(b"begin"))],
                _ if swept => &[("sweep", Some(b"s"))],
                _ => &[],
            };
            let (key, payload) = match offset == self.records {
                true => (mark.key(0), mark.payload()),
                false => (key, record),
            };
            let record = Record {
                partition: 0,
                offset,
                key: Some(&key),
                payload: Some(&payload),
                headers,
            };
            reading.messages += 1;
            fold(&record).map_err(SourceError::Fold)?;
            offset += 1;
        }
        reading.offsets.set(0, offset);
        reading.complete = offset == end;
        Ok(reading)
    }
}

#[test]
fn a_sweep_that_goes_on_and_on_holds_an_entry_a_key_and_publishes_nothing() {
    let mut bench = Bench::new(1);
    bench.settings.limits.messages = 500;
    bench.settings.republish_after_messages = 5_000;
    let end = Arc::new(std::sync::atomic::AtomicI64::new(201));
    let source = Endless {
        records: 200,
        end: end.clone(),
    };
    let mut fold = bench.fold_of(Box::new(source));
    let first = cycle(&mut fold);
    end.store(20_201, std::sync::atomic::Ordering::SeqCst);
    let mut versions = 0;
    loop {
        let report = cycle(&mut fold);
        // Every 5,000 messages the offsets move, in a version without a change.
        if let Some(stats) = &report.published {
            versions += 1;
            assert_eq!(stats.records, 200);
        }
        assert_eq!((report.upserts, report.deletes, report.stale), (0, 0, 0));
        assert!(fold.sweeps.entries() <= 200 && fold.sweeps.undo() == 0);
        if report.behind == 0 {
            break;
        }
    }
    assert_eq!(fold.sweeps.entries(), 200);
    assert_eq!((versions, first.version.is_some()), (4, true));
    assert_eq!(announced(&bench.store).header_tags()["kafka.offsets"], "0:20201");
    // Read again after a restart, it holds no more.
    let mut again = bench.fold_of(Box::new(Endless { records: 200, end }));
    cycle(&mut again);
    assert_eq!((again.sweeps.entries(), again.sweeps.undo()), (200, 0));
}
