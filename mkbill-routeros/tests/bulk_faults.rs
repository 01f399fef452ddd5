//! Bulk adds against a router that fails them, and across crashes of the client.

#![cfg(feature = "sim")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    future, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use mkbill_routeros::{
    client::{
        BreakerPolicy, ClientConfig, Credentials, Endpoint, Link, LinkPolicy, Security,
        bulk::{BulkJournal, FileJournal, ItemOutcome, NamedAdd, Note, add_all, add_all_with},
    },
    command::Command,
    error::{Error, ErrorKind},
    proto::LoginMode,
    sim::{At, Effect, Fault, On, Router, RouterOs, Simulator, Stage, Verdict},
};
use tokio::sync::Notify;

const MENU: &str = "/ip/hotspot/user";
const ADD: &str = "/ip/hotspot/user/add";
const PASSWORD: &str = "hunter2";
const OURS: &str = "mkb=B1 fl=";
const FOREIGN: &str = "someone else's";

/// Chance that a seed repeats (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What is asked of a router: items, some of whose names are there before.
struct Batch {
    items: Vec<NamedAdd>,
    foreign: BTreeSet<String>,
    earlier: BTreeSet<String>,
}

impl Batch {
    /// `held` of the names are there before, half of them as someone else's.
    fn new(size: usize, held: usize, chance: &mut Chance) -> Self {
        let mut names: Vec<String> = (0..size).map(|number| format!("v{number:03}")).collect();
        let items = names.iter().map(|name| item(name)).collect();
        let mut taken = || {
            let place = usize::try_from(chance.below(names.len() as u64)).expect("below a usize");
            names.swap_remove(place)
        };
        let foreign = (0..held / 2).map(|_| taken()).collect();
        let earlier = (held / 2..held).map(|_| taken()).collect();
        Self { items, foreign, earlier }
    }

    async fn router(&self, routeros: RouterOs, seed: u64) -> Simulator {
        let builder = Simulator::builder().routeros(routeros).seed(seed).password(PASSWORD);
        let simulator = builder.start().await.expect("loopback has a free port");
        for (names, comment) in [(&self.foreign, FOREIGN), (&self.earlier, OURS)] {
            for name in names {
                let words = [&format!("name={name}")[..], &format!("comment={comment}")];
                simulator.router(|router| router.run(ADD, &words)).expect("the name is free");
            }
        }
        simulator
    }

    /// Every outcome says what is in the table, every item is there once, and nothing else is.
    fn check(&self, simulator: &Simulator, outcomes: &[ItemOutcome]) {
        let users = users(simulator);
        let wanted: BTreeSet<&str> = self.items.iter().map(|item| &item.name[..]).collect();
        assert!(users.keys().map(String::as_str).eq(wanted.iter().copied()));
        assert_eq!(outcomes.len(), self.items.len());
        for (item, outcome) in self.items.iter().zip(outcomes) {
            let (id, comment) = &users[&item.name];
            let told = match outcome {
                ItemOutcome::Added(told) => {
                    assert!(!self.earlier.contains(&item.name), "{}", item.name);
                    told
                }
                ItemOutcome::Adopted(told) => told,
                ItemOutcome::Conflict(existing) => {
                    assert_eq!(existing.comment, FOREIGN.as_bytes());
                    &existing.id
                }
                other => panic!("{}: {other:?}", item.name),
            };
            assert_eq!(told.as_ref(), id, "{}", item.name);
            let is_foreign = self.foreign.contains(&item.name);
            assert_eq!(comment, if is_foreign { FOREIGN } else { OURS });
            assert_eq!(matches!(outcome, ItemOutcome::Conflict(_)), is_foreign, "{}", item.name);
        }
    }
}

fn item(name: &str) -> NamedAdd {
    let add = Command::new(ADD).with("name", name).with("password", PASSWORD);
    NamedAdd {
        menu: MENU.to_owned(),
        name: name.to_owned(),
        add: add.with("comment", OURS),
        mark: b"mkb=B1".to_vec(),
    }
}

