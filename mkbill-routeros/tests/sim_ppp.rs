//! What the simulated router does to PPP customers, without the network.

#![cfg(feature = "sim")]

use jiff::SignedDuration;
use mkbill_routeros::sim::{
    Customer, Dial, Disabling, License, PppRefusal, Router, RouterOs, Service, SessionRules,
    Simulator, Traffic,
};

const MODEM: &str = "02:00:00:00:00:01";

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

async fn simulator() -> Simulator {
    playing(RouterOs::V7_18).await
}

async fn playing(routeros: RouterOs) -> Simulator {
    Simulator::builder().routeros(routeros).start().await.expect("the router starts")
}

fn run(router: &mut Router, path: &str, words: &[&str]) {
    router.run(path, words).unwrap_or_else(|refusal| panic!("{path} {words:?}: {refusal}"));
}

/// A pool of two addresses and a plan that takes its addresses from it.
fn add_plan(router: &mut Router, words: &[&str]) {
    run(router, "/ip/pool/add", &["name=homes", "ranges=10.99.0.2-10.99.0.3"]);
    let plan = ["name=10M", "local-address=10.99.0.1", "remote-address=homes"];
    run(router, "/ppp/profile/add", &[&plan[..], words].concat());
}

fn add_secret(router: &mut Router, name: &str, words: &[&str]) {
    let (name, password) = (format!("name={name}"), format!("password={name}"));
    run(router, "/ppp/secret/add", &[&[name.as_str(), &password, "profile=10M"], words].concat());
}

fn dial(name: &str) -> Dial {
    Dial {
        name: name.to_owned(),
        password: name.to_owned(),
        caller_id: MODEM.to_owned(),
        service: Service::Pppoe,
    }
}

fn connect(router: &mut Router, name: &str) -> Result<(), PppRefusal> {
    router.ppp_connect(&dial(name)).map(|_| ())
}

fn row(router: &mut Router, path: &str, query: &str) -> Vec<(String, String)> {
    let mut rows = router.run(&format!("{path}/print"), &[query]).expect("the menu prints").rows;
    assert!(rows.len() <= 1, "{rows:?}");
    rows.pop().unwrap_or_default()
}

fn field<'r>(row: &'r [(String, String)], name: &str) -> Option<&'r str> {
    row.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
}

fn assert_fields(row: &[(String, String)], fields: &[(&str, &str)]) {
    for (name, value) in fields {
        assert_eq!(field(row, name), Some(*value), "{name} of {row:?}");
    }
}

fn last_log(router: &Router, count: usize) -> Vec<String> {
    let rows: Vec<String> = router.log().map(str::to_owned).collect();
    rows[rows.len() - count..].to_vec()
}

#[tokio::test]
async fn a_line_brings_an_active_row_an_interface_an_address_and_a_queue() {
    simulator().await.router(|router| {
        add_plan(router, &["rate-limit=5M/10M", "address-list=paid"]);
        add_secret(router, "amina", &["comment=mkb=1"]);
        connect(router, "amina").unwrap();
        let active = row(router, "/ppp/active", "?name=amina");
        let names: Vec<&str> = active.iter().map(|(name, _)| name.as_str()).collect();
        let known = [
            ".id",
            "name",
            "service",
            "caller-id",
            "address",
            "uptime",
            "encoding",
            "session-id",
            "limit-bytes-in",
            "limit-bytes-out",
            "radius",
            "comment",
        ];
        assert_eq!(names, known);
        assert_fields(
            &active,
            &[
                ("service", "pppoe"),
                ("caller-id", MODEM),
                ("address", "10.99.0.3"),
                ("session-id", "0x81000001"),
                ("comment", "mkb=1"),
            ],
        );
        let interface = row(router, "/interface", "?name=<pppoe-amina>");
        assert_fields(&interface, &[("type", "pppoe-in"), ("mtu", "1480"), ("running", "true")]);
        let queue = row(router, "/queue/simple", "?name=<pppoe-amina>");
        let limits = [("max-limit", "5000000/10000000"), ("dynamic", "true")];
        assert_fields(&queue, &[limits[0], limits[1], ("target", "<pppoe-amina>")]);
        let address = row(router, "/ip/address", "?interface=<pppoe-amina>");
        assert_fields(&address, &[("address", "10.99.0.1/32"), ("network", "10.99.0.3")]);
        let entry = row(router, "/ip/firewall/address-list", "?list=paid");
        assert_fields(&entry, &[("address", "10.99.0.3"), ("dynamic", "true")]);
        let used = row(router, "/ip/pool/used", "?pool=homes");
        assert_fields(&used, &[("address", "10.99.0.3"), ("info", "amina")]);
    });
}

