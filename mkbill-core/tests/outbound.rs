//! The guard around web servers elsewhere, over real connections.
#![expect(clippy::unwrap_used, reason = "a request that cannot be made has failed")]

#[expect(dead_code, reason = "the stories use the rest")]
#[path = "support/receiver.rs"]
mod receiver;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use mkbill_core::adapter::outbound::{GuardedHttp, Resolver};
use mkbill_core::outbound::{
    Outbound as _, OutboundAnswer, OutboundFault, OutboundMethod, OutboundRequest,
};
use rcgen::generate_simple_self_signed;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use receiver::{Reaction, Receiver};

const LOOPBACK: &str = "127.0.0.0/8";

fn guard(allowed: &str) -> GuardedHttp {
    let second = Duration::from_secs(1);
    GuardedHttp::default().allowing(allowed.parse().unwrap()).within(second, second)
}

fn request(url: &str) -> OutboundRequest {
    OutboundRequest {
        url: url.parse().unwrap(),
        method: OutboundMethod::Post,
        headers: vec![("x-shop", "7".to_owned())],
        body: b"{}".to_vec(),
        time_max: Duration::from_secs(10),
        answer_bytes_max: 10,
    }
}

async fn ask(guard: &GuardedHttp, url: &str) -> Result<OutboundAnswer, OutboundFault> {
    guard.send(request(url)).await
}

