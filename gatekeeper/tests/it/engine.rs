//! The engine against the reference, on the tiny catalogue.

use crate::reference::{Cell, Reference};
use crate::support::Data;
use fixtures::records::{Record, WorkType};
use fixtures::{DatasetId, EXAMPLE_AS_OF};
use gatekeeper::engine::{Prepared, VideoVerdicts};
use gatekeeper::inputs::{InputError, Inputs};
use gatekeeper::liveness::Liveness;
use gatekeeper::policy::Policy;
use gatekeeper::reason::Code;

const HOUR: i64 = 3_600_000;

fn evaluated(data: &Data, policy: &Policy, at: i64) -> (Prepared, Vec<VideoVerdicts>) {
    Liveness::new(policy.clone())
        .verdicts(&data.states(), at)
        .expect("the fixtures fit the contract")
}

/// The engine's answer for one cell, in the reference's terms; and a check that there is exactly one.
fn cell(prepared: &Prepared, video: &VideoVerdicts, code: &str) -> Cell {
    let country = prepared.required.countries.index(code).expect("a country");
    let mut found = video
        .verdicts
        .iter()
        .filter(|verdict| verdict.countries.contains(country));
    let verdict = found.next().expect("every country has a verdict");
    assert!(found.next().is_none(), "{code} has two verdicts");
    Cell {
        status: verdict.status.name(),
        reasons: verdict
            .reasons
            .iter()
            .map(|reason| (reason.code, reason.detail_text(prepared)))
            .collect(),
        live_from: verdict.live_from,
        live_until: verdict.live_until,
        next_change: verdict.next_change,
    }
}

/// Compares every cell. Returns how many there are.
pub(crate) fn compare(data: &Data, policy: &Policy, at: i64) -> Result<usize, String> {
    let reference = Reference::new(&data.records, policy);
    let (prepared, videos) = evaluated(data, policy, at);
    let ids: Vec<i64> = videos.iter().map(|video| video.video_id).collect();
    if ids != Vec::from_iter(reference.videos()) {
        return Err(format!("videos are {ids:?}"));
    }
    let mut cells = 0;
    for video in &videos {
        let least = video.verdicts.iter().map(|verdict| verdict.countries.least());
        if !least.is_sorted() || video.verdicts.iter().any(|verdict| verdict.countries.is_empty()) {
            return Err(format!("verdicts on {} are out of order", video.video_id));
        }
        for code in reference.codes() {
            let (ours, theirs) = (cell(&prepared, video, code), reference.cell(video.video_id, code, at));
            if ours != theirs {
                let id = video.video_id;
                return Err(format!(
                    "video {id} in {code} at {at}:\n engine    {ours:?}\n reference {theirs:?}"
                ));
            }
            cells += 1;
        }
    }
    Ok(cells)
}

#[test]
fn the_tiny_catalogue_is_judged_like_the_reference_does() {
    for policy in [Policy::default_policy(), Policy::candidate_policy()] {
        let cells = compare(Data::tiny(), &policy, EXAMPLE_AS_OF);
        assert_eq!(cells, Ok(80 * 12));
    }
}

#[test]
fn nor_does_it_differ_at_other_instants() {
    let policy = Policy::default_policy();
    for hours in [-30, 24, 400 * 24] {
        assert_eq!(compare(Data::tiny(), &policy, EXAMPLE_AS_OF + hours * HOUR), Ok(960));
    }
}

#[test]
fn the_tiny_catalogue_shows_most_statuses() {
    let (_, videos) = evaluated(Data::tiny(), &Policy::default_policy(), EXAMPLE_AS_OF);
    let mut seen: Vec<&str> = videos
        .iter()
        .flat_map(|video| &video.verdicts)
        .map(|verdict| verdict.status.name())
        .collect();
    seen.sort_unstable();
    seen.dedup();
    for status in ["BLOCKED", "LIVE", "NOT_LICENSED"] {
        assert!(seen.contains(&status), "{seen:?}");
    }
}

#[test]
fn the_number_of_threads_does_not_show() {
    let data = Data::tiny();
    let mut liveness = Liveness::new(Policy::default_policy());
    let prepared = liveness.prepare(&data.states()).expect("the contract");
    let one = gatekeeper::engine::evaluate(&prepared, EXAMPLE_AS_OF, 1);
    for threads in [0, 2, 3, 64, 1_000] {
        assert_eq!(
            gatekeeper::engine::evaluate(&prepared, EXAMPLE_AS_OF, threads),
            one,
            "{threads}"
        );
    }
}

