//! Reconnecting.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mkbill_routeros::{
    client::{BreakerPolicy, Link, LinkPolicy},
    command::{Command, print, system::Identity},
    error::{Error, ErrorKind},
};

use tokio::time;

use crate::support::{ScriptedRouter, serve};

fn link(router: &ScriptedRouter, policy: LinkPolicy) -> Link {
    Link::new(router.config(), policy, Arc::new(|| 0))
}

#[tokio::test]
async fn a_link_runs_a_read_again_when_the_connection_was_lost_under_it() {
    let router = ScriptedRouter::start(|mut peer, number| async move {
        if number == 0 {
            peer.accept_login().await;
            peer.next().await;
        } else {
            serve(peer, number).await;
        }
    });
    let link = link(&router, LinkPolicy::default());
    let identity = link.run(print::<Identity>()).await.unwrap().records::<Identity>().unwrap();
    assert_eq!(identity, [Identity { name: "core".to_owned() }]);
}

#[tokio::test]
async fn a_link_never_runs_a_write_again_that_may_have_been_done() {
    let router = ScriptedRouter::start(|mut peer, number| async move {
        assert_eq!(number, 0, "a second connection was made");
        peer.accept_login().await;
        peer.next().await;
    });
    let link = link(&router, LinkPolicy::default());
    let error = link.run(Command::new("/ip/hotspot/user/add")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
}

#[tokio::test]
async fn a_link_leaves_a_router_alone_that_failed_too_often_and_comes_back_after_the_rest() {
    const REST: Duration = Duration::from_hours(1);
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let router = ScriptedRouter::start(move |peer, number| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            if number >= 2 {
                serve(peer, number).await;
            }
        }
    });
    let breaker = BreakerPolicy { failures_max: 2, rest: REST, rest_max: REST };
    let link = link(&router, LinkPolicy { breaker, ..LinkPolicy::default() });
    for _ in 0..2 {
        assert!(matches!(link.client().await, Err(Error::Login { .. })));
    }
    assert!(matches!(link.client().await, Err(Error::Resting { .. })));
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
    time::pause();
    time::advance(REST).await;
    time::resume();
    link.client().await.unwrap();
}

#[tokio::test]
async fn a_patient_caller_tries_again_until_the_router_lets_it_in() {
    let router = ScriptedRouter::start(|peer, number| async move {
        if number >= 2 {
            serve(peer, number).await;
        }
    });
    let link = link(&router, LinkPolicy { pause: Duration::ZERO, ..LinkPolicy::default() });
    link.client_patiently().await.unwrap();
}

#[tokio::test]
async fn a_success_in_between_makes_the_count_of_failures_begin_anew() {
    let router = ScriptedRouter::start(|mut peer, number| async move {
        if number % 2 == 1 {
            peer.accept_login().await;
            peer.next().await;
        }
    });
    let breaker = BreakerPolicy { failures_max: 2, ..BreakerPolicy::default() };
    let link = link(&router, LinkPolicy { breaker, ..LinkPolicy::default() });
    for _ in 0..3 {
        assert!(matches!(link.client().await, Err(Error::Login { .. })));
        let client = link.client().await.unwrap();
        client.run(Command::new("/x/set")).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_again_and_again() {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let router = ScriptedRouter::start(move |mut peer, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            let tag = peer.next_tag().await;
            peer.reply(&["!trap", &tag, "=message=cannot log in"]).await;
            peer.reply(&["!done", &tag]).await;
        }
    });
    let link = link(&router, LinkPolicy { pause: Duration::ZERO, ..LinkPolicy::default() });
    assert_eq!(link.client_patiently().await.unwrap_err().kind(), ErrorKind::Auth);
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
}

/// How many of twenty commands were under way when the router hung up on all of them.
async fn lost_under_way(link: &Link) -> usize {
    let client = link.client().await.expect("the router lets us in");
    let results = client.run_all((0..20).map(|_| Command::new("/x/add"))).await;
    let errors = results.into_iter().filter_map(Result::err);
    errors.filter(|error| error.kind() == ErrorKind::OutcomeUnknown).count()
}

fn hangs_up_on_the_first_command() -> ScriptedRouter {
    ScriptedRouter::start(|mut peer, _| async move {
        peer.accept_login().await;
        peer.next().await;
    })
}

#[tokio::test]
async fn after_a_lost_connection_half_as_many_commands_are_under_way_at_once() {
    let router = hangs_up_on_the_first_command();
    let link = link(&router, LinkPolicy::default());
    let lost = [lost_under_way(&link).await, lost_under_way(&link).await];
    assert_eq!(lost, [8, 4]);
    assert_eq!(lost_under_way(&link).await, 2);
}

#[tokio::test]
async fn a_connection_that_failed_to_come_about_changes_nothing_of_that() {
    let router = ScriptedRouter::start(|mut peer, number| async move {
        if number != 1 {
            peer.accept_login().await;
            peer.next().await;
        }
    });
    let link = link(&router, LinkPolicy::default());
    assert_eq!(lost_under_way(&link).await, 8);
    assert!(matches!(link.client().await, Err(Error::Login { .. })));
    assert_eq!(lost_under_way(&link).await, 4);
}

#[tokio::test]
async fn a_connection_that_was_ended_by_us_is_no_reason_to_ask_less_of_the_next() {
    let router = hangs_up_on_the_first_command();
    let link = link(&router, LinkPolicy::default());
    assert_eq!(lost_under_way(&link).await, 8);
    link.disconnect().await;
    assert_eq!(lost_under_way(&link).await, 8);
}
