//! What the simulated hotspot does to customers, without the network.

#![cfg(feature = "sim")]

use std::net::IpAddr;

use jiff::SignedDuration;
use mkbill_routeros::sim::{
    Customer, LoginBy, LoginRefusal, Mac, Router, RouterOs, Simulator, Traffic,
};

const PHONE: Mac = Mac([2, 0, 0, 0, 0, 1]);
const LAPTOP: Mac = Mac([2, 0, 0, 0, 0, 2]);

fn ip(last: u8) -> IpAddr {
    IpAddr::from([10, 5, 50, last])
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

async fn simulator() -> Simulator {
    playing(RouterOs::V7_18).await
}

async fn playing(routeros: RouterOs) -> Simulator {
    Simulator::builder().routeros(routeros).start().await.expect("the router starts")
}

fn add_user(router: &mut Router, words: &[&str]) {
    router.run("/ip/hotspot/user/add", words).expect("the user is added");
}

fn set_profile(router: &mut Router, word: &str) {
    let words = ["numbers=default", word];
    router.run("/ip/hotspot/user/profile/set", &words).expect("the profile is set");
}

fn set_user(router: &mut Router, word: &str) {
    router.run("/ip/hotspot/user/set", &["numbers=v1", word]).expect("the user is set");
}

fn login(router: &mut Router) -> Result<(), LoginRefusal> {
    router.login("v1", "v1", PHONE, ip(7)).map(|_| ())
}

fn last_log(router: &Router) -> String {
    router.log().last().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_unknown_name_a_wrong_password_and_a_disabled_user_are_refused_alike() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        for (name, password) in [("v2", "v2"), ("v1", "wrong"), ("default-trial", "")] {
            let refused = router.login(name, password, PHONE, ip(7));
            assert_eq!(refused, Err(LoginRefusal::Credentials), "{name}");
        }
        set_user(router, "disabled=yes");
        assert_eq!(login(router), Err(LoginRefusal::Credentials));
        let logged = "v1 (10.5.50.7): login failed: invalid username or password";
        assert_eq!(last_log(router), logged);
    });
}

#[tokio::test]
async fn a_login_makes_an_active_row_a_host_a_cookie_and_a_log_row() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1", "comment=mkb=B1"]);
        login(router).unwrap();
        let active = router.run("/ip/hotspot/active/print", &["?user=v1"]).unwrap();
        let row = &active.rows[0];
        for (name, value) in [
            ("mac-address", "02:00:00:00:00:01"),
            ("address", "10.5.50.7"),
            ("server", "hotspot1"),
            ("login-by", "http-chap"),
            ("comment", "mkb=B1"),
        ] {
            assert!(row.contains(&(name.to_owned(), value.to_owned())), "{row:?}");
        }
        let count = |path: &str, query: &str| {
            let path = format!("{path}/print");
            (path, ["count-only=".to_owned(), query.to_owned()])
        };
        for (path, words) in
            [count("/ip/hotspot/host", "?authorized=true"), count("/ip/hotspot/cookie", "?user=v1")]
        {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            assert_eq!(router.run(&path, &words).unwrap().ret.as_deref(), Some("1"), "{path}");
        }
        assert_eq!(last_log(router), "v1 (10.5.50.7): logged in");
    });
}

#[tokio::test]
async fn as_many_devices_get_in_as_the_profile_shares() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        login(router).unwrap();
        let refused = router.login("v1", "v1", LAPTOP, ip(8)).unwrap_err();
        assert_eq!(refused.to_string(), "no more sessions are allowed for user v1");
        set_profile(router, "shared-users=2");
        router.login("v1", "v1", LAPTOP, ip(8)).unwrap();
        set_profile(router, "shared-users=unlimited");
        router.login("v1", "v1", Mac::numbered(9), ip(9)).unwrap();
        assert_eq!(router.online().count(), 3);
    });
}

#[tokio::test]
async fn the_same_device_may_log_in_again() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        login(router).unwrap();
        login(router).unwrap();
        assert_eq!(router.online().count(), 1);
    });
}

#[tokio::test]
async fn a_bound_user_gets_in_from_its_own_device_only() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1", "mac-address=02-00-00-00-00-02"]);
        let refused = login(router).unwrap_err().to_string();
        assert_eq!(refused, "user v1 is not allowed to log in from this MAC address");
        router.login("v1", "v1", LAPTOP, ip(8)).unwrap();
        router.logout(LAPTOP);
        set_user(router, "mac-address=");
        login(router).unwrap();
    });
}

