//! Words of the console that the API reaches.

use jiff::SignedDuration;
use mkbill_routeros::sim::{Quirks, RouterOs, Simulator};

use crate::support::{Raw, playing, started, trap, trap_of, value};

const USER: &str = "/ip/hotspot/user";
const ADD: &str = "/ip/hotspot/user/add";
const SET: &str = "/ip/hotspot/user/set";
const PRINT: &str = "/ip/hotspot/user/print";

async fn simulator() -> Simulator {
    started(Simulator::builder()).await
}

#[tokio::test]
async fn every_vector_of_the_query_machine_holds_for_print_and_for_listen() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let mut listener = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1", "=email=ether", "=limit-bytes-total=1500", "=routes=true"]).await;
    for (query, expected) in [
        ("?email", true),
        ("?-email", false),
        ("?=email=vlan", false),
        ("?email=ether ?email=vlan", false),
        ("?email=ether ?email=vlan ?#|", true),
        ("?email=ether ?email=vlan ?#|!", false),
        ("?email=ether ?#!", false),
        ("?email=vlan ?#1|", true),
        ("?email=vlan ?#.!|", true),
        ("?email=vlan ?email=ether ?#0", true),
        ("?email=vlan ?email=ether ?#1", false),
        ("?>limit-bytes-total=1499", true),
        ("?<limit-bytes-total=1500", false),
        ("?>comment=", false),
        ("?-comment", true),
        ("?email=vlan ?routes=true ?limit-bytes-total=1500 ?#&|", true),
        ("?email=vlan ?#|", true),
        ("?#!", false),
        ("?email=ether ?email=vlan ?#1.&|", true),
    ] {
        let words: Vec<&str> = std::iter::once(PRINT).chain(query.split(' ')).collect();
        let is_printed = raw.names(&words).await.contains(&"v1".to_owned());
        assert_eq!(is_printed, expected, "print {query}");

        let listen = "/ip/hotspot/user/listen";
        let words: Vec<&str> = [listen, ".tag=5"].into_iter().chain(query.split(' ')).collect();
        listener.send(&words).await;
        listener.run(&["/system/identity/print"]).await;
        raw.run(&[SET, "=.id=v1", "=address=10.0.0.9"]).await;
        listener.send(&["/cancel", ".tag=6"]).await;
        let mut heard = 0;
        let mut dones = 0;
        while dones < 2 {
            let sentence = listener.read().await.unwrap();
            heard += usize::from(sentence[0] == "!re");
            dones += usize::from(sentence[0] == "!done");
        }
        assert_eq!(heard, usize::from(expected), "listen {query}");
    }
}

#[tokio::test]
async fn tag_query_and_attributes_stand_in_any_order_and_an_empty_one_may_lack_its_sign() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1", "=comment=x"]).await;
    let answer = raw.run(&[PRINT, "?name=v1", "=.proplist=name", ".tag=7"]).await;
    assert_eq!(answer, [vec!["!re", ".tag=7", "=name=v1"], vec!["!done", ".tag=7"]]);
    let answer = raw.run(&[PRINT, ".proplist=name", "?name=v1"]).await;
    assert_eq!(answer[0], ["!re", "=name=v1"]);
    assert_eq!(raw.run(&[PRINT, "=count-only", "?name=v1"]).await, [["!done", "=ret=1"]]);
    assert_eq!(raw.run(&[SET, "=.id=v1", "=comment"]).await, [["!done"]]);
    assert_eq!(simulator.router(|router| router.value(USER, "v1", "comment")), None);
}

#[tokio::test]
async fn a_word_of_no_kind_ends_the_command() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    assert_eq!(raw.run(&[PRINT, "where"]).await, trap("expected end of command"));
}

