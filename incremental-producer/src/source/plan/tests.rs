use super::*;

/// A log whose partitions have these first offsets and ends.
fn view(log: &str, ranges: &[(i64, i64)]) -> LogView {
    LogView {
        log: log.into(),
        topic_id: None,
        partitions: (0..).zip(ranges.iter().map(|&(low, high)| low..high)).collect(),
    }
}

fn position(offsets: &[(i32, i64)]) -> LogPosition {
    LogPosition {
        topic: "t".into(),
        log: "one".into(),
        topic_id: None,
        generation: 3,
        offsets: offsets.iter().copied().collect(),
        gaps: Vec::new(),
    }
}

fn planned(offsets: &[(i32, i64)], view: &LogView, policy: NewLog) -> Result<Plan, Halt> {
    plan("t", Some(&position(offsets)), view, policy)
}

#[test]
fn the_first_cycle_reads_what_the_log_still_has() {
    let plan = plan("t", None, &view("one", &[(5, 9), (0, 2)]), NewLog::Halt).expect("a plan");
    assert_eq!(plan.start.offsets.to_string(), "0:5,1:0");
    assert_eq!(plan.cut.to_string(), "0:9,1:2");
    assert_eq!((plan.start.generation, plan.start.log.as_str()), (0, "one"));
}

#[test]
fn later_cycles_go_on() {
    let plan = planned(&[(0, 7), (1, 0)], &view("one", &[(5, 9), (0, 2)]), NewLog::Halt).expect("a plan");
    assert_eq!(plan.start, position(&[(0, 7), (1, 0)]));
    assert!(!plan.is_empty());
    assert!(
        planned(&[(0, 9)], &view("one", &[(9, 9)]), NewLog::Halt)
            .expect("a plan")
            .is_empty()
    );
}

#[test]
fn lost_messages_halt_whatever_the_policy() {
    for policy in [NewLog::Halt, NewLog::StartGeneration] {
        let halt = planned(&[(0, 7), (1, 3)], &view("one", &[(7, 9), (5, 9)]), policy).expect_err("a gap");
        let text = halt.to_string();
        assert!(
            text.contains("topic=t partition=1 expected offset=3 low watermark=5; 2 offsets are gone"),
            "{text}"
        );
    }
}

#[test]
fn a_gap_can_be_accepted_and_is_remembered() {
    let allowed = Policy {
        accept_gap: true,
        now: 77,
        ..Policy::default()
    };
    let known = position(&[(0, 7), (1, 3)]);
    let view = view("one", &[(7, 9), (5, 9)]);
    let plan = super::plan("t", Some(&known), &view, allowed).expect("allowed");
    assert_eq!(plan.start.offsets.to_string(), "0:7,1:5");
    assert_eq!(plan.start.tags()[4], ("kafka.gaps", "1:3-5@77".to_owned()));
    // Nothing is lost, nothing is noted; what was noted stays.
    let again = super::plan("t", Some(&plan.start), &view, allowed).expect("no gap");
    assert_eq!(again.start.gaps, plan.start.gaps);
    // The newest twenty.
    let mut position = plan.start;
    for from in 0..30 {
        position.offsets.set(1, from);
        position = super::plan(
            "t",
            Some(&position),
            &self::view("one", &[(7, 9), (from + 1, 90)]),
            allowed,
        )
        .expect("allowed")
        .start;
    }
    assert_eq!(position.gaps.len(), MOST_GAPS);
    assert_eq!(position.gaps.last().map(Gap::to_string), Some("1:29-30@77".to_owned()));
}

#[test]
fn partitions_that_are_added_halt_unless_a_person_accepts_them() {
    let grown = view("one", &[(7, 9), (0, 9)]);
    for policy in [NewLog::Halt, NewLog::StartGeneration] {
        let halt = planned(&[(0, 7)], &grown, policy).expect_err("keys may have moved");
        assert!(
            matches!(&halt, Halt::Repartitioned { found: 2, added, .. } if *added == [1]),
            "{halt}"
        );
        assert!(halt.to_string().contains("--accept-repartition"), "{halt}");
    }
    let allowed = Policy {
        accept_repartition: true,
        ..Policy::default()
    };
    let plan = plan("t", Some(&position(&[(0, 7)])), &grown, allowed).expect("allowed");
    assert_eq!(plan.start.offsets.to_string(), "0:7,1:0");
    // It is read from offset 0, and must still have it.
    let lost = super::plan(
        "t",
        Some(&position(&[(0, 7)])),
        &view("one", &[(7, 9), (2, 9)]),
        allowed,
    );
    assert!(matches!(
        lost,
        Err(Halt::Gap {
            partition: 1,
            expected: 0,
            low: 2,
            ..
        })
    ));
}

#[test]
fn a_log_that_started_anew_halts_or_starts_a_generation() {
    for (offsets, view) in [
        (vec![(0, 7)], view("two", &[(0, 9)])),
        (vec![(0, 7)], view("one", &[(0, 6)])),
        (vec![(0, 7), (1, 7)], view("two", &[(0, 9)])),
    ] {
        assert!(matches!(
            planned(&offsets, &view, NewLog::Halt),
            Err(Halt::AnotherLog { .. })
        ));
        let plan = planned(&offsets, &view, NewLog::StartGeneration).expect("a plan");
        assert_eq!((plan.start.generation, plan.start.log.as_str()), (4, view.log.as_str()));
        assert_eq!(plan.start.offsets.to_string(), "0:0");
        assert!(plan.started_anew.is_some());
    }
    let other_topic = plan("u", Some(&position(&[(0, 1)])), &view("one", &[(0, 9)]), NewLog::Halt);
    assert!(matches!(other_topic, Err(Halt::AnotherLog { .. })));
}

