//! The simulated API over TCP, word by word.

use std::time::Duration;

use crate::support::{Raw, playing, started, trap, trap_of, value};
use mkbill_routeros::{
    proto::login,
    sim::{CancelOrder, RouterOs, Simulator},
};

async fn simulator() -> Simulator {
    started(Simulator::builder()).await
}

const ADD: &str = "/ip/hotspot/user/add";
const SET: &str = "/ip/hotspot/user/set";
const REMOVE: &str = "/ip/hotspot/user/remove";
const PRINT: &str = "/ip/hotspot/user/print";

#[tokio::test]
async fn a_plain_login_with_the_right_password_gets_in_and_is_logged() {
    let simulator = simulator().await;
    Raw::logged_in(&simulator).await;
    let log = simulator.router(|router| router.log().last().map(str::to_owned));
    assert_eq!(log.as_deref(), Some("user admin logged in from 127.0.0.1 via api"));
}

#[tokio::test]
async fn a_wrong_password_is_trapped_and_the_connection_stays_a_guest() {
    let simulator = simulator().await;
    let mut raw = Raw::connect(simulator.addr()).await;
    let answer = raw.run(&["/login", "=name=admin", "=password=no"]).await;
    assert_eq!(answer, trap("invalid user name or password (6)"));
    let answer = raw.run(&[PRINT]).await;
    assert_eq!(answer, [["!fatal", "not logged in"]]);
    assert_eq!(raw.read().await, None);
}

#[tokio::test]
async fn a_login_without_password_is_answered_by_a_challenge_and_is_no_login() {
    let simulator = simulator().await;
    let mut raw = Raw::connect(simulator.addr()).await;
    let answer = raw.run(&["/login", "=name=admin"]).await;
    assert_eq!(value(&answer[0], "ret").map(|ret| ret.len()), Some(32));
    assert_eq!(raw.run(&[PRINT]).await, [["!fatal", "not logged in"]]);
}

#[tokio::test]
async fn before_6_43_a_plain_login_is_challenged_and_the_response_gets_in() {
    let simulator = playing(RouterOs::V6_42).await;
    let mut raw = Raw::connect(simulator.addr()).await;
    let answer = raw.run(&["/login", "=name=admin", "=password=pw"]).await;
    let challenge = value(&answer[0], "ret").unwrap();
    let response = login::response(b"pw", challenge.as_bytes()).unwrap();
    let word = format!("=response={response}");
    assert_eq!(raw.run(&["/login", "=name=admin", &word]).await, [["!done"]]);

    let mut raw = Raw::connect(simulator.addr()).await;
    raw.run(&["/login"]).await;
    let answer = raw.run(&["/login", "=name=admin", &word]).await;
    assert_eq!(answer, trap("cannot log in"));
}

#[tokio::test]
async fn a_guest_may_not_talk_for_long() {
    let simulator = simulator().await;
    let mut raw = Raw::connect(simulator.addr()).await;
    for _ in 0..16 {
        raw.run(&["/login", "=name=admin", "=password=no"]).await;
    }
    assert!(raw.run(&["/login", "=name=admin", "=password=pw"]).await.is_empty());

    let mut raw = Raw::connect(simulator.addr()).await;
    let long = format!("=name={}", "a".repeat(20_000));
    assert!(raw.run(&["/login", &long, &long]).await.is_empty());
}

#[tokio::test]
async fn quit_says_goodbye() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let answer = raw.run(&["/quit"]).await;
    assert_eq!(answer, [["!fatal", "session terminated on request"]]);
}

#[tokio::test]
async fn an_added_user_has_real_fields_defaults_and_normal_values() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let add = [
        ADD,
        ".tag=7",
        "=name=v1",
        "=password=p=1",
        "=limit-uptime=30d",
        "=limit-bytes-total=1G",
        "=comment=a b",
    ];
    assert_eq!(raw.run(&add).await, [["!done", ".tag=7", "=ret=*1"]]);
    let answer = raw.run(&[PRINT, ".tag=8", "?name=v1"]).await;
    let row = [
        "!re",
        ".tag=8",
        "=.id=*1",
        "=server=all",
        "=name=v1",
        "=password=p=1",
        "=profile=default",
        "=limit-uptime=4w2d",
        "=limit-bytes-total=1073741824",
        "=uptime=0s",
        "=bytes-in=0",
        "=bytes-out=0",
        "=packets-in=0",
        "=packets-out=0",
        "=dynamic=false",
        "=disabled=false",
        "=comment=a b",
    ];
    assert_eq!(answer[0], row);
}

