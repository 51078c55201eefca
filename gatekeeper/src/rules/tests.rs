use super::rights::{Phase, standings};
use super::*;
use crate::country_set::Countries;
use crate::facts::*;
use crate::language::Need;
use crate::policy::Policy;
use crate::reason::{Code, Detail, Progress};
use crate::requirements::CountryRecord;
use std::sync::Arc;

const NOW: i64 = 1_000;

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn pairs(list: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
    Some(
        list.iter()
            .map(|(system, value)| ((*system).to_owned(), (*value).to_owned()))
            .collect(),
    )
}

/// DE wants German everything and an FSK rating, KR Korean texts and subtitles, US English texts and nothing else.
/// KP has no service.
fn required() -> Requirements {
    let base = |code: &str, language: &str| CountryRecord {
        code: code.into(),
        service_available: true,
        text_languages: strings(&[language]),
        ..CountryRecord::default()
    };
    let records = [
        CountryRecord {
            audio_languages: strings(&["de"]),
            subtitle_languages: strings(&["de"]),
            film_ratings: pairs(&[("DE/FSK", "12"), ("DE/FSK", "16")]),
            tv_ratings: pairs(&[("DE/FSK", "12")]),
            rating_required: true,
            ..base("DE", "de")
        },
        CountryRecord {
            service_available: false,
            ..base("KP", "ko")
        },
        CountryRecord {
            subtitle_languages: strings(&["ko"]),
            audio_languages_kids: strings(&["ko"]),
            film_ratings: None,
            rating_required: true,
            ..base("KR", "ko")
        },
        base("US", "en"),
    ];
    let countries = Countries::new(records.iter().map(|record| record.code.as_str())).expect("four");
    Requirements::new(&records, Arc::new(countries), &Policy::default_policy())
}

const EMPTY: VideoFacts<'static> = VideoFacts {
    kind: WorkKind::Movie,
    for_children: false,
    assets: &[],
    texts: &[],
    ratings: &[],
    parents: &[],
};

/// Findings of one code as `detail: countries[, until instant]`.
fn found(video: &VideoFacts<'_>, code: Code) -> Vec<String> {
    let required = required();
    found_in(video, code, &required, required.countries.all())
}

fn found_in(video: &VideoFacts<'_>, code: Code, required: &Requirements, among: CountrySet) -> Vec<String> {
    let mut all = Vec::new();
    findings(
        &Question {
            video,
            required,
            among,
            now: NOW,
        },
        &mut all,
    );
    let of_code = all.iter().filter(|finding| finding.reason.code == code);
    of_code
        .map(|finding| {
            let detail = match finding.reason.detail {
                Detail::Language(need, progress) => {
                    let word = progress.map(Progress::word).unwrap_or("nothing");
                    format!("{} {word}", required.needs.tag(need))
                }
                Detail::Delivery(progress) => progress.map(Progress::word).unwrap_or("nothing").to_owned(),
                Detail::Unreleased(need) => format!("{} unreleased", required.needs.tag(need)),
                other => format!("{other:?}"),
            };
            let until = finding.clears_at.map(|at| format!(" until {at}")).unwrap_or_default();
            format!("{detail}: {}{until}", required.countries.list(&finding.countries))
        })
        .collect()
}

fn need(tag: &str) -> Need {
    required().needs.find(tag).expect("a required language")
}

fn asset(kind: AssetKind, satisfies: &[Need]) -> AssetFact<'_> {
    AssetFact {
        kind,
        satisfies,
        silent: false,
        progress: Progress::Validated,
        territory: CountrySet::first(256),
        available_from: i64::MIN,
    }
}

fn set(codes: &[&str]) -> CountrySet {
    required().countries.set(codes.iter().copied())
}

#[test]
fn rules_are_asked_only_about_the_countries_named() {
    let required = required();
    assert_eq!(
        found_in(&EMPTY, Code::VideoNotReady, &required, set(&["KR"])),
        ["nothing: KR"]
    );
    assert_eq!(found_in(&EMPTY, Code::SubMissing, &required, set(&["US"])), [""; 0]);
}

