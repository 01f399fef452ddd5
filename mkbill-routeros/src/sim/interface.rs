//! Interfaces: the ports of the board and the lines of PPP customers, with their counters.

use std::collections::BTreeMap;

use crate::value::date;

use super::{
    command::Command,
    console::Done,
    effects::number,
    id::ObjectId,
    menus,
    meter::{Traffic, Usage},
    presence::packets,
    record::{Record, Shape},
    refusal::Refusal,
    router::Router,
};

/// Bytes received and sent.
type Bytes = (u64, u64);

/// What tests did to ports.
#[derive(Debug, Default)]
pub(super) struct Wires(BTreeMap<ObjectId, Wire>);

#[derive(Debug, Default, Clone, Copy)]
struct Wire {
    /// What passed besides the data of customers.
    passed: Bytes,
    /// What had passed when the counters were set to zero.
    zero: Bytes,
    is_unplugged: bool,
}

impl Wires {
    fn of(&self, id: ObjectId) -> Wire {
        self.0.get(&id).copied().unwrap_or_default()
    }

    /// Power was lost: counters begin anew, cables stay as they are.
    fn reboot(&mut self) {
        for wire in self.0.values_mut() {
            *wire = Wire { is_unplugged: wire.is_unplugged, ..Wire::default() };
        }
    }
}

impl Router {
    /// Lets bytes pass through an interface that are no customer's. `false` when there is no such
    /// interface.
    pub fn pass_bytes(&mut self, interface: &str, received: u64, sent: u64) -> bool {
        self.interface_named(interface).is_some_and(|id| {
            let wire = self.wires.0.entry(id).or_default();
            wire.passed = plus(wire.passed, (received, sent));
            true
        })
    }

    /// Sets the counters of an interface to zero. `false` when there is no such interface.
    pub fn reset_interface_counters(&mut self, interface: &str) -> bool {
        self.interface_named(interface).is_some_and(|id| {
            self.zero_interface(id);
            true
        })
    }

    /// Pulls the cable of an interface, or plugs it in again. `false` when there is no such
    /// interface.
    pub fn plug_interface(&mut self, interface: &str, is_plugged: bool) -> bool {
        self.interface_named(interface).is_some_and(|id| {
            self.wires.0.entry(id).or_default().is_unplugged = !is_plugged;
            self.switch_interface(id);
            self.publish(menus::INTERFACE, id);
            true
        })
    }

    fn interface_named(&self, name: &str) -> Option<ObjectId> {
        self.table(menus::INTERFACE).find(name.as_bytes())
    }

    pub(super) fn zero_interface(&mut self, id: ObjectId) {
        let carried = self.received_and_sent(id);
        let wire = self.wires.0.entry(id).or_default();
        wire.zero = plus(wire.passed, carried);
    }

    /// Shows what passed through an interface.
    pub(super) fn count_interface(&self, id: ObjectId, record: &mut Record<'_>) {
        let wire = self.wires.of(id);
        let passed = plus(wire.passed, self.received_and_sent(id));
        let received = passed.0.saturating_sub(wire.zero.0);
        let sent = passed.1.saturating_sub(wire.zero.1);
        record.replace("rx-byte", received);
        record.replace("tx-byte", sent);
        record.replace("rx-packet", packets(received));
        record.replace("tx-packet", packets(sent));
    }

    /// Bytes of customers since the interface is up: from a customer's line and the customers' bridge what they upload, from the
    /// uplink what they download.
    fn received_and_sent(&self, id: ObjectId) -> Bytes {
        let used = |usage: Usage| (usage.bytes_in, usage.bytes_out);
        match (self.meter_behind(menus::INTERFACE, id), id) {
            (Some(meter), _) => used(meter.used(self.clock.now())),
            (None, menus::DOWNLINK) => used(self.carried()),
            (None, menus::UPLINK) => swapped(used(self.carried())),
            (None, _) => (0, 0),
        }
    }

