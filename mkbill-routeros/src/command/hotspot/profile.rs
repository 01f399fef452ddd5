//! Profiles of users.

use jiff::SignedDuration;

use crate::{
    command::{
        Command, ItemId, Record, Row, Settings,
        record::{flag, or_none},
        row::Reader,
    },
    error::Error,
    value::{Capabilities, RateLimit, duration},
};

/// What a kind of users have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserProfile {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its name, by which users refer to it.
    pub name: String,
    /// The speed as text; [`RateLimit::parse`] reads it. Operators may have written what is not
    /// read there.
    pub rate_limit: Option<String>,
    /// Sessions that one user may have at once; `None` means any number.
    pub shared_users: Option<u32>,
    /// The longest single session.
    pub session_timeout: Option<SignedDuration>,
    /// Whether a device that logged in once comes back without logging in.
    pub adds_mac_cookie: bool,
    /// How long such a device may come back.
    pub mac_cookie_timeout: Option<SignedDuration>,
    /// A session that is silent for so long ends.
    pub idle_timeout: Option<SignedDuration>,
    /// A session whose device cannot be reached for so long ends.
    pub keepalive_timeout: Option<SignedDuration>,
    /// The pool that addresses are taken from.
    pub address_pool: Option<String>,
    /// The address list that sessions are entered in.
    pub address_list: Option<String>,
    /// The queue above those of the sessions.
    pub parent_queue: Option<String>,
    /// The script that runs at each login, as bytes.
    pub on_login: Vec<u8>,
    /// The script that runs at each logout, as bytes.
    pub on_logout: Vec<u8>,
    /// Whether it is the built-in `default`.
    pub is_builtin: bool,
}

impl Record for UserProfile {
    const MENU: &'static str = "/ip/hotspot/user/profile";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "rate-limit",
        "shared-users",
        "session-timeout",
        "add-mac-cookie",
        "mac-cookie-timeout",
        "idle-timeout",
        "keepalive-timeout",
        "address-pool",
        "address-list",
        "parent-queue",
        "on-login",
        "on-logout",
        "default",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            rate_limit: reader.optional("rate-limit"),
            shared_users: shared_users(&reader)?,
            session_timeout: reader.duration("session-timeout")?.filter(|limit| !limit.is_zero()),
            adds_mac_cookie: reader.flag("add-mac-cookie")?,
            mac_cookie_timeout: reader.duration("mac-cookie-timeout")?,
            idle_timeout: reader.duration("idle-timeout")?,
            keepalive_timeout: reader.duration("keepalive-timeout")?,
            address_pool: reader.optional("address-pool").filter(|pool| pool != "none"),
            address_list: reader.optional("address-list"),
            parent_queue: reader.optional("parent-queue").filter(|queue| queue != "none"),
            on_login: reader.bytes("on-login"),
            on_logout: reader.bytes("on-logout"),
            is_builtin: reader.flag("default")?,
        })
    }
}

fn shared_users(reader: &Reader<'_>) -> Result<Option<u32>, Error> {
    let held = reader.optional("shared-users");
    let count = reader.number_or("unlimited", "shared-users")?;
    Ok(if held.is_none() { Some(SHARED_USERS_DEFAULT) } else { count })
}

/// What routers assume.
const SHARED_USERS_DEFAULT: u32 = 1;

/// A profile to add or to bring into shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileSettings {
    /// Its name.
    pub name: String,
    /// The speed; `None` means no limit.
    pub rate_limit: Option<RateLimit>,
    /// Sessions that one user may have at once; `None` means any number.
    pub shared_users: Option<u32>,
}

impl ProfileSettings {
    /// The command that adds it; its answer carries the new id.
    pub fn add(&self) -> Command {
        self.write(Command::new("/ip/hotspot/user/profile/add"))
    }

    /// The command that gives an existing profile these settings.
    pub fn set(&self, id: &ItemId) -> Command {
        self.write(Command::new("/ip/hotspot/user/profile/set").with(".id", id.as_ref()))
    }

