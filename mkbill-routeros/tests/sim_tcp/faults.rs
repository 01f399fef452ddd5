//! Everything that goes wrong with routers, on demand.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::support::{Raw, started};
use jiff::SignedDuration;
use mkbill_routeros::sim::{
    At, Effect, Fault, FaultScript, On, Refusal, Router, RouterOs, Simulator, Stage, Verdict,
};
use tokio::time::Instant;

const ADD: &str = "/ip/hotspot/user/add";
const PRINT: &str = "/ip/hotspot/user/print";

async fn with_fault(effect: Effect, on: On, at: At) -> Simulator {
    let simulator = started(Simulator::builder()).await;
    simulator.faults().push(Fault { effect, on, at });
    simulator
}

async fn on_second_add(effect: Effect) -> (Simulator, Raw) {
    let simulator = with_fault(effect, On::Matching(ADD.to_owned()), At::Nth(2)).await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1"]).await;
    (simulator, raw)
}

/// How many users there are besides the built-in one.
fn users(simulator: &Simulator) -> usize {
    simulator.router(|router| router.count("/ip/hotspot/user")) - 1
}

/// Waits until that many commands of a path came in.
async fn seen(simulator: &Simulator, path: &str, count: usize) {
    while simulator.commands().iter().filter(|command| command.path == path).count() < count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_dropped_before_the_command_leaves_no_trace() {
    let (simulator, mut raw) = on_second_add(Effect::DropBefore).await;
    assert!(raw.run(&[ADD, "=name=v2"]).await.is_empty());
    assert_eq!((users(&simulator), simulator.faults().fired()), (1, 1));
}

#[tokio::test]
async fn a_connection_dropped_after_the_command_leaves_its_effect() {
    let (simulator, mut raw) = on_second_add(Effect::DropAfterApply).await;
    assert!(raw.run(&[ADD, "=name=v2"]).await.is_empty());
    assert_eq!((users(&simulator), simulator.faults().fired()), (2, 1));
}

#[tokio::test]
async fn answers_before_a_dropped_command_still_arrive() {
    let (simulator, mut raw) = on_second_add(Effect::DropBefore).await;
    raw.send(&[PRINT, ".tag=1", "=count-only="]).await;
    raw.send(&[ADD, ".tag=2", "=name=v2"]).await;
    assert_eq!(raw.read().await.unwrap(), ["!done", ".tag=1", "=ret=2"]);
    assert_eq!(raw.read().await, None);
    assert_eq!(users(&simulator), 1);
}

#[tokio::test]
async fn a_trap_on_demand_stops_one_command() {
    let refusal = Refusal::new("action timed out");
    let (simulator, mut raw) = on_second_add(Effect::Trap(refusal)).await;
    let answer = raw.run(&[ADD, "=name=v2"]).await;
    assert_eq!(answer[0], ["!trap", "=message=action timed out"]);
    raw.run(&[ADD, "=name=v3"]).await;
    assert_eq!(users(&simulator), 2);
}

#[tokio::test]
async fn a_fatal_ends_the_connection() {
    let (_simulator, mut raw) = on_second_add(Effect::Fatal("out of memory".to_owned())).await;
    assert_eq!(raw.run(&[ADD, "=name=v2"]).await, [["!fatal", "out of memory"]]);
}

#[tokio::test]
async fn a_muted_command_takes_effect_and_later_ones_are_answered() {
    let (simulator, mut raw) = on_second_add(Effect::Mute).await;
    raw.send(&[ADD, ".tag=1", "=name=v2"]).await;
    let answer = raw.run(&[PRINT, ".tag=2", "=count-only="]).await;
    assert_eq!(answer, [["!done", ".tag=2", "=ret=3"]]);
    assert_eq!(users(&simulator), 2);
}

#[tokio::test]
async fn a_hung_router_keeps_the_connection_and_applies_nothing() {
    let (simulator, mut raw) = on_second_add(Effect::Hang).await;
    raw.send(&[ADD, "=name=v2"]).await;
    raw.send(&[ADD, "=name=v3"]).await;
    let mut other = Raw::logged_in(&simulator).await;
    other.run(&[PRINT]).await;
    assert_eq!(users(&simulator), 1);
    simulator.router(Router::cut_connections);
    assert_eq!(raw.read().await, None);
}

#[tokio::test]
async fn a_router_that_hangs_from_the_start_does_not_even_answer_the_login() {
    let simulator = with_fault(Effect::Hang, On::Any, At::From(1)).await;
    let mut raw = Raw::connect(simulator.addr()).await;
    raw.send(&["/login", "=name=admin", "=password=pw"]).await;
    simulator.unplug().await.unwrap();
    assert_eq!(raw.read().await, None);
}

#[tokio::test]
async fn strange_tags_and_repeated_answers_come_on_demand() {
    let (_simulator, mut raw) = on_second_add(Effect::UnknownTags(2)).await;
    let answer = raw.run(&[ADD, ".tag=1", "=name=v2"]).await;
    let stray = ["!re", ".tag=4294967295", "=name=stray"].map(str::to_owned).to_vec();
    let done = ["!done", ".tag=1", "=ret=*2"].map(str::to_owned).to_vec();
    assert_eq!(answer, [stray.clone(), stray, done]);

    let (_simulator, mut raw) = on_second_add(Effect::RepeatReply).await;
    let first = raw.run(&[ADD, ".tag=1", "=name=v2"]).await;
    assert_eq!(raw.answer().await, first);
}

#[tokio::test]
async fn a_hostile_length_comes_before_the_answer() {
    let (simulator, mut raw) = on_second_add(Effect::HostileLength).await;
    raw.send(&[ADD, "=name=v2"]).await;
    raw.send(&["/quit"]).await;
    assert!(raw.rest().await.starts_with(&[0xF0, 0xFF, 0xFF, 0xFF, 0xFF]));
    assert_eq!(users(&simulator), 2);
}

#[tokio::test]
async fn split_replies_say_the_same() {
    let simulator = with_fault(Effect::SplitReplies, On::Any, At::Nth(1)).await;
    let mut raw = Raw::logged_in(&simulator).await;
    let comment = format!("=comment={}", "a".repeat(247));
    raw.run(&[ADD, "=name=v1", &comment]).await;
    let answer = raw.run(&[PRINT, "?name=v1", "=.proplist=comment"]).await;
    assert_eq!(answer[0], ["!re", comment.as_str()]);
}

#[tokio::test]
async fn a_reboot_on_demand_cuts_all_connections_and_the_clock_says_1970() {
    let (simulator, mut raw) = on_second_add(Effect::Reboot).await;
    let mut other = Raw::logged_in(&simulator).await;
    assert!(raw.run(&[ADD, "=name=v2"]).await.is_empty());
    assert_eq!(other.read().await, None);
    assert_eq!(simulator.router(|router| router.clock().shown().year()), 1970);
    assert_eq!(users(&simulator), 1);
}

#[tokio::test]
async fn renumbered_objects_keep_their_names() {
    let (_simulator, mut raw) = on_second_add(Effect::RenumberIds).await;
    raw.run(&[ADD, "=name=v2"]).await;
    let answer = raw.run(&[PRINT, "?name=v1", "=.proplist=.id,name"]).await;
    assert_eq!(answer[0], ["!re", "=.id=*2", "=name=v1"]);
}

#[tokio::test]
async fn an_unplugged_router_refuses_and_comes_back_on_its_port() {
    let simulator = started(Simulator::builder().tls()).await;
    let mut raw = Raw::logged_in(&simulator).await;
    simulator.unplug().await.unwrap();
    assert_eq!(raw.read().await, None);
    let refused = tokio::net::TcpStream::connect(simulator.addr()).await;
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    simulator.plug_in().await.unwrap();
    Raw::logged_in(&simulator).await;
}

#[tokio::test]
async fn a_hook_sees_every_command_twice_and_may_cut_either_time() {
    let simulator = Arc::new(started(Simulator::builder()).await);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (notes, state) = (Arc::clone(&seen), Arc::downgrade(&simulator));
    simulator.on_command(Arc::new(move |stage, command| {
        let users = state.upgrade().map_or(0, |simulator| users(&simulator));
        notes.lock().unwrap().push((stage, command.path.clone(), users));
        match (stage, command.attribute("name")) {
            (Stage::Before, Some("before")) => Verdict::DropBefore,
            (Stage::Before, Some("after")) => Verdict::DropAfterApply,
            _ => Verdict::Continue,
        }
    }));
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1"]).await;
    assert_eq!(
        seen.lock().unwrap()[2..],
        [(Stage::Before, ADD.to_owned(), 0), (Stage::After, ADD.to_owned(), 1)]
    );
    assert!(raw.run(&[ADD, "=name=before"]).await.is_empty());
    assert_eq!(users(&simulator), 1);
    let mut raw = Raw::logged_in(&simulator).await;
    assert!(raw.run(&[ADD, "=name=after"]).await.is_empty());
    assert_eq!(users(&simulator), 2);
}

/// A router whose time is that of tokio, which passes at once when nobody has anything to do.
async fn patient_second_add(effect: Effect) -> (Simulator, Raw) {
    let (simulator, raw) = on_second_add(effect).await;
    tokio::time::pause();
    (simulator, raw)
}

#[tokio::test]
async fn a_connection_dropped_after_so_many_bytes_ends_there() {
    let (simulator, mut raw) = on_second_add(Effect::DropAfterBytes(9)).await;
    raw.send(&[ADD, "=name=v2"]).await;
    raw.send(&[PRINT]).await;
    assert_eq!(raw.rest().await, b"\x05!done\x07=r");
    assert_eq!(users(&simulator), 2);
}

#[tokio::test]
async fn a_connection_may_end_inside_a_word() {
    let (simulator, mut raw) = on_second_add(Effect::CutMidWord).await;
    raw.send(&[ADD, "=name=v2"]).await;
    assert_eq!(raw.rest().await, b"\x05!done\x07=ret=*");
    assert_eq!(users(&simulator), 2);
}

#[tokio::test]
async fn a_stall_holds_up_this_command_and_those_of_every_connection() {
    let stall = Duration::from_secs(30);
    let (simulator, mut raw) = patient_second_add(Effect::Stall(stall)).await;
    let mut other = Raw::connect(simulator.addr()).await;
    let began = Instant::now();
    raw.send(&[ADD, ".tag=1", "=name=v2"]).await;
    seen(&simulator, ADD, 2).await;
    other.run(&["/login", "=name=admin", "=password=pw"]).await;
    assert!(began.elapsed() >= stall, "{:?}", began.elapsed());
    assert_eq!(raw.answer().await, [["!done", ".tag=1", "=ret=*2"]]);
    assert!(began.elapsed() < 2 * stall, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_late_answer_is_overtaken_by_those_of_later_commands() {
    let late = Duration::from_secs(7);
    let (simulator, mut raw) = patient_second_add(Effect::LateReply(late)).await;
    let began = Instant::now();
    raw.send(&[ADD, ".tag=1", "=name=v2"]).await;
    let answer = raw.run(&[PRINT, ".tag=2", "=count-only="]).await;
    assert_eq!(answer, [["!done", ".tag=2", "=ret=3"]]);
    assert_eq!(users(&simulator), 2);
    assert_eq!(raw.answer().await, [["!done", ".tag=1", "=ret=*2"]]);
    assert!(began.elapsed() >= late, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_denied_login_fails_with_the_right_password_and_the_next_one_may_work() {
    for (routeros, text) in [
        (RouterOs::V6_42, "=message=cannot log in"),
        (RouterOs::V7_18, "=message=invalid user name or password (6)"),
    ] {
        let simulator = started(Simulator::builder().routeros(routeros)).await;
        let (effect, on, at) = (Effect::DenyLogin, On::Any, At::Nth(1));
        simulator.faults().push(Fault { effect, on, at });
        let mut raw = Raw::connect(simulator.addr()).await;
        let login = ["/login", "=name=admin", "=password=pw"];
        assert_eq!(raw.run(&login).await[0], ["!trap", text]);
        let again = raw.run(&login).await;
        assert_eq!(again.last().unwrap()[0], "!done");
    }
}

#[tokio::test]
async fn the_clock_jumps_and_the_network_puts_it_right() {
    let ahead = SignedDuration::from_hours(48);
    let (simulator, mut raw) = on_second_add(Effect::ClockJump(ahead)).await;
    let shown = |simulator: &Simulator| simulator.router(|router| router.clock().shown());
    let before = shown(&simulator);
    raw.run(&[ADD, "=name=v2"]).await;
    assert_eq!(shown(&simulator), before.saturating_add(ahead));
    let (effect, on, at) = (Effect::NtpSync, On::Writes, At::Nth(1));
    simulator.faults().push(Fault { effect, on, at });
    raw.run(&[ADD, "=name=v3"]).await;
    assert_eq!(shown(&simulator), before);
}

#[tokio::test]
async fn a_flood_without_tags_comes_before_the_answer() {
    let (_simulator, mut raw) = on_second_add(Effect::Untagged(1000)).await;
    let answer = raw.run(&[ADD, ".tag=1", "=name=v2"]).await;
    assert_eq!(answer.len(), 1001);
    assert_eq!(answer[0], ["!re", "=name=untagged"]);
    assert_eq!(answer[1000], ["!done", ".tag=1", "=ret=*2"]);
}

#[tokio::test]
async fn a_control_byte_comes_before_the_answer() {
    let (_simulator, mut raw) = on_second_add(Effect::ControlByte).await;
    raw.send(&[ADD, "=name=v2"]).await;
    raw.send(&["/quit"]).await;
    assert!(raw.rest().await.starts_with(b"\xF8\x05!done"));
}

#[tokio::test]
async fn a_sentence_without_end_goes_on_until_the_client_leaves() {
    let (simulator, mut raw) = on_second_add(Effect::EndlessSentence).await;
    raw.send(&[ADD, ".tag=1", "=name=v2"]).await;
    let bytes = raw.take(1 << 20).await;
    let (row, words) = bytes.split_at(11);
    assert_eq!(row, b"\x03!re\x06.tag=1");
    assert!(words.chunks_exact(5).all(|word| word == b"\x04=a=b"));
    assert_eq!(users(&simulator), 1);
}

#[tokio::test]
async fn a_script_sets_the_faults_from_the_start_and_tires_the_router() {
    let script: FaultScript = r#"
        [tires]
        after = 3
        service-ms = 20000

        [[fault]]
        effect = { trap = { message = "failure: flash is full", category = 4 } }
        on = "/ip/hotspot/user/add"
        at = { nth = 2 }
    "#
    .parse()
    .unwrap();
    let millisecond = Duration::from_millis(1);
    let builder = Simulator::builder().service_time(millisecond).parallelism(1);
    let simulator = started(builder.script(&script)).await;
    let mut raw = Raw::logged_in(&simulator).await;
    tokio::time::pause();
    let began = Instant::now();
    for name in ["=name=v1", "=name=v2", "=name=v3"] {
        raw.send(&[ADD, name]).await;
    }
    raw.send(&[PRINT, "=count-only="]).await;
    let answers = [raw.answer().await, raw.answer().await, raw.answer().await];
    let trap = ["!trap", "=category=4", "=message=failure: flash is full"];
    assert_eq!(answers[1][0], trap);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(raw.answer().await, [["!done", "=ret=3"]]);
    assert!(began.elapsed() >= Duration::from_secs(20), "{:?}", began.elapsed());
}
