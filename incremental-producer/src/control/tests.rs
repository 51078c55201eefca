use super::*;
use crate::Offsets;
use crate::source::memory::{MemoryLog, MemorySource};
use crate::source::{LogPosition, Plan, Source};
use hollow::Version;
use hollow::store::{Register, SCHEMA, Sha256, Store, StoreError};
use std::time::Duration;

fn versions(numbers: &[i64]) -> Vec<Version> {
    numbers.iter().copied().map(Version).collect()
}

fn published(numbers: &[i64]) -> Vec<(Version, bool)> {
    numbers.iter().map(|number| (Version(*number), false)).collect()
}

#[test]
fn two_refusals_of_the_last_five_attempts_are_too_much() {
    let is_too_much = |good: &[i64], bad: &[i64]| Streak::of(&published(good), &versions(bad), None).is_too_much();
    assert!(!is_too_much(&[1, 2, 3], &[4]));
    assert!(is_too_much(&[1, 2, 3], &[4, 5]), "in a row");
    assert!(is_too_much(&[1, 2, 4, 6], &[3, 7]), "in turns");
    assert!(is_too_much(&[], &[1, 2]), "before anything was announced");
    assert!(!is_too_much(&[2, 3, 4, 5, 6], &[1, 7]), "long ago");
    assert!(!is_too_much(&[4, 5, 6, 7, 8], &[1, 2, 3]));
}

#[test]
fn what_a_person_decided_ends_the_count() {
    let with_acceptance = [(Version(1), false), (Version(4), true), (Version(5), false)];
    assert!(!Streak::of(&with_acceptance, &versions(&[2, 3]), None).is_too_much());
    assert!(!Streak::of(&with_acceptance, &versions(&[2, 3, 6]), None).is_too_much());
    assert!(Streak::of(&with_acceptance, &versions(&[2, 3, 6, 7]), None).is_too_much());
    let released = Some(Version(3));
    assert!(!Streak::of(&published(&[1]), &versions(&[2, 3, 4]), released).is_too_much());
    assert!(Streak::of(&published(&[1]), &versions(&[2, 3, 4, 5]), released).is_too_much());
}

#[test]
fn counting_on_is_as_counting_anew() {
    let mut streak = Streak::default();
    streak.refused();
    streak.published();
    assert_eq!(streak, Streak::of(&published(&[2]), &versions(&[1]), None));
    (0..4).for_each(|_| streak.published());
    streak.refused();
    assert!(!streak.is_too_much());
    streak.refused();
    assert!(streak.is_too_much());
    streak.forgive();
    assert_eq!(streak.refusals(), 0);
}

fn acceptance(offsets: &str) -> Acceptance {
    let tags = [
        ("kafka.topic", "titles"),
        ("kafka.log", "one"),
        ("kafka.generation", "0"),
        ("kafka.offsets", offsets),
    ];
    Acceptance {
        schema: SCHEMA,
        candidate: "7-n".into(),
        based_on: None,
        position: tags
            .iter()
            .map(|(tag, value)| ((*tag).to_owned(), (*value).to_owned()))
            .collect(),
        digest: Sha256::of(b"x"),
        overrules: vec!["limit".into()],
        by: "Ada".into(),
        reason: "it is right".into(),
        at: 5,
    }
}

#[test]
fn registers_hold_documents_of_the_form_that_is_known() {
    let store = Store::memory();
    assert_eq!(
        read_register::<Acceptance>(&store, Register::Acceptance).expect("read"),
        None
    );
    let written = acceptance("0:1");
    let token = write_register(&store, Register::Acceptance, None, &written).expect("written");
    let (found, _) = read_register(&store, Register::Acceptance)
        .expect("read")
        .expect("there");
    assert_eq!(written, found);
    let conflict = write_register(&store, Register::Acceptance, None, &written);
    assert!(matches!(conflict, Err(StoreError::Conflict { .. })));
    for wrong in [
        &b"{"[..],
        b"{}",
        b"{\"schema\":1}",
        b"{\"schema\":2,\"held\":true}",
        b"[]",
        b"\xff",
    ] {
        let store = Store::memory();
        store
            .registers()
            .compare_and_set(Register::Hold, None, wrong)
            .expect("set");
        let error = read_register::<Hold>(&store, Register::Hold).expect_err("damaged");
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    }
    write_register(&store, Register::Acceptance, Some(&token), &written).expect("the token is the one in force");
}

