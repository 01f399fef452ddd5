//! A router that does what a script says, for faults that a well-behaved one never shows.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use mkbill_routeros::{
    client::{ClientConfig, Credentials, Endpoint, Security},
    proto::{Decoder, Limits, Sentence},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// Long enough for a reply on loopback, short enough to wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(100);

/// Reached only when something hangs.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A connection, whatever it is made of.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A listening scripted router. Dropping it ends all its connections.
#[derive(Debug)]
pub(crate) struct ScriptedRouter {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl ScriptedRouter {
    /// Runs `script` for every connection; it also gets how many connections came before.
    pub(crate) fn start<S, F>(script: S) -> Self
    where
        S: Fn(Peer, usize) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::accept(move |stream, number| script(Peer::new(stream), number))
    }

    /// As [`Self::start`], over TLS. Connections whose handshake fails never reach the script.
    pub(crate) fn start_tls<S, F>(acceptor: TlsAcceptor, script: S) -> Self
    where
        S: Fn(Peer, usize) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::accept(move |stream, number| {
            let (acceptor, script) = (acceptor.clone(), script.clone());
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    script(Peer::new(stream), number).await;
                }
            }
        })
    }

    fn accept<S, F>(serve: S) -> Self
    where
        S: Fn(TcpStream, usize) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = listener().expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut scripts = JoinSet::new();
            for number in 0.. {
                let (stream, _) = listener.accept().await.expect("the listener is open");
                stream.set_nodelay(true).expect("the stream is open");
                scripts.spawn(serve(stream, number));
            }
        });
        Self { address, _tasks: tasks }
    }

    pub(crate) fn config(&self) -> ClientConfig {
        config(self.address)
    }
}

/// A configuration for a plain router at `address`.
pub(crate) fn config(address: SocketAddr) -> ClientConfig {
    let endpoint = Endpoint {
        host: address.ip().to_string(),
        port: address.port(),
        security: Security::Plain,
    };
    ClientConfig::new(endpoint, Credentials::new("admin", "hunter2"))
}

/// Takes little that nobody reads, so that a script that stops reading soon blocks its client.
fn listener() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(8 << 10)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    socket.listen(8)
}

/// The router's end of one connection.
pub(crate) struct Peer {
    stream: Box<dyn Stream>,
    decoder: Decoder,
}

impl Peer {
    fn new(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), decoder: Decoder::new(Limits::default()) }
    }

    /// The next sentence of the client, `None` when it hung up.
    pub(crate) async fn next(&mut self) -> Option<Sentence> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(sentence) = self.decoder.next().expect("the client sends sentences") {
                return Some(sentence);
            }
            match self.stream.read(&mut buffer).await {
                Ok(count) if count > 0 => self.decoder.feed(&buffer[..count]),
                _ => return None,
            }
        }
    }

    /// The tag word of the next command.
    pub(crate) async fn next_tag(&mut self) -> String {
        tag_of(&self.next().await.expect("the client hung up"))
    }

    pub(crate) async fn accept_login(&mut self) {
        let tag = self.next_tag().await;
        self.reply(&["!done", &tag]).await;
    }

    pub(crate) async fn reply(&mut self, words: &[&str]) {
        self.raw(&encoded(words)).await;
    }

    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        self.try_raw(bytes).await.expect("the client reads");
    }

    /// As [`Self::raw`], to a client that may have hung up.
    pub(crate) async fn try_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Waits until the client hangs up.
    pub(crate) async fn until_closed(mut self) {
        while self.next().await.is_some() {}
    }
}

pub(crate) fn tag_of(sentence: &Sentence) -> String {
    format!(
        ".tag={}",
        String::from_utf8_lossy(sentence.api_attribute(".tag").expect("every command has a tag"))
    )
}

pub(crate) fn encoded(words: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    words.iter().copied().collect::<Sentence>().encode(&mut bytes);
    bytes
}

/// Every message of an error and its causes.
pub(crate) fn story(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Answers everything with one row.
pub(crate) async fn serve(mut peer: Peer, _: usize) {
    peer.accept_login().await;
    while let Some(command) = peer.next().await {
        let tag = tag_of(&command);
        peer.reply(&["!re", &tag, "=name=core"]).await;
        peer.reply(&["!done", &tag]).await;
    }
}
