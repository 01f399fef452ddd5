//! Adding many users to a table that hangs up, holds some names already, or refuses.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use mkbill_routeros::{
    client::{
        BreakerPolicy, Link, LinkPolicy,
        bulk::{ItemOutcome, NamedAdd, Progress, add_all},
    },
    command::Command,
    error::ErrorKind,
    proto::Sentence,
};

use crate::support::{Peer, ScriptedRouter, tag_of};

const MARK: &str = "mkb=B1";

/// The users of a router, by name, with their comments, and the adds after which it hangs up
/// without answering.
#[derive(Debug, Default)]
struct Table {
    users: BTreeMap<String, String>,
    adds: usize,
    hang_up_after: Vec<usize>,
}

enum Reaction {
    Reply(Vec<Vec<String>>),
    HangUp,
}

impl Table {
    fn react(&mut self, command: &Sentence) -> Reaction {
        let tag = tag_of(command);
        let text = |name: &str| {
            command
                .attribute(name)
                .map(|value| String::from_utf8_lossy(value).into_owned())
                .unwrap_or_default()
        };
        let line = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let done = line(&["!done", &tag]);
        match command.first() {
            Some(b"/ip/hotspot/user/add") => {
                let (name, comment) = (text("name"), text("comment"));
                if name == "refused" {
                    let trap = line(&[
                        "!trap",
                        &tag,
                        "=message=input does not match any value of profile",
                    ]);
                    return Reaction::Reply(vec![trap, done]);
                }
                if self.users.contains_key(&name) {
                    let message =
                        "=message=failure: already have user with this name for this server";
                    return Reaction::Reply(vec![line(&["!trap", &tag, message]), done]);
                }
                self.users.insert(name.clone(), comment);
                self.adds += 1;
                if self.hang_up_after.contains(&self.adds) {
                    return Reaction::HangUp;
                }
                Reaction::Reply(vec![line(&["!done", &tag, &format!("=ret=*{name}")])])
            }
            Some(b"/ip/hotspot/user/print") => {
                let row = |name: &str| {
                    let comment = self.users.get(name)?;
                    Some(line(&[
                        "!re",
                        &tag,
                        &format!("=.id=*{name}"),
                        &format!("=name={name}"),
                        &format!("=comment={comment}"),
                    ]))
                };
                let queries = command.queries().map(String::from_utf8_lossy);
                let rows = queries.filter_map(|query| row(query.strip_prefix("name=")?));
                Reaction::Reply(rows.chain([done]).collect())
            }
            _ => Reaction::Reply(vec![done]),
        }
    }
}

async fn serve(table: Arc<Mutex<Table>>, mut peer: Peer) {
    while let Some(command) = peer.next().await {
        let reaction = table.lock().expect("no holder panics").react(&command);
        let Reaction::Reply(sentences) = reaction else { return };
        for sentence in sentences {
            let words: Vec<&str> = sentence.iter().map(String::as_str).collect();
            peer.reply(&words).await;
        }
    }
}

fn router(table: &Arc<Mutex<Table>>) -> ScriptedRouter {
    let table = Arc::clone(table);
    ScriptedRouter::start(move |peer, _| serve(Arc::clone(&table), peer))
}

fn link(router: &ScriptedRouter) -> Link {
    let breaker = BreakerPolicy { failures_max: u32::MAX, ..BreakerPolicy::default() };
    let policy = LinkPolicy { breaker, pause: Duration::ZERO, ..LinkPolicy::default() };
    Link::new(router.config(), policy, Arc::new(|| 0))
}

fn item(name: &str) -> NamedAdd {
    NamedAdd {
        menu: "/ip/hotspot/user".to_owned(),
        name: name.to_owned(),
        add: Command::new("/ip/hotspot/user/add")
            .with("name", name)
            .with("comment", format!("{MARK} x")),
        mark: MARK.into(),
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("v{number:03}")).collect()
}

fn table(held: &[(String, String)], hang_up_after: &[usize]) -> Arc<Mutex<Table>> {
    let users = held.iter().cloned().collect();
    Arc::new(Mutex::new(Table { users, adds: 0, hang_up_after: hang_up_after.to_vec() }))
}

fn users(table: &Mutex<Table>) -> usize {
    table.lock().expect("no holder panics").users.len()
}

