//! What is refused, held, accepted and allowed.

use super::*;
use crate::config::Checks;
use crate::control::{Acceptance, Hold, candidates, read_register, write_register};
use hollow::producer::Step;
use hollow::store::{Register, SCHEMA};
use std::sync::atomic::{AtomicBool, Ordering};

/// A dataset of 100 titles of which no more than 5 % may go in a cycle.
struct Guarded {
    bench: Bench,
    events: Arc<Mutex<Vec<Event>>>,
}

fn checks() -> Checks {
    Checks {
        max_removed_percent: Some(5.0),
        keep_refused: 4,
        ..Checks::default()
    }
}

impl Guarded {
    fn new() -> Self {
        let bench = Bench::new(2);
        (0..100).for_each(|id| bench.put((id % 2) as usize, id, "a name"));
        let this = Self {
            bench,
            events: Arc::default(),
        };
        this.fold_all();
        this
    }

    /// A service whose producer dies where it is told to.
    fn service(&self, dies_at: Option<Step>) -> DatasetService {
        let codec = codec();
        let producer = Producer::builder(codec.dataset().clone(), self.bench.store.clone())
            .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
            .root("Title")
            .validators(checks().validators("Title"))
            .keep_refused(checks().keep_refused)
            .fail_point(move |step| match dies_at {
                Some(at) if at == step => Err("here".into()),
                _ => Ok(()),
            })
            .build()
            .expect("a producer");
        let source = MemorySource::new("titles", self.bench.log.clone());
        let letters = Box::new(self.bench.letters.clone());
        let sink = self.events.clone();
        DatasetService::new(self.bench.settings.clone(), codec, producer, Box::new(source), letters).listener(Arc::new(
            move |_, event| sink.lock().expect("no panic").push(event.clone()),
        ))
    }

    fn start(&self) -> DatasetHandle {
        self.service(None).start().expect("a thread")
    }

    /// Folds what there is.
    fn fold_all(&self) {
        let handle = self.start();
        until(&handle, |status| status.cycles > 0 && status.behind == 0);
    }

    fn delete(&self, ids: std::ops::Range<i64>) {
        ids.for_each(|id| self.bench.delete((id % 2) as usize, id));
    }

    fn titles(&self) -> usize {
        titles(&announced(&self.bench.store)).len()
    }

    fn tag(&self, name: &str) -> Option<String> {
        announced(&self.bench.store).header_tags().get(name).cloned()
    }

    fn accept(&self, candidate: usize) -> Acceptance {
        let candidate = &candidates(&self.bench.store).expect("listed")[candidate];
        let acceptance = candidate.accepted("Ada", "they went", 1).expect("complete");
        self.write(Register::Acceptance, &acceptance);
        acceptance
    }

    fn write<T: serde::Serialize>(&self, register: Register, document: &T) {
        let read = read_register::<serde_json::Value>(&self.bench.store, register).expect("read");
        let token = read.map(|(_, token)| token);
        write_register(&self.bench.store, register, token.as_ref(), document).expect("written");
    }

    fn hold(&self, held: bool, until: Option<u64>) {
        let refused = candidates(&self.bench.store).expect("listed");
        self.write(
            Register::Hold,
            &Hold {
                schema: SCHEMA,
                held,
                by: "Ada".into(),
                reason: "to see".into(),
                at: u64::from(held),
                until,
                forgives: (!held)
                    .then(|| refused.first().map(|candidate| candidate.manifest.version))
                    .flatten(),
            },
        );
    }

    fn events(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.events
            .lock()
            .expect("no panic")
            .iter()
            .filter(|event| is(event))
            .count()
    }
}

