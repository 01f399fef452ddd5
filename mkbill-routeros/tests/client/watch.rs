//! Watching tables of the simulator through gaps of every kind.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mkbill_routeros::{
    client::{Change, Client, ClientConfig, Difference, Link, LinkPolicy, Pool, Watch},
    command::{Command, Row},
    error::{Error, ErrorKind},
    sim::{At, Effect, Fault, On, Router, RouterOs, Simulator},
};
use proptest::{
    collection::vec,
    prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest},
};
use tokio::{runtime, time::timeout};

use crate::support;

const USER: &str = "/ip/hotspot/user";
const FIELDS: [&str; 3] = ["name", "profile", "comment"];
/// In paused time: reached only when nothing happens any more.
const EVER: Duration = Duration::from_hours(24);

type Fields = BTreeMap<String, String>;

struct World {
    simulator: Simulator,
    watch: Watch,
}

impl World {
    async fn new(backlog_rows: usize) -> Self {
        let simulator = simulator().await;
        let watch = Watch::new(Arc::new(link(&simulator, backlog_rows)), USER, &FIELDS);
        Self { simulator, watch }
    }

    fn act(&self, verb: &str, words: &[&str]) {
        self.simulator
            .router(|router| router.run(&format!("{USER}/{verb}"), words))
            .expect("it is allowed");
    }

    async fn next(&mut self) -> Change {
        next(&mut self.watch).await
    }

    /// Takes changes in until the user is known, and tells of gaps and resyncs on the way.
    async fn until_known(&mut self, name: &str) -> Vec<Change> {
        let mut seen = Vec::new();
        while !self.known().values().any(|row| row["name"] == name) {
            let change = self.next().await;
            if matches!(change, Change::Gap(_) | Change::Resync(_)) {
                seen.push(change);
            }
        }
        seen
    }

    fn known(&self) -> BTreeMap<String, Fields> {
        by_id(self.watch.rows())
    }

    async fn printed(&self) -> BTreeMap<String, Fields> {
        printed(&self.simulator, USER, &FIELDS).await
    }

    async fn assert_in_step(&mut self) {
        self.act("add", &["name=the-last"]);
        self.until_known("the-last").await;
        assert_eq!(self.known(), self.printed().await);
    }
}

async fn simulator() -> Simulator {
    let builder = Simulator::builder().routeros(RouterOs::V7_18).password("hunter2");
    builder.start().await.expect("loopback has free ports")
}

fn config(simulator: &Simulator, backlog_rows: usize) -> ClientConfig {
    let mut config = support::config(simulator.addr());
    config.backlog.rows_max = backlog_rows;
    config
}

fn link(simulator: &Simulator, backlog_rows: usize) -> Link {
    Link::new(config(simulator, backlog_rows), LinkPolicy::default(), Arc::new(|| 0))
}

async fn next(watch: &mut Watch) -> Change {
    timeout(EVER, watch.next()).await.expect("something happens").expect("nothing is refused")
}

fn by_id<'a>(rows: impl IntoIterator<Item = &'a Row>) -> BTreeMap<String, Fields> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = |row: &Row| row.fields().map(|(name, value)| (text(name), text(value))).collect();
    rows.into_iter()
        .map(|row| (row.text(".id").expect("every row has an id").into_owned(), fields(row)))
        .collect()
}

async fn printed(simulator: &Simulator, menu: &str, fields: &[&str]) -> BTreeMap<String, Fields> {
    let client =
        Client::connect(&support::config(simulator.addr())).await.expect("the router lets us in");
    let fields: Vec<&str> = [&[".id"], fields].concat();
    let print = Command::new(format!("{menu}/print")).fields(&fields);
    by_id(&client.run(print).await.expect("a print is answered").rows)
}

#[tokio::test(start_paused = true)]
async fn a_watch_begins_with_all_rows_and_then_tells_every_change() {
    let mut world = World::new(1024).await;
    world.act("add", &["name=v1"]);
    let Change::Snapshot(rows) = world.next().await else { panic!("the snapshot comes first") };
    assert_eq!(by_id(&rows), world.printed().await);

    world.act("add", &["name=v2", "comment=new"]);
    world.act("set", &["numbers=v2", "comment=newer"]);
    world.act("remove", &["numbers=v1"]);
    for comment in ["new", "newer"] {
        let Change::Changed(row) = world.next().await else { panic!("v2 changed") };
        assert_eq!((&*row.text("name").unwrap(), &*row.text("comment").unwrap()), ("v2", comment));
    }
    assert!(matches!(world.next().await, Change::Removed(_)));
    assert_eq!(world.known(), world.printed().await);
}

