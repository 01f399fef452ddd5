//! `/ppp`: who may dial in, and how.

use crate::value::version::release::V7;

use super::super::schema::{BuiltIn, Column, Kind, Menu};

pub(in super::super) const SECRET: &str = "/ppp/secret";
pub(in super::super) const PROFILE: &str = "/ppp/profile";

const BY_DEFAULT: &[&str] = &["default", "yes", "no"];

pub(super) static PPP_SECRET: Menu = Menu {
    path: SECRET,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write(
            "service",
            Kind::Choice(&["any", "async", "l2tp", "ovpn", "pppoe", "pptp", "sstp"]),
        )
        .or("any"),
        Column::write("caller-id", Kind::Text).or(""),
        Column::write("password", Kind::Secret).or(""),
        Column::write("profile", Kind::Reference(PROFILE, "")).or("default"),
        Column::write("local-address", Kind::Address),
        Column::write("remote-address", Kind::Address),
        Column::write("remote-ipv6-prefix", Kind::Text),
        Column::write("routes", Kind::Text).or(""),
        Column::write("ipv6-routes", Kind::Text).or("").since(V7),
        Column::write("limit-bytes-in", Kind::Bytes).or("0"),
        Column::write("limit-bytes-out", Kind::Bytes).or("0"),
        Column::read("last-logged-out").kept_as(Kind::Moment),
        Column::read("last-caller-id").or("").since(V7),
        Column::read("last-disconnect-reason").or("").since(V7),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name"],
    duplicate: "failure: secret with the same name already exists",
    built_in: &[],
};

pub(super) static PPP_PROFILE: Menu = Menu {
    path: PROFILE,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("local-address", Kind::AddressOrPool),
        Column::write("remote-address", Kind::AddressOrPool),
        Column::write("bridge", Kind::Reference(super::network::INTERFACE, "")),
        Column::write("rate-limit", Kind::RateLimit),
        Column::write("only-one", Kind::Choice(BY_DEFAULT)).or("default"),
        Column::write("session-timeout", Kind::TimeLimit),
        Column::write("idle-timeout", Kind::TimeLimit),
        Column::write("address-list", Kind::Text).or(""),
        Column::write("dns-server", Kind::Text),
        Column::write("wins-server", Kind::Text),
        Column::write("parent-queue", Kind::Text),
        Column::write("queue-type", Kind::Text),
        Column::write("insert-queue-before", Kind::Text),
        Column::write("incoming-filter", Kind::Text),
        Column::write("outgoing-filter", Kind::Text),
        Column::write("use-mpls", Kind::Choice(&["default", "yes", "no", "required"]))
            .or("default"),
        Column::write("use-compression", Kind::Choice(BY_DEFAULT)).or("default"),
        Column::write("use-encryption", Kind::Choice(&["default", "yes", "no", "required"]))
            .or("default"),
        Column::write("use-ipv6", Kind::Choice(&["default", "yes", "no", "required"])).or("yes"),
        Column::write("use-upnp", Kind::Choice(BY_DEFAULT)).or("default"),
        Column::write("change-tcp-mss", Kind::Choice(BY_DEFAULT)).or("default"),
        Column::write("on-up", Kind::Text).or(""),
        Column::write("on-down", Kind::Text).or(""),
        Column::read("default").or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name"],
    duplicate: "failure: profile with the same name already exists",
    built_in: &[
        BuiltIn {
            id: 0,
            removable: false,
            values: &[("name", "default"), ("change-tcp-mss", "yes"), ("default", "true")],
        },
        BuiltIn {
            id: 0xFFFF_FFFE,
            removable: false,
            values: &[
                ("name", "default-encryption"),
                ("use-encryption", "yes"),
                ("change-tcp-mss", "yes"),
                ("default", "true"),
            ],
        },
    ],
};
