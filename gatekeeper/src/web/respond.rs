//! From a request to an answer: parameters, one state, a screen, its rendering.

use super::error::PageError;
use super::format;
use super::names::Names;
use super::query::{Format, Link, Query};
use super::site::{Env, Shown, Site};
use crate::runner::tag_names;
use askama::Template;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// A request with the one state that its answer comes from.
pub(super) struct Request {
    pub(super) site: Site,
    pub(super) env: Env,
    pub(super) shown: Arc<Shown>,
    pub(super) names: Arc<Names>,
    pub(super) query: Query,
    pub(super) now: i64,
    path: String,
}

/// What a handler came to.
pub(super) enum Answer<S> {
    /// A page.
    Screen(S),
    /// Somewhere else.
    Elsewhere(String),
}

/// What every page shows around its content. As JSON: which state the page comes from.
#[derive(Serialize)]
pub(super) struct Frame {
    pub(super) env: Env,
    pub(super) version: i64,
    /// The instant of evaluation, epoch milliseconds.
    pub(super) instant: Option<i64>,
    pub(super) policy: String,
    pub(super) logic: String,
    pub(super) digest: String,
    #[serde(skip)]
    pub(super) section: &'static str,
    #[serde(skip)]
    pub(super) version_text: String,
    #[serde(skip)]
    pub(super) version_short: String,
    #[serde(skip)]
    pub(super) evaluated: String,
    #[serde(skip)]
    pub(super) age: String,
    /// Why the page may be behind, if it may.
    #[serde(skip)]
    pub(super) trouble: Option<String>,
    #[serde(skip)]
    pub(super) json: String,
    #[serde(skip)]
    pub(super) search: String,
    /// The same page of each environment: name, link, whether it is this one.
    #[serde(skip)]
    pub(super) envs: Vec<(Env, String, bool)>,
}

/// Without a cycle for so long something is wrong.
const LATE_MS: i64 = 180_000;

impl Request {
    pub(super) fn frame(&self, section: &'static str) -> Frame {
        let view = &self.shown.view;
        let status = self.site.status(self.env);
        let instant = view.instant();
        let seen = status.cycle_at.or(instant).unwrap_or(self.now);
        let late = status.cycle_at.filter(|at| self.now - at > LATE_MS);
        let trouble = match (&status.error, late) {
            (Some(error), _) => Some(format!(
                "The last evaluation failed; the state before stays in force. {error}"
            )),
            (None, Some(at)) => Some(format!("No evaluation for {}.", format::span(self.now - at))),
            (None, None) => None,
        };
        let tag = |name: &str| view.tag(name).unwrap_or_default().to_owned();
        let rest = self
            .path
            .strip_prefix(&format!("/{}/", self.env.name()))
            .unwrap_or_default();
        let envs = Env::ALL.map(|env| (env, format!("/{}/{rest}", env.name()), env == self.env));
        Frame {
            env: self.env,
            version: view.version(),
            instant,
            policy: tag(tag_names::POLICY),
            logic: tag(tag_names::LOGIC),
            digest: tag(tag_names::DIGEST),
            section,
            version_text: format::version(view.version()),
            version_short: format::short_version(view.version()),
            evaluated: instant.map(format::time_of_day).unwrap_or_default(),
            age: format::relative(seen, self.now.max(seen)),
            trouble,
            json: self.here("format", "json"),
            search: self.query.get("q").unwrap_or_default().to_owned(),
            envs: envs.to_vec(),
        }
    }

    /// A link to this page with one parameter set otherwise; an empty value removes it.
    pub(super) fn here(&self, name: &str, value: &str) -> String {
        let mut link = Link::to(self.path.clone());
        for (known, old) in self
            .query
            .pairs()
            .filter(|(known, _)| *known != name && *known != "format")
        {
            // Another filter begins on its first page again.
            if known != "page" || name == "format" {
                link = link.with(known, old);
            }
        }
        link.with(name, value).build()
    }