#[tokio::test]
async fn a_path_with_spaces_is_no_command_unless_the_router_takes_it() {
    let words = ["/ip hotspot user print", "=.proplist=name"];
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    assert_eq!(raw.run(&words).await, trap_of(0, "no such command prefix"));
    let quirks = Quirks { takes_spaced_paths: true, ..Quirks::default() };
    let simulator = started(Simulator::builder().quirks(quirks)).await;
    let mut raw = Raw::logged_in(&simulator).await;
    assert_eq!(raw.names(&words).await, ["default-trial"]);
}

#[tokio::test]
async fn a_cancel_of_an_unknown_tag_is_a_trap_only_where_the_router_says_so() {
    let quirks = Quirks { traps_unknown_cancel: true, ..Quirks::default() };
    let simulator = started(Simulator::builder().quirks(quirks)).await;
    let mut raw = Raw::logged_in(&simulator).await;
    assert_eq!(raw.run(&["/cancel", "=tag=77"]).await, trap_of(0, "no such item"));
    assert_eq!(raw.run(&["/cancel"]).await, [["!done"]]);
}

#[tokio::test]
async fn print_takes_the_words_of_its_release_and_no_others() {
    for (routeros, word, is_known) in [
        (RouterOs::V6_49, "detail", true),
        (RouterOs::V6_49, "terse", true),
        (RouterOs::V6_49, "stats", true),
        (RouterOs::V6_49, "order-by", false),
        (RouterOs::V7_9, "brief", true),
        (RouterOs::V7_9, "group-by", true),
        (RouterOs::V7_18, "show-sensitive", false),
        (RouterOs::V7_24, "show-sensitive", true),
        (RouterOs::V7_24, "show-ids", true),
        (RouterOs::V7_24, "colour", false),
    ] {
        let simulator = playing(routeros).await;
        let mut raw = Raw::logged_in(&simulator).await;
        let answer = raw.run(&[PRINT, &format!("={word}=")]).await;
        let refused = trap(&format!("unknown parameter {word}"));
        assert_eq!(answer != refused, is_known, "{routeros} {word}: {answer:?}");
    }
    let simulator = playing(RouterOs::V6_49).await;
    let mut raw = Raw::logged_in(&simulator).await;
    let answer = raw.run(&["/ip/hotspot/print", "=stats="]).await;
    assert_eq!(answer, trap("unknown parameter stats"));
    let answer = raw.run(&["/system/identity/print", "=follow-only="]).await;
    assert_eq!(answer, trap("unknown parameter follow-only"));
}

#[tokio::test]
async fn rows_come_in_the_order_asked_for() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    for (name, limit) in [("c", "=limit-uptime=2h"), ("a", "=limit-uptime=1d"), ("b", "=comment=")]
    {
        raw.run(&[ADD, &format!("=name={name}"), limit]).await;
    }
    let names = raw.names(&[PRINT, "=order-by=name", "?-default"]).await;
    assert_eq!(names, ["a", "b", "c"]);
    let names = raw.names(&[PRINT, "=order-by=limit-uptime", "?-default"]).await;
    assert_eq!(names, ["c", "a", "b"]);
    let names = raw.names(&[PRINT, "=from=b,c"]).await;
    assert_eq!(names, ["b", "c"]);
}

#[tokio::test]
async fn follow_gives_the_rows_and_then_the_changes_and_follow_only_the_changes() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1"]).await;
    let mut listener = Raw::logged_in(&simulator).await;
    listener.send(&[PRINT, ".tag=1", "=follow=", "=.proplist=name", "?-default"]).await;
    assert_eq!(listener.read().await.unwrap(), ["!re", ".tag=1", "=name=v1"]);
    listener.send(&[PRINT, ".tag=2", "=follow-only=", "=.proplist=name", "?-default"]).await;
    listener.run(&["/system/identity/print"]).await;
    raw.run(&[ADD, "=name=v2"]).await;
    let mut heard = [listener.read().await.unwrap(), listener.read().await.unwrap()];
    heard.sort();
    assert_eq!(heard, [["!re", ".tag=1", "=name=v2"], ["!re", ".tag=2", "=name=v2"]]);
}

