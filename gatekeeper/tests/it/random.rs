//! The engine against the reference, on small random catalogues full of corner cases.

use crate::engine::compare;
use crate::support::Data;
use fixtures::records::{
    AcceptedRating, Asset, AssetType, CountryPolicy, LicenseType, LocalizedText, MaturityRating, Record, StatusCode,
    Title, TitleStatus, Window, WorkType,
};
use gatekeeper::policy::Policy;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::sync::Arc;

const CODES: [&str; 5] = ["CL", "DE", "KR", "LB", "US"];
/// Santiago and Beirut jump over midnights of September and March.
const ZONES: [&str; 5] = [
    "America/Santiago",
    "Europe/Berlin",
    "Asia/Seoul",
    "Asia/Beirut",
    "America/Los_Angeles",
];
const TAGS: [&str; 6] = ["en", "es", "es-419", "ko", "zh-Hant", "zxx"];
const NEEDED: [&str; 4] = ["en", "es-419", "ko", "zh"];
/// 2026-09-06, the day Santiago has no midnight.
const DAY_ZERO: i32 = 20_702;
const DAY: i64 = 86_400_000;
/// Noon of that day.
const NOW: i64 = DAY_ZERO as i64 * DAY + DAY / 2;

fn codes(codes: Vec<&str>) -> Arc<[Arc<str>]> {
    codes.into_iter().map(Arc::from).collect()
}

fn country(index: usize) -> impl Strategy<Value = Record> {
    let rating = || {
        of(Just(Arc::from([AcceptedRating {
            system: "X/Y".into(),
            value: "ok".into(),
        }])))
    };
    let needed = || subsequence(NEEDED.to_vec(), 0..3).prop_map(codes);
    let languages = (needed(), needed(), needed(), needed());
    let flags = (proptest::bool::weighted(0.85), any::<bool>());
    (languages, rating(), rating(), flags).prop_map(move |((a, b, c, d), film, tv, (service, required))| {
        Record::Country(CountryPolicy {
            country: CODES[index].into(),
            name: CODES[index].into(),
            region: "Somewhere".into(),
            service_available: service,
            time_zone: ZONES[index].into(),
            licensing_region: "R".into(),
            required_text_languages: a,
            required_subtitle_languages: b,
            required_audio_languages: c,
            required_audio_languages_kids: d,
            accepted_film_ratings: film,
            accepted_tv_ratings: tv,
            rating_required: required,
            updated_at: 0,
        })
    })
}

/// A movie 1, a series 10 with season 11 and episodes 12 and 13, of which records and links may be missing.
fn titles() -> impl Strategy<Value = Vec<Record>> {
    let title = |id: i64, work_type, parent: Option<i64>, series: Option<i64>| {
        let (keep, kids) = (proptest::bool::weighted(0.9), any::<bool>());
        let links = (
            if parent.is_some() {
                prop_oneof![6 => Just(parent), 1 => of(select(vec![1i64, 10, 11, 99]))].boxed()
            } else {
                Just(None).boxed()
            },
            if series.is_some() {
                prop_oneof![6 => Just(series), 1 => of(select(vec![10i64, 99]))].boxed()
            } else {
                Just(None).boxed()
            },
        );
        (keep, kids, links).prop_map(move |(keep, for_children, (parent_id, series_id))| {
            let title = Title {
                video_id: id,
                work_type,
                parent_id,
                series_id,
                sequence_number: None,
                original_title: "A title".into(),
                original_languages: codes(vec!["en"]),
                countries_of_origin: codes(vec![]),
                release_date: None,
                run_length_minutes: None,
                for_children,
                updated_at: 0,
            };
            keep.then_some(Record::Title(title))
        })
    };
    let all = (
        title(1, WorkType::Movie, None, None),
        title(10, WorkType::Series, None, None),
        title(11, WorkType::Season, Some(10), Some(10)),
        title(12, WorkType::Episode, Some(11), Some(10)),
        title(13, WorkType::Episode, Some(11), Some(10)),
    );
    all.prop_map(|(a, b, c, d, e)| [a, b, c, d, e].into_iter().flatten().collect())
}

fn some_codes() -> impl Strategy<Value = Option<Arc<[Arc<str>]>>> {
    of(subsequence(CODES.to_vec(), 0..5).prop_map(codes))
}

fn window(number: usize) -> impl Strategy<Value = Record> {
    let instant = || (-12..12i64).prop_map(|half_days| NOW + half_days * DAY / 2);
    let date = || (-12..12i32).prop_map(|days| DAY_ZERO + days);
    let edge = move || {
        prop_oneof![
            4 => instant().prop_map(|at| (Some(at), None)),
            4 => date().prop_map(|date| (None, Some(date))),
            1 => Just((None, None)),
            1 => (instant(), date()).prop_map(|(at, date)| (Some(at), Some(date))),
        ]
    };
    let status = prop_oneof![
        5 => Just(TitleStatus::Approved),
        1 => select(TitleStatus::ALL.to_vec()),
    ];
    (
        select(vec![1i64, 10, 11, 12, 13]),
        some_codes(),
        some_codes(),
        edge(),
        edge(),
        status,
        0..4u32,
    )
        .prop_map(
            move |(
                content_id,
                territory,
                territory_excluded,
                (start_at, start_date),
                (end_at, end_date),
                title_status,
                contract,
            )| {
                Record::Window(Window {
                    avail_id: format!("w{number}").into(),
                    content_id,
                    license_type: LicenseType::Svod,
                    territory,
                    territory_excluded,
                    start_at,
                    start_date,
                    end_at,
                    end_date,
                    contract_id: format!("C-{contract}").into(),
                    exclusive: false,
                    title_status,
                    updated_at: 0,
                })
            },
        )
}

