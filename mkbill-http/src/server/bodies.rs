//! Bodies that are watched while they pass.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

use super::guests::Busy;

/// Whether a body took too long.
#[derive(Debug, Clone, Default)]
pub(super) struct Late(Arc<AtomicBool>);

impl Late {
    pub(super) fn is_so(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The request with a body that fails once it took longer than `time`; one without a body is not
/// watched.
pub(super) fn timed(request: Request<Incoming>, time: Duration) -> (Request<Body>, Option<Late>) {
    let (head, body) = request.into_parts();
    if body.is_end_stream() {
        return (Request::from_parts(head, Body::empty()), None);
    }
    let late = Late::default();
    let timed = Timed { body, deadline: Box::pin(sleep(time)), late: late.clone() };
    (Request::from_parts(head, Body::new(timed)), Some(late))
}

#[derive(Debug, thiserror::Error)]
#[error("the body took too long")]
struct TooLate;

struct Timed {
    body: Incoming,
    deadline: Pin<Box<Sleep>>,
    late: Late,
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)));
        }
        ready!(self.deadline.as_mut().poll(context));
        self.late.0.store(true, Ordering::Release);
        Poll::Ready(Some(Err(axum::Error::new(TooLate))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer; its request is over when it has gone out.
pub(super) struct Answered {
    body: Body,
    _busy: Busy,
}

impl Answered {
    pub(super) fn new(body: Body, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
