//! Bindings, queues, pools, licences and the choices about running sessions of the simulated hotspot.

#![cfg(feature = "sim")]

use std::net::IpAddr;

use jiff::SignedDuration;
use mkbill_routeros::sim::{
    Counters, Disabling, License, Limits, LoginBy, LoginRefusal, Mac, Router, SessionRules,
    Simulator, Traffic,
};

const PHONE: Mac = Mac([2, 0, 0, 0, 0, 1]);
const USER: &str = "/ip/hotspot/user";

fn ip(last: u8) -> IpAddr {
    IpAddr::from([10, 5, 50, last])
}

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

async fn simulator() -> Simulator {
    with_rules(SessionRules::default()).await
}

async fn with_rules(rules: SessionRules) -> Simulator {
    let builder = Simulator::builder().session_rules(rules);
    let simulator = builder.start().await.expect("the router starts");
    simulator.router(|router| run(router, "/ip/hotspot/user/add", &["name=v1", "password=v1"]));
    simulator
}

fn run(router: &mut Router, path: &str, words: &[&str]) {
    router.run(path, words).unwrap_or_else(|refusal| panic!("{path} {words:?}: {refusal}"));
}

fn set_user(router: &mut Router, word: &str) {
    run(router, "/ip/hotspot/user/set", &["numbers=v1", word]);
}

fn set_profile(router: &mut Router, words: &[&str]) {
    run(router, "/ip/hotspot/user/profile/set", &[&["numbers=default"], words].concat());
}

fn login(router: &mut Router) -> Result<(), LoginRefusal> {
    router.login("v1", "v1", PHONE, ip(7)).map(|_| ())
}

fn only_row(router: &mut Router, path: &str) -> Vec<(String, String)> {
    let mut rows = router.run(&format!("{path}/print"), &[]).expect("the menu prints").rows;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

fn assert_fields(row: &[(String, String)], fields: &[(&str, &str)]) {
    for (name, value) in fields {
        let held = row.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str());
        assert_eq!(held, Some(*value), "{name} of {row:?}");
    }
}

#[tokio::test]
async fn a_profile_with_a_rate_gives_every_session_a_queue_of_its_own() {
    simulator().await.router(|router| {
        set_profile(router, &["rate-limit=512k/2M 1M/4M 400k/1M 10s 5", "shared-users=2"]);
        login(router).unwrap();
        router.set_traffic(PHONE, Traffic { upload_per_second: 10, download_per_second: 100 });
        router.advance(mins(1));
        let queue = only_row(router, "/queue/simple");
        assert_fields(
            &queue,
            &[
                ("name", "<hotspot-v1>"),
                ("target", "10.5.50.7/32"),
                ("max-limit", "512000/2000000"),
                ("burst-limit", "1000000/4000000"),
                ("burst-threshold", "400000/1000000"),
                ("burst-time", "10s/10s"),
                ("priority", "5/5"),
                ("bytes", "600/6000"),
                ("packets", "1/5"),
                ("rate", "80/800"),
                ("dynamic", "true"),
            ],
        );
        let words = [format!("{}={}", queue[0].0, queue[0].1)];
        let refused = router.run("/queue/simple/remove", &[&words[0]]).unwrap_err();
        assert_eq!(refused.message, "failure: can not remove dynamic item *1");
        router.login("v1", "v1", Mac::numbered(2), ip(8)).unwrap();
        assert!(router.value("/queue/simple", "<hotspot-v1-1>", "target").is_some());
        router.logout(PHONE);
        router.logout(Mac::numbered(2));
        assert_eq!(router.count("/queue/simple"), 0);
    });
}

#[tokio::test]
async fn the_rate_of_a_running_session_stays_when_its_profile_changes() {
    simulator().await.router(|router| {
        set_profile(router, &["rate-limit=1M/1M"]);
        login(router).unwrap();
        set_profile(router, &["rate-limit=9M/9M"]);
        let limit =
            |router: &Router| router.value("/queue/simple", "<hotspot-v1>", "max-limit").unwrap();
        assert_eq!(limit(router), "1000000/1000000");
        login(router).unwrap();
        assert_eq!(limit(router), "9000000/9000000");
    });
}