fn asset(number: usize) -> impl Strategy<Value = Record> {
    let sub = select(vec!["primary", "narration", "normal", "SDH", "forced"]);
    let status = prop_oneof![4 => Just(StatusCode::Validated), 2 => select(StatusCode::ALL.to_vec())];
    let from = of((-6..20i64).prop_map(|half_days| NOW + half_days * DAY / 2));
    let kind = prop_oneof![3 => Just(AssetType::Video), 4 => select(AssetType::ALL.to_vec())];
    (
        select(vec![1i64, 10, 11, 12, 13]),
        kind,
        sub,
        of(select(TAGS.to_vec())),
        status,
        some_codes(),
        from,
    )
        .prop_map(
            move |(video_id, asset_type, sub_type, language, status_code, territory, available_from_at)| {
                let sub_type = match asset_type {
                    AssetType::Audio if sub_type == "normal" => "primary",
                    AssetType::Subtitle if sub_type == "primary" => "normal",
                    _ => sub_type,
                };
                Record::Asset(Asset {
                    asset_id: format!("a{number}").into(),
                    video_id,
                    asset_type,
                    sub_type: sub_type.into(),
                    language: language.map(Arc::from),
                    dubbed: false,
                    status_code,
                    territory,
                    available_from_at,
                    updated_at: 0,
                })
            },
        )
}

fn text(video_id: i64, language: &'static str) -> impl Strategy<Value = Option<Record>> {
    let words = || {
        select(vec![
            None,
            Some(""),
            Some(" "),
            Some("words"),
            Some("words"),
            Some("words"),
        ])
    };
    (proptest::bool::weighted(0.7), words(), words(), any::<bool>()).prop_map(
        move |(keep, title, synopsis, approved)| {
            let text = LocalizedText {
                video_id,
                language: language.into(),
                title: title.map(Arc::from),
                synopsis: synopsis.map(Arc::from),
                approved,
                updated_at: 0,
            };
            keep.then_some(Record::Text(text))
        },
    )
}

fn rating(number: usize) -> impl Strategy<Value = Option<Record>> {
    let (video, code) = ([1i64, 10, 11, 12, 13][number % 5], CODES[number / 5 % 5]);
    (
        proptest::bool::weighted(0.6),
        select(vec!["ok", "no"]),
        select(vec!["X/Y", "A/B"]),
    )
        .prop_map(move |(keep, value, system)| {
            let rating = MaturityRating {
                video_id: video,
                country: code.into(),
                system: system.into(),
                value: value.into(),
                certified_date: None,
                updated_at: 0,
            };
            keep.then_some(Record::Rating(rating))
        })
}

fn data() -> impl Strategy<Value = Data> {
    let countries: Vec<_> = (0..CODES.len()).map(country).collect();
    let windows: Vec<_> = (0..8).map(window).collect();
    let assets: Vec<_> = (0..22).map(asset).collect();
    let texts: Vec<_> = [1, 10, 11, 12, 13]
        .into_iter()
        .flat_map(|video| ["en", "es", "ko", "zh"].map(|tag| text(video, tag)))
        .collect();
    let ratings: Vec<_> = (0..25).map(rating).collect();
    let kept = vec(any::<bool>(), 8);
    (countries, titles(), windows, kept, assets, texts, ratings).prop_map(
        |(mut records, titles, windows, kept, assets, texts, ratings)| {
            records.extend(titles);
            records.extend(
                windows
                    .into_iter()
                    .zip(kept)
                    .filter(|(_, kept)| *kept)
                    .map(|(window, _)| window),
            );
            records.extend(assets);
            records.extend(texts.into_iter().flatten());
            records.extend(ratings.into_iter().flatten());
            Data { records }
        },
    )
}

/// Policies that differ in every way a policy can.
fn policies() -> Vec<Policy> {
    let text = include_str!("../../policies/default.toml");
    let odd = text
        .replace("SYNOPSIS_MISSING = \"hard\"", "SYNOPSIS_MISSING = \"soft\"")
        .replace("PARENT_MISSING = \"hard\"", "PARENT_MISSING = \"off\"")
        .replace("SERVICE_UNAVAILABLE = \"hard\"", "SERVICE_UNAVAILABLE = \"soft\"")
        .replace("at_risk_days = 7", "at_risk_days = 2")
        .replace("general_for_regional = true", "general_for_regional = false");
    let odd = format!(
        "{odd}
         [[override]]\nrule = \"SUB_MISSING\"\ncountries = [\"KR\"]\ndrop_languages = [\"KO\"]
         [[override]]\nrule = \"AUDIO_MISSING\"\ncountries = [\"DE\", \"US\"]\nseverity = \"soft\"
         [[override]]\nrule = \"PARENT_NOT_LIVE\"\ncountries = [\"CL\"]\nseverity = \"soft\"
         [[override]]\nrule = \"RATING_MISSING\"\ncountries = [\"CL\"]\noff = true
         [[override]]\nrule = \"SERVICE_UNAVAILABLE\"\ncountries = [\"LB\", \"CL\"]\nseverity = \"hard\"
         [[override]]\nrule = \"ARTWORK_MISSING\"\ncountries = [\"LB\"]\nseverity = \"hard\""
    );
    vec![Policy::default_policy(), Policy::parse(&odd).expect("an odd policy")]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_agrees_with_the_reference(data in data(), steps in -30..30i64) {
        let at = NOW + steps * DAY / 4;
        for policy in policies() {
            if let Err(difference) = compare(&data, &policy, at) {
                prop_assert!(false, "{}", difference);
            }
        }
    }
}
