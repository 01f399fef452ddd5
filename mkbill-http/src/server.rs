//! The HTTP server and the worker beside it, from start to an orderly end.

mod bodies;
mod guests;
mod limits;
mod serving;
mod steady;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;

use axum::Extension;
use mkbill_core::billing::Billing;
use mkbill_core::worker::Worker;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::events::Ending;
use crate::failure::Failure;
use crate::routes::{Manners, router};

use limits::Limits;

/// Listens on `address`.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| Failure::Listen { address, source })
}

/// Answers requests until `stop` is cancelled, then finishes those that began.
pub(crate) async fn serve(
    listener: TcpListener,
    billing: Billing,
    manners: &Manners,
    stop: CancellationToken,
) {
    let app = router(billing, manners).layer(Extension(Ending(stop.clone())));
    serving::serve(listener, app, Limits::of_this_process(), stop).await;
}

/// Whether a worker runs beside the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    Worker,
    Nothing,
}

/// Serves, with a worker beside it, until `stop` is cancelled and both have finished.
pub(crate) async fn serve_and_work(
    listener: TcpListener,
    billing: Billing,
    manners: &Manners,
    beside: Beside,
    stop: CancellationToken,
) {
    let mut background = JoinSet::new();
    if beside == Beside::Worker {
        let (worker, stop) = (Worker::new(billing.clone()), stop.clone());
        background.spawn(async move { worker.run(stop).await });
    }
    serve(listener, billing, manners, stop.clone()).await;
    stop.cancel();
    background.join_all().await;
}

/// A token that is cancelled by ctrl-c or by a polite request to end.
pub(crate) fn until_told() -> Result<CancellationToken, Failure> {
    let stop = CancellationToken::new();
    let told = stop.clone();
    let mut end = Signals::new().map_err(|error| Failure::Io("listening for signals", error))?;
    tokio::spawn(async move {
        end.first().await;
        told.cancel();
    });
    Ok(stop)
}

#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    }

    async fn first(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the other platforms can fail here")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn first(&mut self) {
        drop(tokio::signal::ctrl_c().await);
    }
}
