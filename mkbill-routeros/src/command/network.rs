//! Interfaces and their traffic, and address pools.

use super::{Command, ItemId, Record, Row, Settings, Switch, row::Reader};
use crate::{
    error::Error,
    value::{BitRate, Capabilities, Mac, RouterTime},
};

/// An interface: a port, a tunnel of a session, a bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Where it is in the table. Those of sessions are renumbered at every reboot.
    pub id: ItemId,
    /// Its name; those of sessions are `<pppoe-USER>`.
    pub name: String,
    /// The name of a port as it left the factory.
    pub default_name: Option<String>,
    /// What it is, such as `ether`, `bridge`, `pppoe-in`.
    pub kind: Option<String>,
    /// The largest packet: a number of bytes, or `auto`.
    pub mtu: Option<String>,
    /// Its hardware address.
    pub mac_address: Option<Mac>,
    /// Whether it has a link.
    pub running: bool,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether a session made it: it goes with the session.
    pub dynamic: bool,
    /// As bytes: other tools may have written it in another code page.
    pub comment: Vec<u8>,
    /// Bytes received: with a session's interface, from the customer.
    pub rx_bytes: u64,
    /// Bytes sent: with a session's interface, to the customer.
    pub tx_bytes: u64,
    /// Packets received.
    pub rx_packets: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// How often the link was lost.
    pub link_downs: Option<u64>,
    /// When the link came up last, by the router's clock.
    pub last_link_up: Option<RouterTime>,
}

impl Record for Interface {
    const MENU: &'static str = "/interface";
    const FIELDS: &'static [&'static str] = &[
        ".id",
        "name",
        "default-name",
        "type",
        "mtu",
        "mac-address",
        "running",
        "disabled",
        "dynamic",
        "comment",
        "rx-byte",
        "tx-byte",
        "rx-packet",
        "tx-packet",
        "link-downs",
        "last-link-up-time",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            default_name: reader.optional("default-name"),
            kind: reader.optional("type"),
            mtu: reader.optional("mtu"),
            mac_address: reader.mac("mac-address")?,
            running: reader.flag("running")?,
            disabled: reader.flag("disabled")?,
            dynamic: reader.flag("dynamic")?,
            comment: reader.bytes("comment"),
            rx_bytes: reader.size("rx-byte")?.unwrap_or_default(),
            tx_bytes: reader.size("tx-byte")?.unwrap_or_default(),
            rx_packets: reader.size("rx-packet")?.unwrap_or_default(),
            tx_packets: reader.size("tx-packet")?.unwrap_or_default(),
            link_downs: reader.size("link-downs")?,
            last_link_up: reader.moment("last-link-up-time")?,
        })
    }
}

/// What can be changed of any interface. They are not added here, but in the menus of their kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InterfaceSettings {
    /// Its name.
    pub name: Option<String>,
    /// The largest packet: a number of bytes, or `auto`.
    pub mtu: Option<String>,
    /// The comment, as bytes.
    pub comment: Option<Vec<u8>>,
    /// Whether it is switched on.
    pub switch: Option<Switch>,
}

impl Settings for InterfaceSettings {
    type Row = Interface;

    fn write(&self, command: Command, _: &Capabilities) -> Command {
        command
            .with_some("name", self.name.as_ref())
            .with_some("mtu", self.mtu.as_ref())
            .with_some("comment", self.comment.as_ref())
            .with_some("disabled", self.switch.map(Switch::disabled_value))
    }
}

/// The traffic of one interface now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// The interface, by name.
    pub name: Option<String>,
    /// Bits received a second.
    pub received: BitRate,
    /// Bits sent a second.
    pub sent: BitRate,
    /// Packets received a second.
    pub packets_received: u64,
    /// Packets sent a second.
    pub packets_sent: u64,
}

/// Asks for the traffic of an interface once; [`Traffic`] reads the row.
pub fn traffic_once(interface: &str) -> Command {
    Command::new("/interface/monitor-traffic").with("interface", interface).with("once", "")
}

impl Record for Traffic {
    const MENU: &'static str = "/interface/monitor-traffic";
    const FIELDS: &'static [&'static str] = &[
        "name",
        "rx-bits-per-second",
        "tx-bits-per-second",
        "rx-packets-per-second",
        "tx-packets-per-second",
    ];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        let count = |field| Ok::<u64, Error>(reader.number(field)?.unwrap_or_default());
        Ok(Self {
            name: reader.optional("name"),
            received: BitRate(count("rx-bits-per-second")?),
            sent: BitRate(count("tx-bits-per-second")?),
            packets_received: count("rx-packets-per-second")?,
            packets_sent: count("tx-packets-per-second")?,
        })
    }
}

