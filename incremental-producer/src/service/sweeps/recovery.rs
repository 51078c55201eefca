//! What makes no sense, what is lost, and what fails.

use super::*;
use crate::sweep::LAST_TAG;

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
