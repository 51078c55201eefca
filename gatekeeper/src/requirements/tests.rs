use super::*;

fn country(code: &str) -> CountryRecord {
    CountryRecord {
        code: code.into(),
        service_available: true,
        ..CountryRecord::default()
    }
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn requirements(records: &[CountryRecord], policy: &Policy) -> Requirements {
    let countries = Countries::new(records.iter().map(|record| record.code.as_str())).expect("few");
    Requirements::new(records, Arc::new(countries), policy)
}

fn shown(requirements: &Requirements, required: &Required) -> Vec<String> {
    let one = |(need, set): &(Need, CountrySet)| {
        let countries = requirements.countries.list(set).to_string();
        format!("{}: {countries}", requirements.needs.tag(*need))
    };
    required.iter().map(one).collect()
}

#[test]
fn countries_are_gathered_by_required_language() {
    let records = [
        CountryRecord {
            text_languages: strings(&["de", "fr"]),
            audio_languages_kids: strings(&["de"]),
            ..country("CH")
        },
        CountryRecord {
            text_languages: strings(&["de"]),
            audio_languages: strings(&["de"]),
            audio_languages_kids: strings(&["de"]),
            ..country("DE")
        },
    ];
    let requirements = requirements(&records, &Policy::default_policy());
    assert_eq!(shown(&requirements, &requirements.titles), ["de: CH DE", "fr: CH"]);
    assert_eq!(shown(&requirements, &requirements.synopses), ["de: CH DE", "fr: CH"]);
    assert_eq!(shown(&requirements, &requirements.audio), ["de: DE"]);
    assert_eq!(shown(&requirements, &requirements.audio_kids), ["de: CH DE"]);
    assert_eq!(shown(&requirements, &requirements.subtitles), [""; 0]);
}

#[test]
fn a_policy_drops_languages_and_rules_by_country() {
    let korean = |code| CountryRecord {
        subtitle_languages: strings(&["ko", "en"]),
        ..country(code)
    };
    let records = [korean("KR"), korean("KP"), korean("TW")];
    let requirements = requirements(&records, &Policy::candidate_policy());
    assert_eq!(shown(&requirements, &requirements.subtitles), ["en: KP KR", "ko: KP"]);
}

#[test]
fn ratings_are_needed_where_required_and_where_there_is_a_system() {
    let pair = |system: &str, value: &str| (system.to_owned(), value.to_owned());
    let records = [
        CountryRecord {
            rating_required: true,
            film_ratings: Some(vec![pair("DE/FSK", "16"), pair("DE/FSK", "12")]),
            ..country("DE")
        },
        CountryRecord {
            rating_required: true,
            ..country("FR")
        },
        CountryRecord {
            film_ratings: Some(vec![pair("CA/CHVRS", "G")]),
            ..country("CA")
        },
    ];
    let requirements = requirements(&records, &Policy::default_policy());
    let germany = requirements.countries.index("DE").expect("listed");
    assert_eq!(
        requirements.film_systems,
        [("DE/FSK".to_owned(), CountrySet::of(germany))]
    );
    assert!(requirements.tv_systems.is_empty());
    assert!(requirements.accepts(germany, true, "DE/FSK", "16"));
    assert!(
        !requirements.accepts(germany, false, "DE/FSK", "16"),
        "accepted for movies only"
    );
    assert!(!requirements.accepts(germany, true, "DE/FSK", "18"));
}
