//! The menus of the router with the real names of their columns.

use crate::value::Version;

use super::schema::{BuiltIn, Column, Kind, Menu};

pub(super) const USER: &str = "/ip/hotspot/user";
pub(super) const USER_PROFILE: &str = "/ip/hotspot/user/profile";
pub(super) const SERVER: &str = "/ip/hotspot";
pub(super) const SERVER_PROFILE: &str = "/ip/hotspot/profile";
pub(super) const ACCOUNT: &str = "/user";
pub(super) const ACCOUNT_GROUP: &str = "/user/group";

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
    Log,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Single {
    Resource,
    Identity,
    Clock,
}

impl Made {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Active => "/ip/hotspot/active",
            Self::Host => "/ip/hotspot/host",
            Self::Cookie => "/ip/hotspot/cookie",
            Self::Log => "/log",
        }
    }
}

pub(super) fn find(path: &str) -> Option<Place> {
    const MADE: [Made; 4] = [Made::Active, Made::Host, Made::Cookie, Made::Log];
    let single = match path {
        "/system/resource" => Some(Single::Resource),
        "/system/identity" => Some(Single::Identity),
        "/system/clock" => Some(Single::Clock),
        _ => None,
    };
    let stored = || STORED.iter().copied().find(|menu| menu.path == path);
    let made = || MADE.into_iter().find(|made| made.path() == path);
    single
        .map(Place::Single)
        .or_else(|| made().map(Place::Made))
        .or_else(|| stored().map(Place::Stored))
}

/// Every stored menu. A menu stands behind those that its references name.
pub(super) const STORED: [&Menu; 7] = [
    &HOTSPOT_PROFILE,
    &HOTSPOT,
    &HOTSPOT_USER_PROFILE,
    &HOTSPOT_USER,
    &IP_BINDING,
    &USER_GROUP,
    &ROUTER_USER,
];

const TOTP: Version = Version::new(7, 21, 0);
const OTP: Version = Version::new(7, 21, 3);

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
        Column::write("address-pool", Kind::Text).or("none"),
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
        Column::write("interface", Kind::Text),
        Column::write("address-pool", Kind::Text).or("none"),
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

static IP_BINDING: Menu = Menu {
    path: "/ip/hotspot/ip-binding",
    columns: &[
        Column::write("mac-address", Kind::Mac),
        Column::write("address", Kind::Address),
        Column::write("to-address", Kind::Address),
        Column::write("server", Kind::Reference(SERVER, "all")).or("all"),
        Column::write("type", Kind::Text).or("regular"),
        Column::read("bypassed").or("false"),
        Column::read("blocked").or("false"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &[],
    duplicate: "",
    built_in: &[],
};

static USER_GROUP: Menu = Menu {
    path: ACCOUNT_GROUP,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("policy", Kind::Text),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name"],
    duplicate: "failure: group with the same name already exists",
    built_in: &[
        BuiltIn {
            id: 1,
            removable: false,
            values: &[("name", "read"), ("policy", "read,test,api,winbox,rest-api")],
        },
        BuiltIn {
            id: 2,
            removable: false,
            values: &[("name", "write"), ("policy", "read,write,test,api,winbox,rest-api")],
        },
        BuiltIn {
            id: 3,
            removable: false,
            values: &[
                ("name", "full"),
                ("policy", "read,write,policy,test,api,winbox,sensitive,rest-api"),
            ],
        },
    ],
};

static ROUTER_USER: Menu = Menu {
    path: ACCOUNT,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("group", Kind::Reference(ACCOUNT_GROUP, "")).or("read"),
        Column::write("address", Kind::Text),
        Column::blind("password", Kind::Secret),
        Column::read("last-logged-in"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name"],
    duplicate: "failure: user with the same name already exists",
    built_in: &[],
};
