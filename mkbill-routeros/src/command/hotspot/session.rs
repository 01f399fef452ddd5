//! Sessions, the devices behind them, and the cookies that bring them back.

use std::net::IpAddr;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use super::server::BindingKind;
use crate::{
    command::{Command, ItemId, Record, Row, row::Reader},
    error::Error,
    value::Mac,
};

/// A session that is running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Where it is in the table. Renumbered at every reboot.
    pub id: ItemId,
    /// The name of the user.
    pub user: String,
    /// The `HotSpot` server it came through.
    pub server: Option<String>,
    /// The domain it logged in with.
    pub domain: Option<String>,
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
    /// How long it has been silent.
    pub idle_time: Option<SignedDuration>,
    /// After how much silence it will be cut.
    pub idle_timeout: Option<SignedDuration>,
    /// Bytes in both directions after which it will be cut.
    pub limit_bytes_total: Option<u64>,
    /// Whether a RADIUS server let it in.
    pub radius: bool,
    /// The comment of the user, as bytes.
    pub comment: Vec<u8>,
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
        "server",
        "domain",
        "address",
        "mac-address",
        "login-by",
        "uptime",
        "session-time-left",
        "idle-time",
        "idle-timeout",
        "limit-bytes-total",
        "radius",
        "comment",
        "bytes-in",
        "bytes-out",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            user: reader.required("user")?,
            server: reader.optional("server"),
            domain: reader.optional("domain"),
            address: reader.optional("address"),
            mac_address: reader.optional("mac-address"),
            login_by: reader.optional("login-by"),
            uptime: reader.duration("uptime")?.unwrap_or_default(),
            session_time_left: reader.duration("session-time-left")?,
            idle_time: reader.duration("idle-time")?,
            idle_timeout: reader.duration("idle-timeout")?,
            limit_bytes_total: reader.size("limit-bytes-total")?.filter(|limit| *limit > 0),
            radius: reader.flag("radius")?,
            comment: reader.bytes("comment"),
            bytes_in: reader.size("bytes-in")?.unwrap_or_default(),
            bytes_out: reader.size("bytes-out")?.unwrap_or_default(),
        })
    }
}

/// Logs a customer in from the router's side, for a device that the `HotSpot` sees.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name of the user.
    pub user: String,
    /// The user's password.
    pub password: SecretString,
    /// The device's address.
    pub address: IpAddr,
    /// The device.
    pub mac_address: Mac,
    /// The domain, for users of a RADIUS server.
    pub domain: Option<String>,
}

impl Login {
    /// The command. What the `HotSpot` has against the login comes as a refusal.
    pub fn command(&self) -> Command {
        Command::new("/ip/hotspot/active/login")
            .with("user", &self.user)
            .with("password", self.password.expose_secret())
            .with("ip", self.address.to_string())
            .with("mac-address", self.mac_address.to_string())
            .with_some("domain", self.domain.as_ref())
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
    /// The address it was given in place of its own.
    pub to_address: Option<String>,
    /// The `HotSpot` server that sees it.
    pub server: Option<String>,
    /// How long it has been seen.
    pub uptime: Option<SignedDuration>,
    /// How long it has been silent.
    pub idle_time: Option<SignedDuration>,
    /// Bytes from the device.
    pub bytes_in: u64,
    /// Bytes to the device.
    pub bytes_out: u64,
    /// Whether it is logged in.
    pub authorized: bool,
    /// Whether it gets through without logging in.
    pub bypassed: bool,
}

impl Record for Host {
    const MENU: &'static str = "/ip/hotspot/host";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "mac-address",
        "address",
        "to-address",
        "server",
        "uptime",
        "idle-time",
        "bytes-in",
        "bytes-out",
        "authorized",
        "bypassed",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            mac_address: reader.required("mac-address")?,
            address: reader.optional("address"),
            to_address: reader.optional("to-address"),
            server: reader.optional("server"),
            uptime: reader.duration("uptime")?,
            idle_time: reader.duration("idle-time")?,
            bytes_in: reader.size("bytes-in")?.unwrap_or_default(),
            bytes_out: reader.size("bytes-out")?.unwrap_or_default(),
            authorized: reader.flag("authorized")?,
            bypassed: reader.flag("bypassed")?,
        })
    }
}

/// Makes what the `HotSpot` sees of a device a binding of its own.
pub fn make_binding(id: &ItemId, kind: BindingKind) -> Command {
    Command::new("/ip/hotspot/host/make-binding")
        .with(".id", id.as_ref())
        .with("type", kind.value())
}

/// What lets a device come back without logging in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Where it is in the table.
    pub id: ItemId,
    /// The name of the user.
    pub user: String,
    /// The domain the user logged in with.
    pub domain: Option<String>,
    /// The device.
    pub mac_address: Option<String>,
    /// How long it still works.
    pub expires_in: Option<SignedDuration>,
}

impl Record for Cookie {
    const MENU: &'static str = "/ip/hotspot/cookie";
    const FIELDS: &'static [&'static str] = &[".id", "user", "domain", "mac-address", "expires-in"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            user: reader.required("user")?,
            domain: reader.optional("domain"),
            mac_address: reader.optional("mac-address"),
            expires_in: reader.duration("expires-in")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_with_whatever_the_router_tells_of_it() {
        let active = Active::read(&Row::of(&[
            (".id", "*A"),
            ("user", "v1"),
            ("uptime", "1d02:03:04"),
            ("idle-timeout", "none"),
            ("radius", "false"),
        ]))
        .unwrap();
        assert_eq!((active.uptime.as_secs(), active.idle_timeout), (93_784, None));
        assert!(Active::read(&Row::of(&[(".id", "*A")])).is_err());
    }

    #[test]
    fn logging_a_customer_in_never_shows_the_password() {
        let login = Login {
            user: "v1".to_owned(),
            password: SecretString::from("hunter2".to_owned()),
            address: [10, 5, 50, 7].into(),
            mac_address: Mac::numbered(1),
            domain: None,
        };
        let shown = format!("{login:?} {:?}", login.command());
        assert!(shown.contains("=ip=10.5.50.7") && !shown.contains("hunter2"), "{shown}");
    }
}
