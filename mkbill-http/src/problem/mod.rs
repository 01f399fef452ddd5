//! The one mapping from errors to answers: RFC 9457 problems with a stable `code`, in the language that
//! the request prefers.

mod codes;
mod faults;
mod page;
mod spoken;

use std::borrow::Cow;

use axum::Json;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use metrics::counter;
use mkbill_core::kernel::error::{Error, Refusal};
use mkbill_core::kernel::language::{Language, Said, said};
use mkbill_core::kernel::wrong::WrongField;
use mkbill_core::operation::failure::Failure;
use mkbill_core::provisioning::controller::RouterFault;
use serde::Serialize;
use utoipa::ToSchema;

use codes::{indonesian_title, status_of};
use faults::Fault;

pub(crate) use faults::body_of;
pub(crate) use page::show as page;
pub(crate) use spoken::Spoken;

/// Counts what is ours to mend, and what went wrong outside.
pub(crate) const ERRORS: &str = "errors_total";
/// The page that lists the codes.
pub(crate) const PAGE_PATH: &str = "/docs/problems";
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// The first of several equal requests is still being worked on.
/// A router does not do its part. Not a failure of this server, which another one would not have.
const ROUTER_UNREACHABLE: &str = "router_unreachable";
const IN_FLIGHT: &str = "idempotency_in_flight";

/// What clients read when a request did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// A reference to the kind of problem, which never changes: the place of its `code` on a page that
    /// lists them.
    #[serde(rename = "type")]
    #[schema(example = "/docs/problems#code_space_too_small")]
    pub(crate) kind: String,
    /// The status in words, in the language of the answer.
    pub(crate) title: &'static str,
    /// The HTTP status, repeated.
    pub(crate) status: u16,
    /// Stable and machine-readable, such as `code_space_too_small`.
    pub(crate) code: Cow<'static, str>,
    /// What is wrong and what is allowed, for people, in the language that `Accept-Language` prefers of
    /// `en` and `id`.
    pub(crate) detail: String,
    /// The `X-Request-Id` of the request that was refused, under which the log has more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_id: Option<String>,
    /// Everything that is wrong with fields of the body, the query or the path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<FieldErrorBody>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FieldError)]
pub(crate) struct FieldErrorBody {
    /// The field, by its path in the request.
    #[schema(example = "amount.currency")]
    pub(crate) field: String,
    /// What is wrong with it and what is allowed.
    pub(crate) detail: String,
}

/// The code of the problem that an answer is.
#[derive(Debug, Clone)]
pub(crate) struct ProblemCode(pub(crate) Cow<'static, str>);

/// An answer that says why a request failed.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Said,
    faults: Vec<Fault>,
    retry_after: Option<SignedDuration>,
}

