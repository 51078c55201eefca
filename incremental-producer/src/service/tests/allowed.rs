//! What only a person can allow, and once.

use super::*;

#[test]
fn a_gap_is_accepted_once_and_noted_in_the_header() {
    let mut bench = Bench::new(2);
    bench.put(0, 1, "one");
    bench.fold().cycle().expect("a cycle");
    (2..6).for_each(|id| bench.put(0, id, "more"));
    bench.log.truncate(0, 3);
    assert!(bench.fold().cycle().expect_err("a gap").text.contains("--accept-gap"));
    bench.settings.accept_gap = true;
    let mut fold = bench.fold();
    // A cycle that fails does not use it up.
    bench.log.append(0, Some(b"[9]"), Some(b"nonsense"), &[]);
    bench.letters.fail_next(1);
    fold.cycle().expect_err("dead letters are not safe");
    fold.cycle().expect("allowed");
    let state = announced(&bench.store);
    assert_eq!(titles(&state), names(&[(1, "one"), (4, "more"), (5, "more")]));
    let gaps = state.header_tags()["kafka.gaps"].clone();
    assert!(gaps.starts_with("0:1-3@"), "{gaps}");
    // The next one is another matter; the note stays.
    bench.put(0, 7, "seven");
    bench.put(0, 8, "eight");
    bench.log.truncate(0, 7);
    assert!(fold.cycle().expect_err("another gap").is_final);
    bench.settings.accept_gap = false;
    let mut fold = bench.fold();
    assert!(fold.cycle().expect_err("another gap").is_final);
    assert_eq!(announced(&bench.store).header_tags()["kafka.gaps"], gaps);
}

#[test]
fn partitions_that_are_added_are_folded_when_a_person_says_so() {
    let mut bench = Bench::new(1);
    bench.put(0, 1, "one");
    let mut fold = bench.fold();
    fold.cycle().expect("a cycle");
    bench.log.add_partitions(2);
    bench.put(2, 2, "two");
    let failure = fold.cycle().expect_err("keys may have moved");
    assert!(
        failure.is_final && failure.text.contains("--accept-repartition"),
        "{}",
        failure.text
    );
    bench.settings.accept_repartition = true;
    let mut fold = bench.fold();
    fold.cycle().expect("allowed");
    let state = announced(&bench.store);
    assert_eq!(titles(&state), names(&[(1, "one"), (2, "two")]));
    assert_eq!(state.header_tags()["kafka.offsets"], "0:1,1:0,2:1");
    bench.log.add_partitions(1);
    assert!(fold.cycle().expect_err("again").is_final, "allowed once");
}
