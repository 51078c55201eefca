//! RATING_MISSING and RATING_UNACCEPTED: the country needs a rating, and there is none, or none with a value it accepts.
//!
//! A rating of the video itself, of its season or of its series counts alike; one accepted rating is enough. A country
//! without a rating system needs none, even if its record says that one is required.

use super::{Finding, Question};
use crate::country_set::CountrySet;
use crate::facts::WorkKind;
use crate::reason::{Code, Detail, Reason};

pub(super) fn check(question: &Question<'_>, findings: &mut Vec<Finding>) {
    let film = question.video.kind == WorkKind::Movie;
    let policy = &question.required.policy;
    let (mut rated, mut accepted) = (CountrySet::EMPTY, CountrySet::EMPTY);
    for rating in question.video.ratings {
        rated.insert(rating.country);
        if rating.accepted {
            accepted.insert(rating.country);
        }
    }
    let mut needed = CountrySet::EMPTY;
    for (rank, (_, countries)) in question.required.systems(film).iter().enumerate() {
        let countries = *countries & question.among;
        needed |= countries;
        let missing = (countries - rated) & policy.asked(Code::RatingMissing);
        if !missing.is_empty() {
            let rank = rank as u32;
            let reason = Reason::new(Code::RatingMissing, Detail::Systems { rank, film });
            findings.push(Finding::lasting(reason, missing));
        }
    }
    let mut unaccepted = (needed & rated & policy.asked(Code::RatingUnaccepted)) - accepted;
    // Ratings come in the order of their names: of several in a country the first is named.
    for same in question.video.ratings.chunk_by(|a, b| a.name == b.name) {
        let countries: CountrySet = same.iter().map(|rating| rating.country).collect();
        let named = countries & unaccepted;
        if let (false, Some(rating)) = (named.is_empty(), same.first()) {
            let reason = Reason::new(Code::RatingUnaccepted, Detail::Rating(rating.name));
            findings.push(Finding::lasting(reason, named));
            unaccepted -= named;
        }
    }
}
