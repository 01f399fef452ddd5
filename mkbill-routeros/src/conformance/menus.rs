//! The menus that are compared, and the objects that are added to them when a run may write.

use super::TEST_PREFIX;

/// A menu to compare.
#[derive(Debug)]
pub(super) struct Menu {
    pub path: &'static str,
    /// The fields to ask for where all of them would be too much; empty means all.
    pub fields: &'static str,
    pub sample: Option<Sample>,
}

/// An object to add, change and remove. It must do nothing on a router that is in use.
#[derive(Debug)]
pub(super) struct Sample {
    pub mark: Mark,
    pub values: &'static [(&'static str, &'static str)],
    /// What is set later.
    pub change: (&'static str, &'static str),
    /// Values that a router refuses.
    pub wrong: &'static [(&'static str, &'static str)],
}

/// The field that tells our object from others; it begins with [`TEST_PREFIX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Name,
    Comment,
}

impl Mark {
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Comment => "comment",
        }
    }
}

impl Menu {
    const fn read(path: &'static str) -> Self {
        Self { path, fields: "", sample: None }
    }

    const fn write(path: &'static str, sample: Sample) -> Self {
        Self { path, fields: "", sample: Some(sample) }
    }

    const fn asking_for(self, fields: &'static str) -> Self {
        Self { fields, ..self }
    }
}

/// The menus with an object to add.
pub(super) fn samples() -> impl DoubleEndedIterator<Item = (&'static Menu, &'static Sample)> {
    MENUS.iter().filter_map(|menu| Some((menu, menu.sample.as_ref()?)))
}

/// The value of the mark of an object.
pub(super) fn marked(what: &str) -> String {
    format!("{TEST_PREFIX}{what}")
}

/// The name of nothing on any router.
pub(super) const NOTHING: &str = "mkbill-test-nothing";

