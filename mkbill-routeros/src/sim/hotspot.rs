//! Hotspot customers coming and going: what is counted, what a limit does.

mod admission;
mod device;

use std::net::IpAddr;

use jiff::SignedDuration;
use thiserror::Error;

use crate::value::duration;

use super::{
    agenda::Guest,
    effects::{number, time},
    id::ObjectId,
    mac::Mac,
    menus::{self, Made},
    meter::{Traffic, Usage},
    presence::packets,
    router::Router,
    session::{LoginBy, LogoutReason},
    table::Table,
};
use admission::Attempt;

const TOPICS: &str = "hotspot,info,debug";

/// Why the hotspot did not let a customer in; displays as the login page and the log show it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoginRefusal {
    /// No such user, a disabled one, or a wrong password.
    #[error("invalid username or password")]
    Credentials,
    /// As many sessions as the profile shares.
    #[error("no more sessions are allowed for user {0}")]
    NoMoreSessions(String),
    /// The user is bound to another device.
    #[error("user {0} is not allowed to log in from this MAC address")]
    WrongDevice(String),
    /// `limit-uptime` is used up.
    #[error("user {0} has reached uptime limit")]
    UptimeLimit(String),
    /// One of the byte limits is used up.
    #[error("user {0} has reached traffic limit")]
    TrafficLimit(String),
    /// As many sessions as the licence allows.
    #[error("session limit reached ({0})")]
    SessionLimit(usize),
    /// No hotspot server is enabled.
    #[error("hotspot service is shutting down")]
    NotRunning,
    /// A user name that is the hardware address of another device.
    #[error("invalid username ({0}): this MAC address is not yours")]
    ForeignDevice(String),
    /// A login of this device is being worked on.
    #[error("already authorizing, retry later")]
    AlreadyAuthorizing,
    /// The pool is used up.
    #[error("cannot assign ip address - no more free addresses from pool")]
    NoFreeAddress,
    /// The name is not known here and nobody answers who might know it.
    #[error("RADIUS server is not responding")]
    RadiusSilent,
    /// A login page without a script that works out the digest.
    #[error("web browser did not send challenge response")]
    NoChallengeResponse,
    /// A one-time password came again.
    #[error("this OTP token is already used")]
    OtpUsed,
    /// The device asks for what only a customer online may have.
    #[error("you are not logged in (ip {0})")]
    NotLoggedIn(IpAddr),
    /// Something in the router is broken.
    #[error("internal error ({0})")]
    Internal(String),
    /// Something in the configuration does not fit.
    #[error("configuration error ({0})")]
    Configuration(String),
    /// The device is bound as blocked. It never sees a login page, and no log row tells of it.
    #[error("device {0} is blocked")]
    Blocked(Mac),
    /// The device is bound as bypassed: it is in the net without a login, and no log row tells of it.
    #[error("device {0} needs no login")]
    Bypassed(Mac),
}

/// A customer who is online.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Online {
    /// The row in `/ip/hotspot/active`.
    pub id: ObjectId,
    /// The user name.
    pub user: String,
    /// The device.
    pub mac: Mac,
    /// Its address.
    pub address: IpAddr,
    /// How it got in.
    pub login_by: LoginBy,
    /// Time since login.
    pub uptime: SignedDuration,
    /// Bytes from the customer since login.
    pub bytes_in: u64,
    /// Bytes to the customer since login.
    pub bytes_out: u64,
}

impl Router {
    /// A customer logs in on the login page. Gives the number of the row in `/ip/hotspot/active`.
    ///
    /// A device that is online already logs out first.
    ///
    /// # Errors
    ///
    /// [`LoginRefusal`], which is logged too.
    pub fn login(
        &mut self,
        user: &str,
        password: &str,
        mac: Mac,
        address: IpAddr,
    ) -> Result<ObjectId, LoginRefusal> {
        let password = Some(password.as_bytes());
        self.attempt(&Attempt { user, password, mac, address, login_by: self.page_login() })
    }

    /// A device comes back and its cookie lets it in without a password. `None` when it has no cookie.
    ///
    /// # Errors
    ///
    /// [`LoginRefusal`] as for a login: limits and a disabled user hold for cookies too.
    pub fn return_by_cookie(&mut self, mac: Mac) -> Option<Result<ObjectId, LoginRefusal>> {
        let cookie = self.presence.cookies.of(mac)?;
        let address = cookie.address;
        let user = String::from_utf8_lossy(&cookie.user).into_owned();
        let login_by = LoginBy::MacCookie;
        Some(self.attempt(&Attempt { user: &user, password: None, mac, address, login_by }))
    }

    /// The customer logs out. `false` when the device is not online.
    pub fn logout(&mut self, mac: Mac) -> bool {
        let session = self.presence.sessions.id_of(mac);
        session.is_some_and(|id| self.end_session(id, LogoutReason::UserRequest))
    }