#[test]
fn a_candidate_policy_differs_only_where_it_says_so() {
    let (prepared, prod) = evaluated(Data::tiny(), &Policy::default_policy(), EXAMPLE_AS_OF);
    let (other, preprod) = evaluated(Data::tiny(), &Policy::candidate_policy(), EXAMPLE_AS_OF);
    let mut changed = 0;
    for (a, b) in prod.iter().zip(&preprod) {
        for code in prepared.required.countries.codes() {
            let (before, after) = (cell(&prepared, a, code), cell(&other, b, code));
            if before == after {
                continue;
            }
            changed += 1;
            let gone = |name: &str| before.reasons.iter().any(|(c, _)| c.name() == name);
            let explained = match code {
                "KR" => before
                    .reasons
                    .iter()
                    .any(|(c, detail)| c.name() == "SUB_MISSING" && detail.contains("ko")),
                "TW" => gone("SUB_MISSING"),
                // Not blocked any more: the synopsis itself is still named, or it was a parent's.
                "MX" => gone("SYNOPSIS_MISSING") || gone("PARENT_NOT_LIVE"),
                "DE" | "GB" | "JP" | "US" => gone("ARTWORK_MISSING"),
                _ => false,
            };
            assert!(explained, "video {} in {code}: {before:?} became {after:?}", a.video_id);
        }
    }
    assert!(changed > 0, "the candidate is visibly different");
}

#[test]
fn what_is_bound_once_is_bound_again_only_if_it_changed() {
    let states = Data::tiny().states();
    let first = Inputs::bind(&states, None).expect("the contract");
    let mut changed = states.clone();
    changed.ratings = Data::tiny().state(DatasetId::Ratings);
    let second = Inputs::bind(&changed, Some(&first)).expect("the contract");
    assert!(std::sync::Arc::ptr_eq(&first.assets, &second.assets));
    assert!(!std::sync::Arc::ptr_eq(&first.ratings, &second.ratings));
}

#[test]
fn inputs_that_lack_something_are_refused_with_everything_that_is_missing() {
    let mut states = Data::tiny().states();
    states.texts = states.ratings.clone();
    states.assets = states.titles.clone();
    let error = Inputs::bind(&states, None).expect_err("two datasets are others");
    let InputError::Bind(error) = error else {
        panic!("{error}")
    };
    let text = error.to_string();
    for part in [
        "texts: LocalizedText",
        "assets: Asset ",
        "assets: StatusCode",
        "found=nothing",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        !text.contains("assets: Asset.video_id"),
        "a missing type is named once: {text}"
    );
}

#[test]
fn a_season_that_names_itself_as_its_parent_has_none() {
    let mut data = Data::tiny().clone();
    let season = data.records.iter_mut().find_map(|record| match record {
        Record::Title(title) if title.work_type == WorkType::Season => Some(title),
        _ => None,
    });
    let season = season.expect("a season");
    season.parent_id = Some(season.video_id);
    let id = season.video_id;
    let (prepared, videos) = evaluated(&data, &Policy::default_policy(), EXAMPLE_AS_OF);
    let video = videos.iter().find(|video| video.video_id == id).expect("judged");
    let details = video.verdicts.iter().flat_map(|verdict| &verdict.reasons);
    let details: Vec<String> = details
        .filter(|reason| reason.code == Code::ParentMissing)
        .map(|reason| reason.detail_text(&prepared))
        .collect();
    assert!(
        !details.is_empty() && details.iter().all(|detail| *detail == format!("parent {id}")),
        "{details:?}"
    );
}

#[test]
fn a_catalogue_without_records_is_judged_too() {
    let countries = Data::tiny()
        .records
        .iter()
        .filter(|record| matches!(record, Record::Country(_)));
    let data = Data {
        records: countries.cloned().collect(),
    };
    assert_eq!(compare(&data, &Policy::default_policy(), EXAMPLE_AS_OF), Ok(0));
    assert_eq!(
        compare(&Data::default(), &Policy::default_policy(), EXAMPLE_AS_OF),
        Ok(0)
    );
}
