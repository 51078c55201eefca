//! Overview: what is wrong now, what will be soon, are the inputs fresh, and what would PREPROD change?

use super::{Missing, StatusLine, missing, status_lines};
use crate::country_set::CountryIndex;
use crate::reason::Code;
use crate::status::Status;
use crate::view::{CodeCounts, LAUNCH_HORIZON_MS};
use crate::web::error::PageError;
use crate::web::format;
use crate::web::respond::{Answer, Frame, Request, serve};
use crate::web::site::{Env, Site};
use crate::web::svg::{self, Svg};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;

const LAUNCHES: usize = 10;
const COUNTRIES: usize = 10;

/// The overview of an environment.
#[derive(Template, Serialize)]
#[template(path = "overview.html")]
struct Overview {
    state: Frame,
    figures: Vec<Figure>,
    statuses: Vec<StatusLine>,
    #[serde(skip)]
    bar: Svg,
    sentence: String,
    launches: Vec<LaunchLine>,
    launches_in_seven_days: usize,
    reasons: Vec<ReasonLine>,
    inputs: Vec<InputLine>,
    countries: Vec<CountryLine>,
    pairing: Option<Pairing>,
    #[serde(skip)]
    unpaired: Option<String>,
    #[serde(skip)]
    digest_short: String,
}

#[derive(Serialize)]
struct Figure {
    name: &'static str,
    value: String,
    unit: &'static str,
    detail: String,
    #[serde(skip)]
    class: &'static str,
    #[serde(skip)]
    link: String,
}

#[derive(Serialize)]
struct LaunchLine {
    at: i64,
    video_id: i64,
    name: String,
    kind: &'static str,
    not_ready: u64,
    cells: u64,
    missing: Vec<Missing>,
    #[serde(skip)]
    bar: Svg,
    #[serde(skip)]
    when: String,
    #[serde(skip)]
    distance: String,
    #[serde(skip)]
    link: String,
}

#[derive(Serialize)]
struct ReasonLine {
    code: &'static str,
    label: &'static str,
    owner: &'static str,
    input: &'static str,
    #[serde(flatten)]
    counts: CodeCounts,
    #[serde(skip)]
    bar: Svg,
    #[serde(skip)]
    blocked: String,
    #[serde(skip)]
    ahead: String,
    #[serde(skip)]
    link: String,
}

#[derive(Serialize)]
struct InputLine {
    dataset: String,
    version: Option<i64>,
    made_at: Option<i64>,
    checked_at: Option<i64>,
    error: Option<String>,
    #[serde(skip)]
    version_text: String,
    #[serde(skip)]
    age: String,
    #[serde(skip)]
    made: String,
    #[serde(skip)]
    checked: String,
    #[serde(skip)]
    class: &'static str,
    #[serde(skip)]
    word: &'static str,
}

#[derive(Serialize)]
struct CountryLine {
    country: String,
    name: String,
    blocked: u64,
    at_risk: u64,
    live: u64,
    #[serde(skip)]
    bar: Svg,
    #[serde(skip)]
    link: String,
}

#[derive(Serialize)]
struct Pairing {
    prod: i64,
    preprod: i64,
    prod_policy: String,
    preprod_policy: String,
    same_inputs: bool,
    cells: u64,
    changed: u64,
    changed_videos: u64,
    transitions: Vec<TransitionLine>,
    reasons: Vec<ReasonChangeLine>,
    countries: Vec<(String, u64)>,
    #[serde(skip)]
    sentence: String,
    #[serde(skip)]
    prod_text: String,
    #[serde(skip)]
    preprod_text: String,
}

