use super::*;
use crate::country_set::{Countries, CountrySet};

const DEFAULT: &str = include_str!("../../policies/default.toml");

fn with(addition: &str) -> Result<Policy, PolicyError> {
    Policy::parse(&format!("{DEFAULT}\n{addition}"))
}

#[test]
fn the_built_in_policies_read_and_differ() {
    let (prod, candidate) = (Policy::default_policy(), Policy::candidate_policy());
    assert_eq!(prod.rules[&Code::SubMissing], Severity::Hard);
    assert_eq!(prod.rules[&Code::ArtworkMissing], Severity::Soft);
    assert!(prod.overrides.is_empty());
    assert_eq!(candidate.overrides.len(), 4);
    assert_ne!(prod.id(), candidate.id());
}

#[test]
fn equal_ids_mean_equal_policies() {
    let prod = Policy::default_policy();
    let reordered = DEFAULT.replace("AUDIO_MISSING = \"hard\"\n", "") + "AUDIO_MISSING = \"hard\" # at the end\n";
    assert_eq!(Policy::parse(&reordered).expect("the same rules").id(), prod.id());
    for (what, changed) in [
        (
            "a rule",
            DEFAULT.replace("AUDIO_MISSING = \"hard\"", "AUDIO_MISSING = \"soft\""),
        ),
        ("the horizon", DEFAULT.replace("at_risk_days = 7", "at_risk_days = 8")),
        (
            "languages",
            DEFAULT.replace("regional_for_general = true", "regional_for_general = false"),
        ),
        ("the name", DEFAULT.replace("\"prod\"", "\"prod2\"")),
    ] {
        assert_ne!(Policy::parse(&changed).expect(what).id(), prod.id(), "{what}");
    }
    let dropped = "[[override]]\nrule = \"SUB_MISSING\"\ncountries = [\"KR\"]\n";
    let one = with(&format!("{dropped}drop_languages = [\"ko\"]")).expect("one language");
    let two = with(&format!("{dropped}drop_languages = [\"ko\", \"en\"]")).expect("two languages");
    assert_ne!(one.id(), two.id());
}

#[test]
fn what_is_wrong_is_said() {
    let cases = [
        (DEFAULT.replace("SUB_MISSING", "SUBS_MISSING"), "no such rule"),
        (DEFAULT.replace("SUB_MISSING = \"hard\"\n", ""), "missing=SUB_MISSING"),
        (DEFAULT.replace("\"hard\"", "\"harsh\""), "harsh"),
        (format!("colour = 1\n{DEFAULT}"), "colour"),
        (DEFAULT.replace("at_risk_days = 7", ""), "at_risk_days"),
        (DEFAULT.replace("at_risk_days = 7", "at_risk_days = -1"), "-1"),
        (DEFAULT.replace("\"prod\"", "\"../prod\""), "name="),
        (format!("{DEFAULT}\nRIGHTS_NONE = \"off\""), "no such rule"),
        ("not toml at all".to_owned(), "not a policy"),
    ];
    for (text, expected) in cases {
        let error = Policy::parse(&text).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let overrides = [
        (
            "rule = \"SUB_MISSING\"\ncountries = []\noff = true",
            "at least one country",
        ),
        (
            "rule = \"SUB_MISSING\"\ncountries = [\"kr\"]\noff = true",
            "two capital letters",
        ),
        ("rule = \"SUB_MISSING\"\ncountries = [\"KR\"]", "exactly one of"),
        (
            "rule = \"SUB_MISSING\"\ncountries = [\"KR\"]\noff = true\nseverity = \"soft\"",
            "exactly one of",
        ),
        (
            "rule = \"SUB_MISSING\"\ncountries = [\"KR\"]\noff = false",
            "says nothing",
        ),
        (
            "rule = \"RATING_MISSING\"\ncountries = [\"KR\"]\ndrop_languages = [\"ko\"]",
            "only rules about languages",
        ),
        ("rule = \"SUB\"\ncountries = [\"KR\"]\noff = true", "no such rule"),
        (
            "rule = \"SUB_MISSING\"\ncountries = [\"KR\"]\noff = true\nwhy = \"x\"",
            "why",
        ),
    ];
    for (text, expected) in overrides {
        let error = with(&format!("[[override]]\n{text}")).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn overrides_move_countries_and_the_later_one_counts() {
    let policy = with(
        "[[override]]\nrule = \"SUB_MISSING\"\ncountries = [\"KR\", \"TW\", \"XX\"]\nseverity = \"soft\"\n\
         [[override]]\nrule = \"SUB_MISSING\"\ncountries = [\"TW\"]\noff = true\n\
         [[override]]\nrule = \"AUDIO_MISSING\"\ncountries = [\"DE\"]\ndrop_languages = [\"zh-Hant\"]",
    )
    .expect("a policy");
    let countries = Countries::new(["DE", "KR", "TW"]).expect("three");
    let compiled = CompiledPolicy::new(&policy, &countries);
    let list = |set: CountrySet| countries.list(&set).to_string();
    assert_eq!(list(compiled.hard(Code::SubMissing)), "DE");
    assert_eq!(list(compiled.soft(Code::SubMissing)), "KR");
    assert_eq!(list(compiled.asked(Code::SubMissing)), "DE KR");
    assert_eq!(
        list(compiled.hard(Code::RightsNone)),
        "DE KR TW",
        "rights are always hard"
    );
    assert_eq!(list(compiled.soft(Code::ArtworkMissing)), "DE KR TW");
    assert_eq!(list(compiled.dropped(Code::AudioMissing, "zh-hant")), "DE");
    assert_eq!(list(compiled.dropped(Code::SubMissing, "zh-Hant")), "");
    assert_eq!(compiled.at_risk_ms, 7 * 86_400_000);
}
