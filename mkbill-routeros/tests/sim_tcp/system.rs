//! System menus, scheduler, scripts and the log.

use jiff::{SignedDuration, tz::Offset};
use mkbill_routeros::sim::{License, RouterOs, Simulator, TimeSource};

use crate::support::{Raw, playing, started, trap, trap_of, value};

const SCHEDULER: &str = "/system/scheduler";
const SCRIPT: &str = "/system/script";

async fn simulator() -> Simulator {
    started(Simulator::builder()).await
}

#[tokio::test]
async fn the_licence_shows_its_level() {
    let simulator = started(Simulator::builder().license(License::L4)).await;
    let row = Raw::logged_in(&simulator).await.run(&["/system/license/print"]).await;
    assert_eq!(value(&row[0], "nlevel").as_deref(), Some("4"));
    assert_eq!(License::L4.hotspot_sessions_max(), Some(200));
    assert_eq!(License::L3.ppp_sessions_max(), Some(200));
    assert_eq!(License::L6.ppp_sessions_max(), None);
}

#[tokio::test]
async fn menus_with_one_row_tell_what_they_are_and_listen() {
    let simulator = playing(RouterOs::V7_24).await;
    let mut raw = Raw::logged_in(&simulator).await;
    let board = raw.run(&["/system/routerboard/print"]).await;
    assert_eq!(value(&board[0], "current-firmware").as_deref(), Some("7.24.4"));
    let resource = raw.run(&["/system/resource/print"]).await;
    assert!(value(&resource[0], "build-time").unwrap().starts_with("20"));
    assert_eq!(raw.run(&["/system/license/set", "=nlevel=6"]).await, trap_of(0, "no such command"));
    raw.send(&["/system/identity/listen", ".tag=1"]).await;
    raw.run(&["/system/clock/print"]).await;
    raw.send(&["/system/identity/set", ".tag=2", "=name=north"]).await;
    let mut heard = [raw.read().await.unwrap(), raw.read().await.unwrap()];
    heard.sort();
    assert_eq!(heard[0], ["!done", ".tag=2"]);
    assert_eq!(heard[1], ["!re", ".tag=1", "=name=north"]);
    let answer = raw.run(&["/system/clock/set", "=time-zone-name=Mars/North"]).await;
    assert_eq!(answer, trap_of(1, "input does not match any value of time-zone-name"));
}

#[tokio::test]
async fn a_scheduler_entry_runs_at_its_moments_by_the_clock_of_the_router() {
    let zone = Simulator::builder().zone("Asia/Jakarta", Offset::constant(7));
    let simulator = started(zone).await;
    let mut raw = Raw::logged_in(&simulator).await;
    let add = ["=name=hourly", "=interval=1h", "=start-time=08:30:00", "=on-event=:log info tick"];
    let words = [&["/system/scheduler/add"][..], &add].concat();
    assert_eq!(raw.run(&words).await, [["!done", "=ret=*1"]]);
    let row = raw.run(&["/system/scheduler/print"]).await;
    for (name, expected) in [
        ("start-date", "2026-01-01"),
        ("start-time", "08:30:00"),
        ("interval", "1h"),
        ("owner", "admin"),
        ("run-count", "0"),
        ("next-run", "2026-01-01 08:30:00"),
        ("policy", "ftp,reboot,read,write,policy,test,password,sniff,sensitive,romon"),
        ("disabled", "false"),
    ] {
        assert_eq!(value(&row[0], name).as_deref(), Some(expected), "{name}");
    }
    simulator.advance(SignedDuration::from_hours(4));
    let row = raw.run(&["/system/scheduler/print"]).await;
    assert_eq!(value(&row[0], "run-count").as_deref(), Some("3"));
    assert_eq!(value(&row[0], "next-run").as_deref(), Some("2026-01-01 11:30:00"));
    let log = raw.run(&["/log/print", "?topics=script,info"]).await;
    let times: Vec<String> = log.iter().filter_map(|row| value(row, "time")).collect();
    assert_eq!(times, ["08:30:00", "09:30:00", "10:30:00"]);

    raw.run(&["/system/scheduler/disable", "=.id=hourly"]).await;
    simulator.advance(SignedDuration::from_hours(4));
    let row = raw.run(&["/system/scheduler/print"]).await;
    assert_eq!(value(&row[0], "run-count").as_deref(), Some("3"));
    assert_eq!(value(&row[0], "next-run"), None);
}