#[tokio::test]
async fn the_trial_user_and_the_default_profile_are_built_in_and_stay() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let answer = raw.run(&[PRINT]).await;
    assert_eq!(value(&answer[0], ".id").as_deref(), Some("*0"));
    assert_eq!(value(&answer[0], "name").as_deref(), Some("default-trial"));
    assert_eq!(value(&answer[0], "default").as_deref(), Some("true"));
    let answer = raw.run(&[REMOVE, "=.id=*0"]).await;
    assert_eq!(answer, trap("failure: can not remove built-in item *0"));
    let names = raw.names(&["/ip/hotspot/user/profile/print"]).await;
    assert_eq!(names, ["default"]);
}

#[tokio::test]
async fn mistakes_are_trapped_in_the_words_of_a_router() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1"]).await;
    let duplicate = "failure: already have user with this name for this server";
    let expected: [(&[&str], [Vec<String>; 2]); 12] = [
        (&[ADD, "=name=v1"], trap(duplicate)),
        (&[ADD, "=name=v2", "=colour=red"], trap("unknown parameter colour")),
        (&[ADD, "=name=v2", "=uptime=1h"], trap("unknown parameter uptime")),
        (
            &[ADD, "=name=v2", "=profile=gold"],
            trap_of(1, "input does not match any value of profile"),
        ),
        (
            &[ADD, "=name=v2", "=server=attic"],
            trap_of(1, "input does not match any value of server"),
        ),
        (
            &[ADD, "=name=v2", "=limit-uptime=soon"],
            trap_of(1, "invalid value for argument limit-uptime"),
        ),
        (&[ADD], trap_of(0, "missing value(s) of argument(s) name")),
        (&[SET, "=.id=*99", "=comment=x"], trap_of(0, "no such item")),
        (&[REMOVE, "=.id=*1,*99"], trap_of(0, "no such item")),
        (&["/ip/hotspot/user/frobnicate"], trap_of(0, "no such command")),
        (&["/ip/nonsense/print"], trap_of(0, "no such command prefix")),
        (&[PRINT, "=colour=red"], trap("unknown parameter colour")),
    ];
    for (words, answer) in expected {
        assert_eq!(raw.run(words).await, answer, "{words:?}");
    }
    assert_eq!(raw.names(&[PRINT, "?name=v1"]).await, ["v1"], "nothing was removed by halves");
}

#[tokio::test]
async fn set_takes_numbers_names_and_lists_and_clears_by_an_empty_value() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    for name in ["=name=v1", "=name=v2", "=name=v3"] {
        raw.run(&[ADD, name, "=comment=c", "=limit-uptime=1h"]).await;
    }
    raw.run(&[SET, "=.id=*1,*2", "=disabled=yes"]).await;
    raw.run(&[SET, "=numbers=v3", "=limit-uptime=0s", "=comment="]).await;
    assert_eq!(raw.names(&[PRINT, "?disabled=true"]).await, ["v1", "v2"]);
    assert_eq!(raw.names(&[PRINT, "?-limit-uptime", "?-comment"]).await, ["v3"]);
    raw.run(&["/ip/hotspot/user/enable", "=.id=v1"]).await;
    raw.run(&["/ip/hotspot/user/disable", "=numbers=*3"]).await;
    assert_eq!(raw.names(&[PRINT, "?disabled=true"]).await, ["v2", "v3"]);
    raw.run(&["/ip/hotspot/user/unset", "=.id=v1", "=value-name=comment"]).await;
    assert_eq!(raw.names(&[PRINT, "?-comment", "?-default"]).await, ["v1", "v3"]);
    assert_eq!(raw.run(&[SET, "=.id=v1", "=comment"]).await, [["!done"]], "no second =");
    raw.run(&[REMOVE, "=.id=*1,v2"]).await;
    assert_eq!(raw.names(&[PRINT, "?-default"]).await, ["v3"]);
}

