//! Servers, their profiles, and devices with rules of their own.

use jiff::SignedDuration;

use crate::{
    command::{
        Command, ItemId, Record, Row, Settings, Switch,
        record::{flag, or_none},
        row::Reader,
    },
    error::Error,
    value::{Capabilities, Mac, duration},
};

/// A `HotSpot` server on one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its name.
    pub name: String,
    /// The interface it serves.
    pub interface: Option<String>,
    /// The pool that addresses are taken from.
    pub address_pool: Option<String>,
    /// Its profile, by name.
    pub profile: Option<String>,
    /// A device that is not logged in and silent for so long is forgotten.
    pub idle_timeout: Option<SignedDuration>,
    /// A device that is not logged in and cannot be reached for so long is forgotten.
    pub keepalive_timeout: Option<SignedDuration>,
    /// A device that does not log in for so long is forgotten.
    pub login_timeout: Option<SignedDuration>,
    /// Addresses that one device may have; `None` means any number.
    pub addresses_per_mac: Option<u32>,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether the router cannot run it, for example for lack of its interface.
    pub invalid: bool,
    /// Whether it serves logins over TLS.
    pub https: bool,
    /// How its proxy fares, such as `running`.
    pub proxy_status: Option<String>,
}

impl Record for Server {
    const MENU: &'static str = "/ip/hotspot";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "interface",
        "address-pool",
        "profile",
        "idle-timeout",
        "keepalive-timeout",
        "login-timeout",
        "addresses-per-mac",
        "disabled",
        "invalid",
        "HTTPS",
        "proxy-status",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            interface: reader.optional("interface"),
            address_pool: reader.optional("address-pool").filter(|pool| pool != "none"),
            profile: reader.optional("profile"),
            idle_timeout: reader.duration("idle-timeout")?,
            keepalive_timeout: reader.duration("keepalive-timeout")?,
            login_timeout: reader.duration("login-timeout")?,
            addresses_per_mac: reader.number_or("unlimited", "addresses-per-mac")?,
            disabled: reader.flag("disabled")?,
            invalid: reader.flag("invalid")?,
            https: reader.flag("HTTPS")?,
            proxy_status: reader.optional("proxy-status"),
        })
    }
}

/// What can be written of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerSettings {
    /// Its name.
    pub name: Option<String>,
    /// The interface it serves.
    pub interface: Option<String>,
    /// The pool that addresses are taken from, or `none`.
    pub address_pool: Option<String>,
    /// Its profile, by name.
    pub profile: Option<String>,
    /// When a silent device is forgotten; `Some(None)` means never.
    pub idle_timeout: Option<Option<SignedDuration>>,
    /// When an unreachable device is forgotten; `Some(None)` means never.
    pub keepalive_timeout: Option<Option<SignedDuration>>,
    /// When a device that does not log in is forgotten; `Some(None)` means never.
    pub login_timeout: Option<Option<SignedDuration>>,
    /// Addresses that one device may have.
    pub addresses_per_mac: Option<u32>,
    /// Whether it runs.
    pub switch: Option<Switch>,
}

impl Settings for ServerSettings {
    type Row = Server;

    fn write(&self, command: Command, _: &Capabilities) -> Command {
        command
            .with_some("name", self.name.as_ref())
            .with_some("interface", self.interface.as_ref())
            .with_some("address-pool", self.address_pool.as_ref())
            .with_some("profile", self.profile.as_ref())
            .with_some("idle-timeout", self.idle_timeout.map(or_none))
            .with_some("keepalive-timeout", self.keepalive_timeout.map(or_none))
            .with_some("login-timeout", self.login_timeout.map(or_none))
            .with_some("addresses-per-mac", self.addresses_per_mac.map(|count| count.to_string()))
            .with_some("disabled", self.switch.map(Switch::disabled_value))
    }
}

/// What servers have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerProfile {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its name.
    pub name: String,
    /// The address of the login page.
    pub hotspot_address: Option<String>,
    /// The name of the login page.
    pub dns_name: Option<String>,
    /// The folder of the login pages.
    pub html_directory: Option<String>,
    /// The ways of logging in, such as `http-chap` and `mac-cookie`.
    pub login_by: Vec<String>,
    /// How long a browser may come back.
    pub http_cookie_lifetime: Option<SignedDuration>,
    /// Whether a RADIUS server is asked.
    pub use_radius: bool,
    /// Whether `user@domain` is taken apart.
    pub split_user_domain: bool,
    /// The speed of everybody together.
    pub rate_limit: Option<String>,
    /// Whether it is the built-in `default`.
    pub is_builtin: bool,
}

impl Record for ServerProfile {
    const MENU: &'static str = "/ip/hotspot/profile";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "hotspot-address",
        "dns-name",
        "html-directory",
        "login-by",
        "http-cookie-lifetime",
        "use-radius",
        "split-user-domain",
        "rate-limit",
        "default",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            hotspot_address: reader
                .optional("hotspot-address")
                .filter(|address| address != "0.0.0.0"),
            dns_name: reader.optional("dns-name"),
            html_directory: reader.optional("html-directory"),
            login_by: reader.list("login-by"),
            http_cookie_lifetime: reader.duration("http-cookie-lifetime")?,
            use_radius: reader.flag("use-radius")?,
            split_user_domain: reader.flag("split-user-domain")?,
            rate_limit: reader.optional("rate-limit"),
            is_builtin: reader.flag("default")?,
        })
    }
}

