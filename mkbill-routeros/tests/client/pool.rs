//! Two connections and one breaker.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mkbill_routeros::{
    client::{BreakerPolicy, LinkPolicy, Pool},
    command::{Command, print, system::Identity},
    error::Error,
};

use crate::support::{ScriptedRouter, serve, tag_of};

fn pool(router: &ScriptedRouter, policy: LinkPolicy) -> Pool {
    Pool::new(router.config(), policy, Arc::new(|| 0))
}

fn listen() -> Command {
    Command::new("/ip/hotspot/active/listen")
}

#[tokio::test]
async fn commands_and_streams_have_one_connection_each_made_when_needed() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let router = ScriptedRouter::start(move |mut peer, number| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            peer.accept_login().await;
            while let Some(sentence) = peer.next().await {
                let is_stream = sentence.first() == Some(b"/ip/hotspot/active/listen");
                assert_eq!(is_stream, number == 1);
                let words = ["!re", &tag_of(&sentence), "=name=core"];
                peer.reply(&words).await;
                if !is_stream {
                    peer.reply(&["!done", words[1]]).await;
                }
            }
        }
    });
    let pool = pool(&router, LinkPolicy::default());
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    for _ in 0..20 {
        pool.run(print::<Identity>()).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut stream = pool.listen(listen()).await.unwrap();
        stream.next().await.unwrap().unwrap();
        streams.push(stream);
    }
    pool.run(print::<Identity>()).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_dead_router_is_not_dialled_more_often_because_two_connections_want_it() {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let router = ScriptedRouter::start(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {}
    });
    let rest = Duration::from_hours(1);
    let breaker = BreakerPolicy { failures_max: 3, rest, rest_max: rest };
    let pool = pool(&router, LinkPolicy { breaker, ..LinkPolicy::default() });
    for _ in 0..4 {
        let (run, streamed) = tokio::join!(pool.run(print::<Identity>()), pool.listen(listen()));
        assert!(run.is_err() && streamed.is_err());
    }
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    assert!(matches!(pool.run(print::<Identity>()).await, Err(Error::Resting { .. })));
    assert!(matches!(pool.listen(listen()).await, Err(Error::Resting { .. })));
}

#[tokio::test]
async fn a_pool_that_was_disconnected_comes_back() {
    let router = ScriptedRouter::start(serve);
    let pool = pool(&router, LinkPolicy::default());
    pool.run(print::<Identity>()).await.unwrap();
    let mut stream = pool.listen(listen()).await.unwrap();
    pool.disconnect().await;
    while let Some(Ok(_)) = stream.next().await {}
    assert!(stream.next().await.is_none());
    pool.run(print::<Identity>()).await.unwrap();
}
