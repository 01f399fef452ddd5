//! In which language a request is answered, and under which id.

use std::future::Future;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use mkbill_core::kernel::language::Language;

use crate::routes::REQUEST_ID;

/// How many languages a request may name; those after it are not heard.
const RANGES_MAX: usize = 20;
/// Another request may get an answer in another language.
const VARIES: HeaderValue = HeaderValue::from_static("accept-language");
/// A quality of 1, in thousandths.
const BEST: u16 = 1_000;

tokio::task_local! {
    static SPOKEN: Spoken;
}

/// What every answer to a request needs to know of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spoken {
    pub(crate) language: Language,
    pub(crate) request_id: Option<String>,
}

impl Spoken {
    /// Of the request that is being worked on; English and without an id outside of one.
    pub(crate) fn now() -> Self {
        SPOKEN.try_with(Self::clone).unwrap_or_default()
    }

    /// What the headers of a request ask for.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let id = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        Self { language: preferred(headers), request_id: id.map(str::to_owned) }
    }

    /// Works on behalf of the same request, wherever it is polled.
    pub(crate) fn within<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        SPOKEN.scope(self, work)
    }
}

/// Keeps the language and the id of a request in mind while it is worked on.
pub(crate) async fn spoken(request: Request, next: Next) -> Response {
    let mut response = Spoken::of(request.headers()).within(next.run(request)).await;
    if response.headers().contains_key(header::CONTENT_LANGUAGE) {
        response.headers_mut().append(header::VARY, VARIES);
    }
    response
}

/// The language that `Accept-Language` likes best of those that there are; the first of equals.
fn preferred(headers: &HeaderMap) -> Language {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let ranges = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut best = (0, Language::English);
    for (language, quality) in ranges.take(RANGES_MAX).filter_map(read) {
        if quality > best.0 {
            best = (quality, language);
        }
    }
    best.1
}

/// One of ours and how much it is liked.
fn read(range: &str) -> Option<(Language, u16)> {
    let (tag, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
    let first = tag.trim().split('-').next()?.to_ascii_lowercase();
    let language = match first.as_str() {
        "id" => Language::Indonesian,
        "en" | "*" => Language::English,
        _ => return None,
    };
    let quality = parameter.trim().strip_prefix("q=").or(parameter.trim().strip_prefix("Q="))?;
    Some((language, thousandths(quality.trim())?))
}

/// A quality such as `0.5`, of at most three digits behind the dot.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let plain = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    let part: u16 = format!("{part:0<3}").parse().ok().filter(|_| plain)?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(BEST),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_liked_best_is_spoken() {
        for (asked, language) in [
            ("id", "id"),
            ("id-ID", "id"),
            ("ID-id;q=0.3", "id"),
            ("en", "en"),
            ("en-GB,id;q=0.9", "en"),
            ("fr;q=1, id;q=0.5", "id"),
            ("id;q=0.4, en;q=0.8", "en"),
            ("id;q=0", "en"),
            ("*", "en"),
            ("*;q=0.5, id", "id"),
            ("fr, de", "en"),
            ("id;q=2", "en"),
            ("id;q=0.1234", "en"),
            ("id;level=1", "en"),
            ("", "en"),
            (";;;,,,q=", "en"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(asked));
            assert_eq!(preferred(&headers).tag(), language, "{asked}");
        }
        assert_eq!(preferred(&HeaderMap::new()), Language::English);
    }
}