#[tokio::test]
async fn hanging_up_takes_everything_away_and_is_noted_on_the_secret() {
    for (routeros, noted) in [
        (RouterOs::V6_49, [Some("jan/01/2026 00:05:00"), None, None]),
        (RouterOs::V7_18, [Some("2026-01-01 00:05:00"), Some(MODEM), Some("user-request")]),
    ] {
        playing(routeros).await.router(|router| {
            add_plan(router, &["rate-limit=5M/10M", "address-list=paid"]);
            add_secret(router, "amina", &[]);
            let never = router.value("/ppp/secret", "amina", "last-logged-out").unwrap();
            assert!(never.contains("1970"), "{never}");
            connect(router, "amina").unwrap();
            router.advance(mins(5));
            assert_eq!(router.ppp_disconnect("amina"), 1);
            for (path, count) in [
                ("/ppp/active", 0),
                ("/ip/pool/used", 0),
                ("/interface", 6),
                ("/queue/simple", 0),
                ("/ip/address", 0),
                ("/ip/firewall/address-list", 0),
            ] {
                let rows = router.run(&format!("{path}/print"), &[]).unwrap().rows;
                assert_eq!(rows.len(), count, "{path}");
            }
            let properties = ["last-logged-out", "last-caller-id", "last-disconnect-reason"];
            let held = properties.map(|name| router.value("/ppp/secret", "amina", name));
            assert_eq!(held.each_ref().map(Option::as_deref), noted);
        });
    }
}

#[tokio::test]
async fn the_log_tells_of_a_line_in_the_words_of_a_router() {
    simulator().await.router(|router| {
        add_plan(router, &[]);
        add_secret(router, "amina", &[]);
        connect(router, "amina").unwrap();
        assert_eq!(
            last_log(router, 4),
            [
                "PPPoE connection established from 02:00:00:00:00:01",
                "<pppoe-amina>: authenticated",
                "<pppoe-amina>: connected",
                "amina logged in, 10.99.0.3 from 02:00:00:00:00:01",
            ]
        );
        router.ppp_move_bytes("amina", 2800, 1400);
        router.advance(secs(143));
        router.ppp_disconnect("amina");
        assert_eq!(
            last_log(router, 3),
            [
                "<pppoe-amina>: terminating... - user request",
                "amina logged out, 143 2800 1400 2 1 from 02:00:00:00:00:01",
                "<pppoe-amina>: disconnected",
            ]
        );
        let topics = row(router, "/log", "?message=<pppoe-amina>: connected");
        assert_fields(&topics, &[("topics", "pppoe,ppp,info")]);
    });
}

#[tokio::test]
async fn who_may_not_dial_in_is_told_no_more_than_that() {
    simulator().await.router(|router| {
        add_plan(router, &[]);
        add_secret(router, "amina", &["service=l2tp"]);
        add_secret(router, "budi", &["disabled=yes"]);
        add_secret(router, "citra", &["caller-id=02:00:00:00:00:FF"]);
        let name = |name: &str| name.to_owned();
        let wrong = Dial { password: name("wrong"), ..dial("citra") };
        for (dial, refusal) in [
            (dial("nobody"), PppRefusal::Credentials(name("nobody"))),
            (wrong, PppRefusal::Credentials(name("citra"))),
            (dial("amina"), PppRefusal::WrongService(name("amina"))),
            (dial("budi"), PppRefusal::Disabled(name("budi"))),
            (dial("citra"), PppRefusal::WrongCaller(name("citra"))),
        ] {
            let user = dial.name.clone();
            assert_eq!(router.ppp_connect(&dial), Err(refusal));
            let logged = last_log(router, 1).remove(0);
            assert!(logged.ends_with(&format!(">: user {user} authentication failed")), "{logged}");
        }
        assert_eq!(router.ppp_online().count(), 0);
    });
}