#[tokio::test]
async fn five_hundred_adds_with_duplicates_and_a_lost_connection_end_exact_and_reported() {
    let names = names(500);
    let held: Vec<_> =
        names.iter().step_by(20).map(|name| (name.clone(), "someone else's".to_owned())).collect();
    let table = table(&held, &[250]);
    let router = router(&table);
    let items: Vec<NamedAdd> = names.iter().map(|name| item(name)).collect();
    let outcomes = add_all(&link(&router), &items, |_| ()).await;
    assert_eq!(users(&table), 500);
    let count = |wanted: fn(&ItemOutcome) -> bool| {
        outcomes.iter().filter(|outcome| wanted(outcome)).count()
    };
    let conflicts = count(|outcome| matches!(outcome, ItemOutcome::Conflict(_)));
    let adopted = count(|outcome| matches!(outcome, ItemOutcome::Adopted(_)));
    let added = count(|outcome| matches!(outcome, ItemOutcome::Added(_)));
    assert_eq!((conflicts, added + adopted), (25, 475));
    assert!((1..=16).contains(&adopted), "{adopted}");
}

#[tokio::test]
async fn every_outcome_stands_where_its_item_stood() {
    let held =
        [("taken".to_owned(), "other".to_owned()), ("ours".to_owned(), format!("{MARK} earlier"))];
    let table = table(&held, &[]);
    let router = router(&table);
    let items: Vec<NamedAdd> = ["new", "taken", "refused", "ours"].map(item).into();
    let outcomes = add_all(&link(&router), &items, |_| ()).await;
    assert!(matches!(&outcomes[0], ItemOutcome::Added(id) if id.as_ref() == "*new"));
    assert!(
        matches!(&outcomes[1], ItemOutcome::Conflict(existing) if existing.comment == b"other")
    );
    let field = "profile".to_owned();
    assert!(
        matches!(&outcomes[2], ItemOutcome::Rejected(error) if error.kind() == ErrorKind::BadReference { field })
    );
    assert!(matches!(&outcomes[3], ItemOutcome::Adopted(id) if id.as_ref() == "*ours"));
}

#[tokio::test]
async fn a_mark_that_merely_begins_like_ours_is_not_ours() {
    let held = [("taken".to_owned(), format!("{MARK}2 another batch"))];
    let router = router(&table(&held, &[]));
    let outcomes = add_all(&link(&router), &[item("taken")], |_| ()).await;
    assert!(matches!(&outcomes[0], ItemOutcome::Conflict(_)));
}

#[tokio::test]
async fn progress_is_told_every_fifty_items_and_at_the_end() {
    let router = router(&table(&[], &[]));
    let items: Vec<NamedAdd> = names(120).iter().map(|name| item(name)).collect();
    let mut heard = Vec::new();
    add_all(&link(&router), &items, |progress: Progress| heard.push(progress.settled)).await;
    assert_eq!(heard, [50, 100, 120]);
}

#[tokio::test]
async fn a_router_that_always_hangs_up_leaves_nothing_claimed_that_is_not_so() {
    let table = table(&[], &(1..1_000).collect::<Vec<_>>());
    let router = router(&table);
    let items: Vec<NamedAdd> = names(40).iter().map(|name| item(name)).collect();
    let outcomes = add_all(&link(&router), &items, |_| ()).await;
    let there = users(&table);
    let adopted =
        outcomes.iter().filter(|outcome| matches!(outcome, ItemOutcome::Adopted(_))).count();
    let unknown = outcomes.iter().filter(|outcome| matches!(outcome, ItemOutcome::Unknown)).count();
    assert!(outcomes.iter().all(|outcome| !matches!(outcome, ItemOutcome::Added(_))));
    assert!(adopted <= there && there <= adopted + unknown, "{adopted} {unknown} {there}");
}

#[tokio::test]
async fn an_unreachable_router_rejects_every_item_and_the_first_says_why() {
    let router = router(&table(&[], &[]));
    let link = link(&router);
    drop(router);
    let outcomes = add_all(&link, &[item("a"), item("b")], |_| ()).await;
    for outcome in &outcomes {
        assert!(
            matches!(outcome, ItemOutcome::Rejected(error) if error.kind() == ErrorKind::Unreachable),
            "{outcome:?}"
        );
    }
}