#[test]
fn a_picture_counts_where_and_from_when_it_may_be_used() {
    let assets = [
        AssetFact {
            territory: set(&["DE", "KP"]),
            available_from: NOW,
            ..asset(AssetKind::Video, &[])
        },
        AssetFact {
            territory: set(&["KR", "KP"]),
            available_from: NOW + 5,
            ..asset(AssetKind::Video, &[])
        },
        AssetFact {
            territory: set(&["US", "KR"]),
            progress: Progress::Processing,
            ..asset(AssetKind::Video, &[])
        },
        AssetFact {
            territory: set(&["US"]),
            progress: Progress::Rejected,
            ..asset(AssetKind::Video, &[])
        },
    ];
    let video = VideoFacts {
        assets: &assets,
        ..EMPTY
    };
    assert_eq!(
        found(&video, Code::VideoNotReady),
        ["usable later: KR until 1005", "processing: US"]
    );
    assert_eq!(found(&EMPTY, Code::ArtworkMissing), ["nothing: DE KP KR US"]);
}

#[test]
fn of_several_deliveries_still_to_come_the_earliest_counts() {
    let late = AssetFact {
        available_from: NOW + 9,
        ..asset(AssetKind::Video, &[])
    };
    let early = AssetFact {
        available_from: NOW + 2,
        territory: set(&["DE"]),
        ..late
    };
    for assets in [[late, early], [early, late]] {
        let video = VideoFacts {
            assets: &assets,
            ..EMPTY
        };
        assert_eq!(
            found(&video, Code::VideoNotReady),
            ["usable later: DE until 1002", "usable later: KP KR US until 1009"]
        );
    }
}

#[test]
fn sound_stands_in_for_subtitles_but_not_the_other_way_round() {
    let german = [need("de")];
    let assets = [asset(AssetKind::Subtitle, &german)];
    let subtitled = VideoFacts {
        assets: &assets,
        ..EMPTY
    };
    assert_eq!(found(&subtitled, Code::SubMissing), ["ko nothing: KR"]);
    assert_eq!(found(&subtitled, Code::AudioMissing), ["de nothing: DE"]);
    let assets = [asset(AssetKind::Audio, &german)];
    let dubbed = VideoFacts {
        assets: &assets,
        ..EMPTY
    };
    assert_eq!(found(&dubbed, Code::SubMissing), ["ko nothing: KR"]);
    assert_eq!(found(&dubbed, Code::AudioMissing), [""; 0]);
    let commentary = [asset(AssetKind::Other, &german)];
    let commented = VideoFacts {
        assets: &commentary,
        ..EMPTY
    };
    assert_eq!(found(&commented, Code::AudioMissing), ["de nothing: DE"]);
}

#[test]
fn sound_without_language_satisfies_everybody() {
    let silent = [AssetFact {
        silent: true,
        ..asset(AssetKind::Audio, &[])
    }];
    let video = VideoFacts {
        assets: &silent,
        for_children: true,
        ..EMPTY
    };
    assert_eq!(found(&video, Code::SubMissing), [""; 0]);
    assert_eq!(found(&video, Code::AudioMissing), [""; 0]);
}

#[test]
fn works_for_children_need_more_dubs() {
    let for_children = VideoFacts {
        for_children: true,
        ..EMPTY
    };
    assert_eq!(found(&EMPTY, Code::AudioMissing), ["de nothing: DE"]);
    assert_eq!(
        found(&for_children, Code::AudioMissing),
        ["de nothing: DE", "ko nothing: KR"]
    );
}

#[test]
fn a_title_counts_unreleased_a_synopsis_does_not() {
    let (german, korean, english) = ([need("de")], [need("ko")], [need("en")]);
    let text = |satisfies, has_synopsis, released| TextFact {
        satisfies,
        has_title: true,
        has_synopsis,
        released,
    };
    let texts = [
        text(&german, true, true),
        text(&korean, true, false),
        text(&english, false, true),
    ];
    let video = VideoFacts { texts: &texts, ..EMPTY };
    assert_eq!(found(&video, Code::TitleTextMissing), [""; 0]);
    assert_eq!(
        found(&video, Code::SynopsisMissing),
        ["en nothing: US", "ko unreleased: KP KR"]
    );
    assert_eq!(
        found(&EMPTY, Code::TitleTextMissing),
        ["de nothing: DE", "en nothing: US", "ko nothing: KP KR"]
    );
}

