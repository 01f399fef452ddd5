//! `Prefer: respond-async` of RFC 7240: the client does not wait.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use mkbill_core::kernel::caller::{Caller, Mode};
use utoipa::IntoParams;

const PREFER: &str = "prefer";
/// What is said of a preference that was followed.
pub(crate) const APPLIED: &str = "preference-applied";
/// The preference itself.
pub(crate) const RESPOND_ASYNC: &str = "respond-async";

/// The header of writes that may take long.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents a header that `Preference` reads by hand")]
pub(crate) struct PreferHeader {
    /// `respond-async` (RFC 7240): do not wait. The answer is 202 with an operation, which a worker does
    /// and which can be looked at, followed and cancelled. A dry run is answered directly.
    #[param(rename = "Prefer", example = "respond-async")]
    prefer: Option<String>,
}

/// What a client prefers of an answer. Preferences that nobody knows are ignored, as the RFC wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preference {
    /// An answer once it is done.
    Done,
    /// An answer at once.
    RespondAsync,
}

impl Preference {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        let named = |preference: &str| {
            let name = preference.split([';', '=']).next().unwrap_or_default();
            name.trim().eq_ignore_ascii_case(RESPOND_ASYNC)
        };
        if values.flat_map(|value| value.split(',')).any(named) {
            Self::RespondAsync
        } else {
            Self::Done
        }
    }

    /// Is this caller to be answered at once? One who only tries is answered with what would be.
    pub(crate) fn is_async(self, caller: &Caller) -> bool {
        self == Self::RespondAsync && caller.mode == Mode::Commit
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Preference {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_preference_is_found_among_others_and_in_any_case() {
        for (values, expected) in [
            (&["respond-async"][..], Preference::RespondAsync),
            (&["return=minimal, Respond-Async; x=1, wait=10"], Preference::RespondAsync),
            (&["wait=10", "respond-async"], Preference::RespondAsync),
            (&["respond-async=\"\""], Preference::RespondAsync),
            (&["respond-asynchronous"], Preference::Done),
            (&["wait=respond-async"], Preference::Done),
            (&["", ",;="], Preference::Done),
            (&[], Preference::Done),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(PREFER, HeaderValue::from_static(value));
            }
            assert_eq!(Preference::of(&headers), expected, "{values:?}");
        }
    }
}
