//! PPP: secrets, profiles and sessions, for `PPPoE` and the other tunnels.

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use super::{Choice, Command, ItemId, Record, Row, Settings, Switch, record::or_none, row::Reader};
use crate::{
    error::Error,
    value::{Capabilities, RouterTime, duration},
};

/// Which kind of tunnel a secret is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// All of them.
    #[default]
    Any,
    /// Serial lines.
    Async,
    /// `L2TP`.
    L2tp,
    /// `OpenVPN`.
    Ovpn,
    /// `PPPoE`.
    Pppoe,
    /// `PPTP`.
    Pptp,
    /// `SSTP`.
    Sstp,
}

impl Service {
    const ALL: [Self; 7] =
        [Self::Any, Self::Async, Self::L2tp, Self::Ovpn, Self::Pppoe, Self::Pptp, Self::Sstp];

    /// The value as it is written.
    pub fn value(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Async => "async",
            Self::L2tp => "l2tp",
            Self::Ovpn => "ovpn",
            Self::Pppoe => "pppoe",
            Self::Pptp => "pptp",
            Self::Sstp => "sstp",
        }
    }

    fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.value() == text)
    }
}

/// An account that may dial in. Its password is not read; ask for `password` by a print of your own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Where it is in the table.
    pub id: ItemId,
    /// What the customer's device sends.
    pub name: String,
    /// Which kind of tunnel it is for.
    pub service: Service,
    /// The profile, by name.
    pub profile: Option<String>,
    /// The only caller that may use it: a hardware address with `PPPoE`.
    pub caller_id: Option<String>,
    /// The router's address in the tunnel.
    pub local_address: Option<String>,
    /// The customer's address in the tunnel, or a pool.
    pub remote_address: Option<String>,
    /// The customer's IPv6 prefix.
    pub remote_ipv6_prefix: Option<String>,
    /// Networks behind the customer.
    pub routes: Option<String>,
    /// IPv6 networks behind the customer.
    pub ipv6_routes: Option<String>,
    /// Bytes from the customer that one session may move.
    pub limit_bytes_in: Option<u64>,
    /// Bytes to the customer that one session may move.
    pub limit_bytes_out: Option<u64>,
    /// As bytes: other tools may have written it in another code page.
    pub comment: Vec<u8>,
    /// Whether it may not dial in. A running session goes on until it is removed.
    pub disabled: bool,
    /// When its last session ended, by the router's clock.
    pub last_logged_out: Option<RouterTime>,
    /// Who called last; version 7 only.
    pub last_caller_id: Option<String>,
    /// Why the last session ended, such as `hung-up`; version 7 only.
    pub last_disconnect_reason: Option<String>,
}

impl Record for Secret {
    const MENU: &'static str = "/ppp/secret";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "service",
        "profile",
        "caller-id",
        "local-address",
        "remote-address",
        "remote-ipv6-prefix",
        "routes",
        "ipv6-routes",
        "limit-bytes-in",
        "limit-bytes-out",
        "comment",
        "disabled",
        "last-logged-out",
        "last-caller-id",
        "last-disconnect-reason",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            service: reader.word("service", Service::read)?.unwrap_or_default(),
            profile: reader.optional("profile"),
            caller_id: reader.optional("caller-id"),
            local_address: reader.optional("local-address"),
            remote_address: reader.optional("remote-address"),
            remote_ipv6_prefix: reader.optional("remote-ipv6-prefix"),
            routes: reader.optional("routes"),
            ipv6_routes: reader.optional("ipv6-routes"),
            limit_bytes_in: reader.size("limit-bytes-in")?.filter(|limit| *limit > 0),
            limit_bytes_out: reader.size("limit-bytes-out")?.filter(|limit| *limit > 0),
            comment: reader.bytes("comment"),
            disabled: reader.flag("disabled")?,
            last_logged_out: reader.moment("last-logged-out")?,
            last_caller_id: reader.optional("last-caller-id"),
            last_disconnect_reason: reader.optional("last-disconnect-reason"),
        })
    }
}

