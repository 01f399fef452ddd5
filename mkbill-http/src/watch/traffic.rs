//! Requests, counted by the template of their route.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::response::Response;
use metrics::{SharedString, counter, gauge, histogram};

const DURATION: &str = "http_request_duration_seconds";
const TOTAL: &str = "http_requests_total";
const ACTIVE: &str = "http_requests_active";
/// A request that took longer is written to the log.
const SLOW: Duration = Duration::from_secs(1);
/// Instead of the path of a request that no route takes.
const UNMATCHED: &str = "unmatched";

/// Counts a request and times it until its answer begins.
pub(crate) async fn counted(
    request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let began = Instant::now();
    let method = name_of(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let active = Active::begin();
    let response = answer(request).await;
    drop(active);
    note(method, route.as_ref(), response.status().as_u16(), began.elapsed());
    response
}

fn note(method: &'static str, route: Option<&MatchedPath>, status: u16, took: Duration) {
    let route = route.map_or(UNMATCHED, MatchedPath::as_str);
    if took > SLOW {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(method, route, status, milliseconds, "a request was slow");
    }
    let labels: [(&'static str, SharedString); 3] = [
        ("method", method.into()),
        ("route", route.to_owned().into()),
        ("status_code", status.to_string().into()),
    ];
    counter!(TOTAL, &labels).increment(1);
    histogram!(DURATION, &labels).record(took);
}

/// A stranger may name methods as they like.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// A request that is under way, also when its client goes away before the answer.
struct Active;

impl Active {
    fn begin() -> Self {
        gauge!(ACTIVE).increment(1.0);
        Self
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        gauge!(ACTIVE).decrement(1.0);
    }
}