#[tokio::test]
async fn a_second_line_of_one_name_needs_a_profile_that_allows_it() {
    simulator().await.router(|router| {
        add_plan(router, &["only-one=yes"]);
        add_secret(router, "amina", &[]);
        connect(router, "amina").unwrap();
        let refused = connect(router, "amina");
        assert_eq!(refused, Err(PppRefusal::AlreadyOnline("amina".to_owned())));
        run(router, "/ppp/profile/set", &["numbers=10M", "only-one=default"]);
        connect(router, "amina").unwrap();
        let interfaces: Vec<String> = router.ppp_online().map(|line| line.interface).collect();
        assert_eq!(interfaces, ["<pppoe-amina>", "<pppoe-amina-1>"]);
        assert_eq!(router.ppp_disconnect("amina"), 2);
    });
}

#[tokio::test]
async fn a_pool_that_is_used_up_refuses_until_somebody_leaves() {
    simulator().await.router(|router| {
        add_plan(router, &[]);
        for name in ["amina", "budi", "citra"] {
            add_secret(router, name, &[]);
        }
        connect(router, "amina").unwrap();
        connect(router, "budi").unwrap();
        let refused = connect(router, "citra").unwrap_err().to_string();
        assert_eq!(refused, "cannot assign ip address - no more free addresses from pool");
        router.ppp_disconnect("amina");
        connect(router, "citra").unwrap();
        let citra = router.ppp_online().last().unwrap();
        assert_eq!(citra.address.to_string(), "10.99.0.3");
        run(router, "/ip/pool/add", &["name=spare", "ranges=10.98.0.2"]);
        run(router, "/ip/pool/set", &["numbers=homes", "next-pool=spare"]);
        connect(router, "amina").unwrap();
        assert_eq!(router.ppp_online().last().unwrap().address.to_string(), "10.98.0.2");
    });
}

#[tokio::test]
async fn an_address_of_the_secret_goes_before_the_pool_of_the_profile() {
    simulator().await.router(|router| {
        add_plan(router, &[]);
        add_secret(router, "amina", &["remote-address=10.1.1.1"]);
        connect(router, "amina").unwrap();
        assert_eq!(router.ppp_online().next().unwrap().address.to_string(), "10.1.1.1");
        for (path, words) in [
            ("/ppp/secret/set", ["numbers=amina", "remote-address=somewhere"]),
            ("/ppp/profile/set", ["numbers=10M", "remote-address=somewhere"]),
        ] {
            let refused = router.run(path, &words).unwrap_err();
            assert_eq!(refused.message, "invalid value for argument remote-address", "{path}");
        }
    });
}

#[tokio::test]
async fn the_licence_limits_the_lines_of_each_service() {
    for (license, most) in [(License::L3, 200), (License::L4, 200), (License::L5, 500)] {
        let simulator = Simulator::builder().license(license).start().await.unwrap();
        simulator.router(|router| {
            run(router, "/ppp/secret/add", &["name=amina", "password=amina"]);
            for _ in 0..most {
                connect(router, "amina").unwrap();
            }
            assert_eq!(connect(router, "amina"), Err(PppRefusal::SessionLimit(most)));
            let elsewhere = Dial { service: Service::Sstp, ..dial("amina") };
            router.ppp_connect(&elsewhere).unwrap();
        });
    }
}

#[tokio::test]
async fn traffic_is_counted_on_the_interface_and_lost_with_it() {
    simulator().await.router(|router| {
        add_plan(router, &["rate-limit=5M/10M"]);
        add_secret(router, "amina", &[]);
        connect(router, "amina").unwrap();
        let traffic = Traffic { upload_per_second: 100, download_per_second: 1000 };
        router.ppp_set_traffic("amina", traffic);
        router.advance(mins(1));
        let interface = row(router, "/interface", "?name=<pppoe-amina>");
        assert_fields(&interface, &[("rx-byte", "6000"), ("tx-byte", "60000")]);
        let queue = row(router, "/queue/simple", "?name=<pppoe-amina>");
        assert_fields(&queue, &[("bytes", "6000/60000"), ("rate", "800/8000")]);
        let uplink = row(router, "/interface", "?name=ether1");
        assert_fields(&uplink, &[("rx-byte", "60000"), ("tx-byte", "6000")]);
        router.ppp_disconnect("amina");
        connect(router, "amina").unwrap();
        let interface = row(router, "/interface", "?name=<pppoe-amina>");
        assert_fields(&interface, &[("rx-byte", "0"), ("tx-byte", "0")]);
        let bridge = row(router, "/interface", "?name=bridge");
        assert_fields(&bridge, &[("rx-byte", "6000"), ("tx-byte", "60000")]);
    });
}

