//! Tags of what is shown: whether it is still what a client has seen, and a condition on changing it.
//!
//! The tag of a thing that is changed has its revision before a dash, and a digest of the answer behind
//! it. The revision is what a change is compared with, in the transaction of the change; the whole tag
//! tells whether an answer is the same, also of what is shown beside the thing, such as a balance.

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use mkbill_core::billing::{CustomerView, InvoiceView, PaymentView, SubscriptionView};
use mkbill_core::kernel::language::said;
use mkbill_core::kernel::precondition::{Precondition, Seen};
use mkbill_core::plan::Plan;
use mkbill_core::provisioning::Login;
use mkbill_core::settings::InForce;
use mkbill_core::voucher::Voucher;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use crate::answers::tries_only;
use crate::problem::Problem;

/// The largest answer that gets a tag.
const TAGGED_BYTES_MAX: usize = 1 << 20;
/// Tags of one condition.
const TAGS_MAX: usize = 32;

/// What has a revision that goes up with each change.
pub(crate) trait Revised {
    fn revision(&self) -> i64;
}

macro_rules! revised {
    ($($type:ty: $($field:ident).+;)+) => {$(
        impl Revised for $type {
            fn revision(&self) -> i64 {
                self.$($field).+
            }
        }
    )+};
}

revised! {
    CustomerView: customer.revision;
    Plan: revision;
    SubscriptionView: subscription.revision;
    InvoiceView: invoice.revision;
    PaymentView: payment.revision;
    Login: revision;
    Voucher: revision;
    InForce: settings.revision;
}

/// A thing as clients read it, with the tag of its revision.
#[derive(Debug)]
pub(crate) struct Tagged<T> {
    revision: i64,
    body: T,
}

/// The answer of a handler that shows or changes one thing which has a revision.
pub(crate) type Shown<T> = Result<Tagged<T>, Problem>;

impl<T> Tagged<T> {
    /// A thing, and what becomes of it.
    pub(crate) fn of<R: Revised, E>(
        thing: R,
        body: impl FnOnce(R) -> Result<T, E>,
    ) -> Result<Self, Problem>
    where
        Problem: From<E>,
    {
        Ok(Self { revision: thing.revision(), body: body(thing)? })
    }

    /// The same where nothing can go wrong.
    pub(crate) fn from<R: Revised>(thing: R) -> Self
    where
        T: From<R>,
    {
        Self { revision: thing.revision(), body: thing.into() }
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let Ok(text) = serde_json::to_vec(&self.body) else {
            return Problem::internal().into_response();
        };
        let tag = format!("\"{}-{}\"", self.revision, digest(&text));
        let kind = (header::CONTENT_TYPE, "application/json".to_owned());
        ([kind, (header::ETAG, tag)], text).into_response()
    }
}

/// Nobody gains by two answers with the same digest, so a fast one will do.
fn digest(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

/// Gives every shown JSON a tag, and says of one that the client has that it is the same.
pub(crate) async fn tagged(request: Request, next: Next) -> Response {
    let is_shown = request.method() == Method::GET;
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let tries_only = tries_only(request.uri());
    let mut response = next.run(request).await;
    if tries_only {
        // What was only tried is nowhere, so nobody can have seen it.
        response.headers_mut().remove(header::ETAG);
        return response;
    }
    if !is_shown || response.status() != StatusCode::OK || !is_json(response.headers()) {
        return response;
    }
    let size = response.body().size_hint().exact();
    if size.is_none_or(|size| size > TAGGED_BYTES_MAX as u64) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // A body of known size is in memory, so that collecting it cannot fail.
    let Ok(body) = to_bytes(body, TAGGED_BYTES_MAX).await else {
        return Problem::internal().into_response();
    };
    let tag = parts.headers.entry(header::ETAG).or_insert_with(|| plain_tag(&body)).clone();
    if known.is_some_and(|known| names(&known, &tag)) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json")
}

fn plain_tag(body: &Bytes) -> HeaderValue {
    let tag = HeaderValue::from_str(&format!("\"{}\"", digest(body)));
    tag.unwrap_or(HeaderValue::from_static("\"\""))
}

/// Does `If-None-Match` name this tag, weakly or not?
fn names(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else { return false };
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.trim() == "*" || known.split(',').take(TAGS_MAX).any(|known| bare(known) == tag)
}

/// The condition of `If-Match`, if there is one.
pub(crate) fn precondition(headers: &HeaderMap) -> Result<Option<Precondition>, Problem> {
    let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let malformed = || {
        Problem::malformed_header(said!(
            "If-Match takes tags in quotation marks, or *",
            "If-Match berisi tag dalam tanda kutip, atau *"
        ))
    };
    let mut revisions = Vec::new();
    for value in values {
        let value = value.to_str().map_err(|_| malformed())?;
        if value.trim() == "*" {
            return Ok(Some(Precondition::new(Seen::Any)));
        }
        for tag in value.split(',').map(str::trim) {
            if revisions.len() >= TAGS_MAX {
                return Err(malformed());
            }
            // A weak tag is never the same, nor is one that tells no revision: both match nothing.
            let bare = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = bare.strip_prefix('"').and_then(|bare| bare.strip_suffix('"'));
            let inner = inner.filter(|inner| !inner.contains('"')).ok_or_else(malformed)?;
            let revision = inner.split_once('-').and_then(|(revision, _)| revision.parse().ok());
            revisions.extend(revision.filter(|_: &i64| bare == tag));
        }
    }
    Ok(Some(Precondition::new(Seen::Revisions(revisions))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<String, ()> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().unwrap());
        precondition(&headers).map(|read| format!("{read:?}")).map_err(drop)
    }

    #[test]
    fn a_condition_is_any_or_some_revisions() {
        assert!(read("*").unwrap().contains("Any"));
        assert!(read("\"7-ab\", \"9-cd\"").unwrap().contains("Revisions([7, 9])"));
        assert!(read("W/\"7-ab\", \"abcdef\"").unwrap().contains("Revisions([])"));
        for bad in ["", "7-ab", "\"7-ab", "\"7-a\"b\""] {
            assert_eq!(read(bad), Err(()), "{bad}");
        }
        assert!(precondition(&HeaderMap::new()).unwrap().is_none());
    }

    #[test]
    fn a_tag_that_a_client_has_is_known() {
        let tag = HeaderValue::from_static("\"7-ab\"");
        for known in ["*", "\"7-ab\"", "\"x\", W/\"7-ab\""] {
            assert!(names(&known.parse().unwrap(), &tag), "{known}");
        }
        assert!(!names(&HeaderValue::from_static("\"7-ac\""), &tag));
    }
}
