//! Who is let in, and what comes up with a line.

use std::net::Ipv4Addr;

use jiff::SignedDuration;

use crate::value::duration;

use super::super::{
    agenda::Guest,
    effects::{is_disabled, number, text},
    id::ObjectId,
    menus::{self, Made},
    meter::{Allowance, Meter},
    queue::Shaping,
    router::Router,
};
use super::{Dial, PppRefusal, line::Line};

/// How long a `PPPoE` server waits for a silent customer unless told otherwise.
const KEEPALIVE: SignedDuration = SignedDuration::from_secs(10);
/// The profile `default`, under whatever name.
const DEFAULT_PROFILE: ObjectId = ObjectId(0);
/// What routers give to lines for which no address is known.
const UNKNOWN_ADDRESSES: u32 = 0x0A70_7000;

impl Router {
    /// The secret that the caller proved to know, or why not.
    pub(super) fn admit_dial(&self, dial: &Dial) -> Result<ObjectId, PppRefusal> {
        let secrets = self.table(menus::PPP_SECRET);
        let name = || dial.name.clone();
        let secret = secrets.named(dial.name.as_bytes()).first().copied();
        let secret = secret.ok_or_else(|| PppRefusal::Credentials(name()))?;
        let holds =
            |column, wanted: &str| text(secrets, secret, column).unwrap_or_default() == wanted;
        if !holds("password", &dial.password) {
            return Err(PppRefusal::Credentials(name()));
        }
        if is_disabled(secrets, secret) {
            return Err(PppRefusal::Disabled(name()));
        }
        if !holds("service", "any") && !holds("service", dial.service.word()) {
            return Err(PppRefusal::WrongService(name()));
        }
        let caller = text(secrets, secret, "caller-id");
        if caller.is_some_and(|bound| !bound.eq_ignore_ascii_case(&dial.caller_id)) {
            return Err(PppRefusal::WrongCaller(name()));
        }
        let is_online = self.ppp_is_online(&dial.name);
        if is_online && self.ppp_setting(secret, "only-one") == Some("yes") {
            return Err(PppRefusal::AlreadyOnline(name()));
        }
        let lines = self.ppp.up.iter();
        let of_service = lines.filter(|(_, _, line)| line.dial.service == dial.service);
        match self.license.ppp_sessions_max() {
            Some(most) if of_service.count() >= most => Err(PppRefusal::SessionLimit(most)),
            _ => Ok(secret),
        }
    }

    /// Gives a customer who was let in its line.
    pub(super) fn bring_up(
        &mut self,
        serial: u32,
        dial: &Dial,
        secret: ObjectId,
    ) -> Result<ObjectId, PppRefusal> {
        let base = format!("{}-{}", dial.service, dial.name);
        let interface = self.table(menus::INTERFACE).free_name(&base);
        let address = self.remote_address(serial, secret, &interface, dial)?;
        let line = Line {
            dial: dial.clone(),
            secret,
            address,
            interface: interface.clone(),
            encoding: match self.ppp_setting(secret, "use-encryption") {
                Some("yes" | "required") => "MPPE128 stateless",
                _ => "",
            },
            comment: self.table(menus::PPP_SECRET).text(secret, "comment").map(<[u8]>::to_vec),
            meter: Meter::started(self.clock.now(), self.line_allowance(secret)),
        };
        let topics = dial.service.topics();
        self.write_log(topics.info, format!("{interface}: authenticated"));
        let id = self.ppp.open(serial, line);
        self.make_around(serial);
        if let Some(record) = self.ppp.record(id, self.clock.now()) {
            self.feed.changed(Made::Line.path(), &record);
        }
        self.write_log(topics.info, format!("{interface}: connected"));
        let Dial { name, caller_id, .. } = dial;
        self.write_log(topics.account, format!("{name} logged in, {address} from {caller_id}"));
        self.settle(Guest::Ppp(serial));
        Ok(id)
    }