#[tokio::test]
async fn users_follow_a_renamed_profile_and_show_the_number_of_a_removed_one() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let profile = "/ip/hotspot/user/profile";
    raw.run(&[&format!("{profile}/add"), "=name=1h", "=rate-limit=1M/2M"]).await;
    raw.run(&[ADD, "=name=v1", "=profile=1h"]).await;
    raw.run(&[&format!("{profile}/set"), "=.id=1h", "=name=hour"]).await;
    assert_eq!(raw.names(&[PRINT, "?profile=hour"]).await, ["v1"]);
    raw.run(&[&format!("{profile}/remove"), "=.id=hour"]).await;
    assert_eq!(raw.names(&[PRINT, "?profile=*1"]).await, ["v1"]);
}

#[tokio::test]
async fn queries_proplist_and_count_choose_what_a_print_shows() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1", "=comment=mkb=B1", "=limit-uptime=1h"]).await;
    raw.run(&[ADD, "=name=v2", "=comment=mkb=B1", "=limit-uptime=2d"]).await;
    raw.run(&[ADD, "=name=007", "=disabled=yes"]).await;
    let expected: [(&[&str], &[&str]); 9] = [
        (&["?comment=mkb=B1"], &["v1", "v2"]),
        (&["?=name=v1"], &["v1"]),
        (&["?name=7"], &[]),
        (&["?.id=*2"], &["v2"]),
        (&["?=.id=*3"], &["007"]),
        (&["?name=v1", "?name=v2", "?#|"], &["v1", "v2"]),
        (&["?name=v1", "?name=v2"], &[]),
        (&["?>limit-uptime=3h"], &["v2"]),
        (&["?comment", "?#!", "?-default"], &["007"]),
    ];
    for (query, names) in expected {
        let words = [&[PRINT], query].concat();
        assert_eq!(raw.names(&words).await, names, "{query:?}");
    }
    let shown = raw.run(&[PRINT, "=.proplist=.id,name,absent", "?name=v1"]).await;
    assert_eq!(shown[0], ["!re", "=.id=*1", "=name=v1"]);
    let bare = raw.run(&[PRINT, "=.proplist=comment", "?name=007"]).await;
    assert_eq!(bare[0], ["!re"]);
    let counted = raw.run(&[PRINT, "=count-only=", "?comment"]).await;
    assert_eq!(counted, [["!done", "=ret=3"]], "the trial user has a comment too");
    let getall = raw.names(&["/ip/hotspot/user/getall", "?name=v1"]).await;
    assert_eq!(getall, ["v1"]);
}

#[tokio::test]
async fn a_print_without_rows_says_empty_from_7_18_on() {
    let query = [PRINT, ".tag=1", "?name=nobody"];
    let simulator = playing(RouterOs::V7_14).await;
    let answer = Raw::logged_in(&simulator).await.run(&query).await;
    assert_eq!(answer, [["!done", ".tag=1"]]);
    let simulator = playing(RouterOs::V7_18).await;
    let answer = Raw::logged_in(&simulator).await.run(&query).await;
    assert_eq!(answer, [["!empty", ".tag=1"], ["!done", ".tag=1"]]);
}

#[tokio::test]
async fn passwords_are_masked_from_7_21_on_unless_asked_for() {
    let simulator = playing(RouterOs::V7_21).await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1", "=password=p1", "=otp-secret=x"]).await;
    let masked = raw.run(&[PRINT, "?name=v1"]).await;
    assert_eq!(value(&masked[0], "password").as_deref(), Some("*****"));
    let shown = raw.run(&[PRINT, "?name=v1", "=show-sensitive="]).await;
    assert_eq!(value(&shown[0], "password").as_deref(), Some("p1"));
    let simulator = playing(RouterOs::V7_18).await;
    let mut raw = Raw::logged_in(&simulator).await;
    let answer = raw.run(&[PRINT, "=show-sensitive="]).await;
    assert_eq!(answer, trap("unknown parameter show-sensitive"));
    let answer = raw.run(&[ADD, "=name=v1", "=otp-secret=x"]).await;
    assert_eq!(answer, trap("unknown parameter otp-secret"));
}