/// Number and comment of every user but the built-in one. A name that is there twice fails.
fn users(simulator: &Simulator) -> BTreeMap<String, (String, String)> {
    let print = format!("{MENU}/print");
    let rows =
        simulator.router(|router| router.run(&print, &[])).expect("a print is answered").rows;
    let mut users = BTreeMap::new();
    for mut row in rows.into_iter().map(BTreeMap::from_iter) {
        let mut take = |field: &str| row.remove(field).unwrap_or_default();
        let (name, user) = (take("name"), (take(".id"), take("comment")));
        assert!(users.insert(name, user).is_none());
    }
    users.remove("default-trial");
    users
}

fn link(simulator: &Simulator) -> Link {
    let address = simulator.addr();
    let endpoint = Endpoint {
        host: address.ip().to_string(),
        port: address.port(),
        security: Security::Plain,
    };
    let config = ClientConfig {
        login_mode: LoginMode::Auto,
        ..ClientConfig::new(endpoint, Credentials::new("admin", PASSWORD))
    };
    let breaker = BreakerPolicy { failures_max: u32::MAX, ..BreakerPolicy::default() };
    Link::new(config, LinkPolicy { breaker, ..LinkPolicy::default() }, Arc::new(|| 0))
}

#[tokio::test(start_paused = true)]
async fn five_hundred_adds_under_faults_end_exact_and_reported_a_hundred_times_in_a_row() {
    for seed in 0..100 {
        let mut chance = Chance(seed);
        let batch = Batch::new(500, 25, &mut chance);
        let routeros = RouterOs::ALL[usize::try_from(seed).unwrap() % RouterOs::ALL.len()];
        let simulator = batch.router(routeros, seed).await;
        let stall = match chance.below(3) {
            0 => Effect::Hang,
            1 => Effect::Mute,
            _ => Effect::Delay(Duration::from_secs(5 + chance.below(40))),
        };
        for effect in [Effect::DropAfterApply, stall] {
            let at = At::Nth(1 + chance.below(500));
            simulator.faults().push(Fault { effect, on: On::Matching(ADD.to_owned()), at });
        }
        let mut heard = Vec::new();
        let link = link(&simulator);
        let outcomes = add_all(&link, &batch.items, |seen| heard.push(seen.settled)).await;
        assert_eq!(simulator.faults().fired(), 2, "seed {seed}");
        batch.check(&simulator, &outcomes);
        assert!(heard.iter().copied().eq((50..=500).step_by(50)), "seed {seed}: {heard:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_there_already_is_adopted_by_few_reads() {
    let batch = Batch::new(500, 0, &mut Chance(4));
    let earlier = batch.items.iter().map(|item| item.name.clone()).collect();
    let batch = Batch { earlier, ..batch };
    let simulator = batch.router(RouterOs::V7_18, 4).await;
    let outcomes = add_all(&link(&simulator), &batch.items, |_| ()).await;
    batch.check(&simulator, &outcomes);
    let commands = simulator.commands().into_iter();
    let reads = commands.filter(|command| command.path.ends_with("/print")).count();
    assert_eq!(reads, 500_usize.div_ceil(16));
}

/// A folder with the journal of one batch.
struct Notebook {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Notebook {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        Self { path: folder.path().join("batch.journal"), _folder: folder }
    }

    async fn open(&self) -> FileJournal {
        FileJournal::open(&self.path).await.expect("it is a journal")
    }

    fn len(&self) -> u64 {
        fs::metadata(&self.path).expect("it was opened").len()
    }
}

/// Every name that the journal speaks of.
async fn written(notebook: &Notebook) -> BTreeSet<String> {
    let notes = notebook.open().await.recall().await.expect("it can be read");
    notes.into_iter().map(|note| note.name).collect()
}

fn added(simulator: &Simulator) -> BTreeSet<String> {
    let adds = simulator.commands().into_iter().filter(|command| command.path == ADD);
    adds.filter_map(|add| add.attribute("name").map(str::to_owned)).collect()
}

/// Does it again after a crash: nothing that is there by a line of the journal is sent again, and
/// all ends well.
async fn resume(batch: &Batch, simulator: &Simulator, notebook: &Notebook) {
    // What the dead client still had on the wire must not count as sent by the next.
    simulator.router(Router::cut_connections);
    simulator.on_command(Arc::new(|_, _| Verdict::Continue));
    simulator.forget_commands();
    let mut known = written(notebook).await;
    let there = users(simulator);
    known.retain(|name| there.contains_key(name));
    let outcomes =
        add_all_with(&link(simulator), &batch.items, &mut notebook.open().await, |_| ()).await;
    batch.check(simulator, &outcomes);
    assert!(added(simulator).is_disjoint(&known));
}

/// From the n-th command on the router does nothing any more, as if its client had died then.
fn die_at_command(simulator: &Simulator, n: u64, stage: Stage) -> Arc<Notify> {
    let died = Arc::new(Notify::new());
    let (seen, notify) = (AtomicU64::new(0), Arc::clone(&died));
    simulator.on_command(Arc::new(move |at, _| {
        let count = seen.fetch_add(u64::from(at == stage), Ordering::SeqCst);
        match (at == stage, count) {
            (true, count) if count + 1 < n => Verdict::Continue,
            (true, _) => {
                notify.notify_one();
                if stage == Stage::Before { Verdict::DropBefore } else { Verdict::DropAfterApply }
            }
            (false, count) if count < n => Verdict::Continue,
            (false, _) => Verdict::DropBefore,
        }
    }));
    died
}

#[tokio::test(start_paused = true)]
async fn a_client_that_dies_at_any_command_is_continued_by_the_next() {
    for stage in [Stage::Before, Stage::After] {
        let batch = Batch::new(40, 4, &mut Chance(7));
        for n in 1.. {
            let simulator = batch.router(RouterOs::V7_18, n).await;
            let notebook = Notebook::new();
            let died = die_at_command(&simulator, n, stage);
            let mut journal = notebook.open().await;
            let link = link(&simulator);
            let survived = tokio::select! {
                biased;
                () = died.notified() => false,
                outcomes = add_all_with(&link, &batch.items, &mut journal, |_| ()) => {
                    batch.check(&simulator, &outcomes);
                    true
                }
            };
            drop(link);
            drop(journal);
            let written = written(&notebook).await;
            assert!(added(&simulator).is_subset(&written), "an add went out unwritten");
            resume(&batch, &simulator, &notebook).await;
            if survived {
                // The login, each add and the read of those that were held.
                assert_eq!(n, 1 + 40 + 1 + 1);
                break;
            }
        }
    }
}

/// A journal whose n-th append is the last thing its process does.
struct Dying {
    journal: FileJournal,
    appends_left: u64,
    died: Arc<Notify>,
}

impl BulkJournal for Dying {
    async fn recall(&mut self) -> io::Result<Vec<Note>> {
        self.journal.recall().await
    }

    async fn append(&mut self, notes: &[Note]) -> io::Result<()> {
        self.journal.append(notes).await?;
        self.appends_left -= 1;
        if self.appends_left == 0 {
            self.died.notify_one();
            future::pending::<()>().await;
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_dies_in_the_middle_of_any_write_is_continued_by_the_next() {
    let mut chance = Chance(11);
    for n in 1.. {
        let batch = Batch::new(100, 6, &mut chance);
        let simulator = batch.router(RouterOs::V7_24, n).await;
        let notebook = Notebook::new();
        let died = Arc::new(Notify::new());
        let journal = notebook.open().await;
        let mut lengths = vec![notebook.len()];
        let mut journal = Dying { journal, appends_left: n, died: Arc::clone(&died) };
        let link = link(&simulator);
        let survived = tokio::select! {
            biased;
            () = died.notified() => false,
            _ = add_all_with(&link, &batch.items, &mut journal, |_| ()) => true,
        };
        drop((link, journal));
        lengths.push(notebook.len());
        if survived {
            assert_eq!(n, 4 + 1 + 1, "four batches and the last results");
            break;
        }
        let cut = lengths[1] - chance.below(60);
        let file = OpenOptions::new().write(true).open(&notebook.path).unwrap();
        file.set_len(cut.max(lengths[0])).unwrap();
        resume(&batch, &simulator, &notebook).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_dropped_goes_on_with_the_same_journal() {
    let batch = Batch::new(200, 10, &mut Chance(3));
    let simulator = batch.router(RouterOs::V7_18, 3).await;
    let notebook = Notebook::new();
    let mut journal = notebook.open().await;
    let link = link(&simulator);
    let halfway = Arc::new(Notify::new());
    {
        let adding = add_all_with(&link, &batch.items, &mut journal, |_| halfway.notify_one());
        tokio::select! {
            biased;
            () = halfway.notified() => {}
            _ = adding => panic!("it was not dropped"),
        }
    }
    let outcomes = add_all_with(&link, &batch.items, &mut journal, |_| ()).await;
    batch.check(&simulator, &outcomes);
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_a_finished_call_answers_without_the_router() {
    let batch = Batch::new(60, 0, &mut Chance(5));
    let simulator = batch.router(RouterOs::V7_18, 5).await;
    let notebook = Notebook::new();
    let link = link(&simulator);
    add_all_with(&link, &batch.items, &mut notebook.open().await, |_| ()).await;
    link.disconnect().await;
    simulator.unplug().await.unwrap();
    let outcomes = add_all_with(&link, &batch.items, &mut notebook.open().await, |_| ()).await;
    batch.check(&simulator, &outcomes);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, ItemOutcome::Added(_))));
}

#[tokio::test(start_paused = true)]
async fn the_journal_holds_names_and_outcomes_and_no_other_value() {
    let batch = Batch::new(30, 4, &mut Chance(9));
    let simulator = batch.router(RouterOs::V7_18, 9).await;
    let notebook = Notebook::new();
    add_all_with(&link(&simulator), &batch.items, &mut notebook.open().await, |_| ()).await;
    let text = fs::read_to_string(&notebook.path).unwrap();
    assert!(text.contains("\nsent \"/ip/hotspot/user\" \"v007\""), "{text}");
    for value in [PASSWORD, OURS, FOREIGN, "mkb="] {
        assert!(!text.contains(value), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_item_that_was_refused_is_tried_again_by_the_next_call() {
    let batch = Batch::new(1, 0, &mut Chance(1));
    let simulator = batch.router(RouterOs::V7_18, 1).await;
    let refusal = mkbill_routeros::sim::Refusal::new("failure: out of flash");
    let (on, at) = (On::Matching(ADD.to_owned()), At::Nth(1));
    simulator.faults().push(Fault { effect: Effect::Trap(refusal), on, at });
    let notebook = Notebook::new();
    let link = link(&simulator);
    let outcomes = add_all_with(&link, &batch.items, &mut notebook.open().await, |_| ()).await;
    assert!(matches!(outcomes[..], [ItemOutcome::Rejected(Error::Refused { .. })]));
    let outcomes = add_all_with(&link, &batch.items, &mut notebook.open().await, |_| ()).await;
    batch.check(&simulator, &outcomes);
}

/// A journal on a full disk.
struct Full {
    appends_left: usize,
}

impl BulkJournal for Full {
    async fn recall(&mut self) -> io::Result<Vec<Note>> {
        Ok(Vec::new())
    }

    async fn append(&mut self, _: &[Note]) -> io::Result<()> {
        self.appends_left = self.appends_left.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_that_could_not_be_written_down() {
    let batch = Batch::new(100, 0, &mut Chance(2));
    let simulator = batch.router(RouterOs::V7_18, 2).await;
    let mut journal = Full { appends_left: 2 };
    let outcomes = add_all_with(&link(&simulator), &batch.items, &mut journal, |_| ()).await;
    let (added, rest) = outcomes.split_at(64);
    assert_eq!(users(&simulator).len(), 64);
    assert!(added.iter().all(|outcome| matches!(outcome, ItemOutcome::Added(_))));
    let ItemOutcome::Rejected(error @ Error::Journal(_)) = &rest[0] else {
        panic!("{:?}", rest[0]);
    };
    assert_eq!(error.kind(), ErrorKind::Journal);
    assert!(rest.iter().all(|outcome| matches!(outcome, ItemOutcome::Rejected(_))));
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = &folder.path().join("accounts.csv");
    fs::write(path, "name,balance\n").unwrap();
    let error = FileJournal::open(path).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(fs::read(path).unwrap(), b"name,balance\n");
}

#[tokio::test]
async fn a_journal_whose_first_line_was_cut_is_begun_again() {
    let notebook = Notebook::new();
    drop(notebook.open().await);
    let whole = fs::read(&notebook.path).unwrap();
    for cut in 0..whole.len() {
        File::options().write(true).open(&notebook.path).unwrap().set_len(cut as u64).unwrap();
        assert!(notebook.open().await.recall().await.unwrap().is_empty());
        assert_eq!(fs::read(&notebook.path).unwrap(), whole);
    }
}