    /// The next attempt to log in fails for this reason, whoever makes it.
    pub fn refuse_next_login(&mut self, refusal: LoginRefusal) {
        self.next_refusal = Some(refusal);
    }

    /// The device stops answering: its session ends after the keepalive timeout of its profile.
    pub fn walk_away(&mut self, mac: Mac) {
        let now = self.clock.now();
        if let Some(session) = self.presence.sessions.of_mut(mac) {
            session.meter.walk_away(now);
            self.settle(Guest::Hotspot(mac));
        }
    }

    /// From now on the device moves this much. Nothing happens when it is not online.
    pub fn set_traffic(&mut self, mac: Mac, traffic: Traffic) {
        let now = self.clock.now();
        if let Some(session) = self.presence.sessions.of_mut(mac) {
            session.meter.set_traffic(now, traffic);
            self.settle(Guest::Hotspot(mac));
        }
    }

    /// The device moves bytes at once, and is cut when that reaches a limit. Nothing happens when it is not online.
    pub fn move_bytes(&mut self, mac: Mac, upload: u64, download: u64) {
        let now = self.clock.now();
        if let Some(session) = self.presence.sessions.of_mut(mac) {
            session.meter.move_bytes(now, upload, download);
            self.settle(Guest::Hotspot(mac));
        }
    }

    /// Who is online, oldest session first.
    pub fn online(&self) -> impl Iterator<Item = Online> {
        let now = self.clock.now();
        self.presence.sessions.iter().map(move |(id, mac, session)| {
            let used = session.meter.used(now);
            Online {
                id,
                user: String::from_utf8_lossy(&session.user).into_owned(),
                mac,
                address: session.address,
                login_by: session.login_by,
                uptime: used.uptime,
                bytes_in: used.bytes_in,
                bytes_out: used.bytes_out,
            }
        })
    }

    /// Whether a user is online on any device.
    pub fn is_online(&self, user: &str) -> bool {
        self.presence.users.of(user.as_bytes()).len() > 0
    }

    /// Whether a device is online.
    pub fn has_session(&self, mac: Mac) -> bool {
        self.presence.sessions.id_of(mac).is_some()
    }

    /// Whether the router keeps a cookie for a device.
    pub fn has_cookie(&self, mac: Mac) -> bool {
        self.presence.cookies.id_of(mac).is_some()
    }

    /// What the counters of a user say: what its finished sessions used, unless
    /// [`Counters::MoveLive`](super::Counters::MoveLive) was chosen. `None` when there is no such user.
    pub fn usage(&self, user: &str) -> Option<Usage> {
        let users = self.table(menus::USER);
        users.find(user.as_bytes()).map(|id| self.usage_so_far(id))
    }

    /// Sets the counters of a user to zero. `false` when there is no such user.
    pub fn reset_counters(&mut self, user: &str) -> bool {
        let user = self.table(menus::USER).find(user.as_bytes());
        user.is_some_and(|id| {
            self.write_usage(id, Usage::default());
            true
        })
    }

    pub(super) fn write_usage(&mut self, user: ObjectId, usage: Usage) {
        let users = self.table_mut(menus::USER);
        for (column, value) in [
            ("uptime", duration::format(usage.uptime)),
            ("bytes-in", usage.bytes_in.to_string()),
            ("bytes-out", usage.bytes_out.to_string()),
            ("packets-in", packets(usage.bytes_in).to_string()),
            ("packets-out", packets(usage.bytes_out).to_string()),
        ] {
            users.put(user, column, Some(value.into_bytes()));
        }
        self.publish(menus::USER, user);
    }

    /// Ends a session and adds what it used to its user, if that is still there. `false` when there is no such session.
    pub(super) fn end_session(&mut self, id: ObjectId, reason: LogoutReason) -> bool {
        let Some((mac, session)) = self.presence.close(id) else {
            return false;
        };
        let used = session.meter.used(self.clock.now());
        self.unmake(Guest::Hotspot(mac), used);
        self.feed.removed(Made::Active.path(), id);
        if reason == LogoutReason::KeepaliveTimeout {
            self.forget_host(mac);
        } else {
            self.publish_host(mac);
        }
        let users = self.table(menus::USER);
        if users.name(session.user_id).is_some() {
            self.write_usage(session.user_id, usage(users, session.user_id).plus(used));
        }
        let name = String::from_utf8_lossy(&session.user);
        self.write_log(TOPICS, format!("{name} ({}): logged out: {reason}", session.address));
        true
    }
}

/// What the finished sessions of a user used.
pub(super) fn usage(users: &Table, user: ObjectId) -> Usage {
    Usage {
        uptime: time(users, user, "uptime").unwrap_or_default(),
        bytes_in: number(users, user, "bytes-in").unwrap_or(0),
        bytes_out: number(users, user, "bytes-out").unwrap_or(0),
    }
}