#[tokio::test]
async fn time_online_is_cut_at_limit_uptime_over_several_sessions() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1", "limit-uptime=1h"]);
        login(router).unwrap();
        router.advance(mins(40));
        assert!(router.logout(PHONE));
        assert_eq!(router.usage("v1").unwrap().uptime, mins(40));
        router.advance(hours(5));
        login(router).unwrap();
        router.advance(hours(2));
        assert!(!router.is_online("v1"));
        assert_eq!(router.usage("v1").unwrap().uptime, hours(1));
        assert_eq!(last_log(router), "v1 (10.5.50.7): logged out: session timeout");
        let refused = login(router).unwrap_err().to_string();
        assert_eq!(refused, "user v1 has reached uptime limit");
    });
}

#[tokio::test]
async fn session_timeout_counts_each_login_anew() {
    simulator().await.router(|router| {
        set_profile(router, "session-timeout=30m");
        add_user(router, &["name=v1", "password=v1"]);
        for _ in 0..3 {
            login(router).unwrap();
            router.advance(hours(1));
            assert!(!router.is_online("v1"));
        }
        assert_eq!(router.usage("v1").unwrap().uptime, mins(90));
    });
}

#[tokio::test]
async fn bytes_are_cut_at_the_limit_and_not_a_second_later() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1", "limit-bytes-total=1M"]);
        login(router).unwrap();
        router.set_traffic(PHONE, Traffic { upload_per_second: 24, download_per_second: 1000 });
        router.advance(hours(1));
        let used = router.usage("v1").unwrap();
        assert_eq!(used.uptime, SignedDuration::from_secs(1024));
        assert_eq!((used.bytes_in, used.bytes_out), (24 * 1024, 1000 * 1024));
        assert!(last_log(router).ends_with("logged out: traffic limit reached"));
        let refused = login(router).unwrap_err().to_string();
        assert_eq!(refused, "user v1 has reached traffic limit");
    });
}

#[tokio::test]
async fn each_direction_has_a_limit_of_its_own() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1", "limit-bytes-out=500"]);
        login(router).unwrap();
        router.move_bytes(PHONE, 10_000, 499);
        assert!(router.is_online("v1"));
        router.move_bytes(PHONE, 0, 1);
        assert!(!router.is_online("v1"));
    });
}

#[tokio::test]
async fn counters_of_the_user_stand_still_while_a_session_runs() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        login(router).unwrap();
        router.move_bytes(PHONE, 5, 7);
        router.advance(mins(3));
        assert_eq!(router.usage("v1").unwrap().bytes_in, 0);
        let online = router.online().next().unwrap();
        assert_eq!((online.bytes_in, online.bytes_out, online.uptime), (5, 7, mins(3)));
        router.logout(PHONE);
        let used = router.usage("v1").unwrap();
        assert_eq!((used.bytes_in, used.bytes_out, used.uptime), (5, 7, mins(3)));
        assert_eq!(router.value("/ip/hotspot/user", "v1", "uptime").as_deref(), Some("3m"));
        router.reset_counters("v1");
        assert_eq!(router.value("/ip/hotspot/user", "v1", "uptime").as_deref(), Some("0s"));
    });
}

#[tokio::test]
async fn disabling_or_removing_a_user_leaves_its_session_running() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        login(router).unwrap();
        set_user(router, "disabled=yes");
        router.advance(mins(1));
        assert!(router.is_online("v1"));
        router.run("/ip/hotspot/user/remove", &["numbers=v1"]).unwrap();
        router.advance(mins(1));
        assert!(router.is_online("v1"));
        let id = format!(".id={}", router.online().next().unwrap().id);
        router.run("/ip/hotspot/active/remove", &[&id]).unwrap();
        assert!(!router.is_online("v1"));
        assert_eq!(last_log(router), "v1 (10.5.50.7): logged out: admin reset");
        let gone = router.run("/ip/hotspot/active/remove", &[&id]).unwrap_err();
        assert_eq!(gone.message, "no such item");
    });
}

#[tokio::test]
async fn a_user_added_again_starts_from_zero_and_gets_nothing_of_the_old_session() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        login(router).unwrap();
        router.advance(hours(1));
        router.run("/ip/hotspot/user/remove", &["numbers=v1"]).unwrap();
        add_user(router, &["name=v1", "password=v1"]);
        router.logout(PHONE);
        assert_eq!(router.usage("v1").unwrap().uptime, SignedDuration::ZERO);
    });
}

