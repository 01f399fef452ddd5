//! The loop that accepts connections, and each connection's own.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::bodies::{Answered, timed};
use super::guests::{Guests, Place, Told};
use super::limits::Limits;
use super::steady::Steady;
use crate::problem::{Problem, Spoken};

/// How long to wait for a place, or after a failure, before trying again.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers requests with `app` until `stop` is cancelled, then finishes those that began.
pub(super) async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    stop: CancellationToken,
) {
    let (guests, tasks) = (Guests::new(), TaskTracker::new());
    let places = Arc::new(Semaphore::new(limits.connections));
    let http = protocol(limits);
    loop {
        let next = async {
            let (stream, peer) = accepted(&listener, &guests).await;
            (stream, peer, place(&places, &guests).await)
        };
        let (stream, peer, permit) = tokio::select! {
            () = stop.cancelled() => break,
            next = next => next,
        };
        let guest = guests.welcome();
        let host = Host { app: app.clone(), limits, peer };
        let http = http.clone();
        tasks.spawn(async move {
            host.attend(&http, stream, guest).await;
            drop(permit);
        });
    }
    drop(listener);
    tasks.close();
    guests.tell_all(Told::Finish);
    if timeout(limits.farewell, tasks.wait()).await.is_err() {
        guests.tell_all(Told::Leave);
        tasks.wait().await;
    }
}

fn protocol(limits: Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_header_size(limits.head_bytes);
    http
}

/// The next connection. What goes wrong with one does not concern the others.
async fn accepted(listener: &TcpListener, guests: &Guests) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                guests.make_room();
                sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// A place for one connection; where there is none, somebody who rests is sent away.
async fn place(places: &Arc<Semaphore>, guests: &Guests) -> OwnedSemaphorePermit {
    loop {
        if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
            return permit;
        }
        guests.make_room();
        let waited = timeout(PAUSE, Arc::clone(places).acquire_owned()).await;
        if let Ok(permit) = waited {
            return permit.expect("nobody closes it");
        }
    }
}

/// What answers on one connection.
struct Host {
    app: Router,
    limits: Limits,
    peer: SocketAddr,
}

impl Host {
    async fn attend(self, http: &http1::Builder, stream: TcpStream, place: Place) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection will send small answers late");
        }
        let answering = service_fn(|request| self.answer(request, &place));
        let mut connection =
            pin!(http.serve_connection(
                TokioIo::new(Steady::new(stream, self.limits.read_time)),
                answering
            ));
        poll_fn(|context| {
            match place.guest.hear(context) {
                Told::Stay => {}
                Told::Finish => connection.as_mut().graceful_shutdown(),
                Told::Leave => return Poll::Ready(()),
            }
            connection.as_mut().poll(context).map(|ended| {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
            })
        })
        .await;
    }

    fn answer(
        &self,
        request: Request<Incoming>,
        place: &Place,
    ) -> impl Future<Output = Result<Response<Answered>, Infallible>> + use<> {
        let busy = place.busy();
        let (mut request, late) = timed(request, self.limits.body_time);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let spoken = Spoken::of(request.headers());
        let response = self.app.clone().call(request);
        async move {
            let response = match (response.await, late) {
                (Ok(_), Some(late)) if late.is_so() => {
                    spoken.within(async { Problem::body_late().into_response() }).await
                }
                (Ok(response), _) => response,
                (Err(never), _) => match never {},
            };
            Ok(response.map(|body| Answered::new(body, busy)))
        }
    }
}
