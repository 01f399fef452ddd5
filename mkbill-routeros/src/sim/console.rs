//! What commands do: add, set, remove and the like.

use crate::proto::Sentence;

use super::{
    command::Command,
    id::ObjectId,
    mac::Mac,
    menus::{self, Made, Place},
    meter::Usage,
    record::Shape,
    refusal::Refusal,
    repeat::{Repeat, number_rows, ping},
    rights::{Caller, Rights},
    router::Router,
    schema::Menu,
    session::LogoutReason,
    table::{Changes, Secrets, Table},
};

/// How a command ended well.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// `!re` and `!empty` sentences, tagged.
    pub rows: Vec<Sentence>,
    pub ret: Option<Vec<u8>>,
    /// The command goes on: every change is told until it is cancelled.
    pub follow: Option<Follow>,
    /// The command goes on: it answers again until it is cancelled.
    pub repeat: Option<Repeat>,
}

#[derive(Debug)]
pub(super) struct Follow {
    pub path: &'static str,
    pub shape: Shape,
    pub secrets: Secrets,
}

/// How objects to work on are named.
const TARGETS: [&str; 3] = [".id", "numbers", "number"];

impl Router {
    /// Runs a command that the router itself gives.
    pub(super) fn execute(&mut self, command: &Command) -> Result<Done, Refusal> {
        self.execute_for(command, &Caller::system())
    }

    /// Runs a command for someone who may do only so much.
    pub(super) fn execute_for(
        &mut self,
        command: &Command,
        caller: &Caller,
    ) -> Result<Done, Refusal> {
        let repeat = Repeat::of(command)?;
        let done = self.answer_once(command, caller, 0)?;
        Ok(Done { repeat, ..done })
    }

    /// One answer of a command; `section` counts those of a command that repeats.
    pub(super) fn answer_once(
        &mut self,
        command: &Command,
        caller: &Caller,
        section: u64,
    ) -> Result<Done, Refusal> {
        caller.permit(command)?;
        if command.has_stray_words() {
            return Err(Refusal::expected_end());
        }
        let mut done = match (command.menu(), command.verb()) {
            ("" | "/tool", "ping") => ping(command, section),
            (menu, verb) => match self.system_command(menu, verb, command, caller) {
                Some(outcome) => outcome,
                None => self.menu_command(command, caller),
            },
        }?;
        let is_numbered = matches!(command.verb(), "ping" | "monitor" | "monitor-traffic");
        if is_numbered || command.attribute("interval").is_some() {
            number_rows(&mut done.rows, section, self.routeros.version());
        }
        Ok(done)
    }

    /// Commands that do not work on the rows of their menu.
    fn system_command(
        &mut self,
        menu: &str,
        verb: &str,
        command: &Command,
        caller: &Caller,
    ) -> Option<Result<Done, Refusal>> {
        Some(match (menu, verb) {
            ("/system", "reboot") => {
                self.reboot();
                Ok(Done::default())
            }
            ("/system", "shutdown") => {
                self.shut_down();
                Ok(Done::default())
            }
            ("/system/backup", "save") => self.save_backup(command),
            (_, "export") => self.export_file(command),
            ("", "import") => self.import(command, caller),
            ("/log", "debug" | "error" | "info" | "warning") => self.log_message(command),
            (menus::FILE, "add") => self.add_file(command),
            (menus::FILE, "read") => self.read_chunk(command),
            (menus::FILE, "set") => {
                target_list(command).and_then(|target| self.set_file(command, target))
            }
            (menus::FILE, "remove") => self.remove_files(command),
            _ => return None,
        })
    }

    fn menu_command(&mut self, command: &Command, caller: &Caller) -> Result<Done, Refusal> {
        let place = menus::find(command.menu()).ok_or_else(Refusal::no_such_menu)?;
        match (command.verb(), place) {
            ("print" | "getall", _) => self.print(place, command, caller),
            ("listen", _) => self.listen(place, command, caller),
            ("get", _) => self.get_value(place, command, caller),
            ("find", Place::Stored(_) | Place::Made(_)) => self.find_rows(place, command),
            (verb, Place::Stored(menu)) if menus::lacks(menu.path, verb) => {
                Err(Refusal::no_such_command())
            }
            ("add", Place::Stored(menu)) => self.add(menu, command, caller),
            ("set", Place::Stored(menu)) => {
                let pairs = assignments(command);
                self.set(menu, command, &pairs)
            }
            ("enable", Place::Stored(menu)) => self.switch(menu, command, b"no"),
            ("disable", Place::Stored(menu)) => self.switch(menu, command, b"yes"),
            ("comment", Place::Stored(menu)) if self.table(menu.path).takes("comment") => {
                let comment = command.attribute("comment").unwrap_or_default();
                self.set(menu, command, &[(b"comment", comment)])
            }
            ("unset", Place::Stored(menu)) => {
                let property = command.attribute("value-name");
                let property = property.ok_or_else(|| Refusal::missing_value("value-name"))?;
                self.set(menu, command, &[(property, b"")])
            }
            ("remove", Place::Stored(menu)) => self.remove(menu, command),
            ("remove", Place::Made(made)) => self.remove_made(made, command),
            ("run", Place::Stored(menu)) if menu.path == menus::SCRIPT => {
                let scripts = self.targets(menu, command)?;
                self.run_scripts(&scripts, caller)
            }
            ("reset-counters", Place::Stored(menu)) if menu.path == menus::USER => {
                self.reset_all_counters(menu, command)
            }
            ("reset-counters", Place::Stored(menu)) if menu.path == menus::INTERFACE => {
                self.reset_interfaces(menu, command)
            }
            ("make-binding", Place::Made(Made::Host)) => self.make_binding(command),
            ("monitor-traffic", Place::Stored(menu)) if menu.path == menus::INTERFACE => {
                self.monitor_traffic(command)
            }
            ("login", Place::Made(Made::Active)) => self.login_active(command),
            ("set", Place::Single(single)) => {
                self.set_single(single, command).map(|()| Done::default())
            }
            _ => Err(Refusal::no_such_command()),
        }
    }

