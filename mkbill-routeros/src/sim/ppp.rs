//! PPP customers dialling in and hanging up: who is let in, what comes and goes with a line.
//!
//! The log rows and `last-disconnect-reason` are worded as routers do; the reasons are those of the manual's reference
//! of `/ppp/secret`, with `user-request` for a customer who hangs up.

mod admission;
mod dialer;
mod line;

use std::{fmt, net::Ipv4Addr};

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{
    agenda::Guest,
    effects::text,
    id::ObjectId,
    menus::{self, Made},
    meter::{Cut, Meter, Traffic},
    router::Router,
    rules::Disabling,
};
pub(super) use line::Lines;

/// How a customer dials in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Service {
    /// Over Ethernet; the caller is a hardware address.
    #[default]
    Pppoe,
    /// Over IP; the caller is an address.
    Pptp,
    /// Over IP, usually inside `IPsec`.
    L2tp,
    /// `OpenVPN`.
    Ovpn,
    /// Over TLS.
    Sstp,
}

/// The log topics of a service.
struct Topics {
    info: &'static str,
    account: &'static str,
    error: &'static str,
}

impl Service {
    fn word(self) -> &'static str {
        match self {
            Self::Pppoe => "pppoe",
            Self::Pptp => "pptp",
            Self::L2tp => "l2tp",
            Self::Ovpn => "ovpn",
            Self::Sstp => "sstp",
        }
    }

    fn topics(self) -> Topics {
        let [info, account, error] = match self {
            Self::Pppoe => ["pppoe,ppp,info", "pppoe,ppp,info,account", "pppoe,ppp,error"],
            Self::Pptp => ["pptp,ppp,info", "pptp,ppp,info,account", "pptp,ppp,error"],
            Self::L2tp => ["l2tp,ppp,info", "l2tp,ppp,info,account", "l2tp,ppp,error"],
            Self::Ovpn => ["ovpn,ppp,info", "ovpn,ppp,info,account", "ovpn,ppp,error"],
            Self::Sstp => ["sstp,ppp,info", "sstp,ppp,info,account", "sstp,ppp,error"],
        };
        Topics { info, account, error }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// Who dials in, from where, and how.
#[derive(Clone, PartialEq, Eq)]
pub struct Dial {
    /// The name of the secret.
    pub name: String,
    /// Its password.
    pub password: String,
    /// The `caller-id`: for `PPPoE` the hardware address of the customer's device, else its address.
    pub caller_id: String,
    /// The service that is dialled.
    pub service: Service,
}

impl fmt::Debug for Dial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, caller_id, service, password: _ } = self;
        write!(formatter, "Dial({service} {name} from {caller_id})")
    }
}

/// Why a customer was not let in; displays as the log shows it.
///
/// Routers say the same of every refused proof of who someone is; the variants tell a test more. The texts for
/// [`Self::AlreadyOnline`] and [`Self::SessionLimit`] are the simulator's own.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PppRefusal {
    /// No such secret, or a wrong password.
    #[error("user {0} authentication failed")]
    Credentials(String),
    /// The secret is disabled.
    #[error("user {0} authentication failed")]
    Disabled(String),
    /// The secret is for another service.
    #[error("user {0} authentication failed")]
    WrongService(String),
    /// The secret is bound to another caller.
    #[error("user {0} authentication failed")]
    WrongCaller(String),
    /// The profile allows one line, and that is up.
    #[error("user {0} is already online")]
    AlreadyOnline(String),
    /// The pool is used up.
    #[error("cannot assign ip address - no more free addresses from pool")]
    NoFreeAddress,
    /// As many lines of the service as the licence allows.
    #[error("session limit reached ({0})")]
    SessionLimit(usize),
}

/// A customer whose line is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PppOnline {
    /// The row in `/ppp/active`.
    pub id: ObjectId,
    /// The name of the secret.
    pub name: String,
    /// The service.
    pub service: Service,
    /// Where it dialled in from.
    pub caller_id: String,
    /// The address it got.
    pub address: Ipv4Addr,
    /// The interface of the line, such as `<pppoe-amina>`.
    pub interface: String,
    /// Time since it came up.
    pub uptime: SignedDuration,
    /// Bytes from the customer: `rx-byte` of the interface.
    pub bytes_in: u64,
    /// Bytes to the customer: `tx-byte` of the interface.
    pub bytes_out: u64,
}

/// Why a line went down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HangUp {
    Customer,
    LineLost,
    IdleTimeout,
    SessionTimeout,
    TrafficLimit,
    Operator,
}

impl HangUp {
    /// The words in the log.
    fn logged(self) -> &'static str {
        match self {
            Self::Customer => "user request",
            Self::LineLost => "peer is not responding",
            Self::IdleTimeout => "idle timeout",
            Self::SessionTimeout => "session timeout",
            Self::TrafficLimit => "traffic limit reached",
            Self::Operator => "admin reset",
        }
    }

    /// The `last-disconnect-reason`.
    fn reason(self) -> &'static str {
        match self {
            Self::Customer => "user-request",
            Self::LineLost => "hung-up",
            Self::IdleTimeout => "idle-timeout",
            Self::SessionTimeout => "session-timeout",
            Self::TrafficLimit => "nas-request",
            Self::Operator => "reset",
        }
    }
}

impl From<Cut> for HangUp {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Traffic => Self::TrafficLimit,
            Cut::Time => Self::SessionTimeout,
            Cut::Idle => Self::IdleTimeout,
            Cut::Keepalive => Self::LineLost,
        }
    }
}

