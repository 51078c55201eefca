//! Tests of sweeps as they are folded: a dataset and its log in memory.

mod memory;
mod outcomes;
mod properties;
mod recovery;

use super::fold::Fold;
use super::*;
use crate::dead_letter::MemoryDeadLetters;
use crate::source::memory::{MemoryLog, MemorySource};
use crate::sweep::{MarkKind, SweepEvent, SweepMark, SweepOutcome, SweepTags};
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::schema::Dataset;
use std::collections::BTreeMap;

fn codec() -> Codec {
    let schema = "Title @PrimaryKey(id) { long id; string name; }";
    Codec::new(Dataset::parse(schema).expect("a schema"), "Title").expect("it has a key")
}

fn payload(id: i64, name: &str) -> Vec<u8> {
    codec().encode_json(&Value::Object(vec![Value::Long(id), Value::String(name.into())]))
}

/// A dataset of a log in memory; a record's partition is its key's remainder.
struct Bench {
    store: Store,
    log: MemoryLog,
    letters: MemoryDeadLetters,
    settings: ServiceSettings,
    partitions: i32,
}

impl Bench {
    fn new(partitions: i32) -> Self {
        Self {
            store: Store::memory(),
            log: MemoryLog::new("one", partitions as usize),
            letters: MemoryDeadLetters::new(),
            settings: ServiceSettings {
                most_removed: Share::of_a_million(1_000_000),
                ..ServiceSettings::new("titles")
            },
            partitions,
        }
    }

    fn fold(&self) -> Fold {
        self.fold_of(Box::new(MemorySource::new("titles", self.log.clone())))
    }

    fn fold_of(&self, source: Box<dyn Source>) -> Fold {
        let producer = Producer::builder(codec().dataset().clone(), self.store.clone())
            .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
            .root("Title")
            .build()
            .expect("a producer");
        let letters = Box::new(self.letters.clone());
        let mut fold = DatasetService::new(self.settings.clone(), codec(), producer, source, letters).fold;
        fold.restore().expect("a store in memory");
        fold
    }

    fn partition(&self, id: i64) -> usize {
        id.rem_euclid(self.partitions.into()) as usize
    }

    fn send(&self, id: i64, payload: Option<&[u8]>, headers: &[(&str, &str)]) {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let key = format!("[{id}]");
        self.log
            .append(self.partition(id), Some(key.as_bytes()), payload, &headers);
    }

    fn live(&self, id: i64, name: &str) {
        self.send(id, Some(&payload(id, name)), &[]);
    }

    fn delete(&self, id: i64) {
        self.send(id, None, &[]);
    }

    fn swept(&self, id: i64, name: &str, sweep: &str) {
        self.send(id, Some(&payload(id, name)), &[("sweep", sweep)]);
    }

    fn mark_in(&self, partition: i32, mark: &SweepMark) {
        let headers: &[(&str, &[u8])] = &[
            ("sweep", mark.sweep.as_bytes()),
            ("sweep-mark", mark.mark.as_str().as_bytes()),
        ];
        self.log.append(
            partition as usize,
            Some(&mark.key(partition)),
            Some(&mark.payload()),
            headers,
        );
    }

    fn mark(&self, sweep: &str, mark: MarkKind) {
        let mark = SweepMark::everything(sweep, mark, self.partitions);
        (0..self.partitions).for_each(|partition| self.mark_in(partition, &mark));
    }

    fn begin(&self, sweep: &str) {
        self.mark(sweep, MarkKind::Begin);
    }

    fn end(&self, sweep: &str) {
        self.mark(sweep, MarkKind::End);
    }
}

fn titles(state: &ReadState) -> BTreeMap<i64, String> {
    let ty = state.ty("Title").expect("the type");
    ty.populated()
        .map(|ordinal| match state.value("Title", ordinal) {
            Some(Value::Object(fields)) => match fields.as_slice() {
                [Value::Long(id), Value::String(name)] => (*id, name.clone()),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
        .collect()
}

fn announced(store: &Store) -> Arc<ReadState> {
    let consumer = hollow::consumer::Consumer::builder(store.clone())
        .build()
        .expect("a consumer");
    consumer.refresh().expect("a route");
    consumer.state().expect("a state")
}

fn ids(bench: &Bench) -> Vec<i64> {
    titles(&announced(&bench.store)).into_keys().collect()
}

fn tags(bench: &Bench) -> SweepTags {
    SweepTags::from_tags(announced(&bench.store).header_tags()).expect("tags")
}

fn cycle(fold: &mut Fold) -> Report {
    fold.cycle().expect("a cycle")
}

/// The outcome and reason of the one sweep that was over in a cycle.
fn over(report: &Report) -> (SweepOutcome, String) {
    let over: Vec<_> = report
        .sweeps
        .iter()
        .filter_map(|event| match event {
            SweepEvent::Over(last) => Some((last.outcome, last.reason.clone().unwrap_or_default())),
            _ => None,
        })
        .collect();
    assert_eq!(over.len(), 1, "{:?}", report.sweeps);
    over[0].clone()
}

fn ignored(report: &Report) -> Vec<String> {
    let reason = |event: &SweepEvent| match event {
        SweepEvent::Ignored { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    report.sweeps.iter().filter_map(reason).collect()
}