#[tokio::test]
async fn objects_are_named_by_name_number_list_or_synonym() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    for name in ["a", "b", "c", "d"] {
        raw.run(&[ADD, &format!("=name={name}")]).await;
    }
    for words in [
        [SET, "=.id=a", "=comment=x"],
        [SET, "=.id=*2,c", "=comment=x"],
        [SET, "=numbers=d", "=comment=x"],
    ] {
        assert_eq!(raw.run(&words).await, [["!done"]]);
    }
    assert_eq!(raw.names(&[PRINT, "?comment=x"]).await, ["a", "b", "c", "d"]);
    let comment = "/ip/hotspot/user/comment";
    assert_eq!(raw.run(&[comment, "=.id=a", "=comment=y"]).await, [["!done"]]);
    assert_eq!(raw.names(&[PRINT, "?comment=y"]).await, ["a"]);
    let unset = raw.run(&["/ip/hotspot/user/unset", "=.id=a", "=value-name=comment"]).await;
    assert_eq!(unset, [["!done"]]);
    assert_eq!(raw.names(&[PRINT, "?-comment"]).await, ["a"]);
    let stale = raw.run(&[SET, "=.id=a,*99", "=comment=z"]).await;
    assert_eq!(stale, trap_of(0, "no such item"));
    assert_eq!(raw.run(&["/ip/hotspot/user/disable", "=.id=a,b"]).await, [["!done"]]);
    assert_eq!(raw.names(&[PRINT, "?disabled=true"]).await, ["a", "b"]);
}

#[tokio::test]
async fn get_reads_one_property_and_find_gives_numbers() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1", "=comment=x"]).await;
    let get = "/ip/hotspot/user/get";
    let answer = raw.run(&[get, "=.id=v1", "=value-name=comment"]).await;
    assert_eq!(answer, [["!done", "=ret=x"]]);
    let whole = raw.run(&[get, "=.id=v1"]).await;
    let whole = value(&whole[0], "ret").unwrap();
    assert!(whole.starts_with(".id=*1;") && whole.contains(";name=v1;"), "{whole}");
    assert_eq!(raw.run(&[get, "=.id=nobody"]).await, trap_of(0, "no such item"));
    let found = raw.run(&["/ip/hotspot/user/find"]).await;
    assert_eq!(found, [["!done", "=ret=*0;*1"]]);
    let name = raw.run(&["/system/identity/get", "=value-name=name"]).await;
    assert_eq!(name, [["!done", "=ret=MikroTik"]]);
}

#[tokio::test]
async fn what_only_the_router_writes_is_an_unknown_parameter() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    raw.run(&[ADD, "=name=v1"]).await;
    for word in ["uptime", "bytes-in", "default", "colour"] {
        let refused = trap(&format!("unknown parameter {word}"));
        assert_eq!(raw.run(&[ADD, "=name=v2", &format!("={word}=1")]).await, refused);
        assert_eq!(raw.run(&[SET, "=.id=v1", &format!("={word}=1")]).await, refused);
    }
    assert_eq!(raw.names(&[PRINT, "?-default"]).await, ["v1"]);
}

#[tokio::test]
async fn long_comments_and_any_bytes_come_back_as_they_were() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let long = "a".repeat(247);
    for comment in [&*long, "tab\there", "=?#!", "Ünïcode", "line\r\nbreak", " "] {
        raw.run(&[ADD, "=name=v1", &format!("=comment={comment}")]).await;
        let row = raw.run(&[PRINT, "?name=v1"]).await;
        assert_eq!(value(&row[0], "comment").as_deref(), Some(comment));
        raw.run(&["/ip/hotspot/user/remove", "=.id=v1"]).await;
    }
}

