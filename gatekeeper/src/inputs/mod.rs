//! The six input datasets, bound by field names and grouped by video.
//!
//! Binding resolves every type and field once per state, so a dataset whose schema lacks something is refused with a list
//! of all that is missing, before anything is evaluated. Grouping sorts the ordinals of each dataset by video. Both belong
//! to one state and are kept as long as that state is: an input that did not change costs nothing in the next cycle.
//!
//! Records are not copied: a rule's facts are read from the state when the video is evaluated.

mod assets;

mod countries;
mod ratings;
mod rights;
mod texts;
mod titles;

pub use crate::bind::{BindError, Missing};
pub use assets::Assets;
pub use countries::CountryInput;
pub use ratings::Ratings;
pub use rights::Rights;
pub use texts::Texts;
pub use titles::Titles;

pub(crate) use assets::AssetTables;
pub(crate) use ratings::RatingTables;
pub(crate) use texts::TextTables;
pub(crate) use titles::TitleRow;

use crate::bind::Field;
use crate::country_set::CountriesError;
use crate::language::{NO_DIALOGUE, Need, Needs};
use hollow::Ordinal;
use hollow::read::{ObjectTypeState, ReadState};
use std::sync::Arc;

/// The names of the input datasets, in the order of [`InputStates`].
pub const DATASETS: [&str; 6] = ["titles", "texts", "rights", "assets", "ratings", "countries"];

/// A state of each input dataset.
#[derive(Clone, Debug)]
pub struct InputStates {
    /// Which videos there are.
    pub titles: Arc<ReadState>,
    /// Titles and synopses by language.
    pub texts: Arc<ReadState>,
    /// Windows.
    pub rights: Arc<ReadState>,
    /// Deliveries.
    pub assets: Arc<ReadState>,
    /// Maturity ratings.
    pub ratings: Arc<ReadState>,
    /// What each country requires.
    pub countries: Arc<ReadState>,
}

impl InputStates {
    /// The states in the order of [`DATASETS`].
    pub fn from_list(states: &[Arc<ReadState>]) -> Option<Self> {
        let [titles, texts, rights, assets, ratings, countries] = states else {
            return None;
        };
        let [titles, texts, rights, assets, ratings, countries] =
            [titles, texts, rights, assets, ratings, countries].map(Arc::clone);
        Some(InputStates {
            titles,
            texts,
            rights,
            assets,
            ratings,
            countries,
        })
    }
}

/// Why the states cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// A schema lacks something.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Too many countries.
    #[error(transparent)]
    Countries(#[from] CountriesError),
}

/// The six datasets, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Which videos there are.
    pub titles: Arc<Titles>,
    /// Titles and synopses by language.
    pub texts: Arc<Texts>,
    /// Windows.
    pub rights: Arc<Rights>,
    /// Deliveries.
    pub assets: Arc<Assets>,
    /// Maturity ratings.
    pub ratings: Arc<Ratings>,
    /// What each country requires.
    pub countries: Arc<CountryInput>,
}

impl Inputs {
    /// Binds and groups the states. What `previous` has of the same state is reused.
    ///
    /// # Errors
    /// [`InputError::Bind`] lists everything missing in all six datasets.
    pub fn bind(states: &InputStates, previous: Option<&Inputs>) -> Result<Self, InputError> {
        macro_rules! bind {
            ($field:ident, $ty:ident) => {
                match previous.map(|previous| &previous.$field) {
                    Some(known) if Arc::ptr_eq(&known.state, &states.$field) => Ok(Arc::clone(known)),
                    _ => $ty::bind(&states.$field).map(Arc::new),
                }
            };
        }
        let countries = match previous.map(|previous| &previous.countries) {
            Some(known) if Arc::ptr_eq(&known.state, &states.countries) => Ok(Ok(Arc::clone(known))),
            _ => CountryInput::bind(&states.countries).map(|bound| bound.map(Arc::new)),
        };
        match (
            bind!(titles, Titles),
            bind!(texts, Texts),
            bind!(rights, Rights),
            bind!(assets, Assets),
            bind!(ratings, Ratings),
            countries,
        ) {
            (Ok(titles), Ok(texts), Ok(rights), Ok(assets), Ok(ratings), Ok(countries)) => Ok(Inputs {
                titles,
                texts,
                rights,
                assets,
                ratings,
                countries: countries?,
            }),
            (titles, texts, rights, assets, ratings, countries) => {
                let errors = [
                    titles.err(),
                    texts.err(),
                    rights.err(),
                    assets.err(),
                    ratings.err(),
                    countries.err(),
                ];
                let missing = errors.into_iter().flatten().flat_map(|error| error.missing).collect();
                Err(BindError { missing }.into())
            }
        }
    }
}

/// What a language tag satisfies.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    pub(crate) needs: Vec<Need>,
    pub(crate) silent: bool,
}

impl Fit {
    fn of(tag: &str, needs: &Needs) -> Self {
        Fit {
            needs: needs.satisfied_by(tag),
            silent: tag.eq_ignore_ascii_case(NO_DIALOGUE),
        }
    }
}

/// The records of a type with their videos, ascending by video.
fn by_video(records: &ObjectTypeState, video_id: Field) -> Vec<(i64, Ordinal)> {
    let row = |ordinal| Some((records.long(ordinal, video_id.0)?, ordinal));
    let mut rows: Vec<(i64, Ordinal)> = records.populated().filter_map(row).collect();
    rows.sort_unstable();
    rows
}

/// The part of such a list that belongs to a video.
fn of_video(rows: &[(i64, Ordinal)], video: i64) -> &[(i64, Ordinal)] {
    let from = rows.partition_point(|(id, _)| *id < video);
    let count = rows[from..].partition_point(|(id, _)| *id == video);
    &rows[from..from + count]
}
