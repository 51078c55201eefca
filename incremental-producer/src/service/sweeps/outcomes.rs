//! What goes, what stays, and what a person is told.

use super::*;
use crate::sweep::SweepRange;

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
