//! Listening sockets.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

#[cfg(feature = "sim-sftp")]
use super::sftp;
use super::{connection::Connection, rest, service::Service, shared::Shared, transcript::Recorded};

/// How many connections are served at once; more are closed at once.
const CONNECTIONS_MAX: usize = 1024;

/// What is spoken on a port.
#[derive(Debug, Clone)]
pub(super) enum Protocol {
    /// The binary API.
    Api,
    /// REST over HTTP.
    Rest,
    /// SFTP, with this key.
    #[cfg(feature = "sim-sftp")]
    Sftp(sftp::Host),
}

/// A port of the router, open or closed, with a task that serves it.
#[derive(Debug)]
pub(super) struct Port {
    address: SocketAddr,
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

/// What a port is told to do, and where it says that it has done so.
#[derive(Debug)]
enum Order {
    Close(oneshot::Sender<io::Result<()>>),
    Open(oneshot::Sender<io::Result<()>>),
}

impl Port {
    pub(super) async fn open(
        address: SocketAddr,
        protocol: Protocol,
        shared: Arc<Shared>,
        tls: Option<TlsAcceptor>,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (orders, received) = mpsc::channel(1);
        let host = Host {
            address,
            protocol,
            shared,
            tls,
            listener: Some(listener),
            orders: received,
            connections: JoinSet::new(),
        };
        let task = tokio::spawn(async move {
            stop.run_until_cancelled_owned(host.serve()).await;
        });
        Ok(Self { address, orders, task })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn unplug(&self) -> io::Result<()> {
        self.order(Order::Close).await
    }

    pub(super) async fn plug_in(&self) -> io::Result<()> {
        self.order(Order::Open).await
    }

    pub(super) async fn ended(self) {
        // A task that was stopped has nothing left to report.
        let _ = self.task.await;
    }

    async fn order(
        &self,
        order: impl FnOnce(oneshot::Sender<io::Result<()>>) -> Order,
    ) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::NotConnected);
        let (obeyed, result) = oneshot::channel();
        let sent = self.orders.send(order(obeyed)).await;
        sent.map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

struct Host {
    address: SocketAddr,
    protocol: Protocol,
    shared: Arc<Shared>,
    tls: Option<TlsAcceptor>,
    listener: Option<TcpListener>,
    orders: mpsc::Receiver<Order>,
    connections: JoinSet<()>,
}

impl Host {
    async fn serve(mut self) {
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return,
                },
                Some(_) = self.connections.join_next(), if !self.connections.is_empty() => {}
                accepted = accept(self.listener.as_ref()), if self.listener.is_some() => {
                    if let Some((stream, peer)) = accepted {
                        self.welcome(stream, peer.ip());
                    }
                }
            }
        }
    }

    async fn obey(&mut self, order: Order) {
        let (obeyed, result) = match order {
            Order::Close(obeyed) => {
                self.listener = None;
                self.connections.shutdown().await;
                (obeyed, Ok(()))
            }
            Order::Open(obeyed) if self.listener.is_some() => (obeyed, Ok(())),
            Order::Open(obeyed) => {
                let bound = TcpListener::bind(self.address).await;
                (obeyed, bound.map(|listener| self.listener = Some(listener)))
            }
        };
        // Whoever gave the order may have stopped waiting.
        let _ = obeyed.send(result);
    }

    fn welcome(&mut self, stream: TcpStream, peer: IpAddr) {
        if self.connections.len() >= CONNECTIONS_MAX || stream.set_nodelay(true).is_err() {
            return;
        }
        let (protocol, shared) = (self.protocol.clone(), Arc::clone(&self.shared));
        let recorder = shared.journal().recorder.clone();
        match self.tls.clone() {
            None => self.connections.spawn(async move {
                match protocol {
                    Protocol::Api => {
                        let stream = Recorded::new(stream, recorder);
                        Connection::new(stream, Service::Api, peer, shared).serve().await;
                    }
                    Protocol::Rest => rest::serve(stream, peer, Service::Www, shared).await,
                    #[cfg(feature = "sim-sftp")]
                    Protocol::Sftp(host) => sftp::serve(stream, peer, host, shared).await,
                }
            }),
            Some(tls) => self.connections.spawn(async move {
                let Ok(stream) = tls.accept(stream).await else { return };
                match protocol {
                    Protocol::Api => {
                        let stream = Recorded::new(stream, recorder);
                        Connection::new(stream, Service::ApiSsl, peer, shared).serve().await;
                    }
                    Protocol::Rest => rest::serve(stream, peer, Service::WwwSsl, shared).await,
                    // SSH brings a secrecy of its own.
                    #[cfg(feature = "sim-sftp")]
                    Protocol::Sftp(_) => {}
                }
            }),
        };
    }
}

/// The next connection; `None` when the system could not give one.
async fn accept(listener: Option<&TcpListener>) -> Option<(TcpStream, SocketAddr)> {
    listener?.accept().await.ok()
}
