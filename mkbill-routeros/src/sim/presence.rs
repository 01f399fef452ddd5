//! Who is on the hotspot now: sessions, devices seen, cookies kept.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use jiff::SignedDuration;

use crate::value::duration;

use super::{
    id::{IdSource, ObjectId},
    mac::Mac,
    record::Record,
    session::Session,
};

/// A device that the hotspot has seen.
#[derive(Debug)]
pub(super) struct Host {
    pub address: IpAddr,
    pub server: Vec<u8>,
    pub uptime: SignedDuration,
}

/// The right of a device to come back without a password.
#[derive(Debug)]
pub(super) struct Cookie {
    pub user: Vec<u8>,
    pub address: IpAddr,
    pub expires_in: SignedDuration,
}

/// Rows that come and go, at most one for each device.
#[derive(Debug)]
pub(super) struct Rows<T> {
    ids: IdSource,
    by_id: BTreeMap<ObjectId, (Mac, T)>,
    by_mac: HashMap<Mac, ObjectId>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { ids: IdSource::starting_at(1), by_id: BTreeMap::new(), by_mac: HashMap::new() }
    }
}

impl<T> Rows<T> {
    /// Adds the row of a device in place of the one it had.
    pub(super) fn insert(&mut self, mac: Mac, row: T) -> ObjectId {
        let id = self.ids.take();
        if let Some(old) = self.by_mac.insert(mac, id) {
            self.by_id.remove(&old);
        }
        self.by_id.insert(id, (mac, row));
        id
    }

    pub(super) fn remove(&mut self, id: ObjectId) -> Option<(Mac, T)> {
        let (mac, row) = self.by_id.remove(&id)?;
        self.by_mac.remove(&mac);
        Some((mac, row))
    }

    pub(super) fn of(&self, mac: Mac) -> Option<ObjectId> {
        self.by_mac.get(&mac).copied()
    }

    pub(super) fn get(&self, id: ObjectId) -> Option<(Mac, &T)> {
        self.by_id.get(&id).map(|(mac, row)| (*mac, row))
    }

    pub(super) fn get_mut(&mut self, id: ObjectId) -> Option<&mut T> {
        self.by_id.get_mut(&id).map(|(_, row)| row)
    }

    pub(super) fn of_mut(&mut self, mac: Mac) -> Option<&mut T> {
        self.get_mut(self.of(mac)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ObjectId, Mac, &T)> {
        self.by_id.iter().map(|(id, (mac, row))| (*id, *mac, row))
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.by_id.values_mut().map(|(_, row)| row)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Gives every row a new number, in the old order.
    pub(super) fn renumber(&mut self) {
        for (_, (mac, row)) in std::mem::take(&mut self.by_id) {
            self.insert(mac, row);
        }
    }
}

/// Everything about the hotspot that commands cannot write.
#[derive(Debug, Default)]
pub(super) struct Presence {
    pub sessions: Rows<Session>,
    pub hosts: Rows<Host>,
    pub cookies: Rows<Cookie>,
}

impl Presence {
    /// What a reboot leaves: cookies are on the disk, all else is gone.
    pub(super) fn reboot(&mut self) {
        self.sessions = Rows::default();
        self.hosts = Rows::default();
        self.cookies.renumber();
    }

    pub(super) fn sessions_of(&self, user: &[u8]) -> usize {
        let of_user = |(_, _, session): &(_, _, &Session)| session.user == user;
        self.sessions.iter().filter(of_user).count()
    }

    pub(super) fn pass(&mut self, by: SignedDuration) {
        self.sessions.values_mut().for_each(|session| session.pass(by));
        for host in self.hosts.values_mut() {
            host.uptime = host.uptime.saturating_add(by);
        }
    }

    /// Lets cookies age and drops those past their time. Gives the numbers of the dropped ones.
    pub(super) fn age_cookies(&mut self, by: SignedDuration) -> Vec<ObjectId> {
        for cookie in self.cookies.values_mut() {
            cookie.expires_in = cookie.expires_in.saturating_sub(by);
        }
        let is_over = |cookie: &Cookie| cookie.expires_in <= SignedDuration::ZERO;
        let over: Vec<ObjectId> = self
            .cookies
            .iter()
            .filter(|(_, _, cookie)| is_over(cookie))
            .map(|(id, _, _)| id)
            .collect();
        for id in &over {
            self.cookies.remove(*id);
        }
        over
    }

    pub(super) fn active_record(&self, id: ObjectId) -> Option<Record<'_>> {
        let (mac, session) = self.sessions.get(id)?;
        Some(active_record(id, mac, session))
    }

    pub(super) fn active_records(&self) -> impl Iterator<Item = Record<'_>> {
        self.sessions.iter().map(|(id, mac, session)| active_record(id, mac, session))
    }

    pub(super) fn host_records(&self) -> impl Iterator<Item = Record<'_>> {
        self.hosts.iter().map(|(id, mac, host)| {
            let session = self.sessions.of(mac).and_then(|id| self.sessions.get(id));
            let moved =
                session.map_or((0, 0), |(_, session)| (session.upload(), session.download()));
            let mut record = Record::of(id)
                .with("mac-address", mac)
                .with("address", host.address)
                .with("to-address", host.address);
            record.push("server", &host.server[..]);
            record
                .with("uptime", duration::format(host.uptime))
                .with("bytes-in", moved.0)
                .with("bytes-out", moved.1)
                .with("authorized", session.is_some())
                .with("bypassed", false)
        })
    }

    pub(super) fn cookie_record(&self, id: ObjectId) -> Option<Record<'_>> {
        let (mac, cookie) = self.cookies.get(id)?;
        Some(cookie_record(id, mac, cookie))
    }

    pub(super) fn cookie_records(&self) -> impl Iterator<Item = Record<'_>> {
        self.cookies.iter().map(|(id, mac, cookie)| cookie_record(id, mac, cookie))
    }
}

fn active_record(id: ObjectId, mac: Mac, session: &Session) -> Record<'_> {
    let allowance = &session.allowance;
    let mut record = Record::of(id);
    record.push("server", &session.server[..]);
    record.push("user", &session.user[..]);
    let mut record = record
        .with("address", session.address)
        .with("mac-address", mac)
        .with("login-by", session.login_by)
        .with("uptime", duration::format(session.uptime))
        .with("idle-time", duration::format(session.idle))
        .with_some("session-time-left", session.time_left().map(duration::format))
        .with_some("idle-timeout", allowance.idle.map(duration::format))
        .with_some("keepalive-timeout", allowance.keepalive.map(duration::format))
        .with("bytes-in", session.upload())
        .with("bytes-out", session.download())
        .with("packets-in", packets(session.upload()))
        .with("packets-out", packets(session.download()))
        .with_some("limit-bytes-in", allowance.upload)
        .with_some("limit-bytes-out", allowance.download)
        .with_some("limit-bytes-total", allowance.total)
        .with("radius", false);
    if let Some(comment) = &session.comment {
        record.push("comment", &comment[..]);
    }
    record
}

fn cookie_record(id: ObjectId, mac: Mac, cookie: &Cookie) -> Record<'_> {
    let mut record = Record::of(id);
    record.push("user", &cookie.user[..]);
    record.with("mac-address", mac).with("expires-in", duration::format(cookie.expires_in))
}

/// How many packets of a usual size carry these bytes.
pub(super) fn packets(bytes: u64) -> u64 {
    const PACKET_BYTES: u64 = 1400;
    bytes.div_ceil(PACKET_BYTES)
}
