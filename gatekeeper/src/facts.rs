//! What the rules see of a video: plain values gathered from the input states, nothing of the states themselves.
//!
//! Countries are sets, languages are the required languages they satisfy, times are epoch milliseconds. So a rule needs no
//! dataset to be tested, and an evaluation reads each input record once per video that it concerns.

use crate::country_set::{CountryIndex, CountrySet};
use crate::language::Need;
use crate::reason::Progress;
use std::sync::Arc;

/// What kind of work a video is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkKind {
    /// A film. Works of a kind we do not know are judged like films: everything is required of them.
    Movie,
    /// All seasons of a show.
    Series,
    /// A season of a series.
    Season,
    /// An episode of a season.
    Episode,
}

impl WorkKind {
    /// The kind with this name in the `titles` dataset.
    pub fn from_name(name: &str) -> Self {
        match name {
            "Series" => WorkKind::Series,
            "Season" => WorkKind::Season,
            "Episode" => WorkKind::Episode,
            _ => WorkKind::Movie,
        }
    }

    /// Whether there is something to play. The others are pages that lead there.
    pub fn is_playable(self) -> bool {
        matches!(self, WorkKind::Movie | WorkKind::Episode)
    }
}

/// The state of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deal {
    /// In force.
    Approved,
    /// Not signed, without a start, or in a state we do not know.
    Pending,
    /// Taken back.
    Revoked,
    /// Closed.
    Expired,
}

/// A time in which a window is open in some countries: `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it opens; `i64::MIN` if it always was open.
    pub start: i64,
    /// When it closes; `i64::MAX` if it never does.
    pub end: i64,
    /// Where.
    pub countries: CountrySet,
}

/// A window of the `rights` dataset.
#[derive(Clone, Debug)]
pub struct WindowFact {
    /// The state of the deal.
    pub deal: Deal,
    /// Rank of the contract's id among all contracts.
    pub contract: u32,
    /// Where it applies.
    pub territory: CountrySet,
    /// When it is open, for countries inside and outside of the territory. No country occurs in two spans.
    pub spans: Arc<[Span]>,
}

/// What a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssetKind {
    /// The picture.
    Video,
    /// The main sound.
    Audio,
    /// Full subtitles.
    Subtitle,
    /// The picture beside the title.
    Artwork,
    /// Commentary, narration, forced subtitles and other things that no rule asks for.
    Other,
}

/// A delivery of the `assets` dataset.
#[derive(Clone, Copy, Debug)]
pub struct AssetFact<'a> {
    /// What it is.
    pub kind: AssetKind,
    /// The required languages that it satisfies.
    pub satisfies: &'a [Need],
    /// Sound without language, which satisfies every required one.
    pub silent: bool,
    /// Where it stands.
    pub progress: Progress,
    /// Where it may be used.
    pub territory: CountrySet,
    /// From when it may be used; `i64::MIN` without such an instant.
    pub available_from: i64,
}

/// A text of the `texts` dataset.
#[derive(Clone, Copy, Debug)]
pub struct TextFact<'a> {
    /// The required languages that it satisfies.
    pub satisfies: &'a [Need],
    /// Whether it has a title that is not blank.
    pub has_title: bool,
    /// Whether it has a synopsis that is not blank.
    pub has_synopsis: bool,
    /// Whether an editor released it.
    pub released: bool,
}

/// A rating of the `ratings` dataset, of the video or of a work it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct RatingFact {
    /// The country in which it holds.
    pub country: CountryIndex,
    /// Rank of system and value among all ratings given.
    pub name: u32,
    /// Whether the country accepts it for what the video is.
    pub accepted: bool,
}

/// The season of an episode, or the series of a season.
#[derive(Clone, Copy, Debug)]
pub struct ParentFact<'a> {
    /// Its id; `None` if the video's record does not name it.
    pub id: Option<i64>,
    /// Where it is not live even inside a window, and until when; `None` if it has no record.
    pub blocked: Option<&'a [Blocked]>,
}

/// Countries in which something is missing, until some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Where.
    pub countries: CountrySet,
    /// The instant from which it is not missing any more though the data stay; `None` = never.
    pub clears_at: Option<i64>,
}

/// All that the rules know about a video.
#[derive(Clone, Debug)]
pub struct VideoFacts<'a> {
    /// What kind of work it is.
    pub kind: WorkKind,
    /// A work for children.
    pub for_children: bool,
    /// Its deliveries and, for artwork, those of the works it belongs to.
    pub assets: &'a [AssetFact<'a>],
    /// Its texts.
    pub texts: &'a [TextFact<'a>],
    /// Its ratings, ascending by name.
    pub ratings: &'a [RatingFact],
    /// The works whose pages lead to it. Empty for movies and series.
    pub parents: &'a [ParentFact<'a>],
}
