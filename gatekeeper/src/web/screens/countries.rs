//! All countries by region, with how much is blocked in each.

use crate::status::Status;
use crate::view::StatusCounts;
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
use std::collections::BTreeMap;

/// The list of countries.
#[derive(Template, Serialize)]
#[template(path = "countries.html")]
struct CountriesPage {
    state: Frame,
    regions: Vec<RegionRows>,
    #[serde(skip)]
    total: usize,
}

#[derive(Serialize)]
struct RegionRows {
    region: String,
    countries: Vec<CountryRow>,
}

#[derive(Serialize)]
struct CountryRow {
    country: String,
    name: String,
    live: u64,
    blocked: u64,
    at_risk: u64,
    ready: u64,
    #[serde(skip)]
    live_text: String,
    #[serde(skip)]
    bar: Svg,
    #[serde(skip)]
    link: String,
}

/// Answers `/{env}/countries`.
pub(crate) async fn get(State(site): State<Site>, Path(env): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    serve(site, &env, uri, headers, &[], |request| {
        Ok(Answer::Screen(countries(request)?))
    })
    .await
}

fn countries(request: &Request) -> Result<CountriesPage, PageError> {
    let (view, summary) = (&request.shown.view, &request.shown.summary);
    let mut regions: BTreeMap<&str, Vec<CountryRow>> = BTreeMap::new();
    for (code, counts) in view.countries().codes().zip(&summary.by_country) {
        regions
            .entry(request.names.region(code))
            .or_default()
            .push(row(request, code, counts));
    }
    let region = |(region, countries): (&str, Vec<CountryRow>)| RegionRows {
        region: region.to_owned(),
        countries,
    };
    Ok(CountriesPage {
        state: request.frame("countries"),
        regions: regions.into_iter().map(region).collect(),
        total: view.countries().len(),
    })
}

fn row(request: &Request, code: &str, counts: &StatusCounts) -> CountryRow {
    let live = counts[Status::Live as usize] + counts[Status::LiveWithGaps as usize];
    CountryRow {
        country: code.to_owned(),
        name: request.names.country(code).to_owned(),
        live,
        blocked: counts[Status::Blocked as usize],
        at_risk: counts[Status::AtRisk as usize],
        ready: counts[Status::Ready as usize],
        live_text: format::number(live),
        bar: svg::licensed(counts),
        link: request.link(&format!("countries/{code}")).build(),
    }
}
