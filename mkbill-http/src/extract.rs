//! Extractors whose rejections are problems, and the one that tells who calls.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, header};
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::language::said;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::problem::{Problem, body_of};

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = media_type(request.headers());
        let is_json = kind == "application/json"
            || (kind.starts_with("application/") && kind.ends_with("+json"));
        if !is_json {
            let detail = said!(
                "send the body with `Content-Type: application/json`",
                "kirim isi dengan `Content-Type: application/json`"
            );
            return Err(Problem::new("unsupported_media_type", detail));
        }
        body_of(&Bytes::from_request(request, state).await?).map(Self)
    }
}

/// The media type of a body, without parameters.
fn media_type(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A body of comma-separated values.
#[derive(Debug)]
pub(crate) struct Csv(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Csv {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if media_type(request.headers()) != "text/csv" {
            let detail = said!(
                "send the file with `Content-Type: text/csv`",
                "kirim berkas dengan `Content-Type: text/csv`"
            );
            return Err(Problem::new("unsupported_media_type", detail));
        }
        Ok(Self(Bytes::from_request(request, state).await?))
    }
}

/// The variable parts of a path.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub(crate) struct Path<T>(pub(crate) T);

/// The query string.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub(crate) struct Query<T>(pub(crate) T);

/// Headers that every write understands.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents headers that `auth::access` reads by hand")]
pub(crate) struct WriteHeaders {
    /// Your own name for this request, 1 to 255 printable ASCII characters. For seven days the
    /// same key with the same input gets the first answer again, byte for byte; with another input it
    /// is refused. Dry runs are not remembered.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255, pattern = "^[!-~]+$")]
    idempotency_key: Option<String>,
    /// The `ETag` of what you have seen, or `*`: if it was changed since, nothing is done and the answer
    /// is 412. A request that cannot compare it is refused with 412 too.
    #[param(rename = "If-Match", example = "\"7-4f1b2b0b822cd15d6c15b0f00a08c7d6\"")]
    if_match: Option<String>,
    /// Why, in your words; kept in the audit trail.
    #[param(rename = "X-Reason", max_length = 500)]
    reason: Option<String>,
}

/// The query of every write.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteQuery {
    /// Do everything, answer as if, and keep nothing.
    #[serde(default)]
    #[param(required = false)]
    pub(crate) dry_run: bool,
}

/// The same error, said of its field if a request names such things in one of these fields.
pub(crate) fn named_in_one_of(fields: &'static [&'static str]) -> impl FnOnce(Error) -> Error {
    move |error| match error {
        Error::NotFound { what, .. } if fields.contains(&what.name()) => {
            Error::invalid(what.name(), error.said())
        }
        other => other,
    }
}

/// The same error, said of the field of a request that named the missing thing.
pub(crate) fn named_in(field: &'static str) -> impl FnOnce(Error) -> Error {
    move |error| match error {
        Error::NotFound { .. } => Error::invalid(field, error.said()),
        other => other,
    }
}