    fn write(&self, command: Command) -> Command {
        let shared = self.shared_users.map_or("unlimited".to_owned(), |count| count.to_string());
        let rate = self.rate_limit.map(|limit| limit.to_string()).unwrap_or_default();
        command.with("name", &self.name).with("rate-limit", rate).with("shared-users", shared)
    }
}

/// Everything that can be written of a profile, for adding one or changing some fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserProfileSettings {
    /// Its name.
    pub name: Option<String>,
    /// The speed, as [`RateLimit`] writes it.
    pub rate_limit: Option<String>,
    /// Sessions that one user may have at once; zero means any number.
    pub shared_users: Option<u32>,
    /// The longest single session; zero means no limit.
    pub session_timeout: Option<SignedDuration>,
    /// A session that is silent for so long ends; `Some(None)` means never.
    pub idle_timeout: Option<Option<SignedDuration>>,
    /// A session whose device cannot be reached for so long ends; `Some(None)` means never.
    pub keepalive_timeout: Option<Option<SignedDuration>>,
    /// How often the status page is loaded anew; `Some(None)` means never.
    pub status_autorefresh: Option<Option<SignedDuration>>,
    /// Whether a device that logged in once comes back without logging in.
    pub adds_mac_cookie: Option<bool>,
    /// How long such a device may come back.
    pub mac_cookie_timeout: Option<SignedDuration>,
    /// The pool that addresses are taken from, or `none`.
    pub address_pool: Option<String>,
    /// The address list that sessions are entered in.
    pub address_list: Option<String>,
    /// The queue above those of the sessions, or `none`.
    pub parent_queue: Option<String>,
    /// The kind of the queues of the sessions.
    pub queue_type: Option<String>,
    /// Where among the queues those of the sessions are put.
    pub insert_queue_before: Option<String>,
    /// Whether web requests of the sessions go through the proxy of the router.
    pub transparent_proxy: Option<bool>,
    /// The script that runs at each login.
    pub on_login: Option<Vec<u8>>,
    /// The script that runs at each logout.
    pub on_logout: Option<Vec<u8>>,
}

impl Settings for UserProfileSettings {
    type Row = UserProfile;

    fn write(&self, command: Command, _: &Capabilities) -> Command {
        let shared = |count: u32| match count {
            0 => "unlimited".to_owned(),
            count => count.to_string(),
        };
        command
            .with_some("name", self.name.as_ref())
            .with_some("rate-limit", self.rate_limit.as_ref())
            .with_some("shared-users", self.shared_users.map(shared))
            .with_some("session-timeout", self.session_timeout.map(duration::format))
            .with_some("idle-timeout", self.idle_timeout.map(or_none))
            .with_some("keepalive-timeout", self.keepalive_timeout.map(or_none))
            .with_some("status-autorefresh", self.status_autorefresh.map(or_none))
            .with_some("add-mac-cookie", self.adds_mac_cookie.map(flag))
            .with_some("mac-cookie-timeout", self.mac_cookie_timeout.map(duration::format))
            .with_some("address-pool", self.address_pool.as_ref())
            .with_some("address-list", self.address_list.as_ref())
            .with_some("parent-queue", self.parent_queue.as_ref())
            .with_some("queue-type", self.queue_type.as_ref())
            .with_some("insert-queue-before", self.insert_queue_before.as_ref())
            .with_some("transparent-proxy", self.transparent_proxy.map(flag))
            .with_some("on-login", self.on_login.as_ref())
            .with_some("on-logout", self.on_logout.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_any_speed_text_is_read() {
        let profile = UserProfile::read(&Row::of(&[
            (".id", "*2"),
            ("name", "odd"),
            ("rate-limit", "whatever"),
            ("shared-users", "unlimited"),
            ("session-timeout", "none"),
        ]))
        .unwrap();
        assert_eq!((profile.rate_limit.as_deref(), profile.shared_users), (Some("whatever"), None));
    }
}
