//! The rules: each a pure function from what is known about a video to the countries in which it fails, and why.
//!
//! A rule does not look at the clock to say *whether* something is missing *now*. It says where something is missing and
//! from which instant on time alone will have cured it ([`Finding::clears_at`]). The judgement at an instant, and the next
//! instant at which the judgement changes, both follow from that (`engine::verdict`).
//!
//! A rule is asked only about countries in which its question arises (`among`): requirements matter where a window is open
//! or ahead. Within them it reports everything, not the first thing it meets.

mod artwork;
mod audio;
mod cover;
mod parent;
mod rating;
pub mod rights;
pub mod service;
mod subtitles;
#[cfg(test)]
mod tests;
mod texts;
mod video;

use crate::country_set::CountrySet;
use crate::facts::VideoFacts;
use crate::reason::Reason;
use crate::requirements::Requirements;

/// Something that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub reason: Reason,
    /// Where. Findings with equal reasons share no country.
    pub countries: CountrySet,
    /// The instant from which it is not missing any more though the data stay; `None` = never.
    pub clears_at: Option<i64>,
}

impl Finding {
    /// Something that only a change of data can cure.
    fn lasting(reason: Reason, countries: CountrySet) -> Self {
        Finding {
            reason,
            countries,
            clears_at: None,
        }
    }
}

/// The question a rule is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The video.
    pub video: &'a VideoFacts<'a>,
    /// What the countries require.
    pub required: &'a Requirements,
    /// The countries it is asked about.
    pub among: CountrySet,
    /// Findings that are cured by then need not be reported.
    pub now: i64,
}

/// All findings about a video, by code and within a code in the order of the details.
pub fn findings(question: &Question<'_>, findings: &mut Vec<Finding>) {
    service::check(question, findings);
    parent::check(question, findings);
    if question.video.kind.is_playable() {
        video::check(question, findings);
        audio::check(question, findings);
        subtitles::check(question, findings);
    }
    texts::check_titles(question, findings);
    texts::check_synopses(question, findings);
    if question.video.kind.is_playable() {
        rating::check(question, findings);
        artwork::check(question, findings);
    }
}
