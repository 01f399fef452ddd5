//! One kept connection: a request goes out, an answer comes back.

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Request, StatusCode,
    body::{Body, Bytes, Incoming},
    client::conn::http1::{Builder, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;
use tracing::debug;

use crate::{
    error::{BadAnswer, Unanswered},
    transport::Stream,
};

/// What the head of an answer may be.
const HEAD_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;

/// A connection that takes one request at a time. Dropping it hangs up.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Moves the bytes; it ends with the connection.
    _task: JoinSet<()>,
}

impl Connection {
    /// Takes over a stream on which nothing was said yet.
    pub(super) async fn over(stream: Box<dyn Stream>) -> Result<Self, Unanswered> {
        let mut builder = Builder::new();
        builder.max_headers(HEADERS_MAX).max_header_size(HEAD_BYTES_MAX);
        let handshake = builder.handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|error| why(&error))?;
        let mut task = JoinSet::new();
        task.spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "the router connection failed");
            }
        });
        Ok(Self { sender, _task: task })
    }

    /// Whether another request may be sent.
    pub(super) fn is_usable(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends a request and reads the whole answer, of at most `bytes_max`.
    pub(super) async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
        bytes_max: usize,
    ) -> Result<(StatusCode, Bytes), Unanswered> {
        self.sender.ready().await.map_err(|error| why(&error))?;
        let sent = self.sender.send_request(request).await;
        let (head, body) = sent.map_err(|error| why(&error))?.into_parts();
        Ok((head.status, collect(body, bytes_max).await?))
    }
}

async fn collect(body: Incoming, bytes_max: usize) -> Result<Bytes, Unanswered> {
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |announced| announced > bytes_max) {
        return Err(Unanswered::TooLong);
    }
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Unanswered::TooLong),
        Err(error) => Err(error.downcast_ref().map_or(Unanswered::Lost, why)),
    }
}

/// What an error of the connection means for the request.
fn why(error: &hyper::Error) -> Unanswered {
    if error.is_canceled() {
        // The library cancels only what it has not begun to send.
        Unanswered::NotSent
    } else if error.is_parse() {
        Unanswered::Unreadable(BadAnswer::Http(error.to_string()))
    } else {
        Unanswered::Lost
    }
}
