//! A router compared with the simulator of its release. The routers here are simulators too, which
//! differ where the test makes them differ.

#![cfg(feature = "conformance")]
#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::SignedDuration;
use mkbill_routeros::{
    client::{ClientConfig, Credentials, Endpoint, Security},
    conformance::{self, ConformanceError, Leftovers, Plan, Report, TEST_PREFIX, Writes},
    proto::LoginMode,
    sim::{
        At, Dial, Effect, Fault, On, Refusal, Router, RouterOs, Service, Simulator, Stage, Verdict,
    },
    transport::{Fingerprint, Trust},
    value::Version,
};
use tokio::sync::Notify;

const USERS: &str = "/ip/hotspot/user";
const WRITING: Plan =
    Plan { writes: Writes::TestObjects, leftovers: Leftovers::Refuse, against: None };

async fn router(routeros: RouterOs) -> Simulator {
    Simulator::builder().routeros(routeros).seed(1).password("hunter2").start().await.unwrap()
}

fn config(router: &Simulator) -> ClientConfig {
    let endpoint = Endpoint {
        host: router.addr().ip().to_string(),
        port: router.addr().port(),
        security: Security::Plain,
    };
    let config = ClientConfig::new(endpoint, Credentials::new("admin", "hunter2"));
    ClientConfig { login_mode: LoginMode::Auto, ..config }
}

async fn report(router: &Simulator, plan: &Plan) -> Report {
    conformance::run(&config(router), plan, pending()).await.unwrap()
}

fn test_objects(router: &Simulator) -> usize {
    let text = router.router(|router| router.export_objects(|_| true));
    text.matches(TEST_PREFIX).count()
}

#[track_caller]
fn difference<'r>(report: &'r Report, check: &str) -> (&'r str, &'r str) {
    let found = report.differences.iter().find(|difference| difference.check == check);
    let found = found.unwrap_or_else(|| panic!("{check} is no difference in\n{report}"));
    (&found.router, &found.simulator)
}

#[tokio::test]
async fn a_simulator_differs_from_itself_in_no_release() {
    for routeros in RouterOs::ALL {
        let router = router(routeros).await;
        let report = report(&router, &WRITING).await;
        assert!(report.is_same(), "{report}");
        assert!(report.checks > 150 && report.add_times.is_some(), "{report}");
        assert_eq!(test_objects(&router), 0, "{routeros}");
    }
}

/// What a router in use holds: some objects with a name only, some with more, and customers online.
const IN_USE: [(&str, &[&str]); 16] = [
    ("/ip/hotspot/user/profile/add", &["name=gold", "rate-limit=1M/5M", "session-timeout=none"]),
    ("/ip/hotspot/user/add", &["name=4711", "password=s3cret", "comment=for Sari"]),
    ("/ip/hotspot/user/add", &["name=4712", "limit-uptime=1h", "mac-address=02:00:00:00:00:99"]),
    ("/ip/hotspot/ip-binding/add", &["address=10.5.50.99", "type=blocked"]),
    (
        "/ip/hotspot/active/login",
        &["user=4711", "password=s3cret", "ip=10.5.50.7", "mac-address=02:00:00:00:00:07"],
    ),
    ("/ip/pool/add", &["name=homes", "ranges=10.99.0.0/24"]),
    ("/ppp/profile/add", &["name=10M", "local-address=10.99.0.1", "remote-address=homes"]),
    ("/ppp/secret/add", &["name=amina", "password=s3cret", "profile=10M"]),
    ("/ppp/secret/add", &["name=budi", "password=s3cret", "profile=10M", "comment=Jl. Mawar"]),
    ("/queue/simple/add", &["name=house", "target=10.99.0.0/24"]),
    ("/system/scheduler/add", &["name=nightly", "interval=1d", "on-event=backup"]),
    ("/system/script/add", &["name=backup"]),
    ("/user/group/add", &["name=mkbill", "policy=read,write,api"]),
    ("/user/add", &["name=mkbill", "password=s3cret", "group=mkbill"]),
    ("/ip/address/add", &["address=10.5.50.1/24", "interface=bridge", "comment=home"]),
    ("/system/backup/save", &["name=b"]),
];

