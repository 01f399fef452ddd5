//! Devices that the hotspot sees, logged in or not, and what they are bound to.

use std::net::IpAddr;

use super::super::{
    agenda::Event,
    command::Command,
    console::{Done, target_list},
    effects::{is_disabled, text},
    id::ObjectId,
    mac::Mac,
    menus::{self, Made},
    presence::Host,
    refusal::Refusal,
    router::Router,
    session::{LoginBy, LogoutReason},
};
use super::admission::Attempt;

impl Router {
    /// A device comes into reach: the hotspot sees it, and lets it in at once where a cookie or its hardware address
    /// is enough. Gives the number of the row in `/ip/hotspot/active` then.
    ///
    /// A device that is online already stays so.
    pub fn appear(&mut self, mac: Mac, address: IpAddr) -> Option<ObjectId> {
        let server = self.running_server()?;
        if self.binding_of(mac, address) == Some(b"blocked") {
            return None;
        }
        self.see_host(mac, address, None);
        self.publish_host(mac);
        if let Some(online) = self.presence.sessions.id_of(mac) {
            return Some(online);
        }
        if let Some(Ok(id)) = self.return_by_cookie(mac) {
            return Some(id);
        }
        if !self.server_lets_in(server, LoginBy::Mac) {
            return None;
        }
        let user = mac.to_string();
        let (password, login_by) = (Some(&b""[..]), LoginBy::Mac);
        self.attempt(&Attempt { user: &user, password, mac, address, login_by }).ok()
    }

    /// The device goes out of reach for good: its session ends and the hotspot forgets it.
    pub fn disappear(&mut self, mac: Mac) {
        if let Some(session) = self.presence.sessions.id_of(mac) {
            self.end_session(session, LogoutReason::KeepaliveTimeout);
        }
        self.forget_host(mac);
    }

    /// The kind of the first enabled binding that fits the device.
    pub(super) fn binding_of(&self, mac: Mac, address: IpAddr) -> Option<&[u8]> {
        let bindings = self.table(menus::IP_BINDING);
        let fits = |id: &ObjectId| {
            let bound_mac: Option<Mac> =
                text(bindings, *id, "mac-address").and_then(|text| text.parse().ok());
            let bound_mac = bound_mac.filter(|bound| *bound != Mac::NONE);
            let bound_address: Option<IpAddr> =
                text(bindings, *id, "address").and_then(|text| text.parse().ok());
            !is_disabled(bindings, *id)
                && (bound_mac.is_some() || bound_address.is_some())
                && bound_mac.is_none_or(|bound| bound == mac)
                && bound_address.is_none_or(|bound| bound == address)
        };
        bindings.text(bindings.ids().find(fits)?, "type")
    }

    /// Enters a device into the list of hosts, or the address that it got there.
    pub(super) fn see_host(&mut self, mac: Mac, address: IpAddr, given: Option<IpAddr>) {
        let bypassed = self.binding_of(mac, address) == Some(b"bypassed");
        if let Some(host) = self.presence.hosts.of_mut(mac) {
            host.address = address;
            host.to_address = given.unwrap_or(host.to_address);
            host.bypassed = bypassed;
            return;
        }
        let server = self.running_server().and_then(|id| self.table(menus::SERVER).name(id));
        let host = Host {
            address,
            to_address: given.unwrap_or(address),
            server: server.unwrap_or_default().to_vec(),
            seen_since: self.clock.now(),
            bypassed,
        };
        self.presence.hosts.insert(mac, host);
    }

    /// Tells listeners that a device changed.
    pub(super) fn publish_host(&mut self, mac: Mac) {
        let path = Made::Host.path();
        if !self.feed.hears(path) {
            return;
        }
        let id = self.presence.hosts.id_of(mac);
        let record = id.and_then(|id| self.presence.host_record(id, self.clock.now()));
        if let Some(record) = record {
            self.feed.changed(path, &record);
        }
    }

    pub(super) fn forget_host(&mut self, mac: Mac) {
        if let Some(id) = self.presence.hosts.id_of(mac) {
            self.presence.hosts.remove(id);
            self.feed.removed(Made::Host.path(), id);
        }
    }

    /// A removed device is offline too. `false` when there is no such device.
    pub(in super::super) fn remove_host(&mut self, id: ObjectId) -> bool {
        let Some((mac, _)) = self.presence.hosts.get(id) else {
            return false;
        };
        if let Some(session) = self.presence.sessions.id_of(mac) {
            self.end_session(session, LogoutReason::AdminReset);
        }
        self.forget_host(mac);
        true
    }

    /// The device will have to show a password again. `false` when there is no such cookie.
    pub(in super::super) fn remove_cookie(&mut self, id: ObjectId) -> bool {
        let Some((mac, _)) = self.presence.cookies.remove(id) else {
            return false;
        };
        self.agenda.plan(Event::Forget(mac), None);
        self.feed.removed(Made::Cookie.path(), id);
        true
    }

    /// `make-binding`: each named host gets a binding with its addresses.
    pub(in super::super) fn make_binding(&mut self, command: &Command) -> Result<Done, Refusal> {
        let kind = command.attribute("type").unwrap_or(b"regular").to_vec();
        for target in target_list(command)?.split(|&byte| byte == b',') {
            let id = ObjectId::parse(target).ok_or_else(Refusal::no_such_item)?;
            let (mac, host) = self.presence.hosts.get(id).ok_or_else(Refusal::no_such_item)?;
            let (mac, address) = (mac.to_string(), host.address.to_string());
            let (to_address, server) = (host.to_address.to_string(), host.server.clone());
            let pairs: [(&[u8], &[u8]); 5] = [
                (b"mac-address", mac.as_bytes()),
                (b"address", address.as_bytes()),
                (b"to-address", to_address.as_bytes()),
                (b"server", &server),
                (b"type", &kind),
            ];
            self.add_object(menus::IP_BINDING, &pairs)?;
        }
        Ok(Done::default())
    }
}
