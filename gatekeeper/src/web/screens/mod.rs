//! The screens: typed structs, computed from one state, rendered by a template or written as JSON.

pub(super) mod countries;
pub(super) mod country;
pub(super) mod overview;
pub(super) mod title;
pub(super) mod titles;

use super::format;
use super::respond::Request;
use super::site::{Env, Site};
use super::svg::{self, Svg};
use crate::reason::Code;
use crate::status::Status;
use crate::view::{LivenessView, StatusCounts};
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

/// Whether there is something to show.
pub(super) async fn ready(State(site): State<Site>) -> (StatusCode, &'static str) {
    if Env::ALL.into_iter().any(|env| site.shown(env).is_some()) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "no state yet\n")
    }
}

/// A status with a count.
#[derive(Clone, Serialize)]
pub(super) struct StatusLine {
    pub(super) status: &'static str,
    pub(super) cells: u64,
    #[serde(skip)]
    pub(super) label: &'static str,
    #[serde(skip)]
    pub(super) class: &'static str,
    #[serde(skip)]
    pub(super) letter: char,
    #[serde(skip)]
    pub(super) count: String,
    #[serde(skip)]
    pub(super) link: String,
}

/// The statuses that occur, trouble first; `link` says where each leads.
pub(super) fn status_lines(counts: &StatusCounts, link: impl Fn(Status) -> String) -> Vec<StatusLine> {
    let there = Status::ALL.into_iter().filter(|status| counts[*status as usize] > 0);
    there
        .map(|status| StatusLine {
            status: status.name(),
            cells: counts[status as usize],
            label: status.label(),
            class: svg::class(status),
            letter: status.letter(),
            count: format::number(counts[status as usize]),
            link: link(status),
        })
        .collect()
}

/// A missing requirement with the number of cells.
#[derive(Clone, Serialize)]
pub(super) struct Missing {
    pub(super) code: &'static str,
    #[serde(skip)]
    pub(super) label: &'static str,
    #[serde(skip)]
    pub(super) owner: &'static str,
    #[serde(skip)]
    pub(super) title: &'static str,
}

/// What a set of codes names as missing. What only time decides is not missing.
pub(super) fn missing(codes: u32) -> Vec<Missing> {
    let named = Code::ALL.into_iter().filter(|code| codes >> *code as u32 & 1 == 1);
    let work = named.filter(|code| code.is_configurable() && *code != Code::ServiceUnavailable);
    work.map(|code| Missing {
        code: code.name(),
        label: short_label(code),
        owner: code.owner(),
        title: code.label(),
    })
    .collect()
}

/// One word for narrow places.
pub(super) fn short_label(code: Code) -> &'static str {
    match code {
        Code::ServiceUnavailable => "Service",
        Code::RightsNone | Code::RightsNotYet | Code::RightsExpired | Code::RightsRevoked => "Rights",
        Code::ParentMissing | Code::ParentNotLive => "Parent",
        Code::VideoNotReady => "Video",
        Code::AudioMissing => "Dub",
        Code::SubMissing => "Subtitles",
        Code::TitleTextMissing => "Title text",
        Code::SynopsisMissing => "Synopsis",
        Code::RatingMissing => "Rating",
        Code::RatingUnaccepted => "Rating value",
        Code::ArtworkMissing => "Artwork",
    }
}

/// An item of a drop-down list.
#[derive(Clone)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) selected: bool,
}

/// A country as a tile.
#[derive(Clone, Serialize)]
pub(super) struct Tile {
    pub(super) country: String,
    pub(super) status: &'static str,
    /// How many requirements are missing.
    pub(super) missing: u32,
    #[serde(skip)]
    pub(super) class: &'static str,
    #[serde(skip)]
    pub(super) words: String,
    #[serde(skip)]
    pub(super) link: String,
    #[serde(skip)]
    pub(super) current: bool,
}

/// Tiles of one region.
#[derive(Clone, Serialize)]
pub(super) struct Region {
    pub(super) region: String,
    pub(super) tiles: Vec<Tile>,
    #[serde(skip)]
    pub(super) size: String,
    #[serde(skip)]
    pub(super) need_work: usize,
}

/// A video with its cells by status.
#[derive(Clone, Serialize)]
pub(super) struct TitleRow {
    pub(super) video_id: i64,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) blocked: u64,
    pub(super) at_risk: u64,
    pub(super) live: u64,
    pub(super) missing: Vec<Missing>,
    #[serde(skip)]
    pub(super) bar: Svg,
    #[serde(skip)]
    pub(super) link: String,
}

/// The cells of a video by status; none for one the state does not have.
pub(super) fn counts(view: &LivenessView, video: i64) -> StatusCounts {
    let mut counts = StatusCounts::default();
    for verdict in view
        .find(video)
        .into_iter()
        .flat_map(|position| view.verdicts(position))
    {
        counts[verdict.status as usize] += verdict.countries.len() as u64;
    }
    counts
}

/// The row of a video.
pub(super) fn title_row(request: &Request, video: i64, counts: &StatusCounts, codes: u32) -> TitleRow {
    TitleRow {
        video_id: video,
        name: request.names.title(video),
        kind: request.names.kind(video),
        blocked: counts[Status::Blocked as usize],
        at_risk: counts[Status::AtRisk as usize],
        live: counts[Status::Live as usize] + counts[Status::LiveWithGaps as usize],
        missing: missing(codes),
        bar: svg::segments(counts, false),
        link: request.title_link(video),
    }
}
