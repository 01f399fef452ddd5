//! Accounts, services, scheduler and scripts.

use super::{ACCOUNT, ACCOUNT_GROUP, ENVIRONMENT, JOB, SCHEDULER, SCRIPT, SERVICE};
use crate::{
    sim::schema::{BuiltIn, Column, Kind, Menu},
    value::version::release::{MAX_SESSIONS, SCHEDULER_DAYS},
};

const DUPLICATE: &str = "failure: item with this name already exists";
const SCRIPT_POLICY: Kind = Kind::Policies { shows_denied: false };
/// What a script may do unless told otherwise. Words that a release lacks are left out.
const SCRIPT_POLICIES: &str = "ftp,reboot,read,write,policy,test,password,sniff,sensitive,romon";

pub(in crate::sim) static USER_GROUP: Menu = Menu {
    path: ACCOUNT_GROUP,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("policy", Kind::Policies { shows_denied: true }),
        Column::write("skin", Kind::Text).or("default"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name"],
    duplicate: "failure: group with the same name already exists",
    built_in: &[
        BuiltIn {
            id: 1,
            removable: false,
            values: &[
                ("name", "read"),
                (
                    "policy",
                    "local,telnet,ssh,reboot,read,test,winbox,password,web,sniff,sensitive,api,romon,tikapp,rest-api",
                ),
            ],
        },
        BuiltIn {
            id: 2,
            removable: false,
            values: &[
                ("name", "write"),
                (
                    "policy",
                    "local,telnet,ssh,reboot,read,write,test,winbox,password,web,sniff,sensitive,api,romon,tikapp,rest-api",
                ),
            ],
        },
        BuiltIn {
            id: 3,
            removable: false,
            values: &[
                ("name", "full"),
                (
                    "policy",
                    "local,telnet,ssh,ftp,reboot,read,write,policy,test,winbox,password,web,sniff,sensitive,api,romon,dude,tikapp,rest-api",
                ),
            ],
        },
    ],
};

pub(in crate::sim) static ROUTER_USER: Menu = Menu {
    path: ACCOUNT,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("group", Kind::Reference(ACCOUNT_GROUP, "")).or("read"),
        Column::write("address", Kind::Prefixes).or(""),
        Column::blind("password", Kind::Secret),
        Column::read("last-logged-in"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name"],
    duplicate: "failure: user with the same name already exists",
    built_in: &[],
};

const fn service(id: u32, values: &'static [(&'static str, &'static str)]) -> BuiltIn {
    BuiltIn { id, removable: false, values }
}

/// The rows can be changed, and neither added nor removed.
pub(in crate::sim) static IP_SERVICE: Menu = Menu {
    path: SERVICE,
    columns: &[
        Column::read("name"),
        Column::write("port", Kind::Between(1, 65_535)),
        Column::write("address", Kind::Prefixes).or(""),
        Column::write("certificate", Kind::Text),
        Column::write("tls-version", Kind::Text),
        Column::write("max-sessions", Kind::Between(1, 1000)).or("20").since(MAX_SESSIONS),
        Column::read("invalid").or("false"),
        Column::write("disabled", Kind::Flag).or("false"),
    ],
    unique: &["name"],
    duplicate: DUPLICATE,
    built_in: &[
        service(0, &[("name", "telnet"), ("port", "23")]),
        service(1, &[("name", "ftp"), ("port", "21")]),
        service(2, &[("name", "www"), ("port", "80")]),
        service(3, &[("name", "ssh"), ("port", "22")]),
        service(
            4,
            &[
                ("name", "www-ssl"),
                ("port", "443"),
                ("certificate", "none"),
                ("tls-version", "any"),
                ("disabled", "true"),
            ],
        ),
        service(5, &[("name", "api"), ("port", "8728")]),
        service(6, &[("name", "winbox"), ("port", "8291")]),
        service(
            7,
            &[
                ("name", "api-ssl"),
                ("port", "8729"),
                ("certificate", "none"),
                ("tls-version", "any"),
            ],
        ),
    ],
};

pub(in crate::sim) static SYSTEM_SCHEDULER: Menu = Menu {
    path: SCHEDULER,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("start-date", Kind::Date),
        Column::write("start-time", Kind::TimeOr("startup")),
        Column::write("interval", Kind::Duration).or("0s"),
        Column::write("days", Kind::Text).since(SCHEDULER_DAYS),
        Column::write("on-event", Kind::Text).or(""),
        Column::read("owner"),
        Column::write("policy", SCRIPT_POLICY).or(SCRIPT_POLICIES),
        Column::read("run-count").or("0"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name"],
    duplicate: DUPLICATE,
    built_in: &[],
};

pub(in crate::sim) static SYSTEM_SCRIPT: Menu = Menu {
    path: SCRIPT,
    columns: &[
        Column::write("name", Kind::Name),
        Column::read("owner"),
        Column::write("policy", SCRIPT_POLICY).or(SCRIPT_POLICIES),
        Column::write("dont-require-permissions", Kind::Flag).or("false"),
        Column::read("last-started"),
        Column::read("run-count").or("0"),
        Column::write("source", Kind::Text).or(""),
        Column::read("invalid").or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name"],
    duplicate: DUPLICATE,
    built_in: &[],
};

/// Scripts end in the moment in which they start, so nobody ever sees one here.
pub(in crate::sim) static SCRIPT_JOB: Menu = Menu {
    path: JOB,
    columns: &[Column::read("owner"), Column::read("script"), Column::read("started")],
    unique: &[],
    duplicate: "",
    built_in: &[],
};

pub(in crate::sim) static SCRIPT_ENVIRONMENT: Menu = Menu {
    path: ENVIRONMENT,
    columns: &[Column::read("name"), Column::write("value", Kind::Text)],
    unique: &["name"],
    duplicate: "",
    built_in: &[],
};