/// What can be written of a secret.
#[derive(Debug, Clone, Default)]
pub struct SecretSettings {
    /// What the customer's device sends.
    pub name: Option<String>,
    /// The password; may be empty.
    pub password: Option<SecretString>,
    /// Which kind of tunnel it is for.
    pub service: Option<Service>,
    /// The profile, by name. It must exist.
    pub profile: Option<String>,
    /// The only caller that may use it.
    pub caller_id: Option<String>,
    /// The router's address in the tunnel.
    pub local_address: Option<String>,
    /// The customer's address in the tunnel, or a pool.
    pub remote_address: Option<String>,
    /// The customer's IPv6 prefix.
    pub remote_ipv6_prefix: Option<String>,
    /// Networks behind the customer.
    pub routes: Option<String>,
    /// IPv6 networks behind the customer. A router without the field refuses it.
    pub ipv6_routes: Option<String>,
    /// Bytes from the customer that one session may move; zero means no limit.
    pub limit_bytes_in: Option<u64>,
    /// Bytes to the customer that one session may move; zero means no limit.
    pub limit_bytes_out: Option<u64>,
    /// The comment, as bytes so that what others wrote can go back as it came.
    pub comment: Option<Vec<u8>>,
    /// Whether it may dial in.
    pub switch: Option<Switch>,
}

impl Settings for SecretSettings {
    type Row = Secret;

    fn write(&self, command: Command, _: &Capabilities) -> Command {
        command
            .with_some("name", self.name.as_ref())
            .with_some("password", self.password.as_ref().map(ExposeSecret::expose_secret))
            .with_some("service", self.service.map(Service::value))
            .with_some("profile", self.profile.as_ref())
            .with_some("caller-id", self.caller_id.as_ref())
            .with_some("local-address", self.local_address.as_ref())
            .with_some("remote-address", self.remote_address.as_ref())
            .with_some("remote-ipv6-prefix", self.remote_ipv6_prefix.as_ref())
            .with_some("routes", self.routes.as_ref())
            .with_some("ipv6-routes", self.ipv6_routes.as_ref())
            .with_some("limit-bytes-in", self.limit_bytes_in.map(|number| number.to_string()))
            .with_some("limit-bytes-out", self.limit_bytes_out.map(|number| number.to_string()))
            .with_some("comment", self.comment.as_ref())
            .with_some("disabled", self.switch.map(Switch::disabled_value))
    }
}

/// What secrets have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its name, by which secrets refer to it.
    pub name: String,
    /// The router's address in the tunnel, or a pool.
    pub local_address: Option<String>,
    /// The customer's address in the tunnel, or a pool.
    pub remote_address: Option<String>,
    /// The speed as text; [`RateLimit::parse`](crate::value::RateLimit::parse) reads it.
    pub rate_limit: Option<String>,
    /// Whether a secret may have one session only.
    pub only_one: Choice,
    /// The longest single session.
    pub session_timeout: Option<SignedDuration>,
    /// A session that is silent for so long ends.
    pub idle_timeout: Option<SignedDuration>,
    /// The address list that sessions are entered in.
    pub address_list: Option<String>,
    /// The bridge that sessions join.
    pub bridge: Option<String>,
    /// The name servers that customers are told.
    pub dns_server: Option<String>,
    /// The queue above those of the sessions.
    pub parent_queue: Option<String>,
    /// The kind of the queues of the sessions.
    pub queue_type: Option<String>,
    /// Where among the queues those of the sessions are put.
    pub insert_queue_before: Option<String>,
    /// Whether data are compressed.
    pub use_compression: Choice,
    /// Whether data are encrypted.
    pub use_encryption: Choice,
    /// Whether the router fits TCP segments to the tunnel.
    pub change_tcp_mss: Choice,
    /// The script that runs when a session begins, as bytes.
    pub on_up: Vec<u8>,
    /// The script that runs when a session ends, as bytes.
    pub on_down: Vec<u8>,
    /// Whether it is built in: `default` or `default-encryption`.
    pub is_builtin: bool,
}