fn use_it(router: &mut Router) {
    for (path, words) in IN_USE {
        router.run(path, words).unwrap();
    }
    let service = Service::Pppoe;
    for name in ["amina", "budi"] {
        let (name, password) = (name.to_owned(), "s3cret".to_owned());
        let caller_id = "02:00:00:00:00:08".to_owned();
        router.ppp_connect(&Dial { name, password, caller_id, service }).unwrap();
    }
    router.ppp_disconnect("budi");
    router.advance(SignedDuration::from_hours(30));
}

#[tokio::test]
async fn a_router_in_use_differs_in_nothing_and_is_not_written_to() {
    for routeros in RouterOs::ALL {
        let router = router(routeros).await;
        router.router(use_it);
        router.forget_commands();
        let report = report(&router, &Plan::default()).await;
        assert!(report.is_same() && !report.wrote, "{report}");
        let changes =
            |path: &str| ["/add", "/set", "/remove"].iter().any(|verb| path.ends_with(verb));
        let commands = router.commands();
        assert!(commands.len() > 60 && !commands.iter().any(|command| changes(&command.path)));
    }
}

#[tokio::test]
async fn a_router_in_use_is_written_to_and_left_as_it_was() {
    let router = router(RouterOs::V7_18).await;
    router.router(use_it);
    // Whoever looks signs in, and the account tells when it did so last.
    let held = |router: &Simulator| router.export_objects(|object| object.path() != "/user");
    let before = held(&router);
    let report = report(&router, &WRITING).await;
    assert!(report.is_same() && report.wrote, "{report}");
    assert!(held(&router) == before, "{}", held(&router));
}

#[tokio::test]
async fn another_release_is_told_by_its_dates_its_empty_replies_and_its_fields() {
    let router = router(RouterOs::V7_9).await;
    let plan = Plan { against: Some(Version::new(7, 24, 4)), ..WRITING };
    let report = report(&router, &plan).await;
    assert_eq!((report.router.as_str(), report.simulator.as_str()), ("7.9.2", "7.24.4"));
    assert_eq!(difference(&report, "a print that finds nothing"), ("!done", "!empty, !done"));
    assert_eq!(difference(&report, "field date"), ("date as jul/14/2023", "date as 2023-07-14"),);
    assert_eq!(difference(&report, "what was added, field password"), ("pass", "*****"));
}

#[tokio::test]
async fn a_refusal_with_another_text_is_told_with_both_texts() {
    let router = router(RouterOs::V7_18).await;
    let path = format!("{USERS}/remove");
    let effect = Effect::Trap(Refusal::new("no such item (4)"));
    // The first removal is the one that works.
    router.faults().push(Fault { effect, on: On::Matching(path), at: At::Nth(2) });
    let report = report(&router, &WRITING).await;
    assert_eq!(report.differences.len(), 1, "{report}");
    assert_eq!(
        difference(&report, "the same removal again"),
        (
            "!trap =message=no such item (4), !done",
            "!trap =category=0 =message=no such item, !done",
        )
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["differences"][0]["menu"], USERS);
}

#[tokio::test]
async fn a_ppp_secret_that_is_refused_in_other_words_is_told_by_menu_and_check() {
    for (nth, check, ours) in [
        (2, "an add of the same name", "failure: secret with the same name already exists"),
        (3, "an add with an unknown parameter", "unknown parameter mkbill-nothing"),
    ] {
        let router = router(RouterOs::V7_18).await;
        let effect = Effect::Trap(Refusal::new("failure: already have such secret"));
        let on = On::Matching("/ppp/secret/add".to_owned());
        router.faults().push(Fault { effect, on, at: At::Nth(nth) });
        let report = report(&router, &WRITING).await;
        assert_eq!(report.differences.len(), 1, "{report}");
        assert_eq!(report.differences[0].menu, "/ppp/secret");
        let (theirs, held) = difference(&report, check);
        assert_eq!(theirs, "!trap =message=failure: already have such secret, !done");
        assert!(held.contains(ours), "{held}");
    }
}

