//! The state of one router.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    proto::Sentence,
    value::{DateDialect, Version},
};

use super::{
    clock::{RouterClock, later},
    command::Command,
    dialect::RouterOs,
    feed::Feed,
    files::Files,
    id::ObjectId,
    log::Log,
    menus::{self, Made},
    presence::Presence,
    record::Record,
    refusal::Refusal,
    session::LogoutReason,
    table::{Secrets, Table},
};

/// The state of a simulated router: its objects, who is online, its clock and its log.
///
/// Tests reach it through [`Simulator::router`](super::Simulator::router). Whatever they change here, API clients that
/// listen hear of, as if it had happened on a real router.
#[derive(Debug)]
pub struct Router {
    pub(super) routeros: RouterOs,
    pub(super) clock: RouterClock,
    pub(super) tables: BTreeMap<&'static str, Table>,
    pub(super) presence: Presence,
    pub(super) log: Log,
    pub(super) feed: Feed,
    pub(super) files: Files,
    pub(super) identity: Vec<u8>,
    pub(super) sessions_max: Option<usize>,
    /// Cancelled and replaced when all connections are cut.
    link: CancellationToken,
}

/// What a command run on the router gave.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// The rows as name and value pairs, `.id` first.
    pub rows: Vec<Vec<(String, String)>>,
    /// The `=ret=` of `!done`: the number of an added object, or a count.
    pub ret: Option<String>,
}

impl Router {
    pub(super) fn new(routeros: RouterOs, now: Timestamp) -> Self {
        Self {
            routeros,
            clock: RouterClock::new(now),
            tables: factory_tables(routeros.version()),
            presence: Presence::default(),
            log: Log::new(),
            feed: Feed::default(),
            files: Files::default(),
            identity: b"MikroTik".to_vec(),
            sessions_max: None,
            link: CancellationToken::new(),
        }
    }

    /// The release it plays.
    pub fn routeros(&self) -> RouterOs {
        self.routeros
    }

    /// Its clock.
    pub fn clock(&self) -> &RouterClock {
        &self.clock
    }

    /// Its clock, to set zone or skew.
    pub fn clock_mut(&mut self) -> &mut RouterClock {
        &mut self.clock
    }

    /// How many sessions the licence allows at once; `None` for no limit.
    pub fn set_sessions_max(&mut self, sessions_max: Option<usize>) {
        self.sessions_max = sessions_max;
    }

    /// Runs a console command without the network, for example `/ip/hotspot/user/add`.
    ///
    /// Words that begin with `?` are query words, all others are `name=value`.
    ///
    /// # Errors
    ///
    /// The trap that an API client would get.
    pub fn run(&mut self, path: &str, words: &[&str]) -> Result<Output, Refusal> {
        let mut sentence = Sentence::command(path);
        for word in words {
            let is_query = word.starts_with('?');
            sentence.push(if is_query { (*word).to_owned() } else { format!("={word}") });
        }
        let command = Command::parse(sentence).ok_or_else(Refusal::no_such_menu)?;
        let done = self.execute(&command)?;
        Ok(Output {
            rows: done.rows.iter().map(readable_row).filter(|row| !row.is_empty()).collect(),
            ret: done.ret.map(|ret| String::from_utf8_lossy(&ret).into_owned()),
        })
    }

    /// One property of an object by its name or number, as a print shows it. `None` when either is missing.
    pub fn value(&self, path: &str, object: &str, property: &str) -> Option<String> {
        let table = self.tables.get(path)?;
        let record = table.record(table.find(object.as_bytes())?, Secrets::Shown)?;
        let value = record.get(property)?;
        Some(String::from_utf8_lossy(&value).into_owned())
    }

    /// How many objects a menu of stored objects holds, built-in ones included; 0 for an unknown menu.
    pub fn count(&self, path: &str) -> usize {
        self.tables.get(path).map_or(0, Table::len)
    }

    /// The messages in the log, oldest first.
    pub fn log(&self) -> impl Iterator<Item = &str> {
        self.log.messages()
    }

    /// Lets true time pass: sessions use up their time and bytes and are cut at their limits, each at its own moment.
    ///
    /// Time never goes back: a negative duration does nothing. To change what the router *shows*, see
    /// [`RouterClock::set_skew`].
    pub fn advance(&mut self, by: SignedDuration) {
        if by <= SignedDuration::ZERO {
            return;
        }
        let started = self.clock.now();
        let mut endings: Vec<(SignedDuration, ObjectId, LogoutReason)> = self
            .presence
            .sessions
            .iter()
            .filter_map(|(id, _, session)| {
                let (after, reason) = session.ending().filter(|(after, _)| *after <= by)?;
                Some((after, id, reason))
            })
            .collect();
        endings.sort_unstable();
        for (after, id, reason) in endings {
            self.clock.set(later(started, after));
            if let Some(session) = self.presence.sessions.get_mut(id) {
                session.pass(after);
            }
            self.end_session(id, reason);
        }
        self.clock.set(later(started, by));
        self.presence.pass(by);
        for cookie in self.presence.age_cookies(by) {
            self.feed.removed(Made::Cookie.path(), cookie);
        }
    }