    /// `enable` and `disable`, where objects can be switched.
    fn switch(
        &mut self,
        menu: &'static Menu,
        command: &Command,
        disabled: &[u8],
    ) -> Result<Done, Refusal> {
        if !self.table(menu.path).takes("disabled") {
            return Err(Refusal::no_such_command());
        }
        self.set(menu, command, &[(b"disabled", disabled)])
    }

    fn remove_files(&mut self, command: &Command) -> Result<Done, Refusal> {
        let now = self.clock.now();
        let whole = target_list(command)?;
        let targets: Vec<&[u8]> = match self.files.find(whole, now) {
            Some(_) => vec![whole],
            None => whole.split(|&byte| byte == b',').collect(),
        };
        let find = |target| self.files.find(target, now).ok_or_else(Refusal::no_such_item);
        let files = targets.into_iter().map(find).collect::<Result<Vec<_>, _>>()?;
        for file in files {
            self.remove_file(&file.name);
        }
        Ok(Done::default())
    }

    fn add(
        &mut self,
        menu: &'static Menu,
        command: &Command,
        caller: &Caller,
    ) -> Result<Done, Refusal> {
        let mut pairs: Vec<(&[u8], &[u8])> = command.sentence().attributes().collect();
        pairs.retain(|(name, _)| *name != b"copy-from");
        let mut changes = self.checked(menu, &pairs)?;
        if let Some(original) = command.attribute("copy-from") {
            let mut copied = self.copied(menu, original)?;
            copied.append(&mut changes);
            changes = copied;
        }
        let id = self.insert(menu, changes)?;
        self.adopt(menu, id, caller);
        Ok(Done { ret: Some(id.to_string().into_bytes()), ..Done::default() })
    }

    /// Adds an object as a command would. `pairs` are its names and values.
    pub(super) fn add_object(
        &mut self,
        path: &'static str,
        pairs: &[(&[u8], &[u8])],
    ) -> Result<ObjectId, Refusal> {
        let menu = self.table(path).menu();
        let changes = self.checked(menu, pairs)?;
        let id = self.insert(menu, changes)?;
        self.publish(path, id);
        Ok(id)
    }

    fn insert(&mut self, menu: &'static Menu, changes: Changes) -> Result<ObjectId, Refusal> {
        let id = self.table_mut(menu.path).insert(changes)?;
        self.written(menu.path, id);
        Ok(id)
    }

    /// What the router itself writes into an object that a caller added.
    fn adopt(&mut self, menu: &'static Menu, id: ObjectId, caller: &Caller) {
        if matches!(menu.path, menus::SCHEDULER | menus::SCRIPT) {
            self.table_mut(menu.path).put(id, "owner", Some(caller.name.clone()));
        }
        if menu.path == menus::SCHEDULER {
            self.settle_scheduler_entry(id);
        }
        if menu.path == menus::ACCOUNT_GROUP && self.table(menu.path).text(id, "policy").is_none() {
            let nothing = Rights::NONE.listed(self.routeros.version()).into_bytes();
            self.table_mut(menu.path).put(id, "policy", Some(nothing));
        }
        self.publish(menu.path, id);
    }

    /// Every writable value of an object, as changes for a new one.
    fn copied(&self, menu: &'static Menu, original: &[u8]) -> Result<Changes, Refusal> {
        let table = self.table(menu.path);
        let id = table.find(original).ok_or_else(Refusal::no_such_item)?;
        Ok(table.writable_cells(id))
    }

    fn set(
        &mut self,
        menu: &'static Menu,
        command: &Command,
        pairs: &[(&[u8], &[u8])],
    ) -> Result<Done, Refusal> {
        let targets = self.targets(menu, command)?;
        let changes = self.checked(menu, pairs)?;
        let table = self.table_mut(menu.path);
        for id in &targets {
            table.refuse_duplicate(Some(*id), &changes)?;
        }
        for id in targets {
            self.change(menu, id, changes.clone());
        }
        Ok(Done::default())
    }

