//! REST over HTTP, on the same router that the binary API serves.
//!
//! Faults strike here as they do there, except those that need a tag or a second answer: strange tags and repeated
//! answers cannot happen over HTTP. A hostile length is a `Content-Length` of 4 GiB. Bytes that are not UTF-8 are
//! replaced in answers; what real routers send instead is not known.

mod account;
mod answer;
mod json;
mod perform;
mod request;

use std::{net::IpAddr, sync::Arc};

use http_body_util::{BodyExt, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderMap},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::value::Version;

use super::{account::LoggedIn, service::Service, shared::Shared};
use account::Claim;
use answer::{Answer, Delivery, Payload};
use perform::Cut;
use request::Asked;

/// What a request may send.
const BODY_BYTES_MAX: usize = 2 << 20;
const HEAD_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;

const JSON: &str = "application/json";
/// The first release that takes a character set behind the content type.
const TAKES_CHARSET: Version = Version::new(7, 2, 0);

/// Whether a release has REST on a service.
fn is_there(service: Service, version: Version) -> bool {
    if service == Service::WwwSsl { version.has_rest() } else { version.has_rest_without_tls() }
}

/// Serves a connection, request by request, until either side ends it.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: IpAddr,
    service: Service,
    shared: Arc<Shared>,
) {
    if !shared.router().open_connection(service, peer) {
        return;
    }
    let link = shared.router().link();
    let visit = Arc::new(Visit { peer, service, shared });
    let handler = service_fn(move |request| {
        let visit = Arc::clone(&visit);
        async move { visit.respond(request).await }
    });
    let connection = http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), handler);
    // Errors of the socket and of the client end a connection like a hang-up.
    let _ = link.run_until_cancelled(connection).await;
}

/// One client on one connection.
struct Visit {
    peer: IpAddr,
    service: Service,
    shared: Arc<Shared>,
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.shared.router().end_connection(self.service);
    }
}

impl Visit {
    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Payload>, Cut> {
        match self.prepare(request).await {
            Ok((logged_in, asked)) => {
                let caller = &logged_in.caller;
                let performed = perform::perform(&self.shared, caller, &asked).await;
                self.shared.router().log_out(logged_in.id);
                let (answer, delivery) = performed?;
                Ok(answer.into_response(delivery))
            }
            Err(answer) => Ok(answer.into_response(Delivery::Whole)),
        }
    }

    /// Everything up to the command; what speaks against it is answered at once.
    async fn prepare(&self, request: Request<Incoming>) -> Result<(LoggedIn, Asked), Answer> {
        let (head, body) = request.into_parts();
        let version = self.shared.router().routeros().version();
        if !is_there(self.service, version) || !head.uri.path().starts_with("/rest") {
            return Err(Answer::error(StatusCode::NOT_FOUND, None));
        }
        let unauthorized = || Answer::error(StatusCode::UNAUTHORIZED, None);
        let claim = Claim::of(&head.headers).ok_or_else(unauthorized)?;
        let body = collect(body).await?;
        if !body.is_empty() && !is_json(&head.headers, version) {
            return Err(Answer::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, None));
        }
        let mut router = self.shared.router();
        let logged_in = router.log_in(claim.name(), &claim.proof(), self.service, self.peer);
        let logged_in = logged_in.map_err(|_| unauthorized())?;
        match Asked::read(&head.method, &head.uri, &body) {
            Ok(asked) => Ok((logged_in, asked)),
            Err(answer) => {
                router.log_out(logged_in.id);
                Err(answer)
            }
        }
    }
}

async fn collect(body: Incoming) -> Result<Bytes, Answer> {
    let too_large = || Answer::error(StatusCode::PAYLOAD_TOO_LARGE, None);
    let collected = Limited::new(body, BODY_BYTES_MAX).collect().await;
    collected.map(http_body_util::Collected::to_bytes).map_err(|_| too_large())
}

fn is_json(headers: &HeaderMap, version: Version) -> bool {
    let Some(given) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    match given.split_once(';') {
        Some((kind, _)) => version >= TAKES_CHARSET && kind.trim().eq_ignore_ascii_case(JSON),
        None => given.eq_ignore_ascii_case(JSON),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_set_behind_the_content_type_is_taken_from_7_2_on() {
        let (old, new) = (Version::new(7, 1, 5), TAKES_CHARSET);
        for (kind, by_old, by_new) in [
            ("application/json", true, true),
            ("application/json; charset=utf-8", false, true),
            ("application/jsonp", false, false),
            ("text/plain", false, false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(
                (is_json(&headers, old), is_json(&headers, new)),
                (by_old, by_new),
                "{kind}"
            );
        }
        assert!(!is_json(&HeaderMap::new(), new));
    }
}