/// Answers `listen` and then `print`, telling changes on the stream while the rows go out.
async fn change_meanwhile(mut peer: support::Peer) {
    peer.accept_login().await;
    let listen = peer.next().await.expect("the watch listens first");
    assert_eq!(listen.first(), Some(&b"/ip/hotspot/user/listen"[..]));
    let (listen, print) = (support::tag_of(&listen), peer.next_tag().await);
    peer.reply(&["!re", &print, "=.id=*1", "=name=stays"]).await;
    peer.reply(&["!re", &listen, "=.id=*2", "=.dead=yes"]).await;
    peer.reply(&["!re", &print, "=.id=*2", "=name=goes"]).await;
    peer.reply(&["!re", &listen, "=.id=*3", "=name=comes"]).await;
    peer.reply(&["!re", &listen, "=.id=*1", "=name=changes"]).await;
    peer.reply(&["!done", &print]).await;
    peer.until_closed().await;
}

#[tokio::test]
async fn what_changes_while_the_table_is_read_is_in_the_snapshot() {
    let router = support::ScriptedRouter::start(|peer, _| change_meanwhile(peer));
    let link = Link::new(router.config(), LinkPolicy::default(), Arc::new(|| 0));
    let mut watch = Watch::new(Arc::new(link), USER, &FIELDS);
    let Change::Snapshot(rows) = watch.next().await.unwrap() else { panic!("a snapshot") };
    let names: Vec<_> = rows.iter().map(|row| row.text("name").unwrap().into_owned()).collect();
    assert_eq!(names, ["changes", "comes"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_connection_only_what_differs_is_told() {
    let mut world = World::new(1024).await;
    for name in ["stays", "changes", "goes"] {
        world.act("add", &[&format!("name={name}")]);
    }
    world.next().await;
    world.simulator.router(|router| {
        router.cut_connections();
        for (verb, words) in [
            ("set", &["numbers=changes", "comment=otherwise"][..]),
            ("remove", &["numbers=goes"]),
            ("add", &["name=comes"]),
        ] {
            router.run(&format!("{USER}/{verb}"), words).unwrap();
        }
    });
    // What was told before the cut may still be on its way.
    let error = loop {
        if let Change::Gap(error) = world.next().await {
            break error;
        }
    };
    assert!(error.ended_the_connection());
    let Change::Resync(Difference { added, changed, removed }) = world.next().await else {
        panic!("a resync follows a gap")
    };
    let names = |rows: &[Row]| -> Vec<String> {
        rows.iter().map(|row| row.text("name").unwrap().into_owned()).collect()
    };
    assert_eq!((names(&added), names(&changed)), (vec!["comes".into()], vec!["changes".into()]));
    assert_eq!(removed.len(), 1);
    assert_eq!(world.known(), world.printed().await);
}

#[tokio::test(start_paused = true)]
async fn a_reader_who_is_late_gets_a_gap_and_is_in_step_again() {
    let mut world = World::new(4).await;
    world.next().await;
    for number in 0..200 {
        world.act("add", &[&format!("name=v{number}")]);
        tokio::task::yield_now().await;
    }
    let seen = world.until_known("v199").await;
    let Some(Change::Gap(error)) = seen.first() else { panic!("{seen:?}") };
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert!(seen.iter().any(|change| matches!(change, Change::Resync(_))));
    assert_eq!(world.known(), world.printed().await);
    world.assert_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn a_reboot_that_gives_every_object_another_number_is_followed() {
    let mut world = World::new(1024).await;
    for number in 0..20 {
        world.act("add", &[&format!("name=v{number}")]);
    }
    world.next().await;
    world.simulator.router(|router| {
        router.renumber_ids();
        router.reboot();
    });
    assert!(matches!(world.next().await, Change::Gap(_)));
    assert!(matches!(world.next().await, Change::Resync(_)));
    assert_eq!(world.known(), world.printed().await);
    world.assert_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn a_router_that_stays_away_for_hours_is_found_again() {
    let mut world = World::new(1024).await;
    world.next().await;
    world.simulator.unplug().await.unwrap();
    assert!(matches!(world.next().await, Change::Gap(_)));
    let away = timeout(Duration::from_hours(5), world.watch.next()).await;
    assert!(away.is_err(), "{away:?}");
    world.simulator.plug_in().await.unwrap();
    assert!(matches!(world.next().await, Change::Resync(_)));
    world.assert_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn a_router_that_hangs_without_a_word_is_found_out() {
    let mut world = World::new(1024).await;
    world.next().await;
    let print = On::Matching("/system/identity/print".to_owned());
    world.simulator.faults().push(Fault { effect: Effect::Hang, on: print, at: At::Nth(1) });
    let Change::Gap(error) = world.next().await else { panic!("a gap") };
    assert!(error.ended_the_connection());
    assert!(matches!(world.next().await, Change::Resync(_)));
    world.assert_in_step().await;
}

#[tokio::test(start_paused = true)]
async fn what_waiting_does_not_mend_is_an_error_and_not_a_gap() {
    let simulator = simulator().await;
    let mut config = config(&simulator, 1024);
    let nothing = Arc::new(Link::new(config.clone(), LinkPolicy::default(), Arc::new(|| 0)));
    let mut watch = Watch::new(nothing, "/ip/hotspot/nothing", &[]);
    assert_eq!(watch.next().await.unwrap_err().kind(), ErrorKind::BadRequest);
    config.credentials.password = "wrong".to_owned().into();
    let shut_out = Arc::new(Link::new(config, LinkPolicy::default(), Arc::new(|| 0)));
    let mut watch = Watch::new(shut_out, USER, &FIELDS);
    let error: Error = watch.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
}

#[tokio::test(start_paused = true)]
async fn a_watch_through_a_pool_leaves_the_other_connection_to_commands() {
    let simulator = simulator().await;
    let pool = Pool::new(config(&simulator, 1024), LinkPolicy::default(), Arc::new(|| 0));
    let mut watch = pool.watch(USER, &FIELDS);
    next(&mut watch).await;
    pool.run(Command::new(format!("{USER}/add")).with("name", "v1")).await.unwrap();
    assert!(matches!(next(&mut watch).await, Change::Changed(_)));
    let commands = simulator.commands();
    assert_eq!(commands.iter().filter(|command| command.path == "/login").count(), 2);
}

/// Something that happens while a watch is on.
#[derive(Debug, Clone)]
enum Act {
    Add(u8),
    Change(u8, u8),
    Remove(u8),
    Read(u8),
    Cut,
    Reboot,
    UnplugAndBack,
    HangNext,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (0..12_u8).prop_map(Act::Add),
        4 => (0..12_u8, 0..4_u8).prop_map(|(user, text)| Act::Change(user, text)),
        4 => (0..12_u8).prop_map(Act::Remove),
        4 => (1..5_u8).prop_map(Act::Read),
        1 => Just(Act::Cut),
        1 => Just(Act::Reboot),
        1 => Just(Act::UnplugAndBack),
        1 => Just(Act::HangNext),
    ];
    vec(act, 1..60)
}

impl World {
    async fn perform(&mut self, act: &Act) {
        // What names an object that is not there is refused, as on any router.
        let try_to = |verb: &str, words: &[String]| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            drop(self.simulator.router(|router| router.run(&format!("{USER}/{verb}"), &words)));
        };
        match act {
            Act::Add(user) => try_to("add", &[format!("name=v{user}")]),
            Act::Change(user, text) => {
                try_to("set", &[format!("numbers=v{user}"), format!("comment={text}")]);
            }
            Act::Remove(user) => try_to("remove", &[format!("numbers=v{user}")]),
            Act::Read(times) => {
                for _ in 0..*times {
                    drop(timeout(Duration::from_millis(1), self.watch.next()).await);
                }
            }
            Act::Cut => self.simulator.router(Router::cut_connections),
            Act::Reboot => self.simulator.router(|router| {
                router.renumber_ids();
                router.reboot();
            }),
            Act::UnplugAndBack => {
                self.simulator.unplug().await.expect("it runs");
                self.simulator.plug_in().await.expect("its ports are free");
            }
            Act::HangNext => {
                let faults = self.simulator.faults();
                faults.push(Fault { effect: Effect::Hang, on: On::Any, at: At::Nth(1) });
            }
        }
        tokio::task::yield_now().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_view_equals_a_fresh_print_in_the_end(
        acts in acts(),
        backlog_rows in prop_oneof![Just(1_usize), Just(3), Just(1024)],
    ) {
        let runtime =
            runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let mut world = World::new(backlog_rows).await;
            for act in &acts {
                world.perform(act).await;
            }
            world.simulator.faults().clear();
            world.assert_in_step().await;
        });
    }
}
