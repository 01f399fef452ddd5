//! Lines that are up, and how `/ppp/active` shows them.

use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
};

use jiff::Timestamp;

use crate::value::duration;

use super::super::{
    id::ObjectId,
    meter::{Meter, Usage},
    presence::{Names, Rows, packets},
    record::Record,
};
use super::{Dial, dialer::Dialer};

#[derive(Debug)]
pub(in super::super) struct Line {
    pub dial: Dial,
    pub secret: ObjectId,
    pub address: Ipv4Addr,
    pub interface: String,
    pub encoding: &'static str,
    pub comment: Option<Vec<u8>>,
    pub meter: Meter,
}

impl Line {
    /// What the log says about a line that went down: seconds, bytes and packets in and out.
    pub(super) fn farewell(&self, used: Usage) -> String {
        let Dial { name, caller_id, .. } = &self.dial;
        let Usage { uptime, bytes_in, bytes_out } = used;
        let (seconds, packets_in, packets_out) =
            (uptime.as_secs(), packets(bytes_in), packets(bytes_out));
        format!(
            "{name} logged out, {seconds} {bytes_in} {bytes_out} {packets_in} {packets_out} from {caller_id}"
        )
    }
}

/// Everything about PPP that commands cannot write.
#[derive(Debug, Default)]
pub(in super::super) struct Lines {
    /// The lines by serial number.
    pub up: Rows<u32, Line>,
    pub names: Names<u32>,
    /// Devices that dial again, by number.
    pub dialers: BTreeMap<u32, Dialer>,
    /// The number of the device that dials under each name.
    pub dialing: HashMap<String, u32>,
    last_serial: u32,
}

impl Lines {
    pub(super) fn next_serial(&mut self) -> u32 {
        self.last_serial = self.last_serial.wrapping_add(1);
        self.last_serial
    }

    pub(super) fn open(&mut self, serial: u32, line: Line) -> ObjectId {
        self.names.add(line.dial.name.as_bytes(), serial);
        self.up.insert(serial, line)
    }

    pub(super) fn close(&mut self, serial: u32) -> Option<(ObjectId, Line)> {
        let id = self.up.id_of(serial)?;
        let (_, line) = self.up.remove(id)?;
        self.names.drop(line.dial.name.as_bytes(), serial);
        Some((id, line))
    }

    /// Power was lost: every line is down.
    pub(in super::super) fn reboot(&mut self) {
        self.up = Rows::default();
        self.names = Names::default();
        self.last_serial = 0;
    }

    pub(in super::super) fn record(&self, id: ObjectId, now: Timestamp) -> Option<Record<'_>> {
        let (serial, line) = self.up.get(id)?;
        Some(record(id, serial, line, now))
    }

    pub(in super::super) fn records(&self, now: Timestamp) -> impl Iterator<Item = Record<'_>> {
        self.up.iter().map(move |(id, serial, line)| record(id, serial, line, now))
    }
}

fn record(id: ObjectId, serial: u32, line: &Line, now: Timestamp) -> Record<'_> {
    const FIRST_SESSION: u32 = 0x8100_0000;
    let (dial, meter) = (&line.dial, &line.meter);
    let mut record = Record::of(id)
        .with("name", &dial.name)
        .with("service", dial.service)
        .with("caller-id", &dial.caller_id)
        .with("address", line.address)
        .with("uptime", duration::format(meter.used(now).uptime))
        .with("encoding", line.encoding)
        .with("session-id", format!("0x{:08x}", FIRST_SESSION.wrapping_add(serial)))
        .with("limit-bytes-in", meter.allowance.upload.unwrap_or(0))
        .with("limit-bytes-out", meter.allowance.download.unwrap_or(0))
        .with("radius", false);
    if let Some(comment) = &line.comment {
        record.push("comment", &comment[..]);
    }
    record
}
