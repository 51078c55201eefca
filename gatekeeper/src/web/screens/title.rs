//! One title: where is it live, what is missing, who must act, what comes next?

use super::{Region, StatusLine, Tile, TitleRow, counts, status_lines, title_row};
use crate::country_set::{CountryIndex, CountrySet};
use crate::reason::Code;
use crate::status::Status;
use crate::view::VerdictRow;
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

/// The page of a title.
#[derive(Template, Serialize)]
#[template(path = "title.html")]
struct Title {
    state: Frame,
    video_id: i64,
    name: String,
    kind: &'static str,
    parent: Option<Related>,
    statuses: Vec<StatusLine>,
    regions: Vec<Region>,
    fixes: Vec<Fix>,
    groups: Vec<Group>,
    selected: Option<Selected>,
    children: Vec<TitleRow>,
    next_change: Option<i64>,
    #[serde(skip)]
    facts: String,
    #[serde(skip)]
    bar: Svg,
    #[serde(skip)]
    next_text: String,
    #[serde(skip)]
    next_detail: String,
    #[serde(skip)]
    blocked: u64,
    #[serde(skip)]
    at_risk: u64,
    #[serde(skip)]
    licensed: String,
    #[serde(skip)]
    countries: usize,
    #[serde(skip)]
    children_total: usize,
}

#[derive(Serialize)]
struct Related {
    video_id: i64,
    name: String,
    #[serde(skip)]
    link: String,
}

/// Something that is missing, with all the countries it would help.
#[derive(Serialize)]
struct Fix {
    code: String,
    detail: String,
    owner: String,
    input: String,
    /// Countries in which it is the only thing that is missing.
    unblocks: usize,
    countries: Vec<String>,
    #[serde(skip)]
    label: String,
    #[serde(skip)]
    due: String,
    #[serde(skip)]
    overdue: bool,
    #[serde(skip)]
    tiles: Vec<Tile>,
    #[serde(skip)]
    more: usize,
}

/// Countries with the same verdict.
#[derive(Serialize)]
struct Group {
    status: &'static str,
    countries: Vec<String>,
    reasons: Vec<String>,
    live_from: Option<i64>,
    live_until: Option<i64>,
    next_change: Option<i64>,
    #[serde(skip)]
    label: &'static str,
    #[serde(skip)]
    class: &'static str,
    #[serde(skip)]
    shown: Vec<String>,
    #[serde(skip)]
    more: usize,
    #[serde(skip)]
    from: String,
    #[serde(skip)]
    until: String,
    #[serde(skip)]
    next: String,
}

/// The country that was asked for.
#[derive(Serialize)]
struct Selected {
    country: String,
    name: String,
    status: &'static str,
    reasons: Vec<Explained>,
    live_from: Option<i64>,
    live_until: Option<i64>,
    next_change: Option<i64>,
    other_status: Option<&'static str>,
    #[serde(skip)]
    label: &'static str,
    #[serde(skip)]
    class: &'static str,
    #[serde(skip)]
    sentence: String,
    #[serde(skip)]
    from: String,
    #[serde(skip)]
    until: String,
    #[serde(skip)]
    next: String,
    #[serde(skip)]
    other: String,
    #[serde(skip)]
    other_label: &'static str,
    #[serde(skip)]
    other_class: &'static str,
    #[serde(skip)]
    link: String,
}

#[derive(Serialize)]
struct Explained {
    code: String,
    detail: String,
    owner: String,
    input: String,
    #[serde(skip)]
    label: String,
}

