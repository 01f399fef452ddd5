//! Customers coming and going: who is let in, what is counted, what a limit does.

use std::net::IpAddr;

use jiff::SignedDuration;
use thiserror::Error;

use crate::value::{date, duration};

use super::{
    id::ObjectId,
    mac::Mac,
    menus::{self, Made},
    presence::{Cookie, Host, packets},
    router::Router,
    session::{Allowance, LoginBy, LogoutReason, Opening, Session, Traffic},
    table::Table,
};

const TOPICS: &str = "hotspot,info,debug";
/// How the on-login script of a profile shows that it stamps the first login into the comment.
const STAMP: &str = " fl=";

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

/// What a user's finished sessions used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time online.
    pub uptime: SignedDuration,
    /// Bytes from the customer.
    pub bytes_in: u64,
    /// Bytes to the customer.
    pub bytes_out: u64,
}

/// A login that is being checked.
struct Attempt<'a> {
    user: &'a str,
    /// `None` when a cookie speaks for the device.
    password: Option<&'a [u8]>,
    mac: Mac,
    address: IpAddr,
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
        self.attempt(&Attempt { user, password: Some(password.as_bytes()), mac, address })
    }

    /// A device comes back and its cookie lets it in without a password. `None` when it has no cookie.
    ///
    /// # Errors
    ///
    /// [`LoginRefusal`] as for a login: limits and a disabled user hold for cookies too.
    pub fn return_by_cookie(&mut self, mac: Mac) -> Option<Result<ObjectId, LoginRefusal>> {
        let (_, cookie) = self.presence.cookies.get(self.presence.cookies.of(mac)?)?;
        let address = cookie.address;
        let user = String::from_utf8_lossy(&cookie.user).into_owned();
        Some(self.attempt(&Attempt { user: &user, password: None, mac, address }))
    }

    /// The customer logs out. `false` when the device is not online.
    pub fn logout(&mut self, mac: Mac) -> bool {
        let session = self.presence.sessions.of(mac);
        session.is_some_and(|id| self.end_session(id, LogoutReason::UserRequest))
    }

    /// The device stops answering: its session ends after the keepalive timeout of its profile.
    pub fn walk_away(&mut self, mac: Mac) {
        if let Some(session) = self.presence.sessions.of_mut(mac) {
            session.traffic = Traffic::default();
            session.away = Some(SignedDuration::ZERO);
        }
    }

    /// From now on the device moves this much. Nothing happens when it is not online.
    pub fn set_traffic(&mut self, mac: Mac, traffic: Traffic) {
        if let Some(session) = self.presence.sessions.of_mut(mac) {
            session.traffic = traffic;
            session.away = None;
        }
    }

    /// The device moves bytes at once, and is cut when that reaches a limit. Nothing happens when it is not online.
    pub fn move_bytes(&mut self, mac: Mac, upload: u64, download: u64) {
        let Some(id) = self.presence.sessions.of(mac) else {
            return;
        };
        let ending = self.presence.sessions.get_mut(id).and_then(|session| {
            session.move_bytes(upload, download);
            session.ending()
        });
        if let Some((SignedDuration::ZERO, reason)) = ending {
            self.end_session(id, reason);
        }
    }

    /// Who is online, oldest session first.
    pub fn online(&self) -> impl Iterator<Item = Online> {
        self.presence.sessions.iter().map(|(id, mac, session)| Online {
            id,
            user: String::from_utf8_lossy(&session.user).into_owned(),
            mac,
            address: session.address,
            login_by: session.login_by,
            uptime: session.uptime,
            bytes_in: session.upload(),
            bytes_out: session.download(),
        })
    }

    /// Whether a user is online on any device.
    pub fn is_online(&self, user: &str) -> bool {
        self.presence.sessions_of(user.as_bytes()) > 0
    }

    /// Whether a device is online.
    pub fn has_session(&self, mac: Mac) -> bool {
        self.presence.sessions.of(mac).is_some()
    }

    /// Whether the router keeps a cookie for a device.
    pub fn has_cookie(&self, mac: Mac) -> bool {
        self.presence.cookies.of(mac).is_some()
    }

    /// What the finished sessions of a user used. `None` when there is no such user.
    pub fn usage(&self, user: &str) -> Option<Usage> {
        let users = self.table(menus::USER);
        users.find(user.as_bytes()).map(|id| usage(users, id))
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
        let Some((mac, session)) = self.presence.sessions.remove(id) else {
            return false;
        };
        if reason == LogoutReason::KeepaliveTimeout
            && let Some(host) = self.presence.hosts.of(mac)
        {
            self.presence.hosts.remove(host);
        }
        self.feed.removed(Made::Active.path(), id);
        let users = self.table(menus::USER);
        if users.name(session.user_id).is_some() {
            let used = usage(users, session.user_id);
            let total = Usage {
                uptime: used.uptime.saturating_add(session.uptime),
                bytes_in: used.bytes_in.saturating_add(session.upload()),
                bytes_out: used.bytes_out.saturating_add(session.download()),
            };
            self.write_usage(session.user_id, total);
        }
        let user = String::from_utf8_lossy(&session.user);
        self.write_log(TOPICS, format!("{user} ({}): logged out: {reason}", session.address));
        true
    }

    fn attempt(&mut self, attempt: &Attempt<'_>) -> Result<ObjectId, LoginRefusal> {
        let (user, address) = (attempt.user, attempt.address);
        match self.admit(attempt) {
            Ok((server, user_id)) => Ok(self.let_in(attempt, server, user_id)),
            Err(refusal) => {
                self.write_log(TOPICS, format!("{user} ({address}): login failed: {refusal}"));
                Err(refusal)
            }
        }
    }

    /// The server that takes the customer and the user it counts for, or why not.
    fn admit(&self, attempt: &Attempt<'_>) -> Result<(ObjectId, ObjectId), LoginRefusal> {
        let server = self.running_server().ok_or(LoginRefusal::NotRunning)?;
        let id = self.user_for(attempt, server).ok_or(LoginRefusal::Credentials)?;
        let users = self.table(menus::USER);
        let name = || attempt.user.to_owned();
        let online = self.presence.sessions_of(attempt.user.as_bytes());
        let replaced = usize::from(self.replaces_own_session(attempt));
        if self.shared_users(id).is_some_and(|most| online - replaced >= most) {
            return Err(LoginRefusal::NoMoreSessions(name()));
        }
        let bound = text(users, id, "mac-address").and_then(|text| text.parse().ok());
        if bound.is_some_and(|mac: Mac| mac != Mac::NONE && mac != attempt.mac) {
            return Err(LoginRefusal::WrongDevice(name()));
        }
        let allowance = self.allowance(id);
        let is_over = |left: Option<u64>| left == Some(0);
        if user_time_left(users, id).is_some_and(|left| left.is_zero()) {
            return Err(LoginRefusal::UptimeLimit(name()));
        }
        if is_over(allowance.upload) || is_over(allowance.download) || is_over(allowance.total) {
            return Err(LoginRefusal::TrafficLimit(name()));
        }
        match self.sessions_max {
            Some(most) if self.presence.sessions.len() >= most => {
                Err(LoginRefusal::SessionLimit(most))
            }
            _ => Ok((server, id)),
        }
    }

    fn replaces_own_session(&self, attempt: &Attempt<'_>) -> bool {
        let sessions = &self.presence.sessions;
        let held = sessions.of(attempt.mac).and_then(|id| sessions.get(id));
        held.is_some_and(|(_, session)| session.user == attempt.user.as_bytes())
    }

    fn let_in(&mut self, attempt: &Attempt<'_>, server: ObjectId, user_id: ObjectId) -> ObjectId {
        if let Some(old) = self.presence.sessions.of(attempt.mac) {
            self.end_session(old, LogoutReason::UserRequest);
        }
        let session = self.opened(attempt, server, user_id);
        if self.presence.hosts.of(attempt.mac).is_none() {
            let host = Host {
                address: attempt.address,
                server: session.server.clone(),
                uptime: SignedDuration::ZERO,
            };
            self.presence.hosts.insert(attempt.mac, host);
        }
        let id = self.presence.sessions.insert(attempt.mac, session);
        if let Some(record) = self.presence.active_record(id) {
            self.feed.changed(Made::Active.path(), &record);
        }
        self.keep_cookie(attempt, server, user_id);
        self.stamp_first_login(user_id);
        self.write_log(TOPICS, format!("{} ({}): logged in", attempt.user, attempt.address));
        id
    }

    fn opened(&self, attempt: &Attempt<'_>, server: ObjectId, user_id: ObjectId) -> Session {
        let users = self.table(menus::USER);
        let server = self.table(menus::SERVER).name(server);
        Session::open(Opening {
            user: attempt.user.as_bytes().to_vec(),
            user_id,
            server: server.unwrap_or_default().to_vec(),
            address: attempt.address,
            login_by: match attempt.password {
                Some(_) => LoginBy::HttpChap,
                None => LoginBy::MacCookie,
            },
            comment: users.text(user_id, "comment").map(<[u8]>::to_vec),
            allowance: self.allowance(user_id),
        })
    }

    fn keep_cookie(&mut self, attempt: &Attempt<'_>, server: ObjectId, user_id: ObjectId) {
        let profile = |column| self.profile_text(user_id, column);
        let allowed =
            self.server_allows_cookies(server) && profile("add-mac-cookie") == Some("true");
        let expires_in = profile("mac-cookie-timeout").and_then(|text| duration::parse(text).ok());
        let Some(expires_in) = expires_in.filter(|time| allowed && !time.is_zero()) else {
            return;
        };
        let cookie =
            Cookie { user: attempt.user.as_bytes().to_vec(), address: attempt.address, expires_in };
        if let Some(old) = self.presence.cookies.of(attempt.mac) {
            self.feed.removed(Made::Cookie.path(), old);
        }
        let id = self.presence.cookies.insert(attempt.mac, cookie);
        if let Some(record) = self.presence.cookie_record(id) {
            self.feed.changed(Made::Cookie.path(), &record);
        }
    }

    fn server_allows_cookies(&self, server: ObjectId) -> bool {
        let profiles = self.table(menus::SERVER_PROFILE);
        let profile = self.table(menus::SERVER).text(server, "profile");
        let profile = profile.and_then(|name| profiles.find(name));
        let login_by = profile.and_then(|id| text(profiles, id, "login-by"));
        login_by.is_some_and(|ways| ways.split(',').any(|way| way == "mac-cookie"))
    }

    /// The effect of an on-login script that adds router date, time and uptime to a comment without such a stamp.
    fn stamp_first_login(&mut self, user: ObjectId) {
        let stamps =
            self.profile_text(user, "on-login").is_some_and(|script| script.contains(STAMP));
        let comment = self.table(menus::USER).text(user, "comment").unwrap_or_default();
        let marker = STAMP.trim_start().as_bytes();
        if !stamps || comment.windows(marker.len()).any(|part| part == marker) {
            return;
        }
        let shown = self.clock.shown();
        let stamp = format!(
            "{STAMP}{}_{}_{}",
            date::format_date(shown.date(), self.date_dialect()),
            date::format_time(shown.time()),
            duration::format(self.clock.uptime())
        );
        let stamped = [comment, stamp.as_bytes()].concat();
        self.table_mut(menus::USER).put(user, "comment", Some(stamped));
        self.publish(menus::USER, user);
    }

    fn running_server(&self) -> Option<ObjectId> {
        let servers = self.table(menus::SERVER);
        servers.ids().find(|id| !is_disabled(servers, *id))
    }

    /// The enabled user that this attempt may speak for.
    fn user_for(&self, attempt: &Attempt<'_>, server: ObjectId) -> Option<ObjectId> {
        let server = self.table(menus::SERVER).name(server);
        let users = self.table(menus::USER);
        let fits = |id: &ObjectId| {
            let on = users.text(*id, "server");
            let password = users.text(*id, "password").unwrap_or_default();
            (on == server || on == Some(b"all"))
                && !is_disabled(users, *id)
                && users.text(*id, "default").is_none()
                && attempt.password.is_none_or(|given| given == password)
        };
        users.named(attempt.user.as_bytes()).iter().copied().find(fits)
    }

    /// How many sessions the profile shares; `None` for no limit.
    fn shared_users(&self, user: ObjectId) -> Option<usize> {
        self.profile_text(user, "shared-users")?.parse().ok()
    }

    fn profile_text(&self, user: ObjectId, column: &str) -> Option<&str> {
        let profiles = self.table(menus::USER_PROFILE);
        let profile = self.table(menus::USER).text(user, "profile")?;
        text(profiles, profiles.find(profile)?, column)
    }

    fn allowance(&self, user: ObjectId) -> Allowance {
        let users = self.table(menus::USER);
        let spent = usage(users, user);
        let left = |column, used: u64| Some(number(users, user, column)?.saturating_sub(used));
        let timeout = |column| duration::parse(self.profile_text(user, column)?).ok();
        let time = [timeout("session-timeout"), user_time_left(users, user)];
        Allowance {
            time: time.into_iter().flatten().min(),
            idle: timeout("idle-timeout"),
            keepalive: timeout("keepalive-timeout"),
            upload: left("limit-bytes-in", spent.bytes_in),
            download: left("limit-bytes-out", spent.bytes_out),
            total: left("limit-bytes-total", spent.bytes_in.saturating_add(spent.bytes_out)),
        }
    }
}

fn user_time_left(users: &Table, user: ObjectId) -> Option<SignedDuration> {
    let limit = duration::parse(text(users, user, "limit-uptime")?).ok()?;
    let left = limit.saturating_sub(usage(users, user).uptime);
    Some(left.max(SignedDuration::ZERO))
}

fn usage(users: &Table, user: ObjectId) -> Usage {
    let uptime = text(users, user, "uptime").and_then(|text| duration::parse(text).ok());
    Usage {
        uptime: uptime.unwrap_or_default(),
        bytes_in: number(users, user, "bytes-in").unwrap_or(0),
        bytes_out: number(users, user, "bytes-out").unwrap_or(0),
    }
}

fn is_disabled(table: &Table, id: ObjectId) -> bool {
    table.text(id, "disabled") == Some(b"true")
}

fn text<'t>(table: &'t Table, id: ObjectId, column: &str) -> Option<&'t str> {
    std::str::from_utf8(table.text(id, column)?).ok()
}

fn number(table: &Table, id: ObjectId, column: &str) -> Option<u64> {
    text(table, id, column)?.parse().ok()
}
