//! What commands do: print, add, set, remove and the like.

use crate::proto::Sentence;

use super::{
    command::Command,
    id::ObjectId,
    mac::Mac,
    menus::{self, Made, Place, Single},
    meter::Usage,
    record::{Record, Shape, tagged},
    refusal::Refusal,
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
}

#[derive(Debug)]
pub(super) struct Follow {
    pub path: &'static str,
    pub shape: Shape,
}

/// What a print takes besides its query.
const PRINT_WORDS: [&[u8]; 14] = [
    b".proplist",
    b"brief",
    b"bytes",
    b"count-only",
    b"detail",
    b"follow",
    b"follow-only",
    b"from",
    b"packets",
    b"show-ids",
    b"terse",
    b"value-list",
    b"without-paging",
    b"interval",
];

/// How objects to work on are named.
const TARGETS: [&str; 2] = [".id", "numbers"];

impl Router {
    pub(super) fn execute(&mut self, command: &Command) -> Result<Done, Refusal> {
        if command.path() == "/system/reboot" {
            self.reboot();
            return Ok(Done::default());
        }
        let place = menus::find(command.menu()).ok_or_else(Refusal::no_such_menu)?;
        match (command.verb(), place) {
            ("print" | "getall", _) => self.print(place, command),
            ("listen", _) => listen(place, command),
            ("add" | "remove", Place::Stored(menu)) if menus::is_made_by_router(menu) => {
                Err(Refusal::no_such_command())
            }
            ("add", Place::Stored(menu)) => self.add(menu, command),
            ("set", Place::Stored(menu)) => {
                let pairs = assignments(command);
                self.set(menu, command, &pairs)
            }
            ("enable", Place::Stored(menu)) => self.set(menu, command, &[(b"disabled", b"no")]),
            ("disable", Place::Stored(menu)) => self.set(menu, command, &[(b"disabled", b"yes")]),
            ("unset", Place::Stored(menu)) => {
                let property = command.attribute("value-name");
                let property = property.ok_or_else(|| Refusal::missing_value("value-name"))?;
                self.set(menu, command, &[(property, b"")])
            }
            ("remove", Place::Stored(menu)) => self.remove(menu, command),
            ("remove", Place::Made(made)) => self.remove_made(made, command),
            ("reset-counters", Place::Stored(menu)) if menu.path == menus::USER => {
                self.reset_all_counters(menu, command)
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

    fn print(&self, place: Place, command: &Command) -> Result<Done, Refusal> {
        self.check_print_words(place, command)?;
        let shape = Shape::of(command.sentence())?;
        let shows_secrets = command.attribute("show-sensitive").is_some();
        let secrets = if shows_secrets { Secrets::Shown } else { self.default_secrets() };
        let wanted = self.candidates(place, command, secrets)?.filter(|record| shape.wants(record));
        if command.attribute("count-only").is_some() {
            let count = wanted.count().to_string().into_bytes();
            return Ok(Done { ret: Some(count), ..Done::default() });
        }
        let only_changes = command.attribute("follow-only").is_some();
        let follows = only_changes || command.attribute("follow").is_some();
        let mut rows: Vec<Sentence> = wanted
            .filter(|_| !only_changes)
            .map(|record| shape.row(&record, command.tag()))
            .collect();
        if rows.is_empty() && !follows && self.routeros.version().sends_empty() {
            rows.push(tagged("!empty", command.tag()));
        }
        let follow = follows.then(|| follow(place, shape)).transpose()?;
        Ok(Done { rows, ret: None, follow })
    }

    fn check_print_words(&self, place: Place, command: &Command) -> Result<(), Refusal> {
        let version = self.routeros.version();
        for (name, _) in command.sentence().attributes() {
            let is_known = match name {
                b"stats" => version.major >= 7 || matches!(place, Place::Made(Made::Active)),
                b"show-sensitive" => version.masks_secrets(),
                _ => PRINT_WORDS.contains(&name),
            };
            if !is_known {
                return Err(Refusal::unknown_parameter(name));
            }
        }
        Ok(())
    }

    /// The rows that may match: all of them, unless the command names a few.
    fn candidates<'a>(
        &'a self,
        place: Place,
        command: &'a Command,
        secrets: Secrets,
    ) -> Result<Box<dyn Iterator<Item = Record<'a>> + 'a>, Refusal> {
        let menu = match place {
            Place::Single(single) => {
                return Ok(Box::new(std::iter::once(self.single_record(single))));
            }
            Place::Made(made) => return Ok(self.made_records(made)),
            Place::Stored(menu) => menu,
        };
        let table = self.table(menu.path);
        let few = match command.attribute("from") {
            Some(list) => Some(resolve(table, list)?),
            None => named_by_query(table, command.sentence()),
        };
        Ok(match few {
            Some(ids) => Box::new(
                ids.into_iter().filter_map(move |id| self.stored_record(menu.path, id, secrets)),
            ),
            None => Box::new(self.stored_records(menu.path, secrets)),
        })
    }

    fn add(&mut self, menu: &'static Menu, command: &Command) -> Result<Done, Refusal> {
        let mut pairs = assignments(command);
        pairs.retain(|(name, _)| *name != b"copy-from");
        let mut changes = self.checked(menu, &pairs)?;
        if let Some(original) = command.attribute("copy-from") {
            let mut copied = self.copied(menu, original)?;
            copied.append(&mut changes);
            changes = copied;
        }
        let id = self.insert(menu, changes)?;
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
        self.insert(menu, changes)
    }

    fn insert(&mut self, menu: &'static Menu, changes: Changes) -> Result<ObjectId, Refusal> {
        let id = self.table_mut(menu.path).insert(changes)?;
        self.written(menu.path, id);
        self.publish(menu.path, id);
        Ok(id)
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
                Made::PoolUsed | Made::Log => return Err(Refusal::no_such_command()),
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

fn listen(place: Place, command: &Command) -> Result<Done, Refusal> {
    let shape = Shape::of(command.sentence())?;
    Ok(Done { follow: Some(follow(place, shape)?), ..Done::default() })
}

fn follow(place: Place, shape: Shape) -> Result<Follow, Refusal> {
    let path = match place {
        Place::Stored(menu) => menu.path,
        Place::Made(made) if made != Made::PoolUsed => made.path(),
        Place::Made(_) | Place::Single(Single::Resource | Single::Identity | Single::Clock) => {
            return Err(Refusal::no_such_command());
        }
    };
    Ok(Follow { path, shape })
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
fn resolve(table: &Table, list: &[u8]) -> Result<Vec<ObjectId>, Refusal> {
    if let Some(id) = table.find(list) {
        return Ok(vec![id]);
    }
    list.split(|&byte| byte == b',')
        .map(|target| table.find(target).ok_or_else(Refusal::no_such_item))
        .collect()
}

/// The objects that a plain condition on number or name leaves, so that looking one up does not read the whole menu.
fn named_by_query(table: &Table, command: &Sentence) -> Option<Vec<ObjectId>> {
    let name = table.menu().unique.first()?;
    if command.queries().any(|word| word.starts_with(b"#")) {
        return None;
    }
    command.queries().find_map(|word| {
        let word = word.strip_prefix(b"=").unwrap_or(word);
        let value = |property: &str| word.strip_prefix(property.as_bytes())?.strip_prefix(b"=");
        let by_id = || Some(ObjectId::parse(value(".id")?).into_iter().collect());
        value(name).map(|wanted| table.named(wanted).to_vec()).or_else(by_id)
    })
}