    /// Power went and came back: nobody is online, what running sessions used since login is lost, cookies stay under
    /// new numbers, the clock counts from 1970 until [`Self::ntp_sync`], and every connection is cut without a word.
    pub fn reboot(&mut self) {
        self.presence.reboot();
        self.clock.reboot();
        self.log = Log::new();
        self.cut_connections();
        self.write_log("system,info", "router rebooted".to_owned());
    }

    /// The network told the router the true time.
    pub fn ntp_sync(&mut self) {
        self.clock.ntp_sync();
        self.write_log("system,info", "system time changed by NTP".to_owned());
    }

    /// Everything as it left the factory, except the accounts of the API. Connections are cut.
    pub fn factory_reset(&mut self) {
        let accounts = self.tables.remove(menus::ACCOUNT);
        self.tables = factory_tables(self.routeros.version());
        self.tables.extend(accounts.map(|table| (menus::ACCOUNT, table)));
        self.presence = Presence::default();
        self.log = Log::new();
        self.identity = b"MikroTik".to_vec();
        self.cut_connections();
    }

    /// Gives every object, session and cookie a new number. Built-in objects keep theirs.
    pub fn renumber_ids(&mut self) {
        self.tables.values_mut().for_each(Table::renumber);
        self.presence.sessions.renumber();
        self.presence.hosts.renumber();
        self.presence.cookies.renumber();
    }

    /// Cuts every API connection without a word.
    pub fn cut_connections(&mut self) {
        std::mem::take(&mut self.link).cancel();
    }

    /// Every stored object that `chosen` wants, one a line in a fixed order, with all its values, passwords included.
    ///
    /// Two equal texts mean that not a byte of those objects changed.
    pub fn export_objects(&self, chosen: impl Fn(&ObjectView<'_>) -> bool) -> String {
        let mut text = String::new();
        for table in self.tables.values() {
            for id in table.ids() {
                let view = ObjectView { table, id };
                if chosen(&view) {
                    text.push_str(&view.line());
                    text.push('\n');
                }
            }
        }
        text
    }

    pub(super) fn link(&self) -> CancellationToken {
        self.link.clone()
    }

    pub(super) fn date_dialect(&self) -> DateDialect {
        self.routeros.version().date_dialect()
    }

    pub(super) fn table(&self, path: &'static str) -> &Table {
        self.tables.get(path).expect("every stored menu has a table")
    }

    pub(super) fn table_mut(&mut self, path: &'static str) -> &mut Table {
        self.tables.get_mut(path).expect("every stored menu has a table")
    }

    pub(super) fn write_log(&mut self, topics: &'static str, message: String) {
        let (now, dialect) = (self.clock.shown(), self.date_dialect());
        self.log.write(now, topics, message);
        let path = Made::Log.path();
        if self.feed.hears(path)
            && let Some(row) = self.log.newest(now, dialect)
        {
            self.feed.changed(path, &row);
        }
    }

    /// Tells listeners that a stored object changed.
    pub(super) fn publish(&mut self, path: &'static str, id: ObjectId) {
        if !self.feed.hears(path) {
            return;
        }
        let secrets = self.default_secrets();
        let record = self.tables.get(path).and_then(|table| table.record(id, secrets));
        if let Some(record) = record {
            self.feed.changed(path, &record);
        }
    }

    /// Whether a print that does not ask for secrets shows them.
    pub(super) fn default_secrets(&self) -> Secrets {
        if self.routeros.version().masks_secrets() { Secrets::Masked } else { Secrets::Shown }
    }

    pub(super) fn made_records(&self, made: Made) -> Box<dyn Iterator<Item = Record<'_>> + '_> {
        match made {
            Made::Active => Box::new(self.presence.active_records()),
            Made::Host => Box::new(self.presence.host_records()),
            Made::Cookie => Box::new(self.presence.cookie_records()),
            Made::Log => Box::new(self.log.records(self.clock.shown(), self.date_dialect())),
        }
    }
}

/// A stored object, for choosing what [`Router::export_objects`] writes.
#[derive(Debug)]
pub struct ObjectView<'a> {
    table: &'a Table,
    id: ObjectId,
}

impl<'a> ObjectView<'a> {
    /// The menu it is in, such as `/ip/hotspot/user`.
    pub fn path(&self) -> &'static str {
        self.table.menu().path
    }

    /// Its number.
    pub fn id(&self) -> ObjectId {
        self.id
    }

    /// A property by name, `None` when the object lacks it.
    pub fn get(&self, property: &str) -> Option<&'a [u8]> {
        self.table.text(self.id, property)
    }

    fn line(&self) -> String {
        let start = format!("{} {}", self.path(), self.id);
        self.table.cells(self.id).fold(start, |line, (name, value)| {
            format!("{line} {name}=\"{}\"", value.escape_ascii())
        })
    }
}

fn factory_tables(version: Version) -> BTreeMap<&'static str, Table> {
    menus::STORED.into_iter().map(|menu| (menu.path, Table::new(menu, version))).collect()
}

fn readable_row(row: &Sentence) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    row.attributes().map(|(name, value)| (text(name), text(value))).collect()
}
