//! Interfaces, addresses, pools, queues and what else the net of a router is made of.

use crate::value::version::release::V7;

use super::super::{
    id::ObjectId,
    schema::{BuiltIn, Column, Kind, Menu},
};

pub(in super::super) const INTERFACE: &str = "/interface";
pub(in super::super) const ADDRESS: &str = "/ip/address";
pub(in super::super) const ADDRESS_LIST: &str = "/ip/firewall/address-list";
pub(in super::super) const POOL: &str = "/ip/pool";
pub(in super::super) const QUEUE: &str = "/queue/simple";
/// The interface to the net, `ether1`.
pub(in super::super) const UPLINK: ObjectId = ObjectId(1);
/// The interface to the customers, `bridge`, where the hotspot is too.
pub(in super::super) const DOWNLINK: ObjectId = ObjectId(6);

macro_rules! ether {
    ($number:literal) => {
        BuiltIn {
            id: $number,
            removable: false,
            values: &[
                ("name", concat!("ether", $number)),
                ("default-name", concat!("ether", $number)),
                ("type", "ether"),
                ("mac-address", concat!("48:A9:8A:00:00:0", $number)),
                ("l2mtu", "1514"),
            ],
        }
    };
}

pub(super) static INTERFACES: Menu = Menu {
    path: INTERFACE,
    columns: &[
        Column::write("name", Kind::Name),
        Column::read("default-name"),
        Column::read("type"),
        Column::write("mtu", Kind::CountOr("auto")).or("1500"),
        Column::read("actual-mtu").or("1500"),
        Column::read("l2mtu"),
        Column::read("mac-address").or("00:00:00:00:00:00"),
        Column::read("last-link-down-time"),
        Column::read("last-link-up-time").kept_as(Kind::Moment),
        Column::read("link-downs").or("0"),
        Column::read("rx-byte").or("0"),
        Column::read("tx-byte").or("0"),
        Column::read("rx-packet").or("0"),
        Column::read("tx-packet").or("0"),
        Column::read("rx-drop").or("0"),
        Column::read("tx-drop").or("0"),
        Column::read("tx-queue-drop").or("0"),
        Column::read("rx-error").or("0"),
        Column::read("tx-error").or("0"),
        Column::read("fp-rx-byte").or("0"),
        Column::read("fp-tx-byte").or("0"),
        Column::read("fp-rx-packet").or("0"),
        Column::read("fp-tx-packet").or("0"),
        Column::read("dynamic"),
        Column::read("running").or("true"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name"],
    duplicate: "failure: already have interface with such name",
    built_in: &[
        ether!(1),
        ether!(2),
        ether!(3),
        ether!(4),
        ether!(5),
        BuiltIn {
            id: DOWNLINK.0,
            removable: false,
            values: &[
                ("name", "bridge"),
                ("type", "bridge"),
                ("mtu", "auto"),
                ("mac-address", "48:A9:8A:00:00:02"),
                ("l2mtu", "1514"),
            ],
        },
    ],
};

pub(super) static ADDRESSES: Menu = Menu {
    path: ADDRESS,
    columns: &[
        Column::write("address", Kind::Prefix),
        Column::write("network", Kind::Address),
        Column::write("interface", Kind::Reference(INTERFACE, "")),
        Column::read("actual-interface"),
        Column::read("invalid").or("false"),
        Column::read("dynamic").or("false"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["address"],
    duplicate: "failure: already have such address",
    built_in: &[],
};

pub(super) static DNS_STATIC: Menu = Menu {
    path: "/ip/dns/static",
    columns: &[
        Column::write("name", Kind::Name),
        Column::write(
            "type",
            Kind::Choice(&["A", "AAAA", "CNAME", "FWD", "MX", "NS", "NXDOMAIN", "SRV", "TXT"]),
        ),
        Column::write("address", Kind::Address),
        Column::write("cname", Kind::Text),
        Column::write("forward-to", Kind::Text),
        Column::write("text", Kind::Text),
        Column::write("ttl", Kind::Duration).or("1d"),
        Column::read("dynamic").or("false"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name", "address"],
    duplicate: "entry already exists",
    built_in: &[],
};

pub(super) static ADDRESS_LISTS: Menu = Menu {
    path: ADDRESS_LIST,
    columns: &[
        Column::write("list", Kind::Name),
        Column::write("address", Kind::Name),
        Column::read("creation-time").kept_as(Kind::Moment),
        Column::read("dynamic").or("false"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["address", "list"],
    duplicate: "failure: already have such entry",
    built_in: &[],
};

/// The rules are kept and shown; no traffic is held against them.
pub(super) static FILTERS: Menu = Menu {
    path: "/ip/firewall/filter",
    columns: &[
        Column::write("chain", Kind::Name),
        Column::write("action", Kind::Choice(&["accept", "drop", "reject"])).or("accept"),
        Column::write("protocol", Kind::Text),
        Column::write("src-address", Kind::Text),
        Column::write("src-address-list", Kind::Text),
        Column::write("dst-port", Kind::Text),
        Column::read("dynamic").or("false"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &[],
    duplicate: "",
    built_in: &[],
};

pub(super) static POOLS: Menu = Menu {
    path: POOL,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("ranges", Kind::Ranges),
        Column::write("next-pool", Kind::Reference(POOL, "none")).or("none"),
        Column::write("comment", Kind::Text).since(V7),
    ],
    unique: &["name"],
    duplicate: "failure: pool with such name exists",
    built_in: &[],
};

pub(super) static QUEUES: Menu = Menu {
    path: QUEUE,
    columns: &[
        Column::write("name", Kind::Name),
        Column::write("target", Kind::Text).or(""),
        Column::write("dst", Kind::Text),
        Column::write("parent", Kind::Reference(QUEUE, "none")).or("none"),
        Column::write("packet-marks", Kind::Text).or(""),
        Column::write("priority", Kind::PriorityPair).or("8/8"),
        Column::write("queue", Kind::Text).or("default-small/default-small"),
        Column::write("limit-at", Kind::RatePair).or("0/0"),
        Column::write("max-limit", Kind::RatePair).or("0/0"),
        Column::write("burst-limit", Kind::RatePair).or("0/0"),
        Column::write("burst-threshold", Kind::RatePair).or("0/0"),
        Column::write("burst-time", Kind::DurationPair).or("0s/0s"),
        Column::write("bucket-size", Kind::Text).or("0.1/0.1").since(V7),
        Column::write("time", Kind::Text),
        Column::write("total-queue", Kind::Text),
        Column::write("total-priority", Kind::CountOr("")),
        Column::write("total-limit-at", Kind::Rate),
        Column::write("total-max-limit", Kind::Rate),
        Column::write("total-burst-limit", Kind::Rate),
        Column::write("total-burst-threshold", Kind::Rate),
        Column::write("total-burst-time", Kind::TimeLimit),
        Column::write("total-bucket-size", Kind::Text).since(V7),
        Column::read("bytes").or("0/0"),
        Column::read("packets").or("0/0"),
        Column::read("dropped").or("0/0"),
        Column::read("rate").or("0/0"),
        Column::read("packet-rate").or("0/0"),
        Column::read("queued-bytes").or("0/0"),
        Column::read("queued-packets").or("0/0"),
        Column::read("invalid").or("false"),
        Column::read("dynamic").or("false"),
        Column::write("disabled", Kind::Flag).or("false"),
        Column::write("comment", Kind::Text),
    ],
    unique: &["name"],
    duplicate: "failure: already have such name",
    built_in: &[],
};
