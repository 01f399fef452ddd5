//! Running commands on routers that misbehave.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use mkbill_routeros::{
    client::Client,
    command::{Command, print, system::Identity},
    error::ErrorKind,
};
use tokio::{
    sync::{Notify, oneshot},
    time::timeout,
};

use crate::support::{LONG, SHORT, ScriptedRouter, encoded, serve, story};

async fn connect(router: &ScriptedRouter) -> Client {
    Client::connect(&router.config()).await.expect("the router lets us in")
}

#[tokio::test]
async fn a_timeout_leaves_the_others_alive_and_its_late_reply_finds_nobody() {
    let timed_out = Arc::new(Notify::new());
    let script_timed_out = Arc::clone(&timed_out);
    let router = ScriptedRouter::start(move |mut peer, _| {
        let timed_out = Arc::clone(&script_timed_out);
        async move {
            peer.accept_login().await;
            let slow = peer.next_tag().await;
            let other = peer.next_tag().await;
            timed_out.notified().await;
            peer.reply(&["!re", &slow, "=name=late"]).await;
            peer.reply(&["!done", &slow]).await;
            peer.reply(&["!re", &other, "=name=mine"]).await;
            peer.reply(&["!done", &other]).await;
            peer.until_closed().await;
        }
    });
    let client = connect(&router).await;
    let slow = client.send(Command::new("/slow/print").within(SHORT)).await.unwrap();
    let other = client.send(Command::new("/other/print")).await.unwrap();
    let error = slow.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    timed_out.notify_one();
    let answer = other.await.unwrap();
    assert_eq!(answer.rows.len(), 1);
    assert_eq!(answer.rows[0].get("name"), Some(&b"mine"[..]));
}

#[tokio::test]
async fn two_traps_and_their_done_are_one_refusal_and_the_next_command_works() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let tag = peer.next_tag().await;
        peer.reply(&["!trap", &tag, "=message=failure: first"]).await;
        peer.reply(&["!trap", "=message=no such item", &tag]).await;
        peer.reply(&["!done", &tag]).await;
        let tag = peer.next_tag().await;
        peer.reply(&["!done", &tag]).await;
        peer.until_closed().await;
    });
    let client = connect(&router).await;
    let error = client.run(Command::new("/x/set")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(story(&error).contains("failure: first; no such item"));
    client.run(Command::new("/x/print")).await.unwrap();
}

#[tokio::test]
async fn fatal_without_a_tag_ends_everything_and_gives_its_reason() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        peer.next().await;
        peer.next().await;
        peer.reply(&["!fatal", "not logged in"]).await;
        peer.until_closed().await;
    });
    let client = connect(&router).await;
    for result in client.run_all([Command::new("/a/print"), Command::new("/b/print")]).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Fatal);
        assert!(story(&error).contains("not logged in"));
    }
    let error = client.run(Command::new("/c/print")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(client.is_closed());
}

#[tokio::test]
async fn a_sentence_that_never_ends_hits_the_deadline() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let tag = peer.next_tag().await;
        let bytes = encoded(&["!re", &tag, "=name=v1"]);
        peer.raw(&bytes[..bytes.len() - 1]).await;
        peer.until_closed().await;
    });
    let client = connect(&router).await;
    let error = client.run(Command::new("/x/print").within(SHORT)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
}

#[tokio::test]
async fn replies_split_into_single_bytes_read_the_same() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let tag = peer.next_tag().await;
        let comment = format!("=comment={}", "a".repeat(247));
        for byte in [encoded(&["!re", &tag, &comment]), encoded(&["!done", &tag])].concat() {
            peer.raw(&[byte]).await;
            tokio::task::yield_now().await;
        }
        peer.until_closed().await;
    });
    let client = connect(&router).await;
    let answer = client.run(Command::new("/x/print")).await.unwrap();
    assert_eq!(answer.rows[0].get("comment").map(<[u8]>::len), Some(247));
}