impl Record for Profile {
    const MENU: &'static str = "/ppp/profile";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "local-address",
        "remote-address",
        "rate-limit",
        "only-one",
        "session-timeout",
        "idle-timeout",
        "address-list",
        "bridge",
        "dns-server",
        "parent-queue",
        "queue-type",
        "insert-queue-before",
        "use-compression",
        "use-encryption",
        "change-tcp-mss",
        "on-up",
        "on-down",
        "default",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            local_address: reader.optional("local-address"),
            remote_address: reader.optional("remote-address"),
            rate_limit: reader.optional("rate-limit"),
            only_one: reader.word("only-one", Choice::read)?.unwrap_or_default(),
            session_timeout: reader.duration("session-timeout")?.filter(|limit| !limit.is_zero()),
            idle_timeout: reader.duration("idle-timeout")?.filter(|limit| !limit.is_zero()),
            address_list: reader.optional("address-list"),
            bridge: reader.optional("bridge"),
            dns_server: reader.optional("dns-server"),
            parent_queue: reader.optional("parent-queue").filter(|held| held != "none"),
            queue_type: reader.optional("queue-type"),
            insert_queue_before: reader.optional("insert-queue-before"),
            use_compression: reader.word("use-compression", Choice::read)?.unwrap_or_default(),
            use_encryption: reader.word("use-encryption", Choice::read)?.unwrap_or_default(),
            change_tcp_mss: reader.word("change-tcp-mss", Choice::read)?.unwrap_or_default(),
            on_up: reader.bytes("on-up"),
            on_down: reader.bytes("on-down"),
            is_builtin: reader.flag("default")?,
        })
    }
}

/// What can be written of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileSettings {
    /// Its name.
    pub name: Option<String>,
    /// The router's address in the tunnel, or a pool.
    pub local_address: Option<String>,
    /// The customer's address in the tunnel, or a pool.
    pub remote_address: Option<String>,
    /// The speed, as [`RateLimit`](crate::value::RateLimit) writes it.
    pub rate_limit: Option<String>,
    /// Whether a secret may have one session only.
    pub only_one: Option<Choice>,
    /// The longest single session; zero means no limit.
    pub session_timeout: Option<SignedDuration>,
    /// A session that is silent for so long ends; `Some(None)` means never.
    pub idle_timeout: Option<Option<SignedDuration>>,
    /// The address list that sessions are entered in.
    pub address_list: Option<String>,
    /// The bridge that sessions join.
    pub bridge: Option<String>,
    /// The name servers that customers are told.
    pub dns_server: Option<String>,
    /// The queue above those of the sessions, or `none`.
    pub parent_queue: Option<String>,
    /// The kind of the queues of the sessions.
    pub queue_type: Option<String>,
    /// Where among the queues those of the sessions are put.
    pub insert_queue_before: Option<String>,
    /// Whether data are compressed.
    pub use_compression: Option<Choice>,
    /// Whether data are encrypted.
    pub use_encryption: Option<Choice>,
    /// Whether the router fits TCP segments to the tunnel.
    pub change_tcp_mss: Option<Choice>,
    /// The script that runs when a session begins.
    pub on_up: Option<Vec<u8>>,
    /// The script that runs when a session ends.
    pub on_down: Option<Vec<u8>>,
}

impl Settings for ProfileSettings {
    type Row = Profile;

    fn write(&self, command: Command, _: &Capabilities) -> Command {
        command
            .with_some("name", self.name.as_ref())
            .with_some("local-address", self.local_address.as_ref())
            .with_some("remote-address", self.remote_address.as_ref())
            .with_some("rate-limit", self.rate_limit.as_ref())
            .with_some("only-one", self.only_one.map(Choice::value))
            .with_some("session-timeout", self.session_timeout.map(duration::format))
            .with_some("idle-timeout", self.idle_timeout.map(or_none))
            .with_some("address-list", self.address_list.as_ref())
            .with_some("bridge", self.bridge.as_ref())
            .with_some("dns-server", self.dns_server.as_ref())
            .with_some("parent-queue", self.parent_queue.as_ref())
            .with_some("queue-type", self.queue_type.as_ref())
            .with_some("insert-queue-before", self.insert_queue_before.as_ref())
            .with_some("use-compression", self.use_compression.map(Choice::value))
            .with_some("use-encryption", self.use_encryption.map(Choice::value))
            .with_some("change-tcp-mss", self.change_tcp_mss.map(Choice::value))
            .with_some("on-up", self.on_up.as_ref())
            .with_some("on-down", self.on_down.as_ref())
    }
}

