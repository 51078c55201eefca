//! Titles: which match a status, a country, a reason, a part of the name; trouble first.

use super::{Choice, TitleRow, short_label, title_row};
use crate::country_set::{CountryIndex, CountrySet};
use crate::reason::Code;
use crate::status::Status;
use crate::view::{StatusCounts, code_bit};
use crate::web::error::PageError;
use crate::web::format;
use crate::web::names::Names;
use crate::web::respond::{Answer, Frame, Request, serve};
use crate::web::site::Site;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;

const PER_PAGE: usize = 50;

/// A page of titles.
#[derive(Template, Serialize)]
#[template(path = "titles.html")]
struct Titles {
    state: Frame,
    sentence: String,
    matching: usize,
    cells: u64,
    page: usize,
    pages: usize,
    titles: Vec<Match>,
    #[serde(skip)]
    statuses: Vec<Choice>,
    #[serde(skip)]
    reasons: Vec<Choice>,
    #[serde(skip)]
    countries: Vec<Choice>,
    #[serde(skip)]
    earlier: Option<String>,
    #[serde(skip)]
    later: Option<String>,
    #[serde(skip)]
    everything: String,
}

/// A title with the number of its cells that match.
#[derive(Serialize)]
struct Match {
    matching: u64,
    #[serde(flatten)]
    row: TitleRow,
}

/// Answers `/{env}/titles`.
pub(crate) async fn get(State(site): State<Site>, Path(env): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    let known = &["q", "status", "country", "reason", "page"];
    serve(site, &env, uri, headers, known, titles).await
}

struct Filter<'q> {
    text: Option<Text<'q>>,
    status: Option<Status>,
    country: Option<CountryIndex>,
    reason: Option<Code>,
}

/// A part of a name: as given, and folded.
struct Text<'q> {
    number: Option<&'q str>,
    folded: String,
}

impl Filter<'_> {
    fn matches_name(&self, names: &Names, video: i64) -> bool {
        let Some(text) = &self.text else { return true };
        let by_number = || text.number.is_some_and(|number| video.to_string().starts_with(number));
        names
            .bare(video)
            .is_some_and(|name| name.to_lowercase().contains(&text.folded))
            || by_number()
    }

    /// The cells of a video that match, by status, with the codes that are missing in them.
    fn cells(&self, request: &Request, position: usize) -> (StatusCounts, u32) {
        let (mut counts, mut codes) = (StatusCounts::default(), 0);
        let only = self.country.map(CountrySet::of);
        for verdict in request.shown.view.verdicts(position) {
            let countries = only.map_or(verdict.countries, |only| only & verdict.countries);
            let fits = self.status.is_none_or(|status| status == verdict.status)
                && self.reason.is_none_or(|reason| verdict.codes & code_bit(reason) != 0);
            if fits && !countries.is_empty() {
                counts[verdict.status as usize] += countries.len() as u64;
                codes |= verdict.codes;
            }
        }
        (counts, codes)
    }
}

fn titles(request: &Request) -> Result<Answer<Titles>, PageError> {
    let (view, query) = (&request.shown.view, &request.query);
    let page = query.page()?;
    let q = query.get("q");
    if let Some(video) = q
        .and_then(|q| q.parse().ok())
        .filter(|video| view.find(*video).is_some())
    {
        return Ok(Answer::Elsewhere(request.title_link(video)));
    }
    let text = q.map(|q| Text {
        number: Some(q).filter(|q| q.bytes().all(|b| b.is_ascii_digit())),
        folded: q.to_lowercase(),
    });
    let filter = Filter {
        text,
        status: query.status("status")?,
        country: query.country("country", view.countries())?,
        reason: query.reason("reason")?,
    };
    let mut found: Vec<(i64, StatusCounts, u32)> = Vec::new();
    for (position, video) in view.videos().enumerate() {
        if filter.matches_name(&request.names, video) {
            let (counts, codes) = filter.cells(request, position);
            if counts.iter().any(|count| *count > 0) {
                found.push((video, counts, codes));
            }
        }
    }
    let trouble = |counts: &StatusCounts| (counts[Status::Blocked as usize], counts[Status::AtRisk as usize]);
    found.sort_by_key(|(video, counts, _)| (std::cmp::Reverse(trouble(counts)), *video));
    let cells = found.iter().flat_map(|(_, counts, _)| counts).sum();
    let pages = found.len().div_ceil(PER_PAGE).max(1);
    if page > pages {
        return Err(PageError::parameter("page", &format!("a number from 1 to {pages}")));
    }
    let shown = found.iter().skip((page - 1) * PER_PAGE).take(PER_PAGE);
    let other = |number: usize| request.here("page", &number.to_string());
    Ok(Answer::Screen(Titles {
        state: request.frame("titles"),
        sentence: format!(
            "{} titles, {} cells.",
            format::number(found.len() as u64),
            format::number(cells)
        ),
        matching: found.len(),
        cells,
        page,
        pages,
        titles: shown
            .map(|(video, counts, codes)| found_title(request, *video, counts, *codes))
            .collect(),
        statuses: choices(
            Status::ALL.map(|status| (status.name(), status.label())),
            filter.status.map(Status::name),
        ),
        reasons: choices(
            Code::ALL.map(|code| {
                (
                    code.name(),
                    if code.is_configurable() {
                        code.label()
                    } else {
                        short_rights(code)
                    },
                )
            }),
            filter.reason.map(Code::name),
        ),
        countries: countries(request, filter.country),
        earlier: (page > 1).then(|| other(page - 1)),
        later: (page < pages).then(|| other(page + 1)),
        everything: request.link("titles").build(),
    }))
}

fn found_title(request: &Request, video: i64, matching: &StatusCounts, codes: u32) -> Match {
    Match {
        matching: matching.iter().sum(),
        row: title_row(request, video, &super::counts(&request.shown.view, video), codes),
    }
}

fn short_rights(code: Code) -> &'static str {
    match code {
        Code::RightsNotYet | Code::RightsExpired | Code::RightsRevoked | Code::RightsNone => code.label(),
        _ => short_label(code),
    }
}

fn choices<const N: usize>(all: [(&'static str, &'static str); N], selected: Option<&str>) -> Vec<Choice> {
    let choice = |(value, label): (&str, &str)| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        selected: selected == Some(value),
    };
    all.into_iter().map(choice).collect()
}

fn countries(request: &Request, selected: Option<CountryIndex>) -> Vec<Choice> {
    let countries = request.shown.view.countries();
    let selected = selected.map(|country| countries.code(country));
    let mut choices: Vec<Choice> = countries
        .codes()
        .map(|code| Choice {
            value: code.to_owned(),
            label: format!("{} ({code})", request.names.country(code)),
            selected: selected == Some(code),
        })
        .collect();
    choices.sort_by(|a, b| a.label.cmp(&b.label));
    choices
}