#[tokio::test]
async fn clock_and_resource_speak_the_dialect_of_the_release() {
    for (routeros, date, version) in [
        (RouterOs::V6_49, "jan/01/2026", "6.49.10 (long-term)"),
        (RouterOs::V7_9, "jan/01/2026", "7.9.2 (stable)"),
        (RouterOs::V7_14, "2026-01-01", "7.14.3 (stable)"),
    ] {
        let simulator = playing(routeros).await;
        let mut raw = Raw::logged_in(&simulator).await;
        let clock = raw.run(&["/system/clock/print"]).await;
        assert_eq!(value(&clock[0], "date").as_deref(), Some(date));
        let resource = raw.run(&["/system/resource/print"]).await;
        assert_eq!(value(&resource[0], "version").as_deref(), Some(version));
        assert_eq!(value(&resource[0], ".id"), None);
    }
}

#[tokio::test]
async fn the_clock_can_be_set_by_hand() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let set = ["/system/clock/set", "=date=2030-02-03", "=time=04:05:06"];
    assert_eq!(raw.run(&set).await, [["!done"]]);
    let clock = raw.run(&["/system/clock/print", "=.proplist=date,time"]).await;
    assert_eq!(clock[0], ["!re", "=time=04:05:06", "=date=2030-02-03"]);
}

#[tokio::test]
async fn a_reading_account_may_look_and_not_touch() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&["/user/add", "=name=eve", "=password=e", "=group=read"]).await;
    let accounts = raw.run(&["/user/print", "?name=eve"]).await;
    assert_eq!(value(&accounts[0], "password"), None);
    let mut raw = Raw::connect(simulator.addr()).await;
    raw.run(&["/login", "=name=eve", "=password=e"]).await;
    assert_eq!(raw.run(&[ADD, "=name=v1"]).await, trap("not enough permissions (9)"));
    assert_eq!(raw.names(&[PRINT]).await, ["default-trial"]);
}

#[tokio::test]
async fn listeners_hear_of_changes_and_removals_until_cancelled() {
    for order in [CancelOrder::CommandFirst, CancelOrder::CancelFirst] {
        let simulator = started(Simulator::builder().cancel_order(order)).await;
        let mut listener = Raw::logged_in(&simulator).await;
        let words = ["/ip/hotspot/user/listen", ".tag=5", "=.proplist=.id,name,comment"];
        listener.send(&words).await;
        listener.run(&["/system/identity/print"]).await;
        let mut raw = Raw::logged_in(&simulator).await;
        raw.run(&[ADD, "=name=v1"]).await;
        raw.run(&[SET, "=.id=v1", "=comment=x"]).await;
        raw.run(&[REMOVE, "=.id=v1"]).await;
        for row in [
            ["!re", ".tag=5", "=.id=*1", "=name=v1"].as_slice(),
            &["!re", ".tag=5", "=.id=*1", "=name=v1", "=comment=x"],
            &["!re", ".tag=5", "=.id=*1", "=.dead=true"],
        ] {
            assert_eq!(listener.read().await.unwrap(), row);
        }
        listener.send(&["/cancel", ".tag=9", "=tag=5"]).await;
        let interrupted = ["!trap", ".tag=5", "=category=2", "=message=interrupted"];
        assert_eq!(listener.read().await.unwrap(), interrupted);
        let mut dones = [["!done", ".tag=5"], ["!done", ".tag=9"]];
        if order == CancelOrder::CancelFirst {
            dones.reverse();
        }
        for done in dones {
            assert_eq!(listener.read().await.unwrap(), done);
        }
        raw.run(&[ADD, "=name=v2"]).await;
        let answer = listener.run(&["/system/identity/print"]).await;
        assert_eq!(answer[0], ["!re", "=name=MikroTik"], "nothing is told after the cancel");
    }
}

