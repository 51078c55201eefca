//! Leading, following, replaying.

use crate::support::{Data, Stores};
use fixtures::records::{Record, StatusCode};
use fixtures::{DatasetId, EXAMPLE_AS_OF};
use gatekeeper::compare::compare;
use gatekeeper::liveness::{Liveness, ROOT};
use gatekeeper::policy::Policy;
use gatekeeper::runner::replay::{ReplayError, replay};
use gatekeeper::runner::{InputSet, Opener, Outcome, RunnerError, digest, tag_names};
use gatekeeper::status::Status;
use gatekeeper::view::{LivenessView, Summary};
use hollow::Version;
use hollow::consumer::Consumer;
use hollow::store::{Store, StoreError};

const MINUTE: i64 = 60_000;
const NOW: i64 = EXAMPLE_AS_OF;

fn version(outcome: &Outcome) -> Version {
    match outcome {
        Outcome::Published { version, .. } => *version,
        other => panic!("expected a version, found {other:?}"),
    }
}

/// The tiny catalogue with every delivery of a video withdrawn.
fn without_deliveries(video: i64) -> Data {
    let mut data = Data::tiny().clone();
    for record in &mut data.records {
        if let Record::Asset(asset) = record
            && asset.video_id == video
        {
            asset.status_code = StatusCode::Rejected;
        }
    }
    data
}

fn a_live_movie(view: &LivenessView) -> i64 {
    let position = (0..view.len()).find(|at| view.verdicts(*at).any(|verdict| verdict.status == Status::Live));
    let movie = view
        .videos()
        .nth(position.expect("something is live"))
        .expect("in range");
    assert!(
        Data::tiny()
            .records
            .iter()
            .any(|record| matches!(record, Record::Asset(asset) if asset.video_id == movie))
    );
    movie
}

fn view(runner: &gatekeeper::runner::Runner<Liveness>) -> LivenessView {
    LivenessView::bind(runner.output().expect("an output")).expect("a liveness dataset")
}

#[test]
fn a_leading_runner_publishes_what_changed_and_nothing_else() {
    let stores = Stores::of(Data::tiny());
    let mut runner = stores.lead(Policy::default_policy());
    let first = runner.cycle(NOW).expect("a cycle");
    let first_version = version(&first.outcome);
    let state = runner.output().expect("an output");
    let tags = state.header_tags();
    for dataset in DatasetId::ALL {
        let consumer = Consumer::builder(stores.input(dataset)).build().expect("a consumer");
        let announced = consumer.announced().expect("a head").expect("a version");
        assert_eq!(tags[&format!("in.{dataset}")], announced.to_string());
    }
    assert_eq!(tags[tag_names::INSTANT], NOW.to_string());
    assert_eq!(tags[tag_names::POLICY], Policy::default_policy().id());
    assert_eq!(
        Some(tags[tag_names::DIGEST].clone()),
        first.digest.map(|digest| digest.to_string())
    );
    assert!(!tags.contains_key(tag_names::FOLLOWS));

    let unchanged = runner.cycle(NOW + 1).expect("a cycle");
    assert_eq!(unchanged.outcome, Outcome::Unchanged);
    assert_eq!(runner.output().and_then(|state| state.version()), Some(first_version));

    // A new version of an input is worth a new output even if the records stay: it tells what was looked at.
    stores.publish(DatasetId::Ratings, Data::tiny());
    let same_records = runner.cycle(NOW + 2).expect("a cycle");
    assert!(version(&same_records.outcome) > first_version);
    assert_eq!(same_records.digest, first.digest);

    // So are other records, although no input changed: time went on.
    let later = runner.cycle(NOW + 400 * 24 * 60 * MINUTE).expect("a cycle");
    version(&later.outcome);
    assert_ne!(later.digest, first.digest);
}

#[test]
fn time_never_goes_back() {
    let stores = Stores::of(Data::tiny());
    let mut runner = stores.lead(Policy::default_policy());
    runner.cycle(NOW).expect("a cycle");
    assert_eq!(runner.cycle(NOW - 500 * MINUTE).expect("a cycle").instant, Some(NOW));
    // Neither does it for another process that takes over.
    let mut next = stores.lead(Policy::default_policy());
    let report = next.cycle(NOW - MINUTE).expect("a cycle");
    assert_eq!((report.instant, &report.outcome), (Some(NOW), &Outcome::Unchanged));
}

#[test]
fn the_output_is_what_the_digest_says() {
    let stores = Stores::of(Data::tiny());
    let mut runner = stores.lead(Policy::default_policy());
    let report = runner.cycle(NOW).expect("a cycle");
    let state = runner.output().expect("an output");
    assert_eq!(digest::of_state(&state, ROOT).ok(), report.digest);
    // Another store, other ordinals: the same digest.
    let mut reversed = Data::tiny().clone();
    reversed.records.reverse();
    let others = Stores::of(&reversed);
    let other = others.lead(Policy::default_policy()).cycle(NOW).expect("a cycle");
    assert_eq!(other.digest, report.digest);
}

