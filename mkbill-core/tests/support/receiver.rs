//! A web server over TCP that does what a test tells it, and keeps what it was sent.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How a request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reaction {
    /// With these bytes, as they are.
    Say(String),
    /// Not at all: the line stays open.
    Hang,
    /// Not at all: the line is closed.
    HangUp,
    /// With 200, as soon as the test opens the gate.
    Wait,
}

impl Reaction {
    pub(crate) fn status(status: u16) -> Self {
        Self::with(status, "", "")
    }

    /// An answer with further header lines, each with its line break, and a body.
    pub(crate) fn with(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Say(format!(
            "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        ))
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("deliveries are JSON")
    }
}

#[derive(Debug)]
struct Shared {
    heard: Mutex<Vec<Heard>>,
    next: Mutex<VecDeque<Reaction>>,
    usual: Mutex<Reaction>,
    connections: Mutex<usize>,
    gate: Semaphore,
    requests: Semaphore,
}

fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server. It ends with the value.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// A server on loopback that answers 200.
    pub(crate) async fn start() -> Self {
        Self::started(None).await
    }

    /// The same, behind TLS.
    pub(crate) async fn behind(tls: TlsAcceptor) -> Self {
        Self::started(Some(tls)).await
    }

    async fn started(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            heard: Mutex::default(),
            next: Mutex::default(),
            usual: Mutex::new(Reaction::status(200)),
            connections: Mutex::new(0),
            gate: Semaphore::new(0),
            requests: Semaphore::new(0),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared), tls));
        Self { address, shared, serving }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks?key=s3cret", self.address)
    }

    /// Answers the next requests so, one after the other.
    pub(crate) fn next(&self, reactions: impl IntoIterator<Item = Reaction>) {
        open(&self.shared.next).extend(reactions);
    }

    /// Answers all others so.
    pub(crate) fn usually(&self, reaction: Reaction) {
        *open(&self.shared.usual) = reaction;
    }

    /// Lets those go on who wait.
    pub(crate) fn open_gate(&self) {
        self.shared.gate.add_permits(1_000);
    }

    /// Waits until `count` more requests have come.
    pub(crate) async fn requests(&self, count: u32) {
        self.shared.requests.acquire_many(count).await.expect("it lives").forget();
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        open(&self.shared.heard).clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *open(&self.shared.connections)
    }

    /// The kinds of the events that came, in their order.
    pub(crate) fn kinds(&self) -> Vec<String> {
        let kind = |heard: &Heard| heard.json()["type"].as_str().unwrap_or_default().to_owned();
        self.heard().iter().map(kind).collect()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, tls: Option<TlsAcceptor>) {
    while let Ok((stream, _)) = listener.accept().await {
        *open(&shared.connections) += 1;
        let (shared, tls) = (Arc::clone(&shared), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => answer(stream, &shared).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        answer(stream, &shared).await;
                    }
                }
            }
        });
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared) {
    let Some(heard) = read(&mut stream).await else { return };
    open(&shared.heard).push(heard);
    shared.requests.add_permits(1);
    let reaction = open(&shared.next).pop_front();
    let reaction = reaction.unwrap_or_else(|| open(&shared.usual).clone());
    let Reaction::Say(text) = (match reaction {
        Reaction::HangUp => return,
        Reaction::Hang => std::future::pending().await,
        Reaction::Wait => {
            shared.gate.acquire().await.expect("it lives").forget();
            Reaction::status(200)
        }
        say @ Reaction::Say(_) => say,
    }) else {
        return;
    };
    // Who asked may have left before all was said.
    drop(stream.write_all(text.as_bytes()).await);
    drop(stream.shutdown().await);
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Heard> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        let mut part = [0; 1_024];
        match stream.read(&mut part).await {
            Ok(count @ 1..) => bytes.extend_from_slice(&part[..count]),
            _ => return None,
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next()?;
    let header = |line: String| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers: BTreeMap<String, String> = lines.filter_map(header).collect();
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        let mut part = [0; 1_024];
        match stream.read(&mut part).await {
            Ok(count @ 1..) => body.extend_from_slice(&part[..count]),
            _ => return None,
        }
    }
    Some(Heard { line, headers, body: String::from_utf8(body).ok()? })
}
