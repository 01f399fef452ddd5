//! The one mapping from errors to answers: RFC 9457 problems with a stable `code`.

use axum::Json;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use metrics::counter;
use mkbill_core::kernel::error::{Error, Refusal};
use mkbill_core::provisioning::controller::RouterFault;
use serde::Serialize;
use utoipa::ToSchema;

/// Counts what is ours to mend, and what went wrong outside.
pub(crate) const ERRORS: &str = "errors_total";
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// The first of several equal requests is still being worked on.
const IN_FLIGHT: &str = "idempotency_in_flight";

/// Refusals of a condition in `If-Match`: 412.
const PRECONDITION: &str = "precondition_";

/// Refusals about the state of something, which another request may have changed: 409.
const STATE_REFUSALS: [&str; 33] = [
    "batch_cancelled",
    "batch_not_pushed",
    "books_closed",
    "books_closed_already",
    "books_not_closed",
    "clock_in_use",
    "clock_past",
    "clock_started",
    "customer_anonymised",
    "customer_blacklisted",
    "customer_deleted",
    "customer_has_subscriptions",
    "customer_not_settled",
    "invoice_open",
    "invoice_state",
    "login_exists",
    "login_over",
    "no_test_clock",
    "numbering_crowded",
    "payment_matched",
    "payment_reversed",
    "plan_retired",
    "reference_taken",
    "router_in_use",
    "router_untold",
    "subscription_state",
    "tax_applied",
    "tax_only_rule",
    "voucher_state",
    "last_super_admin",
    "setup_over",
    "staff_removed",
    "webhook_disabled",
];

/// Refusals about who asks: 403.
const FORBIDDEN: [&str; 4] =
    ["forbidden", "password_change_required", "staff_disabled", "wrong_password"];

/// A router does not do its part. Not a failure of this server, which another one would not have.
const ROUTER_UNREACHABLE: &str = "router_unreachable";

/// What clients read when a request did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A URI for the kind of problem; always `about:blank`, the `code` tells kinds apart.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// The status in words.
    pub(crate) title: &'static str,
    /// The HTTP status, repeated.
    pub(crate) status: u16,
    /// Stable and machine-readable, such as `code_space_too_small`.
    pub(crate) code: &'static str,
    /// What is wrong and what is allowed, for people.
    pub(crate) detail: String,
    /// The field that is wrong, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<&'static str>,
}

/// The code of the problem that an answer is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProblemCode(pub(crate) &'static str);

/// An answer that says why a request failed.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    field: Option<&'static str>,
    retry_after: Option<SignedDuration>,
}

impl Problem {
    /// A problem without a field.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), field: None, retry_after: None }
    }

    fn about(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    /// A refusal of the core.
    pub(crate) fn from_refusal(refusal: impl Refusal + 'static) -> Self {
        Self::from(Error::from(refusal))
    }

    /// Nobody who is known.
    pub(crate) fn unauthenticated() -> Self {
        let detail = "send `Authorization: Bearer …` with an API key or the token of a sign-in";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// An answer that took too long.
    pub(crate) fn timed_out() -> Self {
        let detail = "the request took too long and was given up; send it again with the same Idempotency-Key";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", detail)
    }

    /// A body that took too long to come.
    pub(crate) fn body_late() -> Self {
        let detail = "the body did not come in time; send the request again";
        Self::new(StatusCode::REQUEST_TIMEOUT, "body_late", detail)
    }

    /// Something that is ours to mend; the cause is in the log under the request's id.
    pub(crate) fn internal() -> Self {
        let detail =
            "something went wrong inside; the log has more under this answer's X-Request-Id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", detail)
    }

    /// A body that is larger than any request may have.
    pub(crate) fn body_too_large() -> Self {
        let detail = "the body is cut off or larger than one mebibyte";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    /// The same request is still being worked on.
    pub(crate) fn in_flight() -> Self {
        let detail = "a request with this Idempotency-Key is being worked on; send it again later";
        Self::new(StatusCode::CONFLICT, IN_FLIGHT, detail)
    }

    /// The key belongs to another request.
    pub(crate) fn key_reused() -> Self {
        mkbill_core::kernel::error::Error::from(mkbill_core::request::KeyReused).into()
    }

    /// May the same request fare better soon?
    fn may_pass(&self) -> bool {
        let away = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::FAILED_DEPENDENCY];
        away.contains(&self.status) || self.code == IN_FLIGHT
    }

    /// What clients read.
    pub(crate) fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail.clone(),
            field: self.field,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        response.extensions_mut().insert(ProblemCode(self.code));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        } else if self.may_pass() {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = error.code();
        let detail = error.to_string();
        match error {
            Error::Refused(refusal) => Self {
                retry_after: refusal.retry_after(),
                ..Self::new(status_of_refusal(code), code, detail)
            },
            Error::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, code, detail),
            Error::Conflict { .. } => Self::new(StatusCode::CONFLICT, code, detail),
            Error::Invalid { field, problem } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, problem).about(field)
            }
            Error::Unavailable { source, .. } if source.is::<RouterFault>() => {
                Self::new(StatusCode::FAILED_DEPENDENCY, ROUTER_UNREACHABLE, detail)
            }
            Error::Unavailable { .. } => {
                counter!(ERRORS, "type" => code, "severity" => "warning").increment(1);
                tracing::warn!(error = &error as &dyn std::error::Error, "answered: unavailable");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
            }
            Error::Broken { .. } => {
                counter!(ERRORS, "type" => code, "severity" => "error").increment(1);
                tracing::error!(error = &error as &dyn std::error::Error, "answered: broken");
                Self::internal()
            }
        }
    }
}

fn status_of_refusal(code: &str) -> StatusCode {
    match code {
        "sign_in_failed" => StatusCode::UNAUTHORIZED,
        "slowed_down" => StatusCode::TOO_MANY_REQUESTS,
        _ if FORBIDDEN.contains(&code) => StatusCode::FORBIDDEN,
        _ if STATE_REFUSALS.contains(&code) => StatusCode::CONFLICT,
        _ if code.starts_with(PRECONDITION) => StatusCode::PRECONDITION_FAILED,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let code = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
            _ => "malformed_body",
        };
        Self::new(rejection.status(), code, rejection.body_text())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        let code = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
            _ => "malformed_body",
        };
        Self::new(rejection.status(), code, rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), "malformed_query", rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(rejection.status(), "malformed_path", rejection.body_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_of_errors_has_its_status() {
        let status = |error: Error| Problem::from(error).body().status;
        assert_eq!(status(Error::not_found("plan", "x")), 404);
        assert_eq!(status(Error::conflict("plan", "taken")), 409);
        assert_eq!(status(Error::invalid("count", "use 1 to 10000")), 422);
        assert_eq!(status(Error::broken("a row of nonsense")), 500);
        let source = Box::new(std::io::Error::other("locked"));
        assert_eq!(status(Error::Unavailable { what: "database".to_owned(), source }), 503);
    }

    #[test]
    fn what_is_broken_inside_stays_inside() {
        let body = Problem::from(Error::broken("column secret holds `hunter2`")).body();
        assert!(!body.detail.contains("hunter2"));
    }

    #[test]
    fn a_problem_names_its_field_once() {
        let body = Problem::from(Error::invalid("count", "use 1 to 10000")).body();
        assert_eq!((body.field, body.detail.as_str()), (Some("count"), "use 1 to 10000"));
    }
}