#[test]
fn a_following_runner_with_the_same_policy_publishes_the_same_records() {
    let stores = Stores::of(Data::tiny());
    let mut prod = stores.lead(Policy::default_policy());
    let mut preprod = stores.follow(Policy::default_policy());
    assert!(matches!(
        preprod.cycle(NOW).expect("a cycle").outcome,
        Outcome::Waiting(_)
    ));
    let led = prod.cycle(NOW).expect("a cycle");
    // The following runner is late, and the inputs have moved on.
    stores.publish(DatasetId::Assets, &without_deliveries(40_560));
    let followed = preprod.cycle(NOW + 90 * MINUTE).expect("a cycle");
    version(&followed.outcome);
    assert_eq!(followed.digest, led.digest);
    assert_eq!(followed.instant, led.instant);
    let (a, b) = (prod.output().expect("an output"), preprod.output().expect("an output"));
    for (tag, value) in a
        .header_tags()
        .iter()
        .filter(|(tag, _)| tag.starts_with("in.") || *tag == "eval.instant")
    {
        assert_eq!(b.header_tags().get(tag), Some(value), "{tag}");
    }
    assert_eq!(b.header_tags()[tag_names::FOLLOWS], version(&led.outcome).to_string());
    assert_eq!(
        preprod.cycle(NOW + 91 * MINUTE).expect("a cycle").outcome,
        Outcome::Unchanged
    );
    let comparison = compare(&view(&prod), &view(&preprod)).expect("few countries");
    assert_eq!(
        (comparison.cells, comparison.changed, comparison.times_changed),
        (960, 0, 0)
    );
}

#[test]
fn a_following_runner_skips_what_it_missed_and_says_so() {
    let stores = Stores::of(Data::tiny());
    let mut prod = stores.lead(Policy::default_policy());
    let mut preprod = stores.follow(Policy::candidate_policy());
    prod.cycle(NOW).expect("a cycle");
    let first = preprod
        .cycle(NOW)
        .expect("a cycle")
        .follows
        .expect("something to follow");
    assert_eq!(first.skipped, 0);
    for minute in 1..=3 {
        stores.publish(DatasetId::Texts, Data::tiny());
        version(&prod.cycle(NOW + minute * MINUTE).expect("a cycle").outcome);
    }
    let last = preprod.cycle(NOW).expect("a cycle");
    let follows = last.follows.clone().expect("something to follow");
    assert_eq!(follows.skipped, 2);
    assert_eq!(
        Some(follows.version),
        prod.output().and_then(|state| state.version()).map(|version| version.0)
    );
    let tags = preprod.output().expect("an output").header_tags().clone();
    assert_eq!(tags[tag_names::SKIPPED], "2");
}

#[test]
fn a_candidate_policy_shows_as_transitions_and_reasons() {
    let stores = Stores::of(Data::tiny());
    let mut prod = stores.lead(Policy::default_policy());
    let mut preprod = stores.follow(Policy::candidate_policy());
    prod.cycle(NOW).expect("a cycle");
    preprod.cycle(NOW).expect("a cycle");
    let comparison = compare(&view(&prod), &view(&preprod)).expect("few countries");
    assert!(comparison.changed > 0);
    assert_eq!(comparison.transitions.values().sum::<u64>(), comparison.changed);
    assert_eq!(comparison.by_country.values().sum::<u64>(), comparison.changed);
    for (code, reason) in &comparison.reasons {
        assert_eq!(reason.added_by_country.values().sum::<u64>(), reason.added, "{code}");
        assert_eq!(
            reason.removed_by_country.values().sum::<u64>(),
            reason.removed,
            "{code}"
        );
    }
    let countries: Vec<&str> = comparison
        .by_country
        .keys()
        .map(|index| comparison.countries.code(*index))
        .collect();
    for code in &countries {
        assert!(
            ["DE", "GB", "JP", "KR", "MX", "TW", "US"].contains(code),
            "{countries:?}"
        );
    }
}

#[test]
fn a_withdrawn_delivery_shows_in_the_comparison_and_the_summary() {
    let stores = Stores::of(Data::tiny());
    let mut runner = stores.lead(Policy::default_policy());
    runner.cycle(NOW).expect("a cycle");
    let before = view(&runner);
    let movie = a_live_movie(&before);
    stores.publish(DatasetId::Assets, &without_deliveries(movie));
    runner.cycle(NOW).expect("a cycle");
    let after = view(&runner);
    let comparison = compare(&before, &after).expect("few countries");
    assert_eq!(comparison.changed_videos, 1);
    let lost = comparison
        .transitions
        .get(&(Status::Live, Status::Blocked))
        .copied()
        .unwrap_or(0);
    assert!(lost > 0, "{:?}", comparison.transitions);
    assert!(comparison.reasons["VIDEO_NOT_READY"].added >= lost);
    let (old, new) = (Summary::of(&before), Summary::of(&after));
    assert_eq!(old.total(), 960);
    assert_eq!(new.count(Status::Blocked), old.count(Status::Blocked) + lost);
    let by_country: u64 = new
        .by_country
        .iter()
        .map(|counts| counts[Status::Blocked as usize])
        .sum();
    assert_eq!(by_country, new.count(Status::Blocked));
}