#[derive(Serialize)]
struct TransitionLine {
    from: &'static str,
    to: &'static str,
    cells: u64,
    #[serde(skip)]
    labels: [&'static str; 2],
    #[serde(skip)]
    classes: [&'static str; 2],
    #[serde(skip)]
    count: String,
    #[serde(skip)]
    harm: bool,
}

#[derive(Serialize)]
struct ReasonChangeLine {
    code: String,
    added: u64,
    removed: u64,
    countries: Vec<String>,
    #[serde(skip)]
    more: usize,
    #[serde(skip)]
    label: String,
}

/// Answers `/{env}/`.
pub(crate) async fn get(State(site): State<Site>, Path(env): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    serve(site, &env, uri, headers, &[], |request| {
        Ok(Answer::Screen(overview(request)?))
    })
    .await
}

fn overview(request: &Request) -> Result<Overview, PageError> {
    let (view, summary) = (&request.shown.view, &request.shown.summary);
    let state = request.frame("overview");
    let titles = |status: Status| request.link("titles").with("status", status.name()).build();
    let sentence = format!(
        "{} titles in {} countries: {} cells, each judged again in every cycle.",
        format::number(view.len() as u64),
        view.countries().len(),
        format::number(summary.total())
    );
    Ok(Overview {
        figures: figures(request),
        statuses: status_lines(&summary.cells, titles),
        bar: svg::segments(&summary.cells, true),
        sentence,
        launches: launches(request),
        launches_in_seven_days: summary.launches.len(),
        reasons: reasons(request),
        inputs: inputs(request),
        countries: countries(request),
        pairing: pairing(request),
        unpaired: unpaired(request),
        digest_short: state.digest.chars().take(12).collect(),
        state,
    })
}

fn figures(request: &Request) -> Vec<Figure> {
    let summary = &request.shown.summary;
    let status = request.site.status(request.env);
    let titles = |status: Status| request.link("titles").with("status", status.name()).build();
    let (blocked, at_risk) = (summary.count(Status::Blocked), summary.count(Status::AtRisk));
    let live = summary.count(Status::Live) + summary.count(Status::LiveWithGaps);
    let in_window = live + blocked;
    let videos = |status: Status| format::number(summary.videos[status as usize]);
    vec![
        Figure {
            name: "Blocked now",
            value: format::number(blocked),
            unit: "cells",
            detail: format!(
                "{} titles have an open window and are not live",
                videos(Status::Blocked)
            ),
            class: if blocked > 0 { "alert" } else { "" },
            link: titles(Status::Blocked),
        },
        Figure {
            name: "At risk",
            value: format::number(at_risk),
            unit: "cells",
            detail: format!("{} titles open soon and lack something", videos(Status::AtRisk)),
            class: if at_risk > 0 { "warn" } else { "" },
            link: titles(Status::AtRisk),
        },
        Figure {
            name: "Live",
            value: format::number(live),
            unit: "cells",
            detail: format!("{} of what has an open window", format::percent(live, in_window)),
            class: "",
            link: titles(Status::Live),
        },
        Figure {
            name: "Scheduled",
            value: format::number(summary.count(Status::Ready)),
            unit: "cells",
            detail: format!("{} titles wait for their window only", videos(Status::Ready)),
            class: "",
            link: titles(Status::Ready),
        },
        Figure {
            name: "Change by themselves",
            value: format::number(summary.changes_within_a_day),
            unit: "in 24 h",
            detail: "Windows open or close, deliveries become usable".to_owned(),
            class: "",
            link: request.link("titles").build(),
        },
        Figure {
            name: "Evaluation",
            value: status.evaluate_ms.map_or_else(|| "–".to_owned(), milliseconds),
            unit: "",
            detail: format!(
                "{} cells; published in {}",
                format::number(summary.total()),
                status.publish_ms.map_or_else(|| "–".to_owned(), milliseconds)
            ),
            class: "",
            link: request.link("").build(),
        },
    ]
}

fn milliseconds(milliseconds: u64) -> String {
    if milliseconds < 1000 {
        format!("{milliseconds} ms")
    } else {
        format!("{:.1} s", milliseconds as f64 / 1000.0)
    }
}

fn launches(request: &Request) -> Vec<LaunchLine> {
    let launches = &request.shown.summary.launches;
    let not_ready =
        |cells: &crate::view::StatusCounts| cells[Status::AtRisk as usize] + cells[Status::InProgress as usize];
    // What lacks something comes first: the rest only has to wait.
    let (troubled, fine): (Vec<_>, Vec<_>) = launches.iter().partition(|launch| not_ready(&launch.cells) > 0);
    let now = request.shown.view.instant().unwrap_or(request.now);
    let first = troubled.into_iter().chain(fine).take(LAUNCHES);
    let first = first.filter(|launch| launch.at <= now.saturating_add(LAUNCH_HORIZON_MS));
    first
        .map(|launch| LaunchLine {
            at: launch.at,
            video_id: launch.video,
            name: request.names.title(launch.video),
            kind: request.names.kind(launch.video),
            not_ready: not_ready(&launch.cells),
            cells: launch.cells.iter().sum(),
            missing: missing(launch.codes),
            bar: svg::segments(&launch.cells, false),
            when: format::day_and_time(launch.at),
            distance: format::relative(launch.at, request.now),
            link: request.title_link(launch.video),
        })
        .collect()
}

fn reasons(request: &Request) -> Vec<ReasonLine> {
    let by_code = &request.shown.summary.by_code;
    let mut lines: Vec<(Code, CodeCounts)> = Code::ALL.into_iter().zip(by_code.iter().copied()).collect();
    lines.retain(|(code, counts)| code.is_configurable() && counts.blocked + counts.ahead + counts.gaps > 0);
    lines.sort_by_key(|(code, counts)| (std::cmp::Reverse((counts.blocked, counts.ahead)), *code));
    let most = lines
        .iter()
        .map(|(_, counts)| counts.blocked + counts.ahead)
        .max()
        .unwrap_or(0);
    let line = |(code, counts): (Code, CodeCounts)| ReasonLine {
        code: code.name(),
        label: code.label(),
        owner: code.owner(),
        input: code.input(),
        bar: svg::meter(counts.blocked, most, "block"),
        blocked: format::number(counts.blocked),
        ahead: format::number(counts.ahead),
        link: request.link("titles").with("reason", code.name()).build(),
        counts,
    };
    lines.into_iter().map(line).collect()
}

/// An input that could not be asked for so long is stale.
const STALE_MS: i64 = 600_000;

fn inputs(request: &Request) -> Vec<InputLine> {
    let status = request.site.status(request.env);
    let used = request.shown.view.inputs();
    let line = |(dataset, version): (&str, i64)| {
        let known = status.inputs.iter().find(|input| input.name == dataset);
        let made_at = known
            .filter(|input| input.version == Some(version))
            .and_then(|input| input.made_at);
        let checked_at = known.and_then(|input| input.checked_at);
        let error = known.and_then(|input| input.error.clone());
        let unchecked = checked_at.is_some_and(|at| request.now - at > STALE_MS);
        let (class, word) = match (&error, unchecked) {
            (Some(_), _) => ("block", "Failing, last good used"),
            (None, true) => ("risk", "Stale"),
            (None, false) if known.is_none() => ("", "As recorded"),
            (None, false) => ("live", "Fresh"),
        };
        let made_at = made_at.or_else(|| instant_of_version(version));
        InputLine {
            dataset: dataset.to_owned(),
            version: Some(version),
            made_at,
            checked_at,
            error,
            version_text: format::version(version),
            age: made_at.map_or_else(|| "–".to_owned(), |at| format::span(request.now - at)),
            made: made_at.map(format::instant).unwrap_or_default(),
            checked: checked_at.map_or_else(|| "–".to_owned(), |at| format::relative(at, request.now.max(at))),
            class,
            word,
        }
    };
    used.into_iter().map(line).collect()
}

/// Versions minted by a clock say when they were made.
fn instant_of_version(version: i64) -> Option<i64> {
    let digits = version.to_string();
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", digits.get(..14)?).ok()?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    (digits.len() == 17).then(|| zoned.timestamp().as_millisecond())
}

fn countries(request: &Request) -> Vec<CountryLine> {
    let (view, summary) = (&request.shown.view, &request.shown.summary);
    let mut lines: Vec<_> = view.countries().codes().zip(&summary.by_country).collect();
    let trouble =
        |counts: &crate::view::StatusCounts| (counts[Status::Blocked as usize], counts[Status::AtRisk as usize]);
    lines.sort_by_key(|(code, counts)| (std::cmp::Reverse(trouble(counts)), *code));
    let line = |(code, counts): (&str, &crate::view::StatusCounts)| {
        let (blocked, at_risk) = trouble(counts);
        CountryLine {
            country: code.to_owned(),
            name: request.names.country(code).to_owned(),
            blocked,
            at_risk,
            live: counts[Status::Live as usize] + counts[Status::LiveWithGaps as usize],
            bar: svg::licensed(counts),
            link: request.link(&format!("countries/{code}")).build(),
        }
    };
    lines.into_iter().take(COUNTRIES).map(line).collect()
}

/// Why the environments are not compared, if both are there.
fn unpaired(request: &Request) -> Option<String> {
    let preprod = request.site.shown(Env::Preprod)?;
    if request.site.comparison().is_some() {
        return None;
    }
    request.site.shown(Env::Prod)?;
    Some(match preprod.view.follows() {
        Some(version) => format!("PREPROD follows PROD's state {version}, which is not at hand any more."),
        None => "PREPROD does not follow a state of PROD.".to_owned(),
    })
}

fn pairing(request: &Request) -> Option<Pairing> {
    let comparison = request.site.comparison()?;
    let preprod = request.site.shown(Env::Preprod)?;
    let prod = request.site.shown(Env::Prod)?;
    let tag = |shown: &crate::web::Shown| {
        shown
            .view
            .tag(crate::runner::tag_names::POLICY)
            .unwrap_or_default()
            .to_owned()
    };
    let code = |country: &CountryIndex| comparison.countries.code(*country).to_owned();
    let mut transitions: Vec<_> = comparison.transitions.iter().collect();
    transitions.sort_by_key(|(pair, cells)| (std::cmp::Reverse(**cells), **pair));
    let transition = |((from, to), cells): (&(Status, Status), &u64)| TransitionLine {
        from: from.name(),
        to: to.name(),
        cells: *cells,
        labels: [from.label(), to.label()],
        classes: [svg::class(*from), svg::class(*to)],
        count: format::number(*cells),
        harm: from.is_live() && !to.is_live(),
    };
    let reason = |(name, change): (&String, &crate::compare::ReasonChange)| {
        let mut touched: Vec<_> = change
            .added_by_country
            .keys()
            .chain(change.removed_by_country.keys())
            .collect();
        touched.sort_unstable();
        touched.dedup();
        let names: Vec<String> = touched.into_iter().map(code).collect();
        let (countries, more) = format::some_codes(names.iter().map(String::as_str));
        ReasonChangeLine {
            code: name.clone(),
            added: change.added,
            removed: change.removed,
            countries,
            more,
            label: Code::from_name(name).map_or_else(|| name.clone(), |code| code.label().to_owned()),
        }
    };
    let mut countries: Vec<(String, u64)> = comparison
        .by_country
        .iter()
        .map(|(c, cells)| (code(c), *cells))
        .collect();
    countries.sort_by_key(|(code, cells)| (std::cmp::Reverse(*cells), code.clone()));
    countries.truncate(16);
    let [prod_version, preprod_version] = comparison.versions;
    let same_inputs = preprod.view.follows() == Some(prod_version) && preprod.view.version() == preprod_version;
    let sentence = match comparison.changed {
        0 => format!("All {} cells agree.", format::number(comparison.cells)),
        changed => format!(
            "{} of {} cells differ ({}), in {} titles.",
            format::number(changed),
            format::number(comparison.cells),
            format::percent(changed, comparison.cells),
            format::number(comparison.changed_videos)
        ),
    };
    Some(Pairing {
        prod: prod_version,
        preprod: preprod_version,
        prod_policy: tag(&prod),
        preprod_policy: tag(&preprod),
        same_inputs,
        cells: comparison.cells,
        changed: comparison.changed,
        changed_videos: comparison.changed_videos,
        transitions: transitions.into_iter().take(12).map(transition).collect(),
        reasons: comparison.reasons.iter().map(reason).collect(),
        countries,
        sentence,
        prod_text: format::short_version(prod_version),
        preprod_text: format::short_version(preprod_version),
    })
}
