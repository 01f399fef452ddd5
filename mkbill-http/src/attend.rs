//! What every request gets: an id, a place in the log, a language, and headers that make browsers
//! careful. One layer does all that: each layer of its own would copy those within it for every request.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use mkbill_core::billing::Reader;
use mkbill_core::kernel::entropy::{Entropy as _, OsEntropy};
use tracing::Instrument as _;
use uuid::{Builder, Uuid};

use crate::problem::Spoken;

pub(crate) const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_CHARS_MAX: usize = 100;
/// An answer is data: nothing in it is loaded or run.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// Another request may get an answer in another language.
const VARIES: HeaderValue = HeaderValue::from_static("accept-language");
static ID: HeaderName = HeaderName::from_static(REQUEST_ID);
/// Headers of every answer.
static ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];
/// Headers of an answer that brings none of the same name.
static UNLESS_SET: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
];

/// Attends to a request from its first byte to the head of its answer.
pub(crate) async fn attended(
    State(house): State<Reader>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = id_of(request.headers());
    request.headers_mut().insert(&ID, id.clone());
    let span = span(&request, &id);
    let answer = async {
        let spoken = Spoken::at(&house, request.headers()).await;
        let response = spoken.within(next.run(request)).await;
        let (status, took) = (response.status().as_u16(), began.elapsed());
        tracing::debug!(status, microseconds = took.as_micros(), "answered");
        response
    };
    let mut response = answer.instrument(span).await;
    put_headers(response.headers_mut(), id);
    response
}

/// The id that a request brings, or a new one. One that is longer or stranger than it has to be is
/// forgotten: it would stand in log lines.
fn id_of(headers: &HeaderMap) -> HeaderValue {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    let given = headers.get(&ID).filter(|id| {
        (1..=REQUEST_ID_CHARS_MAX).contains(&id.len()) && id.as_bytes().iter().all(is_plain)
    });
    given.cloned().unwrap_or_else(|| {
        let mut bytes = [0; 16];
        OsEntropy.fill(&mut bytes);
        let mut text = Uuid::encode_buffer();
        let id = Builder::from_random_bytes(bytes).into_uuid();
        let text: &str = id.hyphenated().encode_lower(&mut text);
        HeaderValue::from_str(text).expect("it has digits and dashes only")
    })
}

fn span(request: &Request, id: &HeaderValue) -> tracing::Span {
    let (method, path) = (request.method(), request.uri().path());
    tracing::info_span!("request", request.id = id.to_str().ok(), %method, path)
}

fn put_headers(headers: &mut HeaderMap, id: HeaderValue) {
    headers.insert(&ID, id);
    for (name, value) in &ALWAYS {
        headers.insert(name, value.clone());
    }
    for (name, value) in &UNLESS_SET {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if headers.contains_key(header::CONTENT_LANGUAGE) {
        headers.append(header::VARY, VARIES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_for(given: &'static str) -> HeaderValue {
        let mut headers = HeaderMap::new();
        headers.insert(&ID, HeaderValue::from_static(given));
        id_of(&headers)
    }

    #[test]
    fn a_plain_id_is_kept_and_any_other_replaced() {
        for plain in ["7", "3fa85f64-5717-4562-b3fc-2c963f66afa6", "trace:a_b.c"] {
            assert_eq!(id_for(plain), plain);
        }
        for strange in ["", "a b", "x\ty", "<script>", "a\"b"] {
            assert_eq!(id_for(strange).len(), 36, "{strange}");
        }
    }
}