#[tokio::test]
async fn a_kicked_customer_comes_back_by_cookie_until_the_cookie_goes_or_ages() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        login(router).unwrap();
        let id = format!(".id={}", router.online().next().unwrap().id);
        router.run("/ip/hotspot/active/remove", &[&id]).unwrap();
        router.return_by_cookie(PHONE).unwrap().unwrap();
        assert_eq!(router.online().next().unwrap().login_by, LoginBy::MacCookie);
        router.logout(PHONE);
        router.advance(hours(3 * 24));
        assert!(router.return_by_cookie(PHONE).is_none());

        login(router).unwrap();
        router.logout(PHONE);
        let cookies = router.run("/ip/hotspot/cookie/print", &["?user=v1"]).unwrap();
        let id = format!("{}={}", cookies.rows[0][0].0, cookies.rows[0][0].1);
        router.run("/ip/hotspot/cookie/remove", &[&id]).unwrap();
        assert!(router.return_by_cookie(PHONE).is_none());
    });
}

#[tokio::test]
async fn a_cookie_does_not_help_a_disabled_user_or_one_without_time() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1", "limit-uptime=1h"]);
        login(router).unwrap();
        router.advance(hours(1));
        assert!(router.has_cookie(PHONE));
        let refused = router.return_by_cookie(PHONE).unwrap();
        assert_eq!(refused, Err(LoginRefusal::UptimeLimit("v1".to_owned())));
        set_user(router, "disabled=yes");
        assert_eq!(router.return_by_cookie(PHONE).unwrap(), Err(LoginRefusal::Credentials));
    });
}

#[tokio::test]
async fn no_cookie_is_kept_where_the_profile_or_the_server_does_not_want_one() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        set_profile(router, "add-mac-cookie=no");
        login(router).unwrap();
        assert!(!router.has_cookie(PHONE));
        set_profile(router, "add-mac-cookie=yes");
        let words = ["numbers=default", "login-by=http-chap"];
        router.run("/ip/hotspot/profile/set", &words).unwrap();
        login(router).unwrap();
        assert!(!router.has_cookie(PHONE));
    });
}

#[tokio::test]
async fn an_idle_customer_and_one_who_walked_away_are_logged_out() {
    simulator().await.router(|router| {
        set_profile(router, "idle-timeout=10m");
        add_user(router, &["name=v1", "password=v1"]);
        login(router).unwrap();
        router.advance(mins(9));
        router.move_bytes(PHONE, 1, 1);
        router.advance(mins(9));
        assert!(router.is_online("v1"));
        router.advance(mins(1));
        assert!(last_log(router).ends_with("idle timeout"));

        login(router).unwrap();
        router.walk_away(PHONE);
        router.advance(mins(2));
        assert!(last_log(router).ends_with("keepalive timeout"));
        assert!(router.run("/ip/hotspot/host/print", &[]).unwrap().rows.is_empty());
    });
}

#[tokio::test]
async fn the_licence_limits_how_many_are_online() {
    simulator().await.router(|router| {
        router.set_sessions_max(Some(1));
        add_user(router, &["name=v1", "password=v1"]);
        add_user(router, &["name=v2", "password=v2"]);
        login(router).unwrap();
        let refused = router.login("v2", "v2", LAPTOP, ip(8)).unwrap_err();
        assert_eq!(refused.to_string(), "session limit reached (1)");
    });
}

#[tokio::test]
async fn a_hotspot_without_a_running_server_lets_nobody_in() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        router.run("/ip/hotspot/disable", &["numbers=hotspot1"]).unwrap();
        assert_eq!(login(router), Err(LoginRefusal::NotRunning));
    });
}

