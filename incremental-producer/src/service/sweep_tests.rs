//! Sweeps, folded: what goes, what stays, and what a person is told.

use super::fold::Fold;
use super::*;
use crate::dead_letter::MemoryDeadLetters;
use crate::source::memory::{MemoryLog, MemorySource};
use crate::sweep::{LAST_TAG, MarkKind, SweepEvent, SweepMark, SweepOutcome, SweepRange, SweepTags};
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::schema::Dataset;
use std::collections::BTreeMap;

pub(super) fn codec() -> Codec {
    let schema = "Title @PrimaryKey(id) { long id; string name; }";
    Codec::new(Dataset::parse(schema).expect("a schema"), "Title").expect("it has a key")
}

pub(super) fn payload(id: i64, name: &str) -> Vec<u8> {
    codec().encode_json(&Value::Object(vec![Value::Long(id), Value::String(name.into())]))
}

/// A dataset of a log in memory; a record's partition is its key's remainder.
pub(super) struct Bench {
    pub(super) store: Store,
    pub(super) log: MemoryLog,
    pub(super) letters: MemoryDeadLetters,
    pub(super) settings: ServiceSettings,
    pub(super) partitions: i32,
}

impl Bench {
    pub(super) fn new(partitions: i32) -> Self {
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

    pub(super) fn fold(&self) -> Fold {
        self.fold_of(Box::new(MemorySource::new("titles", self.log.clone())))
    }

    pub(super) fn fold_of(&self, source: Box<dyn Source>) -> Fold {
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

    pub(super) fn send(&self, id: i64, payload: Option<&[u8]>, headers: &[(&str, &str)]) {
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

    pub(super) fn mark_in(&self, partition: i32, mark: &SweepMark) {
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

pub(super) fn titles(state: &ReadState) -> BTreeMap<i64, String> {
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

pub(super) fn announced(store: &Store) -> Arc<ReadState> {
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

#[test]
fn what_a_sweep_does_not_show_goes_once_all_partitions_have_ended() {
    let bench = Bench::new(2);
    (0..8).for_each(|id| bench.live(id, "old"));
    let mut fold = bench.fold();
    cycle(&mut fold);
    bench.begin("s");
    for id in [0, 1, 2, 3] {
        bench.swept(id, "old", "s");
    }
    bench.live(9, "inserted meanwhile");
    bench.live(4, "changed meanwhile");
    bench.mark_in(0, &SweepMark::everything("s", MarkKind::End, 2));
    let report = cycle(&mut fold);
    assert_eq!((report.swept, report.deletes, report.sweep_marks), (0, 0, 3));
    assert_eq!(ids(&bench), [0, 1, 2, 3, 4, 5, 6, 7, 9]);
    assert_eq!(tags(&bench).active[0].ended.to_string(), "0:8");
    bench.mark_in(1, &SweepMark::everything("s", MarkKind::End, 2));
    let report = cycle(&mut fold);
    assert_eq!(
        (report.swept, report.deletes, over(&report).0),
        (3, 3, SweepOutcome::Complete)
    );
    assert_eq!(ids(&bench), [0, 1, 2, 3, 4, 9]);
    let found = tags(&bench);
    assert_eq!(found.active, []);
    let last = found.last.expect("a sweep");
    assert_eq!((last.id.as_str(), last.removed, last.unseen, last.seen), ("s", 3, 3, 6));
    assert_eq!(fold.sweeps.entries(), 0, "nothing is remembered without a sweep");
    // The next one finds nothing to remove.
    bench.begin("t");
    for id in [0, 1, 2, 3, 4, 9] {
        bench.swept(id, "old", "t");
    }
    bench.end("t");
    assert_eq!((cycle(&mut fold).swept, ids(&bench).len()), (0, 6));
}

#[test]
fn records_that_come_and_must_go_within_one_cycle_go() {
    let bench = Bench::new(1);
    bench.live(1, "before the mark, in the same cycle");
    bench.live(2, "shown");
    bench.begin("s");
    bench.swept(2, "shown", "s");
    bench.end("s");
    bench.live(3, "after the end");
    let report = cycle(&mut bench.fold());
    assert_eq!((report.swept, report.upserts), (1, 3));
    assert_eq!(ids(&bench), [2, 3]);
}

#[test]
fn only_the_range_is_swept() {
    let bench = Bench::new(2);
    (0..10).for_each(|id| bench.live(id, "old"));
    let range = SweepRange {
        from: Some(vec![3.into()]),
        to: Some(vec![7.into()]),
    };
    for kind in [MarkKind::Begin, MarkKind::End] {
        for partition in 0..2 {
            let mark = SweepMark {
                range: range.clone(),
                ..SweepMark::everything("s", kind, 2)
            };
            bench.mark_in(partition, &mark);
        }
        if kind == MarkKind::Begin {
            bench.swept(4, "new", "s");
            bench.swept(9, "out of range", "s");
        }
    }
    cycle(&mut bench.fold());
    assert_eq!(ids(&bench), [0, 1, 2, 4, 7, 8, 9]);
    assert_eq!(titles(&announced(&bench.store))[&9], "out of range");
    // A range that is none of this key.
    let bench = Bench::new(1);
    let range = SweepRange {
        from: Some(vec!["x".into()]),
        to: None,
    };
    let mark = SweepMark::everything("s", MarkKind::Begin, 1);
    bench.mark_in(0, &SweepMark { range, ..mark });
    let report = cycle(&mut bench.fold());
    assert_eq!((report.dead_letters, report.sweeps.len()), (1, 0));
    assert!(
        bench.letters.letters()[0].reason.contains("range: key field=id"),
        "{:?}",
        bench.letters.letters()
    );
}

#[test]
fn a_sweep_that_would_remove_too_much_is_refused_as_a_whole() {
    let mut bench = Bench::new(2);
    bench.settings.most_removed = "10%".parse().expect("a share");
    (0..20).for_each(|id| bench.live(id, "old"));
    let mut fold = bench.fold();
    cycle(&mut fold);
    bench.begin("s");
    (0..17).for_each(|id| bench.swept(id, "old", "s"));
    bench.end("s");
    let (outcome, reason) = over(&cycle(&mut fold));
    assert_eq!(outcome, SweepOutcome::Refused);
    assert!(
        reason.starts_with("it would remove 3 of 20 records, more than most_removed=10%"),
        "{reason}"
    );
    assert_eq!(ids(&bench).len(), 20);
    bench.begin("t");
    (0..18).for_each(|id| bench.swept(id, "old", "t"));
    bench.end("t");
    let report = cycle(&mut fold);
    assert_eq!((over(&report).0, report.swept), (SweepOutcome::Complete, 2));
    // A source that shows nothing at all is broken.
    bench.begin("u");
    bench.end("u");
    assert_eq!(over(&cycle(&mut fold)).0, SweepOutcome::Refused);
    assert_eq!(ids(&bench).len(), 18);
}

#[test]
fn an_older_sweep_value_loses_against_a_live_change() {
    let bench = Bench::new(1);
    let versioned = |id: i64, name: Option<&str>, version: &str, sweep: Option<&str>| {
        let payload = name.map(|name| payload(id, name));
        let mut headers = vec![("source-version", version)];
        headers.extend(sweep.map(|sweep| ("sweep", sweep)));
        bench.send(id, payload.as_deref(), &headers);
    };
    bench.live(5, "before");
    bench.begin("s");
    bench.live(1, "live");
    bench.swept(1, "stale", "s");
    bench.delete(2);
    bench.swept(2, "stale", "s");
    versioned(3, Some("live"), "7", None);
    versioned(3, Some("stale"), "6", Some("s"));
    versioned(4, None, "7", None);
    versioned(4, Some("stale"), "7", Some("s"));
    bench.swept(5, "read after the mark", "s");
    versioned(6, Some("live"), "7", None);
    versioned(6, Some("newer"), "8", Some("s"));
    versioned(7, None, "7", None);
    versioned(7, Some("newer"), "8", Some("s"));
    versioned(8, Some("live"), "not a number", None);
    versioned(8, Some("stale"), "8", Some("s"));
    bench.end("s");
    bench.swept(1, "not of any sweep that runs", "s");
    let report = cycle(&mut bench.fold());
    assert_eq!((report.stale, report.swept), (5, 0));
    let expected = [
        (1, "not of any sweep that runs"),
        (3, "live"),
        (5, "read after the mark"),
        (6, "newer"),
        (7, "newer"),
        (8, "live"),
    ];
    assert_eq!(
        titles(&announced(&bench.store)),
        expected.map(|(id, name)| (id, name.to_owned())).into()
    );
}

#[test]
fn a_sweep_that_another_one_overtakes_is_given_up() {
    let bench = Bench::new(2);
    (0..6).for_each(|id| bench.live(id, "old"));
    let mut fold = bench.fold();
    bench.begin("s");
    cycle(&mut fold);
    bench.begin("t");
    (0..5).for_each(|id| bench.swept(id, "old", "t"));
    bench.end("s");
    let report = cycle(&mut fold);
    let (outcome, reason) = over(&report);
    assert_eq!(outcome, SweepOutcome::GivenUp);
    assert!(
        reason.starts_with("another sweep began before it ended, id=\"t\" partition=0"),
        "{reason}"
    );
    assert_eq!(ignored(&report).len(), 2, "{:?}", report.sweeps);
    assert_eq!(ids(&bench).len(), 6);
    bench.end("t");
    assert_eq!((cycle(&mut fold).swept, ids(&bench)), (1, vec![0, 1, 2, 3, 4]));
}

#[test]
fn one_sweep_can_end_after_the_next_has_begun_elsewhere() {
    let bench = Bench::new(2);
    (0..6).for_each(|id| bench.live(id, "old"));
    let mark = |partition, sweep, kind| bench.mark_in(partition, &SweepMark::everything(sweep, kind, 2));
    let mut fold = bench.fold();
    bench.begin("s");
    (0..5).for_each(|id| bench.swept(id, "old", "s"));
    mark(0, "s", MarkKind::End);
    mark(0, "t", MarkKind::Begin);
    bench.live(0, "seen by both");
    cycle(&mut fold);
    assert_eq!(tags(&bench).active.len(), 2);
    mark(1, "s", MarkKind::End);
    let report = cycle(&mut fold);
    assert_eq!((over(&report).0, report.swept), (SweepOutcome::Complete, 1));
    mark(1, "t", MarkKind::Begin);
    (1..4).for_each(|id| bench.swept(id, "old", "t"));
    bench.end("t");
    assert_eq!((cycle(&mut fold).swept, ids(&bench)), (1, vec![0, 1, 2, 3]));
}

#[test]
fn marks_that_make_no_sense_never_remove_anything() {
    let mark = |sweep: &str, kind, partitions| SweepMark::everything(sweep, kind, partitions);
    let bench = Bench::new(2);
    (0..4).for_each(|id| bench.live(id, "old"));
    let mut fold = bench.fold();
    // Ends without begins, in one partition or all.
    bench.end("a");
    bench.mark_in(0, &mark("b", MarkKind::Begin, 2));
    bench.end("b");
    let report = cycle(&mut fold);
    assert_eq!(ignored(&report).len(), 3);
    // Twice.
    bench.mark_in(1, &mark("b", MarkKind::Begin, 2));
    bench.mark_in(1, &mark("b", MarkKind::Begin, 2));
    bench.mark_in(0, &mark("b", MarkKind::End, 2));
    let report = cycle(&mut fold);
    assert_eq!(
        ignored(&report),
        [
            "the sweep is over in this partition",
            "the sweep has begun in this partition before"
        ]
    );
    // Another number of partitions, and marks that do not agree.
    for (first, second, expected) in [(3, 3, "marks=3 topic=2"), (2, 3, "its marks do not agree")] {
        bench.mark_in(0, &mark(&format!("c{second}{first}"), MarkKind::Begin, first));
        bench.mark_in(1, &mark(&format!("c{second}{first}"), MarkKind::Begin, second));
        let report = cycle(&mut fold);
        let found = format!("{:?}", report.sweeps);
        assert!(found.contains(expected), "{found}");
    }
    // In another partition than it is meant for.
    let elsewhere = mark("d", MarkKind::Begin, 2);
    bench.log.append(
        0,
        Some(&elsewhere.key(1)),
        Some(&elsewhere.payload()),
        &[("sweep-mark", b"begin")],
    );
    assert_eq!(cycle(&mut fold).dead_letters, 1);
    assert_eq!(ids(&bench).len(), 4);
    // Of a sweep that is over.
    bench.begin("e");
    (0..4).for_each(|id| bench.swept(id, "old", "e"));
    bench.end("e");
    cycle(&mut fold);
    bench.begin("e");
    bench.end("e");
    let report = cycle(&mut fold);
    assert_eq!((ignored(&report).len(), ids(&bench).len()), (4, 4));
}

#[test]
fn what_cannot_be_read_is_not_removed() {
    let bench = Bench::new(1);
    (0..4).for_each(|id| bench.live(id, "old"));
    let mut fold = bench.fold();
    bench.begin("s");
    bench.send(1, Some(b"nonsense"), &[("sweep", "s")]);
    bench.send(2, Some(b"nonsense"), &[]);
    bench.log.append(0, Some(b"no key"), None, &[]);
    bench.end("s");
    let report = cycle(&mut fold);
    assert_eq!((report.dead_letters, report.swept, ids(&bench)), (3, 2, vec![1, 2]));
    bench.begin("t");
    bench.log.append(0, Some(b"no key"), None, &[("sweep", b"t")]);
    bench.end("t");
    let (outcome, reason) = over(&cycle(&mut fold));
    assert_eq!((outcome, ids(&bench).len()), (SweepOutcome::GivenUp, 2));
    assert!(reason.contains("no readable key, partition=0 offset=10"), "{reason}");
}

#[test]
fn after_a_restart_what_was_seen_is_read_again() {
    let bench = Bench::new(2);
    (0..8).for_each(|id| bench.live(id, "old"));
    bench.begin("s");
    (0..3).for_each(|id| bench.swept(id, "old", "s"));
    bench.live(3, "live");
    bench.send(4, Some(b"nonsense"), &[("sweep", "s")]);
    cycle(&mut bench.fold());
    let mut again = bench.fold();
    bench.swept(3, "stale", "s");
    bench.swept(5, "old", "s");
    let report = cycle(&mut again);
    assert_eq!((report.messages, report.stale), (2, 1));
    // Ended in one partition only, and started again once more.
    bench.mark_in(0, &SweepMark::everything("s", MarkKind::End, 2));
    let mut again = bench.fold();
    cycle(&mut again);
    bench.mark_in(1, &SweepMark::everything("s", MarkKind::End, 2));
    assert_eq!(cycle(&mut bench.fold()).swept, 2);
    assert_eq!(ids(&bench), [0, 1, 2, 3, 4, 5]);
    assert_eq!(titles(&announced(&bench.store))[&3], "live");
}

#[test]
fn a_sweep_whose_beginning_the_log_has_dropped_is_given_up() {
    let bench = Bench::new(1);
    (0..4).for_each(|id| bench.live(id, "old"));
    bench.begin("s");
    (0..2).for_each(|id| bench.swept(id, "new", "s"));
    let mut running = bench.fold();
    cycle(&mut running);
    bench.log.truncate(0, 6);
    bench.end("s");
    // One that ran on has seen it all.
    assert_eq!(cycle(&mut running).swept, 2);

    let bench = Bench::new(1);
    (0..4).for_each(|id| bench.live(id, "old"));
    bench.begin("s");
    (0..2).for_each(|id| bench.swept(id, "new", "s"));
    cycle(&mut bench.fold());
    bench.log.truncate(0, 6);
    bench.end("s");
    let mut again = bench.fold();
    let report = cycle(&mut again);
    let (outcome, reason) = over(&report);
    assert_eq!((outcome, ids(&bench).len()), (SweepOutcome::GivenUp, 4));
    assert!(
        reason.contains("no longer holds what followed the begin mark, partitions=[0]"),
        "{reason}"
    );
    bench.live(9, "so that there is a version");
    cycle(&mut again);
    assert!(announced(&bench.store).header_tags()[LAST_TAG].contains("given-up"));
    assert_eq!(tags(&bench).active, []);
}

#[test]
fn a_log_that_starts_anew_gives_sweeps_up() {
    let mut bench = Bench::new(1);
    bench.settings.new_log = NewLog::StartGeneration;
    (0..4).for_each(|id| bench.live(id, "old"));
    bench.begin("s");
    let mut fold = bench.fold();
    cycle(&mut fold);
    bench.log.start_anew("two");
    bench.end("s");
    let report = cycle(&mut fold);
    assert_eq!(over(&report), (SweepOutcome::GivenUp, "the log started anew".into()));
    assert_eq!(ids(&bench).len(), 4);
}

#[test]
fn a_failed_cycle_leaves_sweeps_as_they_were() {
    let bench = Bench::new(1);
    (0..4).for_each(|id| bench.live(id, "old"));
    let mut fold = bench.fold();
    bench.begin("s");
    bench.swept(0, "old", "s");
    cycle(&mut fold);
    bench.swept(1, "old", "s");
    bench.send(9, Some(b"nonsense"), &[]);
    bench.end("s");
    bench.letters.fail_next(1);
    fold.cycle().expect_err("letters are not safe");
    assert_eq!(fold.sweeps.entries(), 1);
    let report = cycle(&mut fold);
    assert_eq!((report.swept, ids(&bench)), (2, vec![0, 1]));
    assert_eq!(report.sweeps.len(), 1, "{:?}", report.sweeps);
}

#[test]
fn a_sweep_of_what_is_there_publishes_nothing_but_moves_the_offsets() {
    let mut bench = Bench::new(2);
    bench.settings.republish_after_messages = 1_000;
    (0..400).for_each(|id| bench.live(id, "old"));
    let mut fold = bench.fold();
    let first = cycle(&mut fold);
    bench.begin("s");
    (0..400).for_each(|id| bench.swept(id, "old", "s"));
    bench.end("s");
    let report = cycle(&mut fold);
    assert_eq!(
        (report.published.is_some(), report.version, report.unchanged),
        (false, first.version, 400)
    );
    assert_eq!(over(&report).0, SweepOutcome::Complete);
    bench.begin("t");
    (0..400).for_each(|id| bench.swept(id, "old", "t"));
    bench.settings.republish_after_messages = 500;
    let report = cycle(&mut fold);
    assert!(report.published.is_none());
    (0..300).for_each(|id| bench.swept(id, "old", "t"));
    let report = cycle(&mut fold);
    assert_eq!(report.published.map(|stats| stats.records), Some(400));
    let offsets = report.published_offsets.map(|offsets| offsets.to_string());
    assert_eq!(offsets.as_deref(), Some("0:753,1:753"));
}