/// Answers `/{env}/titles/{id}`.
pub(crate) async fn get(
    State(site): State<Site>,
    Path((env, id)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    serve(site, &env, uri, headers, &["country"], move |request| {
        Ok(Answer::Screen(title(request, &id)?))
    })
    .await
}

const CHILDREN: usize = 60;

fn title(request: &Request, id: &str) -> Result<Title, PageError> {
    let view = &request.shown.view;
    let short: String = id.chars().take(40).collect();
    let video: i64 = id
        .parse()
        .map_err(|_| PageError::NotFound(format!("title with the id {short}")))?;
    let position = view
        .find(video)
        .ok_or_else(|| PageError::NotFound(format!("title with the id {short}")))?;
    let chosen = request.query.country("country", view.countries())?;
    let verdicts: Vec<&VerdictRow> = view.verdicts(position).collect();
    let counts = counts(view, video);
    let names = &request.names;
    let titles = |status: Status| request.link("titles").with("status", status.name()).build();
    let next = verdicts
        .iter()
        .filter_map(|verdict| Some((verdict.next_change?, *verdict)))
        .min_by_key(|(at, _)| *at);
    let children: Vec<i64> = names.children(video).collect();
    let child_rows = children.iter().filter_map(|child| {
        let position = view.find(*child)?;
        let codes = view
            .verdicts(position)
            .filter(|verdict| needs_work(verdict.status))
            .map(|verdict| verdict.codes);
        Some(title_row(
            request,
            *child,
            &super::counts(view, *child),
            codes.fold(0, |all, codes| all | codes),
        ))
    });
    let minutes = names
        .minutes(video)
        .map(|minutes| format!(", {minutes} min"))
        .unwrap_or_default();
    let licensed = view.countries().len() as u64 - counts[Status::NotLicensed as usize];
    Ok(Title {
        state: request.frame("titles"),
        video_id: video,
        name: names.title(video),
        kind: names.kind(video),
        parent: names.parent(video).map(|parent| Related {
            video_id: parent,
            name: names.title(parent),
            link: request.title_link(parent),
        }),
        statuses: status_lines(&counts, titles),
        regions: regions(request, &verdicts, chosen),
        fixes: fixes(request, &verdicts),
        groups: groups(request, &verdicts),
        selected: chosen.and_then(|country| selected(request, video, &verdicts, country)),
        children: child_rows.take(CHILDREN).collect(),
        next_change: next.map(|(at, _)| at),
        facts: format!("{}{minutes}.", names.kind(video)),
        bar: svg::segments(&counts, true),
        next_text: next.map_or_else(
            || "None by itself".to_owned(),
            |(at, _)| format::relative(at, request.now),
        ),
        next_detail: next
            .map(|(at, verdict)| next_detail(request, at, verdict))
            .unwrap_or_default(),
        blocked: counts[Status::Blocked as usize],
        at_risk: counts[Status::AtRisk as usize],
        licensed: format!("{licensed} licensed of {}", view.countries().len()),
        countries: view.countries().len(),
        children_total: children.len(),
    })
}

fn needs_work(status: Status) -> bool {
    matches!(status, Status::Blocked | Status::AtRisk | Status::InProgress)
}

fn next_detail(request: &Request, at: i64, verdict: &VerdictRow) -> String {
    let (codes, more) = format::some_codes(request.shown.view.countries().codes_of(&verdict.countries));
    let codes = codes.into_iter().take(4).collect::<Vec<_>>().join(" ");
    let many = if verdict.countries.len() > 4 || more > 0 {
        " …"
    } else {
        ""
    };
    format!("{codes}{many}, {} UTC", format::day_and_time(at))
}

/// How many requirements of a verdict are missing; what only the window decides is none of them.
fn missing(verdict: &VerdictRow) -> u32 {
    super::missing(verdict.codes).len() as u32
}

fn tile(request: &Request, verdict: &VerdictRow, code: &str, current: bool) -> Tile {
    let missing = if needs_work(verdict.status) {
        missing(verdict)
    } else {
        0
    };
    let lacks = if missing > 0 {
        format!(", {missing} missing")
    } else {
        String::new()
    };
    Tile {
        country: code.to_owned(),
        status: verdict.status.name(),
        missing,
        class: svg::class(verdict.status),
        words: format!(
            "{}: {}{lacks}",
            request.names.country(code),
            verdict.status.label().to_lowercase()
        ),
        link: format!("{}#country", request.here("country", code)),
        current,
    }
}

fn regions(request: &Request, verdicts: &[&VerdictRow], chosen: Option<CountryIndex>) -> Vec<Region> {
    let countries = request.shown.view.countries();
    let mut regions: BTreeMap<&str, Vec<(CountryIndex, &VerdictRow)>> = BTreeMap::new();
    for verdict in verdicts {
        for country in verdict.countries.iter() {
            regions
                .entry(request.names.region(countries.code(country)))
                .or_default()
                .push((country, verdict));
        }
    }
    let region = |(region, mut tiles): (&str, Vec<(CountryIndex, &VerdictRow)>)| {
        tiles.sort_by_key(|(country, _)| *country);
        Region {
            region: region.to_owned(),
            size: format::countries(tiles.len()),
            need_work: tiles.iter().filter(|(_, verdict)| needs_work(verdict.status)).count(),
            tiles: tiles
                .into_iter()
                .map(|(country, verdict)| tile(request, verdict, countries.code(country), chosen == Some(country)))
                .collect(),
        }
    };
    regions.into_iter().map(region).collect()
}

struct Need<'v> {
    countries: CountrySet,
    alone: usize,
    opens: Option<i64>,
    reason: &'v crate::view::ReasonRow,
}