#[tokio::test]
async fn the_first_login_is_stamped_once_in_the_dialect_of_the_release() {
    for (routeros, stamp) in [
        (RouterOs::V6_49, "fl=jan/01/2026_00:30:00_30m"),
        (RouterOs::V7_18, "fl=2026-01-01_00:30:00_30m"),
    ] {
        playing(routeros).await.router(|router| {
            set_profile(router, r#"on-login=:do { set $i comment=($c . " fl=" . $date) }"#);
            add_user(router, &["name=v1", "password=v1", "comment=mkb=B1"]);
            router.advance(mins(30));
            login(router).unwrap();
            let comment = router.value("/ip/hotspot/user", "v1", "comment");
            assert_eq!(comment, Some(format!("mkb=B1 {stamp}")));
            router.advance(mins(30));
            login(router).unwrap();
            assert_eq!(router.value("/ip/hotspot/user", "v1", "comment"), comment);
        });
    }
}

#[tokio::test]
async fn a_profile_without_the_stamp_leaves_comments_alone() {
    simulator().await.router(|router| {
        set_profile(router, "on-login=:log info hello");
        add_user(router, &["name=v1", "password=v1", "comment=mine"]);
        login(router).unwrap();
        let comment = router.value("/ip/hotspot/user", "v1", "comment");
        assert_eq!(comment.as_deref(), Some("mine"));
    });
}

#[tokio::test]
async fn a_reboot_forgets_sessions_and_their_use_keeps_cookies_and_loses_the_time() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        login(router).unwrap();
        let cookie = |router: &mut Router| {
            let rows = router.run("/ip/hotspot/cookie/print", &[]).unwrap().rows;
            rows[0][0].1.clone()
        };
        let old_cookie = cookie(router);
        router.advance(hours(1));
        router.reboot();
        assert_eq!(router.online().count(), 0);
        assert_eq!(router.usage("v1").unwrap().uptime, SignedDuration::ZERO);
        assert!(router.has_cookie(PHONE));
        assert_ne!(cookie(router), old_cookie);
        assert_eq!(router.clock().shown().year(), 1970);
        assert_eq!(router.clock().uptime(), SignedDuration::ZERO);
        router.ntp_sync();
        assert_eq!(router.clock().shown().to_string(), "2026-01-01T01:00:00");
        router.return_by_cookie(PHONE).unwrap().unwrap();
    });
}

#[tokio::test]
async fn a_factory_reset_leaves_only_what_every_router_has() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "password=v1"]);
        router.run("/system/identity/set", &["name=Kiosk"]).unwrap();
        login(router).unwrap();
        router.factory_reset();
        assert_eq!(router.count("/ip/hotspot/user"), 1);
        assert_eq!(router.online().count(), 0);
        let identity = router.run("/system/identity/print", &[]).unwrap();
        assert_eq!(identity.rows, [[("name".to_owned(), "MikroTik".to_owned())]]);
        assert_eq!(router.count("/user"), 1);
    });
}

#[tokio::test]
async fn foreign_objects_are_compared_byte_for_byte() {
    simulator().await.router(|router| {
        add_user(router, &["name=v1", "comment=mkbill:1"]);
        add_user(router, &["name=guest", "comment=caf\u{e9}"]);
        let foreign = |router: &Router| {
            router.export_objects(|object| {
                let comment = object.get("comment").unwrap_or_default();
                !comment.starts_with(b"mkbill:")
            })
        };
        let before = foreign(router);
        assert!(before.contains(r#"/ip/hotspot/user *2 server="all" name="guest""#), "{before}");
        router.run("/ip/hotspot/user/remove", &["numbers=v1"]).unwrap();
        assert_eq!(foreign(router), before);
        router.run("/ip/hotspot/user/set", &["numbers=guest", "comment=cafe"]).unwrap();
        assert_ne!(foreign(router), before);
    });
}

#[tokio::test]
async fn two_crowds_with_one_seed_behave_alike() {
    let mut stories = Vec::new();
    for _ in 0..2 {
        let simulator = Simulator::builder().seed(7).start().await.unwrap();
        let codes: Vec<String> = (0..20).map(|n| format!("c{n}")).collect();
        for code in &codes {
            let (name, password) = (format!("name={code}"), format!("password={code}"));
            simulator.router(|router| add_user(router, &[&name, &password]));
        }
        let mut crowd = simulator.crowd(codes.into_iter().map(Customer::with_code));
        let arrivals = crowd.arrive(15);
        assert!(arrivals.iter().all(|arrival| arrival.outcome.is_ok()));
        crowd.browse(Traffic { upload_per_second: 1000, download_per_second: 9000 });
        simulator.advance(mins(5));
        assert_eq!(crowd.leave(6), 6);
        assert_eq!(crowd.online(), 9);
        stories.push(simulator.export_objects(|_| true));
        simulator.shutdown().await;
    }
    assert_eq!(stories[0], stories[1]);
}

#[tokio::test]
async fn ten_thousand_users_and_a_thousand_sessions_are_no_burden() {
    simulator().await.router(|router| {
        for number in 0..10_000 {
            let (name, password) = (format!("name=u{number}"), format!("password=u{number}"));
            add_user(router, &[&name, &password, "limit-uptime=1h"]);
        }
        for number in 0..1000 {
            let name = format!("u{number}");
            router.login(&name, &name, Mac::numbered(number), ip(7)).unwrap();
        }
        router.advance(mins(30));
        assert_eq!(router.online().count(), 1000);
        assert_eq!(router.run("/ip/hotspot/user/print", &[]).unwrap().rows.len(), 10_001);
        router.advance(mins(30));
        assert_eq!(router.online().count(), 0);
    });
}
