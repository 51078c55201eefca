//! Answers that are no page: what went wrong, in words, and a way on.

use super::query::{Format, Link};
use super::site::Env;
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PageError {
    /// A parameter that makes no sense.
    #[error("parameter {name}: {problem}")]
    Parameter { name: String, problem: String },
    /// Nothing of this name.
    #[error("there is no {0}")]
    NotFound(String),
    /// Nothing was evaluated yet.
    #[error("{env} has no state to show yet{detail}")]
    NoState { env: Env, detail: String },
    /// Our own mistake.
    #[error("the page could not be made: {0}")]
    Internal(String),
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    text: String,
    way_on: String,
    way_on_text: &'a str,
}

impl PageError {
    pub(crate) fn parameter(name: &str, problem: &str) -> Self {
        PageError::Parameter {
            name: name.chars().take(60).collect(),
            problem: problem.to_owned(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            PageError::Parameter { .. } => StatusCode::BAD_REQUEST,
            PageError::NotFound(_) => StatusCode::NOT_FOUND,
            PageError::NoState { .. } => StatusCode::SERVICE_UNAVAILABLE,
            PageError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer in the form that was asked for.
    pub(crate) fn respond(&self, format: Format) -> Response {
        let status = self.status();
        if format == Format::Json {
            let body = serde_json::json!({"error": {"code": status.as_u16(), "message": self.to_string()}});
            return (
                status,
                [(header::CONTENT_TYPE, "application/json")],
                format!("{body}\n"),
            )
                .into_response();
        }
        let message = Message {
            title: match self {
                PageError::Parameter { .. } => "This address does not work",
                PageError::NotFound(_) => "Not found",
                PageError::NoState { .. } => "Nothing to show yet",
                PageError::Internal(_) => "Something went wrong",
            },
            text: self.to_string(),
            way_on: Link::to("/prod/").build(),
            way_on_text: "Go to the overview",
        };
        let body = message.render().unwrap_or_else(|_| self.to_string());
        (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        self.respond(Format::Html)
    }
}

/// The answer for a path without a page.
pub(super) async fn no_such_page() -> PageError {
    PageError::NotFound("such page".to_owned())
}