/// A session that is running. Version 7 counts no bytes here: they are those of the interface
/// `<pppoe-NAME>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// Where it is in the table. Renumbered at every reboot.
    pub id: ItemId,
    /// The name of the secret.
    pub name: String,
    /// The kind of tunnel, as the router writes it.
    pub service: Option<String>,
    /// Who called.
    pub caller_id: Option<String>,
    /// The customer's address in the tunnel.
    pub address: Option<String>,
    /// How long it has run.
    pub uptime: SignedDuration,
    /// How it is encrypted and compressed.
    pub encoding: Option<String>,
    /// What tells it from earlier sessions of the name, such as `0x81000001`.
    pub session_id: Option<String>,
    /// Whether a RADIUS server let it in.
    pub radius: bool,
    /// Bytes from the customer after which it will be cut.
    pub limit_bytes_in: Option<u64>,
    /// Bytes to the customer after which it will be cut.
    pub limit_bytes_out: Option<u64>,
    /// The comment of the secret, as bytes.
    pub comment: Vec<u8>,
}

impl Record for Active {
    const MENU: &'static str = "/ppp/active";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "service",
        "caller-id",
        "address",
        "uptime",
        "encoding",
        "session-id",
        "radius",
        "limit-bytes-in",
        "limit-bytes-out",
        "comment",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            service: reader.optional("service"),
            caller_id: reader.optional("caller-id"),
            address: reader.optional("address"),
            uptime: reader.duration("uptime")?.unwrap_or_default(),
            encoding: reader.optional("encoding"),
            session_id: reader.optional("session-id"),
            radius: reader.flag("radius")?,
            limit_bytes_in: reader.size("limit-bytes-in")?.filter(|limit| *limit > 0),
            limit_bytes_out: reader.size("limit-bytes-out")?.filter(|limit| *limit > 0),
            comment: reader.bytes("comment"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Version;

    #[test]
    fn a_secret_reads_alike_with_and_without_what_version_7_adds() {
        let six = [(".id", "*1"), ("name", "c1"), ("service", "pppoe")];
        let never = [("last-logged-out", "jan/01/1970 00:00:00")];
        let secret = Secret::read(&Row::of(&[&six[..], &never[..]].concat())).unwrap();
        assert_eq!((secret.service, secret.last_logged_out), (Service::Pppoe, None));
        let seven =
            [("last-logged-out", "2024-05-01 08:00:00"), ("last-caller-id", "02:00:00:00:00:01")];
        let secret = Secret::read(&Row::of(&[&six[..], &seven[..]].concat())).unwrap();
        assert!(secret.last_logged_out.is_some() && secret.last_caller_id.is_some());
    }

    #[test]
    fn yes_in_any_spelling_is_one_choice() {
        for spelling in ["yes", "true"] {
            let row = Row::of(&[
                (".id", "*1"),
                ("name", "p"),
                ("only-one", spelling),
                ("default", "false"),
            ]);
            assert_eq!(Profile::read(&row).unwrap().only_one, Choice::Yes);
        }
        let odd = Row::of(&[(".id", "*1"), ("name", "p"), ("only-one", "perhaps")]);
        assert!(Profile::read(&odd).is_err());
    }

    #[test]
    fn adding_a_secret_never_shows_its_password() {
        let secret = SecretSettings {
            name: Some("c1".to_owned()),
            password: Some(SecretString::from("hunter2".to_owned())),
            service: Some(Service::Pppoe),
            ..SecretSettings::default()
        };
        let add = secret.add(&Capabilities::of(Version::new(7, 18, 2)));
        let shown = format!("{secret:?} {add:?}");
        assert!(shown.contains("=service=pppoe") && !shown.contains("hunter2"), "{shown}");
    }
}