#[tokio::test]
async fn a_listener_on_active_sees_customers_come_and_go() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1", "=password=v1", "=limit-uptime=1h"]).await;
    raw.send(&["/ip/hotspot/active/print", ".tag=5", "=follow=", "=.proplist=.id,user"]).await;
    raw.run(&["/system/identity/print"]).await;
    let login = [
        "/ip/hotspot/active/login",
        ".tag=6",
        "=user=v1",
        "=password=v1",
        "=ip=10.0.0.9",
        "=mac-address=02:00:00:00:00:09",
    ];
    raw.send(&login).await;
    let mut seen = [raw.read().await.unwrap(), raw.read().await.unwrap()];
    seen.sort();
    assert_eq!(seen[0], ["!done", ".tag=6"]);
    assert_eq!(seen[1], ["!re", ".tag=5", "=.id=*1", "=user=v1"]);
    simulator.advance(jiff::SignedDuration::from_hours(2));
    let gone = ["!re", ".tag=5", "=.id=*1", "=.dead=true"];
    assert_eq!(raw.read().await.unwrap(), gone);
}

#[tokio::test]
async fn a_listener_that_does_not_read_is_cut() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.send(&["/log/listen"]).await;
    raw.run(&["/system/identity/print"]).await;
    simulator.router(|router| (0..5000).for_each(|_| router.ntp_sync()));
    while raw.read().await.is_some() {}
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_cancel_of_nothing_is_done_and_a_waiting_command_can_be_cancelled() {
    let builder = Simulator::builder().service_time(Duration::from_hours(1));
    let simulator = started(builder.cancel_order(CancelOrder::CommandFirst)).await;
    let mut raw = Raw::logged_in(&simulator).await;
    assert_eq!(raw.run(&["/cancel", "=tag=77"]).await, [["!done"]]);
    raw.send(&[ADD, ".tag=1", "=name=v1"]).await;
    raw.send(&["/cancel", ".tag=2"]).await;
    let words = ["!trap", ".tag=1", "=category=2", "=message=interrupted"];
    assert_eq!(raw.read().await.unwrap(), words);
    assert_eq!(raw.read().await.unwrap(), ["!done", ".tag=1"]);
    assert_eq!(raw.read().await.unwrap(), ["!done", ".tag=2"]);
    assert_eq!(simulator.router(|router| router.count("/ip/hotspot/user")), 1);
}

#[tokio::test]
async fn a_reboot_over_the_api_cuts_the_connection_without_a_word() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    assert!(raw.run(&["/system/reboot"]).await.is_empty());
    let mut raw = Raw::logged_in(&simulator).await;
    let clock = raw.run(&["/system/clock/print"]).await;
    assert_eq!(value(&clock[0], "date").as_deref(), Some("1970-01-02"));
}

#[tokio::test]
async fn commands_are_remembered_without_secrets() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, ".tag=3", "=name=v1", "=password=hunter2"]).await;
    let commands = simulator.commands();
    let paths: Vec<&str> = commands.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/login", ADD]);
    assert_eq!(commands[1].tag.as_deref(), Some("3"));
    assert_eq!(commands[1].attribute("name"), Some("v1"));
    assert!(commands[1].is_write && !commands[0].is_write);
    let shown = format!("{commands:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("\"pw\""), "{shown}");
}

#[tokio::test]
async fn two_routers_in_one_process_share_nothing() {
    let (here, there) = (simulator().await, playing(RouterOs::V6_49).await);
    Raw::logged_in(&here).await.run(&[ADD, "=name=v1"]).await;
    let names = Raw::logged_in(&there).await.names(&[PRINT]).await;
    assert_eq!(names, ["default-trial"]);
}

#[tokio::test]
async fn after_a_shutdown_nobody_answers() {
    let simulator = simulator().await;
    let address = simulator.addr();
    let mut raw = Raw::logged_in(&simulator).await;
    simulator.shutdown().await;
    assert_eq!(raw.read().await, None);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn only_loopback_addresses_are_listened_on() {
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let refused = Simulator::builder().listen(everywhere).start().await;
    assert!(refused.unwrap_err().to_string().contains("no loopback address"));
}