impl Router {
    /// A customer dials in. Gives the number of the row in `/ppp/active`.
    ///
    /// # Errors
    ///
    /// [`PppRefusal`], which is logged too.
    pub fn ppp_connect(&mut self, dial: &Dial) -> Result<ObjectId, PppRefusal> {
        if dial.service == Service::Pppoe {
            let message = format!("PPPoE connection established from {}", dial.caller_id);
            self.write_log("pppoe,info", message);
        }
        let serial = self.ppp.next_serial();
        let secret = self.admit_dial(dial);
        let outcome = secret.and_then(|secret| self.bring_up(serial, dial, secret));
        if let Err(refusal) = &outcome {
            let message = format!("<{serial:04x}>: {refusal}");
            self.write_log(dial.service.topics().error, message);
        }
        outcome
    }

    /// The customer hangs up: every line of that name goes down, and none is dialled again. Gives how many were up.
    pub fn ppp_disconnect(&mut self, name: &str) -> usize {
        self.stop_redialing(name);
        let serials = self.lines_of(name);
        for serial in &serials {
            self.end_line(*serial, HangUp::Customer);
        }
        serials.len()
    }

    /// The cable breaks: the router notices when the keepalive timeout of ten seconds has passed.
    pub fn ppp_break(&mut self, name: &str) {
        self.turn_lines(name, Meter::walk_away);
    }

    /// From now on the lines of that name move this much each. Nothing happens when none is up.
    pub fn ppp_set_traffic(&mut self, name: &str, traffic: Traffic) {
        self.turn_lines(name, |meter, now| meter.set_traffic(now, traffic));
    }

    /// The lines of that name move bytes at once, and are cut when that reaches a limit.
    pub fn ppp_move_bytes(&mut self, name: &str, upload: u64, download: u64) {
        self.turn_lines(name, |meter, now| meter.move_bytes(now, upload, download));
    }

    /// Whose lines are up, the oldest first.
    pub fn ppp_online(&self) -> impl Iterator<Item = PppOnline> {
        let now = self.clock.now();
        self.ppp.up.iter().map(move |(id, _, line)| {
            let used = line.meter.used(now);
            PppOnline {
                id,
                name: line.dial.name.clone(),
                service: line.dial.service,
                caller_id: line.dial.caller_id.clone(),
                address: line.address,
                interface: line.interface.clone(),
                uptime: used.uptime,
                bytes_in: used.bytes_in,
                bytes_out: used.bytes_out,
            }
        })
    }

    /// Whether a line of that name is up.
    pub fn ppp_is_online(&self, name: &str) -> bool {
        self.ppp.names.of(name.as_bytes()).len() > 0
    }

    fn turn_lines(&mut self, name: &str, turn: impl Fn(&mut Meter, Timestamp)) {
        let now = self.clock.now();
        for serial in self.lines_of(name) {
            if let Some(line) = self.ppp.up.of_mut(serial) {
                turn(&mut line.meter, now);
                self.settle(Guest::Ppp(serial));
            }
        }
    }

    fn lines_of(&self, name: &str) -> Vec<u32> {
        self.ppp.names.of(name.as_bytes()).collect()
    }

    /// An operator removes a row of `/ppp/active`. `false` when there is no such row.
    pub(super) fn reset_line(&mut self, id: ObjectId) -> bool {
        let serial = self.ppp.up.get(id).map(|(serial, _)| serial);
        serial.is_some_and(|serial| {
            self.end_line(serial, HangUp::Operator);
            true
        })
    }

    /// Ends what runs for a secret that was disabled or removed, where the rules say so.
    pub(super) fn end_lines_of(&mut self, secret: ObjectId) {
        if self.rules.disabling == Disabling::LeavesSessions {
            return;
        }
        let lines = self.ppp.up.iter().filter(|(_, _, line)| line.secret == secret);
        let serials: Vec<u32> = lines.map(|(_, serial, _)| serial).collect();
        for serial in serials {
            self.end_line(serial, HangUp::Operator);
        }
    }

    /// Takes a line down. Its counters are lost with its interface.
    pub(super) fn end_line(&mut self, serial: u32, hang_up: HangUp) {
        let Some((id, line)) = self.ppp.close(serial) else {
            return;
        };
        let used = line.meter.used(self.clock.now());
        let topics = line.dial.service.topics();
        let (interface, dial) = (&line.interface, &line.dial);
        self.write_log(topics.info, format!("{interface}: terminating... - {}", hang_up.logged()));
        self.write_log(topics.account, line.farewell(used));
        self.unmake(Guest::Ppp(serial), used);
        self.feed.removed(Made::Line.path(), id);
        self.note_disconnect(line.secret, dial, hang_up);
        self.write_log(topics.info, format!("{interface}: disconnected"));
        if hang_up != HangUp::Customer {
            self.plan_redial(&dial.name);
        }
    }

    fn note_disconnect(&mut self, secret: ObjectId, dial: &Dial, hang_up: HangUp) {
        let now = self.shown_moment();
        let secrets = self.table_mut(menus::PPP_SECRET);
        if text(secrets, secret, "name").is_none() {
            return;
        }
        secrets.put(secret, "last-logged-out", Some(now));
        secrets.put(secret, "last-caller-id", Some(dial.caller_id.clone().into_bytes()));
        secrets.put(secret, "last-disconnect-reason", Some(hang_up.reason().into()));
        self.publish(menus::PPP_SECRET, secret);
    }
}
