//! Why a video is not live: code, what exactly, who can fix it, in which dataset to look.
//!
//! During an evaluation a [`Reason`] is a few numbers that compare and hash quickly; [`Detail`] refers to names held by the
//! inputs, and text is made of it once per distinct reason, when the output is written.

use crate::language::Need;
use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $label:literal, $owner:literal, $input:literal;)*) => {
        /// The kind of a reason. The order is that of the reasons in a verdict.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All codes, in order.
            pub const ALL: [Code; [$($name),*].len()] = [$(Code::$variant),*];

            /// The code in the output dataset and in policies, such as `SUB_MISSING`.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// What it says to people.
            pub fn label(self) -> &'static str {
                match self { $(Code::$variant => $label,)* }
            }

            /// The department that can remove it.
            pub fn owner(self) -> &'static str {
                match self { $(Code::$variant => $owner,)* }
            }

            /// The dataset whose records decide it.
            pub fn input(self) -> &'static str {
                match self { $(Code::$variant => $input,)* }
            }

            /// The code with this name.
            pub fn from_name(name: &str) -> Option<Code> {
                match name { $($name => Some(Code::$variant),)* _ => None }
            }
        }
    };
}
codes! {
    /// The service does not exist in the country.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", "No service", "Markets", "countries";
    /// No approved window covers the country.
    RightsNone = "RIGHTS_NONE", "No rights", "Licensing", "rights";
    /// The first window lies ahead.
    RightsNotYet = "RIGHTS_NOT_YET", "Window ahead", "Licensing", "rights";
    /// The last window is over.
    RightsExpired = "RIGHTS_EXPIRED", "Rights expired", "Licensing", "rights";
    /// A window was taken back and no other one stands.
    RightsRevoked = "RIGHTS_REVOKED", "Rights revoked", "Licensing", "rights";
    /// The season or series of a video has no record.
    ParentMissing = "PARENT_MISSING", "Parent record missing", "Title management", "titles";
    /// The season or series of a video lacks a hard requirement itself.
    ParentNotLive = "PARENT_NOT_LIVE", "Parent not live", "Title management", "titles";
    /// No usable picture.
    VideoNotReady = "VIDEO_NOT_READY", "Video not ready", "Media pipeline", "assets";
    /// No usable sound in a required language.
    AudioMissing = "AUDIO_MISSING", "Dub missing", "Localisation, dubbing", "assets";
    /// Neither subtitles nor sound in a required language.
    SubMissing = "SUB_MISSING", "Subtitles missing", "Localisation, subtitles", "assets";
    /// No title in a required language.
    TitleTextMissing = "TITLE_TEXT_MISSING", "Title not translated", "Metadata", "texts";
    /// No released synopsis in a required language.
    SynopsisMissing = "SYNOPSIS_MISSING", "Synopsis missing", "Metadata", "texts";
    /// No rating for the country.
    RatingMissing = "RATING_MISSING", "Rating missing", "Ratings", "ratings";
    /// Rated for the country, but with no value that it accepts.
    RatingUnaccepted = "RATING_UNACCEPTED", "Rating not accepted", "Ratings", "ratings";
    /// No usable artwork.
    ArtworkMissing = "ARTWORK_MISSING", "Artwork missing", "Creative", "assets";
}

