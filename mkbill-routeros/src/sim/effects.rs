//! What a written object brings about elsewhere, and properties that are worked out when they are read.

use jiff::SignedDuration;

use crate::value::{date, duration};

use super::{
    agenda::Guest,
    hotspot::usage,
    id::ObjectId,
    menus,
    meter::Usage,
    prefix::Prefix,
    presence::packets,
    record::Record,
    router::Router,
    rules::{Counters, Disabling, Limits},
    session::LogoutReason,
    table::{Secrets, Table},
};

impl Router {
    /// The rows of a menu of stored objects as they are now.
    pub(super) fn stored_records(
        &self,
        path: &'static str,
        secrets: Secrets,
    ) -> impl Iterator<Item = Record<'_>> {
        self.table(path).records(secrets).map(move |record| self.live(path, record))
    }

    /// One row of a menu of stored objects as it is now.
    pub(super) fn stored_record(
        &self,
        path: &'static str,
        id: ObjectId,
        secrets: Secrets,
    ) -> Option<Record<'_>> {
        Some(self.live(path, self.table(path).record(id, secrets)?))
    }

    fn live<'a>(&'a self, path: &'static str, mut record: Record<'a>) -> Record<'a> {
        let Some(id) = record.id() else {
            return record;
        };
        match path {
            menus::QUEUE => self.count_queue(id, &mut record),
            menus::INTERFACE => self.count_interface(id, &mut record),
            menus::SCHEDULER => return record.with_some("next-run", self.next_run(id)),
            menus::USER if self.rules.counters == Counters::MoveLive => {
                show_usage(&mut record, self.usage_so_far(id));
            }
            _ => {}
        }
        record
    }

    /// What the sessions of a hotspot user used, those that run included where the rules say so.
    pub(super) fn usage_so_far(&self, user: ObjectId) -> Usage {
        let users = self.table(menus::USER);
        let finished = usage(users, user);
        if self.rules.counters == Counters::MoveAtLogout {
            return finished;
        }
        let now = self.clock.now();
        let name = users.name(user).unwrap_or_default();
        let sessions = self.presence.users.of(name);
        sessions
            .filter_map(|mac| self.presence.sessions.of(mac))
            .filter(|session| session.user_id == user)
            .fold(finished, |sum, session| sum.plus(session.meter.used(now)))
    }

    /// An object was added or set.
    pub(super) fn written(&mut self, path: &'static str, id: ObjectId) {
        match path {
            menus::INTERFACE => self.switch_interface(id),
            menus::ADDRESS => self.complete_address(id),
            menus::ADDRESS_LIST => self.date_entry(id),
            menus::IP_BINDING => self.flag_binding(id),
            menus::USER => {
                if is_disabled(self.table(menus::USER), id) {
                    self.end_sessions_of(id);
                }
                self.read_limits_again(Some(id));
            }
            menus::USER_PROFILE => self.read_limits_again(None),
            menus::PPP_SECRET if is_disabled(self.table(menus::PPP_SECRET), id) => {
                self.end_lines_of(id);
            }
            _ => {}
        }
    }

    /// An object was removed.
    pub(super) fn erased(&mut self, path: &'static str, id: ObjectId) {
        match path {
            menus::USER => self.end_sessions_of(id),
            menus::PPP_SECRET => self.end_lines_of(id),
            _ => {}
        }
    }

    fn end_sessions_of(&mut self, user: ObjectId) {
        if self.rules.disabling == Disabling::LeavesSessions {
            return;
        }
        let sessions = self.presence.sessions.iter();
        let of_user = sessions.filter(|(_, _, session)| session.user_id == user);
        let ids: Vec<ObjectId> = of_user.map(|(id, _, _)| id).collect();
        for id in ids {
            self.end_session(id, LogoutReason::AdminReset);
        }
    }

    /// Gives running sessions the limits of now: those of one user, or all after a change of a profile.
    fn read_limits_again(&mut self, user: Option<ObjectId>) {
        if self.rules.limits == Limits::FixedAtLogin {
            return;
        }
        let is_meant = |id: ObjectId| user.is_none_or(|user| user == id);
        let users = self.table(menus::USER);
        let guests: Vec<_> = self
            .presence
            .sessions
            .iter()
            .filter(|(_, _, held)| is_meant(held.user_id) && users.name(held.user_id).is_some())
            .map(|(_, mac, held)| (Guest::Hotspot(mac), held.user_id))
            .collect();
        for (guest, user) in guests {
            let allowance = self.allowance(user);
            if let Some(meter) = self.meter_mut(guest) {
                meter.allowance = allowance;
            }
            self.settle(guest);
        }
    }

    /// The network of an address follows from its length unless it was given.
    fn complete_address(&mut self, id: ObjectId) {
        let addresses = self.table_mut(menus::ADDRESS);
        let prefix = text(addresses, id, "address").and_then(|text| text.parse::<Prefix>().ok());
        let network = prefix.map(|prefix| prefix.network().to_string().into_bytes());
        let interface = addresses.text(id, "interface").map(<[u8]>::to_vec);
        if addresses.text(id, "network").is_none() {
            addresses.put(id, "network", network);
        }
        addresses.put(id, "actual-interface", interface);
    }

    /// An entry of an address list keeps the date of its first writing.
    fn date_entry(&mut self, id: ObjectId) {
        let now = self.shown_moment();
        let never = date::never(self.date_dialect());
        let lists = self.table_mut(menus::ADDRESS_LIST);
        if lists.text(id, "creation-time") == Some(never.as_bytes()) {
            lists.put(id, "creation-time", Some(now));
        }
    }

    fn flag_binding(&mut self, id: ObjectId) {
        let bindings = self.table_mut(menus::IP_BINDING);
        let kind = bindings.text(id, "type").unwrap_or_default().to_vec();
        for flag in ["bypassed", "blocked"] {
            let value = (kind == flag.as_bytes()).to_string();
            bindings.put(id, flag, Some(value.into_bytes()));
        }
    }
}

fn show_usage(record: &mut Record<'_>, usage: Usage) {
    record.replace("uptime", duration::format(usage.uptime));
    record.replace("bytes-in", usage.bytes_in);
    record.replace("bytes-out", usage.bytes_out);
    record.replace("packets-in", packets(usage.bytes_in));
    record.replace("packets-out", packets(usage.bytes_out));
}

/// A property as text, unless it is empty.
pub(super) fn text<'t>(table: &'t Table, id: ObjectId, column: &str) -> Option<&'t str> {
    std::str::from_utf8(table.text(id, column)?).ok().filter(|text| !text.is_empty())
}

/// A property as a number.
pub(super) fn number(table: &Table, id: ObjectId, column: &str) -> Option<u64> {
    text(table, id, column)?.parse().ok()
}

/// A property as a stretch of time; `None` for `none` too.
pub(super) fn time(table: &Table, id: ObjectId, column: &str) -> Option<SignedDuration> {
    duration::parse(text(table, id, column)?).ok()
}

/// Whether an object is switched off.
pub(super) fn is_disabled(table: &Table, id: ObjectId) -> bool {
    table.text(id, "disabled") == Some(b"true")
}