#[tokio::test]
async fn a_report_holds_nothing_of_what_is_on_the_router() {
    let router = router(RouterOs::V6_49).await;
    router.router(use_it);
    let words =
        ["name=Sari-4711", "password=s3cret", "email=sari@example.org", "comment=Jl. Mawar"];
    router.router(|router| router.run("/ip/hotspot/user/add", &words)).unwrap();
    router.router(|router| router.run("/user/group/add", &["name=mawar", "policy=read"])).unwrap();
    let plan = Plan { against: Some(Version::new(7, 24, 4)), ..WRITING };
    let report = report(&router, &plan).await;
    let told = format!("{report} {}", serde_json::to_string(&report).unwrap()).to_lowercase();
    assert!(!report.is_same());
    for ours in ["sari", "s3cret", "mawar", "hunter2", "amina", "budi", "nightly", "homes"] {
        assert!(!told.contains(ours), "{ours} in {told}");
    }
}

#[tokio::test]
async fn a_lost_connection_is_a_difference_and_leaves_nothing_behind() {
    let router = router(RouterOs::V7_18).await;
    let path = format!("{USERS}/set");
    router.faults().push(Fault {
        effect: Effect::DropAfterApply,
        on: On::Matching(path),
        at: At::Nth(3),
    });
    let report = report(&router, &WRITING).await;
    assert!(!report.is_same());
    assert!(report.to_string().contains("(the connection ended)"), "{report}");
    assert_eq!(test_objects(&router), 0);
}

#[tokio::test]
async fn a_run_that_is_stopped_removes_what_it_added() {
    let router = router(RouterOs::V7_18).await;
    let (enough, seen) = (Arc::new(Notify::new()), AtomicUsize::new(0));
    let reached = Arc::clone(&enough);
    router.on_command(Arc::new(move |stage, command| {
        let adds = command.path == format!("{USERS}/add") && stage == Stage::After;
        if adds && seen.fetch_add(1, Ordering::SeqCst) == 5 {
            reached.notify_one();
        }
        Verdict::Continue
    }));
    let stopped = conformance::run(&config(&router), &WRITING, enough.notified()).await;
    assert!(matches!(stopped, Err(ConformanceError::Stopped)), "{stopped:?}");
    assert_eq!(test_objects(&router), 0);
}

#[tokio::test]
async fn objects_of_an_earlier_run_are_refused_until_they_may_be_removed() {
    let router = router(RouterOs::V7_18).await;
    router.router(|router| router.run("/ip/hotspot/user/add", &["name=mkbill-test-a"])).unwrap();
    let refused = conformance::run(&config(&router), &WRITING, pending()).await.unwrap_err();
    assert!(refused.to_string().ends_with(": 1 in /ip/hotspot/user"), "{refused}");
    assert_eq!(test_objects(&router), 1);
    let plan = Plan { leftovers: Leftovers::Remove, ..WRITING };
    assert!(report(&router, &plan).await.is_same());
    assert_eq!(test_objects(&router), 0);
}

#[tokio::test]
async fn a_router_that_cannot_be_reached_gives_no_report() {
    let router = router(RouterOs::V7_18).await;
    let mut config = config(&router);
    config.credentials = Credentials::new("admin", "wrong");
    let refused = conformance::run(&config, &Plan::default(), pending()).await;
    assert!(matches!(refused, Err(ConformanceError::Router(_))), "{refused:?}");
}

#[tokio::test]
async fn a_pinned_certificate_is_as_good_as_a_plain_connection() {
    let builder = Simulator::builder().password("hunter2").tls();
    let router = builder.start().await.unwrap();
    let pin = Fingerprint::of(router.tls_certificate().unwrap());
    let mut config = config(&router);
    config.endpoint.port = router.tls_addr().unwrap().port();
    config.endpoint.security = Security::Tls(Trust::Pin(pin));
    assert!(conformance::run(&config, &WRITING, pending()).await.unwrap().is_same());
}

#[tokio::test]
async fn objects_that_cannot_be_removed_are_named() {
    let router = router(RouterOs::V7_18).await;
    router.faults().push(Fault {
        effect: Effect::Trap(Refusal::new("not enough permissions (9)")),
        on: On::Matching("/ip/hotspot/profile/remove".to_owned()),
        at: At::From(1),
    });
    let failed = conformance::run(&config(&router), &WRITING, pending()).await.unwrap_err();
    assert!(failed.to_string().ends_with("are left: 1 in /ip/hotspot/profile"), "{failed}");
}