    /// A link within the environment.
    pub(super) fn link(&self, path: &str) -> Link {
        Link::to(format!("/{}/{path}", self.env.name()))
    }

    pub(super) fn title_link(&self, video: i64) -> String {
        self.link(&format!("titles/{video}")).build()
    }
}

/// Answers a request for a page of an environment. The page is made on a thread that may take its time.
pub(super) async fn serve<S, B>(
    site: Site,
    env: &str,
    uri: Uri,
    headers: HeaderMap,
    known: &'static [&'static str],
    build: B,
) -> Response
where
    S: Template + Serialize,
    B: FnOnce(&Request) -> Result<Answer<S>, PageError> + Send + 'static,
{
    let Some(env) = Env::from_name(env) else {
        return PageError::NotFound("such page".to_owned()).into_response();
    };
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri);
    let Ok(axum::extract::Query(pairs)) = pairs else {
        return PageError::parameter("query", "the part behind '?' is not readable").into_response();
    };
    let query = match Query::new(pairs, known) {
        Ok(query) => query,
        Err(error) => return error.into_response(),
    };
    let format = match query.format() {
        Ok(format) => format,
        Err(error) => return error.into_response(),
    };
    let etag = etag(&site, &uri);
    let known_tag = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known_tag == Some(etag.as_str()) {
        return (axum::http::StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let path = uri.path().to_owned();
    let made = tokio::task::spawn_blocking(move || make(site, env, path, query, format, build)).await;
    match made {
        Ok(Ok((version, Answer::Screen((content_type, body))))) => {
            let headers = [
                (header::CONTENT_TYPE, content_type.to_owned()),
                (header::CACHE_CONTROL, "no-cache".to_owned()),
                (header::ETAG, etag),
                (header::HeaderName::from_static("x-state-version"), version.to_string()),
            ];
            (headers, body).into_response()
        }
        Ok(Ok((_, Answer::Elsewhere(link)))) => Redirect::temporary(&link).into_response(),
        Ok(Err(error)) => error.respond(format),
        Err(_) => PageError::Internal("its thread panicked".to_owned()).respond(format),
    }
}

type Made = (i64, Answer<(&'static str, String)>);

fn make<S, B>(site: Site, env: Env, path: String, query: Query, format: Format, build: B) -> Result<Made, PageError>
where
    S: Template + Serialize,
    B: FnOnce(&Request) -> Result<Answer<S>, PageError>,
{
    let Some(shown) = site.shown(env) else {
        let status = site.status(env);
        let detail = match (&status.error, status.waiting_for.as_slice()) {
            (Some(error), _) => format!(": {error}"),
            (None, []) => String::new(),
            (None, missing) => format!("; it waits for {}", missing.join(", ")),
        };
        return Err(PageError::NoState { env, detail });
    };
    let request = Request {
        now: site.now(),
        names: site.names(),
        site,
        env,
        shown,
        query,
        path,
    };
    let version = request.shown.view.version();
    let internal = |error: &dyn std::fmt::Display| PageError::Internal(error.to_string());
    Ok((
        version,
        match build(&request)? {
            Answer::Elsewhere(link) => Answer::Elsewhere(link),
            Answer::Screen(screen) if format == Format::Json => {
                let mut body = serde_json::to_string(&screen).map_err(|error| internal(&error))?;
                body.push('\n');
                Answer::Screen(("application/json", body))
            }
            Answer::Screen(screen) => {
                let body = screen.render().map_err(|error| internal(&error))?;
                Answer::Screen(("text/html; charset=utf-8", body))
            }
        },
    ))
}

/// Names what a page would show: the states, the address, and the time to ten seconds, because pages say how old they are.
fn etag(site: &Site, uri: &Uri) -> String {
    let mut hasher = DefaultHasher::new();
    (uri.path(), uri.query(), site.now() / 10_000).hash(&mut hasher);
    let versions = Env::ALL.map(|env| site.shown(env).map_or(0, |shown| shown.view.version()));
    versions.hash(&mut hasher);
    format!("\"{}-{:016x}\"", site.revision(), hasher.finish())
}
