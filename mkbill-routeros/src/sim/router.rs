//! The state of one router.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    proto::Sentence,
    value::{DateDialect, Version},
};

use super::{
    account::ActiveAccounts,
    agenda::Agenda,
    clock::{RouterClock, later},
    command::Command,
    dialect::RouterOs,
    feed::Feed,
    files::Files,
    hotspot::LoginRefusal,
    id::ObjectId,
    interface::Wires,
    license::License,
    log::Log,
    menus::{self, Made},
    meter::Usage,
    pool::Pools,
    ppp::Lines,
    presence::Presence,
    quirks::Quirks,
    record::Record,
    refusal::Refusal,
    rules::SessionRules,
    service::Connections,
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
    pub(super) ppp: Lines,
    pub(super) pools: Pools,
    pub(super) agenda: Agenda,
    /// What ended sessions moved since the router started.
    pub(super) carried: Usage,
    pub(super) wires: Wires,
    pub(super) next_refusal: Option<LoginRefusal>,
    pub(super) rules: SessionRules,
    pub(super) license: License,
    pub(super) log: Log,
    pub(super) feed: Feed,
    pub(super) identity: Vec<u8>,
    pub(super) sessions_max: Option<usize>,
    pub(super) files: Files,
    pub(super) active_accounts: ActiveAccounts,
    pub(super) connections: Connections,
    pub(super) is_powered: bool,
    pub(super) quirks: Quirks,
    /// How many scripts run inside each other now.
    pub(super) script_depth: u8,
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
        let mut router = Self {
            routeros,
            clock: RouterClock::new(now),
            tables: factory_tables(routeros.version()),
            presence: Presence::default(),
            ppp: Lines::default(),
            pools: Pools::default(),
            agenda: Agenda::default(),
            carried: Usage::default(),
            wires: Wires::default(),
            next_refusal: None,
            rules: SessionRules::default(),
            license: License::default(),
            log: Log::new(),
            feed: Feed::default(),
            identity: b"MikroTik".to_vec(),
            sessions_max: None,
            files: Files::default(),
            active_accounts: ActiveAccounts::default(),
            connections: Connections::default(),
            is_powered: true,
            quirks: Quirks::default(),
            script_depth: 0,
            link: CancellationToken::new(),
        };
        router.bring_links_up();
        router
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

    /// Its licence, level 6 unless told otherwise.
    pub fn license(&self) -> License {
        self.license
    }

    /// Puts another licence on the router. Sessions that are online stay.
    pub fn set_license(&mut self, license: License) {
        self.license = license;
    }

    /// How changes reach sessions that run.
    pub fn set_session_rules(&mut self, rules: SessionRules) {
        self.rules = rules;
    }

    /// Sets what the router does where routers disagree.
    pub fn set_quirks(&mut self, quirks: Quirks) {
        self.quirks = quirks;
    }

    /// How many hotspot sessions are allowed at once, whatever the licence says; `None` leaves it to the licence.
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
        let id = table.find(object.as_bytes())?;
        let record = self.stored_record(table.menu().path, id, Secrets::Shown)?;
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

    /// Lets time pass for those who are online: sessions that end by themselves do so, each at its own moment.
    pub(super) fn pass(&mut self, by: SignedDuration) {
        if by <= SignedDuration::ZERO {
            return;
        }
        let until = later(self.clock.now(), by);
        while let Some((at, event)) = self.agenda.take_due(until) {
            self.clock.set(at.max(self.clock.now()));
            self.happen(event);
        }
        self.clock.set(until);
    }

    /// Power went and came back: nobody is online, what running sessions used since login is lost, cookies stay under
    /// new numbers, the clock counts from 1970 until [`Self::ntp_sync`], and every connection is cut without a word.
    /// PPP customers of [`Self::ppp_keep_online`] will dial in again.
    pub fn reboot(&mut self) {
        self.unmake_all();
        self.presence.reboot();
        self.ppp.reboot();
        self.clock.reboot();
        self.bring_links_up();
        self.plan_all_redials();
        self.log = Log::new();
        self.active_accounts.clear();
        self.is_powered = true;
        self.cut_connections();
        self.write_log("system,info", "router rebooted".to_owned());
    }

    /// The router goes off: every connection is cut, and new ones are closed at once until [`Self::reboot`].
    pub fn shut_down(&mut self) {
        self.reboot();
        self.is_powered = false;
    }

    /// The clock is set ahead by this much, or back when negative.
    pub(super) fn jump_clock(&mut self, by: SignedDuration) {
        self.clock.set_shown(self.clock.shown().saturating_add(by));
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
        self.ppp = Lines::default();
        self.pools = Pools::default();
        self.agenda = Agenda::default();
        self.carried = Usage::default();
        self.bring_links_up();
        self.log = Log::new();
        self.identity = b"MikroTik".to_vec();
        self.cut_connections();
    }

    /// Gives every object, session and cookie a new number. Built-in objects keep theirs.
    pub fn renumber_ids(&mut self) {
        for (path, table) in &mut self.tables {
            let renumbered = table.renumber();
            let new = |id: &mut ObjectId| *id = renumbered.get(id).copied().unwrap_or(*id);
            match *path {
                menus::USER => {
                    let sessions = self.presence.sessions.values_mut();
                    sessions.for_each(|session| new(&mut session.user_id));
                }
                menus::PPP_SECRET => {
                    self.ppp.up.values_mut().for_each(|line| new(&mut line.secret));
                }
                _ => {}
            }
        }
        self.ppp.up.renumber();
        self.presence.sessions.renumber();
        self.presence.hosts.renumber();
        self.presence.cookies.renumber();
    }

    /// Cuts every API connection without a word.
    pub fn cut_connections(&mut self) {
        std::mem::take(&mut self.link).cancel();
    }

    /// Every stored object that `chosen` wants but those that the router makes for customers online, one a line in a fixed order, with all its values, passwords included.
    ///
    /// Two equal texts mean that not a byte of those objects changed.
    pub fn export_objects(&self, chosen: impl Fn(&ObjectView<'_>) -> bool) -> String {
        let mut text = String::new();
        for table in self.tables.values() {
            for id in table.ids().filter(|id| table.made_for(*id).is_none()) {
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
        for secrets in [Secrets::Shown, Secrets::Masked] {
            if let Some(record) = self.stored_record(path, id, secrets) {
                self.feed.changed_for(secrets, path, &record);
            }
        }
    }

    /// Whether a print that does not ask for secrets shows them.
    pub(super) fn default_secrets(&self) -> Secrets {
        if self.routeros.version().masks_secrets() { Secrets::Masked } else { Secrets::Shown }
    }

    pub(super) fn made_records(&self, made: Made) -> Box<dyn Iterator<Item = Record<'_>> + '_> {
        let now = self.clock.now();
        match made {
            Made::Active => Box::new(self.presence.active_records(now)),
            Made::Host => Box::new(self.presence.host_records(now)),
            Made::Cookie => Box::new(self.presence.cookie_records(now)),
            Made::Line => Box::new(self.ppp.records(now)),
            Made::PoolUsed => Box::new(self.pools.used_records()),
            Made::Log => Box::new(self.log.records(self.clock.shown(), self.date_dialect())),
            Made::File => Box::new(self.file_records()),
            Made::ActiveAccount => Box::new(self.active_accounts.records(self.date_dialect())),
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
