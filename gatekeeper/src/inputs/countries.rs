//! The `countries` dataset: what each country requires.

use crate::bind::{BindError, Binder, Word};
use crate::country_set::{Countries, CountriesError};
use crate::requirements::CountryRecord;
use hollow::Ordinal;
use hollow::read::{ListTypeState, ReadState};
use hollow::schema::FieldType;
use std::sync::Arc;

/// The countries of one state, ascending by code.
#[derive(Debug)]
pub struct CountryInput {
    pub(super) state: Arc<ReadState>,
    /// The records.
    pub records: Vec<CountryRecord>,
    /// The table that gives each country its bit.
    pub table: Arc<Countries>,
}

impl CountryInput {
    pub(super) fn bind(state: &Arc<ReadState>) -> Result<Result<Self, CountriesError>, BindError> {
        let mut binder = Binder::new("countries", state);
        let policy = binder.object("CountryPolicy");
        let country = binder.reference(&policy, "country", "Country");
        let name = binder.field(&policy, "name", FieldType::String);
        let region = binder.field(&policy, "region", FieldType::String);
        let service = binder.field(&policy, "service_available", FieldType::Boolean);
        let zone = binder.field(&policy, "time_zone", FieldType::String);
        let languages = [
            "required_text_languages",
            "required_subtitle_languages",
            "required_audio_languages",
            "required_audio_languages_kids",
        ]
        .map(|field| binder.reference(&policy, field, "Languages"));
        let film = binder.reference(&policy, "accepted_film_ratings", "AcceptedRatings");
        let tv = binder.reference(&policy, "accepted_tv_ratings", "AcceptedRatings");
        let rating_required = binder.field(&policy, "rating_required", FieldType::Boolean);
        let list = binder.list("Languages", "Language");
        let code = binder.word("Country", "code");
        let tag = binder.word("Language", "tag");
        let set = binder.set("AcceptedRatings", "AcceptedRating");
        let accepted = binder.object("AcceptedRating");
        let system = binder.reference(&accepted, "system", "RatingSystem");
        let value = binder.reference(&accepted, "value", "RatingValue");
        let system_id = binder.word("RatingSystem", "id");
        let value_text = binder.word("RatingValue", "value");
        let types = policy.state().zip(accepted.state()).zip(list.zip(set));
        let words = code.zip(tag).zip(system_id.zip(value_text));
        let parts = binder.finish(types.zip(words))?;
        let (((policy, accepted), (list, set)), ((code, tag), (system_id, value_text))) = parts;

        let text = |ordinal, field: crate::bind::Field| {
            let text = policy.text(ordinal, field.0);
            text.map(|text| text.to_str().into_owned()).unwrap_or_default()
        };
        let ratings = |of: Option<Ordinal>| {
            let pair = |element| {
                let system = system_id.text(accepted.reference(element, system.0)?)?;
                Some((system, value_text.text(accepted.reference(element, value.0)?)?))
            };
            let mut pairs: Vec<_> = set.elements(of?).filter_map(pair).collect();
            pairs.sort_unstable();
            Some(pairs)
        };
        let record = |ordinal| {
            let code = code.text(policy.reference(ordinal, country.0)?)?;
            let [
                text_languages,
                subtitle_languages,
                audio_languages,
                audio_languages_kids,
            ] = languages.map(|field| tags(&list, &tag, policy.reference(ordinal, field.0)));
            Some(CountryRecord {
                code,
                name: text(ordinal, name),
                region: text(ordinal, region),
                service_available: policy.boolean(ordinal, service.0).unwrap_or(false),
                time_zone: text(ordinal, zone),
                text_languages,
                subtitle_languages,
                audio_languages,
                audio_languages_kids,
                film_ratings: ratings(policy.reference(ordinal, film.0)),
                tv_ratings: ratings(policy.reference(ordinal, tv.0)),
                rating_required: policy.boolean(ordinal, rating_required.0).unwrap_or(false),
            })
        };
        let mut records: Vec<CountryRecord> = policy.populated().filter_map(record).collect();
        records.sort_by(|a, b| a.code.cmp(&b.code));
        records.dedup_by(|a, b| a.code == b.code);
        let table = Countries::new(records.iter().map(|record| record.code.as_str()));
        Ok(table.map(|table| CountryInput {
            state: Arc::clone(state),
            records,
            table: Arc::new(table),
        }))
    }
}

fn tags(list: &ListTypeState, tag: &Word, languages: Option<Ordinal>) -> Vec<String> {
    let elements = languages.into_iter().flat_map(|languages| list.elements(languages));
    elements.filter_map(|language| tag.text(language)).collect()
}
