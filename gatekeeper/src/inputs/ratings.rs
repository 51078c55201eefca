//! The `ratings` dataset: maturity ratings, grouped by the work that was rated.

use crate::bind::{BindError, Binder, ByOrdinal, Word};
use crate::country_set::{Countries, CountryIndex, CountrySet};
use crate::facts::RatingFact;
use crate::requirements::Requirements;
use hollow::Ordinal;
use hollow::read::ReadState;
use hollow::schema::FieldType;
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Clone, Copy, Debug)]
struct RatingRow {
    video: i64,
    country: Ordinal,
    /// Rank of its system and value.
    name: u32,
}

/// The ratings of one state of `ratings`.
#[derive(Debug)]
pub struct Ratings {
    pub(super) state: Arc<ReadState>,
    country: Word,
    /// Ascending by work, then by name.
    rows: Vec<RatingRow>,
    /// (system, value), ascending.
    pairs: Vec<(String, String)>,
    /// The same as `DE/FSK 16`.
    pub(crate) names: Vec<String>,
}

/// What ratings mean under given requirements.
#[derive(Debug)]
pub(crate) struct RatingTables {
    countries: ByOrdinal<Option<CountryIndex>>,
    /// By rank: where it is accepted for movies, and for series.
    accepted: Vec<[CountrySet; 2]>,
}

impl Ratings {
    pub(super) fn bind(state: &Arc<ReadState>) -> Result<Self, BindError> {
        let mut binder = Binder::new("ratings", state);
        let rating = binder.object("MaturityRating");
        let video_id = binder.field(&rating, "video_id", FieldType::Long);
        let country_field = binder.reference(&rating, "country", "Country");
        let system = binder.reference(&rating, "system", "RatingSystem");
        let value = binder.reference(&rating, "value", "RatingValue");
        let country = binder.word("Country", "code");
        let system_id = binder.word("RatingSystem", "id");
        let value_text = binder.word("RatingValue", "value");
        let parts = binder.finish(rating.state().zip(country).zip(system_id.zip(value_text)))?;
        let ((rating, country), (system_id, value_text)) = parts;

        let mut numbers: HashMap<(Ordinal, Ordinal), u32> = HashMap::new();
        let mut rows = Vec::new();
        for ordinal in rating.populated() {
            let Some(video) = rating.long(ordinal, video_id.0) else {
                continue;
            };
            let Some(country) = rating.reference(ordinal, country_field.0) else {
                continue;
            };
            let pair = rating
                .reference(ordinal, system.0)
                .zip(rating.reference(ordinal, value.0));
            let Some(pair) = pair else { continue };
            let next = numbers.len() as u32;
            let name = *numbers.entry(pair).or_insert(next);
            rows.push(RatingRow { video, country, name });
        }
        let text = |((system, value), number): (&(Ordinal, Ordinal), &u32)| {
            let pair = (system_id.text(*system), value_text.text(*value));
            ((pair.0.unwrap_or_default(), pair.1.unwrap_or_default()), *number)
        };
        let mut pairs: Vec<((String, String), u32)> = numbers.iter().map(text).collect();
        pairs.sort_unstable();
        let mut ranks = vec![0; pairs.len()];
        for (rank, (_, number)) in pairs.iter().enumerate() {
            ranks[*number as usize] = rank as u32;
        }
        rows.iter_mut().for_each(|row| row.name = ranks[row.name as usize]);
        rows.sort_unstable_by_key(|row| (row.video, row.name, row.country));
        let pairs: Vec<(String, String)> = pairs.into_iter().map(|(pair, _)| pair).collect();
        Ok(Ratings {
            state: Arc::clone(state),
            country,
            rows,
            names: pairs
                .iter()
                .map(|(system, value)| format!("{system} {value}"))
                .collect(),
            pairs,
        })
    }

    pub(crate) fn tables(&self, countries: &Countries, required: &Requirements) -> RatingTables {
        let accepting = |film: bool, (system, value): &(String, String)| -> CountrySet {
            let all = countries.all();
            all.iter()
                .filter(|country| required.accepts(*country, film, system, value))
                .collect()
        };
        RatingTables {
            countries: self.country.table(|code| countries.index(code)),
            accepted: self
                .pairs
                .iter()
                .map(|pair| [accepting(true, pair), accepting(false, pair)])
                .collect(),
        }
    }

    /// The ratings given to a work itself, as they count for a movie or else for a series.
    pub(crate) fn of<'a>(
        &'a self,
        video: i64,
        film: bool,
        tables: &'a RatingTables,
    ) -> impl Iterator<Item = RatingFact> + 'a {
        let from = self.rows.partition_point(|row| row.video < video);
        let rows = self.rows[from..].iter().take_while(move |row| row.video == video);
        rows.filter_map(move |row| {
            let country = (*tables.countries.get(Some(row.country))?)?;
            let accepted = &tables.accepted[row.name as usize][usize::from(!film)];
            Some(RatingFact {
                country,
                name: row.name,
                accepted: accepted.contains(country),
            })
        })
    }
}
