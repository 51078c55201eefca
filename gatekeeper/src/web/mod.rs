//! The gatekeeper in the browser: what is live where, what is missing, and who can fix it.
//!
//! Pages are rendered on the server, work without scripts, and hold nothing that is not in the page's typed screen; with
//! `?format=json` the same screen is the answer as JSON. One request takes one state, on its first line, and every figure on
//! the page comes from it; its version is in the context bar and in `X-State-Version`.
//!
//! Titles and details are other people's text: askama escapes everything, markup is made only in [`svg`], from numbers, and
//! the content security policy allows neither inline styles nor scripts.

mod error;
mod format;
mod names;
mod query;
mod respond;
mod screens;
mod site;
mod svg;

pub use names::Names;
pub use site::{Env, ServiceStatus, Shown, Site};

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

const CSS: &str = include_str!("../../assets/ui.css");
const ICON: &str = include_str!("../../assets/favicon.svg");

/// The pages of a site, to be served alone or merged into another router. No path of it begins with `/data`, `/diff` or
/// `/history`.
pub fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(async || Redirect::temporary("/prod/")))
        .route("/{env}/", get(screens::overview::get))
        .route("/{env}/titles", get(screens::titles::get))
        .route("/{env}/titles/{id}", get(screens::title::get))
        .route("/{env}/countries", get(screens::countries::get))
        .route("/{env}/countries/{code}", get(screens::country::get))
        .route(
            "/assets/gatekeeper.css",
            get(async || asset("text/css; charset=utf-8", CSS)),
        )
        .route("/assets/gatekeeper.svg", get(async || asset("image/svg+xml", ICON)))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(screens::ready))
        .fallback(error::no_such_page)
        .layer(middleware::map_response(secure))
        .with_state(site)
}

fn asset(content_type: &'static str, body: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, body).into_response()
}

/// Sets the headers that hold for every answer.
async fn secure(mut response: Response) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                          frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