/// What can be written of a server profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerProfileSettings {
    /// Its name.
    pub name: Option<String>,
    /// The address of the login page.
    pub hotspot_address: Option<String>,
    /// The name of the login page.
    pub dns_name: Option<String>,
    /// The folder of the login pages.
    pub html_directory: Option<String>,
    /// The ways of logging in.
    pub login_by: Option<Vec<String>>,
    /// How long a browser may come back.
    pub http_cookie_lifetime: Option<SignedDuration>,
    /// Whether a RADIUS server is asked.
    pub use_radius: Option<bool>,
    /// Whether `user@domain` is taken apart.
    pub split_user_domain: Option<bool>,
    /// The speed of everybody together.
    pub rate_limit: Option<String>,
}

impl Settings for ServerProfileSettings {
    type Row = ServerProfile;

    fn write(&self, command: Command, _: &Capabilities) -> Command {
        let lifetime = self.http_cookie_lifetime.map(duration::format);
        command
            .with_some("name", self.name.as_ref())
            .with_some("hotspot-address", self.hotspot_address.as_ref())
            .with_some("dns-name", self.dns_name.as_ref())
            .with_some("html-directory", self.html_directory.as_ref())
            .with_some("login-by", self.login_by.as_ref().map(|ways| ways.join(",")))
            .with_some("http-cookie-lifetime", lifetime)
            .with_some("use-radius", self.use_radius.map(flag))
            .with_some("split-user-domain", self.split_user_domain.map(flag))
            .with_some("rate-limit", self.rate_limit.as_ref())
    }
}

/// What becomes of a bound device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum BindingKind {
    /// It logs in like any other.
    #[default]
    Regular,
    /// It gets through without logging in.
    Bypassed,
    /// It gets nothing.
    Blocked,
}

impl BindingKind {
    /// The value of the field `type`.
    pub fn value(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Bypassed => "bypassed",
            Self::Blocked => "blocked",
        }
    }

    fn read(text: &str) -> Option<Self> {
        let kinds = [Self::Regular, Self::Bypassed, Self::Blocked];
        kinds.into_iter().find(|kind| kind.value() == text)
    }
}

/// A device with rules of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpBinding {
    /// Where it is in the table.
    pub id: ItemId,
    /// The device.
    pub mac_address: Option<Mac>,
    /// Its address, or a range.
    pub address: Option<String>,
    /// The address it is given in place of its own.
    pub to_address: Option<String>,
    /// The server it is bound at; `None` means all.
    pub server: Option<String>,
    /// What becomes of it.
    pub kind: BindingKind,
    /// As bytes: other tools may have written it in another code page.
    pub comment: Vec<u8>,
    /// Whether it is out of force.
    pub disabled: bool,
}

impl Record for IpBinding {
    const MENU: &'static str = "/ip/hotspot/ip-binding";
    const FIELDS: &'static [&'static str] =
        &[".id", "mac-address", "address", "to-address", "server", "type", "comment", "disabled"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            mac_address: reader.mac("mac-address")?,
            address: reader.optional("address"),
            to_address: reader.optional("to-address"),
            server: reader.optional("server").filter(|server| server != "all"),
            kind: reader.word("type", BindingKind::read)?.unwrap_or_default(),
            comment: reader.bytes("comment"),
            disabled: reader.flag("disabled")?,
        })
    }
}

/// What can be written of a binding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IpBindingSettings {
    /// The device.
    pub mac_address: Option<Mac>,
    /// Its address, or a range.
    pub address: Option<String>,
    /// The address it is given in place of its own.
    pub to_address: Option<String>,
    /// The server it is bound at, or `all`.
    pub server: Option<String>,
    /// What becomes of it.
    pub kind: Option<BindingKind>,
    /// The comment, as bytes.
    pub comment: Option<Vec<u8>>,
    /// Whether it is in force.
    pub switch: Option<Switch>,
}

impl Settings for IpBindingSettings {
    type Row = IpBinding;

    fn write(&self, command: Command, _: &Capabilities) -> Command {
        command
            .with_some("mac-address", self.mac_address.map(|mac| mac.to_string()))
            .with_some("address", self.address.as_ref())
            .with_some("to-address", self.to_address.as_ref())
            .with_some("server", self.server.as_ref())
            .with_some("type", self.kind.map(BindingKind::value))
            .with_some("comment", self.comment.as_ref())
            .with_some("disabled", self.switch.map(Switch::disabled_value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Version;

    #[test]
    fn a_binding_of_an_unknown_kind_is_an_error_and_never_a_regular_one() {
        let row =
            |kind| Row::of(&[(".id", "*1"), ("type", kind), ("mac-address", "02:00:00:00:00:01")]);
        assert_eq!(IpBinding::read(&row("bypassed")).unwrap().kind, BindingKind::Bypassed);
        assert!(IpBinding::read(&row("special")).is_err());
    }

    #[test]
    fn a_server_reads_what_it_does_not_limit_as_none() {
        let server = Server::read(&Row::of(&[
            (".id", "*1"),
            ("name", "hotspot1"),
            ("address-pool", "none"),
            ("idle-timeout", "5m"),
            ("keepalive-timeout", "none"),
            ("addresses-per-mac", "unlimited"),
            ("HTTPS", "false"),
        ]))
        .unwrap();
        assert_eq!((server.address_pool, server.keepalive_timeout), (None, None));
        assert_eq!((server.addresses_per_mac, server.idle_timeout.unwrap().as_secs()), (None, 300));
    }

    #[test]
    fn a_setting_that_is_not_given_is_not_sent_and_never_is_written_as_a_word() {
        let settings = ServerSettings { idle_timeout: Some(None), ..ServerSettings::default() };
        let router = Capabilities::of(Version::new(7, 18, 2));
        let expected =
            Command::new("/ip/hotspot/set").with(".id", "*1").with("idle-timeout", "none");
        assert_eq!(settings.set(&ItemId::from("*1".to_owned()), &router), expected);
    }
}
