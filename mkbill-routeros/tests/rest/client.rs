//! The REST client against the simulator.

use std::{sync::Arc, time::Duration};

use mkbill_routeros::{
    client::{Credentials, Security},
    command::{
        Command, print,
        system::{Identity, reboot},
    },
    error::{Error, ErrorKind, Unsupportable},
    rest::{RestClient, RestConfig},
    sim::{At, Effect, Fault, On, Router, RouterOs, Simulator},
    transport::{Fingerprint, Trust},
};
use tokio::task::JoinSet;

use crate::support::{
    PASSWORD, credentials, endpoint, playing, rest, rest_address, rest_config, started, story,
};

/// Long enough for a request on loopback, short enough to wait for.
const SHORT: Duration = Duration::from_millis(100);
const ADD: &str = "/ip/hotspot/user/add";

fn strike(simulator: &Simulator, effect: Effect, path: &str) {
    let on = On::Matching(path.to_owned());
    simulator.faults().push(Fault { effect, on, at: At::Nth(1) });
}

fn voucher(name: &str) -> Command {
    Command::new(ADD).with("name", name)
}

fn users(simulator: &Simulator) -> usize {
    simulator.router(|router| router.count("/ip/hotspot/user")) - 1
}

fn pinned(simulator: &Simulator) -> Fingerprint {
    Fingerprint::of(simulator.tls_certificate().expect("TLS was asked for"))
}

fn over_tls(simulator: &Simulator, trust: Trust) -> RestClient {
    let address = simulator.rest_tls_addr().expect("REST over TLS was asked for");
    RestClient::new(RestConfig::new(endpoint(address, Security::Tls(trust)), credentials()))
}

/// 200 when a command runs over TLS, 404 when there is no REST.
pub(crate) async fn status_over_tls(simulator: &Simulator) -> u16 {
    let client = over_tls(simulator, Trust::Pin(pinned(simulator)));
    match client.run(print::<Identity>()).await {
        Ok(_) => 200,
        Err(error) if error.kind() == ErrorKind::NotFound => 404,
        Err(error) => panic!("{}", story(&error)),
    }
}

