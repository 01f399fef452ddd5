use std::net::Ipv4Addr;

use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};

use super::*;
use crate::{
    proto::{Decoder, Limits},
    sim::{At, Fault, On, RouterOs, TimeSource, chance::Chance, schedule::Schedule},
};

const MS: Duration = Duration::from_millis(1);

/// A dialogue that is logged in, with a router that works on two commands at once for 100 ms each.
fn dialogue() -> Dialogue {
    let time = TimeSource::Manual(jiff::Timestamp::UNIX_EPOCH);
    let mut router = Router::new(RouterOs::default(), time.start());
    let account = ["name=admin", "password=pw", "group=full"];
    router.run("/user/add", &account).unwrap();
    let shared = Shared::new(
        router,
        time,
        Schedule::new(100 * MS, 2),
        CancelOrder::CommandFirst,
        Chance::seeded(0),
    );
    let peer = Ipv4Addr::LOCALHOST.into();
    let mut dialogue =
        Dialogue::new(Arc::new(shared), Service::Api, peer, CancellationToken::new());
    let login = Sentence::command("/login").with("name", "admin").with("password", "pw");
    let now = Instant::now();
    dialogue.receive(login, now);
    dialogue.run_due(now);
    assert_eq!(answers(&mut dialogue), [["!done"]]);
    dialogue
}

fn answers(dialogue: &mut Dialogue) -> Vec<Vec<String>> {
    let mut decoder = Decoder::new(Limits::default());
    while !dialogue.out.is_empty() {
        let bytes = dialogue.out.next().to_vec();
        decoder.feed(&bytes);
        dialogue.out.sent(bytes.len());
    }
    let shown = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    std::iter::from_fn(|| decoder.next().unwrap())
        .map(|sentence| sentence.words().map(shown).collect())
        .collect()
}

fn count_users(tag: &str) -> Sentence {
    Sentence::command("/ip/hotspot/user/print")
        .with_word(format!(".tag={tag}"))
        .with("count-only", "")
}

#[tokio::test]
async fn pipelined_commands_overlap_up_to_the_parallelism() {
    let mut dialogue = dialogue();
    let now = Instant::now();
    for tag in ["1", "2", "3"] {
        dialogue.receive(count_users(tag), now);
    }
    dialogue.run_due(now + 99 * MS);
    assert!(answers(&mut dialogue).is_empty());
    dialogue.run_due(now + 100 * MS);
    let done = |tag: &str| ["!done".to_owned(), format!(".tag={tag}"), "=ret=1".to_owned()];
    assert_eq!(answers(&mut dialogue), [done("1"), done("2")]);
    assert_eq!(dialogue.next_due(), Some(now + 200 * MS));
    dialogue.run_due(now + 200 * MS);
    assert_eq!(answers(&mut dialogue), [done("3")]);
}

#[tokio::test]
async fn a_delayed_command_is_overtaken_by_the_next_one() {
    let mut dialogue = dialogue();
    let add = "/ip/hotspot/user/add";
    dialogue.shared.faults.push(Fault {
        effect: Effect::Delay(30_000 * MS),
        on: On::Matching(add.to_owned()),
        at: At::Nth(1),
    });
    let now = Instant::now();
    let slow = Sentence::command(add).with_word(".tag=1").with("name", "v1");
    dialogue.receive(slow, now);
    dialogue.receive(count_users("2"), now);
    dialogue.run_due(now + 100 * MS);
    assert_eq!(answers(&mut dialogue), [["!done", ".tag=2", "=ret=1"]]);
    dialogue.run_due(now + 30_100 * MS);
    assert_eq!(answers(&mut dialogue), [["!done", ".tag=1", "=ret=*1"]]);
}

const MENUS: &[&str] = &[
    "/ip/hotspot/user",
    "/ip/hotspot/user/profile",
    "/ip/hotspot/active",
    "/ip/hotspot/cookie",
    "/ip/hotspot",
    "/system/clock",
    "/system/identity",
    "/log",
    "/file",
    "/user",
    "/user/group",
    "/user/active",
    "/ip/service",
    "/system",
    "/system/backup",
    "/system/license",
    "/system/scheduler",
    "/system/script",
    "/tool",
    "",
    "/nonsense",
];
const VERBS: &[&str] = &[
    "print",
    "add",
    "set",
    "remove",
    "enable",
    "unset",
    "login",
    "reset-counters",
    "cancel",
    "get",
    "find",
    "comment",
    "run",
    "read",
    "save",
    "export",
    "import",
    "info",
];
const NAMES: &[&str] = &[
    ".id",
    "numbers",
    "name",
    "profile",
    "limit-uptime",
    "session-timeout",
    "mac-address",
    "mac-cookie-timeout",
    "limit-bytes-total",
    "date",
    "time",
    "user",
    "password",
    "ip",
    "shared-users",
    "copy-from",
    "value-name",
    "count-only",
    "from",
    "comment",
    "tag",
    "source",
    "on-event",
    "start-time",
    "start-date",
    "policy",
    "address",
    "port",
    "contents",
    "file",
    "file-name",
    "offset",
    "chunk-size",
    "order-by",
    "message",
];
const TEXTS: &[&str] = &[
    "",
    "*1",
    "*FFFFFFFF",
    "default",
    "v1",
    "yes",
    "99999w",
    "0s",
    "-1h",
    "9999-12-31",
    "-9999-01-01",
    "23:59:59",
    "02:00:00:00:00:01",
    "10.0.0.1",
    "unlimited",
    "18446744073709551615",
    "*1,*2,v1",
    ",",
    "startup",
    "read,!write",
    "10.0.0.0/8,::1",
    "/system script run v1; :log info x",
    "/ip hotspot user add name=v1\n/import v1.rsc",
    "v1.rsc",
];

/// Sentences that come close to making sense.
fn sentences() -> impl Strategy<Value = Vec<Sentence>> {
    let menu = prop::sample::select(MENUS);
    let verb = prop::sample::select(VERBS);
    let name = prop::sample::select(NAMES);
    let text = prop::sample::select(TEXTS);
    let value = prop_oneof![
        4 => text.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    let query = prop::sample::select(vec!["?name=v1", "?#|!", "?>uptime=1s", "?#9", "?", "?.id=*"]);
    let sentence = (
        menu,
        verb,
        prop::collection::vec((name, value), 0..5),
        prop::collection::vec(query, 0..3),
    )
        .prop_map(|(menu, verb, attributes, queries)| {
            // A login that fails would end the account, and then nothing else is answered.
            let verb = if menu.is_empty() && verb == "login" { "export" } else { verb };
            let mut sentence = Sentence::command(&format!("{menu}/{verb}"));
            for (name, value) in attributes {
                sentence.push_attribute(name, value);
            }
            queries.into_iter().fold(sentence, Sentence::with_word)
        });
    prop::collection::vec(sentence, 1..40)
}

proptest! {
    #[test]
    fn whatever_is_asked_is_answered_by_one_done(asked in sentences()) {
        let mut dialogue = dialogue();
        let mut now = Instant::now();
        for sentence in asked {
            now += 100 * MS;
            dialogue.receive(sentence.with_word(".tag=1"), now);
            dialogue.run_due(now + 100 * MS);
            dialogue.shared.router().advance(jiff::SignedDuration::from_hours(1));
            let answer = answers(&mut dialogue);
            let dones = answer.iter().filter(|words| words[0] == "!done").count();
            assert_eq!(dones, 1, "{answer:?}");
            assert_eq!(answer.last().unwrap()[0], "!done");
        }
    }
}
