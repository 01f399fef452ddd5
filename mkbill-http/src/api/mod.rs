//! What clients send and read, and handlers that only translate.

pub(crate) mod alerts;
pub(crate) mod apikeys;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod batches;
pub(crate) mod books;
pub(crate) mod clock;
pub(crate) mod credit;
pub(crate) mod customer_details;
pub(crate) mod customers;
pub(crate) mod events;
pub(crate) mod explanations;
pub(crate) mod fair_use;
pub(crate) mod figures;
pub(crate) mod health;
pub(crate) mod invoices;
pub(crate) mod login_files;
pub(crate) mod logins;
pub(crate) mod metrics;
pub(crate) mod money_reports;
pub(crate) mod monitoring;
pub(crate) mod network;
pub(crate) mod notices;
pub(crate) mod operations;
pub(crate) mod payments;
pub(crate) mod plans;
pub(crate) mod profiles;
pub(crate) mod reports;
pub(crate) mod routers;
pub(crate) mod settings;
pub(crate) mod staff;
pub(crate) mod subscriptions;
pub(crate) mod taxes;
pub(crate) mod terms;
pub(crate) mod values;
pub(crate) mod vendors;
pub(crate) mod vouchers;
pub(crate) mod webhooks;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mkbill_core::kernel::caller::{Caller, Mode};
use serde::Serialize;
use utoipa::IntoResponses;

use crate::problem::{Problem, ProblemBody};

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How every operation can fail.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "documents what `Problem` answers")]
pub(crate) enum Problems {
    /// The request cannot be understood.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemBody),
    /// The API key or the token is missing, unknown, over or revoked.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(ProblemBody),
    /// It may not do this; `x-permission` says what it needs.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
    /// There is no such thing.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody),
    /// Something else is in the way, such as a taken name or the present state.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemBody),
    /// It is not as `If-Match` says, or nothing compares the two.
    #[response(status = 412, content_type = "application/problem+json")]
    PreconditionFailed(ProblemBody),
    /// The body is larger than one mebibyte.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// The body is not JSON by its `Content-Type`.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(ProblemBody),
    /// A value is out of bounds or a rule forbids it.
    #[response(status = 422, content_type = "application/problem+json")]
    Refused(ProblemBody),
    /// A router does not answer, or not as it should; `detail` says what to look at.
    #[response(status = 424, content_type = "application/problem+json")]
    RouterUnreachable(ProblemBody),
    /// Ours to mend; the log has more.
    #[response(status = 500, content_type = "application/problem+json")]
    Broken(ProblemBody),
    /// The database is away; try again after `Retry-After` seconds.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemBody),
}

/// 201 with the place of what was made, or 200 if it was only tried.
pub(crate) fn created<T: Serialize>(caller: &Caller, place: &str, body: T) -> Response {
    if caller.mode == Mode::DryRun {
        return Json(body).into_response();
    }
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    if let Ok(place) = HeaderValue::from_str(place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// Says that the answer belongs to an earlier, equal request.
pub(crate) fn mark_replayed(mut response: Response) -> Response {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// The answer of a handler that makes something.
pub(crate) type Made = Result<Response, Problem>;
/// The answer of every other handler.
pub(crate) type Answer<T> = Result<Json<T>, Problem>;