#[tokio::test]
async fn a_pinned_router_is_trusted_and_another_is_not() {
    let simulator = started(Simulator::builder().tls().rest_tls()).await;
    over_tls(&simulator, Trust::Pin(pinned(&simulator))).run(print::<Identity>()).await.unwrap();
    let other = Trust::Pin(Fingerprint::of(b"another"));
    for trust in [other, Trust::WebPki] {
        let error = over_tls(&simulator, trust).run(print::<Identity>()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(story(&error).contains(&pinned(&simulator).to_string()), "{}", story(&error));
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_apart_and_never_shown() {
    let simulator = playing(RouterOs::V7_18).await;
    let endpoint = endpoint(rest_address(&simulator), Security::Plain);
    let config = RestConfig::new(endpoint, Credentials::new("admin", "wrong-secret"));
    let shown = format!("{config:?}");
    let client = RestClient::new(config);
    let error = client.run(print::<Identity>()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(!error.is_retryable());
    let told = story(&error);
    assert!(told.contains("rest-api"), "{told}");
    for text in [shown, told, format!("{error:?}"), format!("{client:?}")] {
        assert!(!text.contains("wrong-secret") && !text.contains("d3Jvbmctc2VjcmV0"), "{text}");
    }
}

#[tokio::test]
async fn secrets_stay_out_of_what_a_failing_command_shows() {
    let simulator = playing(RouterOs::V7_18).await;
    let client = rest(&simulator);
    let command = voucher("v1").with("password", "p-secret").with("profile", "gold");
    let error = client.run(command).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadReference { field: "profile".to_owned() });
    for text in [story(&error), format!("{error:?}"), format!("{client:?}")] {
        assert!(!text.contains("p-secret") && !text.contains(PASSWORD), "{text}");
    }
}

#[tokio::test]
async fn an_account_that_may_only_read_is_denied_a_write() {
    let simulator = playing(RouterOs::V7_18).await;
    simulator.router(|router| {
        router.run("/user/add", &["name=eve", "password=e", "group=read"]).unwrap();
    });
    let endpoint = endpoint(rest_address(&simulator), Security::Plain);
    let client = RestClient::new(RestConfig::new(endpoint, Credentials::new("eve", "e")));
    client.run(print::<Identity>()).await.unwrap();
    let error = client.run(voucher("v1")).await.unwrap_err();
    assert_eq!((error.kind(), users(&simulator)), (ErrorKind::Denied, 0));
}

#[tokio::test]
async fn a_router_that_cut_the_idle_connection_is_dialled_again() {
    let simulator = playing(RouterOs::V7_18).await;
    let client = rest(&simulator);
    client.run(voucher("v1")).await.unwrap();
    simulator.unplug().await.unwrap();
    let error = client.run(voucher("v2")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    simulator.plug_in().await.unwrap();
    client.run(voucher("v2")).await.unwrap();
    assert_eq!(users(&simulator), 2);
}

#[tokio::test]
async fn a_read_survives_a_cut_and_a_write_is_never_sent_twice() {
    let simulator = playing(RouterOs::V7_18).await;
    let client = rest(&simulator);
    client.run(print::<Identity>()).await.unwrap();
    strike(&simulator, Effect::DropBefore, "/system/identity/print");
    client.run(print::<Identity>()).await.unwrap();
    strike(&simulator, Effect::DropAfterApply, ADD);
    let error = client.run(voucher("v1")).await.unwrap_err();
    assert_eq!((error.kind(), users(&simulator)), (ErrorKind::OutcomeUnknown, 1));
    assert!(error.leaves_outcome_unknown() && error.ended_the_connection());
}

#[tokio::test]
async fn a_reboot_that_ends_the_connection_is_a_success() {
    let simulator = playing(RouterOs::V7_18).await;
    strike(&simulator, Effect::DropAfterApply, "/system/reboot");
    rest(&simulator).run(reboot()).await.unwrap();
    assert_eq!(simulator.router(|router| router.clock().shown().year()), 1970);
}

#[tokio::test]
async fn a_router_that_never_answers_hits_the_deadline_and_the_next_command_works() {
    let simulator = playing(RouterOs::V7_18).await;
    let client = rest(&simulator);
    strike(&simulator, Effect::Mute, ADD);
    let error = client.run(voucher("v1").within(SHORT)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    client.run(voucher("v2")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_command_that_the_router_killed_has_an_unknown_outcome() {
    let simulator = playing(RouterOs::V7_18).await;
    let minute = Duration::from_mins(1);
    strike(&simulator, Effect::Delay(2 * minute), ADD);
    let client = rest(&simulator);
    let error = client.run(voucher("v1").within(minute)).await.unwrap_err();
    assert_eq!((error.kind(), users(&simulator)), (ErrorKind::OutcomeUnknown, 0));
    assert!(error.leaves_outcome_unknown() && story(&error).contains("Session closed"));
}

#[tokio::test]
async fn what_rest_cannot_do_is_refused_before_anything_is_sent() {
    let simulator = playing(RouterOs::V7_18).await;
    let client = rest(&simulator);
    let error = client.run(Command::new("/ip/hotspot/active/listen")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(!error.is_retryable() && !error.leaves_outcome_unknown());
    assert!(matches!(error, Error::Unsupported { reason: Unsupportable::Endless, .. }));
    assert!(story(&error).contains("over REST: "), "{}", story(&error));
    assert!(simulator.commands().is_empty());
}

#[tokio::test]
async fn many_callers_share_one_connection_in_turn() {
    let simulator = playing(RouterOs::V7_18).await;
    let client = Arc::new(rest(&simulator));
    let mut adds = JoinSet::new();
    for number in 0..20 {
        let client = Arc::clone(&client);
        adds.spawn(async move { client.run(voucher(&format!("v{number}"))).await });
    }
    for added in adds.join_all().await {
        added.unwrap();
    }
    assert_eq!(users(&simulator), 20);
}

#[tokio::test]
async fn an_answer_split_into_single_bytes_reads_the_same() {
    let simulator = playing(RouterOs::V7_18).await;
    strike(&simulator, Effect::SplitReplies, ADD);
    let answer = rest(&simulator).run(voucher("v1")).await.unwrap();
    assert_eq!(answer.ret.as_deref(), Some(&b"*1"[..]));
}

#[tokio::test]
async fn an_answer_that_announces_too_much_is_refused_before_it_is_read() {
    let simulator = playing(RouterOs::V7_18).await;
    strike(&simulator, Effect::HostileLength, ADD);
    let error = rest(&simulator).run(voucher("v1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let mut config = rest_config(rest_address(&simulator));
    config.answer_bytes_max = 100;
    let error = RestClient::new(config).run(Command::new("/ip/hotspot/user/print")).await;
    assert!(story(&error.unwrap_err()).contains("longer than allowed"));
}

#[tokio::test]
async fn cut_connections_are_cut_for_rest_too() {
    let simulator = playing(RouterOs::V7_18).await;
    let client = rest(&simulator);
    client.run(print::<Identity>()).await.unwrap();
    simulator.router(Router::cut_connections);
    client.run(print::<Identity>()).await.unwrap();
}