    /// Interface, address, queue and address-list entry of a line.
    fn make_around(&mut self, serial: u32) {
        let Some(line) = self.ppp.up.of(serial) else {
            return;
        };
        let (guest, secret, address) = (Guest::Ppp(serial), line.secret, line.address);
        let (interface, kind) = (line.interface.clone(), format!("{}-in", line.dial.service));
        let name = interface.clone().into_bytes();
        let values = [
            ("name", name.clone()),
            ("type", kind.into_bytes()),
            ("mtu", b"1480".to_vec()),
            ("actual-mtu", b"1480".to_vec()),
            ("last-link-up-time", self.shown_moment()),
        ];
        self.make(menus::INTERFACE, guest, values);
        if let Some(local) = self.local_address(secret) {
            let values = [
                ("address", format!("{local}/32").into_bytes()),
                ("network", address.to_string().into_bytes()),
                ("interface", name.clone()),
                ("actual-interface", name),
            ];
            self.make(menus::ADDRESS, guest, values);
        }
        if let Some(list) = self.ppp_setting(secret, "address-list").map(str::to_owned) {
            let values = [
                ("list", list.into_bytes()),
                ("address", address.to_string().into_bytes()),
                ("creation-time", self.shown_moment()),
            ];
            self.make(menus::ADDRESS_LIST, guest, values);
        }
        let setting = |column| self.ppp_setting(secret, column).map(str::to_owned);
        let shaping = Shaping {
            rate_limit: setting("rate-limit"),
            parent: setting("parent-queue"),
            queue_type: setting("queue-type"),
        };
        self.make_queue(guest, interface.clone(), interface, shaping);
    }

    /// The customer's address: of the secret, else of the profile, else one that only the two ends of the line know.
    fn remote_address(
        &mut self,
        serial: u32,
        secret: ObjectId,
        interface: &str,
        dial: &Dial,
    ) -> Result<Ipv4Addr, PppRefusal> {
        let own = text(self.table(menus::PPP_SECRET), secret, "remote-address");
        let Some(source) = own.or_else(|| self.ppp_setting(secret, "remote-address")) else {
            const UNKNOWN_COUNT: u32 = 0xFF;
            let address = Ipv4Addr::from_bits(UNKNOWN_ADDRESSES | (1 + serial % UNKNOWN_COUNT));
            let message =
                format!("{interface}: could not determine remote address, using {address}");
            self.write_log(dial.service.topics().error, message);
            return Ok(address);
        };
        if let Ok(address) = source.parse() {
            return Ok(address);
        }
        let pool = source.as_bytes().to_vec();
        let taken = self.take_address(&pool, Guest::Ppp(serial), dial.name.as_bytes());
        taken.ok_or(PppRefusal::NoFreeAddress)
    }

    /// The router's own address on a line. A pool of local addresses is not played.
    fn local_address(&self, secret: ObjectId) -> Option<Ipv4Addr> {
        let own = text(self.table(menus::PPP_SECRET), secret, "local-address");
        own.or_else(|| self.ppp_setting(secret, "local-address"))?.parse().ok()
    }

    fn line_allowance(&self, secret: ObjectId) -> Allowance {
        let secrets = self.table(menus::PPP_SECRET);
        let limit = |column| number(secrets, secret, column).filter(|bytes| *bytes > 0);
        let timeout = |column| duration::parse(self.ppp_setting(secret, column)?).ok();
        Allowance {
            time: timeout("session-timeout"),
            idle: timeout("idle-timeout"),
            keepalive: Some(KEEPALIVE),
            upload: limit("limit-bytes-in"),
            download: limit("limit-bytes-out"),
            total: None,
        }
    }

    /// What the profile of a secret says, or else the profile `default`, which has the last word in everything.
    fn ppp_setting(&self, secret: ObjectId, column: &str) -> Option<&str> {
        let profiles = self.table(menus::PPP_PROFILE);
        let own = self.table(menus::PPP_SECRET).text(secret, "profile");
        let own = own.and_then(|name| profiles.find(name));
        let says = |profile: ObjectId| text(profiles, profile, column);
        let is_set = |value: &&str| *value != "default";
        own.and_then(says).filter(is_set).or_else(|| says(DEFAULT_PROFILE).filter(is_set))
    }
}
