//! Reading: print, listen, get and find.

use std::borrow::Cow;

use crate::{
    proto::Sentence,
    value::{compare, version::release::V7},
};

use super::{
    command::Command,
    console::{Done, Follow, resolve, target_list},
    id::ObjectId,
    menus::{Made, Place},
    record::{Record, Shape, tagged},
    refusal::Refusal,
    rights::{Caller, Rights},
    router::Router,
    table::{Secrets, Table},
};

/// What a print takes in every release besides its query.
const PRINT_WORDS: [&[u8]; 17] = [
    b".proplist",
    b"append",
    b"brief",
    b"bytes",
    b"count-only",
    b"detail",
    b"file",
    b"follow",
    b"follow-only",
    b"from",
    b"interval",
    b"packets",
    b"proplist",
    b"show-ids",
    b"terse",
    b"value-list",
    b"without-paging",
];
/// What came with version 7.
const PRINT_WORDS_V7: [&[u8]; 4] = [b"as-value", b"group-by", b"order-by", b"stats"];
/// Menus that take `stats` before version 7.
const STATS_MENUS: [&str; 4] =
    ["/interface", "/ip/hotspot/active", "/ip/hotspot/user", "/queue/simple"];

impl Router {
    pub(super) fn print(
        &mut self,
        place: Place,
        command: &Command,
        caller: &Caller,
    ) -> Result<Done, Refusal> {
        self.check_print_words(place, command)?;
        let shape = Shape::of(command.sentence())?;
        let secrets = self.secrets_for(command, caller);
        let wanted = self.candidates(place, command, secrets)?.filter(|record| shape.wants(record));
        if command.attribute("count-only").is_some() {
            let count = wanted.count().to_string().into_bytes();
            return Ok(Done { ret: Some(count), ..Done::default() });
        }
        let only_changes = command.attribute("follow-only").is_some();
        let follows = only_changes || command.attribute("follow").is_some();
        let mut wanted: Vec<Record<'_>> = wanted.filter(|_| !only_changes).collect();
        if let Some(order) = command.attribute("order-by") {
            sort(&mut wanted, order);
        }
        let mut rows: Vec<Sentence> =
            wanted.iter().map(|record| shape.row(record, command.tag())).collect();
        if let Some(name) = command.attribute("file") {
            return self.print_to_file(name, &rows);
        }
        if rows.is_empty() && !follows && self.routeros.version().sends_empty() {
            rows.push(tagged("!empty", command.tag()));
        }
        let follow = follows.then(|| Follow { path: place.path(), shape, secrets });
        Ok(Done { rows, follow, ..Done::default() })
    }

    pub(super) fn listen(
        &self,
        place: Place,
        command: &Command,
        caller: &Caller,
    ) -> Result<Done, Refusal> {
        let shape = Shape::of(command.sentence())?;
        let secrets = self.secrets_for(command, caller);
        let follow = Follow { path: place.path(), shape, secrets };
        Ok(Done { follow: Some(follow), ..Done::default() })
    }

    /// `get`: one property of one object, or all of them in one text.
    pub(super) fn get_value(
        &self,
        place: Place,
        command: &Command,
        caller: &Caller,
    ) -> Result<Done, Refusal> {
        let secrets = self.secrets_for(command, caller);
        let record = match place {
            Place::Single(single) => self.single_record(single),
            Place::Stored(menu) => {
                let id = *resolve(self.table(menu.path), target_list(command)?)?
                    .first()
                    .ok_or_else(Refusal::no_such_item)?;
                let mut found = self.stored_records(menu.path, secrets);
                found.find(|record| record.id() == Some(id)).ok_or_else(Refusal::no_such_item)?
            }
            Place::Made(made) => {
                let id = ObjectId::parse(target_list(command)?);
                let mut found = self.made_records(made).filter(|record| record.id() == id);
                found.next().ok_or_else(Refusal::no_such_item)?
            }
        };
        let value = match command.attribute("value-name") {
            Some(name) => {
                let name = std::str::from_utf8(name).unwrap_or_default();
                record.get(name).map(Cow::into_owned).unwrap_or_default()
            }
            None => in_one_text(&record),
        };
        Ok(Done { ret: Some(value), ..Done::default() })
    }

