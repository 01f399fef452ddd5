//! Asking a silent router whether it is still there, in paused time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mkbill_routeros::{
    client::{Client, ClientConfig, Keepalive},
    command::{Command, print, system::Identity},
    error::{Error, ErrorKind, Unanswered},
};
use tokio::{sync::mpsc, time};

use crate::support::{Peer, ScriptedRouter, tag_of};

const SECOND: Duration = Duration::from_secs(1);

fn listen() -> Command {
    Command::new("/log/listen")
}

/// Answers everything by `reply` words behind the tag and counts it.
async fn answer(mut peer: Peer, asked: Arc<AtomicUsize>, replies: &[&[&str]]) {
    peer.accept_login().await;
    while let Some(sentence) = peer.next().await {
        assert_eq!(sentence.first(), Some(&b"/system/identity/print"[..]));
        asked.fetch_add(1, Ordering::SeqCst);
        for words in replies {
            peer.reply(&[words, &[tag_of(&sentence).as_str()][..]].concat()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_router_is_asked_every_half_minute_and_lives_as_long_as_it_answers() {
    const ANSWERS: [&[&[&str]]; 2] = [
        &[&["!re", "=name=core"], &["!done"]],
        &[&["!trap", "=message=not enough permissions (9)"], &["!done"]],
    ];
    for replies in ANSWERS {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let router =
            ScriptedRouter::start(move |peer, _| answer(peer, Arc::clone(&count), replies));
        let client = Client::connect(&router.config()).await.unwrap();
        time::sleep(Duration::from_mins(10) + SECOND).await;
        assert_eq!(asked.load(Ordering::SeqCst), 20);
        client.run(print::<Identity>()).await.ok();
        assert!(!client.is_closed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_answer_is_hung_up_on_and_its_streams_learn_why() {
    let (closed, mut hung_up) = mpsc::channel(1);
    let router = ScriptedRouter::start(move |mut peer, _| {
        let closed = closed.clone();
        async move {
            peer.accept_login().await;
            peer.until_closed().await;
            closed.send(()).await.unwrap();
        }
    });
    let begun = time::Instant::now();
    let client = Client::connect(&router.config()).await.unwrap();
    let mut stream = client.listen(listen()).await.unwrap();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Unanswered { source: Unanswered::Silent, .. }), "{error:?}");
    assert!(error.ended_the_connection());
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(begun.elapsed().as_secs(), 90);
    hung_up.recv().await.unwrap();
    assert!(client.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_stall_that_is_shorter_than_our_patience_costs_nothing() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let stream = peer.next_tag().await;
        let probe = peer.next_tag().await;
        time::sleep(40 * SECOND).await;
        peer.reply(&["!done", &probe]).await;
        peer.reply(&["!re", &stream, "=message=back"]).await;
        peer.until_closed().await;
    });
    let client = Client::connect(&router.config()).await.unwrap();
    let mut stream = client.listen(listen()).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().text("message").unwrap(), "back");
}

#[tokio::test(start_paused = true)]
async fn a_router_that_talks_but_leaves_the_question_open_is_alive() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let stream = peer.next_tag().await;
        peer.next_tag().await;
        time::sleep(59 * SECOND).await;
        peer.reply(&["!re", &stream, "=message=one"]).await;
        time::sleep(20 * SECOND).await;
        peer.reply(&["!re", &stream, "=message=two"]).await;
        peer.until_closed().await;
    });
    let client = Client::connect(&router.config()).await.unwrap();
    let mut stream = client.listen(listen()).await.unwrap();
    for message in ["one", "two"] {
        assert_eq!(stream.next().await.unwrap().unwrap().text("message").unwrap(), message);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_while_rows_come_or_a_command_is_under_way() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        let stream = peer.next_tag().await;
        for _ in 0..10 {
            time::sleep(29 * SECOND).await;
            peer.reply(&["!re", &stream, "=message=tick"]).await;
        }
        let backup = peer.next().await.unwrap();
        assert_eq!(backup.first(), Some(&b"/system/backup/save"[..]));
        time::sleep(300 * SECOND).await;
        peer.reply(&["!done", &tag_of(&backup)]).await;
        let probe = peer.next().await.unwrap();
        assert_eq!(probe.first(), Some(&b"/system/identity/print"[..]));
        peer.reply(&["!done", &tag_of(&probe)]).await;
        peer.until_closed().await;
    });
    let client = Client::connect(&router.config()).await.unwrap();
    let mut stream = client.listen(listen()).await.unwrap();
    for _ in 0..10 {
        stream.next().await.unwrap().unwrap();
    }
    let backup = Command::new("/system/backup/save").within(Duration::from_mins(10));
    client.run(backup).await.unwrap();
    time::sleep(60 * SECOND).await;
    assert!(!client.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_shorter_patience_and_none_at_all_can_be_chosen() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        peer.until_closed().await;
    });
    let brief = Some(Keepalive { idle: SECOND, patience: SECOND });
    for (keepalive, is_closed) in [(brief, true), (None, false)] {
        let config = ClientConfig { keepalive, ..router.config() };
        let client = Client::connect(&config).await.unwrap();
        time::sleep(Duration::from_hours(1)).await;
        assert_eq!(client.is_closed(), is_closed);
    }
}
