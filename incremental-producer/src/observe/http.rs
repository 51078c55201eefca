//! The pages, over HTTP/1.
//!
//! Whoever reaches the port must not be able to hurt the folding: requests are answered by the thread that waits for
//! signals, never by one that folds, and nothing about them is unbounded.
//!
//! | bound | |
//! |---|---|
//! | connections at a time | 32; others wait in the system's queue |
//! | request line and headers | 8 KiB, 64 headers, 5 s |
//! | body | never read |
//! | a connection, in all | one request, 10 s |
//! | methods | GET and HEAD |

use super::{Moment, Observer, Sight};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Looks at all services.
pub type Looker = Arc<dyn Fn() -> Vec<Sight> + Send + Sync>;

const CONNECTIONS: usize = 32;
const HEADERS: usize = 64;
const HEADER_BYTES: usize = 8 << 10;
const HEADER_TIME: Duration = Duration::from_secs(5);
const CONNECTION_TIME: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Site {
    observer: Observer,
    look: Looker,
}

/// Answers requests until it is dropped.
pub async fn serve(listener: TcpListener, observer: Observer, look: Looker) -> Infallible {
    let pages = pages(Site { observer, look });
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = free.clone().acquire_owned().await else {
            return std::future::pending().await; // nobody closes it
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let pages = pages.clone();
                tokio::spawn(async move {
                    // A time-out drops the connection, whatever it is doing.
                    let _ = tokio::time::timeout(CONNECTION_TIME, answer(stream, pages)).await;
                    drop(place);
                });
            }
            // Too many open files, or a connection that is gone already. Neither may make this a busy loop.
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, pages: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages));
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a request that is none");
    }
}

fn pages(site: Site) -> Router {
    Router::new()
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/status", get(status))
        .route("/metrics", get(metrics))
        .fallback(async || (StatusCode::NOT_FOUND, "here are /live /ready /status /metrics\n"))
        .layer(map_response(secure))
        .with_state(site)
}

async fn live(State(site): State<Site>) -> Response {
    let health = site.observer.live(&(site.look)());
    json(code(health.ok), &health)
}

async fn ready(State(site): State<Site>) -> Response {
    let health = site.observer.ready(&(site.look)());
    json(code(health.ok), &health)
}

async fn status(State(site): State<Site>) -> Response {
    let page = site.observer.status(&(site.look)(), Moment::now());
    json(StatusCode::OK, &page)
}

async fn metrics(State(site): State<Site>) -> Response {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = site.observer.metrics(&(site.look)(), Moment::now());
    ([(header::CONTENT_TYPE, TYPE)], text).into_response()
}

fn code(ok: bool) -> StatusCode {
    if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

fn json(code: StatusCode, page: &impl Serialize) -> Response {
    match serde_json::to_string(page) {
        Ok(text) => (code, [(header::CONTENT_TYPE, "application/json")], text + "\n").into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Sets the headers that hold for every answer: it is data, of this moment, and no page.
async fn secure(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 3] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