#[tokio::test]
async fn limits_of_time_silence_and_bytes_cut_a_line() {
    simulator().await.router(|router| {
        add_plan(router, &["session-timeout=1h", "idle-timeout=10m"]);
        add_secret(router, "amina", &["limit-bytes-out=1000"]);
        let reason =
            |router: &Router| router.value("/ppp/secret", "amina", "last-disconnect-reason");
        let traffic = Traffic { upload_per_second: 1, download_per_second: 0 };
        connect(router, "amina").unwrap();
        router.ppp_set_traffic("amina", traffic);
        router.advance(mins(59));
        assert!(router.ppp_is_online("amina"));
        router.advance(mins(1));
        assert_eq!(reason(router).as_deref(), Some("session-timeout"));
        connect(router, "amina").unwrap();
        router.advance(mins(10));
        assert_eq!(reason(router).as_deref(), Some("idle-timeout"));
        connect(router, "amina").unwrap();
        router.ppp_move_bytes("amina", 0, 1000);
        assert_eq!(reason(router).as_deref(), Some("nas-request"));
        connect(router, "amina").unwrap();
        router.ppp_break("amina");
        router.advance(secs(9));
        assert!(router.ppp_is_online("amina"));
        router.advance(secs(1));
        assert_eq!(reason(router).as_deref(), Some("hung-up"));
    });
}

#[tokio::test]
async fn only_a_removed_row_ends_a_line_unless_the_rules_say_otherwise() {
    for disabling in [Disabling::LeavesSessions, Disabling::EndsSessions] {
        let rules = SessionRules { disabling, ..SessionRules::default() };
        let simulator = Simulator::builder().session_rules(rules).start().await.unwrap();
        simulator.router(|router| {
            add_plan(router, &[]);
            run(router, "/ppp/profile/add", &["name=ISOLIR", "remote-address=10.66.0.2"]);
            add_secret(router, "amina", &[]);
            connect(router, "amina").unwrap();
            run(router, "/ppp/secret/set", &["numbers=amina", "profile=ISOLIR"]);
            assert!(router.ppp_is_online("amina"));
            run(router, "/ppp/secret/set", &["numbers=amina", "disabled=yes"]);
            let runs_on = disabling == Disabling::LeavesSessions;
            assert_eq!(router.ppp_is_online("amina"), runs_on);
            if runs_on {
                let id = format!(".id={}", router.ppp_online().next().unwrap().id);
                run(router, "/ppp/active/remove", &[&id]);
                let gone = router.run("/ppp/active/remove", &[&id]).unwrap_err();
                assert_eq!(gone.message, "no such item");
            }
            let reason = router.value("/ppp/secret", "amina", "last-disconnect-reason");
            assert_eq!(reason.as_deref(), Some("reset"));
        });
    }
}

#[tokio::test]
async fn a_modem_that_redials_comes_back_under_its_new_plan_after_a_kick_and_a_reboot() {
    simulator().await.router(|router| {
        add_plan(router, &[]);
        run(router, "/ppp/profile/add", &["name=ISOLIR", "remote-address=10.66.0.2"]);
        add_secret(router, "amina", &[]);
        router.ppp_keep_online(&dial("amina"), secs(30)).unwrap();
        run(router, "/ppp/secret/set", &["numbers=amina", "profile=ISOLIR"]);
        let id = format!(".id={}", router.ppp_online().next().unwrap().id);
        run(router, "/ppp/active/remove", &[&id]);
        router.advance(secs(29));
        assert!(!router.ppp_is_online("amina"));
        router.advance(secs(1));
        assert_eq!(router.ppp_online().next().unwrap().address.to_string(), "10.66.0.2");
        router.reboot();
        assert_eq!(router.ppp_online().count(), 0);
        assert_eq!(router.count("/interface"), 6);
        router.advance(secs(30));
        assert!(router.ppp_is_online("amina"));
        router.ppp_disconnect("amina");
        router.advance(mins(10));
        assert!(!router.ppp_is_online("amina"));
    });
}

#[tokio::test]
async fn a_refused_modem_tries_until_its_secret_is_there() {
    simulator().await.router(|router| {
        add_plan(router, &[]);
        router.ppp_keep_online(&dial("amina"), secs(60)).unwrap_err();
        router.advance(mins(5));
        add_secret(router, "amina", &[]);
        router.advance(mins(1));
        assert!(router.ppp_is_online("amina"));
        let failures = router.log().filter(|row| row.ends_with("authentication failed")).count();
        assert_eq!(failures, 6);
    });
}

