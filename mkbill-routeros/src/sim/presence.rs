//! Who is on the hotspot now: sessions, devices seen, cookies kept.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::Hash,
    net::IpAddr,
};

use jiff::{SignedDuration, Timestamp};

use crate::value::duration;

use super::{
    id::{IdSource, ObjectId},
    mac::Mac,
    meter::Usage,
    record::Record,
    session::Session,
};

/// A device that the hotspot has seen.
#[derive(Debug)]
pub(super) struct Host {
    pub address: IpAddr,
    /// The address that it has from a pool, or else its own.
    pub to_address: IpAddr,
    pub server: Vec<u8>,
    pub seen_since: Timestamp,
    pub bypassed: bool,
}

/// The right of a device to come back without a password.
#[derive(Debug)]
pub(super) struct Cookie {
    pub user: Vec<u8>,
    pub address: IpAddr,
    pub expires: Timestamp,
}

/// Rows that come and go, at most one for each key.
#[derive(Debug)]
pub(super) struct Rows<K, T> {
    ids: IdSource,
    by_id: BTreeMap<ObjectId, (K, T)>,
    by_key: HashMap<K, ObjectId>,
}

impl<K, T> Default for Rows<K, T> {
    fn default() -> Self {
        Self { ids: IdSource::starting_at(1), by_id: BTreeMap::new(), by_key: HashMap::new() }
    }
}

impl<K: Copy + Eq + Hash, T> Rows<K, T> {
    /// Adds the row of a key in place of the one it had.
    pub(super) fn insert(&mut self, key: K, row: T) -> ObjectId {
        let id = self.ids.take();
        if let Some(old) = self.by_key.insert(key, id) {
            self.by_id.remove(&old);
        }
        self.by_id.insert(id, (key, row));
        id
    }

    pub(super) fn remove(&mut self, id: ObjectId) -> Option<(K, T)> {
        let (key, row) = self.by_id.remove(&id)?;
        self.by_key.remove(&key);
        Some((key, row))
    }

    pub(super) fn id_of(&self, key: K) -> Option<ObjectId> {
        self.by_key.get(&key).copied()
    }

    pub(super) fn get(&self, id: ObjectId) -> Option<(K, &T)> {
        self.by_id.get(&id).map(|(key, row)| (*key, row))
    }

    pub(super) fn of(&self, key: K) -> Option<&T> {
        self.get(self.id_of(key)?).map(|(_, row)| row)
    }

    pub(super) fn of_mut(&mut self, key: K) -> Option<&mut T> {
        let id = self.id_of(key)?;
        self.by_id.get_mut(&id).map(|(_, row)| row)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ObjectId, K, &T)> {
        self.by_id.iter().map(|(id, (key, row))| (*id, *key, row))
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.by_id.values_mut().map(|(_, row)| row)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Gives every row a new number, in the old order.
    pub(super) fn renumber(&mut self) {
        for (_, (key, row)) in std::mem::take(&mut self.by_id) {
            self.insert(key, row);
        }
    }
}

/// Who is online under each name.
#[derive(Debug)]
pub(super) struct Names<K>(HashMap<Vec<u8>, BTreeSet<K>>);

impl<K> Default for Names<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Ord> Names<K> {
    pub(super) fn add(&mut self, name: &[u8], key: K) {
        match self.0.get_mut(name) {
            Some(keys) => {
                keys.insert(key);
            }
            None => {
                self.0.insert(name.to_vec(), BTreeSet::from([key]));
            }
        }
    }

    pub(super) fn drop(&mut self, name: &[u8], key: K) {
        let Some(keys) = self.0.get_mut(name) else {
            return;
        };
        keys.remove(&key);
        if keys.is_empty() {
            self.0.remove(name);
        }
    }

    pub(super) fn of(&self, name: &[u8]) -> impl ExactSizeIterator<Item = K> {
        self.0.get(name).map(BTreeSet::iter).unwrap_or_default().copied()
    }
}

/// Everything about the hotspot that commands cannot write.
#[derive(Debug, Default)]
pub(super) struct Presence {
    pub sessions: Rows<Mac, Session>,
    pub users: Names<Mac>,
    pub hosts: Rows<Mac, Host>,
    pub cookies: Rows<Mac, Cookie>,
}

impl Presence {
    /// What a reboot leaves: cookies are on the disk, all else is gone.
    pub(super) fn reboot(&mut self) {
        self.sessions = Rows::default();
        self.users = Names::default();
        self.hosts = Rows::default();
        self.cookies.renumber();
    }

