//! Whoever repeats a request with its `Idempotency-Key` gets the first answer again, byte for byte.
//!
//! The request is worked on by a task of its own, so that its answer is kept even when the client is
//! gone by then: it is the one who will ask again. Dry runs pass by: they keep nothing, so the key is
//! free for the request that is meant, and one that is repeated shows what would be now.

use std::time::Duration;

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use mkbill_core::billing::Billing;
use mkbill_core::kernel::caller::{Fingerprint, IdempotencyKey};
use mkbill_core::request::answer::{
    ANSWER_BYTES_MAX, AnswerClaim, AnswerLease, KeptAnswer, KeyedRequest,
};
use tokio::time::{Instant, sleep};
use tracing::Instrument as _;

use crate::api::mark_replayed;
use crate::auth::actor;
use crate::prefer::APPLIED;
use crate::problem::{Problem, ProblemCode, Spoken};
use crate::routes::BODY_BYTES_MAX;
use crate::tag::tagged;

pub(crate) const KEY: &str = "idempotency-key";
/// How long a repeated request waits for the answer to the first one.
const WAIT_MAX: Duration = Duration::from_secs(5);
const LOOK_FIRST: Duration = Duration::from_millis(10);
const LOOK_LAST: Duration = Duration::from_millis(250);
/// Headers that belong to an answer; all others are about the way it went.
static HEAD: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::CONTENT_LANGUAGE,
    header::LOCATION,
    header::ETAG,
    header::CONTENT_DISPOSITION,
    header::RETRY_AFTER,
    HeaderName::from_static(APPLIED),
];
/// Answers after which the same request may fare better: they are not kept.
const PASSING: [StatusCode; 4] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::PRECONDITION_FAILED,
    StatusCode::TOO_MANY_REQUESTS,
];
/// The same, by the code of a problem: the core refused a key that this table has forgotten.
const KEY_REUSED: &str = "idempotency_key_reused";

/// Answers a keyed write once, and whoever repeats it with the first answer. Every answer is tagged.
pub(crate) async fn first_answer(
    billing: &Billing,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let keyed = key_of(&request).zip(actor(request.extensions()));
    let Some((key, actor)) = keyed else { return Ok(tagged(request, next).await) };
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::body_too_large())?;
    let target = (parts.method.as_str(), parts.uri.path(), parts.uri.query());
    let input = Fingerprint::of("http", &[&target, &Fingerprint::of_bytes(&body)]);
    let keyed = KeyedRequest { actor, key, input };
    match claimed(billing, &keyed).await? {
        AnswerClaim::Ours(lease) => {
            let request = Request::from_parts(parts, Body::from(body));
            let work = work(billing.clone(), lease, request, next);
            let work = Spoken::now().within(work).in_current_span();
            match tokio::spawn(work).await {
                Ok(response) => Ok(response),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => Err(Problem::internal()),
            }
        }
        AnswerClaim::Answered(answer) => Ok(again(answer)),
        AnswerClaim::Working => Err(Problem::in_flight()),
        AnswerClaim::Reused => Err(Problem::key_reused()),
    }
}

/// The key of a write that is meant. One that is no key is left to whoever reads it later and says so.
fn key_of(request: &Request) -> Option<IdempotencyKey> {
    let writes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    if !writes.contains(request.method()) || tries_only(request.uri()) {
        return None;
    }
    request.headers().get(KEY)?.to_str().ok()?.parse().ok()
}

/// Is it a dry run?
pub(crate) fn tries_only(uri: &Uri) -> bool {
    let may_say_so = |query: &str| query.contains("dry_run") || query.contains('%');
    if !uri.query().is_some_and(may_say_so) {
        return false;
    }
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
    query.is_ok_and(|query| query.iter().any(|(name, value)| name == "dry_run" && value == "true"))
}

/// Claims the request, or waits for whoever works on it.
async fn claimed(billing: &Billing, request: &KeyedRequest) -> Result<AnswerClaim, Problem> {
    let give_up = Instant::now() + WAIT_MAX;
    let mut pause = LOOK_FIRST;
    let mut claim = billing.claim_answer(request).await?;
    while claim == AnswerClaim::Working && Instant::now() < give_up {
        sleep(pause).await;
        pause = LOOK_LAST.min(pause * 2);
        claim = billing.look_for_answer(request).await?;
    }
    Ok(claim)
}

/// Lets the request be handled, and keeps its answer.
async fn work(billing: Billing, lease: AnswerLease, request: Request, next: Next) -> Response {
    let claim = Claim { billing, lease: Some(lease) };
    let response = tagged(request, next).await;
    claim.settle(response).await
}

/// A claim that is let go of when the work ends without an answer, such as by a panic.
struct Claim {
    billing: Billing,
    lease: Option<AnswerLease>,
}

impl Claim {
    async fn settle(mut self, response: Response) -> Response {
        let Some(lease) = self.lease.take() else { return response };
        let size = response.body().size_hint().exact();
        let fits = size.is_some_and(|size| size <= ANSWER_BYTES_MAX as u64);
        if !fits || !is_kept(&response) {
            note(self.billing.let_go_answer(&lease).await);
            return response;
        }
        let (parts, body) = response.into_parts();
        // A body of known size is in memory, so that collecting it cannot fail.
        let Ok(body) = to_bytes(body, ANSWER_BYTES_MAX).await else {
            note(self.billing.let_go_answer(&lease).await);
            return Problem::internal().into_response();
        };
        let head = HEAD.iter().filter_map(|name| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        let answer =
            KeptAnswer { status: parts.status.as_u16(), head: head.collect(), body: body.to_vec() };
        note(self.billing.keep_answer(&lease, &answer).await);
        Response::from_parts(parts, Body::from(body))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let billing = self.billing.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { note(billing.let_go_answer(&lease).await) });
        }
    }
}

/// What was done is done: that its answer could not be kept is no failure of the request.
fn note(kept: Result<(), mkbill_core::kernel::error::Error>) {
    if let Err(error) = kept {
        tracing::warn!(error = &error as &dyn std::error::Error, "an answer could not be kept");
    }
}

fn is_kept(response: &Response) -> bool {
    let status = response.status();
    let code = response.extensions().get::<ProblemCode>();
    let is_reused = code.is_some_and(|code| code.0 == KEY_REUSED);
    !status.is_server_error() && !PASSING.contains(&status) && !is_reused
}

fn again(answer: KeptAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    for (name, value) in answer.head {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    mark_replayed(response)
}