#[tokio::test]
async fn a_pool_gives_addresses_until_it_is_used_up() {
    simulator().await.router(|router| {
        run(router, "/ip/pool/add", &["name=guests", "ranges=10.7.0.2"]);
        set_profile(router, &["address-pool=guests", "shared-users=unlimited"]);
        login(router).unwrap();
        assert_fields(&only_row(router, "/ip/hotspot/active"), &[("address", "10.7.0.2")]);
        let host = [("address", "10.5.50.7"), ("to-address", "10.7.0.2")];
        assert_fields(&only_row(router, "/ip/hotspot/host"), &host);
        let refused = router.login("v1", "v1", Mac::numbered(2), ip(8)).unwrap_err().to_string();
        assert_eq!(refused, "cannot assign ip address - no more free addresses from pool");
        router.logout(PHONE);
        router.login("v1", "v1", Mac::numbered(2), ip(8)).unwrap();
        let unknown = ["numbers=default", "address-pool=nowhere"];
        let refused = router.run("/ip/hotspot/user/profile/set", &unknown).unwrap_err();
        assert_eq!(refused.message, "input does not match any value of address-pool");
    });
}

#[tokio::test]
async fn a_blocked_device_never_gets_to_the_login_page() {
    simulator().await.router(|router| {
        let binding = ["mac-address=02:00:00:00:00:01", "type=blocked"];
        run(router, "/ip/hotspot/ip-binding/add", &binding);
        assert_eq!(router.appear(PHONE, ip(7)), None);
        assert_eq!(login(router), Err(LoginRefusal::Blocked(PHONE)));
        assert!(router.log().all(|row| !row.contains("login failed")));
        assert!(router.run("/ip/hotspot/host/print", &[]).unwrap().rows.is_empty());
        assert_fields(&only_row(router, "/ip/hotspot/ip-binding"), &[("blocked", "true")]);
        run(router, "/ip/hotspot/ip-binding/set", &["numbers=*1", "disabled=yes"]);
        login(router).unwrap();
    });
}

#[tokio::test]
async fn a_bypassed_device_is_in_the_net_without_a_login() {
    simulator().await.router(|router| {
        run(router, "/ip/hotspot/ip-binding/add", &["address=10.5.50.7", "type=bypassed"]);
        assert_eq!(router.appear(PHONE, ip(7)), None);
        let host = [("bypassed", "true"), ("authorized", "false")];
        assert_fields(&only_row(router, "/ip/hotspot/host"), &host);
        assert_eq!(login(router), Err(LoginRefusal::Bypassed(PHONE)));
        assert_eq!(router.online().count(), 0);
    });
}

#[tokio::test]
async fn a_binding_can_be_made_from_a_host() {
    simulator().await.router(|router| {
        router.appear(PHONE, ip(7));
        run(router, "/ip/hotspot/host/make-binding", &["numbers=*1", "type=bypassed"]);
        let binding = only_row(router, "/ip/hotspot/ip-binding");
        assert_fields(
            &binding,
            &[
                ("mac-address", "02:00:00:00:00:01"),
                ("address", "10.5.50.7"),
                ("server", "hotspot1"),
                ("type", "bypassed"),
                ("bypassed", "true"),
            ],
        );
        let wrong = ["numbers=*1", "type=golden"];
        let refused = router.run("/ip/hotspot/host/make-binding", &wrong).unwrap_err();
        assert_eq!(refused.message, "invalid value for argument type");
    });
}