impl Problem {
    /// A problem of no field, with the status of its code.
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, detail: Said) -> Self {
        let code = code.into();
        Self { status: status_of(&code), code, detail, faults: Vec::new(), retry_after: None }
    }

    /// A problem of fields.
    fn about(code: &'static str, faults: Vec<Fault>) -> Self {
        let text = |language| {
            let told = faults.iter().map(|fault| fault.text(language));
            told.collect::<Vec<_>>().join("; ")
        };
        let detail = Said::new(text(Language::English), text(Language::Indonesian));
        Self { faults, ..Self::new(code, detail) }
    }

    fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// A refusal of the core.
    pub(crate) fn from_refusal(refusal: impl Refusal + 'static) -> Self {
        Self::from(Error::from(refusal))
    }

    /// Nobody who is known.
    pub(crate) fn unauthenticated() -> Self {
        let detail = said!(
            "send `Authorization: Bearer …` with an API key or the token of a sign-in",
            "kirim `Authorization: Bearer …` dengan kunci API atau token hasil masuk"
        );
        Self::new("unauthenticated", detail)
    }

    /// An answer that took too long.
    pub(crate) fn timed_out() -> Self {
        let detail = said!(
            "the request took too long and was given up; send it again with the same Idempotency-Key",
            "permintaan terlalu lama dan dihentikan; kirim lagi dengan Idempotency-Key yang sama"
        );
        Self::new("timeout", detail)
    }

    /// A body that took too long to come.
    pub(crate) fn body_late() -> Self {
        let detail = said!(
            "the body did not come in time; send the request again",
            "isi permintaan tidak datang pada waktunya; kirim permintaan lagi"
        );
        Self::new("body_late", detail)
    }

    /// Something that is ours to mend; the cause is in the log under the request's id.
    pub(crate) fn internal() -> Self {
        let detail = said!(
            "something went wrong inside; the log has more under this answer's X-Request-Id",
            "ada kesalahan di dalam sistem; catatan lengkapnya ada di log dengan X-Request-Id jawaban ini"
        );
        Self::new("broken", detail)
    }

    /// A body that is larger than any request may have.
    pub(crate) fn body_too_large() -> Self {
        let detail = said!(
            "the body is cut off or larger than one mebibyte",
            "isi permintaan terpotong atau lebih besar dari satu mebibyte"
        );
        Self::new("body_too_large", detail)
    }

    /// A header that cannot be understood.
    pub(crate) fn malformed_header(detail: Said) -> Self {
        Self::new("malformed_header", detail)
    }

    /// The same request is still being worked on.
    pub(crate) fn in_flight() -> Self {
        let detail = said!(
            "a request with this Idempotency-Key is being worked on; send it again later",
            "permintaan dengan Idempotency-Key ini sedang dikerjakan; kirim lagi nanti"
        );
        Self::new(IN_FLIGHT, detail)
    }

    /// The key belongs to another request.
    pub(crate) fn key_reused() -> Self {
        Self::from_refusal(mkbill_core::request::KeyReused)
    }

    /// May the same request fare better soon?
    fn may_pass(&self) -> bool {
        let away = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::FAILED_DEPENDENCY];
        away.contains(&self.status) || self.code == IN_FLIGHT
    }

    /// What clients read, in the language of the request that is being worked on.
    pub(crate) fn body(&self) -> ProblemBody {
        self.told(Spoken::now())
    }

    /// The same, in the language of a request that was worked on before.
    pub(crate) fn told(&self, spoken: Spoken) -> ProblemBody {
        let language = spoken.language;
        let errors = self.faults.iter().filter(|fault| !fault.field.is_empty());
        ProblemBody {
            kind: format!("{PAGE_PATH}#{}", self.code),
            title: match language {
                Language::English => self.status.canonical_reason().unwrap_or("Error"),
                Language::Indonesian => indonesian_title(self.status),
            },
            status: self.status.as_u16(),
            code: self.code.clone(),
            detail: self.detail.text(language).to_owned(),
            request_id: spoken.request_id,
            errors: errors
                .map(|fault| FieldErrorBody {
                    field: fault.field.clone(),
                    detail: fault.said.text(language).to_owned(),
                })
                .collect(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let spoken = Spoken::now();
        let language = spoken.language;
        let mut response = (self.status, Json(self.told(spoken))).into_response();
        response.extensions_mut().insert(ProblemCode(self.code.clone()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
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
        let (code, detail) = (error.code(), error.said());
        match error {
            Error::Refused(refusal) => {
                Self { retry_after: refusal.retry_after(), ..Self::new(code, detail) }
            }
            Error::NotFound { .. } | Error::Conflict { .. } => Self::new(code, detail),
            Error::Invalid { field, problem } => {
                let detail = problem.said();
                let faults = vec![Fault { field: field.to_owned(), said: detail.clone() }];
                Self { detail, ..Self::about(code, faults) }
            }
            Error::SeveralInvalid(fields) => {
                Self::about(code, fields.into_iter().map(Fault::from).collect())
            }
            Error::Unavailable { source, .. } if source.is::<RouterFault>() => {
                Self::new(ROUTER_UNREACHABLE, detail)
            }
            Error::Unavailable { .. } => {
                counter!(ERRORS, "type" => code, "severity" => "warning").increment(1);
                tracing::warn!(error = &error as &dyn std::error::Error, "answered: unavailable");
                Self::new(code, detail)
            }
            Error::Broken { .. } => {
                counter!(ERRORS, "type" => code, "severity" => "error").increment(1);
                tracing::error!(error = &error as &dyn std::error::Error, "answered: broken");
                Self::internal()
            }
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let Failure { code, said, fields } = failure;
        let fault = |(field, said)| Fault { field, said };
        Self { faults: fields.into_iter().map(fault).collect(), ..Self::new(code, said) }
    }
}

impl From<WrongField> for Fault {
    fn from(wrong: WrongField) -> Self {
        Self { field: wrong.field.to_owned(), said: wrong.problem.said() }
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::body_too_large(),
            status => {
                let detail = said!(
                    "the body could not be read to its end",
                    "isi permintaan tidak bisa dibaca sampai selesai"
                );
                Self::new("malformed_body", detail).with_status(status)
            }
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::about("malformed_query", vec![Fault::of_query(&rejection)])
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::about("malformed_path", vec![Fault::of_path(&rejection)])
    }
}

#[cfg(test)]
mod tests {
    use mkbill_core::kernel::thing::Thing;
    use mkbill_core::kernel::wrong::Wrong;

    use super::*;

    #[test]
    fn every_group_of_errors_has_its_status() {
        let status = |error: Error| Problem::from(error).body().status;
        assert_eq!(status(Error::not_found(Thing::Plan, "x")), 404);
        assert_eq!(status(Error::conflict(Thing::Plan, said!("taken", "sudah dipakai"))), 409);
        assert_eq!(status(Error::invalid("count", Wrong::Range { least: 1, most: 10000 })), 422);
        assert_eq!(status(Error::broken("a row of nonsense")), 500);
        let source = Box::new(std::io::Error::other("locked"));
        assert_eq!(status(Error::Unavailable { what: said!("away", "tidak ada"), source }), 503);
    }

    #[test]
    fn what_is_broken_inside_stays_inside() {
        let body = Problem::from(Error::broken("column secret holds `hunter2`")).body();
        assert!(!body.detail.contains("hunter2"));
    }

    #[test]
    fn a_problem_names_its_field_once() {
        let body =
            Problem::from(Error::invalid("count", Wrong::Range { least: 1, most: 10000 })).body();
        assert_eq!((body.errors[0].field.as_str(), body.errors.len()), ("count", 1));
        assert_eq!(
            (body.detail.as_str(), body.errors[0].detail.as_str()),
            ("use 1 to 10000", "use 1 to 10000")
        );
    }
}
