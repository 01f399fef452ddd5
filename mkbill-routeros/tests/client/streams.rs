//! Commands that go on until they are given up.

use std::{sync::Arc, time::Duration};

use mkbill_routeros::{
    client::{Backlog, Client, ClientConfig, Subscription},
    command::{Command, print, system::Identity},
    error::{Error, ErrorKind, Unanswered},
};
use tokio::sync::{Notify, mpsc};

use crate::support::{Peer, ScriptedRouter, tag_of};

fn listen() -> Command {
    Command::new("/ip/hotspot/active/listen")
}

async fn open(config: &ClientConfig) -> (Client, Subscription) {
    let client = Client::connect(config).await.expect("the router lets us in");
    let stream = client.listen(listen()).await.expect("the connection is open");
    (client, stream)
}

async fn ended_by(stream: &mut Subscription) -> (usize, Option<Error>) {
    let mut rows = 0;
    loop {
        match stream.next().await {
            Some(Ok(_)) => rows += 1,
            Some(Err(error)) => return (rows, Some(error)),
            None => return (rows, None),
        }
    }
}

fn is_overflow(error: Option<&Error>) -> bool {
    matches!(error, Some(Error::Unanswered { source: Unanswered::Overflow, .. }))
}

async fn row(peer: &mut Peer, tag: &str, name: &str) {
    peer.reply(&["!re", tag, &format!("=name={name}")]).await;
}

#[tokio::test(start_paused = true)]
async fn rows_come_as_the_router_sends_them_and_its_done_is_the_end() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let tag = peer.next_tag().await;
        for name in ["a", "b", "c"] {
            tokio::time::sleep(Duration::from_hours(1)).await;
            row(&mut peer, &tag, name).await;
        }
        peer.reply(&["!done", &tag]).await;
        peer.until_closed().await;
    });
    let config = ClientConfig { keepalive: None, ..router.config() };
    let (_client, mut stream) = open(&config).await;
    for name in ["a", "b", "c"] {
        let row = stream.next().await.unwrap().unwrap();
        assert_eq!(row.text("name").unwrap(), name);
    }
    assert!(stream.next().await.is_none());
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_the_router_refuses_says_so_in_the_routers_words() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let tag = peer.next_tag().await;
        peer.reply(&["!trap", &tag, "=message=no such command"]).await;
        peer.reply(&["!done", &tag]).await;
        peer.until_closed().await;
    });
    let (client, mut stream) = open(&router.config()).await;
    assert_eq!(stream.next().await.unwrap().unwrap_err().kind(), ErrorKind::BadRequest);
    assert!(stream.next().await.is_none());
    assert!(!client.is_closed());
}

/// Floods the stream, then answers one command, then tells what came after it.
async fn flood(mut peer: Peer, rows: usize, row: Vec<u8>, seen: mpsc::Sender<(String, String)>) {
    peer.accept_login().await;
    let stream = peer.next_tag().await;
    for _ in 0..rows {
        peer.reply(&["!re", &stream, &String::from_utf8_lossy(&row)]).await;
    }
    while let Some(sentence) = peer.next().await {
        let tag = tag_of(&sentence);
        match sentence.attribute("tag") {
            Some(target) => {
                let target = format!(".tag={}", String::from_utf8_lossy(target));
                assert_eq!(target, stream);
                seen.send((target.clone(), tag.clone())).await.expect("the test waits");
                peer.reply(&["!re", &target, "=name=late"]).await;
                peer.reply(&["!trap", &target, "=category=2", "=message=interrupted"]).await;
                peer.reply(&["!done", &tag]).await;
                peer.reply(&["!done", &target]).await;
            }
            None => peer.reply(&["!done", &tag]).await,
        }
    }
}

