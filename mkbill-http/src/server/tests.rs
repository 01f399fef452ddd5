use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use futures_util::stream::unfold;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::limits::Limits;
use super::serving::serve;

/// Longer than any of this takes unless something hangs.
const PATIENCE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);
/// More than systems take for a client that reads nothing.
const LARGE: usize = 64 << 20;
const LONG: Duration = Duration::from_mins(1);

fn patient() -> Limits {
    Limits {
        connections: 100,
        head_time: LONG,
        head_bytes: 4096,
        body_time: LONG,
        read_time: LONG,
        farewell: LONG,
    }
}

struct Serving {
    address: SocketAddr,
    stop: CancellationToken,
    /// Lets the answer of `/slow` go.
    go: Arc<Notify>,
    /// A request for `/slow` has come.
    came: Arc<Notify>,
    served: JoinHandle<()>,
}

impl Serving {
    async fn with(limits: Limits) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, go, came) =
            (CancellationToken::new(), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let app = app(&stop, &go, &came);
        let served = tokio::spawn(serve(listener, app, limits, stop.clone()));
        Self { address, stop, go, came, served }
    }

    async fn client(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    async fn ended(self) {
        timeout(PATIENCE, self.served).await.expect("the loop ends").unwrap();
    }
}

fn app(stop: &CancellationToken, go: &Arc<Notify>, came: &Arc<Notify>) -> Router {
    let (go, came, stop) = (Arc::clone(go), Arc::clone(came), stop.clone());
    let slow = async move || {
        came.notify_one();
        go.notified().await;
        "slowly"
    };
    let endless = async move || {
        let texts = unfold(stop, async |stop| {
            let quiet = timeout(SHORT, stop.cancelled()).await.is_err();
            quiet.then(|| (Ok::<_, std::io::Error>(Bytes::from_static(b":\n\n")), stop))
        });
        Body::from_stream(texts)
    };
    Router::new()
        .route("/", get(async || "here"))
        .route("/peer", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()))
        .route("/length", post(async |body: Bytes| body.len().to_string()))
        .route("/large", get(async || vec![0; LARGE]))
        .route("/slow", get(slow))
        .route("/endless", get(endless))
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, path: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        self.hear().await
    }

    /// What comes next; empty at the end.
    async fn hear(&mut self) -> String {
        let mut bytes = vec![0; 16 << 10];
        let read = timeout(PATIENCE, self.0.read(&mut bytes)).await.expect("no answer hangs");
        String::from_utf8_lossy(&bytes[..read.unwrap_or(0)]).into_owned()
    }

    async fn hear_all(&mut self) -> String {
        let mut all = String::new();
        loop {
            match self.hear().await {
                end if end.is_empty() => return all,
                more => all.push_str(&more),
            }
        }
    }
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another_and_knows_its_peer() {
    let serving = Serving::with(patient()).await;
    let mut client = serving.client().await;
    for _ in 0..3 {
        assert!(client.ask("/").await.ends_with("here"));
    }
    let own = client.0.local_addr().unwrap().to_string();
    assert!(client.ask("/peer").await.ends_with(&own));
}

#[tokio::test]
async fn a_head_that_drips_ends_its_connection_and_no_other() {
    let serving = Serving::with(Limits { head_time: SHORT, ..patient() }).await;
    let mut dripping = serving.client().await;
    dripping.send("GET / HTTP/1.1\r\nhost: x\r\n").await;
    let mut drops = 0;
    while dripping.0.try_read(&mut [0; 1]).is_err() {
        drops += 1;
        assert!(drops < 2_000, "it is still being served");
        // What was closed may take one more byte.
        drop(dripping.0.write_all(b"a").await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(serving.client().await.ask("/").await.ends_with("here"));
}

#[tokio::test]
async fn a_connection_that_rests_is_closed() {
    let serving = Serving::with(Limits { head_time: SHORT, ..patient() }).await;
    let mut client = serving.client().await;
    assert!(client.ask("/").await.ends_with("here"));
    assert_eq!(client.hear().await, "");
}

#[tokio::test]
async fn a_body_that_drips_is_answered_408() {
    let serving = Serving::with(Limits { body_time: SHORT, ..patient() }).await;
    let mut client = serving.client().await;
    client.send("POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").await;
    let answer = client.hear_all().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"body_late\""), "{answer}");
    let mut client = serving.client().await;
    client.send("POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc").await;
    assert!(client.hear().await.ends_with('3'));
}

