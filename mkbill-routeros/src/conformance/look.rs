//! Checks that change nothing.

use super::{
    menus::{MENUS, Menu, NOTHING},
    seen::{Check, Rows, Seen, Sight, rendered},
    subject::{Heard, Subject},
};
use crate::{error::Error, proto::Sentence, value::Version};

/// A menu with three built-in rows on every router: `read`, `write` and `full`.
const GROUPS: &str = "/user/group";
const BUILT_IN: [&str; 3] = ["full", "read", "write"];
const USERS: &str = "/ip/hotspot/user";

/// A check with its words.
struct Question {
    menu: &'static str,
    name: &'static str,
    verb: &'static str,
    words: &'static [&'static str],
}

const fn ask(
    menu: &'static str,
    name: &'static str,
    verb: &'static str,
    words: &'static [&'static str],
) -> Question {
    Question { menu, name, verb, words }
}

const QUESTIONS: [Question; 19] = [
    ask("/mkbill", "a menu that no router has", "print", &[]),
    ask("/ip/hotspot/nothing", "a menu that no router has", "print", &[]),
    ask(USERS, "a command that no router has", "nothing", &[]),
    ask(USERS, "a print with an unknown parameter", "print", &["=mkbill-nothing=1"]),
    ask(USERS, "a print that finds nothing", "print", &["?name=mkbill-test-nothing"]),
    ask(
        USERS,
        "a count that finds nothing",
        "print",
        &["=count-only=", "?name=mkbill-test-nothing"],
    ),
    ask(
        "/ip/hotspot/active",
        "a print that finds nothing",
        "print",
        &["?user=mkbill-test-nothing"],
    ),
    ask("/ppp/active", "a print that finds nothing", "print", &["?name=mkbill-test-nothing"]),
    ask(
        "/interface",
        "the traffic of no interface",
        "monitor-traffic",
        &["=interface=mkbill-test-nothing", "=once="],
    ),
    ask("/file", "a part of no file", "read", &["=file=mkbill-test-nothing"]),
    ask("/system/identity", "a count", "print", &["=count-only="]),
    ask(
        GROUPS,
        "an unknown field in the list",
        "print",
        &["=.proplist=mkbill-nothing", "?name=full"],
    ),
    ask(GROUPS, "getall", "getall", &["=.proplist=name", "?name=full"]),
    ask(GROUPS, "a print from a name", "print", &["=.proplist=name", "=from=full"]),
    ask(GROUPS, "a print from nothing", "print", &["=.proplist=name", "=from=mkbill-test-nothing"]),
    ask(GROUPS, "a count", "print", &["=count-only=", "?name=full"]),
    ask(
        GROUPS,
        "an unknown operation in a query",
        "print",
        &["=.proplist=name", "?name=full", "?#x"],
    ),
    ask(GROUPS, "a query without a name", "print", &["=.proplist=name", "?"]),
    ask("/cancel", "the cancel of an unknown tag", "", &["=tag=mkbill-test-nothing"]),
];

/// Query words over the built-in groups, by which the stack machine and the order of values show.
const QUERIES: [&[&str]; 16] = [
    &["?name"],
    &["?-name"],
    &["?name=full"],
    &["?=name=full"],
    &["?name=full", "?name=read"],
    &["?name=full", "?name=read", "?#|"],
    &["?name=full", "?name=read", "?#|!"],
    &["?name=full", "?#!"],
    &["?name=read", "?#1|"],
    &["?name=read", "?#.!|"],
    &["?name=read", "?name=full", "?#0"],
    &["?name=read", "?name=full", "?#1"],
    &["?>name=full"],
    &["?<name=read"],
    &["?name=read", "?#|"],
    &["?#!"],
];

/// Conditions over the one row of the resources, by which numbers and durations show.
const COMPARISONS: [&str; 6] = [
    "?>cpu-count=0",
    "?<cpu-count=0",
    "?>total-memory=1000",
    "?<total-memory=1000",
    "?>uptime=-1s",
    "?>uptime=1000w",
];

/// The release of a router, `None` when it does not say.
pub(super) async fn version(subject: &mut Subject<'_>) -> Result<Option<Version>, Error> {
    let command = Sentence::command("/system/resource/print").with(".proplist", "version");
    let heard = subject.ask(command).await?;
    let text = heard.rows().find_map(|row| row.attribute("version")).unwrap_or_default();
    Ok(std::str::from_utf8(text).ok().and_then(|text| Version::parse(text).ok()))
}

