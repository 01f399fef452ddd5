//! Who is let in, and what a login brings with it.

use std::net::IpAddr;

use jiff::SignedDuration;

use crate::value::{date, duration};

use super::super::{
    agenda::{Event, Guest},
    clock::later,
    effects::{is_disabled, number, text, time},
    id::ObjectId,
    mac::Mac,
    menus::{self, Made},
    meter::{Allowance, Meter},
    presence::Cookie,
    queue::Shaping,
    router::Router,
    session::{LoginBy, LogoutReason, Session},
    table::Table,
};
use super::{LoginRefusal, TOPICS, usage};

/// How the on-login script of a profile shows that it stamps the first login into the comment.
const STAMP: &str = " fl=";

/// A login that is being checked.
pub(super) struct Attempt<'a> {
    pub user: &'a str,
    /// `None` when a cookie or the hardware address speaks for the device.
    pub password: Option<&'a [u8]>,
    pub mac: Mac,
    pub address: IpAddr,
    pub login_by: LoginBy,
}

/// What a login was granted.
struct Grant {
    server: ObjectId,
    user: ObjectId,
}

impl Router {
    pub(super) fn attempt(&mut self, attempt: &Attempt<'_>) -> Result<ObjectId, LoginRefusal> {
        let (user, address) = (attempt.user, attempt.address);
        let admitted = match self.next_refusal.take() {
            Some(refusal) => Err(refusal),
            None => self.admit(attempt),
        };
        let outcome = admitted.and_then(|grant| self.let_in(attempt, &grant));
        let is_seen = |refusal: &LoginRefusal| {
            !matches!(refusal, LoginRefusal::Blocked(_) | LoginRefusal::Bypassed(_))
        };
        if let Err(refusal) = &outcome
            && is_seen(refusal)
        {
            self.write_log(TOPICS, format!("{user} ({address}): login failed: {refusal}"));
        }
        outcome
    }

    /// The server that takes the customer and the user it counts for, or why not.
    fn admit(&self, attempt: &Attempt<'_>) -> Result<Grant, LoginRefusal> {
        match self.binding_of(attempt.mac, attempt.address) {
            Some(b"blocked") => return Err(LoginRefusal::Blocked(attempt.mac)),
            Some(b"bypassed") => return Err(LoginRefusal::Bypassed(attempt.mac)),
            _ => {}
        }
        let server = self.running_server().ok_or(LoginRefusal::NotRunning)?;
        let name = || attempt.user.to_owned();
        if attempt.user.parse().is_ok_and(|named: Mac| named != attempt.mac) {
            return Err(LoginRefusal::ForeignDevice(name()));
        }
        let id = self.user_for(attempt, server).ok_or_else(|| self.stranger(attempt, server))?;
        let users = self.table(menus::USER);
        let online = self.presence.users.of(attempt.user.as_bytes()).len();
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
        let most = self.sessions_max.or(self.license.hotspot_sessions_max());
        match most {
            Some(most) if self.presence.sessions.len() >= most => {
                Err(LoginRefusal::SessionLimit(most))
            }
            _ => Ok(Grant { server, user: id }),
        }
    }

    /// Why somebody who fits no user is not let in.
    fn stranger(&self, attempt: &Attempt<'_>, server: ObjectId) -> LoginRefusal {
        let is_known = !self.table(menus::USER).named(attempt.user.as_bytes()).is_empty();
        if !is_known && self.server_setting(server, "use-radius") == Some("true") {
            return LoginRefusal::RadiusSilent;
        }
        LoginRefusal::Credentials
    }

    fn replaces_own_session(&self, attempt: &Attempt<'_>) -> bool {
        let held = self.presence.sessions.of(attempt.mac);
        held.is_some_and(|session| session.user == attempt.user.as_bytes())
    }

    fn let_in(&mut self, attempt: &Attempt<'_>, grant: &Grant) -> Result<ObjectId, LoginRefusal> {
        if let Some(old) = self.presence.sessions.id_of(attempt.mac) {
            self.end_session(old, LogoutReason::UserRequest);
        }
        let guest = Guest::Hotspot(attempt.mac);
        let address = self.address_for(attempt, grant)?;
        let session = self.opened(attempt, grant, address);
        self.see_host(attempt.mac, attempt.address, Some(address));
        let id = self.presence.open(attempt.mac, session);
        if let Some(record) = self.presence.active_record(id, self.clock.now()) {
            self.feed.changed(Made::Active.path(), &record);
        }
        self.publish_host(attempt.mac);
        let name = self.table(menus::QUEUE).free_name(&format!("hotspot-{}", attempt.user));
        let shaping = self.shaping(grant.user);
        self.make_queue(guest, name, format!("{address}/32"), shaping);
        self.keep_cookie(attempt, grant);
        self.stamp_first_login(grant.user);
        self.write_log(TOPICS, format!("{} ({address}): logged in", attempt.user));
        self.settle(guest);
        Ok(id)
    }