/// One line for a menu that is only read.
pub(super) static MENUS: [Menu; 31] = [
    Menu::read("/ip/hotspot"),
    Menu::read("/ip/hotspot/active"),
    Menu::read("/ip/hotspot/host"),
    Menu::read("/ip/hotspot/cookie"),
    Menu::read("/ip/pool/used"),
    Menu::read("/ppp/active"),
    Menu::read("/interface"),
    Menu::read("/system/resource"),
    Menu::read("/system/identity"),
    Menu::read("/system/clock"),
    Menu::read("/system/routerboard"),
    Menu::read("/system/license"),
    Menu::read("/system/script/job"),
    Menu::read("/system/script/environment"),
    Menu::read("/log"),
    Menu::read("/user"),
    Menu::read("/user/active"),
    Menu::read("/ip/service"),
    Menu::read("/ip/address"),
    Menu::read("/file").asking_for(".id,name,type,size,creation-time,last-modified"),
    Menu::write(
        "/ip/hotspot/user",
        Sample {
            mark: Mark::Name,
            values: &[
                ("password", "pass"),
                ("profile", "default"),
                ("server", "all"),
                ("mac-address", "02:00:00:00:00:01"),
                ("address", "192.0.2.9"),
                ("email", "test@example.com"),
                ("limit-uptime", "26h"),
                ("limit-bytes-in", "5M"),
                ("limit-bytes-total", "1G"),
                ("disabled", "yes"),
                ("comment", "mkbill test"),
            ],
            change: ("limit-uptime", "30d"),
            wrong: &[
                ("profile", NOTHING),
                ("server", NOTHING),
                ("limit-uptime", "soon"),
                ("limit-bytes-total", "many"),
                ("mac-address", "somewhere"),
                ("disabled", "perhaps"),
            ],
        },
    ),
    Menu::write(
        "/ip/hotspot/user/profile",
        Sample {
            mark: Mark::Name,
            values: &[
                ("session-timeout", "24h"),
                ("idle-timeout", "90s"),
                ("shared-users", "3"),
                ("rate-limit", "1M/5M 2M/8M 512k/1M 8/16 5 256k/256k"),
                ("mac-cookie-timeout", "30d"),
                ("on-login", ":put 1"),
            ],
            change: ("shared-users", "unlimited"),
            wrong: &[("shared-users", "many"), ("rate-limit", "fast"), ("session-timeout", "soon")],
        },
    ),
    Menu::write(
        "/ip/hotspot/profile",
        Sample {
            mark: Mark::Name,
            values: &[
                ("hotspot-address", "192.0.2.1"),
                ("dns-name", "mkbill.example.com"),
                ("login-by", "http-chap"),
                ("http-cookie-lifetime", "48h"),
            ],
            change: ("http-cookie-lifetime", "7d"),
            wrong: &[("hotspot-address", "somewhere"), ("login-by", "knocking")],
        },
    ),
    Menu::write(
        "/ip/hotspot/ip-binding",
        Sample {
            mark: Mark::Comment,
            values: &[
                ("mac-address", "02:00:00:00:00:02"),
                ("address", "192.0.2.10"),
                ("type", "regular"),
                ("disabled", "yes"),
            ],
            change: ("type", "bypassed"),
            wrong: &[("type", "special"), ("server", NOTHING), ("mac-address", "somewhere")],
        },
    ),
    Menu::write(
        "/ppp/secret",
        Sample {
            mark: Mark::Name,
            values: &[
                ("password", "pass"),
                ("service", "pppoe"),
                ("profile", "default"),
                ("caller-id", "02:00:00:00:00:03"),
                ("local-address", "192.0.2.1"),
                ("remote-address", "192.0.2.11"),
                ("limit-bytes-in", "1G"),
                ("disabled", "yes"),
                ("comment", "mkbill test"),
            ],
            change: ("service", "any"),
            wrong: &[("profile", NOTHING), ("service", "telegraph"), ("remote-address", NOTHING)],
        },
    ),
    Menu::write(
        "/ppp/profile",
        Sample {
            mark: Mark::Name,
            values: &[
                ("local-address", "192.0.2.1"),
                ("remote-address", "192.0.2.12"),
                ("rate-limit", "1M/5M"),
                ("only-one", "yes"),
                ("session-timeout", "24h"),
                ("idle-timeout", "90s"),
                ("dns-server", "192.0.2.53"),
                ("on-up", ":put 1"),
            ],
            change: ("only-one", "default"),
            wrong: &[("only-one", "perhaps"), ("session-timeout", "soon")],
        },
    ),
    Menu::write(
        "/queue/simple",
        Sample {
            mark: Mark::Name,
            values: &[
                ("target", "192.0.2.13/32"),
                ("max-limit", "1M/5M"),
                ("limit-at", "64k/128k"),
                ("burst-limit", "2M/10M"),
                ("burst-threshold", "512k/2M"),
                ("burst-time", "10s/10s"),
                ("priority", "5/6"),
                ("disabled", "yes"),
                ("comment", "mkbill test"),
            ],
            change: ("max-limit", "2M/6M"),
            wrong: &[("parent", NOTHING), ("max-limit", "fast"), ("priority", "9/9")],
        },
    ),
    Menu::write(
        "/ip/pool",
        Sample {
            mark: Mark::Name,
            values: &[("ranges", "192.0.2.20-192.0.2.30")],
            change: ("ranges", "192.0.2.20-192.0.2.40"),
            wrong: &[("ranges", "192.0.2.20-"), ("next-pool", NOTHING)],
        },
    ),
    Menu::write(
        "/system/scheduler",
        Sample {
            mark: Mark::Name,
            values: &[
                ("start-time", "08:00:00"),
                ("interval", "24h"),
                ("on-event", ":put 1"),
                ("policy", "read"),
                ("disabled", "yes"),
                ("comment", "mkbill test"),
            ],
            change: ("interval", "90s"),
            wrong: &[("interval", "soon"), ("start-time", "noon"), ("policy", "everything")],
        },
    ),
    Menu::write(
        "/system/script",
        Sample {
            mark: Mark::Name,
            values: &[("source", ":put 1"), ("policy", "read"), ("comment", "mkbill test")],
            change: ("source", ":put 2"),
            wrong: &[("policy", "everything"), ("dont-require-permissions", "perhaps")],
        },
    ),
    Menu::write(
        "/user/group",
        Sample {
            mark: Mark::Name,
            values: &[("policy", "read"), ("comment", "mkbill test")],
            change: ("policy", "read,test"),
            wrong: &[("policy", "everything")],
        },
    ),
];
