//! The menus of the router with the real names of their columns.

mod network;
mod ppp;
mod system;

use crate::value::version::release::{OTP, TOTP};

use super::schema::{BuiltIn, Column, Kind, Menu};

pub(super) use network::{ADDRESS, ADDRESS_LIST, DOWNLINK, INTERFACE, POOL, QUEUE, UPLINK};
pub(super) use ppp::{PROFILE as PPP_PROFILE, SECRET as PPP_SECRET};

pub(super) const USER: &str = "/ip/hotspot/user";
pub(super) const USER_PROFILE: &str = "/ip/hotspot/user/profile";
pub(super) const SERVER: &str = "/ip/hotspot";
pub(super) const SERVER_PROFILE: &str = "/ip/hotspot/profile";
pub(super) const IP_BINDING: &str = "/ip/hotspot/ip-binding";
pub(super) const ACCOUNT: &str = "/user";
pub(super) const ACCOUNT_GROUP: &str = "/user/group";
pub(super) const ENVIRONMENT: &str = "/system/script/environment";
pub(super) const FILE: &str = "/file";
pub(super) const JOB: &str = "/system/script/job";
pub(super) const SCHEDULER: &str = "/system/scheduler";
pub(super) const SCRIPT: &str = "/system/script";
pub(super) const SERVICE: &str = "/ip/service";

/// Where a path leads.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Objects written by commands.
    Stored(&'static Menu),
    /// Rows that the router itself makes.
    Made(Made),
    /// One row without number.
    Single(Single),
}

/// Rows that the router itself makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Active,
    Host,
    Cookie,
    Line,
    PoolUsed,
    Log,
    File,
    ActiveAccount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Single {
    Resource,
    Identity,
    Clock,
    Routerboard,
    License,
}

impl Place {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Stored(menu) => menu.path,
            Self::Made(made) => made.path(),
            Self::Single(single) => single.path(),
        }
    }
}

impl Made {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Active => "/ip/hotspot/active",
            Self::Host => "/ip/hotspot/host",
            Self::Cookie => "/ip/hotspot/cookie",
            Self::Line => "/ppp/active",
            Self::PoolUsed => "/ip/pool/used",
            Self::Log => "/log",
            Self::File => FILE,
            Self::ActiveAccount => "/user/active",
        }
    }
}

impl Single {
    const ALL: [Self; 5] =
        [Self::Resource, Self::Identity, Self::Clock, Self::Routerboard, Self::License];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Resource => "/system/resource",
            Self::Identity => "/system/identity",
            Self::Clock => "/system/clock",
            Self::Routerboard => "/system/routerboard",
            Self::License => "/system/license",
        }
    }
}

const MADE: [Made; 8] = [
    Made::Active,
    Made::Host,
    Made::Cookie,
    Made::Line,
    Made::PoolUsed,
    Made::Log,
    Made::File,
    Made::ActiveAccount,
];

pub(super) fn find(path: &str) -> Option<Place> {
    let single = Single::ALL.into_iter().find(|single| single.path() == path);
    let stored = || STORED.iter().copied().find(|menu| menu.path == path);
    let made = || MADE.into_iter().find(|made| made.path() == path);
    single
        .map(Place::Single)
        .or_else(|| made().map(Place::Made))
        .or_else(|| stored().map(Place::Stored))
}