#[tokio::test]
async fn next_run_speaks_the_dialect_of_the_release() {
    for (routeros, date, next) in [
        (RouterOs::V6_49, "jan/01/2026", "jan/02/2026 00:00:00"),
        (RouterOs::V7_9, "jan/01/2026", "jan/02/2026 00:00:00"),
        (RouterOs::V7_14, "2026-01-01", "2026-01-02 00:00:00"),
    ] {
        let simulator = playing(routeros).await;
        simulator.router(|router| {
            router.run("/system/scheduler/add", &["name=vc1", "interval=24h"]).unwrap();
            let row = router.run("/system/scheduler/print", &["?name=vc1"]).unwrap().rows.remove(0);
            let held = |name: &str| row.iter().find(|(held, _)| held == name).unwrap().1.clone();
            assert_eq!((&*held("start-date"), &*held("next-run")), (date, next));
            assert_eq!(held("interval"), "1d");
        });
    }
}

#[tokio::test]
async fn an_entry_that_starts_with_the_router_runs_after_each_boot_and_may_reboot_it() {
    let simulator = simulator().await;
    simulator.router(|router| {
        let event =
            ["name=nightly", "start-time=startup", "interval=6h", "on-event=/system reboot"];
        router.run("/system/scheduler/add", &event).unwrap();
        router.advance(SignedDuration::from_hours(13));
        assert_eq!(router.value(SCHEDULER, "nightly", "run-count").as_deref(), Some("2"));
        assert_eq!(router.clock().uptime(), SignedDuration::from_hours(1));
    });
}

#[tokio::test]
async fn a_leap_over_many_runs_counts_them_all() {
    let simulator = simulator().await;
    simulator.router(|router| {
        let entry = ["name=often", "interval=1s", "start-time=startup"];
        router.run("/system/scheduler/add", &entry).unwrap();
        router.advance(SignedDuration::from_hours(24 * 365));
        assert_eq!(router.value(SCHEDULER, "often", "run-count").as_deref(), Some("31536000"));
    });
}

#[tokio::test]
async fn an_event_that_fails_is_told_in_the_log_and_one_that_needs_an_interpreter_does_nothing() {
    let simulator = simulator().await;
    simulator.router(|router| {
        for (name, event) in [
            ("bad", "/ip hotspot user add name=v1 profile=none"),
            ("strange", ":local x 1; /ip hotspot user add name=$x"),
            ("good", "/ip hotspot user add name=v2\n/ip hotspot user set [find name=v2] comment=x"),
        ] {
            let name = format!("name={name}");
            let event = format!("on-event={event}");
            router.run("/system/scheduler/add", &[&name, &event, "start-time=01:00:00"]).unwrap();
        }
        router.advance(SignedDuration::from_hours(2));
        assert_eq!(router.value("/ip/hotspot/user", "v2", "comment").as_deref(), Some("x"));
        assert_eq!(router.count("/ip/hotspot/user"), 2);
        assert_eq!(router.value(SCHEDULER, "strange", "run-count").as_deref(), Some("1"));
        let message = "executing script from scheduler (bad) failed, please check it manually";
        assert!(router.log().any(|row| row == message));
    });
}

#[tokio::test]
async fn a_script_runs_when_asked_and_counts_its_runs() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let source = "=source=:log info \"hello\"\n:log warning message=careful";
    assert_eq!(raw.run(&["/system/script/add", "=name=greet", source]).await.len(), 1);
    assert_eq!(raw.run(&["/system/script/run", "=number=greet"]).await, [["!done"]]);
    assert_eq!(raw.run(&["/system/script/run", "=.id=greet"]).await, [["!done"]]);
    let row = raw.run(&["/system/script/print"]).await;
    assert_eq!(value(&row[0], "run-count").as_deref(), Some("2"));
    assert_eq!(value(&row[0], "last-started").as_deref(), Some("2026-01-01 00:00:00"));
    assert_eq!(value(&row[0], "owner").as_deref(), Some("admin"));
    let log = raw.run(&["/log/print", "?topics=script,warning", "=.proplist=message"]).await;
    assert_eq!(log[0], ["!re", "=message=careful"]);
    assert_eq!(raw.run(&["/system/script/job/print"]).await[0], ["!empty"]);
    assert_eq!(raw.run(&["/system/script/environment/print"]).await[0], ["!empty"]);

    raw.run(&["/system/script/add", "=name=loop", "=source=/system script run loop"]).await;
    let answer = raw.run(&["/system/script/run", "=.id=loop"]).await;
    assert_eq!(answer, trap("failure: too many nested scripts"));
    let count = simulator.router(|router| router.value(SCRIPT, "loop", "run-count"));
    assert_eq!(count.as_deref(), Some("9"));
}