    pub(super) fn open(&mut self, mac: Mac, session: Session) -> ObjectId {
        self.users.add(&session.user, mac);
        self.sessions.insert(mac, session)
    }

    pub(super) fn close(&mut self, id: ObjectId) -> Option<(Mac, Session)> {
        let (mac, session) = self.sessions.remove(id)?;
        self.users.drop(&session.user, mac);
        Some((mac, session))
    }

    pub(super) fn active_record(&self, id: ObjectId, now: Timestamp) -> Option<Record<'_>> {
        let (mac, session) = self.sessions.get(id)?;
        Some(active_record(id, mac, session, now))
    }

    pub(super) fn active_records(&self, now: Timestamp) -> impl Iterator<Item = Record<'_>> {
        self.sessions.iter().map(move |(id, mac, session)| active_record(id, mac, session, now))
    }

    pub(super) fn host_record(&self, id: ObjectId, now: Timestamp) -> Option<Record<'_>> {
        let (mac, host) = self.hosts.get(id)?;
        Some(self.shown_host(id, mac, host, now))
    }

    pub(super) fn host_records(&self, now: Timestamp) -> impl Iterator<Item = Record<'_>> {
        self.hosts.iter().map(move |(id, mac, host)| self.shown_host(id, mac, host, now))
    }

    fn shown_host<'a>(
        &'a self,
        id: ObjectId,
        mac: Mac,
        host: &'a Host,
        now: Timestamp,
    ) -> Record<'a> {
        let meter = self.sessions.of(mac).map(|session| &session.meter);
        let used = meter.map_or(Usage::default(), |meter| meter.used(now));
        let idle = meter.map_or(SignedDuration::ZERO, |meter| meter.idle(now));
        let mut record = Record::of(id)
            .with("mac-address", mac)
            .with("address", host.address)
            .with("to-address", host.to_address);
        record.push("server", &host.server[..]);
        record
            .with("uptime", duration::format(now.duration_since(host.seen_since)))
            .with("idle-time", duration::format(idle))
            .with("bytes-in", used.bytes_in)
            .with("bytes-out", used.bytes_out)
            .with("packets-in", packets(used.bytes_in))
            .with("packets-out", packets(used.bytes_out))
            .with("bridge-port", "ether2")
            .with("DHCP", false)
            .with("authorized", meter.is_some())
            .with("bypassed", host.bypassed)
    }

    pub(super) fn cookie_record(&self, id: ObjectId, now: Timestamp) -> Option<Record<'_>> {
        let (mac, cookie) = self.cookies.get(id)?;
        Some(cookie_record(id, mac, cookie, now))
    }

    pub(super) fn cookie_records(&self, now: Timestamp) -> impl Iterator<Item = Record<'_>> {
        self.cookies.iter().map(move |(id, mac, cookie)| cookie_record(id, mac, cookie, now))
    }
}

fn active_record(id: ObjectId, mac: Mac, session: &Session, now: Timestamp) -> Record<'_> {
    let meter = &session.meter;
    let (allowance, used) = (&meter.allowance, meter.used(now));
    let mut record = Record::of(id);
    record.push("server", &session.server[..]);
    record.push("user", &session.user[..]);
    let mut record = record
        .with("address", session.address)
        .with("mac-address", mac)
        .with("login-by", session.login_by)
        .with("uptime", duration::format(used.uptime))
        .with("idle-time", duration::format(meter.idle(now)))
        .with_some("session-time-left", meter.time_left(now).map(duration::format))
        .with_some("idle-timeout", allowance.idle.map(duration::format))
        .with_some("keepalive-timeout", allowance.keepalive.map(duration::format))
        .with("bytes-in", used.bytes_in)
        .with("bytes-out", used.bytes_out)
        .with("packets-in", packets(used.bytes_in))
        .with("packets-out", packets(used.bytes_out))
        .with_some("limit-bytes-in", allowance.upload)
        .with_some("limit-bytes-out", allowance.download)
        .with_some("limit-bytes-total", allowance.total)
        .with("radius", false);
    if let Some(comment) = &session.comment {
        record.push("comment", &comment[..]);
    }
    record
}

fn cookie_record(id: ObjectId, mac: Mac, cookie: &Cookie, now: Timestamp) -> Record<'_> {
    let mut record = Record::of(id);
    record.push("user", &cookie.user[..]);
    let left = cookie.expires.duration_since(now);
    record.with("mac-address", mac).with("expires-in", duration::format(left))
}

/// How many packets of a usual size carry these bytes.
pub(super) fn packets(bytes: u64) -> u64 {
    const PACKET_BYTES: u64 = 1400;
    bytes.div_ceil(PACKET_BYTES)
}
