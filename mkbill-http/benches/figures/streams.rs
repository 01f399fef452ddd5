//! Events as server-sent events over TCP, to many connections at once.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use mkbill_core::apikey::NewApiKey;
use mkbill_core::billing::Billing;
use mkbill_core::kernel::caller::{Actor, Caller};
use mkbill_core::kernel::time::{Clock as _, SystemClock};
use mkbill_core::testkit::Engine;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::network::{SUBSCRIBERS, commit};
use crate::shop::Shop;
use crate::table::{Amount, Figure, Target};

const EVENTS: u64 = 20_000;
const EVENTS_PER_COMMIT: u64 = 500;
const EVENTS_MIN: u64 = 5_000;
/// An event is three lines and an empty one, each of which ends in a bare LF; what frames the chunks
/// of HTTP ends in CRLF.
const LINES_PER_EVENT: u64 = 4;

pub(crate) async fn figures(engine: Engine) -> Vec<Figure> {
    vec![Figure::new(
        "events a second, each sent to 1,000 connections",
        Target::AtLeast(Amount::Rate(EVENTS_MIN)),
        Amount::Rate(sending(engine).await),
    )]
}

/// From the first commit until every connection has received every event. Server and clients share
/// the machine's cores.
async fn sending(engine: Engine) -> u64 {
    let shop = Shop::open(engine, SystemClock.now(), Duration::ZERO).await;
    let (address, key) = serve(shop.billing()).await;
    let mut clients = JoinSet::new();
    for _ in 0..SUBSCRIBERS {
        let connected = follow(address, &key).await;
        clients.spawn(hear_all(connected));
    }
    let began = Instant::now();
    for _ in 0..EVENTS / EVENTS_PER_COMMIT {
        commit(shop.store(), EVENTS_PER_COMMIT).await;
    }
    while let Some(heard) = clients.join_next().await {
        assert_eq!(heard.expect("a client ends well"), EVENTS, "nothing is missed");
    }
    let micros = u64::try_from(began.elapsed().as_micros()).expect("no run takes that long");
    EVENTS * 1_000_000 / micros.max(1)
}

async fn serve(billing: &Billing) -> (SocketAddr, SecretString) {
    let clerk = Caller::new(Actor::cli("bench"));
    let (_, key) = billing
        .create_api_key(&clerk, &NewApiKey::for_everything("bench"))
        .await
        .expect("a new name");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    let app = mkbill_http::router(billing.clone(), &mkbill_http::Manners::default());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, key)
}

/// A connection on which the head of the answer has arrived.
async fn follow(address: SocketAddr, key: &SecretString) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let key = key.expose_secret();
    let request = format!(
        "GET /api/v1/events/stream HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("the server answers"));
    }
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    stream
}

async fn hear_all(mut stream: TcpStream) -> u64 {
    let mut buffer = vec![0; 64 << 10];
    let (mut lines, mut last) = (0, 0);
    while lines < EVENTS * LINES_PER_EVENT {
        let count = stream.read(&mut buffer).await.expect("the server goes on");
        assert!(count > 0, "the stream goes on");
        for byte in &buffer[..count] {
            lines += u64::from(*byte == b'\n' && last != b'\r');
            last = *byte;
        }
    }
    lines / LINES_PER_EVENT
}
