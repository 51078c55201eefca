//! One country: what is blocked and at risk there, and why.

use super::{StatusLine, TitleRow, status_lines, title_row};
use crate::country_set::CountryIndex;
use crate::reason::Code;
use crate::status::Status;
use crate::web::error::PageError;
use crate::web::format;
use crate::web::respond::{Answer, Frame, Request, serve};
use crate::web::site::Site;
use crate::web::svg::{self, Svg};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;

const TITLES: usize = 25;

/// The page of a country.
#[derive(Template, Serialize)]
#[template(path = "country.html")]
struct Country {
    state: Frame,
    country: String,
    name: String,
    region: String,
    statuses: Vec<StatusLine>,
    reasons: Vec<ReasonLine>,
    blocked: Vec<TitleRow>,
    opening: Vec<Opening>,
    #[serde(skip)]
    bar: Svg,
    #[serde(skip)]
    blocked_total: u64,
    #[serde(skip)]
    blocked_link: String,
    #[serde(skip)]
    opening_total: usize,
}

#[derive(Serialize)]
struct ReasonLine {
    code: &'static str,
    owner: &'static str,
    blocked: u64,
    ahead: u64,
    #[serde(skip)]
    label: &'static str,
    #[serde(skip)]
    bar: Svg,
    #[serde(skip)]
    link: String,
}

/// A title whose window opens soon.
#[derive(Serialize)]
struct Opening {
    at: i64,
    video_id: i64,
    name: String,
    status: &'static str,
    #[serde(skip)]
    label: &'static str,
    #[serde(skip)]
    class: &'static str,
    #[serde(skip)]
    when: String,
    #[serde(skip)]
    distance: String,
    #[serde(skip)]
    missing: Vec<super::Missing>,
    #[serde(skip)]
    link: String,
}

/// Answers `/{env}/countries/{code}`.
pub(crate) async fn get(
    State(site): State<Site>,
    Path((env, code)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    serve(site, &env, uri, headers, &[], move |request| {
        Ok(Answer::Screen(country(request, &code)?))
    })
    .await
}

fn country(request: &Request, code: &str) -> Result<Country, PageError> {
    let (view, names) = (&request.shown.view, &request.names);
    let short: String = code.chars().take(10).collect();
    let index = view.countries().index(&short.to_ascii_uppercase());
    let index = index.ok_or_else(|| PageError::NotFound(format!("country {short} in this dataset")))?;
    let code = view.countries().code(index).to_owned();
    let counts = request
        .shown
        .summary
        .by_country
        .get(usize::from(index.0))
        .copied()
        .unwrap_or_default();
    let titles = |status: Status| {
        request
            .link("titles")
            .with("status", status.name())
            .with("country", &code)
            .build()
    };
    let gathered = gather(request, index);
    Ok(Country {
        state: request.frame("countries"),
        name: names.country(&code).to_owned(),
        region: names.region(&code).to_owned(),
        statuses: status_lines(&counts, titles),
        reasons: reasons(request, &code, &gathered),
        blocked: gathered
            .blocked
            .iter()
            .take(TITLES)
            .map(|(video, codes)| title_row(request, *video, &super::counts(view, *video), *codes))
            .collect(),
        opening_total: gathered.opening.len(),
        opening: gathered
            .opening
            .iter()
            .take(TITLES)
            .map(|found| opening(request, found))
            .collect(),
        bar: svg::segments(&counts, true),
        blocked_total: counts[Status::Blocked as usize],
        blocked_link: titles(Status::Blocked),
        country: code,
    })
}

type Found = (i64, i64, Status, u32);

#[derive(Default)]
struct Gathered {
    /// Videos with the codes that are missing.
    blocked: Vec<(i64, u32)>,
    /// Opening, video, status and codes, by time.
    opening: Vec<Found>,
    by_code: [[u64; 2]; Code::ALL.len()],
}

fn gather(request: &Request, country: CountryIndex) -> Gathered {
    let view = &request.shown.view;
    let soon = view
        .instant()
        .unwrap_or(request.now)
        .saturating_add(crate::view::LAUNCH_HORIZON_MS);
    let mut gathered = Gathered::default();
    for (position, video) in view.videos().enumerate() {
        let found = view
            .verdicts(position)
            .find(|verdict| verdict.countries.contains(country));
        let Some(verdict) = found else { continue };
        let place = match verdict.status {
            Status::Blocked => {
                gathered.blocked.push((video, verdict.codes));
                Some(0)
            }
            Status::AtRisk | Status::InProgress => Some(1),
            _ => None,
        };
        if let Some(place) = place {
            for code in Code::ALL {
                gathered.by_code[code as usize][place] += u64::from(verdict.codes >> code as u32 & 1);
            }
        }
        let ahead = matches!(verdict.status, Status::Ready | Status::AtRisk | Status::InProgress);
        if let Some(at) = verdict.live_from.filter(|at| ahead && *at < soon) {
            gathered.opening.push((at, video, verdict.status, verdict.codes));
        }
    }
    gathered.opening.sort_unstable_by_key(|(at, video, _, _)| (*at, *video));
    gathered
}

fn reasons(request: &Request, code: &str, gathered: &Gathered) -> Vec<ReasonLine> {
    let all = Code::ALL.into_iter().zip(gathered.by_code);
    let mut there: Vec<_> = all
        .filter(|(reason, counts)| reason.is_configurable() && counts != &[0, 0])
        .collect();
    there.sort_by_key(|(reason, counts)| (std::cmp::Reverse(*counts), *reason));
    let most = there.iter().map(|(_, counts)| counts[0]).max().unwrap_or(0);
    let line = |(reason, [blocked, ahead]): (Code, [u64; 2])| ReasonLine {
        code: reason.name(),
        owner: reason.owner(),
        blocked,
        ahead,
        label: reason.label(),
        bar: svg::meter(blocked, most, "block"),
        link: request
            .link("titles")
            .with("reason", reason.name())
            .with("country", code)
            .build(),
    };
    there.into_iter().map(line).collect()
}

fn opening(request: &Request, (at, video, status, codes): &Found) -> Opening {
    Opening {
        at: *at,
        video_id: *video,
        name: request.names.title(*video),
        status: status.name(),
        label: status.label(),
        class: svg::class(*status),
        when: format::day_and_time(*at),
        distance: format::relative(*at, request.now),
        missing: super::missing(*codes),
        link: request.title_link(*video),
    }
}