#[tokio::test]
async fn a_device_in_reach_comes_in_by_its_cookie_or_its_address() {
    simulator().await.router(|router| {
        assert_eq!(router.appear(PHONE, ip(7)), None);
        login(router).unwrap();
        router.disappear(PHONE);
        assert!(router.appear(PHONE, ip(7)).is_some());
        assert_eq!(router.online().next().unwrap().login_by, LoginBy::MacCookie);

        let tablet = Mac::numbered(9);
        run(router, "/ip/hotspot/user/add", &[&format!("name={tablet}")]);
        assert_eq!(router.appear(tablet, ip(9)), None);
        run(router, "/ip/hotspot/profile/set", &["numbers=default", "login-by=mac,http-pap"]);
        assert!(router.appear(tablet, ip(9)).is_some());
        assert_eq!(router.online().last().unwrap().login_by, LoginBy::Mac);
        let stolen = router.login(&tablet.to_string(), "", Mac::numbered(8), ip(8)).unwrap_err();
        let text = format!("invalid username ({tablet}): this MAC address is not yours");
        assert_eq!(stolen.to_string(), text);
        router.logout(PHONE);
        login(router).unwrap();
        assert_eq!(router.online().last().unwrap().login_by, LoginBy::HttpPap);
    });
}

#[tokio::test]
async fn the_licence_decides_how_many_are_online_at_once() {
    for (license, most) in [
        (License::L3, Some(1)),
        (License::L4, Some(200)),
        (License::L5, Some(500)),
        (License::L6, None),
    ] {
        let simulator = Simulator::builder().license(license).start().await.unwrap();
        simulator.router(|router| {
            run(router, "/ip/hotspot/user/add", &["name=v1", "password=v1"]);
            set_profile(router, &["shared-users=unlimited"]);
            let outcomes: Vec<_> = (0..501)
                .map(|number| router.login("v1", "v1", Mac::numbered(number), ip(7)))
                .collect();
            let online = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            assert_eq!(online, most.unwrap_or(501), "{license:?}");
            let last = outcomes.into_iter().next_back().unwrap();
            assert_eq!(last.err(), most.map(LoginRefusal::SessionLimit), "{license:?}");
        });
    }
}

#[tokio::test]
async fn every_refusal_is_logged_in_the_words_of_the_login_page() {
    let name = || "v1".to_owned();
    simulator().await.router(|router| {
        for (refusal, text) in [
            (LoginRefusal::Credentials, "invalid username or password"),
            (LoginRefusal::UptimeLimit(name()), "user v1 has reached uptime limit"),
            (LoginRefusal::TrafficLimit(name()), "user v1 has reached traffic limit"),
            (LoginRefusal::NoMoreSessions(name()), "no more sessions are allowed for user v1"),
            (LoginRefusal::SessionLimit(200), "session limit reached (200)"),
            (
                LoginRefusal::WrongDevice(name()),
                "user v1 is not allowed to log in from this MAC address",
            ),
            (
                LoginRefusal::ForeignDevice(name()),
                "invalid username (v1): this MAC address is not yours",
            ),
            (LoginRefusal::AlreadyAuthorizing, "already authorizing, retry later"),
            (
                LoginRefusal::NoFreeAddress,
                "cannot assign ip address - no more free addresses from pool",
            ),
            (LoginRefusal::RadiusSilent, "RADIUS server is not responding"),
            (LoginRefusal::NotRunning, "hotspot service is shutting down"),
            (LoginRefusal::Internal("5".to_owned()), "internal error (5)"),
            (LoginRefusal::Configuration("pool".to_owned()), "configuration error (pool)"),
            (LoginRefusal::NoChallengeResponse, "web browser did not send challenge response"),
            (LoginRefusal::NotLoggedIn(ip(7)), "you are not logged in (ip 10.5.50.7)"),
            (LoginRefusal::OtpUsed, "this OTP token is already used"),
        ] {
            router.refuse_next_login(refusal.clone());
            assert_eq!(login(router), Err(refusal));
            let logged = router.log().last().unwrap_or_default().to_owned();
            assert_eq!(logged, format!("v1 (10.5.50.7): login failed: {text}"));
        }
        login(router).unwrap();
    });
}

