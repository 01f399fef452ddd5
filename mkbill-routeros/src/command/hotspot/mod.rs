//! `HotSpot` users, their profiles, sessions, hosts and cookies.

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use super::{Command, ItemId, Record, Row, Switch, row::Reader};
use crate::{
    error::{Error, FieldError},
    value::{RateLimit, duration},
};

/// A user: one voucher, or one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Where it is in the table.
    pub id: ItemId,
    /// What the customer types.
    pub name: String,
    /// The profile, by name.
    pub profile: Option<String>,
    /// The `HotSpot` server it is bound to; `None` means all.
    pub server: Option<String>,
    /// The only device that may log in.
    pub mac_address: Option<String>,
    /// As bytes: other tools may have written it in another code page.
    pub comment: Vec<u8>,
    /// Whether it may log in.
    pub disabled: bool,
    /// Time online that may be used in all sessions together.
    pub limit_uptime: Option<SignedDuration>,
    /// Bytes in both directions that may be used in all sessions together.
    pub limit_bytes_total: Option<u64>,
    /// Time used by finished sessions. A running session may not be in it yet.
    pub uptime: SignedDuration,
    /// Bytes from the customer, in finished sessions.
    pub bytes_in: u64,
    /// Bytes to the customer, in finished sessions.
    pub bytes_out: u64,
    /// Whether it is built in, such as `default-trial`: not ours to touch.
    pub is_builtin: bool,
}

impl Record for User {
    const MENU: &'static str = "/ip/hotspot/user";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "profile",
        "server",
        "mac-address",
        "comment",
        "disabled",
        "limit-uptime",
        "limit-bytes-total",
        "uptime",
        "bytes-in",
        "bytes-out",
        "default",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            profile: reader.optional("profile"),
            server: reader.optional("server").filter(|server| server != "all"),
            mac_address: reader.optional("mac-address").filter(|mac| mac != NO_MAC),
            comment: reader.bytes("comment"),
            disabled: reader.flag("disabled")?,
            limit_uptime: reader.duration("limit-uptime")?.filter(|limit| !limit.is_zero()),
            limit_bytes_total: reader.size("limit-bytes-total")?.filter(|limit| *limit > 0),
            uptime: reader.duration("uptime")?.unwrap_or_default(),
            bytes_in: reader.size("bytes-in")?.unwrap_or_default(),
            bytes_out: reader.size("bytes-out")?.unwrap_or_default(),
            is_builtin: reader.flag("default")?,
        })
    }
}

/// What some versions show when no device is set.
const NO_MAC: &str = "00:00:00:00:00:00";

/// A user to add.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// What the customer types.
    pub name: String,
    /// May be empty.
    pub password: SecretString,
    /// The profile, by name. It must exist.
    pub profile: String,
    /// The `HotSpot` server to bind it to; `None` means all.
    pub server: Option<String>,
    /// Time online for all sessions together; `None` means no limit.
    pub limit_uptime: Option<SignedDuration>,
    /// Bytes for all sessions together; `None` means no limit.
    pub limit_bytes_total: Option<u64>,
    /// Plain ASCII reads the same in every tool.
    pub comment: String,
}

impl NewUser {
    /// The command that adds it; its answer carries the new id.
    pub fn add(&self) -> Command {
        Command::new("/ip/hotspot/user/add")
            .with("name", &self.name)
            .with("password", self.password.expose_secret())
            .with("profile", &self.profile)
            .with_some("server", self.server.as_ref())
            .with_some("limit-uptime", self.limit_uptime.map(duration::format))
            .with_some("limit-bytes-total", self.limit_bytes_total.map(|limit| limit.to_string()))
            .with("comment", &self.comment)
    }
}

/// What to change of a user; `None` leaves a field alone.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// The new password.
    pub password: Option<SecretString>,
    /// The new profile. Running sessions keep the speed of the old one.
    pub profile: Option<String>,
    /// The only device that may log in; an empty text frees the user from its device.
    pub mac_address: Option<String>,
    /// The new limit, what was used before included; zero lifts it.
    pub limit_uptime: Option<SignedDuration>,
    /// The new limit, what was used before included; zero lifts it.
    pub limit_bytes_total: Option<u64>,
    /// The new comment, as bytes so that what others wrote can go back as it came.
    pub comment: Option<Vec<u8>>,
    /// Whether it may log in.
    pub switch: Option<Switch>,
}

impl UserChange {
    /// The command that changes one user.
    pub fn set(&self, id: &ItemId) -> Command {
        Command::new("/ip/hotspot/user/set")
            .with(".id", id.as_ref())
            .with_some("password", self.password.as_ref().map(ExposeSecret::expose_secret))
            .with_some("profile", self.profile.as_ref())
            .with_some("mac-address", self.mac_address.as_ref())
            .with_some("limit-uptime", self.limit_uptime.map(duration::format))
            .with_some("limit-bytes-total", self.limit_bytes_total.map(|limit| limit.to_string()))
            .with_some("comment", self.comment.as_ref())
            .with_some("disabled", self.switch.map(Switch::disabled_value))
    }
}

/// Sets the used time and bytes of a user back to zero.
pub fn reset_counters(id: &ItemId) -> Command {
    Command::new("/ip/hotspot/user/reset-counters").with(".id", id.as_ref())
}

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
    /// The script that runs at each login, as bytes.
    pub on_login: Vec<u8>,
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
        "on-login",
        "default",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            rate_limit: reader.optional("rate-limit"),
            shared_users: reader.parsed("shared-users", shared_users)?.unwrap_or(Some(1)),
            session_timeout: reader.duration("session-timeout")?.filter(|limit| !limit.is_zero()),
            adds_mac_cookie: reader.flag("add-mac-cookie")?,
            on_login: reader.bytes("on-login"),
            is_builtin: reader.flag("default")?,
        })
    }
}