#[tokio::test]
async fn heads_beyond_their_size_or_count_are_answered_431() {
    let serving = Serving::with(patient()).await;
    let large = format!("a: {}\r\n", "x".repeat(5_000));
    let many = "a: x\r\n".repeat(200);
    for fields in [large, many] {
        let mut client = serving.client().await;
        client.send(&format!("GET / HTTP/1.1\r\nhost: x\r\n{fields}\r\n")).await;
        let answer = client.hear().await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    assert!(serving.client().await.ask("/").await.ends_with("here"));
}

#[tokio::test]
async fn nonsense_harms_only_its_own_connection() {
    let serving = Serving::with(patient()).await;
    let mut good = serving.client().await;
    let nonsense: [&[u8]; 9] = [
        b"\0\0\0\0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n",
        b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /length HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"GET /%ff%00 HTTP/1.1\r\nhost: \xff\r\n\r\n",
    ];
    for bytes in nonsense {
        let mut client = serving.client().await;
        client.0.write_all(bytes).await.unwrap();
        client.0.shutdown().await.unwrap();
        let answer = client.hear_all().await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
        assert!(good.ask("/").await.ends_with("here"));
    }
}

#[tokio::test]
async fn connections_that_rest_make_room_for_others() {
    let serving = Serving::with(Limits { connections: 3, ..patient() }).await;
    let mut resting = Vec::new();
    for _ in 0..3 {
        let mut client = serving.client().await;
        assert!(client.ask("/").await.ends_with("here"));
        resting.push(client);
    }
    for _ in 0..5 {
        let mut client = serving.client().await;
        assert!(client.ask("/").await.ends_with("here"));
        resting.push(client);
    }
    assert_eq!(resting[0].hear().await, "", "the first one had to leave");
}

#[tokio::test]
async fn who_comes_when_all_are_busy_waits_for_a_place() {
    let serving = Serving::with(Limits { connections: 1, ..patient() }).await;
    let mut busy = serving.client().await;
    busy.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    serving.came.notified().await;
    let mut waiting = serving.client().await;
    waiting.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(timeout(SHORT, waiting.0.readable()).await.is_err(), "there is no place yet");
    serving.go.notify_one();
    assert!(busy.hear().await.ends_with("slowly"));
    assert!(waiting.hear().await.ends_with("here"));
}

#[tokio::test]
async fn who_reads_nothing_does_not_keep_a_place() {
    let limits = Limits { connections: 1, read_time: SHORT, ..patient() };
    let serving = Serving::with(limits).await;
    let mut deaf = serving.client().await;
    deaf.send("GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    deaf.0.readable().await.unwrap();
    assert!(serving.client().await.ask("/").await.ends_with("here"));
}

#[tokio::test]
async fn what_began_is_finished_and_streams_end_when_the_server_ends() {
    let serving = Serving::with(patient()).await;
    let (mut slow, mut endless, mut resting) =
        (serving.client().await, serving.client().await, serving.client().await);
    assert!(resting.ask("/").await.ends_with("here"));
    assert!(endless.ask("/endless").await.starts_with("HTTP/1.1 200 "));
    slow.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    serving.came.notified().await;
    serving.stop.cancel();
    assert_eq!(resting.hear().await, "");
    assert!(endless.hear_all().await.ends_with("0\r\n\r\n"), "the stream ends in good order");
    assert!(TcpStream::connect(serving.address).await.is_err(), "nobody new is let in");
    serving.go.notify_one();
    assert!(slow.hear_all().await.ends_with("slowly"));
    serving.ended().await;
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_given_up() {
    let serving = Serving::with(Limits { farewell: SHORT, ..patient() }).await;
    let mut slow = serving.client().await;
    slow.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    serving.came.notified().await;
    serving.stop.cancel();
    assert_eq!(slow.hear().await, "");
    serving.ended().await;
}