    fn change(&mut self, menu: &'static Menu, id: ObjectId, changes: Changes) {
        let table = self.table_mut(menu.path);
        let old = table.name(id).map(<[u8]>::to_vec);
        table.update(id, changes);
        let new = table.name(id).map(<[u8]>::to_vec);
        if let (Some(old), Some(new)) = (old, new)
            && old != new
        {
            self.redirect(menu, &old, &new);
        }
        self.written(menu.path, id);
        self.publish(menu.path, id);
    }

    fn remove(&mut self, menu: &'static Menu, command: &Command) -> Result<Done, Refusal> {
        for id in self.targets(menu, command)? {
            let table = self.table_mut(menu.path);
            let name = table.name(id).map(<[u8]>::to_vec);
            table.remove(id)?;
            self.erased(menu.path, id);
            if let Some(name) = name {
                self.redirect(menu, &name, id.to_string().as_bytes());
            }
            self.feed.removed(menu.path, id);
        }
        Ok(Done::default())
    }

    /// References follow a renamed object; those to a removed one show its number.
    fn redirect(&mut self, menu: &Menu, old: &[u8], new: &[u8]) {
        for table in self.tables.values_mut() {
            table.redirect(menu.path, old, new);
        }
    }

    fn remove_made(&mut self, made: Made, command: &Command) -> Result<Done, Refusal> {
        let ids: Vec<ObjectId> = target_list(command)?
            .split(|&byte| byte == b',')
            .map(|text| ObjectId::parse(text).ok_or_else(Refusal::no_such_item))
            .collect::<Result<_, _>>()?;
        for id in ids {
            let removed = match made {
                Made::Active => self.end_session(id, LogoutReason::AdminReset),
                Made::Host => self.remove_host(id),
                Made::Cookie => self.remove_cookie(id),
                Made::Line => self.reset_line(id),
                Made::PoolUsed | Made::Log | Made::File | Made::ActiveAccount => {
                    return Err(Refusal::no_such_command());
                }
            };
            if !removed {
                return Err(Refusal::no_such_item());
            }
        }
        Ok(Done::default())
    }

    fn reset_all_counters(
        &mut self,
        menu: &'static Menu,
        command: &Command,
    ) -> Result<Done, Refusal> {
        for id in self.targets(menu, command)? {
            self.write_usage(id, Usage::default());
        }
        Ok(Done::default())
    }

    fn reset_interfaces(
        &mut self,
        menu: &'static Menu,
        command: &Command,
    ) -> Result<Done, Refusal> {
        for id in self.targets(menu, command)? {
            self.zero_interface(id);
        }
        Ok(Done::default())
    }

    fn login_active(&mut self, command: &Command) -> Result<Done, Refusal> {
        let text =
            |name: &str| command.attribute(name).and_then(|text| std::str::from_utf8(text).ok());
        let needed = |name: &'static str| text(name).ok_or_else(|| Refusal::missing_value(name));
        let (user, address) = (needed("user")?, needed("ip")?);
        let address = address.parse().map_err(|_| Refusal::invalid_value("ip"))?;
        let mac: Mac =
            needed("mac-address")?.parse().map_err(|_| Refusal::invalid_value("mac-address"))?;
        self.login(user, text("password").unwrap_or_default(), mac, address)
            .map(|_| Done::default())
            .map_err(|refusal| Refusal::new(format!("failure: {refusal}")))
    }

    fn targets(&self, menu: &'static Menu, command: &Command) -> Result<Vec<ObjectId>, Refusal> {
        resolve(self.table(menu.path), target_list(command)?)
    }

    fn checked(&self, menu: &'static Menu, pairs: &[(&[u8], &[u8])]) -> Result<Changes, Refusal> {
        let knows = |path: &str, name: &[u8]| {
            let table = self.tables.get(path);
            table.is_some_and(|table| table.find(name).is_some())
        };
        self.table(menu.path).checked(pairs.iter().copied(), knows)
    }
}

/// The `=name=value` words that are values for an object.
fn assignments(command: &Command) -> Vec<(&[u8], &[u8])> {
    command
        .sentence()
        .attributes()
        .filter(|(name, _)| !TARGETS.iter().any(|target| target.as_bytes() == *name))
        .collect()
}

pub(super) fn target_list(command: &Command) -> Result<&[u8], Refusal> {
    TARGETS
        .iter()
        .find_map(|name| command.attribute(name))
        .ok_or_else(|| Refusal::missing_value("numbers"))
}

/// A number, a name, or a list of them. A name may hold a comma, so the whole text is tried first.
pub(super) fn resolve(table: &Table, list: &[u8]) -> Result<Vec<ObjectId>, Refusal> {
    if let Some(id) = table.find(list) {
        return Ok(vec![id]);
    }
    list.split(|&byte| byte == b',')
        .map(|target| table.find(target).ok_or_else(Refusal::no_such_item))
        .collect()
}
