//! In which language a request is answered, and under which id.

use std::future::Future;

use axum::http::{HeaderMap, header};
use mkbill_core::billing::Reader;
use mkbill_core::kernel::language::Language;

use crate::attend::REQUEST_ID;

/// How many languages a request may name; those after it are not heard.
const RANGES_MAX: usize = 20;
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

    /// What the headers of a request ask for; English if they ask for no language that there is.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::in_language(headers, preferred(headers).unwrap_or_default())
    }

    /// The same, where whoever asks for no language that there is gets that of the business.
    pub(crate) async fn at(house: &Reader, headers: &HeaderMap) -> Self {
        let language = match preferred(headers) {
            Some(language) => language,
            None => house.language().await.unwrap_or_default(),
        };
        Self::in_language(headers, language)
    }

    fn in_language(headers: &HeaderMap, language: Language) -> Self {
        let id = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        Self { language, request_id: id.map(str::to_owned) }
    }

    /// Works on behalf of the same request, wherever it is polled.
    pub(crate) fn within<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        SPOKEN.scope(self, work)
    }
}

/// The language that `Accept-Language` likes best of those that there are, the first of equals; `None` if
/// it likes none of them, or any as much.
fn preferred(headers: &HeaderMap) -> Option<Language> {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let ranges = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut best = (0, None);
    for (language, quality) in ranges.take(RANGES_MAX).filter_map(read) {
        if quality > best.0 {
            best = (quality, language);
        }
    }
    best.1
}

/// One of ours, or any, and how much it is liked.
fn read(range: &str) -> Option<(Option<Language>, u16)> {
    let (tag, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
    let first = tag.trim().split('-').next()?.to_ascii_lowercase();
    let language = match first.as_str() {
        "*" => None,
        tag => Some(Language::tagged(tag)?),
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
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_that_is_liked_best_is_spoken() {
        for (asked, language) in [
            ("id", Some("id")),
            ("id-ID", Some("id")),
            ("ID-id;q=0.3", Some("id")),
            ("en", Some("en")),
            ("en-GB,id;q=0.9", Some("en")),
            ("fr;q=1, id;q=0.5", Some("id")),
            ("id;q=0.4, en;q=0.8", Some("en")),
            ("id;q=0", None),
            ("*", None),
            ("*;q=0.5, id", Some("id")),
            ("fr, de", None),
            ("id;q=2", None),
            ("id;q=0.1234", None),
            ("id;level=1", None),
            ("", None),
            (";;;,,,q=", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(asked));
            assert_eq!(preferred(&headers).map(Language::tag), language, "{asked}");
        }
        assert_eq!(preferred(&HeaderMap::new()), None);
    }
}