#[tokio::test]
async fn a_ping_with_a_count_ends_and_one_without_goes_on_with_time() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let answer = raw.run(&["/ping", "=address=10.0.0.1", "=count=3"]).await;
    let numbers: Vec<String> = answer.iter().filter_map(|row| value(row, "seq")).collect();
    assert_eq!(numbers, ["0", "1", "2"]);

    raw.send(&["/tool/ping", ".tag=4", "=address=10.0.0.1"]).await;
    assert_eq!(value(&raw.read().await.unwrap(), ".section").as_deref(), Some("0"));
    simulator.advance(SignedDuration::from_secs(2));
    for section in ["1", "2"] {
        let row = raw.read().await.unwrap();
        assert_eq!(value(&row, ".section").as_deref(), Some(section));
        assert_eq!(value(&row, "seq").as_deref(), Some(section));
    }
    raw.send(&["/cancel", ".tag=5", "=tag=4"]).await;
    let mut ended = [raw.read().await, raw.read().await, raw.read().await].map(Option::unwrap);
    ended.sort();
    let interrupted = ["!trap", ".tag=4", "=category=2", "=message=interrupted"];
    assert_eq!(ended[0], ["!done", ".tag=4"]);
    assert_eq!(ended[1], ["!done", ".tag=5"]);
    assert_eq!(ended[2], interrupted);
    simulator.advance(SignedDuration::from_secs(10));
    let answer = raw.run(&["/system/identity/print"]).await;
    assert_eq!(answer[0], ["!re", "=name=MikroTik"], "nothing comes after the cancel");
}

#[tokio::test]
async fn a_print_with_an_interval_comes_again_until_its_duration_is_over() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    let words = ["/system/resource/print", ".tag=4", "=interval=10s", "=.proplist=uptime"];
    raw.send(&words).await;
    assert_eq!(raw.read().await.unwrap(), ["!re", ".tag=4", "=uptime=0s", "=.section=0"]);
    simulator.advance(SignedDuration::from_secs(25));
    assert_eq!(raw.read().await.unwrap(), ["!re", ".tag=4", "=uptime=10s", "=.section=1"]);
    assert_eq!(raw.read().await.unwrap(), ["!re", ".tag=4", "=uptime=20s", "=.section=2"]);

    let words = ["/ping", ".tag=5", "=address=10.0.0.1", "=duration=2s"];
    raw.send(&words).await;
    raw.read().await.unwrap();
    simulator.advance(SignedDuration::from_secs(4));
    let row = raw.read().await.unwrap();
    assert_eq!(value(&row, "seq").as_deref(), Some("1"));
    assert_eq!(raw.read().await.unwrap(), ["!done", ".tag=5"]);
}

#[tokio::test]
async fn every_menu_is_printed_and_listened_to() {
    let simulator = simulator().await;
    let mut raw = Raw::logged_in(&simulator).await;
    for menu in [
        "/file",
        "/ip/hotspot",
        "/ip/hotspot/active",
        "/ip/hotspot/cookie",
        "/ip/hotspot/host",
        "/ip/hotspot/ip-binding",
        "/ip/hotspot/profile",
        "/ip/hotspot/user",
        "/ip/hotspot/user/profile",
        "/ip/service",
        "/log",
        "/system/clock",
        "/system/identity",
        "/system/license",
        "/system/resource",
        "/system/routerboard",
        "/system/scheduler",
        "/system/script",
        "/system/script/environment",
        "/system/script/job",
        "/user",
        "/user/active",
        "/user/group",
    ] {
        let printed = raw.run(&[&format!("{menu}/print")]).await;
        assert!(["!re", "!empty"].contains(&&*printed[0][0]), "{menu}: {printed:?}");
        raw.send(&[&format!("{menu}/listen"), ".tag=1"]).await;
        let mut ended = raw.run(&["/cancel", ".tag=2"]).await;
        ended.extend(raw.answer().await);
        let interrupted = ["!trap", ".tag=1", "=category=2", "=message=interrupted"];
        assert!(ended.iter().any(|words| *words == interrupted), "{menu}: {ended:?}");
    }
}