    /// `find`: the numbers of the rows that a query chooses.
    pub(super) fn find_rows(&self, place: Place, command: &Command) -> Result<Done, Refusal> {
        let shape = Shape::of(command.sentence())?;
        let found = self.candidates(place, command, Secrets::Shown)?;
        let ids = found.filter(|record| shape.wants(record)).filter_map(|record| record.id());
        let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
        Ok(Done { ret: Some(ids.join(";").into_bytes()), ..Done::default() })
    }

    /// Secrets show to those who may see them, and from 7.21 on only when asked for.
    fn secrets_for(&self, command: &Command, caller: &Caller) -> Secrets {
        if !caller.rights.holds(Rights::SENSITIVE) {
            Secrets::Masked
        } else if command.attribute("show-sensitive").is_some() {
            Secrets::Shown
        } else {
            self.default_secrets()
        }
    }

    fn check_print_words(&self, place: Place, command: &Command) -> Result<(), Refusal> {
        let version = self.routeros.version();
        for (name, _) in command.sentence().attributes() {
            let is_known = match name {
                b"stats" => version >= V7 || STATS_MENUS.contains(&place.path()),
                b"show-sensitive" => version.masks_secrets(),
                b"follow" | b"follow-only" | b"from" => !matches!(place, Place::Single(_)),
                _ => PRINT_WORDS.contains(&name) || version >= V7 && PRINT_WORDS_V7.contains(&name),
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
            Place::Made(made) => return self.made_candidates(made, command),
            Place::Stored(menu) => menu,
        };
        let table = self.table(menu.path);
        let few = match command.attribute("from") {
            Some(list) => Some(resolve(table, list)?),
            None => named_by_query(table, command.sentence()),
        };
        let Some(ids) = few else {
            return Ok(Box::new(self.stored_records(menu.path, secrets)));
        };
        let record = move |id| self.stored_record(menu.path, id, secrets);
        Ok(Box::new(ids.into_iter().filter_map(record)))
    }

    fn made_candidates<'a>(
        &'a self,
        made: Made,
        command: &'a Command,
    ) -> Result<Box<dyn Iterator<Item = Record<'a>> + 'a>, Refusal> {
        let records = self.made_records(made);
        let Some(list) = command.attribute("from") else {
            return Ok(records);
        };
        let ids: Vec<ObjectId> = list
            .split(|&byte| byte == b',')
            .map(|text| ObjectId::parse(text).ok_or_else(Refusal::no_such_item))
            .collect::<Result<_, _>>()?;
        let is_named = move |record: &Record<'_>| record.id().is_some_and(|id| ids.contains(&id));
        Ok(Box::new(records.filter(is_named)))
    }

    /// `print file=x` leaves the rows in `x.txt` and answers nothing: before version 7 the only way to make a file.
    fn print_to_file(&mut self, name: &[u8], rows: &[Sentence]) -> Result<Done, Refusal> {
        let name = std::str::from_utf8(name).map_err(|_| Refusal::invalid_value("file"))?;
        let name = if name.contains('.') { name.to_owned() } else { format!("{name}.txt") };
        let mut text = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            text.extend_from_slice(format!("{number:>2}").as_bytes());
            for (name, value) in row.attributes() {
                text.extend([b" ", name, b"=", value].concat());
            }
            text.extend_from_slice(b"\r\n");
        }
        self.write_file_later(&name, text)?;
        Ok(Done::default())
    }
}

fn sort(records: &mut [Record<'_>], order: &[u8]) {
    let Ok(order) = std::str::from_utf8(order) else {
        return;
    };
    let keys: Vec<&str> = order.split(',').collect();
    records.sort_by(|one, other| {
        let by_key = keys.iter().map(|key| match (one.get(key), other.get(key)) {
            (Some(one), Some(other)) => compare::natural(&one, &other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        });
        by_key.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
}

fn in_one_text(record: &Record<'_>) -> Vec<u8> {
    let id = record.id().map(|id| format!(".id={id}").into_bytes());
    let fields = record.fields().map(|(name, value)| [name.as_bytes(), b"=", value].concat());
    id.into_iter().chain(fields).collect::<Vec<_>>().join(&b';')
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