/// Whether a menu is there, or begins with this path.
pub(super) fn is_on_the_way(path: &str) -> bool {
    /// Directories that hold commands and no rows.
    const COMMANDS_ONLY: [&str; 2] = ["/system/backup", "/tool"];
    let leads = |menu: &str| {
        menu.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    STORED.iter().any(|menu| leads(menu.path))
        || MADE.into_iter().any(|made| leads(made.path()))
        || Single::ALL.into_iter().any(|single| leads(single.path()))
        || COMMANDS_ONLY.into_iter().any(leads)
}

/// Whether a menu of stored objects lacks a command that others have.
pub(super) fn lacks(path: &str, verb: &str) -> bool {
    match path {
        INTERFACE | SERVICE => matches!(verb, "add" | "remove"),
        JOB => verb != "print" && verb != "listen",
        ENVIRONMENT => verb == "add",
        _ => false,
    }
}

/// Every stored menu. A menu stands behind those that its references name.
pub(super) const STORED: [&Menu; 21] = [
    &network::INTERFACES,
    &network::ADDRESSES,
    &network::DNS_STATIC,
    &network::ADDRESS_LISTS,
    &network::FILTERS,
    &network::POOLS,
    &network::QUEUES,
    &ppp::PPP_PROFILE,
    &ppp::PPP_SECRET,
    &HOTSPOT_PROFILE,
    &HOTSPOT,
    &HOTSPOT_USER_PROFILE,
    &HOTSPOT_USER,
    &BINDING,
    &system::USER_GROUP,
    &system::ROUTER_USER,
    &system::IP_SERVICE,
    &system::SYSTEM_SCHEDULER,
    &system::SYSTEM_SCRIPT,
    &system::SCRIPT_JOB,
    &system::SCRIPT_ENVIRONMENT,
];

static HOTSPOT_USER: Menu = Menu {
    path: USER,
    columns: &[
        Column::write("server", Kind::Reference(SERVER, "all")).or("all"),
        Column::write("name", Kind::Name),
        Column::write("password", Kind::Secret),
        Column::write("address", Kind::Address),
        Column::write("mac-address", Kind::Mac),
        Column::write("profile", Kind::Reference(USER_PROFILE, "")).or("default"),
        Column::write("routes", Kind::Text),
        Column::write("email", Kind::Text),
        Column::write("totp-secret", Kind::Secret).between(TOTP, OTP),
        Column::write("otp-secret", Kind::Secret).since(OTP),
        Column::write("limit-uptime", Kind::TimeLimit),
        Column::write("limit-bytes-in", Kind::ByteLimit),
        Column::write("limit-bytes-out", Kind::ByteLimit),
        Column::write("limit-bytes-total", Kind::ByteLimit),
        Column::read("uptime").or("0s"),
        Column::read("bytes-in").or("0"),
        Column::read("bytes-out").or("0"),
        Column::read("packets-in").or("0"),
        Column::read("packets-out").or("0"),
        Column::read("dynamic").or("false"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::read("default"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name", "server"],
    duplicate: "failure: already have user with this name for this server",
    built_in: &[BuiltIn {
        id: 0,
        removable: false,
        values: &[
            ("name", "default-trial"),
            ("default", "true"),
            ("comment", "counters and limits for trial users"),
        ],
    }],
};

static HOTSPOT_USER_PROFILE: Menu = Menu {
    path: USER_PROFILE,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("address-pool", Kind::Reference(POOL, "none")).or("none"),
        Column::write("session-timeout", Kind::TimeLimit),
        Column::write("idle-timeout", Kind::DurationOrNone).or("none"),
        Column::write("keepalive-timeout", Kind::DurationOrNone).or("2m"),
        Column::write("status-autorefresh", Kind::DurationOrNone).or("1m"),
        Column::write("shared-users", Kind::CountOr("unlimited")).or("1"),
        Column::write("rate-limit", Kind::RateLimit),
        Column::write("add-mac-cookie", Kind::Flag).or("true"),
        Column::write("mac-cookie-timeout", Kind::Duration).or("3d"),
        Column::write("address-list", Kind::Text),
        Column::write("parent-queue", Kind::Text),
        Column::write("queue-type", Kind::Text),
        Column::write("insert-queue-before", Kind::Text),
        Column::write("incoming-filter", Kind::Text),
        Column::write("outgoing-filter", Kind::Text),
        Column::write("incoming-packet-mark", Kind::Text),
        Column::write("outgoing-packet-mark", Kind::Text),
        Column::write("open-status-page", Kind::Text),
        Column::write("transparent-proxy", Kind::Flag).or("false"),
        Column::write("advertise", Kind::Flag).or("false"),
        Column::write("advertise-url", Kind::Text),
        Column::write("advertise-interval", Kind::Text),
        Column::write("advertise-timeout", Kind::Text),
        Column::write("on-login", Kind::Text),
        Column::write("on-logout", Kind::Text),
        Column::read("default").or("false"),
    ],
    unique: &["name"],
    duplicate: "failure: profile with the same name already exists",
    built_in: &[BuiltIn {
        id: 0,
        removable: false,
        values: &[("name", "default"), ("default", "true")],
    }],
};

static HOTSPOT: Menu = Menu {
    path: SERVER,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("interface", Kind::Reference(INTERFACE, "")),
        Column::write("address-pool", Kind::Reference(POOL, "none")).or("none"),
        Column::write("profile", Kind::Reference(SERVER_PROFILE, "")).or("default"),
        Column::write("idle-timeout", Kind::DurationOrNone).or("5m"),
        Column::write("keepalive-timeout", Kind::DurationOrNone).or("none"),
        Column::write("login-timeout", Kind::DurationOrNone).or("none"),
        Column::write("addresses-per-mac", Kind::CountOr("unlimited")).or("2"),
        Column::read("proxy-status").or("running"),
        Column::read("invalid").or("false"),
        Column::read("HTTPS").or("false"),
        Column::write("disabled", Kind::Flag).or("false"),
    ],
    unique: &["name"],
    duplicate: "failure: item with this name already exists",
    built_in: &[BuiltIn {
        id: 1,
        removable: true,
        values: &[("name", "hotspot1"), ("interface", "bridge")],
    }],
};

static HOTSPOT_PROFILE: Menu = Menu {
    path: SERVER_PROFILE,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("hotspot-address", Kind::Address),
        Column::write("dns-name", Kind::Text),
        Column::write("html-directory", Kind::Text).or("hotspot"),
        Column::write("rate-limit", Kind::RateLimit),
        Column::write("login-by", Kind::Text).or("cookie,http-chap"),
        Column::write("http-cookie-lifetime", Kind::Duration).or("3d"),
        Column::write("split-user-domain", Kind::Flag).or("false"),
        Column::write("use-radius", Kind::Flag).or("false"),
        Column::read("default").or("false"),
    ],
    unique: &["name"],
    duplicate: "failure: profile with the same name already exists",
    built_in: &[BuiltIn {
        id: 0,
        removable: false,
        values: &[
            ("name", "default"),
            ("login-by", "cookie,http-chap,mac-cookie"),
            ("default", "true"),
        ],
    }],
};

static BINDING: Menu = Menu {
    path: IP_BINDING,
    columns: &[
        Column::write("mac-address", Kind::Mac),
        Column::write("address", Kind::Address),
        Column::write("to-address", Kind::Address),
        Column::write("server", Kind::Reference(SERVER, "all")).or("all"),
        Column::write("type", Kind::Choice(&["regular", "bypassed", "blocked"])).or("regular"),
        Column::read("bypassed").or("false"),
        Column::read("blocked").or("false"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &[],
    duplicate: "",
    built_in: &[],
};