    fn bytes_per_second(&self, id: ObjectId) -> Bytes {
        let pace = |traffic: Traffic| (traffic.upload_per_second, traffic.download_per_second);
        match (self.meter_behind(menus::INTERFACE, id), id) {
            (Some(meter), _) => pace(meter.traffic()),
            (None, menus::DOWNLINK) => pace(self.pace()),
            (None, menus::UPLINK) => swapped(pace(self.pace())),
            (None, _) => (0, 0),
        }
    }

    /// `monitor-traffic`: a row for each interface that is named.
    pub(super) fn monitor_traffic(&self, command: &Command) -> Result<Done, Refusal> {
        let interfaces = self.table(menus::INTERFACE);
        let list = command.attribute("interface").or_else(|| command.attribute(".id"));
        let list = list.ok_or_else(|| Refusal::missing_value("interface"))?;
        let shape = Shape::of(command.sentence())?;
        let rows = list.split(|&byte| byte == b',').map(|name| {
            let id = interfaces.find(name).ok_or_else(|| Refusal::no_match("interface"))?;
            Ok(shape.row(&self.pace_record(id), command.tag()))
        });
        Ok(Done { rows: rows.collect::<Result<_, Refusal>>()?, ..Done::default() })
    }

    fn pace_record(&self, id: ObjectId) -> Record<'_> {
        let (received, sent) = self.bytes_per_second(id);
        let mut record = Record::default();
        record.push("name", self.table(menus::INTERFACE).name(id).unwrap_or_default());
        record
            .with("rx-packets-per-second", packets(received))
            .with("rx-bits-per-second", received.saturating_mul(8))
            .with("fp-rx-packets-per-second", 0)
            .with("fp-rx-bits-per-second", 0)
            .with("rx-drops-per-second", 0)
            .with("rx-errors-per-second", 0)
            .with("tx-packets-per-second", packets(sent))
            .with("tx-bits-per-second", sent.saturating_mul(8))
            .with("fp-tx-packets-per-second", 0)
            .with("fp-tx-bits-per-second", 0)
            .with("tx-drops-per-second", 0)
            .with("tx-queue-drops-per-second", 0)
            .with("tx-errors-per-second", 0)
    }

    /// A port that was switched off or on, or lost or found its link, counts it.
    pub(super) fn switch_interface(&mut self, id: ObjectId) {
        let now = self.shown_moment();
        let is_unplugged = self.wires.of(id).is_unplugged;
        let interfaces = self.table_mut(menus::INTERFACE);
        let is = |column: &str| interfaces.text(id, column) == Some(b"true");
        match (is("disabled") || is_unplugged, is("running")) {
            (true, true) => {
                let downs = number(interfaces, id, "link-downs").unwrap_or(0).saturating_add(1);
                interfaces.put(id, "link-downs", Some(downs.to_string().into_bytes()));
                interfaces.put(id, "running", Some(b"false".to_vec()));
                interfaces.put(id, "last-link-down-time", Some(now));
            }
            (false, false) => {
                interfaces.put(id, "running", Some(b"true".to_vec()));
                interfaces.put(id, "last-link-up-time", Some(now));
            }
            _ => {}
        }
    }

    /// The router starts: counters begin anew, and every port that is switched on comes up.
    pub(super) fn bring_links_up(&mut self) {
        let now = self.shown_moment();
        self.wires.reboot();
        let interfaces = self.table_mut(menus::INTERFACE);
        let is_up = |id: &ObjectId| interfaces.text(*id, "running") == Some(b"true");
        let up: Vec<ObjectId> = interfaces.ids().filter(is_up).collect();
        for id in up {
            interfaces.put(id, "last-link-up-time", Some(now.clone()));
            interfaces.put(id, "link-downs", Some(b"0".to_vec()));
        }
    }

    /// The present date and time as the router writes them into a property.
    pub(super) fn shown_moment(&self) -> Vec<u8> {
        date::format(self.clock.shown(), self.date_dialect()).into_bytes()
    }
}

fn plus(one: Bytes, other: Bytes) -> Bytes {
    (one.0.saturating_add(other.0), one.1.saturating_add(other.1))
}

fn swapped((received, sent): Bytes) -> Bytes {
    (sent, received)
}