#[test]
fn a_topic_created_again_shows_however_long_it_has_become() {
    let with_id = |id: Option<&str>| LogPosition {
        topic_id: id.map(str::to_owned),
        ..position(&[(0, 7)])
    };
    let now = |id: Option<&str>| LogView {
        topic_id: id.map(str::to_owned),
        ..view("one", &[(0, 900)])
    };
    let halt = plan("t", Some(&with_id(Some("a"))), &now(Some("b")), NewLog::Halt).expect_err("another topic");
    let text = halt.to_string();
    assert!(
        text.contains(
            "the log started anew (the topic was deleted and created again: the state was folded from topic id=a"
        ),
        "{text}"
    );
    assert!(text.contains("start-generation"), "it says what to do: {text}");
    let anew = plan("t", Some(&with_id(Some("a"))), &now(Some("b")), NewLog::StartGeneration).expect("a plan");
    assert_eq!((anew.start.generation, anew.start.topic_id.as_deref()), (4, Some("b")));
    assert_eq!(anew.start.offsets.to_string(), "0:0");
    // Also if it has fewer partitions than the old one.
    let wider = LogPosition {
        offsets: [(0, 7), (1, 7)].into_iter().collect(),
        ..with_id(Some("a"))
    };
    assert!(plan("t", Some(&wider), &now(Some("b")), NewLog::StartGeneration).is_ok());

    // A state without an id takes the one that is found; one with an id keeps it where none is given.
    for (known, found, then) in [
        (None, None, None),
        (None, Some("b"), Some("b")),
        (Some("b"), None, Some("b")),
        (Some("b"), Some("b"), Some("b")),
    ] {
        let plan = plan("t", Some(&with_id(known)), &now(found), NewLog::Halt).expect("it goes on");
        assert_eq!(plan.start.topic_id.as_deref(), then, "{known:?} {found:?}");
        assert_eq!(
            (plan.start.generation, plan.start.offsets.to_string()),
            (3, "0:7".into())
        );
        assert!(plan.start.is_of_log(&with_id(known)));
    }
    assert!(!with_id(Some("a")).is_of_log(&with_id(Some("b"))));
    assert_eq!(
        plan("t", None, &now(Some("b")), NewLog::Halt)
            .expect("a plan")
            .start
            .topic_id
            .as_deref(),
        Some("b")
    );
}

#[test]
fn partitions_never_go() {
    let halt = planned(&[(0, 1), (1, 1)], &view("one", &[(0, 9)]), NewLog::StartGeneration);
    assert!(matches!(halt, Err(Halt::PartitionsGone { found: 1, missing, .. }) if missing == [1]));
}

#[test]
fn a_position_is_its_tags() {
    let position = position(&[(0, 7), (1, 3)]);
    let tags = position.tags().into_iter();
    let tags: BTreeMap<String, String> = tags.map(|(tag, value)| (tag.to_owned(), value)).collect();
    assert_eq!(tags["kafka.offsets"], "0:7,1:3");
    assert_eq!(tags["kafka.generation"], "3");
    assert_eq!(LogPosition::from_tags(&tags), Ok(Some(position.clone())));
    let mut with_id = tags.clone();
    with_id.insert("kafka.topic-id".into(), "AAAAAAAAAAAAAAAAAAAAAQ".into());
    let known = LogPosition {
        topic_id: Some("AAAAAAAAAAAAAAAAAAAAAQ".into()),
        ..position.clone()
    };
    assert_eq!(LogPosition::from_tags(&with_id), Ok(Some(known.clone())));
    assert!(
        known
            .tags()
            .contains(&("kafka.topic-id", "AAAAAAAAAAAAAAAAAAAAAQ".to_owned()))
    );
    let mut with_gaps = tags.clone();
    with_gaps.insert("kafka.gaps".into(), "1:3-5@77,0:1-2@78".into());
    let gap = |partition, from, to, at| Gap {
        partition,
        from,
        to,
        at,
    };
    let gaps = vec![gap(1, 3, 5, 77), gap(0, 1, 2, 78)];
    assert_eq!(
        LogPosition::from_tags(&with_gaps),
        Ok(Some(LogPosition { gaps, ..position }))
    );
    for wrong in ["", "1", "1:3-5", "1:3@7", "1:3-5@77,"] {
        with_gaps.insert("kafka.gaps".into(), wrong.into());
        assert!(LogPosition::from_tags(&with_gaps).is_err(), "{wrong}");
    }
    assert_eq!(LogPosition::from_tags(&BTreeMap::new()), Ok(None));
    for tag in tags.keys() {
        let mut fewer = tags.clone();
        fewer.remove(tag);
        assert!(LogPosition::from_tags(&fewer).is_err(), "{tag}");
    }
}