#[tokio::test]
async fn a_hostile_length_ends_the_connection_as_a_protocol_error() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        peer.next().await;
        peer.raw(&[0xF0, 0xFF, 0xFF, 0xFF, 0xFF]).await;
        peer.until_closed().await;
    });
    let client = connect(&router).await;
    let error = client.run(Command::new("/x/print")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn dropping_a_command_cancels_it_under_another_tag() {
    let (seen, cancelled) = oneshot::channel();
    let seen = Arc::new(Mutex::new(Some(seen)));
    let router = ScriptedRouter::start(move |mut peer, _| {
        let seen = Arc::clone(&seen);
        async move {
            peer.accept_login().await;
            let dropped = peer.next().await.unwrap();
            let other = peer.next_tag().await;
            peer.reply(&["!done", &other]).await;
            let cancel = peer.next().await.unwrap();
            seen.lock().unwrap().take().unwrap().send((dropped, cancel)).unwrap();
            peer.until_closed().await;
        }
    });
    let client = connect(&router).await;
    let listen = Command::new("/ip/hotspot/active/listen");
    let dropped = client.send(listen.within(Duration::from_hours(1))).await.unwrap();
    client.run(Command::new("/x/print")).await.unwrap();
    drop(dropped);
    let (dropped, cancel) = timeout(LONG, cancelled).await.unwrap().unwrap();
    assert_eq!(cancel.first(), Some(&b"/cancel"[..]));
    assert_eq!(cancel.attribute("tag"), dropped.api_attribute(".tag"));
    assert_ne!(cancel.api_attribute(".tag"), dropped.api_attribute(".tag"));
}

#[tokio::test]
async fn a_router_that_reads_nothing_more_does_not_stop_us_from_reading() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let first = peer.next_tag().await;
        peer.reply(&["!re", &first, "=name=v1"]).await;
        peer.reply(&["!done", &first]).await;
        std::future::pending::<()>().await;
    });
    let client = connect(&router).await;
    let first = client.send(Command::new("/first/print")).await.unwrap();
    let contents = vec![b'a'; 1_000_000];
    let mut blocked = Vec::new();
    for _ in 0..40 {
        let upload = Command::new("/file/set").with("contents", &contents);
        blocked.push(client.send(upload).await.unwrap());
    }
    assert_eq!(first.await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn dropping_the_client_hangs_up() {
    let (hung_up, closed) = oneshot::channel();
    let hung_up = Arc::new(Mutex::new(Some(hung_up)));
    let router = ScriptedRouter::start(move |mut peer, _| {
        let hung_up = Arc::clone(&hung_up);
        async move {
            peer.accept_login().await;
            peer.until_closed().await;
            hung_up.lock().unwrap().take().unwrap().send(()).unwrap();
        }
    });
    drop(connect(&router).await);
    closed.await.unwrap();
}

#[tokio::test]
async fn an_answer_outlives_its_client_as_unknown_when_the_command_was_sent() {
    let (sent, seen) = oneshot::channel();
    let sent = Arc::new(Mutex::new(Some(sent)));
    let router = ScriptedRouter::start(move |mut peer, _| {
        let sent = Arc::clone(&sent);
        async move {
            peer.accept_login().await;
            peer.next().await;
            sent.lock().unwrap().take().unwrap().send(()).unwrap();
            peer.until_closed().await;
        }
    });
    let client = connect(&router).await;
    let pending = client.send(Command::new("/ip/hotspot/user/add")).await.unwrap();
    seen.await.unwrap();
    drop(client);
    assert_eq!(pending.await.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
}

#[tokio::test]
async fn closing_never_waits_for_a_router_that_reads_nothing_more() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        std::future::pending::<()>().await;
    });
    let client = connect(&router).await;
    let contents = vec![b'a'; 1_000_000];
    let upload = Command::new("/file/set").with("contents", contents).within(SHORT);
    let results = client.run_all(vec![upload; 20]).await;
    assert!(results.iter().all(Result::is_err));
    timeout(LONG, client.close()).await.unwrap();
}

#[tokio::test]
async fn closing_waits_until_both_tasks_are_gone() {
    let router = ScriptedRouter::start(serve);
    let client = connect(&router).await;
    client.run(print::<Identity>()).await.unwrap();
    client.close().await;
}