/// What is missing where a window is open or ahead, by how many countries each would make ready.
fn fixes(request: &Request, verdicts: &[&VerdictRow]) -> Vec<Fix> {
    let view = &request.shown.view;
    let mut needs: BTreeMap<&crate::view::ReasonRow, Need<'_>> = BTreeMap::new();
    for verdict in verdicts.iter().filter(|verdict| needs_work(verdict.status)) {
        let work = |reason: &&crate::view::ReasonRow| Code::from_name(&reason.code).is_none_or(Code::is_configurable);
        let alone = view.reasons(verdict).filter(work).count() == 1;
        for reason in view.reasons(verdict).filter(work) {
            let need = needs.entry(reason).or_insert(Need {
                countries: CountrySet::EMPTY,
                alone: 0,
                opens: None,
                reason,
            });
            need.countries |= verdict.countries;
            need.alone += if alone { verdict.countries.len() } else { 0 };
            need.opens = match (need.opens, verdict.live_from) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
    }
    let mut needs: Vec<Need<'_>> = needs.into_values().collect();
    needs.sort_by_key(|need| std::cmp::Reverse((need.alone, need.countries.len())));
    needs.into_iter().map(|need| fix(request, verdicts, need)).collect()
}

fn fix(request: &Request, verdicts: &[&VerdictRow], need: Need<'_>) -> Fix {
    let countries = request.shown.view.countries();
    let codes: Vec<String> = countries.codes_of(&need.countries).map(str::to_owned).collect();
    let (shown, more) = format::some_codes(codes.iter().map(String::as_str));
    let of = |code: &String| {
        let country = countries.index(code)?;
        let verdict = verdicts.iter().find(|verdict| verdict.countries.contains(country))?;
        Some(tile(request, verdict, code, false))
    };
    let overdue = need.opens.is_some_and(|at| at <= request.now);
    let due = match need.opens {
        Some(at) if overdue => format!("Overdue {}", format::span(request.now - at)),
        Some(at) => format!("Due {}", format::relative(at, request.now)),
        None => "Overdue".to_owned(),
    };
    Fix {
        label: label(&need.reason.code),
        code: need.reason.code.clone(),
        detail: need.reason.detail.clone(),
        owner: need.reason.owner.clone(),
        input: need.reason.input.clone(),
        unblocks: need.alone,
        tiles: shown.iter().filter_map(of).collect(),
        countries: codes,
        due,
        overdue,
        more,
    }
}

fn label(code: &str) -> String {
    Code::from_name(code).map_or_else(|| code.to_owned(), |code| code.label().to_owned())
}

fn groups(request: &Request, verdicts: &[&VerdictRow]) -> Vec<Group> {
    let view = &request.shown.view;
    let mut groups: Vec<&VerdictRow> = verdicts.to_vec();
    groups.sort_by_key(|verdict| (verdict.status, std::cmp::Reverse(verdict.countries.len())));
    let group = |verdict: &VerdictRow| {
        let countries = view.countries();
        let codes: Vec<String> = countries.codes_of(&verdict.countries).map(str::to_owned).collect();
        let (shown, more) = format::some_codes(codes.iter().map(String::as_str));
        Group {
            status: verdict.status.name(),
            countries: codes,
            reasons: view
                .reasons(verdict)
                .map(|reason| words(&reason.code, &reason.detail))
                .collect(),
            live_from: verdict.live_from,
            live_until: verdict.live_until,
            next_change: verdict.next_change,
            label: verdict.status.label(),
            class: svg::class(verdict.status),
            shown,
            more,
            from: verdict.live_from.map(format::day_and_time).unwrap_or_default(),
            until: verdict.live_until.map(format::day_and_time).unwrap_or_default(),
            next: verdict
                .next_change
                .map(|at| format::relative(at, request.now))
                .unwrap_or_default(),
        }
    };
    groups.into_iter().map(group).collect()
}

/// A reason in one line: its detail where it has one, with what is the matter.
fn words(code: &str, detail: &str) -> String {
    match detail {
        "" => label(code),
        detail => format!("{}: {detail}", label(code)),
    }
}

fn selected(request: &Request, video: i64, verdicts: &[&VerdictRow], country: CountryIndex) -> Option<Selected> {
    let view = &request.shown.view;
    let code = view.countries().code(country).to_owned();
    let verdict = verdicts.iter().find(|verdict| verdict.countries.contains(country))?;
    let other_env = request.env.other();
    let other = request.site.shown(other_env).and_then(|shown| {
        let country = shown.view.countries().index(&code)?;
        let position = shown.view.find(video)?;
        let found = shown
            .view
            .verdicts(position)
            .find(|verdict| verdict.countries.contains(country));
        found.map(|verdict| verdict.status)
    });
    let explained = |reason: &crate::view::ReasonRow| Explained {
        code: reason.code.clone(),
        detail: reason.detail.clone(),
        owner: reason.owner.clone(),
        input: reason.input.clone(),
        label: label(&reason.code),
    };
    Some(Selected {
        name: request.names.country(&code).to_owned(),
        link: request.link(&format!("countries/{code}")).build(),
        country: code,
        status: verdict.status.name(),
        reasons: view.reasons(verdict).map(explained).collect(),
        live_from: verdict.live_from,
        live_until: verdict.live_until,
        next_change: verdict.next_change,
        other_status: other.map(Status::name),
        label: verdict.status.label(),
        class: svg::class(verdict.status),
        sentence: sentence(verdict, request.now),
        from: verdict.live_from.map_or_else(|| "–".to_owned(), format::day_and_time),
        until: verdict
            .live_until
            .map_or_else(|| "open".to_owned(), format::day_and_time),
        next: verdict
            .next_change
            .map_or_else(|| "none by itself".to_owned(), |at| format::relative(at, request.now)),
        other: other_env.to_string(),
        other_label: other.map_or("nothing", Status::label),
        other_class: other.map_or("none", svg::class),
    })
}

fn sentence(verdict: &VerdictRow, now: i64) -> String {
    let unmet = match missing(verdict) {
        1 => "one requirement is not met".to_owned(),
        several => format!("{several} requirements are not met"),
    };
    let since = verdict.live_from.map(|at| format::span(now - at));
    let opens = verdict
        .live_from
        .map_or_else(|| "soon".to_owned(), |at| format::relative(at, now));
    match (verdict.status, since) {
        (Status::Blocked, Some(since)) => format!("The window opened {since} ago, and {unmet}."),
        (Status::Blocked, None) => format!("The window is open, and {unmet}."),
        (Status::AtRisk | Status::InProgress, _) => format!("The window opens {opens}, and {unmet}."),
        (Status::Ready, _) => format!("All is set; the window opens {opens}."),
        (Status::Live, _) => "Viewers can play it.".to_owned(),
        (Status::LiveWithGaps, _) => "Viewers can play it; something that is not essential is missing.".to_owned(),
        (Status::Ended, _) => "The last window is over.".to_owned(),
        (Status::NotLicensed, _) => "There is no contract, or no service, here.".to_owned(),
    }
}
