//! What goes back: a status and JSON whose values are all strings.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use hyper::{
    Response, StatusCode,
    body::{Body, Bytes, Frame, SizeHint},
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE},
};
use serde_json::{Map, Value, json};

use crate::{proto::Sentence, sim::refusal::Refusal};

/// What the router claims to send when it is told to lie about it.
const HOSTILE_LENGTH: u64 = u32::MAX as u64;

/// An answer before it becomes HTTP.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    status: StatusCode,
    body: Option<Value>,
}

/// How the bytes of an answer go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    /// One byte at a time.
    Split,
    /// Far more is announced than ever comes.
    Hostile,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self::with(StatusCode::OK, body)
    }

    pub(super) fn with(status: StatusCode, body: Value) -> Self {
        Self { status, body: Some(body) }
    }

    pub(super) fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None }
    }

    pub(super) fn error(status: StatusCode, detail: Option<&str>) -> Self {
        let reason = status.canonical_reason().unwrap_or("Error");
        let mut body = json!({ "error": status.as_u16(), "message": reason });
        if let Some(detail) = detail {
            body["detail"] = detail.into();
        }
        Self::with(status, body)
    }

    /// A command that failed. `last` is the last part of its path, which routers name when they do not know it.
    pub(super) fn refused(refusal: &Refusal, last: &str) -> Self {
        let text = refusal.message.as_str();
        if text.starts_with("no such command") {
            let detail = format!("no such command or directory ({last})");
            return Self::error(StatusCode::NOT_ACCEPTABLE, Some(&detail));
        }
        let status = match text {
            _ if text.starts_with("no such item") => StatusCode::NOT_FOUND,
            _ if text.starts_with("not enough permissions") => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::error(status, Some(text))
    }

    /// No object, or not one that could be.
    pub(super) fn no_such_resource() -> Self {
        Self::error(StatusCode::NOT_FOUND, Some("missing or invalid resource identifier"))
    }

    /// A command that took too long.
    pub(super) fn session_closed() -> Self {
        Self::error(StatusCode::BAD_REQUEST, Some("Session closed"))
    }

    pub(super) fn into_response(self, delivery: Delivery) -> Response<Payload> {
        let json = HeaderValue::from_static("application/json");
        let bytes = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        let mut response = Response::new(Payload { left: Bytes::from(bytes), delivery });
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if self.body.is_some() {
            headers.insert(CONTENT_TYPE, json);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let realm = HeaderValue::from_static("Basic realm=\"RouterOS\"");
            headers.insert(WWW_AUTHENTICATE, realm);
        }
        if delivery == Delivery::Hostile {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(HOSTILE_LENGTH));
        }
        response
    }
}

/// The rows among replies; `!empty` is none.
pub(super) fn rows(replies: &[Sentence]) -> Vec<Value> {
    let is_row = |reply: &&Sentence| reply.first() == Some(b"!re");
    replies.iter().filter(is_row).map(object).collect()
}

fn object(row: &Sentence) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = row.attributes().map(|(name, value)| (text(name), Value::String(text(value))));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// The bytes of an answer.
#[derive(Debug)]
pub(super) struct Payload {
    left: Bytes,
    delivery: Delivery,
}

impl Body for Payload {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let data = match self.delivery {
            Delivery::Hostile if self.left.is_empty() => return Poll::Pending,
            _ if self.left.is_empty() => return Poll::Ready(None),
            Delivery::Whole | Delivery::Hostile => std::mem::take(&mut self.left),
            Delivery::Split => {
                context.waker().wake_by_ref();
                self.left.split_to(1)
            }
        };
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.delivery != Delivery::Hostile
    }

    fn size_hint(&self) -> SizeHint {
        match self.delivery {
            Delivery::Hostile => SizeHint::with_exact(HOSTILE_LENGTH),
            Delivery::Whole | Delivery::Split => SizeHint::with_exact(self.left.len() as u64),
        }
    }
}