#[test]
fn a_stored_output_is_made_again_from_its_tags() {
    let stores = Stores::of(Data::tiny());
    let mut runner = stores.lead(Policy::default_policy());
    let first = version(&runner.cycle(NOW).expect("a cycle").outcome);
    stores.publish(DatasetId::Assets, &without_deliveries(a_live_movie(&view(&runner))));
    let second = version(&runner.cycle(NOW + MINUTE).expect("a cycle").outcome);
    let output = Consumer::builder(stores.prod.clone()).build().expect("a consumer");
    let mut liveness = Liveness::new(Policy::default_policy());
    let mut digests = Vec::new();
    for version in [first, second, first] {
        let replayed = replay(&output, version, ROOT, &mut stores.input_set(), &mut liveness, NOW).expect("a replay");
        assert!(replayed.is_equal(), "{replayed:?}");
        digests.push(replayed.replayed);
    }
    assert_ne!(digests[0], digests[1]);
    assert_eq!(digests[0], digests[2]);

    let mut candidate = Liveness::new(Policy::candidate_policy());
    let refused = replay(&output, first, ROOT, &mut stores.input_set(), &mut candidate, NOW);
    assert!(matches!(refused, Err(ReplayError::Policy { .. })), "{refused:?}");
    let missing = replay(&output, Version(17), ROOT, &mut stores.input_set(), &mut liveness, NOW);
    assert!(matches!(missing, Err(ReplayError::Output { .. })), "{missing:?}");
}

#[test]
fn an_input_that_is_not_there_yet_is_waited_for() {
    let stores = Stores::of(Data::tiny());
    let inputs = DatasetId::ALL.into_iter().map(|dataset| {
        let store = stores.input(dataset);
        let open: Opener = if dataset == DatasetId::Ratings {
            Box::new(|| {
                Err(StoreError::Absent {
                    what: "the directory".to_owned(),
                })
            })
        } else {
            Box::new(move || Ok(store.clone()))
        };
        (dataset.name().to_owned(), open)
    });
    let inputs = InputSet::new(inputs);
    let mut runner = gatekeeper::runner::Runner::new(
        Liveness::new(Policy::default_policy()),
        inputs,
        crate::support::producer(&Store::memory()),
        gatekeeper::runner::Role::Lead,
    );
    let report = runner.cycle(NOW).expect("waiting is no error");
    assert_eq!(report.outcome, Outcome::Waiting(vec!["ratings".to_owned()]));
    let ratings = report
        .inputs
        .iter()
        .find(|input| input.name == "ratings")
        .expect("listed");
    assert_eq!((ratings.version, ratings.checked_at), (None, None));
    assert!(
        ratings
            .error
            .as_ref()
            .is_some_and(|error| error.contains("the directory"))
    );
}

#[test]
fn an_input_that_fails_stays_at_its_last_good_state() {
    let stores = Stores::of(Data::tiny());
    let mut runner = stores.lead(Policy::default_policy());
    let first = runner.cycle(NOW).expect("a cycle");
    // Without blobs the new version of the assets cannot be loaded by any way.
    stores.publish(DatasetId::Assets, &without_deliveries(40_560));
    stores.publish(DatasetId::Texts, Data::tiny());
    let assets = stores.input(DatasetId::Assets);
    let keys = assets.blobs().list("blobs/").expect("memory lists");
    for key in keys {
        assets.blobs().remove(&key).expect("memory removes");
    }
    let report = runner.cycle(NOW + MINUTE).expect("the others go on");
    version(&report.outcome);
    let of = |name: &str, report: &gatekeeper::runner::CycleReport| {
        report
            .inputs
            .iter()
            .find(|input| input.name == name)
            .cloned()
            .expect("listed")
    };
    assert_eq!(of("assets", &report).version, of("assets", &first).version, "last good");
    assert!(of("assets", &report).error.is_some());
    assert_eq!(of("assets", &report).checked_at, Some(NOW), "its age shows");
    assert!(of("texts", &report).version > of("texts", &first).version);
}

#[test]
fn an_output_without_tags_cannot_be_followed() {
    let stores = Stores::of(Data::tiny());
    let mut producer = crate::support::producer(&stores.prod);
    producer.run_cycle(|_| Ok(())).expect("an empty output");
    let error = stores.follow(Policy::default_policy()).cycle(NOW).expect_err("no tags");
    assert!(
        matches!(&error, RunnerError::Tag { tag, .. } if tag == "eval.instant"),
        "{error:?}"
    );
}
