//! Connecting and logging in.

use mkbill_routeros::{
    client::{Client, ClientConfig},
    error::{Error, ErrorKind},
    proto::LoginMode,
};
use tokio::net::TcpListener;

use crate::support::{self, SHORT, ScriptedRouter, story, tag_of};

async fn refused_login(router: &ScriptedRouter) -> Error {
    Client::connect(&router.config()).await.expect_err("the router refuses")
}

#[tokio::test]
async fn a_wrong_password_is_told_with_the_routers_own_words() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        let tag = peer.next_tag().await;
        peer.reply(&["!trap", &tag, "=message=invalid user name or password (6)"]).await;
        peer.reply(&["!done", &tag]).await;
    });
    let error = refused_login(&router).await;
    assert_eq!(error.kind(), ErrorKind::Auth);
    let story = story(&error);
    assert!(story.contains("invalid user name or password (6)"), "{story}");
    assert!(!format!("{story}{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_login_answered_by_a_challenge_is_not_a_login() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        let tag = peer.next_tag().await;
        peer.reply(&["!done", &tag, "=ret=93b438ec9b80057c06dd9fe67d56aa9a"]).await;
        peer.until_closed().await;
    });
    let error = refused_login(&router).await;
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(story(&error).contains("legacy login mode"));
}

#[tokio::test]
async fn an_old_router_lets_in_whoever_answers_its_challenge() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        let tag = peer.next_tag().await;
        peer.reply(&["!done", &tag, "=ret=abc123"]).await;
        let second = peer.next().await.unwrap();
        assert_eq!(second.attribute("password"), None);
        assert!(second.attribute("response").is_some());
        peer.reply(&["!done", &tag_of(&second)]).await;
        peer.until_closed().await;
    });
    let config = ClientConfig { login_mode: LoginMode::Auto, ..router.config() };
    Client::connect(&config).await.unwrap();
}

#[tokio::test]
async fn a_closed_port_is_unreachable_and_says_which_service_to_enable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = Client::connect(&support::config(address)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.is_retryable());
    assert!(story(&error).contains("/ip service enable api"));
}

#[tokio::test]
async fn a_router_that_hangs_up_during_the_login_is_unreachable() {
    let router = ScriptedRouter::start(|mut peer, _| async move {
        peer.next().await;
    });
    assert_eq!(refused_login(&router).await.kind(), ErrorKind::Unreachable);
}

#[tokio::test]
async fn a_login_that_never_ends_hits_its_deadline() {
    let router = ScriptedRouter::start(|peer, _| peer.until_closed());
    let mut config = router.config();
    config.timeouts.login = SHORT;
    let error = Client::connect(&config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}