#[tokio::test]
async fn an_unknown_name_waits_for_radius_where_that_is_asked() {
    simulator().await.router(|router| {
        run(router, "/ip/hotspot/profile/set", &["numbers=default", "use-radius=yes"]);
        let refused = router.login("v2", "v2", PHONE, ip(7));
        assert_eq!(refused, Err(LoginRefusal::RadiusSilent));
        let refused = router.login("v1", "wrong", PHONE, ip(7));
        assert_eq!(refused, Err(LoginRefusal::Credentials));
    });
}

#[tokio::test]
async fn a_disabled_or_removed_user_can_be_made_to_lose_its_session() {
    let rules = SessionRules { disabling: Disabling::EndsSessions, ..SessionRules::default() };
    with_rules(rules).await.router(|router| {
        login(router).unwrap();
        set_user(router, "disabled=yes");
        assert_eq!(router.online().count(), 0);
        set_user(router, "disabled=no");
        login(router).unwrap();
        run(router, "/ip/hotspot/user/remove", &["numbers=v1"]);
        assert_eq!(router.online().count(), 0);
    });
}

#[tokio::test]
async fn limits_reach_a_running_session_only_where_they_are_said_to() {
    for limits in [Limits::FixedAtLogin, Limits::FollowChanges] {
        with_rules(SessionRules { limits, ..SessionRules::default() }).await.router(|router| {
            let follows = limits == Limits::FollowChanges;
            login(router).unwrap();
            router.advance(mins(30));
            set_user(router, "limit-uptime=40m");
            router.advance(mins(10));
            assert_eq!(router.is_online("v1"), !follows);
            router.logout(PHONE);
            set_user(router, "limit-uptime=");
            login(router).unwrap();
            router.move_bytes(PHONE, 600, 600);
            set_user(router, "limit-bytes-total=1000");
            assert_eq!(router.is_online("v1"), !follows);
            router.logout(PHONE);
            set_user(router, "limit-bytes-total=");
            login(router).unwrap();
            set_profile(router, &["session-timeout=5m"]);
            router.advance(mins(5));
            assert_eq!(router.is_online("v1"), !follows);
        });
    }
}

#[tokio::test]
async fn counters_move_while_a_session_runs_only_where_they_are_said_to() {
    for counters in [Counters::MoveAtLogout, Counters::MoveLive] {
        with_rules(SessionRules { counters, ..SessionRules::default() }).await.router(|router| {
            let live = counters == Counters::MoveLive;
            login(router).unwrap();
            router.move_bytes(PHONE, 5, 7);
            router.advance(mins(3));
            let shown = router.value(USER, "v1", "uptime");
            assert_eq!(shown.as_deref(), Some(if live { "3m" } else { "0s" }));
            assert_eq!(router.usage("v1").unwrap().bytes_in, if live { 5 } else { 0 });
            router.logout(PHONE);
            assert_eq!(router.value(USER, "v1", "bytes-out").as_deref(), Some("7"));
            assert_eq!(router.usage("v1").unwrap().uptime, mins(3));
        });
    }
}

#[tokio::test]
async fn sessions_count_for_their_user_when_every_number_has_changed() {
    simulator().await.router(|router| {
        login(router).unwrap();
        router.renumber_ids();
        router.move_bytes(PHONE, 5, 7);
        router.logout(PHONE);
        assert_eq!(router.usage("v1").unwrap().bytes_out, 7);
    });
}

#[tokio::test]
async fn a_cookie_lasts_as_long_as_its_profile_says_and_each_login_renews_it() {
    simulator().await.router(|router| {
        set_profile(router, &["mac-cookie-timeout=1h"]);
        login(router).unwrap();
        router.advance(mins(40));
        login(router).unwrap();
        router.logout(PHONE);
        router.advance(mins(40));
        assert_fields(&only_row(router, "/ip/hotspot/cookie"), &[("expires-in", "20m")]);
        router.advance(mins(20));
        assert!(!router.has_cookie(PHONE));
    });
}