#[test]
fn ratings_must_be_there_and_accepted_where_the_country_has_a_system() {
    let germany = required().countries.index("DE").expect("listed");
    let rating = |name, accepted| RatingFact {
        country: germany,
        name,
        accepted,
    };
    assert_eq!(
        found(&EMPTY, Code::RatingMissing),
        ["Systems { rank: 0, film: true }: DE"],
        "KR requires one but has no system"
    );
    let unaccepted = [rating(3, false), rating(7, false)];
    let video = VideoFacts {
        ratings: &unaccepted,
        ..EMPTY
    };
    assert_eq!(found(&video, Code::RatingMissing), [""; 0]);
    assert_eq!(found(&video, Code::RatingUnaccepted), ["Rating(3): DE"]);
    let one_accepted = [rating(3, false), rating(7, true)];
    let video = VideoFacts {
        ratings: &one_accepted,
        ..EMPTY
    };
    assert_eq!(found(&video, Code::RatingUnaccepted), [""; 0]);
}

#[test]
fn parents_must_have_a_record_and_be_live() {
    let blocked = [
        Blocked {
            countries: set(&["DE"]),
            clears_at: None,
        },
        Blocked {
            countries: set(&["KR"]),
            clears_at: Some(NOW + 7),
        },
    ];
    let parents = [
        ParentFact {
            id: Some(5),
            blocked: Some(&blocked),
        },
        ParentFact {
            id: Some(4),
            blocked: None,
        },
    ];
    let video = VideoFacts {
        kind: WorkKind::Episode,
        parents: &parents,
        ..EMPTY
    };
    assert_eq!(
        found(&video, Code::ParentNotLive),
        ["Parent(5): DE", "Parent(5): KR until 1007"]
    );
    assert_eq!(found(&video, Code::ParentMissing), ["Parent(4): DE KP KR US"]);
}

#[test]
fn pages_need_texts_but_nothing_to_play() {
    for kind in [WorkKind::Series, WorkKind::Season] {
        let video = VideoFacts { kind, ..EMPTY };
        assert_eq!(found(&video, Code::TitleTextMissing).len(), 3);
        for code in [
            Code::VideoNotReady,
            Code::AudioMissing,
            Code::SubMissing,
            Code::RatingMissing,
        ] {
            assert_eq!(found(&video, code), [""; 0], "{kind:?} {code}");
        }
    }
}

// Rights.

fn window(deal: Deal, contract: u32, codes: &[&str], start: i64, end: i64) -> WindowFact {
    let everywhere = CountrySet::first(256);
    WindowFact {
        deal,
        contract,
        territory: set(codes),
        spans: Arc::from([Span {
            start,
            end,
            countries: everywhere,
        }]),
    }
}

/// Standings as `phase from..until reasons: countries`, by least country.
fn stand(windows: &[WindowFact]) -> Vec<String> {
    let countries = required().countries;
    let references: Vec<&WindowFact> = windows.iter().collect();
    let mut parts = standings(&references, countries.all(), NOW);
    parts.sort_by_key(|part| part.countries.least());
    let total = parts.iter().map(|part| part.countries.len()).sum::<usize>();
    let union = parts.iter().fold(CountrySet::EMPTY, |all, part| all | part.countries);
    assert_eq!((total, union), (4, countries.all()), "a partition");
    let edge = |at: i64| match at {
        i64::MIN | i64::MAX => String::new(),
        at => at.to_string(),
    };
    let reason = |reason: &crate::reason::Reason| format!(" {}({:?})", reason.code, reason.detail);
    parts
        .iter()
        .map(|part| {
            let reasons: String = part.reasons.iter().flatten().map(reason).collect();
            let list = countries.list(&part.countries).to_string();
            format!(
                "{:?} {}..{}{reasons}: {list}",
                part.phase,
                edge(part.from),
                edge(part.until)
            )
        })
        .collect()
}