fn until(handle: &DatasetHandle, done: impl Fn(&Status) -> bool) -> Status {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = handle.status();
        if done(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "{status:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_held(status: &Status) -> bool {
    status.phase == Phase::Held
}

#[test]
fn what_is_refused_twice_is_held_also_by_the_next_process_until_a_person_releases_it() {
    let guarded = Guarded::new();
    guarded.delete(0..10);
    let handle = guarded.start();
    let status = until(&handle, is_held);
    let reason = status.held.expect("a reason");
    assert!(
        reason.contains("removed-records(Title): 10 of 100 records removed"),
        "{reason}"
    );
    assert_eq!(
        candidates(&guarded.bench.store).expect("listed").len(),
        2,
        "tried once more"
    );
    // What comes meanwhile is counted and not folded.
    guarded.bench.put(0, 500, "new");
    until(&handle, |status| status.behind == 11);
    drop(handle);
    assert_eq!(guarded.titles(), 100);

    let handle = guarded.start();
    until(&handle, is_held);
    drop(handle);
    assert_eq!(
        candidates(&guarded.bench.store).expect("listed").len(),
        2,
        "nothing was tried"
    );
    assert_eq!(
        guarded.events(|event| matches!(event, Event::Held { .. })),
        2,
        "told once each"
    );

    // Released, it tries again: now with the records back.
    (0..10).for_each(|id| guarded.bench.put((id % 2) as usize, id, "back"));
    guarded.hold(false, None);
    let handle = guarded.start();
    let status = until(&handle, |status| status.versions > 0);
    assert_eq!((status.phase, status.held), (Phase::Folding, None));
    drop(handle);
    assert_eq!(guarded.titles(), 101);
}

#[test]
fn a_release_without_better_data_tries_twice_more_and_holds_again() {
    let guarded = Guarded::new();
    guarded.delete(0..10);
    let handle = guarded.start();
    until(&handle, is_held);
    guarded.hold(false, None);
    let refusals = |guarded: &Guarded| guarded.events(|event| matches!(event, Event::Retry { .. }));
    let deadline = Instant::now() + Duration::from_secs(60);
    while refusals(&guarded) < 4 {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    until(&handle, is_held);
    assert_eq!(refusals(&guarded), 4);
}

#[test]
fn good_and_bad_in_turns_is_held_too() {
    let guarded = Guarded::new();
    let mut fold = guarded.service(None).fold;
    fold.restore().expect("in memory");
    let mut control = Control::new(guarded.bench.store.clone());
    control.restore().expect("in memory");
    let mut refused = |guarded: &Guarded, control: &mut Control, range: std::ops::Range<i64>| {
        guarded.delete(range.clone());
        let failure = fold.cycle().expect_err("ten percent are gone");
        assert!(failure.is_refusal, "{}", failure.text);
        control.refused(failure.text);
        range.for_each(|id| guarded.bench.put((id % 2) as usize, id, "back"));
        fold.cycle().expect("all are back");
    };
    refused(&guarded, &mut control, 0..10);
    control.published();
    assert!(!control.is_too_much());
    refused(&guarded, &mut control, 20..30);
    assert!(control.is_too_much(), "two of three");
    // The store says the same.
    let mut again = Control::new(guarded.bench.store.clone());
    again.restore().expect("in memory");
    assert!(again.is_too_much());
}

#[test]
fn an_accepted_candidate_is_published_just_as_it_was_and_then_what_came_since() {
    let guarded = Guarded::new();
    guarded.delete(0..10);
    let handle = guarded.start();
    until(&handle, is_held);
    guarded.bench.put(0, 500, "since");
    let acceptance = guarded.accept(0);
    let status = until(&handle, |status| status.versions >= 2);
    assert_eq!(status.held, None);
    drop(handle);
    assert_eq!(guarded.titles(), 91);
    let chain = crate::control::last_versions(&guarded.bench.store).expect("read");
    let accepted = &chain[1];
    assert_eq!(accepted.counts["Title"].records, 90, "no more than was accepted");
    let tags = &accepted.header_tags;
    assert_eq!(tags["kafka.offsets"], acceptance.position["kafka.offsets"]);
    assert_eq!(
        (tags["accepted.by"].as_str(), tags["accepted.reason"].as_str()),
        ("Ada", "they went")
    );
    assert_eq!(tags["accepted.candidate"], acceptance.candidate);
    assert_eq!(guarded.tag("accepted.by"), None, "of that version only");

    // It is used up: the same again is another matter.
    guarded.delete(10..20);
    let handle = guarded.start();
    until(&handle, is_held);
    assert_eq!(
        guarded.events(|event| matches!(event, Event::AcceptanceIgnored { .. })),
        0
    );
    assert_eq!(guarded.titles(), 91);
}

#[test]
fn an_acceptance_happens_once_wherever_the_process_dies() {
    for step in Step::ALL
        .into_iter()
        .filter(|step| *step > Step::EpochTaken && !step.is_in_background())
    {
        let guarded = Guarded::new();
        guarded.delete(0..10);
        let handle = guarded.start();
        until(&handle, is_held);
        drop(handle);
        let acceptance = guarded.accept(1); // the older of the two: the same content
        guarded.bench.put(0, 500, "since");
        let handle = guarded.service(Some(step)).start().expect("a thread");
        until(&handle, |status| status.phase == Phase::Halted);
        drop(handle);
        let handle = guarded.start();
        until(&handle, |status| status.cycles > 0 && status.behind == 0);
        drop(handle);
        assert_eq!(guarded.titles(), 91, "{step}");
        let chain = crate::control::last_versions(&guarded.bench.store).expect("read");
        let accepted = chain
            .iter()
            .filter(|manifest| manifest.header_tags.contains_key("accepted.candidate"));
        let accepted: Vec<u64> = accepted.map(|manifest| manifest.counts["Title"].records).collect();
        assert_eq!(accepted, [90], "{step}");
        assert!(
            chain
                .iter()
                .any(|manifest| manifest.change_digest == Some(acceptance.digest)),
            "{step}"
        );
    }
}

#[test]
fn an_acceptance_of_something_else_is_ignored_and_told() {
    let guarded = Guarded::new();
    guarded.delete(0..10);
    let handle = guarded.start();
    until(&handle, is_held);
    let told = |guarded: &Guarded, text: &str| {
        let events = guarded.events.lock().expect("no panic");
        events
            .iter()
            .any(|event| matches!(event, Event::AcceptanceIgnored { reason, .. } if reason.contains(text)))
    };
    let wait = |guarded: &Guarded, text: &str| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !told(guarded, text) {
            assert!(Instant::now() < deadline, "{text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let right = candidates(&guarded.bench.store).expect("listed")[0]
        .accepted("Ada", "x", 1)
        .expect("complete");
    // Another content, other refusals, an end the log does not have, another version.
    let mut wrong = right.clone();
    wrong.digest.0[0] ^= 1;
    guarded.write(Register::Acceptance, &wrong);
    wait(&guarded, "this is something else");
    let wrong = Acceptance {
        overrules: vec!["another".into()],
        ..right.clone()
    };
    guarded.write(Register::Acceptance, &wrong);
    wait(&guarded, "now it is refused by removed-records(Title) too");
    let mut wrong = right.clone();
    wrong.position.insert("kafka.offsets".into(), "0:99999,1:99999".into());
    guarded.write(Register::Acceptance, &wrong);
    wait(&guarded, "cannot be reached");
    let wrong = Acceptance {
        based_on: None,
        ..right
    };
    guarded.write(Register::Acceptance, &wrong);
    wait(&guarded, "it continues version=none");
    until(&handle, is_held);
    assert_eq!(guarded.titles(), 100);
}

#[test]
fn a_hold_stops_folding_until_it_ends_or_is_released() {
    let guarded = Guarded::new();
    guarded.hold(true, None);
    guarded.bench.put(0, 500, "waits");
    let handle = guarded.start();
    let status = until(&handle, |status| is_held(status) && status.behind == 1);
    assert!(status.held.is_some_and(|reason| reason.contains("held by Ada: to see")));
    assert_eq!(guarded.titles(), 100);
    guarded.hold(false, None);
    until(&handle, |status| status.versions == 1);
    assert_eq!(guarded.titles(), 101);

    guarded.bench.put(0, 501, "goes");
    guarded.hold(true, Some(1)); // ended in 1970
    until(&handle, |status| status.versions == 2);
    assert_eq!(guarded.titles(), 102);
}

#[test]
fn a_register_that_cannot_be_read_holds_everything_up() {
    let guarded = Guarded::new();
    guarded.write(Register::Hold, &serde_json::json!({"schema": 2}));
    guarded.bench.put(0, 500, "waits");
    let mut fold = guarded.service(None).fold;
    fold.restore().expect("in memory");
    let mut control = Control::new(guarded.bench.store.clone());
    assert!(control.restore().is_err());
    assert!(control.look(None, SystemTime::now()).is_err());
}

#[test]
fn of_two_services_over_one_log_and_store_one_goes_on() {
    let guarded = Guarded::new();
    let first = guarded.start();
    until(&first, |status| status.cycles > 0);
    let second = guarded.start();
    until(&second, |status| status.cycles > 0);
    // Both fold; each new version shows who may publish.
    let mut expected = 100;
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                first.cycle_now();
                second.cycle_now();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        for id in 500..540 {
            guarded.bench.put(0, id, "new");
            expected += 1;
            std::thread::sleep(Duration::from_millis(3));
        }
        until(&first, |status| status.phase == Phase::Halted);
        until(&second, |status| status.behind == 0 && status.messages > 0);
        stop.store(true, Ordering::Relaxed);
    });
    let error = first.status().last_error.expect("a reason");
    assert!(error.contains("another producer has taken over"), "{error}");
    let status = until(&second, |status| {
        status.position.as_ref().is_some_and(|p| p.offsets.get(0) == Some(90))
    });
    assert_eq!((status.phase, status.last_error), (Phase::Folding, None));
    drop((first, second));
    assert_eq!(guarded.titles(), expected);
    // One linear chain: every version names the one before it.
    let chain = crate::control::last_versions(&guarded.bench.store).expect("read");
    assert!(
        chain
            .windows(2)
            .all(|pair| pair[0].previous.is_some_and(|p| p.version == pair[1].version))
    );
}
