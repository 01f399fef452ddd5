//! Users: vouchers and customers.

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    command::{Command, ItemId, Record, Row, Settings, Switch, row::Reader},
    error::Error,
    value::{Capabilities, duration},
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
    /// The only address it is given.
    pub address: Option<String>,
    /// Where the customer is written to.
    pub email: Option<String>,
    /// As bytes: other tools may have written it in another code page.
    pub comment: Vec<u8>,
    /// Whether it may log in.
    pub disabled: bool,
    /// Time online that may be used in all sessions together.
    pub limit_uptime: Option<SignedDuration>,
    /// Bytes in both directions that may be used in all sessions together.
    pub limit_bytes_total: Option<u64>,
    /// Bytes from the customer that may be used in all sessions together.
    pub limit_bytes_in: Option<u64>,
    /// Bytes to the customer that may be used in all sessions together.
    pub limit_bytes_out: Option<u64>,
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
        "address",
        "email",
        "comment",
        "disabled",
        "limit-uptime",
        "limit-bytes-total",
        "limit-bytes-in",
        "limit-bytes-out",
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
            address: reader.optional("address"),
            email: reader.optional("email"),
            comment: reader.bytes("comment"),
            disabled: reader.flag("disabled")?,
            limit_uptime: reader.duration("limit-uptime")?.filter(|limit| !limit.is_zero()),
            limit_bytes_total: reader.size("limit-bytes-total")?.filter(|limit| *limit > 0),
            limit_bytes_in: reader.size("limit-bytes-in")?.filter(|limit| *limit > 0),
            limit_bytes_out: reader.size("limit-bytes-out")?.filter(|limit| *limit > 0),
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

/// Everything that can be written of a user, for adding one or changing some fields.
#[derive(Debug, Clone, Default)]
pub struct UserSettings {
    /// What the customer types.
    pub name: Option<String>,
    /// The password; may be empty.
    pub password: Option<SecretString>,
    /// The profile, by name. It must exist.
    pub profile: Option<String>,
    /// The `HotSpot` server it is bound to, or `all`.
    pub server: Option<String>,
    /// The only address it is given.
    pub address: Option<String>,
    /// The only device that may log in.
    pub mac_address: Option<String>,
    /// Where the customer is written to.
    pub email: Option<String>,
    /// Networks behind the customer.
    pub routes: Option<String>,
    /// Time online for all sessions together; zero means no limit.
    pub limit_uptime: Option<SignedDuration>,
    /// Bytes from the customer; zero means no limit.
    pub limit_bytes_in: Option<u64>,
    /// Bytes to the customer; zero means no limit.
    pub limit_bytes_out: Option<u64>,
    /// Bytes in both directions; zero means no limit.
    pub limit_bytes_total: Option<u64>,
    /// The secret for one-time passwords, from 7.21 on. An older router refuses it.
    pub otp_secret: Option<SecretString>,
    /// The comment, as bytes so that what others wrote can go back as it came.
    pub comment: Option<Vec<u8>>,
    /// Whether it may log in.
    pub switch: Option<Switch>,
}

/// What the secret for one-time passwords is called on the latest routers.
const OTP_FIELD: &str = "otp-secret";

impl Settings for UserSettings {
    type Row = User;

    fn write(&self, command: Command, router: &Capabilities) -> Command {
        let number = |limit: Option<u64>| limit.map(|limit| limit.to_string());
        command
            .with_some("name", self.name.as_ref())
            .with_some("password", self.password.as_ref().map(ExposeSecret::expose_secret))
            .with_some("profile", self.profile.as_ref())
            .with_some("server", self.server.as_ref())
            .with_some("address", self.address.as_ref())
            .with_some("mac-address", self.mac_address.as_ref())
            .with_some("email", self.email.as_ref())
            .with_some("routes", self.routes.as_ref())
            .with_some("limit-uptime", self.limit_uptime.map(duration::format))
            .with_some("limit-bytes-in", number(self.limit_bytes_in))
            .with_some("limit-bytes-out", number(self.limit_bytes_out))
            .with_some("limit-bytes-total", number(self.limit_bytes_total))
            .with_some(
                router.otp_field.unwrap_or(OTP_FIELD),
                self.otp_secret.as_ref().map(ExposeSecret::expose_secret),
            )
            .with_some("comment", self.comment.as_ref())
            .with_some("disabled", self.switch.map(Switch::disabled_value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Version;

    #[test]
    fn a_user_needs_its_id_and_name_and_nothing_else() {
        let user =
            User::read(&Row::of(&[(".id", "*1"), ("name", "v1"), ("colour", "red")])).unwrap();
        assert_eq!((user.name.as_str(), user.limit_uptime, user.disabled), ("v1", None, false));
        let error = User::read(&Row::of(&[(".id", "*1")])).unwrap_err();
        assert_eq!(error.to_string(), "reading field name of a row of /ip/hotspot/user");
    }

    #[test]
    fn an_unreadable_limit_is_an_error_and_never_no_limit() {
        let odd = Row::of(&[(".id", "*1"), ("name", "v1"), ("limit-uptime", "soon")]);
        assert!(User::read(&odd).is_err());
    }

    #[test]
    fn zero_limits_and_the_empty_device_read_as_none() {
        let user = User::read(&Row::of(&[
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

    #[test]
    fn the_secret_for_one_time_passwords_goes_by_the_name_of_the_release() {
        let otp_secret = Some(SecretString::from("JBSWY3DP".to_owned()));
        let user = UserSettings { otp_secret, ..UserSettings::default() };
        for (version, field) in [
            (Version::new(7, 20, 0), "otp-secret"),
            (Version::new(7, 21, 0), "totp-secret"),
            (Version::new(7, 24, 0), "otp-secret"),
        ] {
            let shown = format!("{:?}", user.add(&Capabilities::of(version)));
            assert!(shown.contains(&format!("={field}=")) && !shown.contains("JBSW"), "{shown}");
        }
    }
}
