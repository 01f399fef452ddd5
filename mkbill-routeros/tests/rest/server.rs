//! The simulated REST server, request by request.

use std::time::Duration;

use mkbill_routeros::sim::{At, Effect, Fault, On, Refusal, RouterOs, Simulator, Stage, Verdict};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{ask, ask_with, parsed, playing, rest_address, started};

const USER: &str = "/rest/ip/hotspot/user";
const ADD: &str = "/ip/hotspot/user/add";
const AUTHORIZATION: &str = "Authorization: Basic YWRtaW46aHVudGVyMg==\r\n";

fn error(status: u16, message: &str, detail: &str) -> (u16, String) {
    let body = format!(r#"{{"detail":"{detail}","error":{status},"message":"{message}"}}"#);
    (status, body)
}

fn fails(simulator: &Simulator, effect: Effect) {
    simulator.faults().push(Fault { effect, on: On::Matching(ADD.to_owned()), at: At::Nth(1) });
}

/// How many users there are besides the built-in one.
fn users(simulator: &Simulator) -> usize {
    simulator.router(|router| router.count("/ip/hotspot/user")) - 1
}

#[tokio::test]
async fn an_object_is_put_read_patched_and_deleted() {
    for (routeros, created) in [(RouterOs::V7_21, 200), (RouterOs::V7_24, 201)] {
        let simulator = playing(routeros).await;
        let body = r#"{"name":"v1","comment":"a","limit-bytes-total":0x400,"disabled":false}"#;
        let (status, added) = ask(&simulator, "PUT", USER, body).await;
        assert_eq!(status, created, "{routeros}");
        assert!(added.starts_with(r#"{".id":"*1","#), "{added}");
        assert!(added.contains(r#""limit-bytes-total":"1024""#), "{added}");
        assert!(added.contains(r#""disabled":"false""#), "{added}");
        let by_id = ask(&simulator, "GET", &format!("{USER}/*1"), "").await;
        assert_eq!(by_id, (200, added.clone()));
        let by_name = ask(&simulator, "GET", &format!("{USER}/v1"), "").await;
        assert_eq!(by_name, (200, added));

        let patch = r#"{"comment":null,"name":"v2"}"#;
        let (status, changed) = ask(&simulator, "PATCH", &format!("{USER}/v1"), patch).await;
        assert_eq!(status, 200);
        assert!(changed.contains(r#""name":"v2""#) && !changed.contains("comment"), "{changed}");
        let removed = ask(&simulator, "DELETE", &format!("{USER}/%2A1"), "").await;
        assert_eq!(removed, (204, String::new()));
        let again = ask(&simulator, "DELETE", &format!("{USER}/*1"), "").await;
        assert_eq!(again, error(404, "Not Found", "no such item"));
    }
}

#[tokio::test]
async fn a_menu_is_a_list_a_single_row_an_object_and_filters_choose() {
    let simulator = playing(RouterOs::V7_18).await;
    for name in ["v1", "v2"] {
        ask(&simulator, "PUT", USER, &format!(r#"{{"name":"{name}","comment":"a b"}}"#)).await;
    }
    let get = async |path: &str| ask(&simulator, "GET", path, "").await;
    let shown = get(&format!("{USER}?comment=a+b&.proplist=.id,name")).await;
    let expected = r#"[{".id":"*1","name":"v1"},{".id":"*2","name":"v2"}]"#;
    assert_eq!(shown, (200, expected.to_owned()));
    assert_eq!(get(&format!("{USER}?name=v3")).await, (200, "[]".to_owned()));
    let identity = (200, r#"{"name":"MikroTik"}"#.to_owned());
    assert_eq!(get("/rest/system/identity").await, identity);
    assert_eq!(get(&format!("{USER}/v3")).await, error(404, "Not Found", "no such item"));
}

#[tokio::test]
async fn post_runs_any_command() {
    let simulator = playing(RouterOs::V7_18).await;
    let post = async |path: &str, body: &str| ask(&simulator, "POST", path, body).await;
    let ok = |body: &str| (200, body.to_owned());
    let add = format!("{USER}/add");
    assert_eq!(post(&add, r#"{"name":"v1","profile":"default"}"#).await, ok(r#"{"ret":"*1"}"#));
    let print = format!("{USER}/print");
    let query = r##"{".proplist":["name"],".query":["name=v1","disabled=true","#|"]}"##;
    assert_eq!(post(&print, query).await, ok(r#"[{"name":"v1"}]"#));
    let list = r#"{".proplist":"name,.id",".query":["name=v1"]}"#;
    assert_eq!(post(&print, list).await, ok(r#"[{".id":"*1","name":"v1"}]"#));
    assert_eq!(post(&print, r#"{"count-only":""}"#).await, ok(r#"{"ret":"2"}"#));
    let set = "/rest/system/identity/set";
    assert_eq!(post(set, r#"{"name":"core"}"#).await, ok("[]"));
    let all = post("/rest/system/identity/print", "").await;
    assert_eq!(all, ok(r#"[{"name":"core"}]"#));
}

#[tokio::test]
async fn mistakes_have_the_statuses_and_the_words_of_a_router() {
    let simulator = playing(RouterOs::V7_18).await;
    ask(&simulator, "PUT", USER, r#"{"name":"v1"}"#).await;
    let twin = "failure: already have user with this name for this server";
    let unknown = |word: &str| {
        error(406, "Not Acceptable", &format!("no such command or directory ({word})"))
    };
    let nowhere = error(404, "Not Found", "missing or invalid resource identifier");
    for (method, path, body, expected) in [
        ("PUT", USER, r#"{"name":"v1"}"#, error(400, "Bad Request", twin)),
        (
            "PUT",
            USER,
            r#"{"name":"v2","profile":"gold"}"#,
            error(400, "Bad Request", "input does not match any value of profile"),
        ),
        ("PUT", USER, "{name:1}", error(400, "Bad Request", "invalid JSON")),
        ("POST", USER, "{}", error(400, "Bad Request", "no such command")),
        ("POST", "/rest/ip/hotspot/user/frobnicate", "{}", unknown("frobnicate")),
        ("POST", "/rest/ip/nonsense/print", "{}", unknown("nonsense")),
        ("GET", "/rest/ip/nonsense", "", unknown("nonsense")),
        ("PATCH", USER, "{}", nowhere.clone()),
        ("PATCH", "/rest/system/identity", r#"{"name":"x"}"#, nowhere.clone()),
        ("PATCH", "/rest/ip/hotspot/user/*9", "{}", error(404, "Not Found", "no such item")),
        ("DELETE", USER, "", nowhere),
    ] {
        assert_eq!(ask(&simulator, method, path, body).await, expected, "{method} {path}");
    }
    let elsewhere = ask(&simulator, "GET", "/webfig/", "").await;
    assert_eq!(elsewhere, (404, r#"{"error":404,"message":"Not Found"}"#.to_owned()));
}

#[tokio::test]
async fn whoever_is_not_known_is_told_so_and_logged() {
    let simulator = playing(RouterOs::V7_18).await;
    let address = rest_address(&simulator);
    let unauthorized = (401, r#"{"error":401,"message":"Unauthorized"}"#.to_owned());
    // admin:no
    for header in ["", "Authorization: Basic YWRtaW46bm8=\r\n", "Authorization: Basic %%\r\n"] {
        assert_eq!(ask_with(address, "GET", USER, header, "").await, unauthorized);
    }
    let log = simulator.router(|router| router.log().last().map(str::to_owned));
    let expected = "login failure for user admin from 127.0.0.1 via rest-api";
    assert_eq!(log.as_deref(), Some(expected));
    assert!(simulator.commands().is_empty());
}

#[tokio::test]
async fn the_group_decides_who_may_use_rest_and_who_may_write() {
    let simulator = playing(RouterOs::V7_18).await;
    simulator.router(|router| {
        router.run("/user/group/add", &["name=api-only", "policy=read,write,api"]).unwrap();
        router.run("/user/add", &["name=eve", "password=e", "group=read"]).unwrap();
        router.run("/user/add", &["name=bob", "password=b", "group=api-only"]).unwrap();
    });
    let address = rest_address(&simulator);
    // eve:e
    let eve = "Authorization: Basic ZXZlOmU=\r\nContent-Type: application/json\r\n";
    assert_eq!(ask_with(address, "GET", USER, eve, "").await.0, 200);
    let denied = ask_with(address, "PUT", USER, eve, r#"{"name":"v1"}"#).await;
    assert_eq!(denied, error(500, "Internal Server Error", "not enough permissions (9)"));
    // bob:b
    let bob = "Authorization: Basic Ym9iOmI=\r\n";
    assert_eq!(ask_with(address, "GET", USER, bob, "").await.0, 401);
}

#[tokio::test]
async fn releases_without_rest_have_nothing_there() {
    for (routeros, plain, tls) in [
        (RouterOs::V6_49, 404, 404),
        ("7.0.5".parse().unwrap(), 404, 404),
        ("7.8".parse().unwrap(), 404, 200),
        (RouterOs::V7_9, 200, 200),
    ] {
        let simulator = started(Simulator::builder().routeros(routeros).rest_tls()).await;
        assert_eq!(ask(&simulator, "GET", USER, "").await.0, plain, "{routeros}");
        assert_eq!(crate::client::status_over_tls(&simulator).await, tls, "{routeros}");
    }
}

#[tokio::test]
async fn a_body_must_be_json_and_say_so_and_have_an_end() {
    let simulator = playing(RouterOs::V7_18).await;
    let address = rest_address(&simulator);
    let put = async |kind: &str| {
        let headers = format!("{AUTHORIZATION}{kind}");
        ask_with(address, "PUT", USER, &headers, r#"{"name":"v1"}"#).await.0
    };
    assert_eq!(put("").await, 415);
    assert_eq!(put("Content-Type: text/plain\r\n").await, 415);
    assert_eq!(put("Content-Type: application/json; charset=utf-8\r\n").await, 200);
    let huge = format!(r#"{{"comment":"{}"}}"#, "a".repeat(3 << 20));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PUT {USER} HTTP/1.1\r\nHost: r\r\n{AUTHORIZATION}Content-Length: {}\r\n\r\n",
        huge.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The router may hang up before it has read all of it.
    let _ = stream.write_all(huge.as_bytes()).await;
    let mut reply = vec![0; 32];
    let read = stream.read(&mut reply).await.unwrap_or_default();
    assert!(reply[..read].is_empty() || reply.starts_with(b"HTTP/1.1 413"));
    let long = format!("{AUTHORIZATION}X: {}\r\n", "a".repeat(20_000));
    assert_eq!(ask_with(address, "GET", USER, &long, "").await.0, 431);
}

#[tokio::test]
async fn one_connection_takes_many_requests() {
    let simulator = playing(RouterOs::V7_18).await;
    let mut stream = TcpStream::connect(rest_address(&simulator)).await.unwrap();
    for _ in 0..3 {
        let request =
            format!("GET /rest/system/identity HTTP/1.1\r\nHost: r\r\n{AUTHORIZATION}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        while !reply.ends_with('}') {
            let mut buffer = [0; 512];
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0);
            reply.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        assert_eq!(parsed(&reply), (200, r#"{"name":"MikroTik"}"#.to_owned()));
    }
}

#[tokio::test]
async fn commands_by_rest_are_in_the_journal_without_secrets() {
    let simulator = playing(RouterOs::V7_18).await;
    ask(&simulator, "PUT", USER, r#"{"name":"v1","password":"p1"}"#).await;
    ask(&simulator, "DELETE", &format!("{USER}/v1"), "").await;
    let commands = simulator.commands();
    let paths: Vec<&str> = commands.iter().map(|command| command.path.as_str()).collect();
    assert_eq!(paths, [ADD, "/ip/hotspot/user/remove"]);
    assert_eq!(commands[0].attribute("password"), Some("<hidden>"));
    assert!(commands.iter().all(|command| command.is_write));
}

#[tokio::test]
async fn faults_strike_commands_by_rest_too() {
    let cut = (0, String::new());
    let closed = error(400, "Bad Request", "action timed out");
    for (effect, expected, left) in [
        (Effect::DropBefore, cut.clone(), 0),
        (Effect::DropAfterApply, cut.clone(), 1),
        (Effect::Fatal("out of memory".to_owned()), cut.clone(), 0),
        (Effect::Trap(Refusal::new("action timed out")), closed, 0),
        (Effect::Reboot, cut, 0),
        (Effect::SplitReplies, (200, r#"{"ret":"*1"}"#.to_owned()), 1),
        (Effect::RepeatReply, (200, r#"{"ret":"*1"}"#.to_owned()), 1),
    ] {
        let simulator = playing(RouterOs::V7_18).await;
        fails(&simulator, effect.clone());
        let reply = ask(&simulator, "POST", "/rest/ip/hotspot/user/add", r#"{"name":"v1"}"#).await;
        assert_eq!((reply, users(&simulator)), (expected, left), "{effect:?}");
        assert_eq!(simulator.faults().fired(), 1);
    }
}

#[tokio::test]
async fn a_hook_may_cut_a_request_before_and_after_its_effect() {
    let simulator = playing(RouterOs::V7_18).await;
    simulator.on_command(std::sync::Arc::new(|stage, command| {
        match (stage, command.attribute("name")) {
            (Stage::Before, Some("before")) | (Stage::After, Some("after")) => Verdict::DropBefore,
            _ => Verdict::Continue,
        }
    }));
    for (name, left) in [("before", 0), ("after", 1), ("v1", 2)] {
        let (status, _) = ask(&simulator, "PUT", USER, &format!(r#"{{"name":"{name}"}}"#)).await;
        assert_eq!((status, users(&simulator)), (if left == 2 { 200 } else { 0 }, left));
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_is_killed_after_a_minute() {
    let simulator = playing(RouterOs::V7_18).await;
    fails(&simulator, Effect::Delay(Duration::from_secs(61)));
    let began = tokio::time::Instant::now();
    let reply = ask(&simulator, "PUT", USER, r#"{"name":"v1"}"#).await;
    assert_eq!(reply, error(400, "Bad Request", "Session closed"));
    assert_eq!((began.elapsed().as_secs(), users(&simulator)), (60, 0));
}

#[tokio::test(start_paused = true)]
async fn listen_is_accepted_and_delivers_nothing() {
    let simulator = playing(RouterOs::V7_18).await;
    let reply = ask(&simulator, "POST", "/rest/ip/hotspot/user/listen", "{}").await;
    assert_eq!(reply, error(400, "Bad Request", "Session closed"));
}