#[tokio::test]
async fn a_script_may_not_do_more_than_whoever_runs_it() {
    let simulator = simulator().await;
    simulator.router(|router| {
        router.run("/user/group/add", &["name=some", "policy=api,read,write"]).unwrap();
        router.run("/user/add", &["name=eve", "password=e", "group=some"]).unwrap();
        let source = "source=/system reboot";
        router.run("/system/script/add", &["name=all", source]).unwrap();
        router.run("/system/script/add", &["name=own", "policy=read,write", source]).unwrap();
        let free = ["name=free", "dont-require-permissions=yes", "source=:log info x"];
        router.run("/system/script/add", &free).unwrap();
    });
    let mut raw = Raw::connect(simulator.addr()).await;
    raw.log_in("eve", "e").await;
    for (name, is_denied) in [("all", true), ("own", true), ("free", false)] {
        let answer = raw.run(&["/system/script/run", &format!("=.id={name}")]).await;
        assert_eq!(answer == trap("not enough permissions (9)"), is_denied, "{name}");
    }
}

#[tokio::test]
async fn the_log_is_written_by_clients_and_heard_by_topic() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.send(&["/log/listen", ".tag=1", "=.proplist=topics,message", "?topics=script,error"]).await;
    raw.run(&["/system/identity/print"]).await;
    raw.run(&["/log/info", "=message=calm"]).await;
    raw.send(&["/log/error", ".tag=2", "=message=alarm"]).await;
    let mut heard = [raw.read().await.unwrap(), raw.read().await.unwrap()];
    heard.sort();
    assert_eq!(heard[0], ["!done", ".tag=2"]);
    assert_eq!(heard[1], ["!re", ".tag=1", "=topics=script,error", "=message=alarm"]);
    let answer = raw.run(&["/log/info"]).await;
    assert_eq!(answer, trap_of(0, "missing value(s) of argument(s) message"));
}

#[tokio::test]
async fn the_log_is_asked_by_date_although_rows_of_today_show_none() {
    let simulator = simulator().await;
    simulator.router(|router| {
        router.run("/log/info", &["message=old"]).unwrap();
        router.advance(SignedDuration::from_hours(30));
        router.run("/log/info", &["message=new"]).unwrap();
    });
    let mut raw = Raw::logged_in(&simulator).await;
    for (query, expected) in [
        ("?>time=2026-01-01 12:00:00", &["new"][..]),
        ("?<time=2026-01-01 12:00:00", &["old"]),
        ("?time=06:00:00", &["new"]),
    ] {
        let answer = raw.run(&["/log/print", "?topics=script,info", query]).await;
        let messages: Vec<String> = answer.iter().filter_map(|row| value(row, "message")).collect();
        assert_eq!(messages, expected, "{query}");
    }
}

#[tokio::test]
async fn a_router_that_is_shut_down_takes_no_connection_until_it_is_switched_on() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    assert!(raw.run(&["/system/shutdown"]).await.is_empty());
    let mut late = Raw::connect(simulator.addr()).await;
    assert_eq!(late.read().await, None);
    simulator.reboot();
    Raw::logged_in(&simulator).await;
}

#[tokio::test]
async fn after_a_reboot_nobody_is_logged_in_and_the_log_begins_anew() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    simulator.reboot();
    assert_eq!(raw.read().await, None);
    let mut raw = Raw::logged_in(&simulator).await;
    assert_eq!(raw.names(&["/user/active/print"]).await, ["admin"]);
    let log = raw.run(&["/log/print", "=.proplist=message"]).await;
    assert_eq!(log[0], ["!re", "=message=router rebooted"]);
    assert_eq!(log[1], ["!re", "=message=user admin logged in from 127.0.0.1 via api"]);
}

#[tokio::test]
async fn repeating_commands_answer_by_themselves_where_time_flows() {
    let started_at = std::time::Instant::now();
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let flowing = TimeSource::Following(std::sync::Arc::new(move || {
        let passed = SignedDuration::try_from(started_at.elapsed()).unwrap();
        start.checked_add(passed).unwrap()
    }));
    let simulator = started(Simulator::builder().clock(flowing)).await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.send(&["/ping", "=address=10.0.0.1", "=interval=200ms"]).await;
    for seq in ["0", "1", "2"] {
        assert_eq!(value(&raw.read().await.unwrap(), "seq").as_deref(), Some(seq));
    }
}