/// A resolver that gives another answer each time it is asked.
#[derive(Debug)]
struct Fickle {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Fickle {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parsed = |list: &&[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self { answers: answers.iter().map(parsed).collect(), asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Resolver for Fickle {
    async fn look_up(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.answers.get(turn).cloned().unwrap_or_default())
    }
}

#[tokio::test]
async fn an_allowed_address_is_asked_and_answers() {
    let receiver = Receiver::start().await;
    let answer = ask(&guard(LOOPBACK), &receiver.url()).await.unwrap();
    assert_eq!((answer.status, answer.is_cut), (200, false));
    let heard = &receiver.heard()[0];
    assert_eq!(heard.line, "POST /hooks?key=s3cret HTTP/1.1");
    assert_eq!(heard.header("host"), format!("127.0.0.1:{}", receiver.port()));
    assert_eq!((heard.header("x-shop"), heard.body.as_str()), ("7", "{}"));
}

#[tokio::test]
async fn nobody_inside_is_reached_by_address_or_by_name() {
    let receiver = Receiver::start().await;
    let port = receiver.port();
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "0x7f000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "[::]",
        "10.0.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
    ] {
        let refused = ask(&guard(""), &format!("https://{host}:{port}/")).await.unwrap_err();
        assert!(matches!(refused, OutboundFault::Private { .. }), "{host}: {refused}");
    }
    let plain = ask(&guard(""), &receiver.url()).await.unwrap_err();
    assert!(matches!(plain, OutboundFault::Private { .. }), "{plain}");
    let elsewhere = ask(&guard("10.0.0.0/8"), &receiver.url()).await.unwrap_err();
    assert!(matches!(elsewhere, OutboundFault::Private { .. }), "{elsewhere}");
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_whatever_else_it_leads_to_later() {
    let receiver = Receiver::start().await;
    let url = format!("https://shop.example:{}/", receiver.port());
    for inside in ["127.0.0.1", "10.0.0.7", "::1", "::ffff:127.0.0.1", "fd00::1", "100.64.0.1"] {
        let resolver = Fickle::new(&[&[inside], &["1.1.1.1"]]);
        let refused = ask(&guard("").resolving_by(resolver.clone()), &url).await.unwrap_err();
        assert!(matches!(refused, OutboundFault::Private { .. }), "{inside}: {refused}");
        assert_eq!(resolver.asked.load(Ordering::SeqCst), 1);
    }
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn the_address_that_was_judged_is_the_one_that_is_connected_to() {
    let receiver = Receiver::start().await;
    let url = format!("http://shop.example:{}/", receiver.port());
    // A second question would lead to an address that is private and not allowed.
    let resolver = Fickle::new(&[&["127.0.0.1"], &["10.0.0.7"]]);
    let guard = guard(LOOPBACK).resolving_by(resolver.clone());
    assert_eq!(ask(&guard, &url).await.unwrap().status, 200);
    assert_eq!((resolver.asked.load(Ordering::SeqCst), receiver.connections()), (1, 1));
    assert_eq!(receiver.heard()[0].header("host"), format!("shop.example:{}", receiver.port()));
    let now_inside = ask(&guard, &url).await.unwrap_err();
    assert!(matches!(now_inside, OutboundFault::Private { .. }), "{now_inside}");
}

#[tokio::test]
async fn of_several_addresses_only_those_that_are_permitted_are_tried() {
    let receiver = Receiver::start().await;
    let url = format!("http://shop.example:{}/", receiver.port());
    let resolver = Fickle::new(&[&["10.0.0.7", "::1", "127.0.0.1"], &[]]);
    let guard = guard(LOOPBACK).resolving_by(resolver);
    assert_eq!(ask(&guard, &url).await.unwrap().status, 200);
    let unknown = ask(&guard, &url).await.unwrap_err();
    assert!(matches!(unknown, OutboundFault::Unknown { .. }), "{unknown}");
}

#[tokio::test]
async fn nothing_is_sent_into_the_internet_in_the_clear() {
    let resolver = Fickle::new(&[&["1.1.1.1"]]);
    let guard = guard(LOOPBACK).resolving_by(resolver);
    assert_eq!(ask(&guard, "http://shop.example/").await, Err(OutboundFault::Insecure));
    assert_eq!(ask(&guard, "http://1.1.1.1/").await, Err(OutboundFault::Insecure));
}

#[tokio::test]
async fn an_answer_that_leads_elsewhere_is_an_answer_and_nothing_more() {
    let (inside, receiver) = (Receiver::start().await, Receiver::start().await);
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}\r\n", inside.url());
        receiver.next([Reaction::with(status, &location, "")]);
        assert_eq!(ask(&guard(LOOPBACK), &receiver.url()).await.unwrap().status, status);
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn an_answer_is_read_no_further_than_it_is_wanted() {
    let receiver = Receiver::start().await;
    receiver.next([
        Reaction::with(200, "", "0123456789"),
        Reaction::with(200, "", "0123456789a"),
        Reaction::Say("HTTP/1.1 200 OK\r\n\r\n".to_owned() + &"x".repeat(5_000_000)),
        Reaction::with(503, "retry-after: 120\r\n", ""),
    ]);
    let answers = [
        ask(&guard(LOOPBACK), &receiver.url()).await.unwrap(),
        ask(&guard(LOOPBACK), &receiver.url()).await.unwrap(),
        ask(&guard(LOOPBACK), &receiver.url()).await.unwrap(),
    ];
    let read: Vec<_> = answers.iter().map(|answer| (answer.body.len(), answer.is_cut)).collect();
    assert_eq!(read, [(10, false), (10, true), (10, true)]);
    let busy = ask(&guard(LOOPBACK), &receiver.url()).await.unwrap();
    assert_eq!((busy.status, busy.retry_after.as_deref()), (503, Some("120")));
}

#[tokio::test]
async fn a_server_that_hangs_or_talks_nonsense_is_given_up() {
    let receiver = Receiver::start().await;
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1_000));
    receiver.next([
        Reaction::Hang,
        Reaction::HangUp,
        Reaction::Say("hello\r\n\r\n".to_owned()),
        Reaction::Say(endless),
        Reaction::Say(many),
    ]);
    let short = guard(LOOPBACK).within(Duration::from_secs(1), Duration::from_millis(200));
    let slow = ask(&short, &receiver.url()).await.unwrap_err();
    assert!(matches!(slow, OutboundFault::TimedOut(_)), "{slow}");
    for _ in 0..4 {
        let broken = ask(&guard(LOOPBACK), &receiver.url()).await.unwrap_err();
        assert!(matches!(broken, OutboundFault::Broken(_)), "{broken}");
    }
    let port = receiver.port();
    drop(receiver);
    let nobody = ask(&guard(LOOPBACK), &format!("http://127.0.0.1:{port}/")).await.unwrap_err();
    let gone = matches!(nobody, OutboundFault::Unreachable(_) | OutboundFault::Broken(_));
    assert!(gone, "{nobody}");
}

/// A server for `shop.example` and the certificate that it shows.
async fn secured() -> (Receiver, Vec<u8>) {
    let made = generate_simple_self_signed(vec!["shop.example".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = builder.with_single_cert(vec![certificate.clone()], key).unwrap();
    (Receiver::behind(TlsAcceptor::from(Arc::new(config))).await, certificate.to_vec())
}

#[tokio::test]
async fn a_server_must_prove_that_it_is_the_one_that_was_named() {
    let (receiver, certificate) = secured().await;
    let answers: [&[&str]; 3] = [&["127.0.0.1"]; 3];
    let trusting = guard(LOOPBACK).resolving_by(Fickle::new(&answers)).trusting(vec![certificate]);
    let url = |host: &str| format!("https://{host}:{}/", receiver.port());
    assert_eq!(ask(&trusting, &url("shop.example")).await.unwrap().status, 200);
    let other = ask(&trusting, &url("bank.example")).await.unwrap_err();
    assert!(matches!(other, OutboundFault::Untrusted(_)), "{other}");
    let (_, stranger) = secured().await;
    let wary = guard(LOOPBACK).resolving_by(Fickle::new(&answers)).trusting(vec![stranger]);
    let unknown = ask(&wary, &url("shop.example")).await.unwrap_err();
    assert!(matches!(unknown, OutboundFault::Untrusted(_)), "{unknown}");
    assert_eq!(receiver.heard().len(), 1);
}