#[tokio::test]
async fn a_reader_who_is_late_loses_its_stream_and_delays_nobody() {
    let row = [b"=name=", &[b'a'; 1_000][..]].concat();
    let by_rows = Backlog { rows_max: 16, bytes_max: 1 << 30 };
    let by_bytes = Backlog { rows_max: 100_000, bytes_max: 20_000 };
    for backlog in [by_rows, by_bytes] {
        let (seen, mut cancels) = mpsc::channel(4);
        let row = row.clone();
        let router =
            ScriptedRouter::start(move |peer, _| flood(peer, 5_000, row.clone(), seen.clone()));
        let config = ClientConfig { backlog, ..router.config() };
        let (client, mut stream) = open(&config).await;
        client.run(print::<Identity>()).await.unwrap();
        let (target, cancel) = cancels.recv().await.unwrap();
        assert_ne!(target, cancel);
        let (rows, error) = ended_by(&mut stream).await;
        assert!((1..=20).contains(&rows), "{rows}");
        assert!(is_overflow(error.as_ref()), "{error:?}");
        assert_eq!(error.unwrap().kind(), ErrorKind::Overloaded);
        assert!(stream.next().await.is_none());
        client.run(print::<Identity>()).await.unwrap();
        assert!(cancels.try_recv().is_err(), "one cancel is enough");
    }
}

#[tokio::test]
async fn streams_that_nobody_reads_never_hold_more_than_the_connection_may() {
    let row = [b"=name=", &[b'a'; 1_000][..]].concat();
    let (seen, mut cancels) = mpsc::channel(4);
    let router = ScriptedRouter::start(move |peer, _| flood(peer, 500, row.clone(), seen.clone()));
    let mut config = router.config();
    config.limits.connection_bytes_max = 100_000;
    let (client, mut stream) = open(&config).await;
    client.run(print::<Identity>()).await.unwrap();
    cancels.recv().await.unwrap();
    let (rows, error) = ended_by(&mut stream).await;
    assert!((10..100).contains(&rows), "{rows}");
    let full = matches!(error, Some(Error::Unanswered { source: Unanswered::ConnectionFull, .. }));
    assert!(full, "{error:?}");
}

#[tokio::test]
async fn dropping_a_stream_cancels_it_at_once_under_another_tag() {
    let (seen, mut cancels) = mpsc::channel(4);
    let router = ScriptedRouter::start(move |peer, _| flood(peer, 0, Vec::new(), seen.clone()));
    let (client, stream) = open(&router.config()).await;
    client.run(print::<Identity>()).await.unwrap();
    drop(stream);
    let (target, cancel) = cancels.recv().await.unwrap();
    assert_ne!(target, cancel);
    client.run(print::<Identity>()).await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_with_an_error_when_its_connection_does() {
    let hang_up = Arc::new(Notify::new());
    let rung = Arc::clone(&hang_up);
    let router = ScriptedRouter::start(move |mut peer, _| {
        let rung = Arc::clone(&rung);
        async move {
            peer.accept_login().await;
            let tag = peer.next_tag().await;
            row(&mut peer, &tag, "a").await;
            rung.notified().await;
        }
    });
    let (client, mut stream) = open(&router.config()).await;
    stream.next().await.unwrap().unwrap();
    hang_up.notify_one();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(error.ended_the_connection(), "{error:?}");
    let refused = client.listen(listen()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unreachable);
}

#[tokio::test]
async fn a_stream_outlives_its_client_only_to_say_that_it_is_over() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        peer.until_closed().await;
    });
    let (client, mut stream) = open(&router.config()).await;
    drop(client);
    assert!(stream.next().await.unwrap().is_err());
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_ninth_stream_is_refused_here_and_not_sent() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        for _ in 0..8 {
            peer.next_tag().await;
        }
        let ninth = peer.next().await.unwrap();
        assert_eq!(ninth.first(), Some(&b"/system/identity/print"[..]));
        peer.reply(&["!done", &tag_of(&ninth)]).await;
        peer.until_closed().await;
    });
    let client = Client::connect(&router.config()).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..9 {
        streams.push(client.listen(listen()).await.unwrap());
    }
    let error = streams[8].next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert!(!error.leaves_outcome_unknown());
    client.run(print::<Identity>()).await.unwrap();
}