fn shared_users(text: &str) -> Result<Option<u32>, FieldError> {
    match text {
        "unlimited" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| FieldError::Number),
    }
}

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

/// A session that is running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Where it is in the table. Renumbered at every reboot.
    pub id: ItemId,
    /// The name of the user.
    pub user: String,
    /// The device's address.
    pub address: Option<String>,
    /// The device.
    pub mac_address: Option<String>,
    /// How it logged in: `http-chap`, `mac-cookie` and so on.
    pub login_by: Option<String>,
    /// How long it has run.
    pub uptime: SignedDuration,
    /// When it will be cut.
    pub session_time_left: Option<SignedDuration>,
    /// Bytes from the customer in this session.
    pub bytes_in: u64,
    /// Bytes to the customer in this session.
    pub bytes_out: u64,
}

impl Record for Active {
    const MENU: &'static str = "/ip/hotspot/active";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "user",
        "address",
        "mac-address",
        "login-by",
        "uptime",
        "session-time-left",
        "bytes-in",
        "bytes-out",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            user: reader.required("user")?,
            address: reader.optional("address"),
            mac_address: reader.optional("mac-address"),
            login_by: reader.optional("login-by"),
            uptime: reader.duration("uptime")?.unwrap_or_default(),
            session_time_left: reader.duration("session-time-left")?,
            bytes_in: reader.size("bytes-in")?.unwrap_or_default(),
            bytes_out: reader.size("bytes-out")?.unwrap_or_default(),
        })
    }
}

/// A device that the `HotSpot` sees, logged in or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Where it is in the table. Renumbered at every reboot.
    pub id: ItemId,
    /// The device.
    pub mac_address: String,
    /// Its address.
    pub address: Option<String>,
    /// Whether it is logged in.
    pub authorized: bool,
    /// Whether it gets through without logging in.
    pub bypassed: bool,
}

impl Record for Host {
    const MENU: &'static str = "/ip/hotspot/host";
    const FIELDS: &'static [&'static str] =
        &[".id", "mac-address", "address", "authorized", "bypassed"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            mac_address: reader.required("mac-address")?,
            address: reader.optional("address"),
            authorized: reader.flag("authorized")?,
            bypassed: reader.flag("bypassed")?,
        })
    }
}

/// What lets a device come back without logging in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Where it is in the table.
    pub id: ItemId,
    /// The name of the user.
    pub user: String,
    /// The device.
    pub mac_address: Option<String>,
    /// How long it still works.
    pub expires_in: Option<SignedDuration>,
}

impl Record for Cookie {
    const MENU: &'static str = "/ip/hotspot/cookie";
    const FIELDS: &'static [&'static str] = &[".id", "user", "mac-address", "expires-in"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            user: reader.required("user")?,
            mac_address: reader.optional("mac-address"),
            expires_in: reader.duration("expires-in")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Sentence;

    fn row(fields: &[(&str, &str)]) -> Row {
        let sentence = Sentence::command("!re");
        fields.iter().fold(sentence, |sentence, (name, value)| sentence.with(name, value)).into()
    }

    #[test]
    fn a_user_needs_its_id_and_name_and_nothing_else() {
        let user = User::read(&row(&[(".id", "*1"), ("name", "v1"), ("colour", "red")])).unwrap();
        assert_eq!((user.name.as_str(), user.limit_uptime, user.disabled), ("v1", None, false));
        let error = User::read(&row(&[(".id", "*1")])).unwrap_err();
        assert_eq!(error.to_string(), "reading field name of a row of /ip/hotspot/user");
    }

    #[test]
    fn an_unreadable_limit_is_an_error_and_never_no_limit() {
        let odd = row(&[(".id", "*1"), ("name", "v1"), ("limit-uptime", "soon")]);
        assert!(User::read(&odd).is_err());
    }

    #[test]
    fn zero_limits_and_the_empty_device_read_as_none() {
        let user = User::read(&row(&[
            (".id", "*1"),
            ("name", "v1"),
            ("limit-uptime", "0s"),
            ("limit-bytes-total", "0"),
            ("mac-address", NO_MAC),
            ("server", "all"),
        ]))
        .unwrap();
        assert_eq!((user.limit_uptime, user.limit_bytes_total), (None, None));
        assert_eq!((user.mac_address, user.server), (None, None));
    }

    #[test]
    fn a_profile_of_any_speed_text_is_read() {
        let profile = UserProfile::read(&row(&[
            (".id", "*2"),
            ("name", "odd"),
            ("rate-limit", "whatever"),
            ("shared-users", "unlimited"),
            ("session-timeout", "none"),
        ]))
        .unwrap();
        assert_eq!((profile.rate_limit.as_deref(), profile.shared_users), (Some("whatever"), None));
    }

    #[test]
    fn adding_a_user_never_shows_its_password() {
        let user = NewUser {
            name: "v1".to_owned(),
            password: SecretString::from("hunter2".to_owned()),
            profile: "1h".to_owned(),
            server: None,
            limit_uptime: Some(SignedDuration::from_hours(24)),
            limit_bytes_total: Some(1 << 30),
            comment: "mkb=B1".to_owned(),
        };
        let shown = format!("{user:?} {:?}", user.add());
        assert!(shown.contains("=limit-uptime=1d") && !shown.contains("hunter2"), "{shown}");
    }
}