/// Addresses to be given to customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Where it is in the table.
    pub id: ItemId,
    /// Its name.
    pub name: String,
    /// Single addresses, `first-last` ranges and prefixes.
    pub ranges: Vec<String>,
    /// The pool that is used when this one is empty.
    pub next_pool: Option<String>,
    /// As bytes; version 7 only.
    pub comment: Vec<u8>,
    /// How many addresses it has; only newer routers tell.
    pub total: Option<u64>,
    /// How many are taken; only newer routers tell.
    pub used: Option<u64>,
    /// How many are free; only newer routers tell.
    pub available: Option<u64>,
}

impl Record for Pool {
    const MENU: &'static str = "/ip/pool";
    const FIELDS: &'static [&'static str] =
        &[".id", "name", "ranges", "next-pool", "comment", "total", "used", "available"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            id: reader.id()?,
            name: reader.required("name")?,
            ranges: reader.list("ranges"),
            next_pool: reader.optional("next-pool").filter(|held| held != "none"),
            comment: reader.bytes("comment"),
            total: reader.size("total")?,
            used: reader.size("used")?,
            available: reader.size("available")?,
        })
    }
}

/// What can be written of a pool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PoolSettings {
    /// Its name.
    pub name: Option<String>,
    /// Single addresses, `first-last` ranges and prefixes.
    pub ranges: Option<Vec<String>>,
    /// The pool that is used when this one is empty, or `none`.
    pub next_pool: Option<String>,
    /// The comment, as bytes. Left off for version 6, which has none here.
    pub comment: Option<Vec<u8>>,
}

impl Settings for PoolSettings {
    type Row = Pool;

    fn write(&self, command: Command, router: &Capabilities) -> Command {
        command
            .with_some("name", self.name.as_ref())
            .with_some("ranges", self.ranges.as_ref().map(|parts| parts.join(",")))
            .with_some("next-pool", self.next_pool.as_ref())
            .with_some("comment", self.comment.as_ref().filter(|_| router.pool_comments))
    }
}

/// An address of a pool that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedAddress {
    /// The pool, by name.
    pub pool: String,
    /// The address.
    pub address: String,
    /// What took it, such as `hotspot` or `PPP`.
    pub owner: Option<String>,
    /// Who has it: a device or a name.
    pub info: Option<String>,
}

impl Record for UsedAddress {
    const MENU: &'static str = "/ip/pool/used";
    const FIELDS: &'static [&'static str] = &["pool", "address", "owner", "info"];

    fn read(row: &Row) -> Result<Self, Error> {
        let reader = Reader::new(Self::MENU, row);
        Ok(Self {
            pool: reader.required("pool")?,
            address: reader.required("address")?,
            owner: reader.optional("owner"),
            info: reader.optional("info"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Version;

    #[test]
    fn an_interface_without_hardware_address_or_link_time_is_read() {
        let tunnel = [(".id", "*F00001"), ("name", "<pppoe-c1>"), ("type", "pppoe-in")];
        let counted = [("rx-byte", "4294967296"), ("running", "true"), ("mtu", "1480")];
        let interface = Interface::read(&Row::of(&[&tunnel[..], &counted[..]].concat())).unwrap();
        assert_eq!((interface.rx_bytes, interface.tx_bytes), (4_294_967_296, 0));
        assert_eq!((interface.mac_address, interface.last_link_up), (None, None));
    }

    #[test]
    fn the_traffic_of_one_moment_is_read_in_bits_a_second() {
        let row = Row::of(&[("name", "ether1"), ("rx-bits-per-second", "1500000")]);
        let traffic = Traffic::read(&row).unwrap();
        assert_eq!((traffic.received, traffic.sent), (BitRate(1_500_000), BitRate(0)));
    }

    #[test]
    fn the_comment_of_a_pool_is_sent_to_version_7_only() {
        let comment = Some(b"mkb".to_vec());
        let pool = PoolSettings { name: Some("p".to_owned()), comment, ..PoolSettings::default() };
        let add = |version| format!("{:?}", pool.add(&Capabilities::of(version)));
        assert!(add(Version::new(7, 9, 0)).contains("=comment=mkb"));
        assert!(!add(Version::new(6, 49, 10)).contains("comment"));
    }
}