#[test]
fn a_hold_is_in_force_until_its_time() {
    let hold = |held, until| Hold {
        schema: SCHEMA,
        held,
        by: String::new(),
        reason: String::new(),
        at: 0,
        until,
        forgives: None,
    };
    assert!(hold(true, None).is_in_force(u64::MAX));
    assert!(hold(true, Some(10)).is_in_force(9));
    assert!(!hold(true, Some(10)).is_in_force(10));
    assert!(!hold(false, None).is_in_force(0));
}

fn plan(from: &str, cut: &str) -> Plan {
    Plan {
        start: LogPosition {
            topic: "titles".into(),
            log: "one".into(),
            topic_id: None,
            generation: 0,
            offsets: from.parse().expect("offsets"),
            gaps: Vec::new(),
        },
        cut: cut.parse().expect("offsets"),
        started_anew: None,
    }
}

#[test]
fn an_accepted_cycle_ends_where_the_candidate_did_or_not_at_all() {
    let accepting = |offsets| Accepting::new(&acceptance(offsets)).expect("a position");
    let narrowed = accepting("0:5,1:7").narrow(plan("0:5,1:0", "0:9,1:9")).expect("within");
    assert_eq!(narrowed.cut.to_string(), "0:5,1:7");
    for (to, from, cut) in [
        ("0:5,1:7", "0:6,1:0", "0:9,1:9"),
        ("0:5,1:7", "0:0,1:0", "0:9,1:6"),
        ("0:5,1:7", "0:0", "0:9"),
        ("0:5", "0:0,1:0", "0:9,1:9"),
    ] {
        accepting(to).narrow(plan(from, cut)).expect_err(to);
    }
    let mut other = plan("0:5,1:0", "0:9,1:9");
    other.start.generation = 1;
    accepting("0:5,1:7").narrow(other).expect_err("another generation");
    let mut without = acceptance("0:1");
    without.position.clear();
    assert!(Accepting::new(&without).is_none());
}

#[test]
fn reading_to_an_end_takes_as_many_readings_as_it_takes() {
    let log = MemoryLog::new("one", 3);
    for n in 0..30 {
        log.append(n % 3, Some(format!("{n}").as_bytes()), None, &[]);
    }
    let mut source = Halting(MemorySource::new("titles", log));
    let (from, cut): (Offsets, Offsets) = ("0:2,1:0,2:5".parse().expect("x"), "0:9,1:4,2:5".parse().expect("x"));
    let mut read = Vec::new();
    let reading = read_to(&mut source, &from, &cut, Duration::ZERO, &mut |record| {
        read.push((record.partition, record.offset));
        Ok(())
    })
    .expect("all there");
    assert_eq!((reading.offsets, reading.messages), (cut, 11));
    let expected: Vec<(i32, i64)> = (2..9).map(|n| (0, n)).chain((0..4).map(|n| (1, n))).collect();
    read.sort_unstable();
    assert_eq!(read, expected);
}

/// Hands over no more than two messages at once.
struct Halting(MemorySource);

impl Source for Halting {
    fn topic(&self) -> &str {
        self.0.topic()
    }

    fn look(&mut self) -> Result<crate::source::LogView, crate::source::SourceError> {
        self.0.look()
    }

    fn read(
        &mut self,
        from: &Offsets,
        cut: &Offsets,
        limits: &crate::source::ReadLimits,
        fold: &mut dyn FnMut(&crate::source::Record<'_>) -> Result<(), crate::source::BoxError>,
    ) -> Result<crate::source::Reading, crate::source::SourceError> {
        let limits = crate::source::ReadLimits { messages: 2, ..*limits };
        self.0.read(from, cut, &limits, fold)
    }
}