    /// The address from the pool of the profile, or else the one that the device came with.
    fn address_for(
        &mut self,
        attempt: &Attempt<'_>,
        grant: &Grant,
    ) -> Result<IpAddr, LoginRefusal> {
        let of_profile = self.profile_text(grant.user, "address-pool");
        let of_server = || text(self.table(menus::SERVER), grant.server, "address-pool");
        let is_pool = |pool: &&str| *pool != "none";
        let Some(pool) = of_profile.filter(is_pool).or_else(|| of_server().filter(is_pool)) else {
            return Ok(attempt.address);
        };
        let pool = pool.as_bytes().to_vec();
        let taken = self.take_address(&pool, Guest::Hotspot(attempt.mac), attempt.user.as_bytes());
        taken.map(IpAddr::from).ok_or(LoginRefusal::NoFreeAddress)
    }

    fn opened(&self, attempt: &Attempt<'_>, grant: &Grant, address: IpAddr) -> Session {
        let users = self.table(menus::USER);
        let server = self.table(menus::SERVER).name(grant.server);
        Session {
            user: attempt.user.as_bytes().to_vec(),
            user_id: grant.user,
            server: server.unwrap_or_default().to_vec(),
            address,
            login_by: attempt.login_by,
            comment: users.text(grant.user, "comment").map(<[u8]>::to_vec),
            meter: Meter::started(self.clock.now(), self.allowance(grant.user)),
        }
    }

    fn shaping(&self, user: ObjectId) -> Shaping {
        let setting = |column| self.profile_text(user, column).map(str::to_owned);
        Shaping {
            rate_limit: setting("rate-limit"),
            parent: setting("parent-queue"),
            queue_type: setting("queue-type"),
        }
    }

    fn keep_cookie(&mut self, attempt: &Attempt<'_>, grant: &Grant) {
        let profile = |column| self.profile_text(grant.user, column);
        let allowed = self.server_lets_in(grant.server, LoginBy::MacCookie)
            && profile("add-mac-cookie") == Some("true");
        let lasts = profile("mac-cookie-timeout").and_then(|text| duration::parse(text).ok());
        let Some(lasts) = lasts.filter(|time| allowed && !time.is_zero()) else {
            return;
        };
        let now = self.clock.now();
        let expires = later(now, lasts);
        let cookie =
            Cookie { user: attempt.user.as_bytes().to_vec(), address: attempt.address, expires };
        if let Some(old) = self.presence.cookies.id_of(attempt.mac) {
            self.feed.removed(Made::Cookie.path(), old);
        }
        let id = self.presence.cookies.insert(attempt.mac, cookie);
        self.agenda.plan(Event::Forget(attempt.mac), Some(expires));
        if let Some(record) = self.presence.cookie_record(id, now) {
            self.feed.changed(Made::Cookie.path(), &record);
        }
    }

    /// How the login page of the running server sends a password.
    pub(super) fn page_login(&self) -> LoginBy {
        let offers = |way: &LoginBy| {
            self.running_server().is_some_and(|server| self.server_lets_in(server, *way))
        };
        let ways = [LoginBy::HttpChap, LoginBy::Https, LoginBy::HttpPap];
        ways.into_iter().find(offers).unwrap_or(LoginBy::HttpChap)
    }

    /// Whether the `login-by` of a server names a way in.
    pub(super) fn server_lets_in(&self, server: ObjectId, way: LoginBy) -> bool {
        let ways = self.server_setting(server, "login-by");
        ways.is_some_and(|ways| ways.split(',').any(|offered| offered == way.word()))
    }

    fn server_setting(&self, server: ObjectId, column: &str) -> Option<&str> {
        let profiles = self.table(menus::SERVER_PROFILE);
        let profile = self.table(menus::SERVER).text(server, "profile")?;
        text(profiles, profiles.find(profile)?, column)
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

    /// The first server that is enabled.
    pub(super) fn running_server(&self) -> Option<ObjectId> {
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

    /// What a session of a user may use from now on.
    pub(in super::super) fn allowance(&self, user: ObjectId) -> Allowance {
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
    let limit = time(users, user, "limit-uptime")?;
    let left = limit.saturating_sub(usage(users, user).uptime);
    Some(left.max(SignedDuration::ZERO))
}