pub(super) async fn everything(subject: &mut Subject<'_>) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    for menu in &MENUS {
        look_at(menu, subject, &mut seen).await?;
    }
    for question in &QUESTIONS {
        let heard = discreet(subject.ask(question.sentence()).await?);
        seen.note_answer(question.menu, question.name, &heard);
    }
    for words in QUERIES {
        let found = found_groups(words, subject).await?;
        seen.note(Check::new(GROUPS, format!("the query {}", words.join(" "))), found);
    }
    for word in COMPARISONS {
        let command = Sentence::command("/system/resource/print").with(".proplist", "platform");
        let heard = subject.ask(command.with_word(word)).await?;
        let shown = if heard.rows().next().is_some() { "row" } else { "no row" };
        let sight = if heard.is_refused() { rendered(&heard) } else { shown.to_owned() };
        seen.note(
            Check::new("/system/resource", format!("the query {word}")),
            Sight::Answer(sight),
        );
    }
    listen_and_cancel(subject, &mut seen).await?;
    let goodbye = subject.ask(Sentence::command("/quit")).await?;
    seen.note_answer("/quit", "the goodbye", &goodbye);
    Ok(seen)
}

impl Question {
    fn sentence(&self) -> Sentence {
        let path = format!("{}/{}", self.menu, self.verb);
        let command = Sentence::command(path.trim_end_matches('/'));
        self.words.iter().fold(command, Sentence::with_word)
    }
}

async fn look_at(menu: &Menu, subject: &mut Subject<'_>, seen: &mut Seen) -> Result<(), Error> {
    let mut command = Sentence::command(&format!("{}/print", menu.path));
    if !menu.fields.is_empty() {
        command = command.with(".proplist", menu.fields);
    }
    let heard = subject.ask(command).await?;
    let sight = if heard.is_refused() {
        Sight::Answer(rendered(&without_rows(heard)))
    } else {
        Sight::Rows(Rows::of(&heard))
    };
    seen.note(Check::new(menu.path, "fields"), sight);
    Ok(())
}

/// Which of the built-in groups a query shows; groups of the operator are left out.
async fn found_groups(words: &[&str], subject: &mut Subject<'_>) -> Result<Sight, Error> {
    let command = Sentence::command("/user/group/print").with(".proplist", "name");
    let heard = subject.ask(words.iter().fold(command, Sentence::with_word)).await?;
    if heard.is_refused() {
        return Ok(Sight::Answer(rendered(&without_rows(heard))));
    }
    let has = |name: &&str| heard.rows().any(|row| row.attribute("name") == Some(name.as_bytes()));
    let found: Vec<&str> = BUILT_IN.into_iter().filter(has).collect();
    Ok(Sight::Answer(if found.is_empty() { "no group".to_owned() } else { found.join(" ") }))
}

async fn listen_and_cancel(subject: &mut Subject<'_>, seen: &mut Seen) -> Result<(), Error> {
    let listen =
        Sentence::command(&format!("{USERS}/listen")).with_word(format!("?name={NOTHING}"));
    let listening = subject.begin(listen).await?;
    let cancel = Sentence::command("/cancel").with("tag", &listening);
    let cancelling = subject.begin(cancel).await?;
    let heard = subject.finish(&[listening, cancelling]).await;
    seen.note(Check::new(USERS, "a listen that is cancelled"), in_any_order(&without_rows(heard)));
    Ok(())
}

/// Which of two commands ends first is up to chance, so the sentences are put in order.
pub(super) fn in_any_order(heard: &Heard) -> Sight {
    let mut parts: Vec<String> = rendered(heard).split(", ").map(str::to_owned).collect();
    parts.sort_unstable();
    Sight::Answer(parts.join(", "))
}

/// The same answer where a row shows no more than the name of a built-in group, and equal rows are
/// one: a router that misunderstands a question may show everything it has.
fn discreet(mut heard: Heard) -> Heard {
    for sentence in &mut heard.sentences {
        if sentence.first() == Some(b"!re") {
            let name = sentence.attribute("name").map(<[u8]>::to_vec);
            let known = |name: &Vec<u8>| BUILT_IN.iter().any(|group| group.as_bytes() == name);
            let row = Sentence::command("!re");
            *sentence = match name.filter(known) {
                Some(name) => row.with("name", name),
                None => row,
            };
        }
    }
    heard.sentences.dedup();
    heard
}

fn without_rows(mut heard: Heard) -> Heard {
    heard.sentences.retain(|sentence| sentence.first() != Some(b"!re"));
    heard
}