impl Code {
    /// Whether a policy can weaken it or turn it off. Without a window nothing can be shown, whatever a policy says.
    pub fn is_configurable(self) -> bool {
        !matches!(
            self,
            Code::RightsNone | Code::RightsNotYet | Code::RightsExpired | Code::RightsRevoked
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where a delivery stands. The order is by progress: the furthest one is the one to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Progress {
    /// Usable, perhaps only from some instant on.
    Validated,
    /// In our storage, not checked.
    Ingested,
    /// Handed over, not checked.
    Delivered,
    /// Being made.
    Processing,
    /// Promised.
    Offered,
    /// Sent back for a correction.
    Rework,
    /// Refused.
    Rejected,
    /// Waiting for a decision.
    OnHold,
    /// Withdrawn.
    Recalled,
    /// Anything else: replaced, deleted, or a word we do not know.
    Gone,
}

impl Progress {
    /// The progress that a status code of the `assets` dataset means.
    pub fn from_status_code(code: &str) -> Self {
        match code {
            "validated" => Progress::Validated,
            "ingested" => Progress::Ingested,
            "delivered" => Progress::Delivered,
            "processing" => Progress::Processing,
            "offered" => Progress::Offered,
            "rework" => Progress::Rework,
            "rejected" => Progress::Rejected,
            "on-hold" => Progress::OnHold,
            "recalled" => Progress::Recalled,
            _ => Progress::Gone,
        }
    }

    /// How it reads behind what is missing.
    pub fn word(self) -> &'static str {
        match self {
            Progress::Validated => "usable later",
            Progress::Ingested => "ingested",
            Progress::Delivered => "delivered",
            Progress::Processing => "processing",
            Progress::Offered => "offered",
            Progress::Rework => "rework",
            Progress::Rejected => "rejected",
            Progress::OnHold => "on hold",
            Progress::Recalled => "recalled",
            Progress::Gone => "withdrawn",
        }
    }
}

/// What exactly is missing, in numbers that the inputs turn into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Detail {
    /// Nothing to add.
    None,
    /// The contract of a window, by the rank of its id among all contracts.
    Contract(u32),
    /// A contract that is not approved.
    Pending(u32),
    /// A delivery in a required language, and how far the furthest one is.
    Language(Need, Option<Progress>),
    /// A delivery without a language, and how far the furthest one is.
    Delivery(Option<Progress>),
    /// A text that is there but not released.
    Unreleased(Need),
    /// The rating systems of some countries, by their rank among those for movies, or else for series.
    Systems {
        /// The rank.
        rank: u32,
        /// For movies.
        film: bool,
    },
    /// A rating by the rank of its name (`DE/FSK 18`) among all ratings given.
    Rating(u32),
    /// A season or series by its id.
    Parent(i64),
}

/// One reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason {
    /// Its kind.
    pub code: Code,
    /// What exactly.
    pub detail: Detail,
}

impl Reason {
    /// A reason of this kind.
    pub fn new(code: Code, detail: Detail) -> Self {
        Reason { code, detail }
    }
}

/// Resolves what a [`Detail`] refers to.
pub trait Names {
    /// The tag of a required language.
    fn language(&self, need: Need) -> &str;
    /// The id of a contract.
    fn contract(&self, rank: u32) -> &str;
    /// The name of a rating.
    fn rating(&self, rank: u32) -> &str;
    /// The names of rating systems.
    fn systems(&self, rank: u32, film: bool) -> &str;
}

impl Reason {
    /// The detail as text: `subtitle ko (processing)`.
    pub fn detail_text(&self, names: &impl Names) -> String {
        let kind = match self.code {
            Code::AudioMissing => "audio",
            Code::SubMissing => "subtitle",
            Code::TitleTextMissing => "title",
            Code::SynopsisMissing => "synopsis",
            Code::VideoNotReady => "video",
            Code::ArtworkMissing => "artwork",
            Code::RatingMissing | Code::RatingUnaccepted => "rating",
            Code::ParentMissing => "parent id",
            _ => "",
        };
        let standing = |progress: Option<Progress>| match progress {
            Some(progress) => format!(" ({})", progress.word()),
            None => String::new(),
        };
        match self.detail {
            Detail::None => kind.to_owned(),
            Detail::Contract(rank) => format!("contract {}", names.contract(rank)),
            Detail::Pending(rank) => format!("contract {} (not approved)", names.contract(rank)),
            Detail::Language(need, progress) => format!("{kind} {}{}", names.language(need), standing(progress)),
            Detail::Delivery(progress) => format!("{kind}{}", standing(progress)),
            Detail::Unreleased(need) => format!("{kind} {} (not released)", names.language(need)),
            Detail::Systems { rank, film } => format!("{kind} {}", names.systems(rank, film)),
            Detail::Rating(rank) => format!("{kind} {}", names.rating(rank)),
            Detail::Parent(id) => format!("parent {id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_name_an_input() {
        for code in Code::ALL {
            assert_eq!(Code::from_name(code.name()), Some(code));
            let inputs = ["titles", "texts", "rights", "assets", "ratings", "countries"];
            assert!(inputs.contains(&code.input()), "{code}");
            assert!(!code.owner().is_empty() && !code.label().is_empty(), "{code}");
        }
        assert_eq!(Code::from_name("sub_missing"), None);
    }
}
