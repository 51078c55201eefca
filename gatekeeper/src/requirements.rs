//! What each country requires under a policy, turned round: for each requirement, the countries that have it.

#[cfg(test)]
mod tests;

use crate::country_set::{Countries, CountryIndex, CountrySet};
use crate::language::{Need, Needs};
use crate::policy::{CompiledPolicy, Policy};
use crate::reason::Code;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// A record of the `countries` dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountryRecord {
    /// ISO 3166-1 alpha-2.
    pub code: String,
    /// English name.
    pub name: String,
    /// Part of the world.
    pub region: String,
    /// Whether the service exists there.
    pub service_available: bool,
    /// IANA name of the zone that local dates are read in.
    pub time_zone: String,
    /// Languages in which title and synopsis must exist.
    pub text_languages: Vec<String>,
    /// Languages that must be there as subtitles or sound.
    pub subtitle_languages: Vec<String>,
    /// Languages that must be there as sound.
    pub audio_languages: Vec<String>,
    /// Languages that must be there as sound for works for children.
    pub audio_languages_kids: Vec<String>,
    /// Accepted (system, value) for movies; `None` = the country has no system.
    pub film_ratings: Option<Vec<(String, String)>>,
    /// Accepted (system, value) for series; `None` = the country has no system.
    pub tv_ratings: Option<Vec<(String, String)>>,
    /// Whether a rating is needed.
    pub rating_required: bool,
}

/// A required language with the countries that require it.
pub type Required = Vec<(Need, CountrySet)>;

/// The requirements of all countries under one policy.
#[derive(Clone, Debug)]
pub struct Requirements {
    /// The table that gives each country its bit.
    pub countries: Arc<Countries>,
    /// The policy, as country sets.
    pub policy: CompiledPolicy,
    /// Required languages of all kinds.
    pub needs: Needs,
    /// Countries in which the service exists.
    pub service: CountrySet,
    /// Languages for titles.
    pub titles: Required,
    /// Languages for synopses.
    pub synopses: Required,
    /// Languages for subtitles or sound.
    pub subtitles: Required,
    /// Languages for sound.
    pub audio: Required,
    /// Languages for the sound of works for children.
    pub audio_kids: Required,
    /// Countries that need a rating, by the names of their systems: for movies.
    pub film_systems: Vec<(String, CountrySet)>,
    /// The same for series.
    pub tv_systems: Vec<(String, CountrySet)>,
    accepted: [HashSet<(u8, String, String)>; 2],
}

impl Requirements {
    /// The requirements of these countries. The table must have been made of the same records.
    pub fn new(records: &[CountryRecord], countries: Arc<Countries>, policy: &Policy) -> Self {
        let lists = |record: &CountryRecord| {
            let [a, b, c, d] = [
                &record.text_languages,
                &record.subtitle_languages,
                &record.audio_languages,
                &record.audio_languages_kids,
            ]
            .map(Clone::clone);
            [a, b, c, d].concat()
        };
        let all: Vec<String> = records.iter().flat_map(lists).collect();
        let needs = Needs::new(all.iter().map(String::as_str), policy.languages);
        let policy = CompiledPolicy::new(policy, &countries);
        let index = |record: &CountryRecord| countries.index(&record.code);
        let where_true = |test: &dyn Fn(&CountryRecord) -> bool| -> CountrySet {
            records.iter().filter(|record| test(record)).filter_map(index).collect()
        };
        let required = |code: Code, list: &dyn Fn(&CountryRecord) -> Vec<String>| -> Required {
            let mut by_need: BTreeMap<Need, CountrySet> = BTreeMap::new();
            for record in records {
                let Some(country) = index(record) else { continue };
                for tag in list(record) {
                    let asked = policy.asked(code) - policy.dropped(code, &tag);
                    if let Some(need) = needs.find(&tag).filter(|_| asked.contains(country)) {
                        by_need.entry(need).or_default().insert(country);
                    }
                }
            }
            by_need.into_iter().collect()
        };
        let audio = |record: &CountryRecord| record.audio_languages.clone();
        let audio_kids = |record: &CountryRecord| [audio(record), record.audio_languages_kids.clone()].concat();
        Requirements {
            service: where_true(&|record| record.service_available),
            titles: required(Code::TitleTextMissing, &|record| record.text_languages.clone()),
            synopses: required(Code::SynopsisMissing, &|record| record.text_languages.clone()),
            subtitles: required(Code::SubMissing, &|record| record.subtitle_languages.clone()),
            audio: required(Code::AudioMissing, &audio),
            audio_kids: required(Code::AudioMissing, &audio_kids),
            film_systems: systems(records, &countries, |record| record.film_ratings.as_deref()),
            tv_systems: systems(records, &countries, |record| record.tv_ratings.as_deref()),
            accepted: [
                accepted(records, &countries, |record| record.film_ratings.as_deref()),
                accepted(records, &countries, |record| record.tv_ratings.as_deref()),
            ],
            countries,
            policy,
            needs,
        }
    }

    /// Whether a country accepts a rating, for movies or else for series.
    pub fn accepts(&self, country: CountryIndex, film: bool, system: &str, value: &str) -> bool {
        let key = (country.0, system.to_owned(), value.to_owned());
        self.accepted[usize::from(!film)].contains(&key)
    }

    /// The countries that need a rating, by their systems: for movies, or else for series.
    pub fn systems(&self, film: bool) -> &[(String, CountrySet)] {
        if film { &self.film_systems } else { &self.tv_systems }
    }
}

type Ratings<'r> = Option<&'r [(String, String)]>;

/// Countries that need a rating and have a system, by the names of their systems.
fn systems(
    records: &[CountryRecord],
    countries: &Countries,
    ratings: impl Fn(&CountryRecord) -> Ratings<'_>,
) -> Vec<(String, CountrySet)> {
    let mut groups: BTreeMap<String, CountrySet> = BTreeMap::new();
    for record in records.iter().filter(|record| record.rating_required) {
        let (Some(country), Some(accepted)) = (countries.index(&record.code), ratings(record)) else {
            continue;
        };
        let mut names: Vec<&str> = accepted.iter().map(|(system, _)| system.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        groups.entry(names.join(" or ")).or_default().insert(country);
    }
    groups.into_iter().collect()
}

fn accepted(
    records: &[CountryRecord],
    countries: &Countries,
    ratings: impl Fn(&CountryRecord) -> Ratings<'_>,
) -> HashSet<(u8, String, String)> {
    let mut accepted = HashSet::new();
    for record in records {
        if let Some(country) = countries.index(&record.code) {
            let pairs = ratings(record).unwrap_or_default().iter().cloned();
            accepted.extend(pairs.map(|(system, value)| (country.0, system, value)));
        }
    }
    accepted
}