#[test]
fn windows_are_half_open() {
    let approved = |start, end| [window(Deal::Approved, 1, &["US"], start, end)];
    let only = |windows: &[WindowFact]| {
        stand(windows)
            .into_iter()
            .find(|part| part.ends_with("US"))
            .expect("a part")
    };
    assert_eq!(only(&approved(NOW, NOW + 1)), "Open 1000..1001: US");
    assert_eq!(
        only(&approved(NOW - 1, NOW)),
        "Ended 999..1000 RIGHTS_EXPIRED(Contract(1)): US"
    );
    assert_eq!(
        only(&approved(NOW + 1, NOW + 2)),
        "Ahead 1001..1002 RIGHTS_NOT_YET(Contract(1)): US"
    );
    assert_eq!(only(&approved(NOW, i64::MAX)), "Open 1000..: US");
    assert!(
        only(&approved(NOW, NOW)).starts_with("None"),
        "a window without length is none"
    );
    assert!(
        only(&approved(NOW + 5, NOW - 5)).starts_with("None"),
        "nor is one that ends before it starts"
    );
}

#[test]
fn touching_windows_are_one_run_whatever_the_order() {
    let a = window(Deal::Approved, 1, &["DE", "US"], 0, NOW);
    let b = window(Deal::Approved, 2, &["US"], NOW, 2_000);
    let c = window(Deal::Approved, 3, &["US"], 2_500, 3_000);
    let expected = [
        "Ended 0..1000 RIGHTS_EXPIRED(Contract(1)): DE",
        "None .. RIGHTS_NONE(None): KP KR",
        "Open 0..2000: US",
    ];
    assert_eq!(stand(&[a.clone(), b.clone(), c.clone()]), expected);
    assert_eq!(stand(&[c, b, a]), expected);
}

#[test]
fn after_a_gap_the_next_window_counts() {
    let over = window(Deal::Approved, 1, &["US"], 0, 500);
    let next = window(Deal::Approved, 2, &["US"], 1_500, 2_000);
    let later = window(Deal::Approved, 3, &["US"], 2_500, 3_000);
    let parts = stand(&[later, next, over]);
    assert_eq!(parts[1], "Ahead 1500..2000 RIGHTS_NOT_YET(Contract(2)): US");
}

#[test]
fn a_longer_window_that_began_earlier_closes_the_run() {
    let long = window(Deal::Approved, 1, &["US"], 0, 900);
    let short = window(Deal::Approved, 2, &["US"], 100, 200);
    assert_eq!(stand(&[short, long])[1], "Ended 0..900 RIGHTS_EXPIRED(Contract(1)): US");
}

#[test]
fn only_approved_deals_open_windows() {
    let open = |deal, contract, codes: &[&str]| window(deal, contract, codes, 0, 5_000);
    let windows = [
        open(Deal::Pending, 1, &["DE", "KR"]),
        open(Deal::Revoked, 2, &["KR"]),
        open(Deal::Expired, 3, &["US"]),
    ];
    assert_eq!(
        stand(&windows),
        [
            "None .. RIGHTS_NONE(Pending(1)): DE",
            "None .. RIGHTS_NONE(None): KP",
            "None .. RIGHTS_REVOKED(Contract(2)): KR",
            "Ended .. RIGHTS_EXPIRED(Contract(3)): US",
        ]
    );
    let rescued = [open(Deal::Revoked, 2, &["KR"]), open(Deal::Approved, 4, &["KR"])];
    assert!(stand(&rescued)[1].starts_with("Open"), "another window stands");
    let both = [
        open(Deal::Revoked, 2, &["KR"]),
        window(Deal::Approved, 4, &["KR"], 0, 10),
    ];
    assert_eq!(
        stand(&both)[1],
        "Ended 0..10 RIGHTS_EXPIRED(Contract(4)) RIGHTS_REVOKED(Contract(2)): KR"
    );
}

#[test]
fn of_equal_windows_the_first_contract_is_named() {
    let a = window(Deal::Approved, 7, &["US"], 2_000, 3_000);
    let b = window(Deal::Approved, 5, &["US"], 2_000, 3_000);
    for windows in [[a.clone(), b.clone()], [b, a]] {
        assert!(stand(&windows)[1].contains("Contract(5)"));
    }
}

#[test]
fn no_countries_have_no_standings() {
    let window = window(Deal::Approved, 1, &["US"], 0, 5_000);
    assert!(standings(&[&window], CountrySet::EMPTY, NOW).is_empty());
    let parts = standings(&[], set(&["US"]), NOW);
    assert_eq!((parts.len(), parts[0].phase), (1, Phase::None));
}