#[tokio::test]
async fn the_built_in_profiles_have_their_numbers_and_stay() {
    simulator().await.router(|router| {
        let profiles = router.run("/ppp/profile/print", &[]).unwrap().rows;
        let numbers: Vec<&str> = profiles.iter().filter_map(|row| field(row, ".id")).collect();
        assert_eq!(numbers, ["*0", "*FFFFFFFE"]);
        assert_fields(&profiles[1], &[("name", "default-encryption"), ("use-encryption", "yes")]);
        let added = router.run("/ppp/profile/add", &["name=10M"]).unwrap();
        assert_eq!(added.ret.as_deref(), Some("*1"));
        assert!(router.run("/ppp/profile/remove", &["numbers=default"]).is_err());
    });
}

#[tokio::test]
async fn secrets_are_refused_as_a_router_refuses_them() {
    simulator().await.router(|router| {
        add_plan(router, &[]);
        add_secret(router, "amina", &[]);
        for (words, message) in [
            (["name=amina", "password=x"], "failure: secret with the same name already exists"),
            (["name=budi", "profile=none"], "input does not match any value of profile"),
            (["name=budi", "service=dialup"], "invalid value for argument service"),
            (["name=budi", "colour=red"], "unknown parameter colour"),
        ] {
            let refused = router.run("/ppp/secret/add", &words).unwrap_err();
            assert_eq!(refused.message, message);
        }
    });
}

#[tokio::test]
async fn lines_know_their_secret_when_every_number_has_changed() {
    simulator().await.router(|router| {
        add_plan(router, &["rate-limit=5M/10M"]);
        add_secret(router, "amina", &[]);
        connect(router, "amina").unwrap();
        router.renumber_ids();
        router.ppp_move_bytes("amina", 7, 0);
        let queue = row(router, "/queue/simple", "?name=<pppoe-amina>");
        assert_fields(&queue, &[("bytes", "7/0")]);
        router.ppp_disconnect("amina");
        let caller = router.value("/ppp/secret", "amina", "last-caller-id");
        assert_eq!(caller.as_deref(), Some(MODEM));
        assert_eq!(router.count("/queue/simple"), 0);
    });
}

/// Five thousand customers of both kinds through a day, in steps of twenty minutes.
async fn day(seed: u64) -> (String, Vec<String>) {
    const EACH: usize = 2500;
    let simulator = Simulator::builder().seed(seed).start().await.expect("the router starts");
    let names = |kind: &str| (0..EACH).map(|n| format!("{kind}{n}")).collect::<Vec<_>>();
    let (vouchers, homes) = (names("v"), names("h"));
    simulator.router(|router| {
        run(router, "/ip/pool/add", &["name=homes", "ranges=10.99.0.0/16"]);
        let plan = ["name=10M", "local-address=10.98.0.1", "remote-address=homes"];
        run(router, "/ppp/profile/add", &[&plan[..], &["rate-limit=5M/10M"]].concat());
        let rate = ["numbers=default", "rate-limit=1M/2M", "idle-timeout=30m"];
        run(router, "/ip/hotspot/user/profile/set", &rate);
        for code in &vouchers {
            let (name, password) = (format!("name={code}"), format!("password={code}"));
            let words = [name.as_str(), &password, "limit-uptime=5h", "limit-bytes-total=2G"];
            run(router, "/ip/hotspot/user/add", &words);
        }
        for name in &homes {
            add_secret(router, name, &[]);
        }
    });
    let mut crowd = simulator.crowd(vouchers.into_iter().map(Customer::with_code));
    let customers = homes.into_iter().map(Customer::with_code);
    let mut modems = simulator.ppp_crowd(customers).redialing(mins(1));
    let below = Traffic { upload_per_second: 20_000, download_per_second: 400_000 };
    for step in 0..72 {
        crowd.arrive(120);
        modems.arrive(80);
        crowd.browse(below);
        modems.browse(below);
        simulator.advance(mins(20));
        crowd.leave(60);
        modems.leave(40);
        if step == 36 {
            simulator.reboot();
        }
    }
    assert!(modems.online() > 1000, "{}", modems.online());
    let log = simulator.router(|router| router.log().map(str::to_owned).collect());
    (simulator.export_objects(|_| true), log)
}

#[tokio::test]
async fn a_day_of_five_thousand_customers_is_the_same_day_for_one_seed() {
    assert_eq!(day(7).await, day(7).await);
}
